"""Money at a bank and entries by hand, in the world of `records`: a foreign overpayment, a transfer
and one of its sides, a batch, a manual journal. Raw objects and records stand side by side, each by
hand. The base currency is the New Zealand dollar.
"""

from tests.oracle import money as m
from tests.oracle import records as r
from tests.oracle.records import Json, common, ms, ref
from tests.oracle.world import World, agreeing

RECEIVED = "b8b8b8b8-1111-4111-8111-000000000001"
SIDE = "b8b8b8b8-1111-4111-8111-000000000002"
OTHER_SIDE = "b8b8b8b8-1111-4111-8111-000000000003"
TRANSFER = "b8b8b8b8-2222-4222-8222-000000000001"
BATCH = "b8b8b8b8-3333-4333-8333-000000000001"
JOURNAL = "b8b8b8b8-4444-4444-8444-000000000001"
LINE = "b8b8b8b8-5555-4555-8555-000000000001"
SAVINGS = "b8b8b8b8-6666-4666-8666-000000000001"

_NO_MONEY: Json = {
    "currency": "NZD",
    "base_currency": "NZD",
    "exchange_rate_to_base": "1",
    "provider_exchange_rate": None,
    "tax_mode": None,
    "remote_tax_mode": None,
    "subtotal": None,
    "subtotal_base": None,
    "total_tax": None,
    "total_tax_base": None,
    "total_discount": None,
    "total_discount_base": None,
}
_COMMON: Json = {
    "remote_type": None,
    "contact": None,
    "counter_account": None,
    "number": None,
    "legs": [],
    "linked": None,
    "source_url": None,
    "has_attachments": False,
}

