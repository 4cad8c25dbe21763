"""Payments, prepayments, overpayments and allocations through the SDK."""

from xero_python.accounting import PaymentDelete, Payments

from tests.simulator.sdk.calls import tries
from tests.simulator.sdk.world import World


@tries
def create_payment(world: World) -> None:
    """One, by POST."""
    made = world.payment(30)
    assert (made.amount, made.status) == (30, "AUTHORISED")


@tries
def create_payments(world: World) -> None:
    """Several, by PUT."""
    sent = [world.part_payment(world.invoice().invoice_id, amount) for amount in (10, 20)]
    made = world.api.create_payments(world.tenant, Payments(payments=sent)).payments
    assert [one.amount for one in made] == [10, 20]


@tries
def delete_payment(world: World) -> None:
    """By its status alone."""
    known = world.payment()
    sent = PaymentDelete(status="DELETED")
    (made,) = world.api.delete_payment(world.tenant, known.payment_id, sent).payments
    assert made.status == "DELETED"


@tries
def get_payments(world: World) -> None:
    """By where, on pages."""
    known = world.payment()
    shown = world.api.get_payments(
        world.tenant, where=f'PaymentID==Guid("{known.payment_id}")', page=1, page_size=100
    )
    assert [one.payment_id for one in shown.payments] == [known.payment_id]


@tries
def get_payment(world: World) -> None:
    """Singly, with its invoice."""
    known = world.payment()
    (shown,) = world.api.get_payment(world.tenant, known.payment_id).payments
    assert shown.invoice.invoice_id == known.invoice.invoice_id


@tries
def get_prepayments(world: World) -> None:
    """On pages."""
    known = world.prepayment()
    shown = world.api.get_prepayments(
        world.tenant, where=f'PrepaymentID==Guid("{known.prepayment_id}")', page=1, unitdp=4
    )
    assert [one.prepayment_id for one in shown.prepayments] == [known.prepayment_id]


@tries
def get_prepayment(world: World) -> None:
    """Singly, with its credit."""
    assert world.prepayment().remaining_credit == 60


@tries
def create_prepayment_allocations(world: World) -> None:
    """To an invoice of the same contact."""
    known = world.prepayment()
    sent = world.allocations(known.contact.contact_id, 25)
    world.api.create_prepayment_allocations(world.tenant, known.prepayment_id, sent)
    (shown,) = world.api.get_prepayment(world.tenant, known.prepayment_id).prepayments
    assert (shown.remaining_credit, shown.allocations[0].amount) == (35, 25)


@tries
def delete_prepayment_allocations(world: World) -> None:
    """And the credit is back."""
    known = world.prepayment()
    sent = world.allocations(known.contact.contact_id, 25)
    world.api.create_prepayment_allocations(world.tenant, known.prepayment_id, sent)
    (held,) = world.api.get_prepayment(world.tenant, known.prepayment_id).prepayments
    gone = world.api.delete_prepayment_allocations(
        world.tenant, known.prepayment_id, held.allocations[0].allocation_id
    )
    (shown,) = world.api.get_prepayment(world.tenant, known.prepayment_id).prepayments
    assert (gone.is_deleted, shown.remaining_credit) == (True, 60)


@tries
def get_overpayments(world: World) -> None:
    """On pages."""
    known = world.overpayment()
    shown = world.api.get_overpayments(
        world.tenant, where=f'OverpaymentID==Guid("{known.overpayment_id}")', page=1, unitdp=4
    )
    assert [one.overpayment_id for one in shown.overpayments] == [known.overpayment_id]


@tries
def get_overpayment(world: World) -> None:
    """Singly, with its credit."""
    assert world.overpayment().remaining_credit == 60


@tries
def create_overpayment_allocations(world: World) -> None:
    """To an invoice of the same contact."""
    known = world.overpayment()
    sent = world.allocations(known.contact.contact_id, 25)
    world.api.create_overpayment_allocations(world.tenant, known.overpayment_id, sent)
    (shown,) = world.api.get_overpayment(world.tenant, known.overpayment_id).overpayments
    assert (shown.remaining_credit, shown.allocations[0].amount) == (35, 25)


@tries
def delete_overpayment_allocations(world: World) -> None:
    """And the credit is back."""
    known = world.overpayment()
    sent = world.allocations(known.contact.contact_id, 25)
    world.api.create_overpayment_allocations(world.tenant, known.overpayment_id, sent)
    (held,) = world.api.get_overpayment(world.tenant, known.overpayment_id).overpayments
    gone = world.api.delete_overpayment_allocations(
        world.tenant, known.overpayment_id, held.allocations[0].allocation_id
    )
    (shown,) = world.api.get_overpayment(world.tenant, known.overpayment_id).overpayments
    assert (gone.is_deleted, shown.remaining_credit) == (True, 60)


@tries
def create_credit_note_allocation(world: World) -> None:
    """To an invoice of the same contact."""
    known = world.credit_note()
    sent = world.allocations(known.contact.contact_id, 15)
    made = world.api.create_credit_note_allocation(world.tenant, known.credit_note_id, sent)
    (shown,) = world.api.get_credit_note(world.tenant, known.credit_note_id).credit_notes
    assert (made.allocations[0].amount, shown.remaining_credit) == (15, 25)


@tries
def delete_credit_note_allocations(world: World) -> None:
    """And the credit is back."""
    known = world.credit_note()
    sent = world.allocations(known.contact.contact_id, 15)
    world.api.create_credit_note_allocation(world.tenant, known.credit_note_id, sent)
    (held,) = world.api.get_credit_note(world.tenant, known.credit_note_id).credit_notes
    gone = world.api.delete_credit_note_allocations(
        world.tenant, known.credit_note_id, held.allocations[0].allocation_id
    )
    (shown,) = world.api.get_credit_note(world.tenant, known.credit_note_id).credit_notes
    assert (gone.is_deleted, shown.remaining_credit) == (True, 40)
