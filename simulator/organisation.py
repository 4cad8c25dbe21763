"""The organisation itself, as GET /Organisation shows it. Read only, as at Xero."""

from typing import Any

from simulator.ledger import Ledger
from simulator.wire import ms_day, ms_instant_bare


def wire(ledger: Ledger) -> dict[str, Any]:
    """The one organisation of a tenant; its OrganisationID is the tenant id."""
    country = ledger.country
    city, region, postal_code = country.cities[0]
    day, month = country.year_end
    short = ledger.tenant_id.replace("-", "")
    out: dict[str, Any] = {
        "APIKey": short.upper()[:30],
        "Name": ledger.name,
        "LegalName": f"{ledger.name} Limited",
        "PaysTax": True,
        "Version": country.version,
        "OrganisationType": "COMPANY",
        "BaseCurrency": country.currency,
        "CountryCode": country.code,
        "IsDemoCompany": ledger.is_demo,
        "OrganisationStatus": "ACTIVE",
        "TaxNumber": f"{int(short[:8], 16) % 10**9:09d}",
        "FinancialYearEndDay": day,
        "FinancialYearEndMonth": month,
        "SalesTaxBasis": "ACCRUALS",
        "SalesTaxPeriod": "QUARTERLY",
        "DefaultSalesTax": "Tax Exclusive",
        "DefaultPurchasesTax": "Tax Exclusive",
    }
    if ledger.period_lock is not None:
        out["PeriodLockDate"] = ms_day(ledger.period_lock)
    if ledger.year_lock is not None:
        out["EndOfYearLockDate"] = ms_day(ledger.year_lock)
    out |= {
        "CreatedDateUTC": ms_instant_bare(ledger.created_ms),
        "OrganisationEntityType": "COMPANY",
        "Timezone": country.windows_zone,
        "ShortCode": f"!{short[-5:]}",
        "OrganisationID": ledger.tenant_id,
        "Edition": "BUSINESS",
        "Class": "PREMIUM",
        "LineOfBusiness": "Wholesale trade",
        "Addresses": [
            {
                "AddressType": "POBOX",
                "AddressLine1": "12 Harbour Street",
                "City": city,
                "Region": region,
                "PostalCode": postal_code,
                "Country": country.country_name,
                "AttentionTo": "",
            }
        ],
        "Phones": [
            {
                "PhoneType": "OFFICE",
                "PhoneNumber": "555 0100",
                "PhoneAreaCode": "2",
                "PhoneCountryCode": country.phone_code,
            }
        ],
        "ExternalLinks": [],
        "PaymentTerms": {"Sales": {"Day": 20, "Type": "OFFOLLOWINGMONTH"}},
        "TaxNumberName": country.tax_number_name,
    }
    return out
