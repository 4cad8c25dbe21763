"""Money beside the documents of `records`: payments, a refund, three kinds of credit, and what they
come to for a CRM. Raw objects and records stand side by side, each written by hand.

The organisation's base currency is the New Zealand dollar. A sale of 100.00 US dollars at 0.60
(166.67) is settled by a credit note at 0.64 (40.00: 62.50, booked as 66.67) and a prepayment at
0.50 (60.00: 120.00, booked as 100.00): together a gain of 15.83.
"""

from typing import Any

from tests.oracle import records as r
from tests.oracle.records import Json, common, ms, ref

SOLD = "22222222-bbbb-4bbb-8bbb-000000000005"
LINE_5 = "33333333-cccc-4ccc-8ccc-000000000005"
LINE_6 = "33333333-cccc-4ccc-8ccc-000000000006"
UNDONE = "44444444-dddd-4ddd-8ddd-000000000003"
REFUND = "44444444-dddd-4ddd-8ddd-000000000004"
NOTE = "77777777-1111-4111-8111-000000000001"
VOID_NOTE = "77777777-1111-4111-8111-000000000002"
PREPAID = "77777777-2222-4222-8222-000000000001"
OVERPAID = "77777777-3333-4333-8333-000000000001"
ALLOCATION_1 = "88888888-4444-4444-8444-000000000001"
ALLOCATION_2 = "88888888-4444-4444-8444-000000000002"
BANK = "55555555-eeee-4eee-8eee-000000000002"


def uid(resource: str, remote_id: str) -> str:
    """The unified id that the README promises."""
    return r.uid(resource, remote_id)


# --- an invoice that credits settled -----------------------------------------------------------

RAW_SOLD: Json = {
    "Type": "ACCREC",
    "InvoiceID": SOLD,
    "InvoiceNumber": "INV-0045",
    "Payments": [],
    "CreditNotes": [
        {"CreditNoteID": NOTE, "CreditNoteNumber": "CN-1", "ID": NOTE, "AppliedAmount": 40.00,
         "Date": ms("2026-10-05"), "LineItems": [], "Total": 50.00}
    ],
    "Prepayments": [
        {"PrepaymentID": PREPAID, "ID": PREPAID, "AppliedAmount": 60.00, "Date": ms("2026-09-20"),
         "LineItems": [], "Total": 75.00}
    ],
    "Overpayments": [],
    "AmountDue": 0.00,
    "AmountPaid": 0.00,
    "AmountCredited": 100.00,
    "CurrencyRate": 0.6000000000,
    "IsDiscounted": False,
    "HasAttachments": False,
    "Contact": {"ContactID": r.CUSTOMER, "Name": "Ridgeway University"},
    "Date": ms("2026-10-01"),
    "DueDate": ms("2026-11-01"),
    "Status": "PAID",
    "LineAmountTypes": "NoTax",
    "LineItems": [],
    "SubTotal": 100.00,
    "TotalTax": 0.00,
    "Total": 100.00,
    "CurrencyCode": "USD",
    "FullyPaidOnDate": ms("2026-10-05"),
}  # fmt: skip
SOLD_RECORD: Json = {
    **common("invoice", SOLD, "paid", "PAID"),
    **r.NO_DOCUMENT,
    "type": "invoice",
    "number": "INV-0045",
    "contact": ref("contact", r.CUSTOMER, name="Ridgeway University"),
    "issue_date": "2026-10-01",
    "due_date": "2026-11-01",
    "paid_on": "2026-10-05",
    "payment_status": "paid",
    "currency": "USD",
    "exchange_rate_to_base": "1.666666667",
    "provider_exchange_rate": "0.6",
    "tax_mode": "none",
    "subtotal": "100.00",
    "subtotal_base": "166.67",
    "total_tax": "0.00",
    "total_tax_base": "0.00",
    "total": "100.00",
    "total_base": "166.67",
    "line_items": [],
    "amount_due": "0.00",
    "amount_due_base": "0.00",
    "amount_paid": "0.00",
    "amount_paid_base": "0.00",
    "amount_credited": "100.00",
    "amount_credited_base": "166.67",
    "realised_gain_base": "0.00",
    "credits": [
        {
            "id": NOTE,
            "resource": "credit_note",
            "ref": ref("credit_note", NOTE, name="CN-1"),
            "amount": "40.00",
            "date": "2026-10-05",
        },
        {
            "id": PREPAID,
            "resource": "prepayment",
            "ref": ref("prepayment", PREPAID),
            "amount": "60.00",
            "date": "2026-09-20",
        },
    ],
}

