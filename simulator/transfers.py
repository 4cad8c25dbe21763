"""Transfers between two bank accounts of an organisation, and how they look on the wire.

Source: Xero's page on bank transfers and the examples of its API description. A transfer can be
made and deleted, never changed; its two sides are bank transactions of the types SPEND-TRANSFER and
RECEIVE-TRANSFER. Lists compare If-Modified-Since with the time of creation, and leave out deleted
ones unless asked for them. The API takes no transfer between two currencies.
"""

from decimal import Decimal
from typing import Any

from simulator import amounts, attachments, exchange, tracking
from simulator.bookings import Transfer
from simulator.elements import Element, day, decimal, flag, identifier, part, parts, text
from simulator.ledger import Ledger
from simulator.model import ZERO, Account, BankTransaction, Line
from simulator.refusals import NotFound, Refused
from simulator.shapes import Shape
from simulator.wire import day_string, from_ms, ms_day, ms_instant

SIDES = {"From": "SPEND-TRANSFER", "To": "RECEIVE-TRANSFER"}
"""Xero's word for a side, with the type of its bank transaction."""


def find(ledger: Ledger, key: str) -> Transfer:
    """The transfer of an id. Raises NotFound."""
    known = ledger.transfers.get(key.lower())
    if known is None:
        raise NotFound(key)
    return known


def create(ledger: Ledger, element: Element) -> Transfer:
    """Move money between two bank accounts. Raises Refused."""
    source, target = _account(ledger, element, "From"), _account(ledger, element, "To")
    sent = decimal(element, "Amount")
    amount = None if sent is None else amounts.cents(sent)
    on = day(element, "Date") or ledger.today()
    base = ledger.country.currency
    problems = []
    if source is target:
        problems.append("The bank accounts of a transfer must be two different ones")
    if (source.currency or base) != (target.currency or base):
        problems.append("Transfers between accounts in different currencies are not supported")
    if amount is None or amount <= 0:
        problems.append("The Amount of a transfer must be greater than zero")
    if ledger.locked(on):
        problems.append("The document date cannot be on or before the organisation's lock date")
    if problems or amount is None:
        raise Refused(*problems)
    currency = source.currency or base
    made = Transfer(
        id=ledger.new_id(),
        from_account_id=source.id,
        to_account_id=target.id,
        amount=amount,
        date=on,
        from_transaction_id=ledger.new_id(),
        to_transaction_id=ledger.new_id(),
        rate=exchange.day_rate(currency, base, on),
        reference=text(element, "Reference", 255) or "",
        from_tracking=tracking.on_line(ledger, parts(element, "FromTracking") or []),
        to_tracking=tracking.on_line(ledger, parts(element, "ToTracking") or []),
    )
    ledger.stamp(ledger.transfers, made, None, "CREATE")
    words = f"Bank Transfer from {source.name} to {target.name}"
    for side, account in (("From", source), ("To", target)):
        leg = _leg(ledger, made, side, account=account, words=words)
        leg.is_reconciled = flag(element, f"{side}IsReconciled") or False
        ledger.stamp(ledger.bank_transactions, leg, None, "CREATE")
    return made


def delete(ledger: Ledger, transfer: Transfer, element: Element) -> Transfer:
    """Delete a transfer and with it its sides, which alone are stamped. Raises Refused."""
    if text(element, "Status") != "DELETED":
        raise Refused("Bank transfers can only be deleted: only the Status DELETED can be set")
    if transfer.status == "DELETED":
        raise Refused("The bank transfer has already been deleted")
    if ledger.locked(transfer.date):
        raise Refused("The document falls in a locked period and cannot be changed")
    sides = legs(ledger, transfer)
    if any(leg.is_reconciled for leg in sides):
        raise Refused("This Bank Transfer cannot be deleted as it has been reconciled")
    transfer.status = "DELETED"
    transfer.revision += 1
    ledger.book(transfer)  # which nothing stamps
    for leg in sides:
        leg.status = "DELETED"
        leg.revision += 1
        ledger.stamp(ledger.bank_transactions, leg, None, "UPDATE")
    return transfer


