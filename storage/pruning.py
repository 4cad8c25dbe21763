"""Drop what has outlived its time: for the janitor. Real time, by the database's clock.

What is not done is never dropped: events that Kafka has not acknowledged, open gaps, notices.
"""

from dataclasses import dataclass
from datetime import timedelta

from storage.database import Database, changed_rows
from storage.erasure import drop_late_announcements
from storage.idempotency import ANSWER_LIFE
from storage.link_sessions import KEPT_FOR

CHUNK = 5_000  #: rows per transaction, so that nobody waits for a pruning one
GAP_LIFE = timedelta(days=31)  #: Xero sends nothing again that is older, so nothing fills them
USAGE_LIFE = timedelta(days=400)
ENDPOINT_USAGE_LIFE = timedelta(days=62)  #: this month and the last, whole
ACT_LIFE = timedelta(days=400)  #: more than a year, since books are looked through once a year


@dataclass(frozen=True, slots=True)
class Pruned:
    """Rows dropped, by what they were."""

    deliveries: int
    events: int
    announcements: int
    link_attempts: int
    link_sessions: int
    gaps: int
    usage: int
    acts: int
    writes: int  #: answers to writes, and those that nobody knows the end of


_DELIVERIES = """
DELETE FROM delivery WHERE id IN (
  SELECT id FROM delivery WHERE received_at < clock_timestamp() - $1::interval
     AND outcome <> 'unreadable' LIMIT $2)
"""
_EVENTS = """
DELETE FROM event WHERE position IN (
  SELECT position FROM event WHERE committed_at < clock_timestamp() - $1::interval
     AND relayed_at IS NOT NULL LIMIT $2)
"""
_ANNOUNCEMENTS = """
DELETE FROM announcement WHERE position IN (
  SELECT position FROM announcement WHERE committed_at < clock_timestamp() - $1::interval
     AND relayed_at IS NOT NULL LIMIT $2)
"""
_LINK_ATTEMPTS = """
DELETE FROM link_attempt WHERE state_hash IN (
  SELECT state_hash FROM link_attempt WHERE expires_at < clock_timestamp() - $1::interval
   LIMIT $2)
"""
_LINK_SESSIONS = """
DELETE FROM link_session WHERE id IN (
  SELECT id FROM link_session WHERE expires_at < clock_timestamp() - $1::interval LIMIT $2)
"""
_GAPS = """
DELETE FROM sequence_gap WHERE (first_missing, opened_at) IN (
  SELECT first_missing, opened_at FROM sequence_gap
   WHERE opened_at < clock_timestamp() - $1::interval
     AND (closed_at IS NOT NULL OR acted_at IS NOT NULL) LIMIT $2)
"""
_USAGE = """
DELETE FROM usage WHERE (tenant_id, day, purpose) IN (
  SELECT tenant_id, day, purpose FROM usage
   WHERE day < (clock_timestamp() - $1::interval)::date LIMIT $2)
"""
_ENDPOINT_USAGE = """
DELETE FROM endpoint_usage WHERE (tenant_id, day, endpoint) IN (
  SELECT tenant_id, day, endpoint FROM endpoint_usage
   WHERE day < (clock_timestamp() - $1::interval)::date LIMIT $2)
"""
_ACTS = """
DELETE FROM audit WHERE position IN (
  SELECT position FROM audit WHERE at < clock_timestamp() - $1::interval LIMIT $2)
"""
_WRITES = """
DELETE FROM idempotency WHERE (tenant_id, api_key, digest) IN (
  SELECT tenant_id, api_key, digest FROM idempotency
   WHERE made_at < clock_timestamp() - $1::interval LIMIT $2)
"""


async def prune(db: Database, *, events: timedelta, deliveries: timedelta) -> Pruned:
    """Drop what is older than its retention, chunk by chunk.

    Unreadable deliveries stay until somebody drops them: they are dead letters.
    """
    return Pruned(
        deliveries=await _dropped(db, _DELIVERIES, deliveries),
        events=await _dropped(db, _EVENTS, events),
        announcements=await _dropped(db, _ANNOUNCEMENTS, events)
        + await drop_late_announcements(db),
        link_attempts=await _dropped(db, _LINK_ATTEMPTS, timedelta(0)),
        link_sessions=await _dropped(db, _LINK_SESSIONS, KEPT_FOR),
        gaps=await _dropped(db, _GAPS, GAP_LIFE),
        usage=await _dropped(db, _USAGE, USAGE_LIFE)
        + await _dropped(db, _ENDPOINT_USAGE, ENDPOINT_USAGE_LIFE),
        acts=await _dropped(db, _ACTS, ACT_LIFE),
        writes=await _dropped(db, _WRITES, ANSWER_LIFE),
    )


async def _dropped(db: Database, statement: str, older_than: timedelta) -> int:
    total = 0
    while True:
        rows = changed_rows(await db.execute(statement, older_than, CHUNK))
        total += rows
        if rows < CHUNK:
            return total