# --- credits -----------------------------------------------------------------------------------

NO_CREDIT: Json = {
    "remote_type": None,
    "reference": None,
    "base_currency": "NZD",
    "remote_tax_mode": None,
    "total_discount": None,
    "total_discount_base": None,
    "has_attachments": False,
    "payments": [],
    "allocations": [],
}
RAW_NOTE: Json = {
    "CreditNoteID": NOTE,
    "CreditNoteNumber": "CN-1",
    "Payments": [],
    "ID": NOTE,
    "HasErrors": False,
    "CurrencyRate": 0.6400000000,
    "Type": "ACCRECCREDIT",
    "Reference": "damaged",
    "RemainingCredit": 10.00,
    "Allocations": [
        {
            "AllocationID": ALLOCATION_1,
            "Amount": 40.00,
            "Date": ms("2026-10-05"),
            "Invoice": {"InvoiceID": SOLD, "InvoiceNumber": "INV-0045", "LineItems": []},
        }
    ],
    "HasAttachments": False,
    "Contact": {"ContactID": r.CUSTOMER, "Name": "Ridgeway University"},
    "Date": ms("2026-10-05"),
    "Status": "AUTHORISED",
    "LineAmountTypes": "Exclusive",
    "LineItems": [
        {
            "Description": "Desk, damaged",
            "UnitAmount": 45.0000,
            "TaxType": "OUTPUT2",
            "TaxAmount": 5.00,
            "LineAmount": 45.00,
            "AccountCode": "200",
            "Tracking": [],
            "Quantity": 1.0000,
            "LineItemID": LINE_5,
        }
    ],
    "SubTotal": 45.00,
    "TotalTax": 5.00,
    "Total": 50.00,
    "CurrencyCode": "USD",
}
NOTE_RECORD: Json = {
    **common("credit_note", NOTE, "open", "AUTHORISED"),
    **NO_CREDIT,
    "extensions": {"xero": {"branding_theme": None, "cis": None}},
    "type": "receivable",
    "number": "CN-1",
    "reference": "damaged",
    "contact": ref("contact", r.CUSTOMER, name="Ridgeway University"),
    "issue_date": "2026-10-05",
    "due_date": None,
    "paid_on": None,
    "is_sent": False,
    "allocation_status": "partial",
    "currency": "USD",
    "exchange_rate_to_base": "1.5625",
    "provider_exchange_rate": "0.64",
    "tax_mode": "exclusive",
    "subtotal": "45.00",
    "subtotal_base": "70.31",
    "total_tax": "5.00",
    "total_tax_base": "7.81",
    "total": "50.00",
    "total_base": "78.13",
    "line_items": [
        {
            **r.NO_LINE,
            "id": LINE_5,
            "line_number": 1,
            "description": "Desk, damaged",
            "quantity": "1",
            "unit_price": "45.00",
            "account": {"id": None, "remote_id": None, "code": "200"},
            "tax_rate": ref("tax_rate", "OUTPUT2"),
            "tax_amount": "5.00",
            "line_amount": "45.00",
            "net_amount": "45.00",
            "gross_amount": "50.00",
        }
    ],
    "remaining_credit": "10.00",
    "remaining_credit_base": "15.63",
    "applied_amount": "40.00",
    "applied_amount_base": "62.50",
    "allocations": [
        {
            "id": ALLOCATION_1,
            "target": ref("invoice", SOLD, name="INV-0045"),
            "amount": "40.00",
            "date": "2026-10-05",
            "is_deleted": False,
        }
    ],
}
#: Xero still says that all of it is left.
RAW_VOID_NOTE: Json = {
    **RAW_NOTE,
    "CreditNoteID": VOID_NOTE,
    "ID": VOID_NOTE,
    "CreditNoteNumber": "CN-2",
    "Status": "VOIDED",
    "RemainingCredit": 50.00,
    "Allocations": [],
    "LineItems": [],
}
VOID_NOTE_RECORD: Json = {
    **NOTE_RECORD,
    **common("credit_note", VOID_NOTE, "void", "VOIDED"),
    "extensions": NOTE_RECORD["extensions"],
    "number": "CN-2",
    "allocation_status": "none",
    "line_items": [],
    "remaining_credit": "50.00",
    "remaining_credit_base": "78.13",
    "applied_amount": "0.00",
    "applied_amount_base": "0.00",
    "allocations": [],
}
RAW_PREPAID: Json = {
    "PrepaymentID": PREPAID,
    "InvoiceNumber": "PRE 9",
    "ID": PREPAID,
    "Type": "RECEIVE-PREPAYMENT",
    "Reference": "PRE 9",
    "RemainingCredit": 15.00,
    "Allocations": [
        {
            "AllocationID": ALLOCATION_2,
            "Amount": 60.00,
            "Date": ms("2026-10-01"),
            "Invoice": {"InvoiceID": SOLD, "InvoiceNumber": "INV-0045", "LineItems": []},
        }
    ],
    "Payments": [],
    "HasAttachments": False,
    "CurrencyRate": 0.5000000000,
    "Contact": {"ContactID": r.CUSTOMER, "Name": "Ridgeway University"},
    "Date": ms("2026-09-20"),
    "Status": "AUTHORISED",
    "LineAmountTypes": "NoTax",
    "LineItems": [],
    "SubTotal": 75.00,
    "TotalTax": 0.00,
    "Total": 75.00,
    "CurrencyCode": "USD",
}
PREPAID_RECORD: Json = {
    **common("prepayment", PREPAID, "open", "AUTHORISED"),
    **NO_CREDIT,
    "type": "receivable",
    "number": "PRE 9",
    "reference": "PRE 9",
    "contact": ref("contact", r.CUSTOMER, name="Ridgeway University"),
    "date": "2026-09-20",
    "allocation_status": "partial",
    "currency": "USD",
    "exchange_rate_to_base": "2",
    "provider_exchange_rate": "0.5",
    "tax_mode": "none",
    "subtotal": "75.00",
    "subtotal_base": "150.00",
    "total_tax": "0.00",
    "total_tax_base": "0.00",
    "total": "75.00",
    "total_base": "150.00",
    "line_items": [],
    "remaining_credit": "15.00",
    "remaining_credit_base": "30.00",
    "applied_amount": "60.00",
    "applied_amount_base": "120.00",
    "allocations": [
        {
            "id": ALLOCATION_2,
            "target": ref("invoice", SOLD, name="INV-0045"),
            "amount": "60.00",
            "date": "2026-10-01",
            "is_deleted": False,
        }
    ],
}
RAW_OVERPAID: Json = {
    "OverpaymentID": OVERPAID,
    "ID": OVERPAID,
    "Type": "SPEND-OVERPAYMENT",
    "Reference": "",
    "RemainingCredit": 10.00,
    "Allocations": [],
    "Payments": [
        {"PaymentID": REFUND, "Date": ms("2026-11-12"), "Amount": 5.00, "CurrencyRate": 1.0}
    ],
    "HasAttachments": False,
    "CurrencyRate": 1.0000000000,
    "Contact": {"ContactID": r.VENDOR, "Name": "Boots Limited"},
    "Date": ms("2026-11-10"),
    "Status": "AUTHORISED",
    "LineAmountTypes": "NoTax",
    "LineItems": [
        {
            "Description": "Paid too much",
            "UnitAmount": 15.0000,
            "TaxType": "NONE",
            "TaxAmount": 0.00,
            "LineAmount": 15.00,
            "Tracking": [],
            "Quantity": 1.0000,
            "LineItemID": LINE_6,
        }
    ],
    "SubTotal": 15.00,
    "TotalTax": 0.00,
    "Total": 15.00,
    "CurrencyCode": "NZD",
}
OVERPAID_RECORD: Json = {
    **common("overpayment", OVERPAID, "open", "AUTHORISED"),
    **NO_CREDIT,
    "type": "payable",
    "contact": ref("contact", r.VENDOR, name="Boots Limited"),
    "date": "2026-11-10",
    "allocation_status": "none",
    "currency": "NZD",
    "exchange_rate_to_base": "1",
    "provider_exchange_rate": "1",
    "tax_mode": "none",
    "subtotal": "15.00",
    "subtotal_base": "15.00",
    "total_tax": "0.00",
    "total_tax_base": "0.00",
    "total": "15.00",
    "total_base": "15.00",
    "line_items": [
        {
            **r.NO_LINE,
            "id": LINE_6,
            "line_number": 1,
            "description": "Paid too much",
            "quantity": "1",
            "unit_price": "15.00",
            "tax_rate": ref("tax_rate", "NONE"),
            "tax_amount": "0.00",
            "line_amount": "15.00",
            "net_amount": "15.00",
            "gross_amount": "15.00",
        }
    ],
    "remaining_credit": "10.00",
    "remaining_credit_base": "10.00",
    "applied_amount": "0.00",
    "applied_amount_base": "0.00",
    "payments": [
        {
            "id": REFUND,
            "ref": ref("payment", REFUND),
            "date": "2026-11-12",
            "amount": "5.00",
            "provider_exchange_rate": "1",
        }
    ],
}

