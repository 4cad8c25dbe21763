"""Bank transactions: those that make prepayments and overpayments, and plain money in and out.

Source: Xero's page on bank transactions. A reconciled one keeps all it has, one whose credit is
applied is not changed either, nor the sides of a transfer, which transfers.py makes. Statement
lines are not carried. Only an overpayment may be in another currency than its bank account.
"""

import copy

from simulator import amounts, contacts, credits, exchange, invoice_fields, lines
from simulator.elements import Element, day, decimal, flag, identifier, part, parts, text
from simulator.ledger import Ledger
from simulator.model import ZERO, Account, BankTransaction, Credit, CreditKind, Line
from simulator.refusals import NotFound, Refused

CREDITS = {
    "RECEIVE-PREPAYMENT": CreditKind.PREPAYMENT,
    "SPEND-PREPAYMENT": CreditKind.PREPAYMENT,
    "RECEIVE-OVERPAYMENT": CreditKind.OVERPAYMENT,
    "SPEND-OVERPAYMENT": CreditKind.OVERPAYMENT,
}
TYPES = frozenset({"RECEIVE", "SPEND", *CREDITS})
_CHANGED = ("date", "reference", "line_amount_types", "lines", "sub_total", "total_tax", "total",
            "total_discount")  # fmt: skip
_RECEIVABLE, _PAYABLE = "DEBTORS", "CREDITORS"


def find(ledger: Ledger, key: str) -> BankTransaction:
    """The transaction of an id. Raises NotFound."""
    known = ledger.bank_transactions.get(key.lower())
    if known is None:
        raise NotFound(key)
    return known


def save(
    ledger: Ledger, element: Element, *, decimals: int = 2, create_only: bool = False
) -> BankTransaction:
    """Create a transaction, or change the one the element names by id. Raises Refused."""
    known_id = None if create_only else identifier(element, "BankTransactionID")
    if known_id is None:
        return create(ledger, element, decimals=decimals)
    known = ledger.bank_transactions.get(known_id)
    if known is None:
        raise Refused("The bank transaction with the specified ID could not be found")
    return update(ledger, known, element, decimals=decimals)


def create(ledger: Ledger, element: Element, *, decimals: int = 2) -> BankTransaction:
    """Make a transaction, and the prepayment or overpayment that its type stands for.

    Raises:
        Refused: the element breaks rules.
    """
    kind = text(element, "Type")
    if kind not in TYPES:
        raise Refused(f"Bank transaction type '{kind or ''}' is not valid")
    account = _bank_account(ledger, element)
    known, write = contacts.named_in(ledger, element)
    if known is None and write is None:
        raise Refused("A Contact must be specified for this type of transaction")
    made = BankTransaction(
        id=ledger.new_id(),
        type=kind,
        contact_id="",
        currency=_currency(ledger, element, kind, account=account),
        date=day(element, "Date") or ledger.today(),
        status="AUTHORISED",
        reference=text(element, "Reference", 255) or "",
        url=text(element, "Url"),
        line_amount_types=_line_amount_types(element, kind),
        bank_account_id=account.id,
        is_reconciled=flag(element, "IsReconciled") or False,
    )
    if ledger.locked(made.date):
        raise Refused("The document date cannot be on or before the organisation's lock date")
    made.rate = exchange.document_rate(ledger, element, made.currency, on=made.date)
    _fill(ledger, made, element, decimals=decimals)
    contact = contacts.resolved(ledger, known, write)
    made.contact_id = contact.id
    contact.bank_transactions.add(made.id)
    credit = _credit(ledger, made)
    made.credit_id = None if credit is None else credit.id
    ledger.stamp(ledger.bank_transactions, made, None, "CREATE")
    if credit is not None:
        credits.enter(ledger, credit)
    return made


def update(
    ledger: Ledger, made: BankTransaction, element: Element, *, decimals: int = 2
) -> BankTransaction:
    """Change what the element carries, or delete the transaction by its Status.

    Raises:
        Refused: the transaction may not be changed, or not like this.
    """
    status = text(element, "Status") or made.status
    kind = text(element, "Type")
    if made.status == "DELETED":
        raise Refused("The bank transaction has already been deleted")
    if status not in {"AUTHORISED", "DELETED"} or kind not in {None, made.type}:
        raise Refused("The type of a bank transaction cannot be changed, nor its status so")
    if made.transfer_id is not None:
        raise Refused("The sides of a bank transfer cannot be changed: delete the transfer")
    if made.is_reconciled:
        raise Refused("This Bank Transaction cannot be edited as it has been reconciled")
    if ledger.locked(made.date):
        raise Refused("The document falls in a locked period and cannot be changed")
    credit = None
    if made.credit_id is not None:
        credit = ledger.credits[CREDITS[made.type]].by_id[made.credit_id]
    if status == "DELETED":
        if credit is not None:
            credits.void(ledger, credit)
        made.status = "DELETED"
    else:
        _change(ledger, made, credit, element, decimals=decimals)
    made.revision += 1
    ledger.stamp(ledger.bank_transactions, made, None, "UPDATE")
    if credit is not None and status != "DELETED":
        credits.changed(ledger, credit)
    return made


