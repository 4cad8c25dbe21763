"""What changes mean, by the oracle's own rules: one case by hand for each fact there is."""

from typing import Any

import pytest

from oracle.facts import facts_of

Json = dict[str, Any]

ALLOCATED: Json = {"allocations": [{"id": "a", "amount": "5.00"}]}
PAID: Json = {"payments": [{"id": "p"}], "amount_paid": "5.00"}
CREDITED: Json = {"credits": [{"id": "c"}], "amount_credited": "5.00"}

CASES: tuple[tuple[str, Json, Json, set[str]], ...] = (
    ("invoice", {"status": "draft"}, {"status": "open"}, {"approved"}),
    ("invoice", {"status": "submitted"}, {"status": "paid"}, {"approved", "paid"}),
    ("invoice", {"status": "open"}, {"status": "void"}, {"voided"}),
    ("invoice", {"status": "draft"}, {"status": "deleted"}, {"deleted"}),
    ("invoice", {}, {**PAID, "payment_status": "partially_paid"}, {"partially_paid"}),
    ("invoice", {**CREDITED, "payment_status": "partially_paid"}, {}, {"credit_removed"}),
    ("invoice", PAID, {**PAID, "payments": [{"id": "q"}]}, {"payment_removed"}),
    ("invoice", PAID, {**PAID, "amount_paid": "4.00"}, {"payment_removed"}),
    ("invoice", {**PAID, **CREDITED}, {}, {"payment_removed", "credit_removed"}),
    ("invoice", {**PAID, "status": "open"}, {"status": "void"}, {"voided"}),
    ("invoice", {"timing": "not_due"}, {"timing": "due"}, {"became_due"}),
    ("invoice", {"timing": "due"}, {"timing": "overdue"}, {"became_overdue"}),
    ("invoice", {"timing": "overdue"}, {"timing": "due"}, set()),
    ("invoice", {"is_sent": False}, {"is_sent": True}, {"sent"}),
    ("invoice", {"status": "open", "number": "1"}, {"status": "open", "number": "2"}, set()),
    ("contact", {"name": "A"}, {"name": "B"}, {"renamed"}),
    ("contact", {"status": "active"}, {"status": "archived"}, {"archived"}),
    ("contact", {"status": "archived"}, {"status": "active"}, {"restored"}),
    ("contact", {"status": "active"}, {"status": "archived", "deletion_kind": "merged"},
     {"merged"}),
    ("credit_note", {"status": "draft"}, {"status": "open"}, {"approved"}),
    ("credit_note", {}, ALLOCATED, {"allocated"}),
    ("credit_note", ALLOCATED, {}, {"allocation_removed"}),
    ("credit_note", ALLOCATED, {"allocations": [{"id": "b", "amount": "5.00"}]},
     {"allocated", "allocation_removed"}),
    ("credit_note", ALLOCATED, {"allocations": [{**ALLOCATED["allocations"][0],
                                                 "is_deleted": True}]}, {"allocation_removed"}),
    ("credit_note", {}, {"payments": [{"id": "p"}]}, {"refunded"}),
    ("credit_note", {"payments": [{"id": "p"}]}, {}, {"refund_removed"}),
    ("credit_note", {"status": "open"}, {"status": "paid"}, {"used_up"}),
    ("credit_note", {"status": "paid"}, {"status": "open"}, {"reopened"}),
    ("credit_note", {**ALLOCATED, "status": "open"}, {"status": "void"}, {"voided"}),
    ("credit_note", {"is_sent": None}, {"is_sent": True}, {"sent"}),
    ("prepayment", {}, ALLOCATED, {"allocated"}),
    ("overpayment", {"status": "open"}, {"status": "void"}, {"voided"}),
    ("payment", {"status": "completed"}, {"status": "deleted"}, {"deleted"}),
    ("payment", {"is_reconciled": False}, {"is_reconciled": True}, {"reconciled"}),
    ("payment", {"is_reconciled": True}, {"is_reconciled": False}, {"unreconciled"}),
)  # fmt: skip


@pytest.mark.parametrize(("resource", "before", "after", "words"), CASES)
def test_facts_follow_from_both_sides(
    resource: str, before: Json, after: Json, words: set[str]
) -> None:
    """Each fact once, and none that nothing shows."""
    assert facts_of(resource, before, after) == sorted(f"{resource}.{word}" for word in words)


@pytest.mark.parametrize(
    ("before", "after", "fact"),
    [
        ("2026-03-31", "2026-06-30", "period.locked"),
        ("2026-06-30", "2026-03-31", "period.unlocked"),
        ("2026-06-30", None, "period.unlocked"),
    ],
)
def test_lock_dates_move_forward_and_back(before: str, after: str | None, fact: str) -> None:
    """The later of both lock dates is the one that counts."""
    sides: list[Json] = [
        {"locked_until": moved, "closed_until": "2025-03-31"} for moved in (before, after)
    ]

    assert facts_of("company_info", *sides) == [fact]


def test_resources_without_facts_may_say_what_they_like() -> None:
    """What is not in the table is not judged."""
    assert facts_of("item", {}, {"name": "Desk"}) is None
