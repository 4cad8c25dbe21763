"""Company info: the organisation itself, one per tenant.

Other resources lean on it: base currency, time zone and short code come from here.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from unified.codecs import (
    CURRENCY,
    DATE,
    FLAG,
    INTEGER,
    TEXT,
    Codec,
    Drift,
    Scope,
    choice,
    flag,
    read_text,
    remote_of,
)
from unified.model import (
    Currency,
    Day,
    OneOf,
    Part,
    PaymentTerms,
    Personal,
    Phone,
    Record,
    TypedAddress,
)
from unified.parts import ADDRESSES, PAYMENT_TERMS, PHONES
from unified.resource import Endpoint, Resource
from unified.shape import Field, Shape, many
from unified.timezones import zone_of

_KINDS: Final = {
    "COMPANY": "company",
    "LOOK_THROUGH_COMPANY": "company",
    "S_CORPORATION": "company",
    "SINGLEMEMBERLLC": "company",
    "CCORPORATIONLLC": "company",
    "SCORPORATIONLLC": "company",
    "LLC": "company",
    "SOLE_TRADER": "sole_trader",
    "PARTNERSHIP": "partnership",
    "PARTNERSHIPLLC": "partnership",
    "CHARITY": "charity",
    "CLUB_OR_SOCIETY": "club",
    "TRUST": "trust",
    "SUPERANNUATION_FUND": "superannuation",
    "SELF_MANAGED_SUPERANNUATION_FUND": "superannuation",
    "ACCOUNTING_PRACTICE": "accounting_practice",
    "INDIVIDUAL": "person",
    "PERSONAL": "person",
    "NOT_FOR_PROFIT": "other",
    "NOTLLC": "other",
    "UNSPECIFIED": "other",
}
_KIND: Final = choice("Organisation.OrganisationEntityType", _KINDS)
_STATUS: Final = choice("Organisation.OrganisationStatus", {"ACTIVE": "active"})
_TAX_BASIS: Final = choice(
    "Organisation.SalesTaxBasis",
    {
        "PAYMENTS": "payments",
        "INVOICE": "invoice",
        "NONE": "none",
        "CASH": "cash",
        "ACCRUAL": "accrual",
        "ACCRUALS": "accrual",
        "FLATRATECASH": "flat_rate_cash",
        "FLATRATEACCRUAL": "flat_rate_accrual",
    },
)
_TAX_PERIOD: Final = choice(
    "Organisation.SalesTaxPeriod",
    {
        "MONTHLY": "monthly",
        "ONEMONTHS": "monthly",
        "1MONTHLY": "monthly",
        "TWOMONTHS": "two_monthly",
        "2MONTHLY": "two_monthly",
        "QUARTERLY": "quarterly",
        "3MONTHLY": "quarterly",
        "QUARTERLY1": "quarterly_1",
        "QUARTERLY2": "quarterly_2",
        "QUARTERLY3": "quarterly_3",
        "SIXMONTHS": "six_monthly",
        "6MONTHLY": "six_monthly",
        "ANNUALLY": "annually",
        "YEARLY": "annually",
        "NONE": "none",
    },
)
#: Xero writes a label here, not a code: "Tax Exclusive".
_TAX_LABEL: Final = choice(
    "Organisation.DefaultTax",
    {
        "TAX EXCLUSIVE": "exclusive",
        "TAX INCLUSIVE": "inclusive",
        "NO TAX": "none",
        "EXCLUSIVE": "exclusive",
        "INCLUSIVE": "inclusive",
        "NOTAX": "none",
        "NONE": "none",
    },
)


# --- codecs of this resource alone -------------------------------------------------------------


def _kind_key(raw: Mapping[str, Any]) -> str:
    return "OrganisationEntityType" if raw.get("OrganisationEntityType") else "OrganisationType"


def _read_kind(raw: Mapping[str, Any], scope: Scope) -> str | None:
    found: str | None = _KIND.decode(raw.get(_kind_key(raw)), scope)
    return found


def _read_remote_kind(raw: Mapping[str, Any], scope: Scope) -> str | None:
    found: str | None = remote_of(_KIND).decode(raw.get(_kind_key(raw)), scope)
    return found


def _read_plan(raw: Mapping[str, Any], scope: Scope) -> str | None:
    return read_text(raw.get("Class"), scope) or read_text(raw.get("Edition"), scope)


def _read_zone(value: Any, scope: Scope) -> str | None:
    squeezed = read_text(value, scope)
    if squeezed is None:
        return None
    zone = zone_of(squeezed)
    if zone is None:
        scope.drift.append(Drift("value", "Organisation.Timezone", squeezed[:64]))
    return zone


def _read_remote_zone(value: Any, _scope: Scope) -> str | None:
    return value if isinstance(value, str) and value and zone_of(value) is None else None


_TAX_MODES: Final = Shape(
    "Organisation",
    (
        Field("sales", "DefaultSalesTax", _TAX_LABEL),
        Field("remote_sales", "DefaultSalesTax", remote_of(_TAX_LABEL)),
        Field("purchases", "DefaultPurchasesTax", _TAX_LABEL),
        Field("remote_purchases", "DefaultPurchasesTax", remote_of(_TAX_LABEL)),
    ),
    partial=True,
)
_LINK_TYPE: Final = choice(
    "ExternalLink.LinkType",
    {
        "FACEBOOK": "facebook",
        "GOOGLEPLUS": "google_plus",
        "LINKEDIN": "linkedin",
        "TWITTER": "twitter",
        "WEBSITE": "website",
    },
)
_URL: Final = Shape(
    "ExternalLink",
    (
        Field("type", "LinkType", _LINK_TYPE),
        Field("remote_type", "LinkType", remote_of(_LINK_TYPE)),
        Field("url", "Url", TEXT),
        Field("description", "Description", TEXT),
    ),
)


# --- meaning -----------------------------------------------------------------------------------


def _facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Lock dates: what is dated on or before the later one can no longer be written."""
    was, now = _locked(before), _locked(after)
    if was == now:
        return []
    return ["period.locked" if now > was else "period.unlocked"]


