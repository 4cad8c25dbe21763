"""What of an organisation's reference data its documents use: Xero refuses to remove that."""

from collections.abc import Iterator
from decimal import Decimal

from simulator import amounts
from simulator.bookings import JournalLine
from simulator.ledger import Ledger
from simulator.model import Account, Document, Line
from simulator.reference import Item

_APPROVED = frozenset({"AUTHORISED", "PAID"})


def of_account(ledger: Ledger, account: Account) -> bool:
    """Whether a line, a payment, a bank transaction, a journal or an item names the account."""
    if any(payment.account_id == account.id for payment in ledger.payments):
        return True
    if any(each.bank_account_id == account.id for each in ledger.bank_transactions):
        return True
    if any(line.account_code == account.code for line in _journal_lines(ledger)):
        return True
    code = account.code
    if code and any(code in _codes(item) for item in ledger.reference.items):
        return True
    return bool(code) and any(line.account_code == code for line in _lines(ledger))


def of_item(ledger: Ledger, item: Item) -> bool:
    """Whether a line names the item."""
    return any(line.item_code == item.code for line in _lines(ledger))


def stock(ledger: Ledger, item: Item) -> tuple[Decimal, Decimal]:
    """Quantity on hand and cost pool of a tracked item, after all approved documents.

    What was sold left at the average cost of all that was ever there.
    """
    bought, paid, sold = item.quantity, item.cost_pool, Decimal(0)
    for document in ledger.invoices:
        if document.status not in _APPROVED:
            continue
        for line in document.lines:
            if line.item_code != item.code:
                continue
            quantity = line.quantity or Decimal(0)
            if document.is_sale:
                sold += quantity
            else:
                bought += quantity
                taxed = document.line_amount_types == "Inclusive"
                net = line.line_amount - (line.tax_amount if taxed else 0)
                paid += net / document.rate
    average = paid / bought if bought else Decimal(0)
    return bought - sold, amounts.cents(paid - average * sold)


def of_tax(ledger: Ledger, tax_type: str) -> bool:
    """Whether a line, an account or an item names the tax rate."""
    if any(account.tax_type == tax_type for account in ledger.reference.accounts):
        return True
    if any(tax_type in {i.sales.tax_type, i.purchase.tax_type} for i in ledger.reference.items):
        return True
    return any(line.tax_type == tax_type for line in _every_line(ledger))


def of_tracking(ledger: Ledger, key: str, held_id: str) -> bool:
    """Whether a line has this category (`TrackingCategoryID`) or option (`TrackingOptionID`)."""
    return any(each.get(key) == held_id for line in _every_line(ledger) for each in line.tracking)


def recode(ledger: Ledger, attribute: str, old: str, new: str) -> None:
    """Give what names a code (`account_code`, `item_code`) its new one, which stamps nothing."""
    for document in _documents(ledger):
        for line in document.lines:
            if getattr(line, attribute) == old:
                setattr(line, attribute, new)
                document.revision += 1
    if attribute == "account_code":
        for booked in _journal_lines(ledger):
            booked.account_code = new if booked.account_code == old else booked.account_code


def _codes(item: Item) -> set[str | None]:
    return {item.sales.account_code, item.purchase.account_code, item.purchase.cost_code,
            item.inventory_code}  # fmt: skip


def _every_line(ledger: Ledger) -> Iterator[Line | JournalLine]:
    yield from _lines(ledger)
    yield from _journal_lines(ledger)


def _journal_lines(ledger: Ledger) -> Iterator[JournalLine]:
    for journal in ledger.manual_journals:
        yield from journal.lines


def _lines(ledger: Ledger) -> Iterator[Line]:
    for document in _documents(ledger):
        yield from document.lines


def _documents(ledger: Ledger) -> Iterator[Document]:
    yield from ledger.invoices
    for shelf in ledger.credits.values():
        yield from shelf
    yield from ledger.bank_transactions
    yield from ledger.promises.documents()
