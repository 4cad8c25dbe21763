"""Webhook events about money: which categories, for what, and what they say."""

from collections.abc import Callable

import pytest

from simulator.books import Tenant
from simulator.config import SimulatorConfig, TenantSpec
from simulator.ledger import Change
from simulator.simulation import Simulation
from tests.simulator.callers import TurnedClock, config
from tests.simulator.money import note, overpayment, prepayment, sale

behaviour = pytest.mark.behaviour


def watched(wishes: SimulatorConfig) -> tuple[Tenant, list[Change]]:
    """An organisation, and all that will be announced of it."""
    simulation = Simulation(wishes)
    tenant = simulation.books.add(TenantSpec())
    seen: list[Change] = []
    simulation.books.listen(seen.append)
    return tenant, seen


def said(seen: list[Change]) -> list[tuple[str, str]]:
    """Category and kind of each, and none is remembered."""
    found = [(change.category, change.kind) for change in seen if change.category != "CONTACT"]
    seen.clear()
    return found


@behaviour("Webhooks", "CREDITNOTE events carry Type and Status")
def test_credit_note_events(clock: TurnedClock) -> None:
    """CREATE, then UPDATE whatever happens; the end is an UPDATE, too."""
    tenant, seen = watched(config(clock=clock))

    made = note(tenant, Status="DRAFT")
    tenant.update_credit_note(made.id, Status="DELETED")

    data = [change.data for change in seen if change.record_id == made.id]
    assert said(seen) == [("CREDITNOTE", "CREATE"), ("CREDITNOTE", "UPDATE")]
    assert data == [
        {"Type": "ACCRECCREDIT", "Status": "DRAFT"},
        {"Type": "ACCRECCREDIT", "Status": "DELETED"},
    ]


@behaviour("Webhooks", "PREPAYMENT and OVERPAYMENT events carry Type, Status and the stamp")
@pytest.mark.parametrize("make", [prepayment, overpayment])
def test_advance_events(clock: TurnedClock, make: Callable[..., object]) -> None:
    """UpdatedDateUTCString ends in Z and has whole seconds."""
    tenant, seen = watched(config(clock=clock))
    kind = "RECEIVE-PREPAYMENT" if make is prepayment else "RECEIVE-OVERPAYMENT"

    make(tenant)

    (change,) = [one for one in seen if one.category != "CONTACT"]
    assert (change.category, change.kind) == (kind.removeprefix("RECEIVE-"), "CREATE")
    assert change.data == {
        "Type": kind,
        "Status": "AUTHORISED",
        "UpdatedDateUTCString": "2026-03-10T02:30:00Z",
    }


@behaviour("Webhooks", "an allocation announces the credit and the invoice")
@behaviour("Webhooks", "a refund announces its credit, never an invoice")
def test_applying_announces_both_sides(clock: TurnedClock) -> None:
    """Made or taken back alike."""
    tenant, seen = watched(config(clock=clock))
    credit, invoice = note(tenant), sale(tenant)
    seen.clear()

    allocation = tenant.allocate(credit.id, invoice.id, "15.00")
    made = said(seen)
    tenant.unallocate(allocation.id)
    undone = said(seen)
    tenant.refund(credit.id, "15.00")

    assert made == undone == [("CREDITNOTE", "UPDATE"), ("INVOICE", "UPDATE")]
    assert said(seen) == [("CREDITNOTE", "UPDATE")]


@behaviour("Webhooks", "PAYMENT events are sent only when switched on")
@pytest.mark.parametrize("switch", [False, True])
def test_payment_events_by_switch(clock: TurnedClock, switch: bool) -> None:
    """Made and deleted; the category is not yet confirmed."""
    tenant, seen = watched(config(clock=clock, payment_events=switch))
    invoice = sale(tenant)
    seen.clear()

    tenant.delete_payment(tenant.pay(invoice.id).id)

    events = [event for event in said(seen) if event[0] == "PAYMENT"]
    assert events == ([("PAYMENT", "CREATE"), ("PAYMENT", "UPDATE")] if switch else [])


@behaviour("Webhooks", "an app gets no category that it did not choose")
def test_only_chosen_categories_are_announced(clock: TurnedClock) -> None:
    """The stamps move all the same."""
    tenant, seen = watched(config(clock=clock, categories=frozenset({"CONTACT", "INVOICE"})))
    credit, invoice = note(tenant), sale(tenant)
    seen.clear()
    stamp = credit.updated_ms
    clock.turn(seconds=1)

    tenant.allocate(credit.id, invoice.id, "15.00")

    assert said(seen) == [("INVOICE", "UPDATE")]
    assert credit.updated_ms > stamp