def _locked(record: Mapping[str, Any]) -> str:
    return max(record["locked_until"] or "", record["closed_until"] or "")


# --- schema ------------------------------------------------------------------------------------

_Mode = Annotated[str, OneOf("exclusive", "inclusive", "none")]


class TaxModes(Part):
    """How amounts are entered by default."""

    sales: _Mode | None
    remote_sales: str | None
    purchases: _Mode | None
    remote_purchases: str | None


class ExternalUrl(Part):
    """One of the organisation's addresses on the web."""

    type: Annotated[str, OneOf("facebook", "google_plus", "linkedin", "twitter", "website")] | None
    remote_type: str | None
    url: str | None
    description: str | None


class XeroOrganisationExtensions(Part):
    """Provider-only fields of an organisation."""

    version: str | None
    plan_class: str | None
    edition: str | None
    organisation_type: str | None
    organisation_entity_type: str | None
    employer_identification_number: str | None
    tax_number_name: str | None


class CompanyExtensions(Part):
    """Provider-only fields by provider."""

    xero: XeroOrganisationExtensions


class CompanyInfo(Record):
    """The organisation."""

    extensions: CompanyExtensions
    name: Personal | None
    legal_name: str | None
    type: (
        Annotated[
            str,
            OneOf(
                "company",
                "sole_trader",
                "partnership",
                "charity",
                "club",
                "trust",
                "superannuation",
                "accounting_practice",
                "person",
                "other",
            ),
        ]
        | None
    )
    remote_type: str | None
    base_currency: Currency | None
    country: str | None
    timezone: str | None
    remote_timezone: str | None
    registration_number: str | None
    tax_number: str | None
    fiscal_year_end_month: int | None
    fiscal_year_end_day: int | None
    pays_tax: bool | None
    tax_basis: (
        Annotated[
            str,
            OneOf(
                "payments",
                "invoice",
                "none",
                "cash",
                "accrual",
                "flat_rate_cash",
                "flat_rate_accrual",
            ),
        ]
        | None
    )
    remote_tax_basis: str | None
    tax_period: (
        Annotated[
            str,
            OneOf(
                "monthly",
                "two_monthly",
                "quarterly",
                "quarterly_1",
                "quarterly_2",
                "quarterly_3",
                "six_monthly",
                "annually",
                "none",
            ),
        ]
        | None
    )
    remote_tax_period: str | None
    default_tax_mode: TaxModes | None
    locked_until: Day | None
    closed_until: Day | None
    is_demo: bool | None
    plan: str | None
    short_code: str | None
    line_of_business: str | None
    payment_terms: PaymentTerms | None
    addresses: list[TypedAddress] | None
    phones: list[Phone] | None
    urls: list[ExternalUrl] | None


