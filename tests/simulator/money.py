"""Documents that the tests of money deal with, made past the wire; all in New Zealand dollars."""

from typing import Any

from simulator.books import Tenant
from simulator.model import Credit, Invoice

LINE = {"Description": "Work", "Quantity": 2, "UnitAmount": "50.00", "AccountCode": "200"}
COST = {**LINE, "AccountCode": "400"}


def sale(tenant: Tenant, **wishes: Any) -> Invoice:
    """An approved sales invoice of 115.00 to Ada."""
    return tenant.create_invoice({**_document("ACCREC", LINE), **wishes})


def bill(tenant: Tenant, **wishes: Any) -> Invoice:
    """An approved bill of 115.00 from Ada."""
    return tenant.create_invoice({**_document("ACCPAY", COST), **wishes})


def note(tenant: Tenant, **wishes: Any) -> Credit:
    """An approved credit note of 115.00 to Ada."""
    return tenant.create_credit_note({**_document("ACCRECCREDIT", LINE), **wishes})


def supplier_note(tenant: Tenant, **wishes: Any) -> Credit:
    """An approved credit note of 115.00 from Ada."""
    return tenant.create_credit_note({**_document("ACCPAYCREDIT", COST), **wishes})


def prepayment(tenant: Tenant, kind: str = "RECEIVE-PREPAYMENT", **wishes: Any) -> Credit:
    """A prepayment of 115.00."""
    made = tenant.bank({**advance(kind), **wishes})
    return tenant.credit(str(made.credit_id))


def overpayment(tenant: Tenant, kind: str = "RECEIVE-OVERPAYMENT", **wishes: Any) -> Credit:
    """An overpayment of 115.00."""
    made = tenant.bank({**excess(kind), **wishes})
    return tenant.credit(str(made.credit_id))


def advance(kind: str = "RECEIVE-PREPAYMENT") -> dict[str, Any]:
    """The bank transaction of a prepayment."""
    line = LINE if kind.startswith("RECEIVE") else COST
    return {
        "Type": kind,
        "Contact": {"Name": "Ada"},
        "BankAccount": {"Code": "090"},
        "LineAmountTypes": "Exclusive",
        "LineItems": [line],
    }


def excess(kind: str = "RECEIVE-OVERPAYMENT") -> dict[str, Any]:
    """The bank transaction of an overpayment."""
    return {
        "Type": kind,
        "Contact": {"Name": "Ada"},
        "BankAccount": {"Code": "090"},
        "LineItems": [{"Description": "Paid twice", "LineAmount": "115.00"}],
    }


def _document(kind: str, line: dict[str, Any]) -> dict[str, Any]:
    return {
        "Type": kind,
        "Status": "AUTHORISED",
        "Contact": {"Name": "Ada"},
        "Date": "2026-03-10",
        "DueDate": "2026-03-20",
        "LineItems": [line],
    }
