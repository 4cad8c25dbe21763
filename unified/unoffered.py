"""What Xero's accounting API lets one change and Ledgerwire does not offer, with the reason.

Together with what the resource files declare these are all of its PUT, POST and DELETE operations,
as its description of 13 July 2026 (16.1.0) has them. The proxy reaches each of them.
"""

from collections.abc import Mapping
from typing import Final

_CLASSIC_EXPENSES: Final = (
    "Xero calls classic expenses deprecated and turns them off in February 2027"
)
_ONLINE_PAYMENT: Final = (
    "settings of online payment: no record of the books, of a scope that Xero gives to providers "
    "of payment services alone"
)
_BILLABLE: Final = (
    "a billable expense is a link between a line of a bill and one of an invoice: no record of the "
    "unified model, so nothing could be mirrored or published of it"
)
_SETUP: Final = (
    "sets up an organisation that is moved to Xero, by replacing its chart of accounts and opening "
    "balances at once: done once, before there are books to mirror"
)

UNOFFERED: Final[Mapping[str, str]] = {
    "POST /BrandingThemes/{BrandingThemeID}/PaymentServices": _ONLINE_PAYMENT,
    "PUT /PaymentServices": _ONLINE_PAYMENT,
    "PUT /ExpenseClaims": _CLASSIC_EXPENSES,
    "POST /ExpenseClaims/{ExpenseClaimID}": _CLASSIC_EXPENSES,
    "PUT /ExpenseClaims/{ExpenseClaimID}/History": _CLASSIC_EXPENSES,
    "PUT /Receipts": _CLASSIC_EXPENSES,
    "POST /Receipts/{ReceiptID}": _CLASSIC_EXPENSES,
    "PUT /Receipts/{ReceiptID}/Attachments/{FileName}": _CLASSIC_EXPENSES,
    "POST /Receipts/{ReceiptID}/Attachments/{FileName}": _CLASSIC_EXPENSES,
    "PUT /Receipts/{ReceiptID}/History": _CLASSIC_EXPENSES,
    "PUT /LinkedTransactions": _BILLABLE,
    "POST /LinkedTransactions/{LinkedTransactionID}": _BILLABLE,
    "DELETE /LinkedTransactions/{LinkedTransactionID}": _BILLABLE,
    "POST /Setup": _SETUP,
}
