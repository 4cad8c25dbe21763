"""The bank summary, and what is open of one contact's documents by age.

Source: Xero's "Reports" page and its examples. The aged reports show what is open at the end of a
day, credits below zero, in base currency, so that all contacts' together are what receivables or
payables hold.
"""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from simulator import contacts
from simulator.amounts import cents
from simulator.exchange import in_base
from simulator.ledger import Ledger
from simulator.model import ZERO, Contact, Credit, Document, Invoice
from simulator.postings import APPROVED
from simulator.report_asking import Asking
from simulator.report_wire import Report, Wire, header, long_day, money, row, section, summary
from simulator.wire import day_string


def bank_summary(asking: Asking) -> Report:
    """What came to and left each bank account in a month or other days."""
    ledger, figures = asking.ledger, asking.figures()
    start, end = asking.month()
    banks = [each for each in figures.accounts({"ASSET"}) if each.type == "BANK"]
    flows = {each.id: [ZERO, ZERO] for each in banks}
    for entry in ledger.general.standing():
        if start <= entry.date <= end:
            for line in entry.lines:
                if line.account_id in flows:
                    flows[line.account_id][line.net < 0] += abs(line.net)
    lines, sums = [], [ZERO] * 4
    for bank in banks:
        received, spent = flows[bank.id]
        closing = figures.held(bank, end)
        amounts = [closing - received + spent, received, spent, closing]
        sums = [one + other for one, other in zip(sums, amounts, strict=True)]
        lines.append(_bank_row(bank.id, bank.name, [money(each) for each in amounts]))
    labels = ("Opening Balance", "Cash Received", "Cash Spent", "Closing Balance")
    rows = [
        header("Bank Accounts", *labels),
        section("", [*lines, summary(["Total", *map(money, sums)])]),
    ]
    titles = ["Bank Summary", ledger.name, f"From {long_day(start)} to {long_day(end)}"]
    return Report("BankSummary", "Bank Summary", titles, rows)


def aged_receivables(asking: Asking) -> Report:
    """What a contact owes."""
    return _aged(asking, "Receivables", "Number", is_sale=True)


def aged_payables(asking: Asking) -> Report:
    """What is owed to a contact."""
    return _aged(asking, "Payables", "Reference", is_sale=False)


class Open(NamedTuple):
    """What is open of a document at the end of a day, in base currency."""

    document: Document
    total: Decimal
    paid: Decimal
    credited: Decimal

    @property
    def due(self) -> Decimal:
        """What is left."""
        return self.total - self.paid - self.credited


def open_documents(ledger: Ledger, contact: Contact, at: date, *, is_sale: bool) -> list[Open]:
    """The contact's documents of which something is open at the end of a day, oldest first."""
    documents: list[Document] = [ledger.invoices.by_id[key] for key in contact.documents]
    documents += [ledger.credits[kind].by_id[key] for kind, key in contact.credits]
    found = [
        _open(ledger, document, at)
        for document in documents
        if document.status in APPROVED and document.is_sale == is_sale and document.date <= at
    ]
    chosen = [each for each in found if each.due]
    return sorted(chosen, key=lambda each: (each.document.date, each.document.id))


def _open(ledger: Ledger, document: Document, at: date) -> Open:
    """What was paid, and credited or applied, by the end of a day; of a credit, below zero."""
    sign = -1 if isinstance(document, Credit) else 1
    payments = [ledger.payments.by_id[key] for key in document.payments]
    allocations = [ledger.allocations[key] for key in document.allocations]
    paid = sum((each.amount for each in payments if each.date <= at), ZERO)
    credited = sum((each.amount for each in allocations if each.date <= at), ZERO)
    rate = document.rate
    total, paid_base = in_base(document.total, rate), in_base(paid, rate)
    left = in_base(document.total - paid - credited, rate)
    # What is open is exact, so that it agrees with the ledger; what rounding leaves is credited.
    return Open(document, total * sign, paid_base * sign, cents(total - paid_base - left) * sign)


def _aged(asking: Asking, side: str, second: str, *, is_sale: bool) -> Report:
    ledger = asking.ledger
    contact = contacts.find(ledger, asking.contact_id)
    at = asking.day("date", ledger.today())
    found = open_documents(ledger, contact, at, is_sale=is_sale)
    first = min((each.document.date for each in found), default=at)
    start = asking.day("fromdate", first)
    end = asking.day("todate", at)
    earlier = [each for each in found if each.document.date < start]
    within = [each for each in found if start <= each.document.date <= end]
    opening = sum((each.due for each in earlier), ZERO)
    rows = [
        header("Date", second, "Due Date", "", "Total", "Paid", "Credited", "Due"),
        section(
            "", [row([day_string(start), "Opening Balance", "", "", "", "", "", money(opening)])]
        ),
    ]
    sums = [sum(values, ZERO) for values in zip(*map(_amounts, within), strict=True)]
    sums = sums or [ZERO] * 4
    if within:
        total = summary(["Total", "", "", "", *map(money, sums)])
        rows.append(section("", [*(_aged_row(each, at) for each in within), total]))
    closing = [*sums[:3], opening + sums[3]]
    rows.append(section("", [summary(["Closing Balance", "", "", "", *map(money, closing)])]))
    titles = [
        "Invoices",
        contact.name,
        f"From {long_day(start)} to {long_day(end)}",
        f"Showing payments to {long_day(at)}",
    ]
    return Report(f"Aged{side}ByContact", f"Aged {side} By Contact", titles, rows)


def _amounts(each: Open) -> list[Decimal]:
    return [each.total, each.paid, each.credited, each.due]


def _aged_row(each: Open, at: date) -> Wire:
    document = each.document
    due = document.due_date if isinstance(document, Invoice) else None
    late = (at - due).days if due is not None else 0
    cells = [
        day_string(document.date),
        document.number or document.reference,
        "" if due is None else day_string(due),
        f"{late} days overdue" if late > 0 else "",
        *map(money, _amounts(each)),
    ]
    return row(cells, invoiceID=document.id)


def _bank_row(account_id: str, name: str, amounts: list[str]) -> Wire:
    """A row as its example has it: the name and the flows lead to the account, balances do not."""
    opening, received, spent, closing = amounts
    whole = row([name, opening, received, spent, closing], account=account_id)
    whole["Cells"][0]["Attributes"][0]["Id"] = "accountID"
    for index in (1, 4):
        del whole["Cells"][index]["Attributes"]
    return whole
