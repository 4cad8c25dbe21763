"""Of which field a sentence of Xero's speaks.

Xero refuses with sentences for people, and seldom says of which key it speaks. So sentences are
known here by what is typical of them, with the keys they may be about, in the order of likelihood;
a sentence that is not known is searched for the name of a key. What was sent tells the line.
Nothing here decides anything: a caller sees Xero's own sentence beside what was found.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from unified.entries import Entry
from unified.pointing import Keys, pointer_of, value_at

#: (What a sentence looks like, the keys it may be about). `*` stands for the elements of a list:
#: that one which holds the `value` quoted, or which lacks the key, or all of it.
_KNOWN: Final[Sequence[tuple[str, tuple[str, ...]]]] = (
    # Codes that are quoted
    (
        r"account code '(?P<value>[^']*)'",
        (
            "LineItems/*/AccountCode",
            "JournalLines/*/AccountCode",
            "SalesDetails/AccountCode",
            "PurchaseDetails/AccountCode",
            "PurchaseDetails/COGSAccountCode",
            "InventoryAssetAccountCode",
        ),
    ),
    (
        r"taxtype code '(?P<value>[^']*)'",
        (
            "LineItems/*/TaxType",
            "JournalLines/*/TaxType",
            "SalesDetails/TaxType",
            "PurchaseDetails/TaxType",
            "TaxType",
        ),
    ),
    (r"item code '(?P<value>[^']*)'", ("LineItems/*/ItemCode",)),
    (r"lineamounttypes '", ("LineAmountTypes",)),
    # Lines
    (r"line description", ("LineItems/*/Description",)),
    (r"discount rate", ("LineItems/*/DiscountRate",)),
    (r"discounts are only", ("LineItems/*/DiscountRate", "LineItems/*/DiscountAmount")),
    (r"line (total|amount)|total of its lines|sum of its lines", ("LineItems",)),
    (r"lineamount of a journal line", ("JournalLines/*/LineAmount",)),
    (r"a line can have|trackingcategory", ("LineItems/*/Tracking", "JournalLines/*/Tracking")),
    (r"trackingoption", ("LineItems/*/Tracking", "JournalLines/*/Tracking")),
    (r"line item|at least two lines|total debits|together with the lines", ("LineItems",)),
    (r"at least two lines|total debits", ("JournalLines",)),
    (r"together with the lines", ("LineAmountTypes",)),
    (r"cannot be edited as it has a payment", ("LineItems", "Status")),
    (r"total .*(negative|greater than zero)|document total", ("LineItems",)),
    # Whom, with which money
    (r"contact persons", ("ContactPersons",)),
    (r"contact number", ("ContactNumber",)),
    (r"contact (group )?name", ("Name",)),
    (r"contact of the invoice|currency of the invoice|invoice to allocate|allocated to|"
     r"outstanding on the invoice|must have an invoice", ("Invoice",)),
    (r"contact (has been merged|is archived|status)", ("ContactStatus",)),
    (r"(a|the) contact\b", ("Contact", "ContactID", "Contacts")),
    (r"email address", ("EmailAddress",)),
    (r"address type", ("Addresses",)),
    (r"phone type", ("Phones",)),
    (r"payment terms", ("PaymentTerms",)),
    (r"currency rate", ("CurrencyRate",)),
    (r"bank amount", ("BankAmount",)),
    (r"three currencies|currency of a bank account|subscribed to currency|setting the currency|"
     r"currency code", ("CurrencyCode", "DefaultCurrency", "Code", "Account", "BankAccount")),
    (r"different currencies|two different ones", ("ToBankAccount",)),
    (r"\b(?P<key>(From|To)BankAccount)\b", ("FromBankAccount", "ToBankAccount")),
    (r"bankaccount must|bank account must", ("BankAccount",)),
    (r"paid once in a batch|payments of a batch|at least one payment", ("Payments",)),
    (r"one document|valid invoiceid|document with the specified|"
     r"against authorised documents", ("Invoice",)),
    (r"account (could not be found|type is invalid for)", ("Account",)),
    # Numbers, names, kinds
    (r"# must be unique|number (already|must)",
     ("InvoiceNumber", "CreditNoteNumber", "PurchaseOrderNumber", "QuoteNumber")),
    (r"price list item|account code is|unique code", ("Code",)),
    (r"account name|unique name|tax rate name|a name is|the name (field|')|narration",
     ("Name", "Narration")),
    (r"bank account number", ("BankAccountNumber",)),
    (r"bank account type", ("BankAccountType",)),
    (r"account type|(invoice|credit note) type|transaction type|type of a",
     ("Type",)),
    (r"cogsaccountcode", ("PurchaseDetails/COGSAccountCode",)),
    (r"become tracked", ("InventoryAssetAccountCode",)),
    (r"taxcomponent", ("TaxComponents",)),
    (r"schedule's period", ("Schedule/Period",)),
    (r"schedule's due", ("Schedule/DueDate",)),
    (r"enddate must", ("Schedule/EndDate",)),
    (r"schedule", ("Schedule",)),
    (r"expirydate", ("ExpiryDate",)),
    (r"duedate", ("DueDate",)),
    (r"details of a history", ("Details",)),
    # Amounts of payments, allocations, transfers
    (r"amount .*(greater than zero|exceeds)|remaining credit", ("Amount",)),
    # States and periods
    (r"file name|attachments? (can be|has)", ("FileName",)),
    (r"email limit", ("SentToContact",)),
    (r"allocated from|online invoices", ("Status",)),
    (r"reconcile", ("IsReconciled", "Status")),
    (r"lock date|locked period", ("Date",)),
    (r"system account", ("SystemAccount", "Status")),
    (r"status|voided|deleted|be edited|maximum number|cannot be changed|in use|been used|"
     r"cannot go from|modified|reached the limit", ("Status", "ContactStatus")),
)  # fmt: skip
_PATTERNS: Final = tuple((re.compile(text, re.IGNORECASE), keys) for text, keys in _KNOWN)
_WORD: Final = re.compile(r"[A-Z][A-Za-z]+")


@dataclass(frozen=True, slots=True)
class SaidOf:
    """What a sentence is about.

    Attributes:
        path: JSON pointer into the record; "" is the whole of it.
        remote_field: Xero's keys with slashes; None: nobody knows.
    """

    path: str
    remote_field: str | None


def said_of(
    entries: Sequence[Entry],
    message: str,
    *,
    place: Keys = (),
    body: Mapping[str, Any] | None = None,
) -> SaidOf:
    """Where a sentence of Xero's about one thing points to.

    Args:
        entries: the table of the thing, after that of a command's own words where it has one.
        place: where Xero hung it, in keys and indexes below the element; () is the element itself.
        body: the element as it was sent.
    """
    sent = body or {}
    for keys in _candidates(message, place, sent):
        pointer = pointer_of(entries, keys)
        if pointer is not None:
            return SaidOf(pointer, "/".join(str(key) for key in keys))
    pointer = pointer_of(entries, place) if place else ""
    where = "/".join(str(key) for key in place) or None
    return SaidOf(pointer or "", where)


def _candidates(message: str, place: Keys, sent: Mapping[str, Any]) -> Iterator[Keys]:
    """Places the sentence may be about, the likeliest first."""
    known = [(found, keys) for pattern, keys in _PATTERNS if (found := pattern.search(message))]
    spelled = [
        tuple(path.split("/"))
        for found, keys in known
        for path in keys
        if "value" in found.groupdict() or found.groupdict().get("key") in {None, path}
    ]
    value = next((f["value"] for f, _ in known if "value" in f.groupdict()), None)
    if place:
        # Hung below something: what it is about stands there, or is that itself.
        inner = [keys[keys.index("*") + 1 :] if "*" in keys else keys for keys in spelled]
        held = value_at(sent, place)
        yield from ((*place, *keys) for keys in inner if isinstance(held, dict))
        return
    placed = [_placed(keys, value, sent) for keys in spelled]
    if value:
        yield from (keys for keys in placed if _equals(value_at(sent, keys), value))
    yield from (keys for keys in placed if value_at(sent, keys) is not None)
    yield from placed
    for word in sorted(set(_WORD.findall(message)), key=len, reverse=True):
        yield (word,)


def _placed(keys: tuple[str, ...], value: str | None, sent: Mapping[str, Any]) -> Keys:
    """The keys with an index in the place of `*`; without the rest where no element fits."""
    if "*" not in keys:
        return keys
    at = keys.index("*")
    head, tail = keys[:at], keys[at + 1 :]
    elements = value_at(sent, head)
    for number, each in enumerate(elements if isinstance(elements, list) else ()):
        held = value_at(each, tail)
        fits = _equals(held, value) if value else held in (None, "") if value is None else False
        if fits:
            return (*head, number, *tail)
    if isinstance(elements, list) and len(elements) == 1:
        return (*head, 0, *tail)
    return head


def _equals(held: Any, value: str) -> bool:
    return held is not None and str(held).upper() == value.upper()
