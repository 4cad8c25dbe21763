"""What the lists of credits and bank transactions can be asked: values for listing.py."""

from collections.abc import Callable
from typing import Any, TypeVar

from simulator.ledger import Ledger
from simulator.listing import Catalogue, words_in
from simulator.model import BankTransaction, Credit, CreditKind, Document
from simulator.query import Getter, Test
from simulator.wire import moment

D = TypeVar("D", bound=Document)


def credit_catalogue(ledger: Ledger, kind: CreditKind) -> Catalogue[Credit]:
    """Credit notes: where alone. Overpayments: References. Prepayments: InvoiceNumbers, too."""
    number = "creditnotenumber" if kind is CreditKind.CREDIT_NOTE else "invoicenumber"
    fields: dict[str, Getter[Credit]] = {
        **_fields(ledger),
        kind.id_key.lower(): lambda credit: credit.id,
        number: lambda credit: credit.number,
        "remainingcredit": lambda credit: credit.remaining,
        "fullypaidondate": lambda credit: credit.fully_paid_on,
        "duedate": lambda credit: credit.due_date,
    }
    filters: dict[str, Callable[[str], Test[Credit]]] = {}
    if kind is not CreditKind.CREDIT_NOTE:
        filters["references"] = _references
    if kind is CreditKind.PREPAYMENT:
        filters["invoicenumbers"] = _numbers
    return Catalogue(
        id_key=kind.id_key,
        fields=fields,
        orders={"date": lambda credit: credit.date, "total": lambda credit: credit.total},
        filters=filters,
    )


def bank_catalogue(ledger: Ledger) -> Catalogue[BankTransaction]:
    """Bank transactions: where and References."""
    fields: dict[str, Getter[BankTransaction]] = {
        **_fields(ledger),
        "banktransactionid": lambda made: made.id,
        "bankaccount.accountid": lambda made: made.bank_account_id,
        "isreconciled": lambda made: made.is_reconciled,
    }
    return Catalogue(
        id_key="BankTransactionID",
        fields=fields,
        orders={"date": lambda made: made.date, "total": lambda made: made.total},
        filters={"references": _references},
    )


def _fields(ledger: Ledger) -> dict[str, Callable[[Document], Any]]:
    """What `where` may name on all of them."""

    def contact_field(key: str) -> Callable[[Document], Any]:
        def read(document: Document) -> Any:
            contact = ledger.contacts.get(document.contact_id)
            return None if contact is None else contact.fields.get(key)

        return read

    return {
        "type": lambda document: document.type,
        "status": lambda document: document.status,
        "date": lambda document: document.date,
        "reference": lambda document: document.reference,
        "total": lambda document: document.total,
        "currencycode": lambda document: document.currency,
        "updateddateutc": lambda document: moment(document.updated_ms),
        "contact.contactid": lambda document: document.contact_id or None,
        "contact.name": contact_field("Name"),
        "contact.contactnumber": contact_field("ContactNumber"),
    }


def _references(sent: str) -> Callable[[Document], bool]:
    wanted = words_in(sent)
    return lambda document: document.reference in wanted


def _numbers(sent: str) -> Callable[[Document], bool]:
    wanted = words_in(sent)
    return lambda document: document.number in wanted
