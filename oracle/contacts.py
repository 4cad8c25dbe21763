"""What the record of a contact should say, from the raw contact.

Source in words: Xero's contacts page. Roles come from two flags of Xero's; archiving is the only
removal, and a contact merged into another is archived and points to it.
"""

from collections.abc import Mapping
from typing import Any

from oracle.common import Setting, code_ref, flag, identity, name_ref, ref, removed
from oracle.match import Bag, Masked
from oracle.money import quantity
from oracle.parties import addresses, known, phones, terms
from oracle.wire import guid, text

_STATUSES = {"ACTIVE": "active", "ARCHIVED": "archived", "GDPRREQUEST": "erasure_requested"}
_MODES = {"EXCLUSIVE": "exclusive", "INCLUSIVE": "inclusive", "NONE": "none", "NOTAX": "none"}
_ROLES = {"IsCustomer": "customer", "IsSupplier": "vendor"}
_TEXTS = {
    "name": "Name",
    "number": "ContactNumber",
    "account_number": "AccountNumber",
    "first_name": "FirstName",
    "last_name": "LastName",
    "email": "EmailAddress",
    "company_number": "CompanyNumber",
    "tax_number": "TaxNumber",
    "website": "Website",
    "currency": "DefaultCurrency",
    "tax_number_type": "TaxNumberType",
    "network_key": "XeroNetworkKey",
}
_PERSON = {"first_name": "FirstName", "last_name": "LastName", "email": "EmailAddress"}

Raw = Mapping[str, Any]


def contact(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record. Raises UnreadableBooks."""
    tenant = setting.tenant
    target = guid(raw.get("MergedToContactID"))
    status = known(_STATUSES, raw.get("ContactStatus"))
    roles = [role for key, role in _ROLES.items() if raw.get(key) is True]
    theme = raw.get("BrandingTheme") or {}
    return {
        **identity(setting, "contact", str(guid(raw["ContactID"]))),
        **removed("merged" if target is not None and status == "archived" else None),
        "merged_into": ref(tenant, "contact", target),
        "status": status,
        "remote_status": text(raw.get("ContactStatus")),
        **{name: text(raw.get(key)) for name, key in _TEXTS.items()},
        "roles": frozenset(roles),
        "roles_source": "provider" if roles else "none",
        "emails": _emails(raw),
        "contact_persons": [_person(held) for held in raw.get("ContactPersons") or ()],
        "addresses": addresses(raw),
        "phones": phones(raw),
        "payment_terms": terms(raw),
        "sales_defaults": {
            **_defaults(raw, "Sales", "AccountsReceivableTaxType", tenant),
            "discount_percent": quantity(raw.get("Discount")),
        },
        "purchase_defaults": {
            **_defaults(raw, "Purchases", "AccountsPayableTaxType", tenant),
            "discount_percent": None,
        },
        "groups": Bag(
            [ref(tenant, "contact_group", guid(held["ContactGroupID"])) or {}
             for held in raw.get("ContactGroups") or ()],
            lambda held: str(held.get("remote_id")),
        ),
        "bank_details": _bank(raw),
        "branding_theme": ref(tenant, "branding_theme", guid(theme.get("BrandingThemeID"))),
        "has_attachments": flag(raw.get("HasAttachments")),
        "extensions": {
            "xero": {
                "tracking_category_name": text(raw.get("TrackingCategoryName")),
                "tracking_category_option": text(raw.get("TrackingCategoryOption")),
            }
        },
    }  # fmt: skip


def _emails(raw: Raw) -> list[dict[str, Any]]:
    people = [text(held.get("EmailAddress")) for held in raw.get("ContactPersons") or ()]
    main = text(raw.get("EmailAddress"))
    found = [] if main is None else [{"type": "main", "email": main, "is_primary": True}]
    found += [{"type": "person", "email": one, "is_primary": False} for one in people if one]
    return found


def _person(held: Raw) -> dict[str, Any]:
    return {
        **{name: text(held.get(key)) for name, key in _PERSON.items()},
        "include_in_emails": flag(held.get("IncludeInEmails")),
    }


def _defaults(raw: Raw, side: str, tax_key: str, tenant: str) -> dict[str, Any]:
    tracking = raw.get(f"{side}TrackingCategories") or ()
    return {
        "account": code_ref(text(raw.get(f"{side}DefaultAccountCode"))),
        "tax_rate": ref(tenant, "tax_rate", text(raw.get(tax_key))),
        "tax_mode": known(_MODES, raw.get(f"{side}DefaultLineAmountType")),
        "tracking": [
            {
                "category": name_ref(text(held.get("TrackingCategoryName"))),
                "option": name_ref(text(held.get("TrackingOptionName"))),
            }
            for held in tracking
        ],
    }


def _bank(raw: Raw) -> Masked | None:
    batch = raw.get("BatchPayments") or {}
    held = text(raw.get("BankAccountDetails")) or text(batch.get("BankAccountNumber"))
    return None if held is None else Masked(held)