COMPANY_INFO: Final = Resource(
    name="company_info",
    plural="company_info",
    topic_part="company-info",
    space="accounting",
    model=CompanyInfo,
    endpoint=Endpoint(
        path="Organisation",
        item_key="Organisations",
        id_key="OrganisationID",
        modified_since=False,
        page_size=None,
        ids_filter=False,
        where_id_or=False,
        sends_unitdp=False,
        list_params={},
        order=None,
        single=False,
        scope_granular="accounting.settings",
        scope_broad="accounting.settings",
    ),
    webhook_category=None,
    updated_key=None,
    permanent=True,
    created_key="CreatedDateUTC",
    facts_of=_facts,
    fields=(
        Field("status", "OrganisationStatus", _STATUS),
        Field("remote_status", "OrganisationStatus", TEXT),
        Field("name", "Name", TEXT),
        Field("legal_name", "LegalName", TEXT),
        Field("type", ("OrganisationEntityType", "OrganisationType"), Codec(_read_kind)),
        Field(
            "remote_type",
            ("OrganisationEntityType", "OrganisationType"),
            Codec(_read_remote_kind),
        ),
        Field("base_currency", "BaseCurrency", CURRENCY),
        Field("country", "CountryCode", TEXT),
        Field("timezone", "Timezone", Codec(_read_zone)),
        Field("remote_timezone", "Timezone", Codec(_read_remote_zone)),
        Field("registration_number", "RegistrationNumber", TEXT),
        Field("tax_number", "TaxNumber", TEXT),
        Field("fiscal_year_end_month", "FinancialYearEndMonth", INTEGER),
        Field("fiscal_year_end_day", "FinancialYearEndDay", INTEGER),
        Field("pays_tax", "PaysTax", FLAG),
        Field("tax_basis", "SalesTaxBasis", _TAX_BASIS),
        Field("remote_tax_basis", "SalesTaxBasis", remote_of(_TAX_BASIS)),
        Field("tax_period", "SalesTaxPeriod", _TAX_PERIOD),
        Field("remote_tax_period", "SalesTaxPeriod", remote_of(_TAX_PERIOD)),
        Field("default_tax_mode", _TAX_MODES.keys, Codec(_TAX_MODES.decode)),
        Field("locked_until", "PeriodLockDate", DATE),
        Field("closed_until", "EndOfYearLockDate", DATE),
        Field("is_demo", "IsDemoCompany", flag(absent=False)),
        Field("plan", ("Class", "Edition"), Codec(_read_plan)),
        Field("short_code", "ShortCode", TEXT),
        Field("line_of_business", "LineOfBusiness", TEXT),
        Field("payment_terms", "PaymentTerms", PAYMENT_TERMS),
        Field("addresses", "Addresses", ADDRESSES),
        Field("phones", "Phones", PHONES),
        Field("urls", "ExternalLinks", many(_URL)),
    ),
    extensions=(
        Field("version", "Version", TEXT),
        Field("plan_class", "Class", TEXT),
        Field("edition", "Edition", TEXT),
        Field("organisation_type", "OrganisationType", TEXT),
        Field("organisation_entity_type", "OrganisationEntityType", TEXT),
        Field("employer_identification_number", "EmployerIdentificationNumber", TEXT),
        Field("tax_number_name", "TaxNumberName", TEXT),
    ),
    ignored=("APIKey",),
)
