"""Why something was looked at, in the words of the event's `cause` block.

A waiting webhook notice outranks whatever read happened to answer it: a sweep that finds what a
webhook had announced was caused by the webhook.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from storage.notices import Notice
from unified.codecs import instant_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The read in whose answer things stood."""

    kind: str  #: cause.kind where no webhook asked for it: poll, backfill, reconcile, api_write
    detected_by: str  #: notice, sweep, backfill, clock, api
    run_id: str | None = None
    since: datetime | None = None
    page: int | None = None
    api_write: Mapping[str, Any] | None = None  #: of a write: request, digest of its key, actor
    creates: bool = False  #: what stood in the answer was made by that write


def cause_of(origin: Origin, notice: Notice | None) -> dict[str, Any]:
    """The cause of one change found in a read, or in the answer to a write, of this origin.

    What a caller wrote was caused by the caller, though Xero's webhook of it may wait already.
    """
    if origin.api_write is not None:
        return {
            "kind": "api_write",
            "detected_by": origin.detected_by,
            "api_write": dict(origin.api_write),
            "coalesced": 1,
        }
    if notice is not None and notice.delivery_id is not None:
        return {
            "kind": "webhook",
            "detected_by": origin.detected_by,
            "webhook": {
                "delivery_id": notice.delivery_id,
                "first_sequence": notice.first_sequence,
                "last_sequence": notice.last_sequence,
                "event_type": "CREATE" if notice.created_hint else "UPDATE",
                "event_at": None if notice.hinted_at is None else instant_text(notice.hinted_at),
            },
            "coalesced": notice.coalesced,
        }
    cause: dict[str, Any] = {"kind": origin.kind, "detected_by": origin.detected_by}
    if origin.kind == "backfill":
        cause["backfill"] = {"job_id": origin.run_id, "page": origin.page}
    else:
        since = None if origin.since is None else instant_text(origin.since)
        cause["poll"] = {"run_id": origin.run_id, "since": since}
    cause["coalesced"] = 1 if notice is None else notice.coalesced
    return cause


def time_cause(rule: str, *, due_at: datetime, due_on: date, timezone: str) -> dict[str, Any]:
    """The cause of a change that came with the calendar alone."""
    return {
        "kind": "time",
        "detected_by": "clock",
        "time": {
            "rule": rule,
            "due_at": instant_text(due_at),
            "due_on": due_on.isoformat(),
            "timezone": timezone,
        },
        "coalesced": 1,
    }
