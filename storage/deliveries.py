"""Store genuine deliveries and the notices they make, many at a time, by one statement.

For the receiver's group commit. What a delivery means is read elsewhere; what is decided here,
since only the database can know it, is whether it came before and which tenants are linked. One
statement is one transaction and one round trip: the event loop is free for other deliveries.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from storage.database import Connection, Database
from storage.errors import StorageConflict
from storage.notices import NOTICE_CHANNEL, whom_to_wake
from unified.ids import RemoteId, TenantId

TENANT_NOT_LINKED = "tenant_not_linked"  #: reason counted for hints of tenants we may not read


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a delivery: this thing may have changed."""

    tenant_id: TenantId
    endpoint: str  #: path, such as "Invoices"
    remote_id: RemoteId
    created: bool  #: the event's type was CREATE
    hinted_at: datetime | None  #: the event's own time: business


class StoredDelivery(msgspec.Struct, frozen=True, kw_only=True):
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
    ignored: Mapping[str, int] = {}  # each gets its own
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


class _DeliveryRow(msgspec.Struct):
    """One delivery as the statement takes it."""

    place: int  #: by receipt
    id: str
    received_at: datetime
    digest: bytes
    body: bytes | None
    first: int | None
    last: int | None
    events: int
    notices: int
    endpoints: list[str]
    outcome: str
    ignored: Mapping[str, int] | None


class _HintRow(msgspec.Struct):
    """One hint of a linked tenant as the statement takes it."""

    place: int  #: its delivery's
    tenant_id: str
    endpoint: str
    remote_id: str
    created: bool
    hinted_at: datetime | None


# What is to be stored depends on which of the named tenants are linked. The caller presumes that,
# and where it presumed wrongly nothing is stored and the answer says how it is.
#
# Rows come as JSON, which costs the event loop a fraction of what arrays of numbers and instants
# do. They are written in the order of digests and keys, so that two batches with the same ones
# can't wait for each other. Of a thing's hints the last received is the newest.
#
# FOR KEY SHARE: a tenant that is being unlinked is waited for, one that is being absorbed is not.
_STORE = """
WITH linked AS MATERIALIZED (
  SELECT id FROM tenant
   WHERE id = ANY($1::uuid[]) AND state IN ('linked', 'needs_reauth')
   ORDER BY id FOR KEY SHARE
), presumed AS MATERIALIZED (
  SELECT array_agg(id) AS linked,
         count(*) = cardinality($2::uuid[]) AND count(*) = count(*) FILTER (WHERE id = ANY($2))
           AS rightly
    FROM linked
), given AS MATERIALIZED (
  SELECT * FROM json_to_recordset($3::json)
      AS d(place int, id uuid, received_at timestamptz, digest text, body text, first bigint,
           last bigint, events int, notices int, endpoints text[], outcome text, ignored jsonb)
   WHERE (SELECT rightly FROM presumed)
), fresh AS (
  INSERT INTO delivery (id, received_at, body_digest, body, first_sequence, last_sequence,
                        event_count, notice_count, endpoints, outcome, ignored)
  SELECT id, received_at, decode(digest, 'base64'), decode(body, 'base64'), first, last, events,
         notices, endpoints, outcome, ignored
    FROM given ORDER BY 3
      ON CONFLICT (body_digest) WHERE outcome <> 'repeated' DO NOTHING
  RETURNING id
), again AS (
  INSERT INTO delivery (id, received_at, body_digest, first_sequence, last_sequence, event_count,
                        notice_count, outcome)
  SELECT id, received_at, decode(digest, 'base64'), first, last, events, 0, 'repeated'
    FROM given WHERE id NOT IN (SELECT id FROM fresh)
  RETURNING id
), hinted AS MATERIALIZED (
  SELECT tenant_id, endpoint, remote_id, bool_or(created) AS created, max(hinted_at) AS hinted_at,
         max(place) AS place, count(*) AS hints
    FROM json_to_recordset($4::json)
      AS h(place int, tenant_id uuid, endpoint text, remote_id text, created bool,
           hinted_at timestamptz)
    JOIN given USING (place)
   WHERE given.id NOT IN (SELECT id FROM again)
   GROUP BY tenant_id, endpoint, remote_id
), noticed AS (
  INSERT INTO notice AS n (tenant_id, endpoint, remote_id, origin, created_hint, hinted_at,
                           received_at, delivery_id, first_sequence, last_sequence, coalesced,
                           due_at)
  SELECT h.tenant_id, h.endpoint, h.remote_id, 'webhook', h.created, h.hinted_at,
         newest.received_at, newest.id, newest.first, newest.last, h.hints, $5
    FROM hinted h JOIN given newest USING (place)
   ORDER BY h.tenant_id, h.endpoint COLLATE "C", h.remote_id COLLATE "C"
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
SELECT rightly, linked, (SELECT array_agg(id) FROM again) AS repeated,
       (SELECT pg_notify($6, $7) WHERE EXISTS (SELECT FROM hinted))
  FROM presumed
"""

