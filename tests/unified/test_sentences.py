"""What Xero complains of is found: each sentence of the simulator's leads to a unified field.

The sentences are read out of the simulator's own source, so that a new one cannot be forgotten. The
whole way, through the api, is in tests/api.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from unified.resources import by_endpoint, operations_of
from unified.sentences import SaidOf, said_of

SIMULATOR = Path(__file__).parent.parent.parent / "simulator"
#: The endpoints whose writes each module judges, with the command where it is no record of theirs.
JUDGED: Mapping[str, tuple[str, ...]] = {
    "attachments": ("Invoices:upload",),
    "allocations": ("CreditNotes:allocate", "Overpayments:allocate", "Prepayments:allocate"),
    "bank_transactions": ("BankTransactions",),
    "batches": ("BatchPayments",),
    "chart": ("Accounts",),
    "contact_fields": ("Contacts",),
    "contacts": ("Invoices", "Contacts"),
    "credit_notes": ("CreditNotes",),
    "credits": ("CreditNotes",),
    "currencies": ("Currencies",),
    "exchange": ("Invoices", "Payments"),
    "groups": ("ContactGroups", "ContactGroups:add_members"),
    "history": ("Invoices:add_note",),
    "invoice_fields": ("Invoices", "CreditNotes"),
    "invoices": ("Invoices",),
    "items": ("Items",),
    "lines": ("Invoices", "CreditNotes", "BankTransactions", "PurchaseOrders", "Quotes"),
    "manual_journals": ("ManualJournals",),
    "payments": ("Payments", "CreditNotes:refund"),
    "promising": ("PurchaseOrders", "Quotes", "RepeatingInvoices"),
    "purchase_orders": ("PurchaseOrders",),
    "quotes": ("Quotes",),
    "repeating": ("RepeatingInvoices",),
    "sending": ("Invoices",),
    "tax_rates": ("TaxRates",),
    "tracking": ("TrackingCategories", "Invoices"),
    "transfers": ("BankTransfers",),
}
#: What no write of ours provokes, since it is never sent so: parts of the sentences.
NEVER_SENT = (
    "with the specified ID could not be found",  # a thing is changed at its own address
    "with the specified InvoiceID could not be found",
    "with the specified CreditNoteID could not be found",
    "PurchaseOrderID was not found",
    "with the specified QuoteID could not be found",
    "Item could not be found",
    "with the supplied id was not found",
    "can only be deleted: only the Status DELETED can be set",  # nothing else is sent
    "template can only be deleted",
    "contacts cannot be merged",  # Xero's app alone merges
    "identify the contact",  # a contact goes out by its id
    "on the same request",  # refused before it leaves
    "does not match",  # amounts that Xero computes are never sent
    "There is nothing to reconcile",
    "A XBankAccount",  # either side by its own name, below
)
#: Sentences that are about one endpoint alone, by a part of them.
ABOUT_ONE: Mapping[str, str] = {
    "tracking categories has been reached": "TrackingCategories",
    "cannot be deleted as it has been used": "TrackingCategories",
    "A Name is required": "TrackingCategories",
    "The Name field must be": "TrackingCategories",
    "is already used": "TrackingCategories",
    "The status '": "TrackingCategories",
    "A line can have": "Invoices",
    "does not exist or is not active": "Invoices",
    "The contact name": "Contacts",
    "The contact number": "Contacts",
    "The contact has been merged": "Contacts",
    "The contact is archived": "Contacts",
    "A Contact must be": "Invoices",
    "specified contact details": "Invoices",
    "bank amount": "Payments",
    "three currencies": "Payments",
    "currency rate": "Payments",
    "The contact group name": "ContactGroups",
    "contact groups.": "ContactGroups",
    "Discounts are only": "BankTransactions",
    "Item code '": "Invoices",
    "against one document": "Payments",
    "or other document": "Payments",
}
LINE: Mapping[str, Any] = {"LineAmount": "1.00"}
BODY: Mapping[str, Any] = {"LineItems": [LINE], "JournalLines": [LINE], "Date": "2026-11-23"}


def sentences() -> Iterator[tuple[str, str]]:
    """(Module, sentence) of every refusal in the simulator; what is put in stands as `X`."""
    for path in sorted(SIMULATOR.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            refuses = isinstance(node.func, ast.Name) and node.func.id == "Refused"
            collects = isinstance(node.func, ast.Attribute) and node.func.attr == "append"
            if refuses or (collects and "problems" in ast.unparse(node.func)):
                for each in node.args:
                    yield from ((path.stem, text) for text in _texts(each))


def _texts(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        parts = [v.value if isinstance(v, ast.Constant) else "X" for v in node.values]
        return ["".join(str(part) for part in parts)]
    if isinstance(node, ast.IfExp):
        return _texts(node.body) + _texts(node.orelse)
    return []


SENTENCES = sorted({*sentences()})
PROVOKED = [
    (module, sentence)
    for module, sentence in SENTENCES
    if module in JUDGED
    and not any(part in sentence for part in NEVER_SENT)
    and (module, sentence) != ("tax_rates", "The TaxType code 'X' does not exist")  # as the ids
]


def pointed(endpoint: str, sentence: str, body: Mapping[str, Any] = BODY) -> SaidOf:
    """Where a sentence about a thing of an endpoint, or a command of it, leads to."""
    path, _, name = endpoint.partition(":")
    source = by_endpoint(path)
    assert source is not None
    words = next((each.words for each in operations_of(source) if each.name == name), ())
    return said_of((*words, *source.entries), sentence, body=body)


def test_all_that_the_simulator_says_is_found_in_its_source() -> None:
    """Else the tests below would hold for nothing."""
    modules = {module for module, _ in SENTENCES}

    assert len(SENTENCES) > 150
    assert set(JUDGED) - {"promising", "credits"} <= modules
    # These are asked for by nobody through the api: settings of payments, Xero's own app.
    assert modules - set(JUDGED) <= {
        "booking_endpoints", "elements", "tenant", "themes",
    }  # fmt: skip


@pytest.mark.parametrize(("module", "sentence"), PROVOKED)
def test_each_sentence_leads_to_a_field(module: str, sentence: str) -> None:
    """A form that shows an error beside its field can't do with a sentence alone."""
    about = [one for part, one in ABOUT_ONE.items() if part in sentence]
    for endpoint in about[:1] or JUDGED[module]:
        found = pointed(endpoint, sentence)

        assert found.path.startswith("/"), f"{endpoint}: {sentence}"
        assert found.remote_field


