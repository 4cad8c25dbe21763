"""Pages of an organisation's records: narrowed, in an order, going on where the last page ended.

Each filter and each order goes along an index of its own (migration 0013), and a page begins at
the place where its neighbour ended, so it costs the same wherever it stands and whatever changed
meanwhile. What a parameter is called and what it may say is decided in `api.reading`.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from storage.database import Database
from unified.ids import EntityId, TenantId

_WORD: Final = re.compile(r"[a-z0-9_]{1,60}")


class Removed(StrEnum):
    """Whether records of things that are gone are listed."""

    EXCLUDE = "exclude"
    INCLUDE = "include"
    ONLY = "only"


class Order(StrEnum):
    """What a list may be ordered by. `ID` never moves; of the others, a record may move in its list
    when it changes."""

    ID = "id"
    UPDATED_AT = "updated_at"  #: Xero's stamp
    CHANGED_AT = "changed_at"
    DATE = "date"
    DUE_DATE = "due_date"
    NUMBER = "number"


#: As the indexes have them, with the type of a place in that order.
_ORDERS: Final = {
    Order.ID: ("id", "uuid"),
    Order.UPDATED_AT: ("coalesce(updated_at, '-infinity'::timestamptz)", "timestamptz"),
    Order.CHANGED_AT: ("changed_at", "timestamptz"),
    Order.DATE: ("coalesce(issue_date, '-infinity'::date)", "date"),
    Order.DUE_DATE: ("coalesce(due_date, '-infinity'::date)", "date"),
    Order.NUMBER: ("coalesce(number, '') COLLATE \"C\"", "text"),
}


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition: SQL with `{}` for each of its arguments."""

    sql: str
    arguments: tuple[Any, ...] = ()


def words(column: str, of: Collection[str]) -> Clause:
    """The column (`status`, `type`, `facet`, `payment_status`) is one of these words.

    They stand in the statement itself, so that rare words are looked up and common ones passed by:
    the server plans by how often each occurs.

    Raises:
        ValueError: one is no word of ours.
    """
    if not of or not all(_WORD.fullmatch(each) for each in of):
        raise ValueError(f"not words: {sorted(of)}")
    quoted = ", ".join(f"'{each}'" for each in sorted(of))
    return Clause(f"{column} IN ({quoted})" if len(of) > 1 else f"{column} = {quoted}")


def ids(column: str, of: Collection[EntityId]) -> Clause:
    """The column (`id`, `contact_id`, `parent_id`) is one of these unified ids."""
    if len(of) == 1:
        return Clause(f"{column} = {{}}::uuid", (next(iter(of)),))
    return Clause(f"{column} = ANY({{}}::uuid[])", (sorted(of),))


def number(text: str) -> Clause:
    """The document's number is this, letter by letter."""
    return Clause(f"{_ORDERS[Order.NUMBER][0]} = {{}}::text", (text,))


def after(order: Order, at: datetime | date) -> Clause:
    """Later than this; what has no such time or day is neither later nor earlier."""
    expression, kind = _ORDERS[order]
    return Clause(f"{expression} > {{}}::{kind}", (at,))


def created_after(at: datetime) -> Clause:
    """Xero says that it was made later than this."""
    return Clause("created_at > {}::timestamptz", (at,))


def from_day(order: Order, day: date) -> Clause:
    """On this day or later."""
    return Clause(f"{_ORDERS[order][0]} >= {{}}::date", (day,))


def before(order: Order, at: datetime | date) -> Clause:
    """Earlier than this."""
    expression, kind = _ORDERS[order]
    return Clause(f"{expression} < {{}}::{kind} AND {expression} > '-infinity'::{kind}", (at,))


def to_day(order: Order, day: date) -> Clause:
    """On this day or earlier."""
    expression = _ORDERS[order][0]
    return Clause(f"{expression} <= {{}}::date AND {expression} > '-infinity'::date", (day,))


def overdue(*, is_so: bool) -> Clause:
    """It is overdue, or is not."""
    return Clause("is_overdue" if is_so else "NOT is_overdue")


def without(facet: str) -> Clause:
    """Those that have not this facet."""
    return Clause("(facet IS NULL OR facet <> {}::text)", (facet,))


