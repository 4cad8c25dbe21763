"""The call budget of each tenant, in its own row, and what was spent.

Xero (OAuth 2.0 API limits): per app and tenant 60 calls a minute and 1,000 or 5,000 a day; per
app 10,000 a minute over all tenants. A tenant's calls flow from a bucket of 6 that gains one a
second, the app's from a bucket of 1,000 that gains 150; every answer's headers correct them, and a
429 closes them. How many calls may be in flight at once is not counted here. All instants are
business time.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta

import asyncpg
import msgspec

from storage.absorbing import announce
from storage.call_budget import (
    NOTHING_KEPT,
    AppBudget,
    Granted,
    Kept,
    Refused,
    TenantBudget,
    Wish,
    grant,
)
from storage.database import Database
from storage.errors import StorageConflict, UnknownTenant
from unified.codecs import instant_text
from unified.ids import TenantId

APP = "appminute"
LIMITED = "limited"  #: kind of message on the control topic
LONG = timedelta(minutes=5)  #: a minute's limit ends by itself before anybody could care

_TRIES = 20  #: of taking calls out of a bucket that others are using, too

_BUDGETS = """
SELECT t.id, t.xmin::text::bigint AS xmin, t.call_tokens AS tokens, t.call_tokens_at AS tokens_at,
       t.minute_remaining, t.day_remaining, t.limits_at, t.blocked_until, t.blocked_by,
       t.kept_used_api, t.kept_used_handlers,
       a.call_tokens AS app_tokens, a.call_tokens_at AS app_tokens_at,
       a.blocked_until AS app_blocked_until
  FROM tenant t LEFT JOIN app_budget a ON true WHERE t.id = $1
"""

# Budget rows change with every few calls. Losing the last moments of them in a power cut costs at
# most a 429, waiting for the disk each time would cost more. Nothing is taken from a tenant's row
# that has changed since it was read; the app's row, which everybody needs, is only counted down.
_QUICK = "quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))"
_TAKE = f"""
WITH {_QUICK}, taken AS (
  UPDATE tenant SET call_tokens = $2, call_tokens_at = $3, day_remaining = day_remaining - $4::int,
                    kept_used_api = $7, kept_used_handlers = $8
    FROM quick WHERE id = $1 AND tenant.xmin::text::bigint = $6
  RETURNING true AS done
), counted AS (
  UPDATE app_budget
     SET call_tokens = least(1000, call_tokens + 150 * greatest(
             extract(epoch FROM $5::timestamptz - call_tokens_at), 0)) - $4::int,
         call_tokens_at = greatest(call_tokens_at, $5)
    FROM taken
)
SELECT done FROM taken
"""  # noqa: S608  # constants of this module, not input

_LEARN = f"""
WITH {_QUICK}, told AS (
  UPDATE tenant
     SET minute_remaining = coalesce($3::int, minute_remaining),
         day_remaining = coalesce($4::int, day_remaining),
         limits_at = $2::timestamptz,
         call_tokens = least(6, $3::int, call_tokens + greatest(
             extract(epoch FROM $2::timestamptz - call_tokens_at), 0)),
         call_tokens_at = greatest(call_tokens_at, CASE $3::int
             WHEN 0 THEN $2::timestamptz + interval '5 seconds' ELSE $2 END)
    FROM quick WHERE id = $1 AND coalesce($3::int, $4::int) IS NOT NULL
  RETURNING 1
), told_of_app AS (
  UPDATE app_budget
     SET minute_remaining = $5::int, limits_at = $2::timestamptz,
         call_tokens = least(1000, $5::int, call_tokens + 150 * greatest(
             extract(epoch FROM $2::timestamptz - call_tokens_at), 0)),
         call_tokens_at = greatest(call_tokens_at, $2)
    FROM (SELECT count(*) FROM told) AS afterwards WHERE $5::int IS NOT NULL
), told_of_endpoint AS (
  INSERT INTO endpoint_usage AS e (tenant_id, day, endpoint, calls, bytes)
  SELECT $1, $6::date, $11::text, $8::bigint, $9::bigint FROM quick WHERE $11::text IS NOT NULL
      ON CONFLICT (tenant_id, day, endpoint) DO UPDATE
     SET calls = e.calls + excluded.calls, bytes = e.bytes + excluded.bytes
)
INSERT INTO usage AS u (tenant_id, day, purpose, calls, bytes, refused)
SELECT $1, $6::date, $7::text, $8::bigint, $9::bigint, $10::bigint FROM quick
 WHERE $7::text IS NOT NULL
    ON CONFLICT (tenant_id, day, purpose) DO UPDATE
   SET calls = u.calls + excluded.calls, bytes = u.bytes + excluded.bytes,
       refused = u.refused + excluded.refused