# --- payments ----------------------------------------------------------------------------------


def raw_payment(remote_id: str, invoice: Json, **fields: Any) -> Json:
    """A payment as Xero writes it, of a document by its own words."""
    return {
        "PaymentID": remote_id,
        "Status": "AUTHORISED",
        "HasAccount": True,
        "IsReconciled": False,
        "Account": {"AccountID": BANK, "Code": "090", "Name": "Bank"},
        "Invoice": invoice,
        **fields,
    }


RAW_PAYMENT_1: Json = raw_payment(
    r.PAYMENT_1,
    {
        "Type": "ACCREC",
        "InvoiceID": r.OPEN,
        "Contact": {"ContactID": r.CUSTOMER, "Name": "Ridgeway University"},
        "CurrencyCode": "AUD",
    },
    Date=ms("2026-10-20"),
    BankAmount=105.26,
    Amount=100.00,
    CurrencyRate=0.95,
    Reference="BT 1",
    PaymentType="ACCRECPAYMENT",
)
NO_PAYMENT: Json = {
    "remote_type": None,
    "reference": None,
    "base_currency": "NZD",
    "bank_currency": None,
    "account": ref("account", BANK, code="090", name="Bank"),
    "is_reconciled": False,
    "batch": None,
    "payment_method": None,
    "extensions": {"xero": {"particulars": None, "details": None}},
}
PAYMENT_1_RECORD: Json = {
    **common("payment", r.PAYMENT_1, "completed", "AUTHORISED"),
    **NO_PAYMENT,
    "direction": "inbound",
    "kind": "payment",
    "applied_to": [{"resource": "invoice", "ref": ref("invoice", r.OPEN), "amount": "100.00"}],
    "contact": ref("contact", r.CUSTOMER, name="Ridgeway University"),
    "date": "2026-10-20",
    "currency": "AUD",
    "exchange_rate_to_base": "1.052631579",
    "provider_exchange_rate": "0.95",
    "amount": "100.00",
    "amount_base": "105.26",
    "bank_amount": "105.26",
    "reference": "BT 1",
}
RAW_PAYMENT_2: Json = raw_payment(
    r.PAYMENT_2,
    {
        "Type": "ACCPAY",
        "InvoiceID": r.BILL,
        "Contact": {"ContactID": r.VENDOR, "Name": "Boots Limited"},
        "CurrencyCode": "NZD",
    },
    Date=ms("2026-11-10"),
    BankAmount=115.00,
    Amount=115.00,
    CurrencyRate=1.0,
    PaymentType="ACCPAYPAYMENT",
)
PAYMENT_2_RECORD: Json = {
    **common("payment", r.PAYMENT_2, "completed", "AUTHORISED"),
    **NO_PAYMENT,
    "direction": "outbound",
    "kind": "payment",
    "applied_to": [{"resource": "invoice", "ref": ref("invoice", r.BILL), "amount": "115.00"}],
    "contact": ref("contact", r.VENDOR, name="Boots Limited"),
    "date": "2026-11-10",
    "currency": "NZD",
    "exchange_rate_to_base": "1",
    "provider_exchange_rate": "1",
    "amount": "115.00",
    "amount_base": "115.00",
    "bank_amount": "115.00",
}
RAW_UNDONE: Json = {
    **RAW_PAYMENT_1,
    "PaymentID": UNDONE,
    "Status": "DELETED",
    "Date": ms("2026-10-22"),
    "Amount": 30.00,
    "BankAmount": 31.58,
}
UNDONE_RECORD: Json = {
    **PAYMENT_1_RECORD,
    **common("payment", UNDONE, "deleted", "DELETED"),
    "extensions": NO_PAYMENT["extensions"],
    "is_deleted": True,
    "deletion_kind": "deleted",
    "deleted_at": "2026-11-20T01:02:04.000Z",
    "date": "2026-10-22",
    "applied_to": [{"resource": "invoice", "ref": ref("invoice", r.OPEN), "amount": "30.00"}],
    "amount": "30.00",
    "amount_base": "31.58",
    "bank_amount": "31.58",
}
#: The overpayment stands under the key Invoice, with its own id.
RAW_REFUND: Json = raw_payment(
    REFUND,
    {
        "Type": "APOVERPAYMENT",
        "InvoiceID": OVERPAID,
        "Contact": {"ContactID": r.VENDOR, "Name": "Boots Limited"},
        "CurrencyCode": "NZD",
    },
    Date=ms("2026-11-12"),
    BankAmount=5.00,
    Amount=5.00,
    CurrencyRate=1.0,
    PaymentType="APOVERPAYMENTPAYMENT",
)
REFUND_RECORD: Json = {
    **common("payment", REFUND, "completed", "AUTHORISED"),
    **NO_PAYMENT,
    "direction": "inbound",
    "kind": "refund",
    "applied_to": [
        {"resource": "overpayment", "ref": ref("overpayment", OVERPAID), "amount": "5.00"}
    ],
    "contact": ref("contact", r.VENDOR, name="Boots Limited"),
    "date": "2026-11-12",
    "currency": "NZD",
    "exchange_rate_to_base": "1",
    "provider_exchange_rate": "1",
    "amount": "5.00",
    "amount_base": "5.00",
    "bank_amount": "5.00",
}

