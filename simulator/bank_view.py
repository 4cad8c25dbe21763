"""What a bank transaction looks like on the wire.

Source: Xero's page on bank transactions and the examples of its API description.
"""

from typing import Any

from simulator import amounts, attachments, contact_view, invoice_view
from simulator.bank_transactions import CREDITS
from simulator.ledger import Ledger
from simulator.model import BankTransaction
from simulator.shapes import Shape, cached
from simulator.wire import day_string, ms_day, ms_instant


def rendered(ledger: Ledger, made: BankTransaction, shape: Shape, decimals: int) -> bytes:
    """The transaction's fragment."""
    contact = ledger.contacts.get(made.contact_id)
    owner = None if contact is None else (contact.revision, contact.updated_ms)
    return cached(
        made,
        (shape, decimals),
        (made.revision, made.updated_ms, owner),
        build=lambda: wire(ledger, made, shape, decimals),
    )


def wire(ledger: Ledger, made: BankTransaction, shape: Shape, decimals: int) -> dict[str, Any]:
    """The transaction as Xero's keys and values."""
    full = shape is not Shape.UNPAGED
    contact = ledger.contacts.get(made.contact_id)
    account = ledger.account(account_id=made.bank_account_id)
    out: dict[str, Any] = {"BankTransactionID": made.id, "BankAccount": {}}
    if account is not None:
        out["BankAccount"] = {
            "AccountID": account.id,
            "Code": account.code,
            "Name": account.name,
        }
    out["Type"] = made.type
    out["Reference"] = made.reference
    if made.url is not None:
        out["Url"] = made.url
    out["IsReconciled"] = made.is_reconciled
    if full:
        out["CurrencyRate"] = made.rate.quantize(amounts.RATE)
    if made.credit_id is not None:
        out[CREDITS[made.type].id_key] = made.credit_id
    out["HasAttachments"] = ledger.filing.has_files(made.id)
    if shape is Shape.SINGLE:
        out |= attachments.within(ledger, made, "BankTransactions")
    if contact is not None:
        out["Contact"] = contact_view.embedded(contact) if full else contact_view.stub(contact)
    out["DateString"] = day_string(made.date)
    out["Date"] = ms_day(made.date)
    out["Status"] = made.status
    out["LineAmountTypes"] = made.line_amount_types
    out["LineItems"] = (
        [invoice_view.line_wire(ledger, line, decimals) for line in made.lines] if full else []
    )
    out["SubTotal"] = made.sub_total
    out["TotalTax"] = made.total_tax
    out["Total"] = made.total
    out["UpdatedDateUTC"] = ms_instant(made.updated_ms)
    out["CurrencyCode"] = made.currency
    return out