@pytest.mark.parametrize(
    ("endpoint", "sentence", "path"),
    [
        ("Invoices", "Account code '999' is not a valid code for this document.",
         "/line_items/1/account"),
        ("Invoices", "The TaxType code 'X' does not exist or cannot be used here",
         "/line_items/1/tax_rate"),
        ("Invoices", "Description: The line description must be specified",
         "/line_items/0/description"),
        ("Invoices", "Item code 'GONE' is not valid", "/line_items/0/item"),
        ("Invoices", "The DueDate must be specified", "/due_date"),
        ("Invoices", "Invoice # must be unique.", "/number"),
        ("Invoices", "Invoice not of valid status for modification", "/status"),
        ("Invoices", "The document date cannot be on or before the organisation's lock date",
         "/issue_date"),
        ("Invoices", "A Contact must be specified for this type of transaction", "/contact"),
        ("CreditNotes", "Credit note # must be unique.", "/number"),
        ("CreditNotes:allocate", "The amount allocated exceeds the remaining credit of this "
         "document", "/amount"),
        ("CreditNotes:allocate", "The invoice to allocate to could not be found", "/target"),
        ("CreditNotes:refund", "Account type is invalid for making payments", "/account"),
        ("Payments", "Payment amount exceeds the amount outstanding on this document", "/amount"),
        ("Payments", "Payments can only be made against Authorised documents",
         "/applied_to/0/ref"),
        ("Accounts", "Please enter a unique Code.", "/code"),
        ("Accounts", "Account Name is required", "/name"),
        ("Accounts", "You cannot archive a system account.", "/system_role"),
        ("Contacts", "Email address nobody is not valid", "/email"),
        ("Contacts", "The payment terms are not valid", "/payment_terms"),
        ("ContactGroups:add_members", "The contact with the specified contact details could not "
         "be found", "/members"),
        ("Items", "Price List Item with Code 'A' already exists", "/code"),
        ("Items", "A tracked item's purchase details must have a COGSAccountCode",
         "/purchase/account"),
        ("ManualJournals", "The total debits (1) must equal total credits (2)", "/lines"),
        ("ManualJournals", "A Narration must be specified", "/memo"),
        ("BankTransactions", "A BankAccount must be specified: an account of type BANK",
         "/account"),
        ("BankTransfers", "A ToBankAccount must be specified: an account of type BANK",
         "/counter_account"),
        ("BankTransfers", "A FromBankAccount must be specified: an account of type BANK",
         "/account"),
        ("BankTransfers", "The Amount of a transfer must be greater than zero", "/total"),
        ("RepeatingInvoices", "The Schedule's DueDate and DueDateType are not valid",
         "/schedule/due_rule/day"),
        ("TaxRates", "A TaxComponent must have a Name and a Rate from 0 to 100", "/components"),
        ("TrackingCategories:add_option", "The name 'North' is already used", "/name"),
        ("Quotes", "The ExpiryDate must not be before the Date", "/expiry_date"),
        ("Invoices", "The Reference field must be 255 characters or less", "/reference"),
    ],
)  # fmt: skip
def test_sentence_leads_to_the_right_field(endpoint: str, sentence: str, path: str) -> None:
    """By what was sent, where a sentence quotes it: then to the line that holds it."""
    lines = [
        {"ItemCode": "GONE", "AccountCode": "200", "TaxType": "OUTPUT"},
        {"Description": "Work", "AccountCode": "999", "TaxType": "X"},
    ]

    assert path == pointed(endpoint, sentence, {"LineItems": lines}).path


def test_place_that_xero_tells_wins() -> None:
    """Where Xero hangs a sentence on a line itself, nothing is guessed."""
    source = by_endpoint("Invoices")
    assert source is not None

    found = said_of(
        source.entries,
        "Account code '999' is not a valid code for this document.",
        place=("LineItems", 1),
        body={"LineItems": [{}, {"AccountCode": "999"}]},
    )

    assert SaidOf("/line_items/1/account", "LineItems/1/AccountCode") == found


def test_sentence_that_nobody_knows_is_about_the_whole() -> None:
    """And is shown all the same."""
    source = by_endpoint("Invoices")
    assert source is not None

    assert SaidOf("", None) == said_of(source.entries, "Something odd happened.", body={})
