"""What documents refer to, in the world of `records`: an account at a bank, a tax rate, an item, a
tracking category, a currency, and a file. Raw objects and records stand side by side, each by hand.
"""

from typing import Any

from tests.oracle import records as r
from tests.oracle.records import Json, common, ms, ref
from tests.oracle.world import World, agreeing

CARD = "99999999-1111-4111-8111-000000000001"
DESK = "99999999-2222-4222-8222-000000000001"
REGION = "99999999-3333-4333-8333-000000000001"
NORTH = "99999999-4444-4444-8444-000000000001"
SOUTH = "99999999-4444-4444-8444-000000000002"
LEVY = "TAX001"
YEN = "JPY"
FILE = "99999999-5555-4555-8555-000000000001"
STAMPED = "2026-11-20T00:00:00.000Z"


def _block(resource: str, remote_id: str, remote_status: Any, updated_at: Any) -> Json:
    block = common(resource, remote_id, "active", "ACTIVE")
    return {**block, "remote_status": remote_status, "updated_at": updated_at}


def _code(code: str) -> Json:
    return {"id": None, "remote_id": None, "code": code}


RAW_CARD: Json = {
    "AccountID": CARD.upper(),
    "Code": "092",
    "Name": "Company card",
    "Status": "ACTIVE",
    "Type": "BANK",
    "TaxType": "NONE",
    "Class": "ASSET",
    "EnablePaymentsToAccount": False,
    "ShowInExpenseClaims": False,
    "BankAccountNumber": "0209087654",
    "BankAccountType": "CREDITCARD",
    "CurrencyCode": "USD",
    "ReportingCode": "ASS",
    "ReportingCodeName": "Assets",
    "HasAttachments": False,
    "UpdatedDateUTC": ms("2026-11-20"),
    "AddToWatchlist": True,
}
CARD_RECORD: Json = {
    **_block("account", CARD, "ACTIVE", STAMPED),
    "code": "092",
    "name": "Company card",
    "description": None,
    "classification": "asset",
    "remote_classification": None,
    "type": "credit_card",
    "remote_type": "BANK",
    "currency": "USD",
    "is_bank_account": True,
    "bank_account": {"number": "0209087654", "kind": "credit_card", "remote_kind": None},
    "default_tax_rate": ref("tax_rate", "NONE"),
    "accepts_payments": False,
    "show_in_expense_claims": False,
    "system_role": None,
    "remote_system_role": None,
    "reporting_code": "ASS",
    "reporting_name": "Assets",
    "is_watchlisted": True,
    "current_balance": None,
    "balance_as_of": None,
    "parent_account": None,
    "has_attachments": False,
}
RAW_LEVY: Json = {
    "Name": "Levies",
    "TaxType": LEVY,
    "ReportTaxType": "OUTPUT",
    "CanApplyToAssets": True,
    "CanApplyToEquity": False,
    "CanApplyToExpenses": True,
    "CanApplyToLiabilities": False,
    "CanApplyToRevenue": True,
    "DisplayTaxRate": 11.0000,
    "EffectiveRate": 11.1000,
    "Status": "ACTIVE",
    "TaxComponents": [
        {"Name": "State", "Rate": 1.0000, "IsCompound": False, "IsNonRecoverable": True},
        {"Name": "City", "Rate": 10.0000, "IsCompound": True, "IsNonRecoverable": False},
    ],
}
LEVY_RECORD: Json = {
    **_block("tax_rate", LEVY, "ACTIVE", None),
    "code": LEVY,
    "name": "Levies",
    "effective_rate": "11.1",
    "display_rate": "11",
    "components": [
        {"name": "State", "rate": "1", "is_compound": False, "is_non_recoverable": True},
        {"name": "City", "rate": "10", "is_compound": True, "is_non_recoverable": False},
    ],
    "applies_to": ["asset", "expense", "revenue"],
    "report_tax_type": "OUTPUT",
    "direction": "sales",
}
RAW_DESK: Json = {
    "ItemID": DESK,
    "Code": "DESK-01",
    "Description": "Standing desk",
    "UpdatedDateUTC": ms("2026-11-20"),
    "PurchaseDetails": {"UnitPrice": 410.1250, "COGSAccountCode": "310", "TaxType": "INPUT2"},
    "SalesDetails": {"UnitPrice": 649.0000, "AccountCode": "200", "TaxType": LEVY},
    "Name": "Desk",
    "IsTrackedAsInventory": True,
    "InventoryAssetAccountCode": "630",
    "TotalCostPool": 4920.00,
    "QuantityOnHand": 12.0000,
    "IsSold": True,
    "IsPurchased": True,
}
DESK_RECORD: Json = {
    **_block("item", DESK, None, STAMPED),
    "code": "DESK-01",
    "name": "Desk",
    "description": "Standing desk",
    "purchase_description": None,
    "type": "inventory",
    "is_sold": True,
    "is_purchased": True,
    "sales": {
        "unit_price": "649.00",
        "account": _code("200"),
        "tax_rate": ref("tax_rate", LEVY),
    },
    "purchase": {
        "unit_price": "410.125",
        "account": _code("310"),
        "tax_rate": ref("tax_rate", "INPUT2"),
    },
    "inventory_account": _code("630"),
    "quantity_on_hand": "12",
    "total_cost_pool": "4920.00",
    "currency": "NZD",
}
RAW_REGION: Json = {
    "Name": "Region",
    "Status": "ACTIVE",
    "TrackingCategoryID": REGION,
    "Options": [
        {"TrackingOptionID": NORTH, "Name": "North", "Status": "ACTIVE"},
        {"TrackingOptionID": SOUTH, "Name": "South", "Status": "ARCHIVED"},
    ],
}
REGION_RECORD: Json = {
    **_block("tracking_category", REGION, "ACTIVE", None),
    "name": "Region",
    "kind": "custom",
    "options": [
        {
            "id": r.uid("tracking_option", NORTH),
            "remote_id": NORTH,
            "name": "North",
            "status": "active",
            "remote_status": None,
        },
        {
            "id": r.uid("tracking_option", SOUTH),
            "remote_id": SOUTH,
            "name": "South",
            "status": "archived",
            "remote_status": None,
        },
    ],
    "parent": None,
}
RAW_YEN: Json = {"Code": YEN, "Description": "Japanese Yen"}
YEN_RECORD: Json = {
    **_block("currency", YEN, None, None),
    "code": YEN,
    "name": "Japanese Yen",
    "is_base": False,
    "minor_units": 0,
}