BOOKS: Json = {
    "tenants": [
        {
            "tenant_id": r.TENANT,
            "name": "Kauri Supplies",
            "Organisation": r.RAW_ORGANISATION,
            "Contacts": [r.RAW_CUSTOMER, r.RAW_VENDOR, r.RAW_MERGED],
            "Invoices": [r.RAW_OPEN, r.RAW_BILL, r.RAW_DRAFT, r.RAW_DELETED, RAW_SOLD],
            "CreditNotes": [RAW_NOTE, RAW_VOID_NOTE],
            "Prepayments": [RAW_PREPAID],
            "Overpayments": [RAW_OVERPAID],
            "Payments": [RAW_PAYMENT_1, RAW_PAYMENT_2, RAW_UNDONE, RAW_REFUND],
        }
    ]
}

# --- payment status ----------------------------------------------------------------------------


def invoice_status(record: Json, sequence: int, document: str, **settled: Any) -> Json:
    """The payment status of an invoice, from its hand-written record and what settled it."""
    copied = ("type", "currency", "total", "amount_due", "amount_paid", "amount_credited",
              "timing", "due_date", "paid_on")  # fmt: skip
    return {
        "schema_version": "1.1.0",
        "tenant_id": r.TENANT,
        "invoice": {name: record[name] for name in ("id", "remote_id", "number")},
        "contact": record["contact"],
        **{name: record[name] for name in copied},
        "document": document,
        "settlement": record["payment_status"],
        "settled_by": settled.get("by", []),
        "undone_payments": settled.get("undone", []),
        "base": {
            "currency": "NZD",
            "basis": "document_rate",
            "rate": record["provider_exchange_rate"],
            "total": record["total_base"],
            "amount_due": record["amount_due_base"],
            "realised_gain": settled.get("gain", "0.00"),
        },
        "epoch": 1,
        "sequence": sequence,
        "as_of": "2026-11-22T01:00:00.000Z",
    }


