"""Accounts: creating, changing, archiving and deleting them, with Xero's refusals.

Source: Xero's "Accounts" page, and messages as callers of it have quoted them. Status is changed
alone; system accounts stay; what is used can be archived only.
"""

from typing import Any

from simulator import usage
from simulator.elements import Element, flag, text
from simulator.ledger import Ledger
from simulator.model import Account
from simulator.reference import ACTIVE, ARCHIVED, DELETED
from simulator.refusals import NotFound, Refused
from simulator.wire import ms_instant

CLASSES = {
    "BANK": "ASSET",
    "CURRENT": "ASSET",
    "INVENTORY": "ASSET",
    "PREPAYMENT": "ASSET",
    "FIXED": "ASSET",
    "NONCURRENT": "ASSET",
    "CURRLIAB": "LIABILITY",
    "LIABILITY": "LIABILITY",
    "TERMLIAB": "LIABILITY",
    "PAYG": "LIABILITY",
    "EQUITY": "EQUITY",
    "REVENUE": "REVENUE",
    "SALES": "REVENUE",
    "OTHERINCOME": "REVENUE",
    "DIRECTCOSTS": "EXPENSE",
    "EXPENSE": "EXPENSE",
    "OVERHEADS": "EXPENSE",
    "DEPRECIATN": "EXPENSE",
}
_REPORTING = {
    "ASSET": ("ASS", "Assets"),
    "LIABILITY": ("LIA", "Liabilities"),
    "EQUITY": ("EQU", "Equity"),
    "REVENUE": ("REV", "Revenue"),
    "EXPENSE": ("EXP", "Expense"),
}
_BANK_KINDS = frozenset({"BANK", "CREDITCARD", "PAYPAL"})
_TEXTS = (
    ("name", "Name"),
    ("type", "Type"),
    ("tax_type", "TaxType"),
    ("description", "Description"),
    ("reporting_code", "ReportingCode"),
)
_FLAGS = (
    ("takes_payments", "EnablePaymentsToAccount"),
    ("in_expense_claims", "ShowInExpenseClaims"),
    ("is_watched", "AddToWatchlist"),
)
#: Sent back by callers who change what they have read; Xero does not take them.
_READ_ONLY = frozenset({"AccountID", "Class", "SystemAccount", "ReportingCodeName",
                        "UpdatedDateUTC", "HasAttachments", "ValidationErrors"})  # fmt: skip


def find(ledger: Ledger, key: str) -> Account:
    """The account of an id. Raises NotFound."""
    known = ledger.reference.accounts.get(key.lower())
    if known is None:
        raise NotFound(key)
    return known


def create(ledger: Ledger, element: Element) -> Account:
    """Add an account to the chart. Raises Refused."""
    kind = (text(element, "Type") or "").upper()
    if kind not in CLASSES:
        raise Refused("Account Type is invalid" if kind else "Account Type is required")
    account = Account(ledger.new_id(), "", "", kind)
    account.tax_type = _default_tax(ledger, kind)
    _apply(ledger, account, element)
    if not account.name:
        raise Refused("Account Name is required")
    if not account.code and kind != "BANK":
        raise Refused("Account Code is required")
    if kind == "BANK" and not account.bank_number:
        raise Refused("Bank Account Number is required")
    ledger.stamp(ledger.reference.accounts, account, None, "CREATE")
    return account


def update(ledger: Ledger, account: Account, element: Element) -> Account:
    """Change an account, or its status and nothing else. Raises Refused."""
    details = set(element) - _READ_ONLY - {"Status"}
    status = text(element, "Status")
    if status is not None and details:
        raise Refused("Cannot update account details and STATUS on the same request")
    if status is not None:
        _move(account, status)
    else:
        _apply(ledger, account, element)
    ledger.stamp(ledger.reference.accounts, account, None, "UPDATE")
    return account


def delete(ledger: Ledger, account: Account) -> dict[str, Any]:
    """Remove an account that nothing uses; its last form. Raises Refused."""
    if account.system:
        raise Refused("You cannot delete a system account.")
    if usage.of_account(ledger, account):
        raise Refused("The account cannot be deleted as it is in use. It can be archived instead.")
    account.status = DELETED
    ledger.stamp(ledger.reference.accounts, account, None, "UPDATE")
    last = wire(ledger, account)
    ledger.reference.accounts.drop(account.id)
    return last


