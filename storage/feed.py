"""Committed events as the change feed reads them: on from a place in each organisation.

A place is (epoch, tenant sequence), never a position: an organisation's numbers are given out under
the lock of its row, so none becomes visible before a smaller one, while of two organisations the
one with the smaller position may commit later. Nothing is marked here. What follows from a hole
between a place and what is still kept is told in `api.feed_reading`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import asyncpg

from storage.database import Database
from unified.ids import TenantId

FEWEST_SCANNED = 32  #: events looked at of each organisation at least, before others get more


class Place(NamedTuple):
    """How far an organisation's events have been read: all up to this one."""

    epoch: int
    tenant_sequence: int


START = Place(0, 0)  #: before everything


@dataclass(frozen=True, slots=True)
class Head:
    """An organisation whose events may be read, and its newest one; `shard` is the one that
    EVENT_CHANNEL names when there is another."""

    tenant_id: TenantId
    place: Place
    shard: int


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One event as it was committed; `headers` is a JSON list of [name, text]. Real time."""

    tenant_id: TenantId
    place: Place
    headers: str
    value: bytes
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Some events, an organisation's in their order.

    Attributes:
        firsts: of each organisation that has events beyond its place, the first one's.
        places: how far each of these has been read now, with what was not wanted.
        more: there may be more at once.
    """

    events: tuple[FeedEvent, ...]
    firsts: Mapping[TenantId, Place]
    places: Mapping[TenantId, Place]
    more: bool


_HEADS = """
SELECT id, epoch, tenant_sequence, shard FROM tenant
 WHERE ($1::uuid[] IS NULL OR id = ANY($1)) AND state NOT IN ('erasing', 'erased')
 ORDER BY id LIMIT $2
"""

# Lengths are read without the values themselves, and values only of what is handed out.
_PAGE = """
WITH asked AS (
  SELECT p.tenant_id, p.epoch, p.tenant_sequence
    FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS p(tenant_id, epoch, tenant_sequence)
    JOIN tenant t ON t.id = p.tenant_id AND t.state NOT IN ('erasing', 'erased')
), scanned AS (
  SELECT e.*, count(*) OVER (PARTITION BY e.tenant_id) AS of_tenant,
         row_number() OVER (PARTITION BY e.tenant_id ORDER BY e.position) AS own
    FROM asked CROSS JOIN LATERAL (
         SELECT position, tenant_id, epoch, tenant_sequence, octet_length(value) AS size,
                $5::text[] IS NULL OR resource || '.' || op = ANY($5) AS wanted
           FROM event
          WHERE tenant_id = asked.tenant_id
            AND (epoch, tenant_sequence) > (asked.epoch, asked.tenant_sequence)
          ORDER BY epoch, tenant_sequence LIMIT $4) AS e
), counted AS (
  SELECT *, count(*) FILTER (WHERE wanted) OVER run AS nth,
         coalesce(sum(size) FILTER (WHERE wanted) OVER run, 0)
           - CASE WHEN wanted THEN size ELSE 0 END AS before
    FROM scanned WINDOW run AS (ORDER BY position)
), chosen AS (
  SELECT *, nth <= $6 AND before < $7 AS reached FROM counted
)
SELECT c.tenant_id, c.epoch, c.tenant_sequence, c.reached, c.wanted AND c.reached AS handed_out,
       c.of_tenant, e.headers, e.value, e.committed_at
  FROM chosen c LEFT JOIN event e ON c.wanted AND c.reached AND e.position = c.position
 WHERE c.reached OR c.own = 1
 ORDER BY c.position
"""


async def heads(db: Database, tenants: Collection[TenantId] | None, *, limit: int) -> list[Head]:
    """Up to `limit` of these organisations (None: of all) that are not erased, by id."""
    asked = None if tenants is None else sorted(tenants)
    return [
        Head(TenantId(row["id"]), Place(row["epoch"], row["tenant_sequence"]), row["shard"])
        for row in await db.fetch(_HEADS, asked, limit)
    ]


async def feed_page(
    db: Database,
    places: Mapping[TenantId, Place],
    *,
    kinds: Collection[str] | None,
    limit: int,
    most_bytes: int,
    scan: int,
) -> FeedPage:
    """Events beyond these places, those of other organisations between them.

    Args:
        kinds: resource and op of wanted events, such as `invoice.u`; None: all are.
        limit: of events; fewer are handed out once they hold `most_bytes`.
        scan: events to look at, wanted or not; fewer of each organisation, where there are many.
    """
    wanted = sorted(places)
    each = max(scan // max(len(wanted), 1), FEWEST_SCANNED)
    rows = await db.fetch(
        _PAGE,
        wanted,
        [places[tenant_id].epoch for tenant_id in wanted],
        [places[tenant_id].tenant_sequence for tenant_id in wanted],
        each,
        None if kinds is None else sorted(kinds),
        limit,
        most_bytes,
    )
    return _page(rows, each)


def _page(rows: Sequence[asyncpg.Record], each: int) -> FeedPage:
    events: list[FeedEvent] = []
    firsts: dict[TenantId, Place] = {}
    reached: dict[TenantId, Place] = {}
    scanned: dict[TenantId, int] = {}
    for row in rows:
        tenant_id = TenantId(row["tenant_id"])
        place = Place(row["epoch"], row["tenant_sequence"])
        firsts.setdefault(tenant_id, place)
        scanned[tenant_id] = row["of_tenant"]
        if row["reached"]:
            reached[tenant_id] = place
        if row["handed_out"]:
            events.append(
                FeedEvent(tenant_id, place, row["headers"], row["value"], row["committed_at"])
            )
    left_over = sum(scanned.values()) > sum(row["reached"] for row in rows)
    more = left_over or any(count >= each for count in scanned.values())
    return FeedPage(tuple(events), firsts, reached, more)


async def place_before(db: Database, tenant_id: TenantId, place: Place) -> Place | None:
    """The newest event that is kept below a place; None where there is none."""
    row = await db.fetchrow(
        """SELECT epoch, tenant_sequence FROM event
            WHERE tenant_id = $1 AND (epoch, tenant_sequence) < ($2, $3)
            ORDER BY epoch DESC, tenant_sequence DESC LIMIT 1""",
        tenant_id,
        *place,
    )
    return None if row is None else Place(*row.values())
