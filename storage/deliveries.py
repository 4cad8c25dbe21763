"""Store genuine deliveries and the notices they make, many at a time, in one transaction.

For the receiver's group commit. What a delivery means is read elsewhere; what is decided here,
since only the transaction can know it, is whether it came before and which tenants are linked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from storage.database import Connection, Database
from storage.notices import NOTICE_CHANNEL
from unified.ids import RemoteId, TenantId

TENANT_NOT_LINKED = "tenant_not_linked"  #: reason counted for hints of tenants we may not read


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """One event of a delivery: this thing may have changed."""

    tenant_id: TenantId
    endpoint: str  #: path, such as "Invoices"
    remote_id: RemoteId
    created: bool  #: the event's type was CREATE
    hinted_at: datetime | None  #: the event's own time: business


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDelivery:
    """One genuine delivery to store.

    Attributes:
        id: ours, a uuid.
        received_at: real time.
        digest: of the body; equal digests are repetitions.
        body: verbatim; stored only if something in it made no notice.
        first_sequence, last_sequence: Xero's numbers, None if unusable.
        event_count: events in it, whatever became of them.
        ignored: how many events had which oddity, as far as the body alone tells.
        unreadable: it is not a delivery at all.
        hints: what may have changed.
    """

    id: str
    received_at: datetime
    digest: bytes
    body: bytes
    first_sequence: int | None
    last_sequence: int | None
    event_count: int
    ignored: Mapping[str, int] = field(default_factory=dict)
    unreadable: bool = False
    hints: Sequence[Hint] = ()


@dataclass(frozen=True, slots=True)
class StoredOutcome:
    """What became of one delivery.

    Attributes:
        outcome: "accepted" (it made notices), "ignored" (it made none), "repeated" or
            "unreadable".
        ignored: events by the reason why they made no notice, or were odd; empty for "repeated".
    """

    outcome: str
    ignored: Mapping[str, int]


# FOR KEY SHARE: a tenant that is being unlinked is waited for, one that is being absorbed is not.
_LINKED = """
SELECT id FROM tenant
 WHERE id = ANY($1::uuid[]) AND state IN ('linked', 'needs_reauth')
 ORDER BY id FOR KEY SHARE
"""

_STORE = """
WITH given AS MATERIALIZED (
  SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::bytea[], $4::bytea[], $5::bigint[],
                       $6::bigint[], $7::int[], $8::int[], $9::text[], $10::text[])
    AS d(id, received_at, digest, body, first, last, events, notices, outcome, ignored)
), fresh AS (
  INSERT INTO delivery (id, received_at, body_digest, body, first_sequence, last_sequence,
                        event_count, notice_count, outcome, ignored)
  SELECT id, received_at, digest, body, first, last, events, notices, outcome, ignored::jsonb
    FROM given
      ON CONFLICT (body_digest) WHERE outcome <> 'repeated' DO NOTHING
  RETURNING id
)
INSERT INTO delivery (id, received_at, body_digest, first_sequence, last_sequence, event_count,
                      notice_count, outcome)
SELECT id, received_at, digest, first, last, events, 0, 'repeated'
  FROM given WHERE id NOT IN (SELECT id FROM fresh)
RETURNING id
"""

_NOTICE = """
WITH hinted AS (
  INSERT INTO notice AS n (tenant_id, endpoint, remote_id, origin, created_hint, hinted_at,
                           received_at, delivery_id, first_sequence, last_sequence, coalesced,
                           due_at)
  SELECT h.tenant_id, h.endpoint, h.remote_id, 'webhook', h.created, h.hinted_at, h.received_at,
         h.delivery_id, h.first, h.last, h.hints, $11
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bool[], $5::timestamptz[],
                $6::timestamptz[], $7::uuid[], $8::bigint[], $9::bigint[], $10::int[])
      AS h(tenant_id, endpoint, remote_id, created, hinted_at, received_at, delivery_id, first,
           last, hints)
      ON CONFLICT (tenant_id, endpoint, remote_id) DO UPDATE
     SET version = nextval('notice_version'), origin = 'webhook',
         created_hint = n.created_hint OR excluded.created_hint,
         hinted_at = greatest(n.hinted_at, excluded.hinted_at),
         received_at = greatest(n.received_at, excluded.received_at),
         delivery_id = excluded.delivery_id, first_sequence = excluded.first_sequence,
         last_sequence = excluded.last_sequence,
         coalesced = CASE n.state WHEN 'dead' THEN 0 ELSE n.coalesced END + excluded.coalesced,
         stale_reads = 0, due_at = least(n.due_at, excluded.due_at),
         attempts = CASE n.state WHEN 'dead' THEN 0 ELSE n.attempts END,
         raw = CASE n.state WHEN 'dead' THEN NULL ELSE n.raw END,
         state = 'due', died_at = NULL
)
SELECT pg_notify($12, $13)
"""


@dataclass(slots=True)
class _Hinted:
    """The hints of one batch for one thing, taken together."""

    newest: StoredDelivery
    created: bool = False
    hinted_at: datetime | None = None
    hints: int = 0


async def store_deliveries(
    db: Database, batch: Sequence[StoredDelivery], *, now: datetime
) -> list[StoredOutcome]:
    """Store a batch, all of it or nothing; one outcome per delivery, in order.

    `now` is business time: new notices are due then. A repetition makes no notices. A hint whose
    tenant is not linked makes none either and is counted as "tenant_not_linked".

    Raises:
        StorageUnavailable: nothing was stored, or nobody knows; storing it again is safe.
        StorageConflict: nothing was stored; repeat it.
    """
    async with db.transaction() as conn:
        return await store_in(conn, batch, now=now)


async def store_in(
    conn: Connection, batch: Sequence[StoredDelivery], *, now: datetime
) -> list[StoredOutcome]:
    """The same within a transaction of the caller's."""
    linked = await _linked(conn, batch)
    outcomes = [_outcome(delivery, linked) for delivery in batch]
    repeated = await _store(conn, batch, outcomes, linked)
    if repeated:
        outcomes = [
            _REPEATED if delivery.id in repeated else outcome
            for delivery, outcome in zip(batch, outcomes, strict=True)
        ]
    await _notice(conn, _hinted(batch, repeated, linked), now)
    return outcomes


