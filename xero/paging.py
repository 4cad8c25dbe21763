"""What to ask an endpoint for, and what a page of it is: queries out, items in. No network here.

Facts: Xero, Requests and responses (paging, filters, If-Modified-Since), Rounding in Xero.
"""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from unified.codecs import CodecError, parse_instant
from unified.resource import Endpoint
from xero.errors import UndecodableAnswer

DEFAULT_PAGE_SIZE = 100  #: what Xero takes where `pageSize` is left out
MOST_IDS = 40  #: in `IDs=`; 52 to 56 reach the address limit of some 2,048 characters, then 404
MOST_WHERE_IDS = 18  #: in `where`; each takes some 90 characters once encoded
OVERLAP = timedelta(seconds=2)  #: If-Modified-Since is precise to the second: at least 1 s back
MOST_CLOCK_LEAD = timedelta(days=1)  #: more is no clock's error
SLICE_S = 0.001  #: longest stretch of decoding before other tasks get their turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of an endpoint.

    Attributes:
        items: decoded objects; numbers are `int` or `Decimal`.
        raws: the same objects as Xero wrote them; `bytes(raws[i])` is a copy of one.
        page, page_count, item_count: from `pagination`; None where the answer has none.
            `item_count` is taken as the total of all pages.
        raw_size: bytes of the body after decompression. Xero does not say whether it bills
            egress before or after compression: this is the larger, so no forecast is too low.
        wire_size: bytes of the body as transferred.
        asked_at, answered_at: the database's clock before the request left, after its answer.
        fetched_at: business time of the answer.
        told_at: the answer's time by Xero's own clock; None where it does not say.
        correlation_id: what Xero's support asks for.
    """

    items: list[dict[str, Any]]
    raws: list[msgspec.Raw] = field(repr=False)
    page: int | None
    page_count: int | None
    item_count: int | None
    raw_size: int
    wire_size: int
    asked_at: datetime
    answered_at: datetime
    fetched_at: datetime
    correlation_id: str | None
    told_at: datetime | None = None

    @property
    def clock_lead(self) -> timedelta:
        """How far our business time may be ahead of Xero's clock, the way here included."""
        if self.told_at is None:
            return timedelta(0)
        return min(max(self.fetched_at - self.told_at, timedelta(0)), MOST_CLOCK_LEAD)

    def __repr__(self) -> str:
        return f"Page({len(self.items)} items, page={self.page} of {self.page_count})"


