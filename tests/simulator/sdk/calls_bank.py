"""Bank transfers, batches of payments and manual journals through the SDK."""

from typing import Any

from xero_python.accounting import (
    Account,
    BankTransfer,
    BankTransferDelete,
    BankTransferDeleteByUrlParam,
    BankTransfers,
    BankTransfersDelete,
    BatchPayment,
    BatchPaymentDelete,
    BatchPaymentDeleteByUrlParam,
    BatchPayments,
    Invoice,
    ManualJournal,
    ManualJournalLine,
    ManualJournals,
    Payment,
    TrackingReference,
)

from tests.simulator.sdk.calls import tries
from tests.simulator.sdk.world import DAY, World


def transfer(world: World, **more: Any) -> Any:
    """A new transfer, usually of 50, from the business account to savings."""
    made = BankTransfer(
        from_bank_account=Account(code="090"),
        to_bank_account=Account(code="091"),
        **{"amount": 50, "date": DAY, **more},
    )
    sent = BankTransfers(bank_transfers=[made])
    return world.api.create_bank_transfer(world.tenant, sent).bank_transfers[0]


def batch(world: World) -> Any:
    """Two new invoices, paid as one: 30 of each."""
    made = BatchPayment(
        account=Account(code="090"),
        date=DAY,
        details="Run 7",
        payments=[
            Payment(invoice=Invoice(invoice_id=world.invoice().invoice_id), amount=30)
            for _ in range(2)
        ],
    )
    sent = BatchPayments(batch_payments=[made])
    return world.api.create_batch_payment(world.tenant, sent).batch_payments[0]


def journal(world: World, **more: Any) -> Any:
    """A new manual journal of 80 from one expense to another."""
    sent = ManualJournals(manual_journals=[_journal(**more)])
    return world.api.create_manual_journals(world.tenant, sent).manual_journals[0]


def _journal(**more: Any) -> Any:
    told = {"narration": "Moved", "date": DAY, **more}
    lines = [
        ManualJournalLine(line_amount=80, account_code="429", description="To here"),
        ManualJournalLine(line_amount=-80, account_code="400"),
    ]
    return ManualJournal(journal_lines=lines, **told)


# --- transfers ---------------------------------------------------------------------------------


@tries
def create_bank_transfer(world: World) -> None:
    """With tracking of one side, by ids."""
    category, option = world.option()
    chosen = TrackingReference(
        tracking_category_id=category.tracking_category_id,
        tracking_option_id=option.tracking_option_id,
    )
    made = transfer(world, from_tracking=[chosen], reference="Savings")
    assert (made.amount, made.reference, made.currency_rate) == (50, "Savings", 1)
    assert [one.option for one in made.from_tracking] == [option.name]


@tries
def get_bank_transfers(world: World) -> None:
    """Deleted ones only for who asks for them."""
    known, gone = transfer(world), transfer(world)
    sent = BankTransferDeleteByUrlParam(status="DELETED")
    world.api.delete_bank_transfer(world.tenant, gone.bank_transfer_id, sent)
    usual = world.api.get_bank_transfers(world.tenant).bank_transfers
    whole = world.api.get_bank_transfers(world.tenant, include_deleted=True).bank_transfers
    assert {one.bank_transfer_id for one in whole} - {one.bank_transfer_id for one in usual} >= {
        gone.bank_transfer_id
    }
    assert known.bank_transfer_id in {one.bank_transfer_id for one in usual}


@tries
def get_bank_transfer(world: World) -> None:
    """Singly; its sides are bank transactions."""
    known = transfer(world)
    (shown,) = world.api.get_bank_transfer(world.tenant, known.bank_transfer_id).bank_transfers
    (side,) = world.api.get_bank_transaction(
        world.tenant, shown.from_bank_transaction_id
    ).bank_transactions
    assert (side.type, side.total) == ("SPEND-TRANSFER", 50)


@tries
def delete_bank_transfers(world: World) -> None:
    """Two in one batch, by their ids."""
    ids = [transfer(world).bank_transfer_id for _ in range(2)]
    sent = BankTransfersDelete(
        bank_transfers=[BankTransferDelete(bank_transfer_id=key, status="DELETED") for key in ids]
    )
    gone = world.api.delete_bank_transfers(world.tenant, sent).bank_transfers
    assert [one.status for one in gone] == ["DELETED", "DELETED"]


