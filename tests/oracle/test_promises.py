"""Mistakes about orders, quotes and templates, planted one at a time, are found and named."""

from datetime import date
from typing import Any

import pytest

from oracle.facts import facts_of
from tests.oracle import promises as p
from tests.oracle.test_planted import WRONG, in_books, in_mirror
from tests.oracle.world import Break

Json = dict[str, Any]


def test_world_with_promises_agrees() -> None:
    """Late, still open, and due to run today."""
    world = p.promised()

    assert world.judge() == []
    assert world.examine().counts["things"] == len(world.mirror)


CASES: list[tuple[str, Break, set[str]]] = [
    ("a delivery not seen to be late", in_mirror(p.ORDER, is_delivery_overdue=False),
     {"is_delivery_overdue"}),
    ("a delivery that is billed cannot be late", in_books("PurchaseOrders", p.ORDER.upper(),
     Status="BILLED"), {"status", "remote_status", "is_delivery_overdue"}),
    ("an order's arrival taken for its delivery", in_mirror(p.ORDER, delivery_date="2026-11-25"),
     {"delivery_date"}),
    ("an address without its second line",
     in_mirror(p.ORDER, delivery={**p.ORDER_RECORD["delivery"], "address": "12 Dock Road"}),
     {"delivery/address"}),
    ("an order deleted in the books alone", in_books("PurchaseOrders", p.ORDER.upper(),
     Status="DELETED"), {"status", "remote_status", "is_deleted", "deletion_kind",
                         "is_delivery_overdue"}),
    ("an order of another theme", in_mirror(p.ORDER, branding_theme=None), {"branding_theme"}),
    ("a quote expired on its last day", in_mirror(p.QUOTE, is_expired=True), {"is_expired"}),
    ("a quote not known to be accepted", in_books("Quotes", p.QUOTE, Status="ACCEPTED"),
     {"status", "remote_status"}),
    ("a quote's mode in capital letters unread", in_mirror(p.QUOTE, tax_mode="unknown"),
     {"tax_mode"}),
    ("a quote with another's terms", in_mirror(p.QUOTE, terms=None), {"terms"}),
    ("a template's status taken for its own", in_mirror(p.TEMPLATE, status="draft"), {"status"}),
    ("a run that was due not seen", in_mirror(p.TEMPLATE, is_run_due=False), {"is_run_due"}),
    ("a template that ran unseen", in_books("RepeatingInvoices", p.TEMPLATE, Schedule={
        **p.RAW_TEMPLATE["Schedule"], "NextScheduledDate": None}),
     {"schedule/next_date", "is_run_due"}),
    ("a template that makes drafts taken for one that approves",
     in_mirror(p.TEMPLATE, generates_status="open"), {"generates_status"}),
    ("a template that sends when it should not",
     in_mirror(p.TEMPLATE, auto_send={**p.TEMPLATE_RECORD["auto_send"], "send_copy": True}),
     {"auto_send/send_copy"}),
    ("a template of every week", in_mirror(p.TEMPLATE, schedule={
        **p.TEMPLATE_RECORD["schedule"], "interval": 1}), {"schedule/interval"}),
    ("a template deleted in the books alone",
     in_books("RepeatingInvoices", p.TEMPLATE, Status="DELETED"),
     {"status", "remote_status", "is_deleted", "deletion_kind", "generates_status", "is_run_due"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "plant", "fields"), CASES)
def test_planted_mistake_is_found_and_named(name: str, plant: Break, fields: set[str]) -> None:
    """One mistake gives exactly the differences that name it, and no others beside them."""
    world = p.promised()
    plant(world)

    assert {(WRONG, field) for field in fields} == {
        (one.kind, one.field) for one in world.judge()
    }, name


def test_every_day_is_judged_by_its_own_calendar() -> None:
    """The day after, the quote has expired and the template ended."""
    world = p.promised()
    world.today = dict.fromkeys(world.today, date(2026, 11, 23))

    mine = {p.ORDER, p.QUOTE, p.TEMPLATE}
    found = {(one.remote_id, one.field) for one in world.judge() if one.remote_id in mine}
    assert found == {(p.QUOTE, "is_expired"), (p.TEMPLATE, "status")}


_NEXT: Json = {"schedule": {"interval": 1, "unit": "week", "next_date": "2026-11-22"}}
_LATER: Json = {"schedule": {"interval": 1, "unit": "week", "next_date": "2026-11-29"}}
_OTHER: Json = {"schedule": {"interval": 2, "unit": "week", "next_date": "2026-11-29"}}
FACTS: tuple[tuple[str, Json, Json, set[str]], ...] = (
    ("purchase_order", {"status": "draft"}, {"status": "open"}, {"approved"}),
    ("purchase_order", {"status": "submitted"}, {"status": "billed"}, {"approved", "billed"}),
    ("purchase_order", {"status": "open"}, {"status": "deleted"}, {"deleted"}),
    ("purchase_order", {"is_sent": False}, {"is_sent": True}, {"sent"}),
    ("purchase_order", {"is_delivery_overdue": False}, {"is_delivery_overdue": True},
     {"delivery_overdue"}),
    ("purchase_order", {"is_delivery_overdue": True}, {"is_delivery_overdue": False}, set()),
    ("quote", {"status": "draft"}, {"status": "sent"}, {"sent"}),
    ("quote", {"status": "sent"}, {"status": "draft"}, set()),
    ("quote", {"is_expired": False}, {"is_expired": True}, {"expired"}),
    ("repeating_transaction", {"status": "scheduled"}, {"status": "active"}, {"started"}),
    ("repeating_transaction", {"status": "active"}, {"status": "ended"}, {"ended"}),
    ("repeating_transaction", {"is_run_due": False}, {"is_run_due": True}, {"ran_or_missed"}),
    ("repeating_transaction", _NEXT, _LATER, {"moved_on"}),
    ("repeating_transaction", _NEXT, {"schedule": {"interval": 1, "unit": "week"}}, {"moved_on"}),
    ("repeating_transaction", _LATER, _NEXT, set()),
    ("repeating_transaction", _NEXT, _OTHER, set()),
    ("repeating_transaction", {**_NEXT, "status": "active"}, {**_LATER, "status": "deleted"},
     {"deleted"}),
)  # fmt: skip


@pytest.mark.parametrize(("resource", "before", "after", "words"), FACTS)
def test_facts_follow_from_both_sides(
    resource: str, before: Json, after: Json, words: set[str]
) -> None:
    """Each fact once, and none that nothing shows."""
    assert facts_of(resource, before, after) == sorted(f"{resource}.{word}" for word in words)
