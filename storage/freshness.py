"""Pages of the mirror with what is known of how fresh it is: one statement, so one moment. What
follows from it is told in `api.reading.freshness`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asyncpg import Record

from storage.database import Database
from storage.errors import UnknownTenant
from storage.listing import Head, Listing, Page, Place, page_of, statement
from unified.ids import TenantId

MOST_NOTICES = 200  #: looked at; more say only that there are many


@dataclass(frozen=True, slots=True)
class SourceState:
    """How far one endpoint has been read; instants are business time.

    Attributes:
        since: everything stamped up to here was absorbed.
        swept_at: when what it lists was asked for last.
        waiting: notices that are due, up to MOST_NOTICES, and since when the oldest of these is.
        dead: whether something of it could not be read and waits for a person.
        gap_at: when the first webhooks went missing of which no sweep has been made since.
        told: webhooks have told of it since before `since`, and no sweep has found what they
            should have told.
    """

    endpoint: str
    since: datetime | None
    swept_at: datetime | None
    backfilled: bool
    unsupported_reason: str | None
    waiting: int
    waiting_since: datetime | None
    dead: bool
    gap_at: datetime | None
    told: bool


@dataclass(frozen=True, slots=True)
class MirrorState:
    """How an organisation's mirror of one resource is.

    Attributes:
        heard_at: business time of the newest delivery of webhooks, of whichever organisation.
        silent: webhooks are declared dead, or may be: see `storage.webhook_watch`.
        sources: of the endpoints asked about, those that are to be read of the organisation.
    """

    state: str
    state_reason: str | None
    epoch: int
    heard_at: datetime | None
    silent: bool
    sources: tuple[SourceState, ...]


# Real times become business times by how far the handed clock is ahead, now.
_STATE = """
SELECT t.state, t.state_reason, t.epoch,
       w.heard_at + ({now}::timestamptz - clock_timestamp()) AS heard_at,
       w.silent_since IS NOT NULL OR w.untold > 0 AS silent,
       c.endpoint, c.since, c.last_swept_at, c.backfill_state = 'done' AS backfilled,
       c.unsupported_reason, n.waiting, n.waiting_since, n.dead, g.gap_at,
       e.told_since <= c.since AS told,
       p.entities, p.versions, p.places
  FROM tenant t
 CROSS JOIN (SELECT array_agg(entity) AS entities, array_agg(version) AS versions,
                    array_agg(place) AS places FROM ({page}) AS listed) AS p
  LEFT JOIN webhook_watch w ON true
  LEFT JOIN cursor c ON c.tenant_id = t.id AND c.endpoint = ANY({endpoints}::text[])
  LEFT JOIN webhook_endpoint e ON e.endpoint = c.endpoint
  LEFT JOIN LATERAL (
       SELECT count(*) FILTER (WHERE state = 'due') AS waiting, bool_or(state = 'dead') AS dead,
              min(coalesce(hinted_at, {now}::timestamptz - (clock_timestamp() - received_at)))
                  FILTER (WHERE state = 'due') AS waiting_since
         FROM (SELECT state, hinted_at, received_at FROM notice
                WHERE tenant_id = t.id AND endpoint = c.endpoint LIMIT {most}) AS few) AS n ON true
  LEFT JOIN LATERAL (
       SELECT min(opened_at) + ({now}::timestamptz - clock_timestamp()) AS gap_at FROM sequence_gap
        WHERE closed_at IS NULL
          AND opened_at > c.since - ({now}::timestamptz - clock_timestamp())) AS g ON true
 WHERE t.id = $1
"""


async def page_and_state(  # noqa: PLR0913  # a page as it is asked for, and whose
    db: Database,
    tenant_id: TenantId,
    listing: Listing,
    endpoints: Sequence[str],
    *,
    now: datetime,
    limit: int,
    beyond: Place | None = None,
    backwards: bool = False,
) -> tuple[Page, MirrorState]:
    """A page as `storage.listing.list_heads` gives it, and how the mirror of what is read at these
    endpoints was in the same moment, `now` in business time.

    Raises:
        UnknownTenant: no such organisation.
    """
    page, arguments = statement(tenant_id, listing, limit=limit, beyond=beyond, backwards=backwards)
    first = len(arguments) + 1
    sql = _STATE.format(page=page, endpoints=f"${first}", now=f"${first + 1}", most=MOST_NOTICES)
    rows = await db.fetch(sql, *arguments, endpoints, now)
    if not rows:
        raise UnknownTenant(tenant_id)
    listed = rows[0]["entities"], rows[0]["versions"], rows[0]["places"]
    heads = [] if listed[0] is None else list(map(Head, *listed))
    return page_of(heads, limit=limit, backwards=backwards), _state(rows)


def _state(rows: Sequence[Record]) -> MirrorState:
    first = rows[0]
    sources = tuple(
        SourceState(
            endpoint=row["endpoint"],
            since=row["since"],
            swept_at=row["last_swept_at"],
            backfilled=row["backfilled"],
            unsupported_reason=row["unsupported_reason"],
            waiting=row["waiting"],
            waiting_since=row["waiting_since"],
            dead=bool(row["dead"]),
            gap_at=row["gap_at"],
            told=bool(row["told"]),
        )
        for row in rows
        if row["endpoint"] is not None
    )
    return MirrorState(
        state=first["state"],
        state_reason=first["state_reason"],
        epoch=first["epoch"],
        heard_at=first["heard_at"],
        silent=bool(first["silent"]),
        sources=sources,
    )
