"""What the demo measured: latencies from webhook to Kafka, calls and bytes per change."""

from dataclasses import dataclass

from storage.database import Database


@dataclass(frozen=True, slots=True)
class Figures:
    """Measured on this machine, in this run."""

    p50_ms: float | None  #: webhook receipt to Kafka's acknowledgement, real time
    p99_ms: float | None
    webhook_changes: int  #: changes that a webhook led to
    changes: int  #: changes after the backfill, whatever led to them
    observed: int  #: things first seen by the backfill
    calls: int  #: calls to Xero in all
    play_calls: int  #: of these, after the backfill
    play_bytes: int
    bytes: int

    @property
    def calls_per_change(self) -> float | None:
        """Calls that one change cost, the backfill left out."""
        return round(self.play_calls / self.changes, 2) if self.changes else None


async def measure(db: Database) -> Figures:
    """Read the figures off the tables."""
    latency = await db.fetchrow(
        """SELECT count(*) AS counted,
                  percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS p50,
                  percentile_cont(0.99) WITHIN GROUP (ORDER BY ms) AS p99
             FROM (SELECT extract(epoch FROM relayed_at - received_at) * 1000 AS ms FROM event
                    WHERE received_at IS NOT NULL AND relayed_at IS NOT NULL) AS relayed"""
    )
    changes = await db.fetchrow(
        """SELECT count(*) FILTER (WHERE cause <> 'backfill') AS changed,
                  count(*) FILTER (WHERE cause = 'backfill') AS observed FROM event"""
    )
    usage = await db.fetchrow(
        """SELECT coalesce(sum(calls), 0)::bigint AS calls,
                  coalesce(sum(bytes), 0)::bigint AS bytes,
                  coalesce(sum(calls) FILTER (WHERE played), 0)::bigint AS play_calls,
                  coalesce(sum(bytes) FILTER (WHERE played), 0)::bigint AS play_bytes
             FROM (SELECT calls, bytes, purpose <> 'backfill' AS played FROM usage) AS spent"""
    )
    assert latency and changes and usage  # noqa: S101, PT018  # aggregates have one row each
    return Figures(
        p50_ms=None if latency["p50"] is None else round(latency["p50"], 1),
        p99_ms=None if latency["p99"] is None else round(latency["p99"], 1),
        webhook_changes=latency["counted"],
        changes=changes["changed"],
        observed=changes["observed"],
        calls=usage["calls"],
        play_calls=usage["play_calls"],
        play_bytes=usage["play_bytes"],
        bytes=usage["bytes"],
    )
