"""Attachments and history through the SDK: the same calls for every parent that has them."""

from collections.abc import Callable

from xero_python.accounting import HistoryRecord, HistoryRecords

from tests.simulator.sdk.calls import tries_as
from tests.simulator.sdk.calls_bank import batch, journal, transfer
from tests.simulator.sdk.calls_promises import order, quote, template
from tests.simulator.sdk.world import World

Make = Callable[[World], str]

ATTACHED: dict[str, Make] = {
    "account": lambda world: str(world.api.get_accounts(world.tenant).accounts[0].account_id),
    "bank_transaction": lambda world: str(world.bank_transaction().bank_transaction_id),
    "bank_transfer": lambda world: str(transfer(world).bank_transfer_id),
    "contact": lambda world: str(world.contact().contact_id),
    "credit_note": lambda world: str(world.credit_note().credit_note_id),
    "invoice": lambda world: str(world.invoice().invoice_id),
    "manual_journal": lambda world: str(journal(world).manual_journal_id),
    "purchase_order": lambda world: str(order(world).purchase_order_id),
    "quote": lambda world: str(quote(world).quote_id),
    "repeating_invoice": lambda world: str(template(world).repeating_invoice_id),
}
TOLD: dict[str, tuple[str, str, Make]] = {
    "bank_transaction": (
        "get_bank_transactions_history",
        "create_bank_transaction_history_record",
        lambda world: str(world.bank_transaction().bank_transaction_id),
    ),
    "bank_transfer": (
        "get_bank_transfer_history",
        "create_bank_transfer_history_record",
        lambda world: str(transfer(world).bank_transfer_id),
    ),
    "batch_payment": (
        "get_batch_payment_history",
        "create_batch_payment_history_record",
        lambda world: str(batch(world).batch_payment_id),
    ),
    "contact": (
        "get_contact_history",
        "create_contact_history",
        lambda world: str(world.contact().contact_id),
    ),
    "credit_note": (
        "get_credit_note_history",
        "create_credit_note_history",
        lambda world: str(world.credit_note().credit_note_id),
    ),
    "invoice": (
        "get_invoice_history",
        "create_invoice_history",
        lambda world: str(world.invoice().invoice_id),
    ),
    "item": (
        "get_item_history",
        "create_item_history",
        lambda world: str(world.item().item_id),
    ),
    "manual_journal": (
        "get_manual_journals_history",
        "create_manual_journal_history_record",
        lambda world: str(journal(world).manual_journal_id),
    ),
    "overpayment": (
        "get_overpayment_history",
        "create_overpayment_history",
        lambda world: str(world.overpayment().overpayment_id),
    ),
    "payment": (
        "get_payment_history",
        "create_payment_history",
        lambda world: str(world.payment().payment_id),
    ),
    "prepayment": (
        "get_prepayment_history",
        "create_prepayment_history",
        lambda world: str(world.prepayment().prepayment_id),
    ),
    "purchase_order": (
        "get_purchase_order_history",
        "create_purchase_order_history",
        lambda world: str(order(world).purchase_order_id),
    ),
    "quote": (
        "get_quote_history",
        "create_quote_history",
        lambda world: str(quote(world).quote_id),
    ),
    "repeating_invoice": (
        "get_repeating_invoice_history",
        "create_repeating_invoice_history",
        lambda world: str(template(world).repeating_invoice_id),
    ),
}


def _attachments(parent: str, make: Make) -> None:
    create = f"create_{parent}_attachment_by_file_name"
    update = f"update_{parent}_attachment_by_file_name"
    listed = f"get_{parent}_attachments"
    by_name = f"get_{parent}_attachment_by_file_name"
    by_id = f"get_{parent}_attachment_by_id"

    def kept(world: World, name: str) -> tuple[str, str]:
        """A parent with one file; the ids of both."""
        key = make(world)
        (made,) = getattr(world.api, create)(world.tenant, key, name, b"first").attachments
        return key, str(made.attachment_id)

    def try_create(world: World) -> None:
        key = make(world)
        name = world.name("bill") + ".txt"
        (made,) = getattr(world.api, create)(world.tenant, key, name, b"hello").attachments
        assert (made.file_name, made.content_length) == (name, 5)
        assert key in made.url

    def try_update(world: World) -> None:
        key, attachment_id = kept(world, name := world.name("bill") + ".txt")
        (made,) = getattr(world.api, update)(world.tenant, key, name, b"second one").attachments
        assert (made.attachment_id, made.content_length) == (attachment_id, 10)

    def try_list(world: World) -> None:
        key, attachment_id = kept(world, world.name("bill") + ".txt")
        shown = getattr(world.api, listed)(world.tenant, key).attachments
        assert attachment_id in {one.attachment_id for one in shown}

    def try_by_name(world: World) -> None:
        key, _ = kept(world, name := world.name("bill") + ".txt")
        path = getattr(world.api, by_name)(world.tenant, key, name, "text/plain")
        with open(path, "rb") as file:  # noqa: PTH123  # the SDK gives a path as text
            assert file.read() == b"first"

    def try_by_id(world: World) -> None:
        key, attachment_id = kept(world, world.name("bill") + ".txt")
        path = getattr(world.api, by_id)(world.tenant, key, attachment_id, "text/plain")
        with open(path, "rb") as file:  # noqa: PTH123  # the SDK gives a path as text
            assert file.read() == b"first"

    tries_as(create, try_create)
    tries_as(update, try_update)
    tries_as(listed, try_list)
    tries_as(by_name, try_by_name)
    tries_as(by_id, try_by_id)


def _history(get: str, create: str, make: Make) -> None:
    def try_create(world: World) -> None:
        sent = HistoryRecords(history_records=[HistoryRecord(details="Called them")])
        (made,) = getattr(world.api, create)(world.tenant, make(world), sent).history_records
        assert made.details == "Called them"

    def try_get(world: World) -> None:
        key = make(world)
        sent = HistoryRecords(history_records=[HistoryRecord(details="Called them")])
        getattr(world.api, create)(world.tenant, key, sent)
        (shown,) = getattr(world.api, get)(world.tenant, key).history_records
        assert (shown.details, shown.user) == ("Called them", "System Generated")
        assert shown.date_utc.tzinfo is not None

    tries_as(create, try_create)
    tries_as(get, try_get)


for parent, make in ATTACHED.items():
    _attachments(parent, make)
for get, create, make in TOLD.values():
    _history(get, create, make)
