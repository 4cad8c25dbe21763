"""Refunds: paying back a credit note, prepayment or overpayment, as a command of the credit.

What comes of it is a `payment` of kind `refund`, which can also be made as any payment is; only the
words differ. The payment itself stands in `resources/payment.py`.
"""

from typing import Any, Final

from unified.account_refs import write_account
from unified.commands import After, Command, Record, Words
from unified.entries import Field
from unified.model import Amount, Day, FreeText, Part, WrittenRef
from unified.vocabulary import DenormalizeError, Endpoint

_PAYMENTS: Final = "Payments"


class WrittenRefund(Part):
    """How much of a credit to pay back, from which account, on which day.

    `amount` is in the credit's currency, `bank_amount` in the account's.
    """

    account: WrittenRef
    amount: Amount
    date: Day
    bank_amount: Amount | None = None
    reference: FreeText | None = None


def _refunded(endpoint: Endpoint, record: Record, words: Words) -> dict[str, Any]:
    account = words.get("account") or {}
    if account.get("remote_id") is None and account.get("code") is None:
        raise DenormalizeError("/account", "which account is not said")
    told = {
        endpoint.path.removesuffix("s"): {endpoint.id_key: record["remote_id"]},
        "Account": write_account(account, words),
        "Amount": words.get("amount"),
        "Date": words.get("date"),
        "BankAmount": words.get("bank_amount"),
        "Reference": words.get("reference"),
    }
    return {_PAYMENTS: [{key: value for key, value in told.items() if value is not None}]}


REFUND: Final = Command(
    name="refund",
    summary="Pay the credit, or a part of it, back",
    xero=("PUT Payments", "POST Payments"),
    at="refunds",
    body=WrittenRefund,
    example={
        "account": {"code": "090"},
        "amount": "20.00",
        "date": "2026-11-23",
        "reference": "Returned goods",
    },
    content=_refunded,
    words=(
        Field("account", "Account"),
        Field("amount", "Amount"),
        Field("date", "Date"),
        Field("bank_amount", "BankAmount"),
        Field("reference", "Reference"),
    ),
    legal_in=frozenset({"open"}),
    after=After.SINGLE,
    makes=_PAYMENTS,
)