def attachment_ids(remote_ids: Collection[str]) -> Clause:
    """Attachments by Xero's own ids, which the mirror keeps below their parents'."""
    return Clause("split_part(remote_id, ':', 3) = ANY({}::text[])", (sorted(remote_ids),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Which records, in which order; `resource` is a unified name."""

    resource: str
    clauses: tuple[Clause, ...] = ()
    order: Order = Order.ID
    descending: bool = False
    removed: Removed = Removed.EXCLUDE


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the value by which it is ordered, as PostgreSQL writes it, and the id."""

    value: str
    id: EntityId


class Head(NamedTuple):
    """A record in a page, without its content; another `version` of the row is other content."""

    id: EntityId
    version: int
    value: str  #: by which the list is ordered

    @property
    def place(self) -> Place:
        """Where a page that ends here ends."""
        return Place(self.value, self.id)


@dataclass(frozen=True, slots=True)
class Page:
    """Some heads in their order, and whether more lie beyond in the direction of reading."""

    heads: list[Head]
    more: bool


@dataclass(frozen=True, slots=True)
class Content:
    """What the mirror holds of one record.

    Attributes:
        unified: its JSON as it is stored, but with the time of its last verification.
        resource: its unified name.
    """

    id: EntityId
    version: int
    resource: str
    sequence: int
    unified: bytes


async def list_heads(
    db: Database,
    tenant_id: TenantId,
    listing: Listing,
    *,
    limit: int,
    beyond: Place | None = None,
    backwards: bool = False,
) -> Page:
    """Up to `limit` records beyond a place, or from the beginning; `backwards`: those before it.

    Of an organisation that is being erased, nothing is listed.
    """
    sql, arguments = statement(tenant_id, listing, limit=limit, beyond=beyond, backwards=backwards)
    rows = await db.fetch(sql, *arguments)
    return page_of([Head(*row.values()) for row in rows], limit=limit, backwards=backwards)


def page_of(heads: list[Head], *, limit: int, backwards: bool) -> Page:
    """The page that what a `statement` brought makes."""
    shown = heads[:limit]
    if backwards:
        shown.reverse()
    return Page(shown, len(heads) > limit)


def statement(
    tenant_id: TenantId,
    listing: Listing,
    *,
    limit: int,
    beyond: Place | None,
    backwards: bool = False,
) -> tuple[str, list[Any]]:
    """The SQL of a page and one row more (entity, version, place), with its arguments, of which the
    first is the organisation."""
    expression, kind = _ORDERS[listing.order]
    arguments: list[Any] = [tenant_id]

    def argued(clause: Clause) -> str:
        places = []
        for each in clause.arguments:
            arguments.append(each)
            places.append(f"${len(arguments)}")
        return clause.sql.format(*places)

    if _WORD.fullmatch(listing.resource) is None:
        raise ValueError(f"{listing.resource} is no resource")
    conditions = ["tenant_id = $1", f"resource = '{listing.resource}'"]
    conditions += [argued(each) for each in listing.clauses]
    if listing.removed is not Removed.INCLUDE:
        conditions.append("is_deleted" if listing.removed is Removed.ONLY else "NOT is_deleted")
    down = listing.descending != backwards
    sign, way = ("<", " DESC") if down else (">", "")
    keys = ("id",) if listing.order is Order.ID else (expression, "id")
    if beyond is not None and listing.order is Order.ID:
        conditions.append(argued(Clause(f"id {sign} {{}}::uuid", (beyond.id,))))
    elif beyond is not None:
        where = f"({expression}, id) {sign} (({{}}::text)::{kind}, {{}}::uuid)"
        conditions.append(argued(Clause(where, (beyond.value, beyond.id))))
    conditions.append(
        "EXISTS (SELECT FROM tenant WHERE id = $1 AND state NOT IN ('erasing', 'erased'))"
    )
    shown = "''" if listing.order is Order.ID else f"({expression})::text"
    ordered = ", ".join(f"{key}{way}" for key in keys)
    text = (
        # Names of their own: else PostgreSQL would take them for what is ordered by.
        f"SELECT id::text AS entity, xmin::text::bigint AS version, {shown} AS place FROM record"  # noqa: S608  # ours alone, see above
        f" WHERE {' AND '.join(conditions)} ORDER BY {ordered} LIMIT {limit + 1}"
    )
    return text, arguments


_CONTENTS = """
SELECT id, xmin::text::bigint AS version, resource, sequence, unified,
       to_char(verified_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS verified_at
  FROM record WHERE tenant_id = $1 AND id = ANY($2::uuid[])
"""
_VERIFIED: Final = b'"verified_at":"'
_STAMP_LENGTH: Final = len("2026-11-03T04:17:52.000Z")


async def contents(
    db: Database, tenant_id: TenantId, entity_ids: Sequence[EntityId]
) -> dict[EntityId, Content]:
    """What the mirror holds under these ids; those that it has not are left out."""
    if not entity_ids:
        return {}
    rows = await db.fetch(_CONTENTS, tenant_id, entity_ids)
    return {
        row["id"]: Content(
            row["id"],
            row["version"],
            row["resource"],
            row["sequence"],
            _as_verified(row["unified"].encode(), row["verified_at"].encode()),
        )
        for row in rows
    }


def _as_verified(unified: bytes, stamp: bytes) -> bytes:
    """The record with the time of its last verification, which moves without it being written.

    No text in a record can hold the key as it is searched for: its quotes would be escaped.
    """
    at = unified.find(_VERIFIED)
    if at < 0:
        return unified
    start = at + len(_VERIFIED)
    return unified[:start] + stamp + unified[start + _STAMP_LENGTH :]


_BELONGING = """
SELECT parent_id, id FROM record
 WHERE tenant_id = $1 AND parent_id = ANY($2::uuid[]) AND NOT is_deleted ORDER BY parent_id, id
"""


async def belonging(
    db: Database, tenant_id: TenantId, parents: Sequence[EntityId]
) -> dict[EntityId, list[EntityId]]:
    """The ids of the attachments of each of these."""
    found: dict[EntityId, list[EntityId]] = {}
    for row in await db.fetch(_BELONGING, tenant_id, parents):
        found.setdefault(row["parent_id"], []).append(row["id"])
    return found


@dataclass(frozen=True, slots=True)
class RawData:
    """Xero's own JSON of a record, zlib-compressed, and where and when it was read."""

    endpoint: str | None
    fetched_at: datetime | None
    raw: bytes


async def raw_data(
    db: Database, tenant_id: TenantId, entity_ids: Sequence[EntityId]
) -> dict[EntityId, RawData]:
    """Xero's own JSON of these, where it is kept."""
    rows = await db.fetch(
        """SELECT id, endpoint, raw_fetched_at, raw FROM record
            WHERE tenant_id = $1 AND id = ANY($2::uuid[]) AND raw IS NOT NULL""",
        tenant_id,
        entity_ids,
    )
    return {row["id"]: RawData(row["endpoint"], row["raw_fetched_at"], row["raw"]) for row in rows}