@tries
def delete_bank_transfer(world: World) -> None:
    """By its own path; its sides are deleted with it."""
    known = transfer(world)
    sent = BankTransferDeleteByUrlParam(status="DELETED")
    world.api.delete_bank_transfer(world.tenant, known.bank_transfer_id, sent)
    (side,) = world.api.get_bank_transaction(
        world.tenant, known.to_bank_transaction_id
    ).bank_transactions
    assert side.status == "DELETED"


# --- batches -----------------------------------------------------------------------------------


@tries
def create_batch_payment(world: World) -> None:
    """Two payments, one line on the statement."""
    made = batch(world)
    assert (made.type, made.total_amount, made.details) == ("RECBATCH", 60, "Run 7")
    assert [one.amount for one in made.payments] == [30, 30]


@tries
def get_batch_payments(world: World) -> None:
    """By where."""
    known = batch(world)
    where = f'BatchPaymentID==Guid("{known.batch_payment_id}")'
    (shown,) = world.api.get_batch_payments(world.tenant, where=where).batch_payments
    assert shown.batch_payment_id == known.batch_payment_id


@tries
def get_batch_payment(world: World) -> None:
    """Singly; its payments name it."""
    known = batch(world)
    (shown,) = world.api.get_batch_payment(world.tenant, known.batch_payment_id).batch_payments
    (payment,) = world.api.get_payment(world.tenant, shown.payments[0].payment_id).payments
    assert payment.batch_payment_id == known.batch_payment_id


@tries
def delete_batch_payment(world: World) -> None:
    """By its id in the body, and its payments with it."""
    known = batch(world)
    sent = BatchPaymentDelete(batch_payment_id=known.batch_payment_id, status="DELETED")
    (gone,) = world.api.delete_batch_payment(world.tenant, sent).batch_payments
    (payment,) = world.api.get_payment(world.tenant, known.payments[0].payment_id).payments
    assert (gone.status, gone.payments, payment.status) == ("DELETED", [], "DELETED")


@tries
def delete_batch_payment_by_url_param(world: World) -> None:
    """By its own path."""
    known = batch(world)
    sent = BatchPaymentDeleteByUrlParam(status="DELETED")
    (gone,) = world.api.delete_batch_payment_by_url_param(
        world.tenant, known.batch_payment_id, sent
    ).batch_payments
    assert gone.status == "DELETED"


# --- manual journals ---------------------------------------------------------------------------


@tries
def create_manual_journals(world: World) -> None:
    """A draft, unless it is said otherwise."""
    made = journal(world)
    assert (made.status, made.show_on_cash_basis_reports) == ("DRAFT", True)
    assert sum(line.line_amount for line in made.journal_lines) == 0


@tries
def update_or_create_manual_journals(world: World) -> None:
    """One known is posted, one new is made."""
    known = journal(world)
    posted = ManualJournal(
        manual_journal_id=known.manual_journal_id, narration=known.narration, status="POSTED"
    )
    sent = ManualJournals(manual_journals=[posted, _journal(narration="Another")])
    made = world.api.update_or_create_manual_journals(world.tenant, sent).manual_journals
    assert [one.status for one in made] == ["POSTED", "DRAFT"]


@tries
def update_manual_journal(world: World) -> None:
    """By its own path; a posted one is voided."""
    known = journal(world, status="POSTED")
    voided = ManualJournal(narration="Void it", status="VOIDED")
    (made,) = world.api.update_manual_journal(
        world.tenant, known.manual_journal_id, ManualJournals(manual_journals=[voided])
    ).manual_journals
    assert made.status == "VOIDED"


@tries
def get_manual_journals(world: World) -> None:
    """On pages, with their lines."""
    known = journal(world)
    where = f'ManualJournalID==Guid("{known.manual_journal_id}")'
    shown = world.api.get_manual_journals(world.tenant, where=where, page=1)
    assert [len(one.journal_lines) for one in shown.manual_journals] == [2]
    assert shown.pagination.item_count == 1


@tries
def get_manual_journal(world: World) -> None:
    """Singly."""
    known = journal(world)
    (shown,) = world.api.get_manual_journal(world.tenant, known.manual_journal_id).manual_journals
    assert shown.journal_lines[0].description == "To here"