def legs(ledger: Ledger, transfer: Transfer) -> list[BankTransaction]:
    """The bank transactions of its sides: what is paid out, then what is received."""
    keys = (transfer.from_transaction_id, transfer.to_transaction_id)
    return [ledger.bank_transactions.by_id[key] for key in keys]


def wire(ledger: Ledger, transfer: Transfer, shape: Shape) -> dict[str, Any]:
    """The transfer as Xero shows it; lists show neither the codes of accounts nor the rate."""
    single = shape is Shape.SINGLE
    created = from_ms(transfer.updated_ms)
    out: dict[str, Any] = {
        "BankTransferID": transfer.id,
        "CreatedDateUTCString": created.strftime("%Y-%m-%dT%H:%M:%S"),
        "CreatedDateUTC": ms_instant(transfer.updated_ms),
        "DateString": day_string(transfer.date),
        "Date": ms_day(transfer.date),
        "Status": transfer.status,
        "FromBankAccount": _account_wire(ledger, transfer.from_account_id, coded=single),
        "ToBankAccount": _account_wire(ledger, transfer.to_account_id, coded=single),
        "Amount": transfer.amount,
        "FromBankTransactionID": transfer.from_transaction_id,
        "ToBankTransactionID": transfer.to_transaction_id,
    }
    for side, leg in zip(SIDES, legs(ledger, transfer), strict=True):
        out[f"{side}IsReconciled"] = leg.is_reconciled
    if transfer.reference:
        out["Reference"] = transfer.reference
    if single:
        out["CurrencyRate"] = transfer.rate.quantize(Decimal("0.000001"))
    out["HasAttachments"] = ledger.filing.has_files(transfer.id)
    out["FromTracking"], out["ToTracking"] = transfer.from_tracking, transfer.to_tracking
    if single:
        out |= attachments.within(ledger, transfer, "BankTransfers")
    return out


def _leg(
    ledger: Ledger, transfer: Transfer, side: str, *, account: Account, words: str
) -> BankTransaction:
    """One side: no contact, one line that names no account, no tax."""
    chosen = transfer.from_tracking if side == "From" else transfer.to_tracking
    line = Line(
        id=ledger.new_id(),
        description=words,
        quantity=amounts.ONE,
        unit_amount=transfer.amount,
        line_amount=transfer.amount,
        tax_type="NONE",
        tax_amount=ZERO,
        tracking=list(chosen),
    )
    return BankTransaction(
        id=transfer.from_transaction_id if side == "From" else transfer.to_transaction_id,
        type=SIDES[side],
        contact_id="",
        currency=account.currency or ledger.country.currency,
        date=transfer.date,
        status="AUTHORISED",
        reference=transfer.reference,
        line_amount_types="NoTax",
        lines=[line],
        rate=transfer.rate,
        sub_total=transfer.amount,
        total=transfer.amount,
        bank_account_id=account.id,
        transfer_id=transfer.id,
    )


def _account(ledger: Ledger, element: Element, side: str) -> Account:
    sent = part(element, f"{side}BankAccount") or {}
    code, account_id = text(sent, "Code"), identifier(sent, "AccountID")
    account = ledger.account(code=code, account_id=account_id) if code or account_id else None
    if account is None or account.type != "BANK" or account.status != "ACTIVE":
        raise Refused(f"A {side}BankAccount must be specified: an account of type BANK")
    return account


def _account_wire(ledger: Ledger, account_id: str, *, coded: bool) -> dict[str, Any]:
    account = ledger.account(account_id=account_id)
    out: dict[str, Any] = {"AccountID": account_id}
    if account is not None and coded and account.code:
        out["Code"] = account.code
    if account is not None:
        out["Name"] = account.name
    return out