def page_query(
    endpoint: Endpoint, *, page: int, page_size: int, params: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The query of one page of a list.

    `page` is sent even for the first page: without it Xero leaves line items out. Where an
    endpoint's pages are always of 100, `pageSize` is not sent.

    Raises:
        ValueError: the endpoint has no pages, or the numbers are out of range.
    """
    most = endpoint.page_size
    if most is None:
        raise ValueError(f"{endpoint.path} has no pages")
    if page < 1 or not 1 <= page_size <= most:
        raise ValueError(f"{endpoint.path}: page from 1, page_size from 1 to {most}")
    query = _common(endpoint)
    query["page"] = str(page)
    if most > DEFAULT_PAGE_SIZE:
        query["pageSize"] = str(page_size)
    if endpoint.order:
        query["order"] = endpoint.order
    return {**query, **(params or {})}


def ids_per_call(endpoint: Endpoint) -> int:
    """How many things one call by ids can ask for; 0: this endpoint reads them singly."""
    if endpoint.ids_filter:
        return MOST_IDS
    return MOST_WHERE_IDS if endpoint.where_id_or else 0


def ids_query(endpoint: Endpoint, ids: Sequence[str]) -> dict[str, str]:
    """The query for certain things: by `IDs=`, else by `where` with OR on the id.

    Raises:
        ValueError: no ids, more than `ids_per_call` allows, or one that is no id.
    """
    most = ids_per_call(endpoint)
    if not 1 <= len(ids) <= most:
        raise ValueError(f"{endpoint.path}: 1 to {most} ids a call, not {len(ids)}")
    if any(not each.replace("-", "").isalnum() for each in ids):
        raise ValueError(f"{endpoint.path}: an id holds letters, digits and dashes only")
    if endpoint.page_size is None:
        query = _common(endpoint)
    else:
        size = max(DEFAULT_PAGE_SIZE, len(ids))
        query = page_query(endpoint, page=1, page_size=min(size, endpoint.page_size))
        query.pop("order", None)
    if endpoint.ids_filter:
        query["IDs"] = ",".join(ids)
    else:
        query["where"] = " OR ".join(f'{endpoint.id_key}==Guid("{each}")' for each in ids)
    return query


def offset_query(endpoint: Endpoint, offset: int) -> dict[str, str]:
    """The query for what follows the number `offset`; 0 begins.

    Raises:
        ValueError: the endpoint does not go on by numbers.
    """
    if endpoint.offset_key is None or offset < 0:
        raise ValueError(f"{endpoint.path} has no offset {offset}")
    return {**_common(endpoint), "offset": str(offset)}


def list_query(endpoint: Endpoint, params: Mapping[str, str] | None = None) -> dict[str, str]:
    """The query of a list that comes in one piece."""
    return {**_common(endpoint), **(params or {})}


def single_query(endpoint: Endpoint, params: Mapping[str, str] | None = None) -> dict[str, str]:
    """The query of one thing by its id."""
    return {**({"unitdp": "4"} if endpoint.sends_unitdp else {}), **(params or {})}


def if_modified_since(instant: datetime, overlap: timedelta = OVERLAP) -> str:
    """The header's value, UTC to the second, moved back by `overlap`.

    Raises:
        ValueError: the instant has no time zone; local time here would lose changes silently.
    """
    if instant.tzinfo is None:
        raise ValueError("If-Modified-Since needs an instant with its time zone")
    return (instant.astimezone(UTC) - overlap).strftime("%Y-%m-%dT%H:%M:%S")


def following(page: Page, number: int, endpoint: Endpoint) -> int:
    """What to ask for after page `number`: the next page, or what follows its greatest number.

    Raises:
        UndecodableAnswer: it has no number that is greater, so going on would never end.
    """
    key = endpoint.offset_key
    if key is None:
        return number + 1
    numbers = [item[key] for item in page.items if isinstance(item.get(key), int)]
    if page.items and max(numbers, default=number) <= number:
        raise UndecodableAnswer("shape", f"{endpoint.path} after {number} has no {key} beyond it")
    return max(numbers, default=number)


def first_number(endpoint: Endpoint) -> int:
    """What the first page is asked for by."""
    return 1 if endpoint.offset_key is None else 0


def is_last(page: Page, number: int, endpoint: Endpoint) -> bool:
    """Whether no page follows. A short page that is said to have followers is not the last, nor is
    a short piece of a list that goes on by numbers: Xero says "up to" so many, so an empty one is.
    """
    if endpoint.offset_key is not None:
        return not page.items
    if endpoint.page_size is None:
        return True
    if page.page_count is not None:
        return number >= page.page_count
    return len(page.items) < endpoint.page_size


def _common(endpoint: Endpoint) -> dict[str, str]:
    query = {str(name): str(value) for name, value in endpoint.list_params.items()}
    if endpoint.sends_unitdp:
        query["unitdp"] = "4"
    return query


@dataclass(frozen=True, slots=True)
class Body:
    """The readable part of a list answer."""

    items: list[dict[str, Any]]
    raws: list[msgspec.Raw]
    page: int | None
    page_count: int | None
    item_count: int | None
    told_at: datetime | None = None


_ENVELOPE = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_OBJECT = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


async def read_body(body: bytes, item_key: str) -> Body:
    """Decode a list answer, letting other tasks run between its items.

    Half a character, as it stands where a text was cut, is read as U+FFFD: it must not cost the
    whole page.

    Raises:
        UndecodableAnswer: no JSON, no object, or without a list of objects under `item_key`.
    """
    body = body.removeprefix(b"\xef\xbb\xbf")
    try:
        return await _decoded(body, item_key)
    except UndecodableAnswer:
        whole = _with_whole_characters(body)
        if whole == body:
            raise
    return await _decoded(whole, item_key)


async def _decoded(body: bytes, item_key: str) -> Body:
    try:
        envelope = _ENVELOPE.decode(body)
        if item_key not in envelope:
            raise UndecodableAnswer("shape", f"there is no {item_key}")
        raws = _listed(envelope[item_key])
        items: list[dict[str, Any]] = []
        turn_ends = time.perf_counter() + SLICE_S
        for raw in raws:
            items.append(_OBJECT.decode(raw))
            if time.perf_counter() > turn_ends:
                await asyncio.sleep(0)
                turn_ends = time.perf_counter() + SLICE_S
        pagination = _OBJECT.decode(envelope.get("pagination", b"{}"))
    except msgspec.ValidationError:
        raise UndecodableAnswer("shape", f"{item_key} is no list of objects") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = "truncated" if "truncated" in str(error) else "not_json"
        raise UndecodableAnswer(reason, f"{len(body)} bytes") from None
    page, pages, count = (_whole(pagination.get(key)) for key in ("page", "pageCount", "itemCount"))
    return Body(items, raws, page, pages, count, told_at=_told_at(envelope.get("DateTimeUTC")))


def _listed(held: msgspec.Raw) -> list[msgspec.Raw]:
    """The objects of a list; one object alone is a list of itself, as an example of Xero's has it
    for a budget.

    Raises:
        msgspec.ValidationError: neither of the two.
    """
    return [held] if bytes(held)[:1] == b"{" else _LIST.decode(held)


def _told_at(raw: bytes | None) -> datetime | None:
    try:
        return None if raw is None else parse_instant(msgspec.json.decode(raw))
    except (CodecError, msgspec.DecodeError):
        return None  # nobody has to know what time it is


#: An escape of JSON, of which only half a surrogate pair is not as it should be.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def _with_whole_characters(body: bytes) -> bytes:
    """The body with U+FFFD for bytes that are no UTF-8 and for halves of surrogate pairs."""
    text = body.decode("utf-8", "replace").encode()
    return _ESCAPE.sub(lambda found: rb"\ufffd" if found["half"] else found[0], text)


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
