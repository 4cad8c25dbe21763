"""What differs between organisations of different countries: taxes, zones, names of things.

Values, no behaviour. Rates are those in force in 2026.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Country:
    """One country's book-keeping. `taxes` maps a TaxType to its percentage."""

    currency: str
    code: str
    version: str
    windows_zone: str
    iana_zone: str
    output: str
    input: str
    taxes: dict[str, Decimal]
    year_end: tuple[int, int]  # day, month
    tax_number_name: str
    cities: tuple[tuple[str, str, str], ...]  # city, region, postal code
    country_name: str
    phone_code: str


_COMMON = {"NONE": Decimal(0), "BASEXCLUDED": Decimal(0)}

COUNTRIES = {
    "AUD": Country(
        currency="AUD",
        code="AU",
        version="AU",
        windows_zone="AUSEASTERNSTANDARDTIME",
        iana_zone="Australia/Sydney",
        output="OUTPUT",
        input="INPUT",
        taxes={
            **_COMMON,
            "OUTPUT": Decimal(10),
            "INPUT": Decimal(10),
            "EXEMPTOUTPUT": Decimal(0),
            "EXEMPTEXPENSES": Decimal(0),
        },
        year_end=(30, 6),
        tax_number_name="ABN",
        cities=(("Sydney", "NSW", "2000"), ("Melbourne", "VIC", "3000"), ("Perth", "WA", "6000")),
        country_name="Australia",
        phone_code="61",
    ),
    "NZD": Country(
        currency="NZD",
        code="NZ",
        version="NZ",
        windows_zone="NEWZEALANDSTANDARDTIME",
        iana_zone="Pacific/Auckland",
        output="OUTPUT2",
        input="INPUT2",
        taxes={
            **_COMMON,
            "OUTPUT2": Decimal(15),
            "INPUT2": Decimal(15),
            "ZERORATED": Decimal(0),
        },
        year_end=(31, 3),
        tax_number_name="GST Number",
        cities=(("Auckland", "", "1010"), ("Wellington", "", "6011"), ("Dunedin", "Otago", "9016")),
        country_name="New Zealand",
        phone_code="64",
    ),
    "GBP": Country(
        currency="GBP",
        code="GB",
        version="UK",
        windows_zone="GMTSTANDARDTIME",
        iana_zone="Europe/London",
        output="OUTPUT2",
        input="INPUT2",
        taxes={
            **_COMMON,
            "OUTPUT2": Decimal(20),
            "INPUT2": Decimal(20),
            "RROUTPUT": Decimal(5),
            "RRINPUT": Decimal(5),
            "ZERORATEDOUTPUT": Decimal(0),
            "ZERORATEDINPUT": Decimal(0),
        },
        year_end=(31, 3),
        tax_number_name="VAT Number",
        cities=(
            ("London", "Greater London", "EC1A 1BB"),
            ("Leeds", "West Yorkshire", "LS1 1UR"),
            ("Bristol", "", "BS1 4DJ"),
        ),
        country_name="United Kingdom",
        phone_code="44",
    ),
    "USD": Country(
        currency="USD",
        code="US",
        version="US",
        windows_zone="EASTERNSTANDARDTIME",
        iana_zone="America/New_York",
        output="OUTPUT",
        input="INPUT",
        taxes={**_COMMON, "OUTPUT": Decimal("8.875"), "INPUT": Decimal("8.875")},
        year_end=(31, 12),
        tax_number_name="EIN",
        cities=(
            ("New York", "NY", "10013"),
            ("Boston", "MA", "02108"),
            ("Philadelphia", "PA", "19103"),
        ),
        country_name="United States",
        phone_code="1",
    ),
    "ZAR": Country(
        currency="ZAR",
        code="ZA",
        version="GLOBAL",
        windows_zone="SOUTHAFRICASTANDARDTIME",
        iana_zone="Africa/Johannesburg",
        output="OUTPUT3",
        input="INPUT3",
        taxes={**_COMMON, "OUTPUT3": Decimal(15), "INPUT3": Decimal(15)},
        year_end=(28, 2),
        tax_number_name="VAT Number",
        cities=(
            ("Cape Town", "Western Cape", "8001"),
            ("Durban", "KwaZulu-Natal", "4001"),
            ("Pretoria", "Gauteng", "0002"),
        ),
        country_name="South Africa",
        phone_code="27",
    ),
}

# Worth of one unit in US dollars; only the ratios matter.
DOLLARS = {
    "AUD": Decimal("0.66"),
    "NZD": Decimal("0.59"),
    "GBP": Decimal("1.31"),
    "USD": Decimal("1"),
    "ZAR": Decimal("0.057"),
    "EUR": Decimal("1.16"),
}


def market_rate(document_currency: str, base_currency: str) -> Decimal:
    """Units of document currency for one unit of base (Xero's CurrencyRate), six decimals."""
    if document_currency == base_currency:
        return Decimal(1)
    document = DOLLARS.get(document_currency, Decimal(1))
    base = DOLLARS.get(base_currency, Decimal(1))
    return (base / document).quantize(Decimal("0.000001"))
