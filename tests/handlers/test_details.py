"""What lists name and do not tell: when it is read by itself, and what is then believed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handlers.capability import GONE, NOT_HERE, refusal_of
from handlers.compare import Seen, Verdict, compare
from handlers.details import is_time
from storage.records import KnownRecord
from tests.handlers.answers import NOW, TODAY, seen_of, xero_time
from tests.unified.books import NZ, wire
from unified.resources import by_endpoint, resource
from unified.shape import Read
from xero.errors import PayloadRefused, TenantRefused, XeroError, XeroUnreachable

BUDGET = resource("budget")
LATER = NOW + timedelta(minutes=1)


def seen(read: Read, at: datetime, *, asked: datetime = LATER, **changes: Any) -> Seen:
    """A budget as one kind of answer shows it, stamped `at`."""
    raw = wire("budget", "tracked_with_lines", UpdatedDateUTC=xero_time(at), **changes)
    if read is not Read.SINGLE:
        raw |= {"BudgetLines": [], "Tracking": [], "Status": "APPROVED"}
    return seen_of(BUDGET, raw, NZ, read=read, asked_at=asked, answered_at=asked)


def known() -> KnownRecord:
    """The mirror's row after the budget was read by itself."""
    alone = seen(Read.SINGLE, NOW, asked=NOW)
    record = BUDGET.overlay(None, alone.normalized)
    return KnownRecord(
        remote_id=alone.normalized.remote_id,
        unified=record,
        fingerprint=BUDGET.fingerprint(record),
        sequence=1,
        completeness=alone.normalized.completeness,
        updated_at=NOW,
        asked_at=NOW,
        answered_at=NOW,
        first_seen_at=NOW,
        changed_at=NOW,
        is_deleted=False,
        endpoint=BUDGET.endpoint.path,
    )


def verdict(of: KnownRecord | None, fresh: Seen) -> Verdict:
    """What an answer means."""
    return compare(BUDGET, of, fresh, today=TODAY).verdict


def test_list_is_never_believed_where_it_shows_heads_alone() -> None:
    """New, renamed, or only stamped anew: what it became is asked of the thing itself."""
    moved = NOW + timedelta(seconds=1)

    assert verdict(None, seen(Read.UNPAGED, NOW)) is Verdict.AMBIGUOUS
    assert verdict(known(), seen(Read.UNPAGED, moved)) is Verdict.AMBIGUOUS
    renamed = seen(Read.UNPAGED, NOW, Description="Another")
    assert verdict(known(), renamed) is Verdict.AMBIGUOUS
    assert verdict(known(), seen(Read.UNPAGED, NOW)) is Verdict.SAME


def test_read_of_its_own_is_believed() -> None:
    """And a stamp without a difference is no event."""
    moved = NOW + timedelta(seconds=1)

    assert verdict(None, seen(Read.SINGLE, NOW)) is Verdict.NEW
    assert verdict(known(), seen(Read.SINGLE, moved)) is Verdict.SAME
    assert verdict(known(), seen(Read.SINGLE, moved, BudgetLines=[])) is Verdict.CHANGED


@pytest.mark.parametrize(
    ("path", "before", "now", "due"),
    [
        ("ContactGroups", "2026-11-22T23:59:59", "2026-11-23T00:00:00", True),
        ("ContactGroups", "2026-11-23T00:00:00", "2026-11-23T23:59:59", False),
        ("ContactGroups", "2026-11-20T12:00:00", "2026-11-23T11:00:00", True),
        ("Budgets", "2026-11-22T00:00:00", "2026-11-23T00:00:00", False),
        ("Budgets", "2026-10-22T00:00:00", "2026-11-23T00:00:00", True),
        ("Items", "2026-10-22T00:00:00", "2026-11-23T00:00:00", False),
    ],
)
def test_details_are_read_once_in_each_stretch(path: str, before: str, now: str, due: bool) -> None:
    """Groups daily, budgets in thirty days, what needs none never."""
    of = by_endpoint(path)
    assert of is not None
    at, then = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (now, before))

    assert is_time(of.endpoint, then, now=at) is due
    assert is_time(of.endpoint, None, now=at) is (of.endpoint.detail_every is not None)


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (PayloadRefused(NOT_HERE), "405"),
        (PayloadRefused(GONE), "410"),
        (PayloadRefused(400), None),
        (TenantRefused(NZ.tenant_id), "403"),
        (XeroUnreachable("it", status=503), None),
    ],
)
def test_refusals_of_a_payroll_are_told_from_trouble(error: XeroError, word: str | None) -> None:
    """What passes, or blames the question, is no missing capability; nor is any refusal of what
    every organisation has."""
    payroll, contacts = by_endpoint("PayrollAU/Employees"), by_endpoint("Contacts")
    assert payroll is not None
    assert contacts is not None
    reason = refusal_of(payroll.endpoint, error)

    assert (reason is None) is (word is None)
    assert word is None or word in str(reason)
    assert refusal_of(contacts.endpoint, error) is None