def reconcile(ledger: Ledger, made: BankTransaction, *, done: bool) -> None:
    """Match it with the bank's statement, or undo that, as Xero's app does. Raises Refused."""
    if made.status != "AUTHORISED" or made.is_reconciled is done:
        raise Refused("There is nothing to reconcile")
    made.is_reconciled = done
    made.revision += 1
    ledger.stamp(ledger.bank_transactions, made, None, "UPDATE")


def _change(
    ledger: Ledger,
    made: BankTransaction,
    credit: Credit | None,
    element: Element,
    *,
    decimals: int,
) -> None:
    """Date, reference, lines and whether it is reconciled; its credit follows."""
    if credit is not None and credit.is_applied:
        raise Refused("This document cannot be edited as it has a payment or credit allocated")
    trial = invoice_fields.trial_of(made)
    trial.date = day(element, "Date") or made.date
    if ledger.locked(trial.date):
        raise Refused("The document date cannot be on or before the organisation's lock date")
    reference, reconciled = text(element, "Reference", 255), flag(element, "IsReconciled")
    trial.reference = made.reference if reference is None else reference
    trial.is_reconciled = made.is_reconciled if reconciled is None else reconciled
    if parts(element, "LineItems"):
        trial.line_amount_types = _line_amount_types(element, made.type, held=made)
        _fill(ledger, trial, element, decimals=decimals)
    for name in _CHANGED:
        setattr(made, name, getattr(trial, name))
    made.is_reconciled = trial.is_reconciled
    if credit is not None:
        for name in _CHANGED:
            setattr(credit, name, getattr(made, name))
        credit.lines = [copy.copy(line) for line in made.lines]
        credit.number = made.reference if made.type == "RECEIVE-PREPAYMENT" else ""


def _credit(ledger: Ledger, made: BankTransaction) -> Credit | None:
    """The credit of a transaction: the same document, under an id of its own."""
    kind = CREDITS.get(made.type)
    if kind is None:
        return None
    sale = made.type == "RECEIVE-PREPAYMENT"
    return Credit(
        id=ledger.new_id(),
        type=made.type,
        contact_id=made.contact_id,
        currency=made.currency,
        date=made.date,
        status=made.status,
        number=made.reference if sale else "",
        reference=made.reference,
        line_amount_types=made.line_amount_types,
        lines=[copy.copy(line) for line in made.lines],
        rate=made.rate,
        sub_total=made.sub_total,
        total_tax=made.total_tax,
        total=made.total,
        kind=kind,
        bank_transaction_id=made.id,
    )


def _fill(ledger: Ledger, made: BankTransaction, element: Element, *, decimals: int) -> None:
    sent = parts(element, "LineItems") or []
    if not sent:
        raise Refused("One or more line items must be specified")
    if CREDITS.get(made.type) is CreditKind.OVERPAYMENT:
        made.lines = _overpaid_line(ledger, made, sent)
    else:
        made.lines = lines.read(ledger, made, sent, decimals=decimals, approving=True)
    sums = amounts.totals(made.lines, made.line_amount_types)
    made.sub_total, made.total_tax, made.total, made.total_discount = sums
    if made.total <= 0:
        raise Refused("The total of a bank transaction must be greater than zero")


def _overpaid_line(ledger: Ledger, made: BankTransaction, sent: list[Element]) -> list[Line]:
    """The one line of an overpayment: no tax, against receivables or payables."""
    if len(sent) != 1:
        raise Refused("An overpayment must have exactly one line item")
    (element,) = sent
    unit = decimal(element, "UnitAmount")
    amount = decimal(element, "LineAmount")
    if amount is None:
        amount = (decimal(element, "Quantity") or 1) * (unit or ZERO)
    amount = amounts.cents(amount)
    system = _RECEIVABLE if made.is_sale else _PAYABLE
    account = next((each for each in ledger.accounts if each.system == system), None)
    return [
        Line(
            id=ledger.new_id(),
            description=text(element, "Description"),
            quantity=amounts.ONE,
            unit_amount=amount,
            line_amount=amount,
            tax_type="NONE",
            tax_amount=ZERO,
            account_code=None if account is None else account.code,
        )
    ]


def _line_amount_types(element: Element, kind: str, *, held: BankTransaction | None = None) -> str:
    if CREDITS.get(kind) is CreditKind.OVERPAYMENT:
        return "NoTax"
    usual = "Inclusive" if held is None else held.line_amount_types
    wished = text(element, "LineAmountTypes") or usual
    if wished not in {"Exclusive", "Inclusive", "NoTax"}:
        raise Refused(f"LineAmountTypes '{wished}' is not valid")
    return wished


def _currency(ledger: Ledger, element: Element, kind: str, *, account: Account) -> str:
    bank = account.currency or ledger.country.currency
    sent = text(element, "CurrencyCode", 3)
    if sent is None or sent == bank:
        return bank
    if CREDITS.get(kind) is not CreditKind.OVERPAYMENT:
        raise Refused("Setting the currency is only supported on overpayments")
    if ledger.country.currency not in {sent, bank}:
        raise Refused("Payments that involve three currencies are not supported")
    return sent


def _bank_account(ledger: Ledger, element: Element) -> Account:
    sent = part(element, "BankAccount") or {}
    code, account_id = text(sent, "Code"), identifier(sent, "AccountID")
    account = ledger.account(code=code, account_id=account_id) if code or account_id else None
    if account is None or account.type != "BANK" or account.status != "ACTIVE":
        raise Refused("A BankAccount must be specified: an account of type BANK")
    return account