"""  # noqa: S608  # constants of this module, not input


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Calls to add up: what, for whom, on which UTC day of business time."""

    tenant_id: TenantId
    day: date
    purpose: str
    calls: int = 0
    bytes: int = 0
    refused: int = 0


async def reserve_calls(
    db: Database, tenant_id: TenantId, wish: Wish, *, now: datetime, kept: Kept = NOTHING_KEPT
) -> Granted | Refused:
    """Reserve up to 5 calls: how many were granted, or until when to wait.

    With no calls left for the day but those `kept` for the other side nothing is granted, except
    one call every 15 minutes that finds out whether the tenant's day has begun anew.

    Raises:
        UnknownTenant: there is no such tenant.
    """
    for _ in range(_TRIES):
        row = await db.fetchrow(_BUDGETS, tenant_id)
        if row is None:
            raise UnknownTenant(tenant_id)
        budget, app = _budgets(row, now)
        decision = grant(budget, app, wish, kept=kept, now=now)
        if isinstance(decision, Refused):
            return decision
        used = budget.used
        if budget.day_remaining is not None:
            used = kept.used_after(used, budget.day_remaining, decision.calls, by_api=wish.for_api)
        if await _take(db, row, budget, decision.calls, now=now, used=used):
            return decision
    raise StorageConflict(f"the calls of tenant {tenant_id} change faster than they can be counted")


def _budgets(row: asyncpg.Record, now: datetime) -> tuple[TenantBudget, AppBudget]:
    names = [field.name for field in fields(TenantBudget) if field.name != "used"]
    app = AppBudget.full(now)
    if row["app_tokens_at"] is not None:
        app = AppBudget(row["app_tokens"], row["app_tokens_at"], row["app_blocked_until"])
    used = Kept(row["kept_used_api"], row["kept_used_handlers"])
    return TenantBudget(**{name: row[name] for name in names}, used=used), app


async def _take(  # what was read, and what is taken of it
    db: Database,
    row: asyncpg.Record,
    budget: TenantBudget,
    calls: int,
    *,
    now: datetime,
    used: Kept,
) -> bool:
    """Take calls out of both buckets; False if the tenant's row has moved since it was read."""
    taken = await db.fetchval(
        _TAKE,
        row["id"],
        budget.tokens_at_instant(now) - calls,
        max(now, budget.tokens_at),
        calls,
        now,
        row["xmin"],
        used.api,
        used.handlers,
    )
    return bool(taken)


async def learn_limits(  # noqa: PLR0913  # what one answer tells; all keywords
    db: Database,
    tenant_id: TenantId,
    *,
    now: datetime,
    minute_remaining: int | None = None,
    day_remaining: int | None = None,
    app_minute_remaining: int | None = None,
    spent: Usage | None = None,
    endpoint: str | None = None,
) -> None:
    """Take over what an answer's headers say is left (None says nothing), and what it cost, of
    this endpoint.

    Told that the minute is used up, the bucket stays empty for 5 s.
    """
    await db.execute(
        _LEARN,
        tenant_id,
        now,
        minute_remaining,
        day_remaining,
        app_minute_remaining,
        *((None,) * 5 if spent is None else (spent.day, spent.purpose, spent.calls, spent.bytes,
                                            spent.refused)),
        None if spent is None else endpoint,
    )  # fmt: skip


async def day_left(db: Database, tenant_id: TenantId) -> int | None:
    """Calls of the tenant's day that are left, as Xero last told; None if it never did."""
    left: int | None = await db.fetchval(
        "SELECT day_remaining FROM tenant WHERE id = $1", tenant_id
    )
    return left