def wire(ledger: Ledger, account: Account) -> dict[str, Any]:
    """The account as Xero shows it, in lists and alone; keys without a value are left out."""
    category = CLASSES[account.type]
    code, name = _REPORTING[category]
    is_bank = account.type == "BANK"
    out: dict[str, Any] = {"AccountID": account.id}
    if account.code:
        out["Code"] = account.code
    out |= {"Name": account.name, "Status": account.status, "Type": account.type}
    out["TaxType"] = account.tax_type
    if account.description and not is_bank:
        out["Description"] = account.description
    out |= {
        "Class": category,
        "EnablePaymentsToAccount": account.takes_payments and not is_bank,
        "ShowInExpenseClaims": account.in_expense_claims,
    }
    if is_bank:
        out |= {
            "BankAccountNumber": account.bank_number,
            "BankAccountType": account.bank_kind,
            "CurrencyCode": account.currency,
        }
    if account.system:
        out["SystemAccount"] = account.system
    out |= {
        "ReportingCode": account.reporting_code or code,
        "ReportingCodeName": name,
        "HasAttachments": ledger.filing.has_files(account.id),
        "UpdatedDateUTC": ms_instant(account.updated_ms),
        "AddToWatchlist": account.is_watched,
    }
    return out


def _move(account: Account, status: str) -> None:
    if status not in {ACTIVE, ARCHIVED}:
        raise Refused(f"The account status '{status}' is not valid")
    if account.system and status == ARCHIVED:
        raise Refused("You cannot archive a system account.")
    account.status = status


def _apply(ledger: Ledger, account: Account, element: Element) -> None:
    """Set what the element carries, all of it or, when refused, nothing."""
    problems = _problems(ledger, account, element)
    if problems:
        raise Refused(*problems)
    code = text(element, "Code")
    if code is not None and code != account.code:
        if account.code:
            usage.recode(ledger, "account_code", account.code, code)
        account.code = code
    for attribute, key in _TEXTS:
        said = text(element, key)
        if said is not None:
            setattr(account, attribute, said)
    account.type = account.type.upper()
    for attribute, key in _FLAGS:
        told = flag(element, key)
        if told is not None:
            setattr(account, attribute, told)
    if account.type == "BANK":
        account.takes_payments = True
        account.bank_number = text(element, "BankAccountNumber") or account.bank_number
        account.bank_kind = text(element, "BankAccountType") or account.bank_kind or "BANK"
        own = account.currency or ledger.country.currency
        account.currency = text(element, "CurrencyCode") or own


def _problems(ledger: Ledger, account: Account, element: Element) -> list[str]:
    problems: list[str] = []
    code, name = text(element, "Code"), text(element, "Name")
    others = [each for each in ledger.reference.accounts if each is not account]
    if code is not None and len(code) > 10:
        problems.append("Account Code is too long. Maximum of 10 characters allowed")
    if code and any(each.code == code for each in others):
        problems.append("Please enter a unique Code.")
    if name is not None and not 1 <= len(name) <= 150:
        problems.append("Account Name must be from 1 to 150 characters")
    if name and any(each.name.lower() == name.lower() for each in others):
        problems.append("Please enter a unique Name.")
    kind = (text(element, "Type") or account.type).upper()
    if kind not in CLASSES or ((kind == "BANK") != (account.type == "BANK")):
        problems.append("Account Type is invalid")
    elif account.system and kind != account.type:
        problems.append("The Type of a system account cannot be changed")
    tax_type = text(element, "TaxType")
    if tax_type is not None and not ledger.may_tax(tax_type):
        problems.append(f"The TaxType code '{tax_type}' does not exist or cannot be used here")
    return problems + _bank_problems(ledger, account, element)


def _bank_problems(ledger: Ledger, account: Account, element: Element) -> list[str]:
    if account.type != "BANK":
        return []
    problems = []
    kind, currency = text(element, "BankAccountType"), text(element, "CurrencyCode")
    if kind and kind not in _BANK_KINDS:
        problems.append("Bank Account Type is invalid")
    if currency and ledger.reference.currencies.get(currency) is None:
        problems.append(f"Organisation is not subscribed to currency {currency}")
    if currency and account.currency and currency != account.currency:
        problems.append("The currency of a bank account cannot be changed")
    return problems


def _default_tax(ledger: Ledger, kind: str) -> str:
    match CLASSES[kind]:
        case "REVENUE":
            return ledger.country.output
        case "EXPENSE":
            return ledger.country.input
        case _:
            return "NONE"