def settled(resource: str, remote_id: str, date: str, amount: str, rate: str) -> Json:
    """One settlement as a payment status shows it."""
    return {
        "resource": resource,
        **ref(resource, remote_id),
        "date": date,
        "amount": amount,
        "rate": rate,
    }


OPEN_STATUS: Json = invoice_status(
    r.OPEN_RECORD,
    3,
    "open",
    by=[settled("payment", r.PAYMENT_1, "2026-10-20", "100.00", "0.95")],
    undone=[{**ref("payment", UNDONE), "date": "2026-10-22", "amount": "30.00"}],
    gain="-3.44",
)
BILL_STATUS: Json = invoice_status(
    r.BILL_RECORD,
    1,
    "paid",
    by=[settled("payment", r.PAYMENT_2, "2026-11-10", "115.00", "1")],
)
DRAFT_STATUS: Json = invoice_status(r.DRAFT_RECORD, 1, "draft")
DELETED_STATUS: Json = invoice_status(r.DELETED_RECORD, 2, "deleted")
SOLD_STATUS: Json = invoice_status(
    SOLD_RECORD,
    1,
    "paid",
    by=[
        settled("prepayment", PREPAID, "2026-09-20", "60.00", "0.5"),
        settled("credit_note", NOTE, "2026-10-05", "40.00", "0.64"),
    ],
    gain="15.83",
)
NO_CREDIT_LEFT: Json = {
    "unapplied_credit": "0.00",
    "unapplied_by": {"credit_note": "0.00", "prepayment": "0.00", "overpayment": "0.00"},
    "refunded": "0.00",
}
CUSTOMER_STATUS: Json = {
    "schema_version": "1.1.0",
    "tenant_id": r.TENANT,
    "contact": ref("contact", r.CUSTOMER, name="Ridgeway University"),
    "status": "overdue",
    "payable_status": "no_activity",
    "buckets": [
        {
            "type": "invoice",
            "currency": "AUD",
            "open": "230.00",
            "overdue": "230.00",
            "open_count": 1,
            "overdue_count": 1,
            "oldest_due_date": "2026-11-01",
            **NO_CREDIT_LEFT,
        },
        {
            "type": "invoice",
            "currency": "USD",
            "open": "0.00",
            "overdue": "0.00",
            "open_count": 0,
            "overdue_count": 0,
            "oldest_due_date": None,
            "unapplied_credit": "25.00",
            "unapplied_by": {"credit_note": "10.00", "prepayment": "15.00", "overpayment": "0.00"},
            "refunded": "0.00",
        },
    ],
    "base_totals": [
        {
            "type": "invoice",
            "currency": "NZD",
            "basis": "document_rate",
            "open": "250.00",
            "overdue": "250.00",
            "unapplied_credit": "45.63",
            "unconverted": 0,
        }
    ],
    "as_of": "2026-11-22T01:00:00.000Z",
}
VENDOR_STATUS: Json = {
    "schema_version": "1.1.0",
    "tenant_id": r.TENANT,
    "contact": ref("contact", r.VENDOR, name="Boots Limited"),
    "status": "no_activity",
    "payable_status": "in_credit",
    "buckets": [
        {
            "type": "bill",
            "currency": "NZD",
            "open": "0.00",
            "overdue": "0.00",
            "open_count": 0,
            "overdue_count": 0,
            "oldest_due_date": None,
            "unapplied_credit": "10.00",
            "unapplied_by": {"credit_note": "0.00", "prepayment": "0.00", "overpayment": "10.00"},
            "refunded": "5.00",
        }
    ],
    "base_totals": [
        {
            "type": "bill",
            "currency": "NZD",
            "basis": "document_rate",
            "open": "0.00",
            "overdue": "0.00",
            "unapplied_credit": "10.00",
            "unconverted": 0,
        }
    ],
    "as_of": "2026-11-22T01:00:00.000Z",
}
