"""Why something was looked at, in the words of the event."""

from datetime import UTC, date, datetime

from handlers.cause import Origin, cause_of, time_cause
from tests.handlers.answers import BACKFILL, NOW, POLL
from tests.handlers.notices import notice

SWEEP = Origin(kind="poll", detected_by="sweep", run_id="sweep:1", since=NOW)


def test_webhook_outranks_the_read_that_answered_it() -> None:
    """A sweep that finds what a webhook announced was caused by the webhook."""
    hinted = notice(delivery_id="d", first_sequence=3, last_sequence=4, coalesced=5)

    assert cause_of(SWEEP, hinted) == {
        "kind": "webhook",
        "detected_by": "sweep",
        "webhook": {
            "delivery_id": "d",
            "first_sequence": 3,
            "last_sequence": 4,
            "event_type": "UPDATE",
            "event_at": "2026-11-03T04:17:52.000Z",
        },
        "coalesced": 5,
    }


def test_created_hint_and_missing_time_are_told() -> None:
    """Nothing is made up."""
    block = cause_of(POLL, notice(delivery_id="d", created_hint=True, hinted_at=None))["webhook"]

    assert (block["event_type"], block["event_at"]) == ("CREATE", None)


def test_sweep_tells_its_run_and_since() -> None:
    """And counts as one look."""
    poll = {"run_id": "sweep:1", "since": "2026-11-03T04:17:52.000Z"}

    assert cause_of(SWEEP, None) == {
        "kind": "poll", "detected_by": "sweep", "poll": poll, "coalesced": 1,
    }  # fmt: skip


def test_notice_of_our_own_is_a_poll() -> None:
    """No webhook asked for it."""
    cause = cause_of(POLL, notice(origin="linked", coalesced=2))

    assert cause["poll"] == {"run_id": None, "since": None}
    assert (cause["kind"], cause["coalesced"]) == ("poll", 2)


def test_backfill_tells_its_page() -> None:
    """And its job, which ties its events together."""
    assert cause_of(BACKFILL, None)["backfill"] == {"job_id": "backfill:1", "page": 1}


def test_time_tells_the_true_instant() -> None:
    """And the day and the zone it comes from."""
    due_at = datetime(2026, 11, 2, 11, tzinfo=UTC)

    cause = time_cause(
        "invoice.due", due_at=due_at, due_on=date(2026, 11, 3), timezone="Pacific/Auckland"
    )

    assert cause == {
        "kind": "time",
        "detected_by": "clock",
        "time": {
            "rule": "invoice.due",
            "due_at": "2026-11-02T11:00:00.000Z",
            "due_on": "2026-11-03",
            "timezone": "Pacific/Auckland",
        },
        "coalesced": 1,
    }