async def block_calls(
    db: Database, tenant_id: TenantId, *, until: datetime, by: str, now: datetime
) -> None:
    """After a 429: no calls until then. `by` is Xero's word for the limit; "appminute" blocks
    every tenant. A tenant's block of LONG or more is told on the control topic, once."""
    async with db.transaction() as conn:
        if by == APP:
            await conn.execute(
                "UPDATE app_budget SET blocked_until = greatest(blocked_until, $1)", until
            )
            return
        row = await conn.fetchrow(
            """SELECT shard, name, external_id, blocked_until FROM tenant WHERE id = $1
                  FOR NO KEY UPDATE""",
            tenant_id,
        )
        if row is None:
            return
        known = row["blocked_until"]
        if until - now >= LONG and (known is None or known - now < LONG):
            message = {
                "tenant_id": tenant_id,
                "tenant_name": row["name"],
                "external_id": row["external_id"],
                "limit": by,
                "until": instant_text(until),
                "at": instant_text(now),
            }
            await announce(
                conn, tenant_id, shard=row["shard"], kind=LIMITED, topic="control", key=tenant_id,
                value=msgspec.json.encode(message),
            )  # fmt: skip
        await conn.execute(
            """UPDATE tenant
                  SET blocked_by = CASE WHEN blocked_until > $2::timestamptz THEN blocked_by
                                        ELSE $3::text END,
                      blocked_until = greatest(blocked_until, $2),
                      minute_remaining = CASE $3::text WHEN 'minute' THEN 0
                                                       ELSE minute_remaining END,
                      day_remaining = CASE $3::text WHEN 'day' THEN 0 ELSE day_remaining END
                WHERE id = $1""",
            tenant_id,
            until,
            by,
        )


async def meter(db: Database, spent: Sequence[Usage]) -> None:
    """Add what was spent to the daily sums; many tenants and purposes in one statement."""
    sums: dict[tuple[TenantId, date, str], Counter[str]] = {}
    for one in spent:
        sums.setdefault((one.tenant_id, one.day, one.purpose), Counter()).update(
            {"calls": one.calls, "bytes": one.bytes, "refused": one.refused}
        )
    if not sums:
        return
    keys = sorted(sums)
    await db.execute(
        """INSERT INTO usage AS u (tenant_id, day, purpose, calls, bytes, refused)
           SELECT * FROM unnest($1::uuid[], $2::date[], $3::text[], $4::bigint[], $5::bigint[],
                                $6::bigint[])
               ON CONFLICT (tenant_id, day, purpose) DO UPDATE
              SET calls = u.calls + excluded.calls, bytes = u.bytes + excluded.bytes,
                  refused = u.refused + excluded.refused""",
        [key[0] for key in keys],
        [key[1] for key in keys],
        [key[2] for key in keys],
        *([sums[key][name] for key in keys] for name in ("calls", "bytes", "refused")),
    )


async def usage_of(db: Database, tenant_id: TenantId, *, since: date, until: date) -> list[Usage]:
    """A tenant's daily sums of `since` to `until`, both included."""
    rows = await db.fetch(
        """SELECT tenant_id, day, purpose, calls, bytes, refused FROM usage
            WHERE tenant_id = $1 AND day BETWEEN $2 AND $3 ORDER BY day, purpose""",
        tenant_id,
        since,
        until,
    )
    return [Usage(**dict(row.items())) for row in rows]


async def usage_totals(db: Database, *, since: date, until: date) -> list[Usage]:
    """Every tenant's sums over `since` to `until` by purpose, dated `since`."""
    rows = await db.fetch(
        """SELECT tenant_id, $1::date AS day, purpose, sum(calls)::bigint AS calls,
                  sum(bytes)::bigint AS bytes, sum(refused)::bigint AS refused
             FROM usage WHERE day BETWEEN $1 AND $2
            GROUP BY tenant_id, purpose ORDER BY tenant_id, purpose""",
        since,
        until,
    )
    return [Usage(**dict(row.items())) for row in rows]