RAW_RECEIVED: Json = {
    "BankTransactionID": RECEIVED.upper(),
    "BankAccount": {"AccountID": m.BANK, "Code": "090", "Name": "Cheque"},
    "Type": "RECEIVE-OVERPAYMENT",
    "Reference": "EFT 7",
    "Url": "https://till.example/7",
    "IsReconciled": True,
    "CurrencyRate": 0.8000000000,
    "OverpaymentID": m.OVERPAID.upper(),
    "HasAttachments": False,
    "Contact": {"ContactID": r.CUSTOMER, "Name": "Ridgeway University"},
    "Date": ms("2026-10-02"),
    "Status": "AUTHORISED",
    "LineAmountTypes": "NoTax",
    "LineItems": [
        {
            "Description": "Paid twice",
            "UnitAmount": 30.0000,
            "TaxType": "NONE",
            "TaxAmount": 0.00,
            "LineAmount": 30.00,
            "AccountCode": "610",
            "Tracking": [],
            "Quantity": 1.0000,
            "LineItemID": LINE,
        }
    ],
    "SubTotal": 30.00,
    "TotalTax": 0.00,
    "Total": 30.00,
    "CurrencyCode": "USD",
}
RECEIVED_RECORD: Json = {
    **common("transaction", RECEIVED, "posted", "AUTHORISED"),
    **_COMMON,
    "type": "receive_overpayment",
    "direction": "inbound",
    "is_leg": False,
    "date": "2026-10-02",
    "contact": ref("contact", r.CUSTOMER, name="Ridgeway University"),
    "account": ref("account", m.BANK, code="090", name="Cheque"),
    "reference": "EFT 7",
    "currency": "USD",
    "base_currency": "NZD",
    "exchange_rate_to_base": "1.25",
    "provider_exchange_rate": "0.8",
    "tax_mode": "none",
    "remote_tax_mode": None,
    "subtotal": "30.00",
    "subtotal_base": "37.50",
    "total_tax": "0.00",
    "total_tax_base": "0.00",
    "total": "30.00",
    "total_base": "37.50",
    "total_discount": None,
    "total_discount_base": None,
    "line_items": [
        {
            **r.NO_LINE,
            "id": LINE,
            "line_number": 1,
            "description": "Paid twice",
            "quantity": "1",
            "unit_price": "30.00",
            "account": {"id": None, "remote_id": None, "code": "610"},
            "tax_rate": ref("tax_rate", "NONE"),
            "tax_amount": "0.00",
            "line_amount": "30.00",
            "net_amount": "30.00",
            "gross_amount": "30.00",
        }
    ],
    "is_reconciled": True,
    "linked": {"resource": "overpayment", "ref": ref("overpayment", m.OVERPAID)},
    "source_url": "https://till.example/7",
}
RAW_SIDE: Json = {
    "BankTransactionID": SIDE,
    "BankAccount": {"AccountID": m.BANK, "Code": "090", "Name": "Cheque"},
    "Type": "SPEND-TRANSFER",
    "Reference": "",
    "IsReconciled": True,
    "HasAttachments": False,
    "Date": ms("2026-10-03"),
    "Status": "AUTHORISED",
    "LineAmountTypes": "NoTax",
    "LineItems": [],
    "SubTotal": 12.00,
    "TotalTax": 0.00,
    "Total": 12.00,
    "CurrencyCode": "NZD",
}
SIDE_RECORD: Json = {
    **common("transaction", SIDE, "posted", "AUTHORISED"),
    **_COMMON,
    **_NO_MONEY,
    "type": "transfer",
    "direction": "outbound",
    "is_leg": True,
    "date": "2026-10-03",
    "account": ref("account", m.BANK, code="090", name="Cheque"),
    "reference": None,
    "tax_mode": "none",
    "subtotal": "12.00",
    "subtotal_base": "12.00",
    "total_tax": "0.00",
    "total_tax_base": "0.00",
    "total": "12.00",
    "total_base": "12.00",
    "line_items": [],
    "is_reconciled": True,
}
RAW_TRANSFER: Json = {
    "BankTransferID": TRANSFER.upper(),
    "CreatedDateUTC": ms("2026-10-04"),
    "Date": ms("2026-10-03"),
    "Status": "AUTHORISED",
    "FromBankAccount": {"AccountID": m.BANK, "Code": "090", "Name": "Cheque"},
    "ToBankAccount": {"AccountID": SAVINGS, "Code": "091", "Name": "Savings"},
    "Amount": 12.00,
    "FromBankTransactionID": SIDE.upper(),
    "ToBankTransactionID": OTHER_SIDE,
    "FromIsReconciled": True,
    "ToIsReconciled": False,
    "CurrencyRate": 1.000000,
    "HasAttachments": False,
    "FromTracking": [
        {
            "TrackingCategoryID": r.CATEGORY,
            "TrackingOptionID": r.OPTION,
            "Name": "Region",
            "Option": "North",
        }
    ],
    "ToTracking": [],
}
TRANSFER_RECORD: Json = {
    **common("transaction", TRANSFER, "posted", "AUTHORISED"),
    **_COMMON,
    **_NO_MONEY,
    "created_at": "2026-10-04T00:00:00.000Z",
    "updated_at": None,
    "type": "transfer",
    "direction": "internal",
    "is_leg": False,
    "date": "2026-10-03",
    "account": ref("account", m.BANK, code="090", name="Cheque"),
    "counter_account": ref("account", SAVINGS, code="091", name="Savings"),
    "reference": None,
    "total": "12.00",
    "total_base": "12.00",
    "line_items": [],
    "is_reconciled": False,
    "legs": [
        {
            "direction": "outbound",
            "ref": ref("transaction", SIDE),
            "account": ref("account", m.BANK, code="090", name="Cheque"),
            "is_reconciled": True,
            "tracking": [
                {
                    "category": ref("tracking_category", r.CATEGORY, name="Region"),
                    "option": ref("tracking_option", r.OPTION, name="North"),
                }
            ],
        },
        {
            "direction": "inbound",
            "ref": ref("transaction", OTHER_SIDE),
            "account": ref("account", SAVINGS, code="091", name="Savings"),
            "is_reconciled": False,
            "tracking": [],
        },
    ],
}
RAW_BATCH: Json = {
    "Account": {"AccountID": m.BANK, "CurrencyCode": "NZD"},
    "Reference": "Run 7",
    "Particulars": "Run",
    "BatchPaymentID": BATCH.upper(),
    "Date": ms("2026-10-05"),
    "Payments": [
        {
            "Invoice": {"InvoiceID": r.OPEN, "CurrencyCode": "EUR"},
            "PaymentID": r.PAYMENT_1.upper(),
            "Reference": "Half",
            "Amount": 46.00,
            "BankAmount": 50.00,
        }
    ],
    "Type": "RECBATCH",
    "Status": "AUTHORISED",
    "TotalAmount": 50.00,
    "IsReconciled": False,
}
BATCH_RECORD: Json = {
    **common("batch_payment", BATCH, "completed", "AUTHORISED"),
    "direction": "inbound",
    "remote_type": None,
    "date": "2026-10-05",
    "account": ref("account", m.BANK),
    "currency": "NZD",
    "base_currency": "NZD",
    "amount": "50.00",
    "reference": "Run 7",
    "payments": [
        {
            "id": r.PAYMENT_1,
            "ref": ref("payment", r.PAYMENT_1),
            "applied_to": [
                {"resource": "invoice", "ref": ref("invoice", r.OPEN), "amount": "46.00"}
            ],
            "currency": "EUR",
            "amount": "46.00",
            "bank_amount": "50.00",
            "reference": "Half",
        }
    ],
    "is_reconciled": False,
    "extensions": {
        "xero": {"particulars": "Run", "code": None, "details": None, "narrative": None}
    },
}
RAW_JOURNAL: Json = {
    "Date": ms("2026-10-06"),
    "Status": "POSTED",
    "LineAmountTypes": "Inclusive",
    "ManualJournalID": JOURNAL.upper(),
    "Narration": "Rent of October",
    "JournalLines": [
        {
            "Description": "Moved",
            "TaxType": "INPUT2",
            "TaxAmount": 15.00,
            "LineAmount": 115.00,
            "AccountCode": "469",
            "AccountID": r.ACCOUNT,
            "Tracking": RAW_TRANSFER["FromTracking"],
            "IsBlank": False,
        },
        {"TaxType": "NONE", "TaxAmount": 0.00, "LineAmount": -115.00, "AccountCode": "900",
         "Tracking": []},
    ],
    "ShowOnCashBasisReports": False,
    "HasAttachments": False,
}  # fmt: skip
JOURNAL_RECORD: Json = {
    **common("journal_entry", JOURNAL, "posted", "POSTED"),
    "kind": "manual",
    "number": None,
    "date": "2026-10-06",
    "memo": "Rent of October",
    "currency": "NZD",
    "tax_mode": "inclusive",
    "remote_tax_mode": None,
    "lines": [
        {
            "id": None,
            "line_number": 1,
            "side": "debit",
            "description": "Moved",
            "account": ref("account", r.ACCOUNT, code="469"),
            "net_amount": "100.00",
            "tax_rate": ref("tax_rate", "INPUT2"),
            "tax_amount": "15.00",
            "gross_amount": "115.00",
            "tracking": TRANSFER_RECORD["legs"][0]["tracking"],
        },
        {
            "id": None,
            "line_number": 2,
            "side": "credit",
            "description": None,
            "account": {"id": None, "remote_id": None, "code": "900"},
            "net_amount": "-115.00",
            "tax_rate": ref("tax_rate", "NONE"),
            "tax_amount": "0.00",
            "gross_amount": "-115.00",
            "tracking": [],
        },
    ],
    "source": None,
    "show_on_cash_basis": False,
    "source_url": None,
    "has_attachments": False,
}


def banked() -> World:
    """The world without a difference, with what moved at the bank and was booked by hand."""
    world = agreeing()
    held: Json = world.books["tenants"][0]
    for key, raw, resource, record in (
        ("BankTransactions", RAW_RECEIVED, "transaction", RECEIVED_RECORD),
        ("BankTransactions", RAW_SIDE, "transaction", SIDE_RECORD),
        ("BankTransfers", RAW_TRANSFER, "transaction", TRANSFER_RECORD),
        ("BatchPayments", RAW_BATCH, "batch_payment", BATCH_RECORD),
        ("ManualJournals", RAW_JOURNAL, "journal_entry", JOURNAL_RECORD),
    ):
        held.setdefault(key, []).append({**raw})
        world.publish(record, ops="r", resource=resource)
    return world