RAW_FILE: Json = {
    "Parent": "Invoices",
    "ParentID": r.OPEN,
    "AttachmentID": FILE,
    "FileName": "terms.pdf",
    "Url": f"https://api.xero.com/api.xro/2.0/Invoices/{r.OPEN}/Attachments/terms.pdf",
    "MimeType": "application/pdf",
    "ContentLength": 48211,
    "IncludeOnline": True,
}
FILE_ID = r.uid("attachment", f"invoice:{r.OPEN}:{FILE}")
FILE_RECORD: Json = {
    **_block("attachment", FILE, None, None),
    "id": FILE_ID,
    "extensions": {"xero": {"parent_endpoint": "Invoices"}},
    "parent": {"id": r.uid("invoice", r.OPEN), "remote_id": r.OPEN, "resource": "invoice"},
    "file_name": "terms.pdf",
    "mime_type": "application/pdf",
    "size_bytes": 48211,
    "download_url": f"/v1/accounting/attachments/{FILE_ID}/content",
    "include_with_document": True,
    "sha256": None,
}


def referred() -> World:
    """The world without a difference, with one thing of each kind that documents refer to."""
    world = agreeing()
    held: Json = world.books["tenants"][0]
    for key, raw, resource, record in (
        ("Accounts", RAW_CARD, "account", CARD_RECORD),
        ("TaxRates", RAW_LEVY, "tax_rate", LEVY_RECORD),
        ("Items", RAW_DESK, "item", DESK_RECORD),
        ("TrackingCategories", RAW_REGION, "tracking_category", REGION_RECORD),
        ("Currencies", RAW_YEN, "currency", YEN_RECORD),
        ("Attachments", RAW_FILE, "attachment", FILE_RECORD),
    ):
        held[key] = [{**raw}]
        world.publish(record, ops="r", resource=resource)
    return world