_REPEATED = StoredOutcome("repeated", {})


async def _linked(conn: Connection, batch: Sequence[StoredDelivery]) -> set[str]:
    named = {hint.tenant_id for delivery in batch for hint in delivery.hints}
    if not named:
        return set()
    return {row["id"] for row in await conn.fetch(_LINKED, list(named))}


def _outcome(delivery: StoredDelivery, linked: set[str]) -> StoredOutcome:
    if delivery.unreadable:
        return StoredOutcome("unreadable", delivery.ignored)
    strangers = sum(hint.tenant_id not in linked for hint in delivery.hints)
    ignored = delivery.ignored
    if strangers:
        ignored = {**ignored, TENANT_NOT_LINKED: strangers}
    return StoredOutcome("accepted" if strangers < len(delivery.hints) else "ignored", ignored)


async def _store(
    conn: Connection,
    batch: Sequence[StoredDelivery],
    outcomes: Sequence[StoredOutcome],
    linked: set[str],
) -> set[str]:
    """Insert the deliveries; returns the ids of those that came before."""
    # By digest, so that two batches with the same deliveries can't wait for each other.
    rows = sorted(zip(batch, outcomes, strict=True), key=lambda row: row[0].digest)
    repeated = await conn.fetch(
        _STORE,
        [delivery.id for delivery, _ in rows],
        [delivery.received_at for delivery, _ in rows],
        [delivery.digest for delivery, _ in rows],
        [delivery.body if _keeps_body(outcome) else None for delivery, outcome in rows],
        [delivery.first_sequence for delivery, _ in rows],
        [delivery.last_sequence for delivery, _ in rows],
        [delivery.event_count for delivery, _ in rows],
        [sum(hint.tenant_id in linked for hint in delivery.hints) for delivery, _ in rows],
        [outcome.outcome for _, outcome in rows],
        [_encoded(outcome.ignored) for _, outcome in rows],
    )
    return {row["id"] for row in repeated}


def _keeps_body(outcome: StoredOutcome) -> bool:
    return bool(outcome.ignored) or outcome.outcome != "accepted"


def _encoded(ignored: Mapping[str, int]) -> str | None:
    return msgspec.json.encode(ignored).decode() if ignored else None


def _hinted(
    batch: Iterable[StoredDelivery], repeated: set[str], linked: set[str]
) -> dict[tuple[str, str, str], _Hinted]:
    things: dict[tuple[str, str, str], _Hinted] = {}
    for delivery in batch:
        if delivery.id in repeated:
            continue
        for hint in delivery.hints:
            if hint.tenant_id not in linked:
                continue
            key = (hint.tenant_id, hint.endpoint, hint.remote_id)
            thing = things.get(key)
            if thing is None:
                thing = things[key] = _Hinted(delivery)
            elif delivery.received_at >= thing.newest.received_at:
                thing.newest = delivery
            thing.hints += 1
            thing.created = thing.created or hint.created
            if thing.hinted_at is None or (
                hint.hinted_at is not None and hint.hinted_at > thing.hinted_at
            ):
                thing.hinted_at = hint.hinted_at
    return things


async def _notice(
    conn: Connection, things: Mapping[tuple[str, str, str], _Hinted], now: datetime
) -> None:
    if not things:
        return
    rows = sorted(things.items(), key=lambda row: row[0])
    tenants = {key[0] for key in things}
    await conn.execute(
        _NOTICE,
        [key[0] for key, _ in rows],
        [key[1] for key, _ in rows],
        [key[2] for key, _ in rows],
        [thing.created for _, thing in rows],
        [thing.hinted_at for _, thing in rows],
        [thing.newest.received_at for _, thing in rows],
        [thing.newest.id for _, thing in rows],
        [thing.newest.first_sequence for _, thing in rows],
        [thing.newest.last_sequence for _, thing in rows],
        [thing.hints for _, thing in rows],
        now,
        NOTICE_CHANNEL,
        tenants.pop() if len(tenants) == 1 else "",
    )
