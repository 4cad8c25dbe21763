"""Lists: which records a GET selects, in which order, on which page.

Source: Xero's "Efficient data retrieval" and resource pages. What each resource offers is a
value, `Catalogue`; this module is the one engine for all of them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeVar

from simulator.elements import as_uuid
from simulator.query import Getter, Test, parse
from simulator.refusals import PostUnreadable, QueryUnreadable
from simulator.shapes import Shape
from simulator.shelf import Record, Shelf
from simulator.wire import Pagination, to_ms

R = TypeVar("R", bound=Record)

LARGEST_PAGE = 1000
_DEFAULT_PAGE = 100
_MOST_ROWS = 100_000
_ORDER = re.compile(r"^\s*([A-Za-z.]+)(?:\s+(ASC|DESC))?\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Catalogue(Generic[R]):
    """What one resource's list offers.

    Attributes:
        id_key: the name of its id, by which it can be ordered.
        fields: what `where` may name, by lower-case name.
        orders: further orders by lower-case name.
        filters: query parameters that select; each turns its text into a test.
        takes_ids: whether `IDs=` selects.
        hidden: records left out unless `shown_by` is true.
        shown_by: the parameter that shows those, in lower case.
        forces_paging: parameters that make the answer paged even without `page`.
        is_paged: every answer is.
    """

    id_key: str
    fields: Mapping[str, Getter[R]]
    orders: Mapping[str, Getter[R]]
    filters: Mapping[str, Callable[[str], Test[R]]]
    takes_ids: bool = False
    hidden: Test[R] | None = None
    shown_by: str = "includearchived"
    forces_paging: frozenset[str] = frozenset()
    is_paged: bool = False


@dataclass(frozen=True)
class Selection(Generic[R]):
    """The records of one answer, how full they are shown, and where they stand."""

    records: Sequence[R]
    shape: Shape
    pagination: Pagination | None


def modified_since(header: str | None) -> int | None:
    """The If-Modified-Since header in milliseconds, whole seconds; None when absent.

    Raises:
        PostUnreadable: it is neither ISO nor RFC 1123.
    """
    if not header:
        return None
    try:
        instant = datetime.fromisoformat(header.strip())
    except ValueError:
        try:
            instant = parsedate_to_datetime(header)
        except ValueError:
            raise PostUnreadable("The If-Modified-Since header is not a date") from None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return to_ms(instant.replace(microsecond=0))


def select(
    shelf: Shelf[R],
    catalogue: Catalogue[R],
    params: Mapping[str, str],
    *,
    since_ms: int | None,
) -> Selection[R]:
    """Apply filters, order and page.

    Args:
        shelf: the records.
        catalogue: what their list offers.
        params: query parameters by lower-case name.
        since_ms: only records stamped at or after this.

    Raises:
        QueryUnreadable: a parameter can't be read, or the query touches too many rows.
    """
    tests = _tests(catalogue, params)
    keys = _ordered(shelf, catalogue, params.get("order", ""), since_ms)
    if catalogue.takes_ids and params.get("ids"):
        wanted = uuids_in(params["ids"])
        keys = [key for key in keys if key in wanted]
    forced = any(_given(params, name) for name in catalogue.forces_paging)
    paged = catalogue.is_paged or "page" in params or forced
    summary = params.get("summaryonly", "").lower() == "true"
    if not paged and len(keys) > _MOST_ROWS:
        raise QueryUnreadable("The query would return more than 100,000 rows: use paging")
    if tests:
        chosen = [r for r in map(shelf.by_id.__getitem__, keys) if all(t(r) for t in tests)]
        count = len(chosen)
    else:
        chosen, count = [], len(keys)
    if not paged:
        records = chosen if tests else [shelf.by_id[key] for key in keys]
        return Selection(records, Shape.UNPAGED, None)
    page, size = _page(params)
    window = slice((page - 1) * size, page * size)
    records = chosen[window] if tests else [shelf.by_id[key] for key in keys[window]]
    shape = Shape.SUMMARY if summary else Shape.PAGED
    return Selection(records, shape, Pagination(page, size, count))


def words_in(sent: str) -> frozenset[str]:
    """The words of a comma-separated parameter."""
    return frozenset(word.strip() for word in sent.split(",") if word.strip())


def uuids_in(sent: str) -> frozenset[str]:
    """The ids of a comma-separated parameter, dashes or not. Raises QueryUnreadable."""
    found = {word: as_uuid(word) for word in words_in(sent)}
    bad = [word for word, value in found.items() if value is None]
    if bad:
        raise QueryUnreadable(f"'{bad[0]}' is not a valid identifier")
    return frozenset(str(value) for value in found.values())


def _given(params: Mapping[str, str], name: str) -> bool:
    value = params.get(name, "")
    return value.lower() == "true" if name == "summaryonly" else bool(value)


def _tests(catalogue: Catalogue[R], params: Mapping[str, str]) -> list[Test[R]]:
    tests: list[Test[R]] = []
    hidden = catalogue.hidden
    if hidden is not None and params.get(catalogue.shown_by, "").lower() != "true":
        tests.append(lambda record: not hidden(record))
    tests += [make(params[name]) for name, make in catalogue.filters.items() if params.get(name)]
    if params.get("where"):
        tests.append(parse(params["where"], catalogue.fields))
    return tests


def _ordered(
    shelf: Shelf[R], catalogue: Catalogue[R], order: str, since_ms: int | None
) -> Sequence[str]:
    if not order.strip():
        return shelf.stamped(since_ms)
    found = _ORDER.match(order)
    name = found[1].lower() if found else ""
    backwards = bool(found and (found[2] or "").upper() == "DESC")
    if name == "updateddateutc":
        keys: Sequence[str] = shelf.stamped(since_ms)
    elif name == catalogue.id_key.lower():
        keys = shelf.ids()
        if since_ms is not None:
            keys = [key for key in keys if shelf.by_id[key].updated_ms >= since_ms]
    elif name in catalogue.orders:
        get: Callable[[R], Any] = catalogue.orders[name]
        # Records without a value come first, as SQL Server sorts nulls.
        keys = sorted(
            shelf.stamped(since_ms),
            key=lambda key: (
                ((value := get(shelf.by_id[key])) is not None, value, key)
                if get(shelf.by_id[key]) is not None
                else (False, "", key)
            ),
        )
    else:
        raise QueryUnreadable(f"No property or field '{order}' exists to order by")
    return keys[::-1] if backwards else keys


def _page(params: Mapping[str, str]) -> tuple[int, int]:
    try:
        page = int(params.get("page", "1"))
        size = int(params.get("pagesize", str(_DEFAULT_PAGE)))
    except ValueError:
        raise QueryUnreadable("page and pageSize must be whole numbers") from None
    if page < 1 or not 1 <= size <= LARGEST_PAGE:
        raise QueryUnreadable("page must be 1 or more and pageSize from 1 to 1000")
    return page, size
