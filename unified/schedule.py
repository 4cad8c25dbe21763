"""When a repeating template makes its documents, and what the calendar alone says of it.

Pure functions of records, and the codec of the schedule (Xero: Repeating invoices, Schedule). Xero
tells the next day only; whether a document was made on it shows when that day has moved on.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Final

from unified.codecs import DATE, INTEGER, Codec, Scope, choice
from unified.model import Day, OneOf, Part
from unified.parts import left_over
from unified.shape import Field, Shape, one
from unified.vocabulary import Timer

RAN_OR_MISSED: Final = "repeating_transaction.ran_or_missed"
_STARTED: Final = "repeating_transaction.started"
_ENDED: Final = "repeating_transaction.ended"

# --- codecs ------------------------------------------------------------------------------------

_UNIT: Final = choice(
    "Schedule.Unit",
    {"WEEKLY": "week", "MONTHLY": "month"},
    written={"week": "WEEKLY", "month": "MONTHLY"},
)
_BASIS: Final = choice(
    "Schedule.DueDateType",
    {
        "DAYSAFTERBILLDATE": "days_after_bill_date",
        "DAYSAFTERBILLMONTH": "days_after_bill_month",
        "DAYSAFTERINVOICEDATE": "days_after_invoice_date",
        "DAYSAFTERINVOICEMONTH": "days_after_invoice_month",
        "OFCURRENTMONTH": "of_current_month",
        "OFFOLLOWINGMONTH": "of_following_month",
    },
    written={
        "days_after_bill_date": "DAYSAFTERBILLDATE",
        "days_after_bill_month": "DAYSAFTERBILLMONTH",
        "days_after_invoice_date": "DAYSAFTERINVOICEDATE",
        "days_after_invoice_month": "DAYSAFTERINVOICEMONTH",
        "of_current_month": "OFCURRENTMONTH",
        "of_following_month": "OFFOLLOWINGMONTH",
    },
)
_DUE_RULE: Final = Shape(
    "Schedule",
    (
        Field("day", "DueDate", INTEGER, write=True),
        Field("basis", "DueDateType", _BASIS, write=True),
        Field("remote_basis", ("DueDateType",), left_over("DueDateType", _BASIS)),
    ),
    partial=True,
)


def _read_due_rule(raw: Mapping[str, Any], scope: Scope) -> dict[str, Any] | None:
    if raw.get("DueDate") is None and not raw.get("DueDateType"):
        return None
    return _DUE_RULE.decode(raw, scope)


SCHEDULE: Final = one(
    Shape(
        "Schedule",
        (
            Field("interval", "Period", INTEGER, write=True),
            Field("unit", "Unit", _UNIT, write=True),
            Field("remote_unit", ("Unit",), left_over("Unit", _UNIT)),
            Field("start_date", "StartDate", DATE, write=True),
            Field("next_date", "NextScheduledDate", DATE),
            Field("end_date", "EndDate", DATE, write=True),
            Field(
                "due_rule",
                ("DueDate", "DueDateType"),
                Codec(
                    _read_due_rule,
                    lambda rule, _schedule: _DUE_RULE.encode(rule) or None,
                    inside=_DUE_RULE.entries,
                ),
                write=True,
            ),
        ),
    )
)

# --- what the calendar says --------------------------------------------------------------------


def timed_state(record: Mapping[str, Any], business_date: date | None) -> dict[str, Any]:
    """`status` and `is_run_due` on a day; where that is not known yet, as if no day had passed."""
    if record["is_deleted"]:
        return {"status": "deleted", "is_run_due": False}
    if business_date is None:
        return {"status": "active", "is_run_due": False}
    start, end, run = _days(record)
    status = "active"
    if end is not None and business_date > end:
        status = "ended"
    elif start is not None and business_date < start:
        status = "scheduled"
    return {"status": status, "is_run_due": run is not None and business_date >= run}


def next_turn(record: Mapping[str, Any]) -> Timer | None:
    """The next day on which one of both moves; None: none will."""
    if record["is_deleted"]:
        return None
    start, end, run = _days(record)
    turns = []
    if run is not None and not record["is_run_due"]:
        turns.append(Timer(RAN_OR_MISSED, run))
    if start is not None and record["status"] == "scheduled":
        turns.append(Timer(_STARTED, start))
    if end is not None and record["status"] != "ended":
        turns.append(Timer(_ENDED, end + timedelta(days=1)))
    return min(turns, key=lambda turn: turn.on, default=None)


def _days(record: Mapping[str, Any]) -> tuple[date | None, date | None, date | None]:
    """Its first day, its last day, and the day of its next document."""
    held = record["schedule"] or {}
    start, end, run = (_day(held.get(name)) for name in ("start_date", "end_date", "next_date"))
    if run is not None and end is not None and run > end:
        run = None  # Xero may name a day behind the last one: nothing is made on it
    return start, end, run


def _day(told: str | None) -> date | None:
    return None if told is None else date.fromisoformat(told)


# --- schema ------------------------------------------------------------------------------------


class DueRule(Part):
    """When what a template makes falls due: a number of days or a day of the month."""

    day: int | None
    basis: (
        Annotated[
            str,
            OneOf(
                "days_after_bill_date",
                "days_after_bill_month",
                "days_after_invoice_date",
                "days_after_invoice_month",
                "of_current_month",
                "of_following_month",
            ),
        ]
        | None
    )
    remote_basis: str | None


class Schedule(Part):
    """Every `interval` weeks or months from `start_date` to `end_date`; `next_date` is Xero's."""

    interval: int | None
    unit: Annotated[str, OneOf("week", "month")] | None
    remote_unit: str | None
    start_date: Day | None
    next_date: Day | None
    end_date: Day | None
    due_rule: DueRule | None
