"""What the record of the organisation should say, from the raw one.

Source in words: Xero's organisation page and the lists of values in its API description.
"""

from collections.abc import Mapping
from typing import Any

from oracle.common import Setting, flag, identity, iso, removed
from oracle.match import Zone
from oracle.parties import addresses, known, phones, terms
from oracle.wire import day, guid, instant, number, text
from oracle.zones import zone_of

_TYPES = {
    **dict.fromkeys(
        ("COMPANY", "LOOK_THROUGH_COMPANY", "S_CORPORATION", "SINGLEMEMBERLLC", "CCORPORATIONLLC",
         "SCORPORATIONLLC", "LLC"),
        "company",
    ),
    **dict.fromkeys(("PARTNERSHIP", "PARTNERSHIPLLC"), "partnership"),
    **dict.fromkeys(("SUPERANNUATION_FUND", "SELF_MANAGED_SUPERANNUATION_FUND"), "superannuation"),
    **dict.fromkeys(("INDIVIDUAL", "PERSONAL"), "person"),
    **dict.fromkeys(("NOT_FOR_PROFIT", "NOTLLC", "UNSPECIFIED"), "other"),
    "SOLE_TRADER": "sole_trader",
    "CHARITY": "charity",
    "CLUB_OR_SOCIETY": "club",
    "TRUST": "trust",
    "ACCOUNTING_PRACTICE": "accounting_practice",
}  # fmt: skip
_BASES = {
    "PAYMENTS": "payments",
    "INVOICE": "invoice",
    "NONE": "none",
    "CASH": "cash",
    "ACCRUAL": "accrual",
    "ACCRUALS": "accrual",
    "FLATRATECASH": "flat_rate_cash",
    "FLATRATEACCRUAL": "flat_rate_accrual",
}
_PERIODS = {
    **dict.fromkeys(("MONTHLY", "ONEMONTHS", "1MONTHLY"), "monthly"),
    **dict.fromkeys(("TWOMONTHS", "2MONTHLY"), "two_monthly"),
    **dict.fromkeys(("QUARTERLY", "3MONTHLY"), "quarterly"),
    **{f"QUARTERLY{number}": f"quarterly_{number}" for number in (1, 2, 3)},
    **dict.fromkeys(("SIXMONTHS", "6MONTHLY"), "six_monthly"),
    **dict.fromkeys(("ANNUALLY", "YEARLY"), "annually"),
    "NONE": "none",
}
_MODES = {"TAX EXCLUSIVE": "exclusive", "TAX INCLUSIVE": "inclusive", "NO TAX": "none"}
_LINKS = {
    "FACEBOOK": "facebook",
    "GOOGLEPLUS": "google_plus",
    "LINKEDIN": "linkedin",
    "TWITTER": "twitter",
    "WEBSITE": "website",
}
_TEXTS = {
    "name": "Name",
    "legal_name": "LegalName",
    "remote_status": "OrganisationStatus",
    "base_currency": "BaseCurrency",
    "country": "CountryCode",
    "registration_number": "RegistrationNumber",
    "tax_number": "TaxNumber",
    "short_code": "ShortCode",
    "line_of_business": "LineOfBusiness",
}
_EXTENSIONS = {
    "version": "Version",
    "plan_class": "Class",
    "edition": "Edition",
    "organisation_type": "OrganisationType",
    "organisation_entity_type": "OrganisationEntityType",
    "employer_identification_number": "EmployerIdentificationNumber",
    "tax_number_name": "TaxNumberName",
}

Raw = Mapping[str, Any]


def organisation(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record. Raises UnreadableBooks."""
    zone = zone_of(text(raw.get("Timezone")))
    return {
        **identity(setting, "company_info", str(guid(raw["OrganisationID"]))),
        **removed(None),
        "merged_into": None,
        **{name: text(raw.get(key)) for name, key in _TEXTS.items()},
        "status": known({"ACTIVE": "active"}, raw.get("OrganisationStatus")),
        "type": known(_TYPES, raw.get("OrganisationEntityType") or raw.get("OrganisationType")),
        **({} if zone is None else {"timezone": Zone(zone)}),
        "fiscal_year_end_month": _whole(raw.get("FinancialYearEndMonth")),
        "fiscal_year_end_day": _whole(raw.get("FinancialYearEndDay")),
        "pays_tax": flag(raw.get("PaysTax")),
        "tax_basis": known(_BASES, raw.get("SalesTaxBasis")),
        "tax_period": known(_PERIODS, raw.get("SalesTaxPeriod")),
        "default_tax_mode": {
            "sales": known(_MODES, raw.get("DefaultSalesTax")),
            "purchases": known(_MODES, raw.get("DefaultPurchasesTax")),
        },
        "locked_until": iso(day(raw.get("PeriodLockDate"))),
        "closed_until": iso(day(raw.get("EndOfYearLockDate"))),
        "is_demo": flag(raw.get("IsDemoCompany")),
        "plan": text(raw.get("Class")) or text(raw.get("Edition")),
        "payment_terms": terms(raw),
        "addresses": addresses(raw),
        "phones": phones(raw),
        "urls": [_link(held) for held in raw.get("ExternalLinks") or ()],
        "created_at": instant(raw.get("CreatedDateUTC")),
        "extensions": {"xero": {name: text(raw.get(key)) for name, key in _EXTENSIONS.items()}},
    }


def _link(held: Raw) -> dict[str, Any]:
    return {
        "type": known(_LINKS, held.get("LinkType")),
        "url": text(held.get("Url")),
        "description": text(held.get("Description")),
    }


def _whole(value: Any) -> int | None:
    found = number(value)
    return None if found is None else int(found)
