"""Every organisation at a glance: state, freshness, limits and what waits, in one query.

For a person who looks. What programs decide by is read where they decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from storage.database import Database
from unified.ids import TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """An endpoint that is being read for the first time, or again; total as Xero counts."""

    endpoint: str
    state: str  #: pending or running
    read: int
    total: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported:
    """An endpoint that Xero does not let us read, since when (business time) and why."""

    endpoint: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """One organisation.

    Attributes:
        state_since: real time.
        verified_since: business time; everything Xero stamped was read after this. None until
            every endpoint that Xero does not refuse was read once.
        minute_remaining, day_remaining: calls left, as Xero last told.
        blocked_until: business time; may have passed.
        failing: endpoints whose last step failed.
        notices_due, notices_dead, events_unrelayed: what waits.
    """

    tenant_id: TenantId
    name: str | None
    external_id: str | None
    state: str
    state_reason: str | None
    state_since: datetime
    business_date: date | None
    minute_remaining: int | None
    day_remaining: int | None
    blocked_by: str | None
    blocked_until: datetime | None
    notices_due: int
    notices_dead: int
    events_unrelayed: int
    failing: tuple[str, ...]
    backfills: tuple[Backfill, ...]
    unsupported: tuple[Unsupported, ...]
    verified_since: datetime | None

    def blocked(self, now: datetime) -> bool:
        """Whether a limit of Xero's is spent; `now` is business time."""
        return self.blocked_until is not None and self.blocked_until > now

    def health(self, now: datetime) -> str:
        """One word: `ok`, or the first thing that stands in the way; `now` is business time."""
        if self.state != "linked":
            return self.state
        if self.blocked(now):
            return "limited"
        if self.failing:
            return "failing"
        return "backfilling" if self.backfills else "ok"


_TENANTS = """
SELECT t.id AS tenant_id, t.name, t.external_id, t.state, t.state_reason, t.state_since,
       t.business_date, t.minute_remaining, t.day_remaining, t.blocked_by, t.blocked_until,
       (SELECT count(*) FROM notice n WHERE n.tenant_id = t.id AND n.state = 'due') AS notices_due,
       (SELECT count(*) FROM notice n
         WHERE n.tenant_id = t.id AND n.state = 'dead') AS notices_dead,
       (SELECT count(*) FROM event e
         WHERE e.tenant_id = t.id AND e.relayed_at IS NULL) AS events_unrelayed,
       (SELECT CASE WHEN count(*) = count(greatest(c.last_swept_at, c.backfill_ended_at))
                    THEN min(greatest(c.last_swept_at, c.backfill_ended_at)) END
          FROM cursor c
         WHERE c.tenant_id = t.id AND c.unsupported_reason IS NULL
           AND c.snapshot_every IS NULL) AS verified_since
  FROM tenant t
 WHERE $1::uuid[] IS NULL OR t.id = ANY ($1)
 ORDER BY t.name, t.id
"""

_CURSORS = """
SELECT tenant_id, endpoint, backfill_state, backfill_read, backfill_total, failures,
       unsupported_reason, unsupported_since
  FROM cursor
 WHERE (backfill_state <> 'done' OR failures > 0 OR unsupported_reason IS NOT NULL)
   AND ($1::uuid[] IS NULL OR tenant_id = ANY ($1))
 ORDER BY tenant_id, endpoint
"""


async def glance(db: Database, among: Sequence[TenantId] | None = None) -> list[Glance]:
    """All organisations, or those `among` these, by name."""
    ids = None if among is None else list(among)
    tenants = await db.fetch(_TENANTS, ids)
    failing: dict[str, list[str]] = {}
    backfills: dict[str, list[Backfill]] = {}
    unsupported: dict[str, list[Unsupported]] = {}
    for row in await db.fetch(_CURSORS, ids):
        if row["unsupported_reason"] is not None:
            unsupported.setdefault(row["tenant_id"], []).append(
                Unsupported(
                    endpoint=row["endpoint"],
                    reason=row["unsupported_reason"],
                    since=row["unsupported_since"],
                )
            )
            continue
        if row["failures"]:
            failing.setdefault(row["tenant_id"], []).append(row["endpoint"])
        if row["backfill_state"] != "done":
            backfills.setdefault(row["tenant_id"], []).append(
                Backfill(
                    endpoint=row["endpoint"],
                    state=row["backfill_state"],
                    read=row["backfill_read"],
                    total=row["backfill_total"],
                )
            )
    return [
        Glance(
            **dict(row.items()),
            failing=tuple(failing.get(row["tenant_id"], ())),
            backfills=tuple(backfills.get(row["tenant_id"], ())),
            unsupported=tuple(unsupported.get(row["tenant_id"], ())),
        )
        for row in tenants
    ]


async def events_after(
    db: Database, tenant_id: TenantId, *, epoch: int, tenant_sequence: int, cause: str
) -> dict[str, int]:
    """How many events of this cause a tenant got after a place in its order, by resource."""
    rows = await db.fetch(
        """SELECT resource, count(*) AS events FROM event
            WHERE tenant_id = $1 AND (epoch, tenant_sequence) > ($2, $3) AND cause = $4
            GROUP BY resource ORDER BY resource""",
        tenant_id,
        epoch,
        tenant_sequence,
        cause,
    )
    return {row["resource"]: row["events"] for row in rows}