_PRESUMPTIONS = 5  # that may turn out wrong in a row: tenants are not linked and left that fast
_REPEATED = StoredOutcome("repeated", {})


async def store_deliveries(
    db: Database | Connection, batch: Sequence[StoredDelivery], *, now: datetime
) -> list[StoredOutcome]:
    """Store a batch, all of it or nothing; one outcome per delivery, in order.

    `now` is business time: new notices are due then. A repetition makes no notices. A hint whose
    tenant is not linked makes none either and is counted as "tenant_not_linked".

    Raises:
        StorageUnavailable: nothing was stored, or nobody knows; storing it again is safe.
        StorageConflict: nothing was stored; repeat it.
    """
    named = {hint.tenant_id for delivery in batch for hint in delivery.hints}
    linked: Collection[str] = named  # nearly always
    for _ in range(_PRESUMPTIONS):
        outcomes = [_outcome(delivery, linked) for delivery in batch]
        deliveries, hints = _rows(batch, outcomes, linked)
        [stored] = await db.fetch(
            _STORE,
            list(named),
            list(linked),
            msgspec.json.encode(deliveries).decode(),
            msgspec.json.encode(hints).decode(),
            now,
            NOTICE_CHANNEL,
            whom_to_wake(linked),
        )
        if stored["rightly"]:
            repeated = stored["repeated"] or ()
            return [
                _REPEATED if delivery.id in repeated else outcome
                for delivery, outcome in zip(batch, outcomes, strict=True)
            ]
        linked = frozenset(stored["linked"] or ())
    raise StorageConflict("the tenants named are being linked and left")


def _outcome(delivery: StoredDelivery, linked: Collection[str]) -> StoredOutcome:
    if delivery.unreadable:
        return StoredOutcome("unreadable", delivery.ignored)
    strangers = sum(hint.tenant_id not in linked for hint in delivery.hints)
    ignored = delivery.ignored
    if strangers:
        ignored = {**ignored, TENANT_NOT_LINKED: strangers}
    return StoredOutcome("accepted" if strangers < len(delivery.hints) else "ignored", ignored)


def _rows(
    batch: Sequence[StoredDelivery], outcomes: Sequence[StoredOutcome], linked: Collection[str]
) -> tuple[list[_DeliveryRow], list[_HintRow]]:
    deliveries, hints = list[_DeliveryRow](), list[_HintRow]()
    received = sorted(zip(batch, outcomes, strict=True), key=lambda row: row[0].received_at)
    for place, (delivery, outcome) in enumerate(received):
        before = len(hints)
        for hint in delivery.hints:
            if hint.tenant_id in linked:
                hints.append(
                    _HintRow(
                        place,
                        hint.tenant_id,
                        hint.endpoint,
                        hint.remote_id,
                        hint.created,
                        hint.hinted_at,
                    )
                )
        ignored = outcome.ignored or None
        deliveries.append(
            _DeliveryRow(
                place,
                delivery.id,
                delivery.received_at,
                delivery.digest,
                None if ignored is None and outcome.outcome == "accepted" else delivery.body,
                delivery.first_sequence,
                delivery.last_sequence,
                delivery.event_count,
                len(hints) - before,
                # Whose they are does not matter: there is one subscription for all.
                list({hint.endpoint for hint in delivery.hints}),
                outcome.outcome,
                ignored,
            )
        )
    return deliveries, hints
