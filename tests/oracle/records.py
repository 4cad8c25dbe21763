"""A small set of books as Xero writes them, and the records they make, each written by hand.

Nothing here is computed from anything else, save the ids: raw object and record stand side by
side so that a reader can hold one against the other.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

TENANT = "9d0b7a44-2e5f-4c0e-8a77-63d1c2b4e901"
CONNECTION = "5b3f1c7e-88aa-4b21-9e1f-0c4d2a6b7e10"
CUSTOMER = "11111111-aaaa-4aaa-8aaa-000000000001"
VENDOR = "11111111-aaaa-4aaa-8aaa-000000000002"
MERGED = "11111111-aaaa-4aaa-8aaa-000000000003"
OPEN = "22222222-bbbb-4bbb-8bbb-000000000001"
BILL = "22222222-bbbb-4bbb-8bbb-000000000002"
DRAFT = "22222222-bbbb-4bbb-8bbb-000000000003"
DELETED = "22222222-bbbb-4bbb-8bbb-000000000004"
LINE_1 = "33333333-cccc-4ccc-8ccc-000000000001"
LINE_2 = "33333333-cccc-4ccc-8ccc-000000000002"
LINE_3 = "33333333-cccc-4ccc-8ccc-000000000003"
LINE_4 = "33333333-cccc-4ccc-8ccc-000000000004"
PAYMENT_1 = "44444444-dddd-4ddd-8ddd-000000000001"
PAYMENT_2 = "44444444-dddd-4ddd-8ddd-000000000002"
ACCOUNT = "55555555-eeee-4eee-8eee-000000000001"
CATEGORY = "66666666-ffff-4fff-8fff-000000000001"
OPTION = "66666666-ffff-4fff-8fff-000000000002"

Json = dict[str, Any]


def uid(resource: str, remote_id: str) -> str:
    """The unified id that the README promises."""
    space = uuid5(NAMESPACE_URL, "urn:ledgerwire:record")
    return str(uuid5(space, f"xero|{TENANT}|{resource}|{remote_id}"))


def ms(day: str) -> str:
    """A day as Xero writes it."""
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return f"/Date({int(moment.timestamp() * 1000)}+0000)/"


def ref(resource: str, remote_id: str, **labels: str) -> Json:
    """A reference."""
    return {"id": uid(resource, remote_id), "remote_id": remote_id, **labels}


def common(resource: str, remote_id: str, status: str, remote_status: str) -> Json:
    """The block every record begins with."""
    return {
        "id": uid(resource, remote_id),
        "remote_id": remote_id,
        "resource": resource,
        "provider": "xero",
        "tenant_id": TENANT,
        "connection_id": CONNECTION,
        "remote_url": None,
        "created_at": None,
        "updated_at": "2026-11-20T01:02:03.147Z",
        "first_seen_at": "2026-11-20T01:02:04.000Z",
        "changed_at": "2026-11-20T01:02:04.000Z",
        "verified_at": "2026-11-20T01:02:04.000Z",
        "version": 1,
        "content_hash": "0" * 64,
        "status": status,
        "remote_status": remote_status,
        "is_deleted": False,
        "deleted_at": None,
        "deletion_kind": None,
        "merged_into": None,
        "custom_fields": [],
        "extensions": {},
        "completeness": "full",
    }


# --- the organisation --------------------------------------------------------------------------

RAW_ORGANISATION: Json = {
    "APIKey": "MADEUP",
    "Name": "Kauri Supplies",
    "LegalName": "Kauri Supplies Limited",
    "PaysTax": True,
    "Version": "NZ",
    "OrganisationType": "COMPANY",
    "BaseCurrency": "NZD",
    "CountryCode": "NZ",
    "IsDemoCompany": False,
    "OrganisationStatus": "ACTIVE",
    "TaxNumber": "101-2-303",
    "FinancialYearEndDay": 31,
    "FinancialYearEndMonth": 3,
    "SalesTaxBasis": "ACCRUALS",
    "SalesTaxPeriod": "TWOMONTHS",
    "DefaultSalesTax": "Tax Exclusive",
    "DefaultPurchasesTax": "Tax Inclusive",
    "PeriodLockDate": ms("2026-03-31"),
    "CreatedDateUTC": "/Date(1574275974000)/",
    "Timezone": "NEWZEALANDSTANDARDTIME",
    "OrganisationEntityType": "COMPANY",
    "ShortCode": "!23eYt",
    "OrganisationID": TENANT,
    "Edition": "BUSINESS",
    "Class": "PREMIUM",
    "LineOfBusiness": "Wholesale",
    "Addresses": [{"AddressType": "POBOX", "City": "Auckland", "AttentionTo": ""}],
    "Phones": [{"PhoneType": "OFFICE", "PhoneNumber": "555 0100", "PhoneCountryCode": "64"}],
    "ExternalLinks": [{"LinkType": "Website", "Url": "https://kauri.example"}],
    "PaymentTerms": {"Sales": {"Day": 20, "Type": "OFFOLLOWINGMONTH"}},
}
NO_ADDRESS: Json = dict.fromkeys(
    ("line_1", "line_2", "line_3", "line_4", "city", "region", "postal_code", "country")
)
ORGANISATION: Json = {
    **common("company_info", TENANT, "active", "ACTIVE"),
    "created_at": "2019-11-20T18:52:54.000Z",
    "updated_at": None,
    "extensions": {
        "xero": {
            "version": "NZ",
            "plan_class": "PREMIUM",
            "edition": "BUSINESS",
            "organisation_type": "COMPANY",
            "organisation_entity_type": "COMPANY",
            "employer_identification_number": None,
            "tax_number_name": None,
        }
    },
    "name": "Kauri Supplies",
    "legal_name": "Kauri Supplies Limited",
    "type": "company",
    "remote_type": None,
    "base_currency": "NZD",
    "country": "NZ",
    "timezone": "Pacific/Auckland",
    "remote_timezone": None,
    "registration_number": None,
    "tax_number": "101-2-303",
    "fiscal_year_end_month": 3,
    "fiscal_year_end_day": 31,
    "pays_tax": True,
    "tax_basis": "accrual",
    "remote_tax_basis": None,
    "tax_period": "two_monthly",
    "remote_tax_period": None,
    "default_tax_mode": {
        "sales": "exclusive",
        "remote_sales": None,
        "purchases": "inclusive",
        "remote_purchases": None,
    },
    "locked_until": "2026-03-31",
    "closed_until": None,
    "is_demo": False,
    "plan": "PREMIUM",
    "short_code": "!23eYt",
    "line_of_business": "Wholesale",
    "payment_terms": {
        "sales": {"days": 20, "basis": "of_following_month", "remote_basis": None},
        "bills": None,
    },
    "addresses": [
        {
            "type": "postal",
            "remote_type": None,
            **NO_ADDRESS,
            "city": "Auckland",
            "attention": None,
        }
    ],
    "phones": [
        {
            "type": "office",
            "remote_type": None,
            "number": "555 0100",
            "area_code": None,
            "country_code": "64",
            "e164": "+645550100",
        }
    ],
    "urls": [
        {
            "type": "website",
            "remote_type": None,
            "url": "https://kauri.example",
            "description": None,
        }
    ],
}

# --- contacts ----------------------------------------------------------------------------------

RAW_CUSTOMER: Json = {
    "ContactID": CUSTOMER,
    "ContactStatus": "ACTIVE",
    "Name": "Ridgeway University",
    "FirstName": "Rita",
    "EmailAddress": "accounts@ridgeway.example",
    "BankAccountDetails": "12-3456-7890123-00",
    "AccountsReceivableTaxType": "OUTPUT2",
    "Addresses": [
        {"AddressType": "STREET"},
        {"AddressType": "POBOX", "AddressLine1": "1 Hill Road", "City": "Wellington"},
    ],
    "Phones": [
        {"PhoneType": "DDI", "PhoneNumber": "", "PhoneAreaCode": "", "PhoneCountryCode": ""},
        {"PhoneType": "MOBILE", "PhoneNumber": "5550199", "PhoneCountryCode": "64"},
    ],
    "UpdatedDateUTC": "/Date(1763600523147+0000)/",
    "ContactGroups": [],
    "IsSupplier": False,
    "IsCustomer": True,
    "SalesDefaultLineAmountType": "EXCLUSIVE",
    "SalesDefaultAccountCode": "200",
    "SalesTrackingCategories": [{"TrackingCategoryName": "Region", "TrackingOptionName": "North"}],
    "Discount": 5.50,
    "PaymentTerms": {"Sales": {"Day": 20, "Type": "DAYSAFTERBILLDATE"}},
    "ContactPersons": [
        {
            "FirstName": "Bo",
            "LastName": "Lee",
            "EmailAddress": "bo@ridgeway.example",
            "IncludeInEmails": True,
        }
    ],
    "Balances": {"AccountsReceivable": {"Outstanding": 250.00, "Overdue": 250.00}},
    "HasAttachments": False,
    "HasValidationErrors": False,
}
NO_DEFAULTS: Json = {
    "account": None,
    "tax_rate": None,
    "tax_mode": None,
    "remote_tax_mode": None,
    "tracking": [],
    "discount_percent": None,
}
NOTHING_KNOWN: Json = {
    **dict.fromkeys(
        (
            "number",
            "account_number",
            "first_name",
            "last_name",
            "email",
            "company_number",
            "tax_number",
            "tax_number_type",
            "website",
            "currency",
            "bank_details",
            "balances",
            "branding_theme",
            "network_key",
        )
    ),
    "extensions": {"xero": {"tracking_category_name": None, "tracking_category_option": None}},
    "roles": [],
    "roles_source": "none",
    "emails": [],
    "contact_persons": [],
    "phones": [],
    "addresses": [],
    "sales_defaults": NO_DEFAULTS,
    "purchase_defaults": NO_DEFAULTS,
    "payment_terms": {"sales": None, "bills": None},
    "groups": [],
    "has_attachments": False,
}
CUSTOMER_RECORD: Json = {
    **common("contact", CUSTOMER, "active", "ACTIVE"),
    **NOTHING_KNOWN,
    "name": "Ridgeway University",
    "roles": ["customer"],
    "roles_source": "provider",
    "first_name": "Rita",
    "email": "accounts@ridgeway.example",
    "emails": [
        {"type": "main", "email": "accounts@ridgeway.example", "is_primary": True},
        {"type": "person", "email": "bo@ridgeway.example", "is_primary": False},
    ],
    "contact_persons": [
        {
            "first_name": "Bo",
            "last_name": "Lee",
            "email": "bo@ridgeway.example",
            "include_in_emails": True,
        }
    ],
    "phones": [
        {
            "type": "mobile",
            "remote_type": None,
            "number": "5550199",
            "area_code": None,
            "country_code": "64",
            "e164": "+645550199",
        }
    ],
    "addresses": [
        {
            "type": "postal",
            "remote_type": None,
            **NO_ADDRESS,
            "line_1": "1 Hill Road",
            "city": "Wellington",
            "attention": None,
        }
    ],
    "sales_defaults": {
        "account": {"id": None, "remote_id": None, "code": "200"},
        "tax_rate": ref("tax_rate", "OUTPUT2"),
        "tax_mode": "exclusive",
        "remote_tax_mode": None,
        "tracking": [
            {
                "category": {"id": None, "remote_id": None, "name": "Region"},
                "option": {"id": None, "remote_id": None, "name": "North"},
            }
        ],
        "discount_percent": "5.5",
    },
    "payment_terms": {
        "sales": {"days": 20, "basis": "days_after_bill_date", "remote_basis": None},
        "bills": None,
    },
    "bank_details": "****2300",
    "balances": {"receivable": {"outstanding": "250.00", "overdue": "250.00"}, "payable": None},
}

RAW_VENDOR: Json = {
    "ContactID": VENDOR,
    "ContactStatus": "ACTIVE",
    "Name": "Boots Limited",
    "Addresses": [],
    "Phones": [],
    "ContactGroups": [],
    "IsSupplier": True,
    "IsCustomer": False,
    "ContactPersons": [],
    "HasAttachments": False,
}
VENDOR_RECORD: Json = {
    **common("contact", VENDOR, "active", "ACTIVE"),
    **NOTHING_KNOWN,
    "name": "Boots Limited",
    "roles": ["vendor"],
    "roles_source": "provider",
}
RAW_MERGED: Json = {
    "ContactID": MERGED,
    "MergedToContactID": CUSTOMER,
    "ContactStatus": "ARCHIVED",
    "Name": "Ridgeway Univ",
    "ContactGroups": [],
    "IsSupplier": False,
    "IsCustomer": False,
    "ContactPersons": [],
    "HasAttachments": False,
}
MERGED_RECORD: Json = {
    **common("contact", MERGED, "archived", "ARCHIVED"),
    **NOTHING_KNOWN,
    "name": "Ridgeway Univ",
    "is_deleted": True,
    "deletion_kind": "merged",
    "deleted_at": "2026-11-20T01:02:04.000Z",
    "merged_into": ref("contact", CUSTOMER),
}

# --- invoices ----------------------------------------------------------------------------------

RAW_OPEN: Json = {
    "Type": "ACCREC",
    "InvoiceID": OPEN,
    "InvoiceNumber": "INV-0042",
    "Reference": "PO 7",
    "Payments": [
        {"PaymentID": PAYMENT_1, "Date": ms("2026-10-20"), "Amount": 100.00, "CurrencyRate": 0.95}
    ],
    "CreditNotes": [],
    "Prepayments": [],
    "Overpayments": [],
    "AmountDue": 230.00,
    "AmountPaid": 100.00,
    "AmountCredited": 0.00,
    "SentToContact": True,
    "CurrencyRate": 0.9200000000,
    "IsDiscounted": False,
    "HasAttachments": False,
    "InvoiceAddresses": [],
    "Contact": {"ContactID": CUSTOMER, "Name": "Ridgeway University"},
    "DateString": "2026-10-01T00:00:00",
    "Date": ms("2026-10-01"),
    "DueDateString": "2026-11-01T00:00:00",
    "DueDate": ms("2026-11-01"),
    "Status": "AUTHORISED",
    "LineAmountTypes": "Exclusive",
    "LineItems": [
        {
            "Description": "Onsite project management",
            "UnitAmount": 50.0000,
            "TaxType": "OUTPUT2",
            "TaxAmount": 20.00,
            "LineAmount": 200.00,
            "AccountCode": "200",
            "Tracking": [],
            "Quantity": 4.0000,
            "LineItemID": LINE_1,
            "AccountID": ACCOUNT,
        },
        {
            "ItemCode": "PM-1",
            "Description": "Desk",
            "UnitAmount": 100.0000,
            "TaxType": "OUTPUT2",
            "TaxAmount": 10.00,
            "LineAmount": 100.00,
            "Tracking": [
                {
                    "Name": "Region",
                    "Option": "North",
                    "TrackingCategoryID": CATEGORY,
                    "TrackingOptionID": OPTION,
                }
            ],
            "Quantity": 1.0000,
            "LineItemID": LINE_2,
        },
    ],
    "SubTotal": 300.00,
    "TotalTax": 30.00,
    "Total": 330.00,
    "UpdatedDateUTC": "/Date(1763600523147+0000)/",
    "CurrencyCode": "AUD",
}
NO_LINE: Json = {
    "item": None,
    "account": None,
    "tax_breakdown": None,
    "discount_percent": None,
    "discount_amount": None,
    "tracking": [],
    "repeating_line_source": None,
    "extensions": {},
}
NO_DOCUMENT: Json = {
    **dict.fromkeys(
        (
            "remote_type",
            "reference",
            "expected_payment_date",
            "paid_on",
            "remote_tax_mode",
            "total_discount",
            "total_discount_base",
            "source_url",
            "online_url",
            "repeating_transaction",
            "branding_theme",
            "withholding",
            "billing_address",
            "shipping_address",
            "memo",
        )
    ),
    "extensions": {
        "xero": {
            "is_discounted": False,
            "entered_total": None,
            "rounding_amount": None,
            "origin_address": None,
        }
    },
    "timing": "none",
    "is_overdue": False,
    "base_currency": "NZD",
    "payments": [],
    "credits": [],
    "is_sent": False,
    "has_attachments": False,
}
OPEN_RECORD: Json = {
    **common("invoice", OPEN, "open", "AUTHORISED"),
    **NO_DOCUMENT,
    "type": "invoice",
    "number": "INV-0042",
    "reference": "PO 7",
    "contact": ref("contact", CUSTOMER, name="Ridgeway University"),
    "issue_date": "2026-10-01",
    "due_date": "2026-11-01",
    "payment_status": "partially_paid",
    "timing": "overdue",
    "is_overdue": True,
    "currency": "AUD",
    "exchange_rate_to_base": "1.086956522",
    "provider_exchange_rate": "0.92",
    "tax_mode": "exclusive",
    "subtotal": "300.00",
    "subtotal_base": "326.09",
    "total_tax": "30.00",
    "total_tax_base": "32.61",
    "total": "330.00",
    "total_base": "358.70",
    "line_items": [
        {
            **NO_LINE,
            "id": LINE_1,
            "line_number": 1,
            "description": "Onsite project management",
            "quantity": "4",
            "unit_price": "50.00",
            "account": ref("account", ACCOUNT, code="200"),
            "tax_rate": ref("tax_rate", "OUTPUT2"),
            "tax_amount": "20.00",
            "line_amount": "200.00",
            "net_amount": "200.00",
            "gross_amount": "220.00",
        },
        {
            **NO_LINE,
            "id": LINE_2,
            "line_number": 2,
            "description": "Desk",
            "quantity": "1",
            "unit_price": "100.00",
            "item": {"id": None, "remote_id": None, "code": "PM-1"},
            "tax_rate": ref("tax_rate", "OUTPUT2"),
            "tax_amount": "10.00",
            "line_amount": "100.00",
            "net_amount": "100.00",
            "gross_amount": "110.00",
            "tracking": [
                {
                    "category": ref("tracking_category", CATEGORY, name="Region"),
                    "option": ref("tracking_option", OPTION, name="North"),
                }
            ],
        },
    ],
    "amount_due": "230.00",
    "amount_due_base": "250.00",
    "amount_paid": "100.00",
    "amount_paid_base": "108.70",
    "amount_credited": "0.00",
    "amount_credited_base": "0.00",
    "payments": [
        {
            "id": PAYMENT_1,
            "ref": ref("payment", PAYMENT_1),
            "date": "2026-10-20",
            "amount": "100.00",
            "provider_exchange_rate": "0.95",
        }
    ],
    "realised_gain_base": "-3.44",
    "is_sent": True,
}
RAW_BILL: Json = {
    "Type": "ACCPAY",
    "InvoiceID": BILL,
    "InvoiceNumber": "7781",
    "Reference": "",
    "Payments": [{"PaymentID": PAYMENT_2, "Date": ms("2026-11-10"), "Amount": 115.00}],
    "AmountDue": 0.00,
    "AmountPaid": 115.00,
    "AmountCredited": 0.00,
    "CurrencyRate": 1.0000000000,
    "IsDiscounted": False,
    "HasAttachments": False,
    "Contact": {"ContactID": VENDOR, "Name": "Boots Limited"},
    "Date": ms("2026-11-01"),
    "DueDate": ms("2026-11-20"),
    "PlannedPaymentDate": ms("2026-11-15"),
    "Status": "PAID",
    "LineAmountTypes": "Inclusive",
    "LineItems": [
        {
            "Description": "Boots",
            "UnitAmount": 115.0000,
            "TaxType": "INPUT2",
            "TaxAmount": 15.00,
            "LineAmount": 115.00,
            "AccountCode": "310",
            "Tracking": [],
            "Quantity": 1.0000,
            "LineItemID": LINE_3,
        }
    ],
    "SubTotal": 100.00,
    "TotalTax": 15.00,
    "Total": 115.00,
    "CurrencyCode": "NZD",
    "FullyPaidOnDate": ms("2026-11-10"),
}
BILL_RECORD: Json = {
    **common("invoice", BILL, "paid", "PAID"),
    **NO_DOCUMENT,
    "type": "bill",
    "number": "7781",
    "contact": ref("contact", VENDOR, name="Boots Limited"),
    "issue_date": "2026-11-01",
    "due_date": "2026-11-20",
    "expected_payment_date": "2026-11-15",
    "paid_on": "2026-11-10",
    "payment_status": "paid",
    "currency": "NZD",
    "exchange_rate_to_base": "1",
    "provider_exchange_rate": "1",
    "tax_mode": "inclusive",
    "subtotal": "100.00",
    "subtotal_base": "100.00",
    "total_tax": "15.00",
    "total_tax_base": "15.00",
    "total": "115.00",
    "total_base": "115.00",
    "line_items": [
        {
            **NO_LINE,
            "id": LINE_3,
            "line_number": 1,
            "description": "Boots",
            "quantity": "1",
            "unit_price": "115.00",
            "account": {"id": None, "remote_id": None, "code": "310"},
            "tax_rate": ref("tax_rate", "INPUT2"),
            "tax_amount": "15.00",
            "line_amount": "115.00",
            "net_amount": "100.00",
            "gross_amount": "115.00",
        }
    ],
    "amount_due": "0.00",
    "amount_due_base": "0.00",
    "amount_paid": "115.00",
    "amount_paid_base": "115.00",
    "amount_credited": "0.00",
    "amount_credited_base": "0.00",
    "payments": [
        {
            "id": PAYMENT_2,
            "ref": ref("payment", PAYMENT_2),
            "date": "2026-11-10",
            "amount": "115.00",
            "provider_exchange_rate": None,
        }
    ],
    "realised_gain_base": "0.00",
}
RAW_DRAFT: Json = {
    "Type": "ACCREC",
    "InvoiceID": DRAFT,
    "InvoiceNumber": "INV-0043",
    "AmountDue": 12.50,
    "AmountPaid": 0.00,
    "AmountCredited": 0.00,
    "CurrencyRate": 1.0,
    "IsDiscounted": False,
    "HasAttachments": False,
    "Contact": {"ContactID": CUSTOMER, "Name": "Ridgeway University"},
    "Date": ms("2026-11-01"),
    "DueDate": ms("2026-11-10"),
    "Status": "DRAFT",
    "LineAmountTypes": "NoTax",
    "LineItems": [
        {
            "Description": "Pens",
            "UnitAmount": 1.2500,
            "TaxType": "NONE",
            "TaxAmount": 0.00,
            "LineAmount": 12.50,
            "Tracking": [],
            "Quantity": 10.0000,
            "LineItemID": LINE_4,
        }
    ],
    "SubTotal": 12.50,
    "TotalTax": 0.00,
    "Total": 12.50,
    "CurrencyCode": "NZD",
}
DRAFT_RECORD: Json = {
    **common("invoice", DRAFT, "draft", "DRAFT"),
    **NO_DOCUMENT,
    "type": "invoice",
    "number": "INV-0043",
    "contact": ref("contact", CUSTOMER, name="Ridgeway University"),
    "issue_date": "2026-11-01",
    "due_date": "2026-11-10",
    "payment_status": "none",
    "currency": "NZD",
    "exchange_rate_to_base": "1",
    "provider_exchange_rate": "1",
    "tax_mode": "none",
    "subtotal": "12.50",
    "subtotal_base": "12.50",
    "total_tax": "0.00",
    "total_tax_base": "0.00",
    "total": "12.50",
    "total_base": "12.50",
    "line_items": [
        {
            **NO_LINE,
            "id": LINE_4,
            "line_number": 1,
            "description": "Pens",
            "quantity": "10",
            "unit_price": "1.25",
            "tax_rate": ref("tax_rate", "NONE"),
            "tax_amount": "0.00",
            "line_amount": "12.50",
            "net_amount": "12.50",
            "gross_amount": "12.50",
        }
    ],
    "amount_due": "12.50",
    "amount_due_base": "12.50",
    "amount_paid": "0.00",
    "amount_paid_base": "0.00",
    "amount_credited": "0.00",
    "amount_credited_base": "0.00",
    "realised_gain_base": "0.00",
}
RAW_DELETED: Json = {
    "Type": "ACCREC",
    "InvoiceID": DELETED,
    "InvoiceNumber": "INV-0044",
    "AmountDue": 0.00,
    "AmountPaid": 0.00,
    "AmountCredited": 0.00,
    "CurrencyRate": 1.0,
    "IsDiscounted": False,
    "HasAttachments": False,
    "Contact": {"ContactID": CUSTOMER, "Name": "Ridgeway University"},
    "Date": ms("2026-11-01"),
    "Status": "DELETED",
    "LineAmountTypes": "Exclusive",
    "LineItems": [],
    "SubTotal": 0.00,
    "TotalTax": 0.00,
    "Total": 0.00,
    "CurrencyCode": "NZD",
}
DELETED_RECORD: Json = {
    **DRAFT_RECORD,
    **common("invoice", DELETED, "deleted", "DELETED"),
    "extensions": NO_DOCUMENT["extensions"],
    "is_deleted": True,
    "deletion_kind": "deleted",
    "deleted_at": "2026-11-20T01:02:04.000Z",
    "number": "INV-0044",
    "due_date": None,
    "tax_mode": "exclusive",
    "subtotal": "0.00",
    "subtotal_base": "0.00",
    "total": "0.00",
    "total_base": "0.00",
    "line_items": [],
    "amount_due": "0.00",
    "amount_due_base": "0.00",
}
