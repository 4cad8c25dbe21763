"""Realistic elements from seeded chance: contacts and documents. Nothing is saved here."""

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from simulator import names
from simulator.ledger import Ledger
from simulator.model import Account, Invoice
from simulator.reference import ACTIVE

_FOREIGN = ("EUR", "USD", "AUD", "GBP", "NZD")


class Drafter:
    """Draws elements for one organisation."""

    def __init__(self, ledger: Ledger, rng: random.Random) -> None:
        self._ledger = ledger
        self._rng = rng
        self._made = 0

    def contact(self) -> dict[str, Any]:
        """A new contact with a name not taken yet."""
        rng, country = self._rng, self._ledger.country
        first, last = rng.choice(names.FIRST_NAMES), rng.choice(names.LAST_NAMES)
        name = self.name()
        city, region, postal_code = rng.choice(country.cities)
        element: dict[str, Any] = {"Name": name}
        if rng.random() < 0.7:
            address = f"{first}.{last}".lower().replace(" ", "").replace("'", "")
            element |= {
                "FirstName": first,
                "LastName": last,
                "EmailAddress": f"{address}@example.com",
            }
        if rng.random() < 0.6:
            element["Addresses"] = [
                {
                    "AddressType": "POBOX",
                    "AddressLine1": f"{rng.randint(1, 220)} {rng.choice(names.STREETS)}",
                    "City": city,
                    "Region": region,
                    "PostalCode": postal_code,
                    "Country": country.country_name,
                }
            ]
        if rng.random() < 0.6:
            element["Phones"] = [self._phone()]
        if rng.random() < 0.2:
            element["TaxNumber"] = str(rng.randint(10**8, 10**9 - 1))
        if rng.random() < 0.25:
            element["AccountNumber"] = f"AC{rng.randint(1000, 9999)}"
        if rng.random() < 0.2:
            element["PaymentTerms"] = {
                "Bills": {"Day": rng.choice((7, 14, 30)), "Type": "DAYSAFTERBILLDATE"},
                "Sales": {"Day": 20, "Type": "OFFOLLOWINGMONTH"},
            }
        if rng.random() < 0.25:
            element["ContactPersons"] = [
                {
                    "FirstName": rng.choice(names.FIRST_NAMES),
                    "LastName": rng.choice(names.LAST_NAMES),
                    "EmailAddress": f"accounts{rng.randint(1, 99)}@example.com",
                    "IncludeInEmails": rng.random() < 0.5,
                }
            ]
        return element

    def foreign_bank(self) -> dict[str, Any]:
        """A bank account in another currency than the organisation's."""
        code = "USD" if self._ledger.country.currency != "USD" else "EUR"
        return {
            "Type": "BANK",
            "Code": "095",
            "Name": f"{code} Account",
            "BankAccountNumber": f"02090{self._rng.randint(10**8, 10**9 - 1)}",
            "CurrencyCode": code,
        }

    def contact_edit(self) -> dict[str, Any]:
        """A small change to a contact."""
        rng = self._rng
        return rng.choice(
            (
                {"EmailAddress": f"office{rng.randint(1, 9999)}@example.com"},
                {"Phones": [self._phone()]},
                {"AccountNumber": f"AC{rng.randint(1000, 999999)}"},
                {"FirstName": rng.choice(names.FIRST_NAMES), "LastName": "Reyes"},
            )
        )

    def name(self) -> str:
        """A business name that no active contact has."""
        rng = self._rng
        for _ in range(8):
            name = f"{rng.choice(names.LAST_NAMES)} {rng.choice(names.TRADES)}"
            if name.lower() not in self._ledger.contact_names:
                return name
        while True:
            self._made += 1
            numbered = f"{name} {self._made}"
            if numbered.lower() not in self._ledger.contact_names:
                return numbered

    def document(self, kind: str, contact_id: str, on: date, *, status: str) -> dict[str, Any]:
        """An invoice (ACCREC) or bill (ACCPAY) dated that day."""
        rng, country = self._rng, self._ledger.country
        element: dict[str, Any] = {
            "Type": kind,
            "Contact": {"ContactID": contact_id},
            "Date": on.isoformat(),
            "DueDate": (on + timedelta(days=rng.choice((0, 7, 14, 20, 30, 45)))).isoformat(),
            "Status": status,
            "LineAmountTypes": rng.choices(("Exclusive", "Inclusive", "NoTax"), (7, 2, 1))[0],
            "LineItems": self.lines(kind),
        }
        if kind == "ACCREC":
            if rng.random() < 0.5:
                element["Reference"] = f"PO {rng.randint(1000, 9999)}"
            if rng.random() < 0.6:
                element["SentToContact"] = status == "AUTHORISED"
        else:
            element["InvoiceNumber"] = f"{rng.choice('ABCDEFG')}-{rng.randint(100, 99999)}"
        if rng.random() < 0.12:
            others = [code for code in _FOREIGN if code != country.currency]
            element["CurrencyCode"] = rng.choice(others)
        return element

    def credit_note(self, invoice: Invoice, on: date, *, status: str) -> dict[str, Any]:
        """A credit note dated that day, for the contact and in the currency of a document."""
        rng, sale = self._rng, invoice.is_sale
        element: dict[str, Any] = {
            "Type": "ACCRECCREDIT" if sale else "ACCPAYCREDIT",
            "Contact": {"ContactID": invoice.contact_id},
            "Date": on.isoformat(),
            "Status": status,
            "CurrencyCode": invoice.currency,
            "LineAmountTypes": invoice.line_amount_types,
            "LineItems": [self.credit_line(sale) for _ in range(rng.randint(1, 2))],
        }
        if sale and rng.random() < 0.5:
            element["Reference"] = f"Return {rng.randint(100, 999)}"
        if not sale:
            element["CreditNoteNumber"] = f"CR-{rng.randint(100, 99999)}"
        return element

    def prepayment(self, contact_id: str, on: date, *, received: bool) -> dict[str, Any]:
        """A bank transaction that makes a prepayment."""
        kind = "ACCREC" if received else "ACCPAY"
        element: dict[str, Any] = {
            "Type": "RECEIVE-PREPAYMENT" if received else "SPEND-PREPAYMENT",
            "Contact": {"ContactID": contact_id},
            "Date": on.isoformat(),
            "LineAmountTypes": self._rng.choice(("Exclusive", "Inclusive")),
            "LineItems": [{**self._line(kind), "DiscountRate": None}],
        }
        abroad = foreign_banks(self._ledger)
        if abroad and self._rng.random() < 0.2:
            element["BankAccount"] = {"AccountID": self._rng.choice(abroad).id}
        if self._rng.random() < 0.8:
            element["Reference"] = f"DEP-{self._rng.randint(100, 9999)}"
        return element

    def lines(self, kind: str) -> list[dict[str, Any]]:
        """One to five lines."""
        return [self._line(kind) for _ in range(self._rng.choices(range(1, 6), (4, 4, 3, 1, 1))[0])]

    def _line(self, kind: str) -> dict[str, Any]:
        rng, country = self._rng, self._ledger.country
        sale = kind == "ACCREC"
        places = 4 if rng.random() < 0.08 else 2
        unit = Decimal(rng.randint(5 * 10**places, 900 * 10**places)).scaleb(-places)
        element: dict[str, Any] = {
            "Description": rng.choice(names.GOODS if sale else names.COSTS),
            "Quantity": rng.choice((1, 1, 1, 2, 3, 5, 10, Decimal("0.5"), Decimal("2.25"))),
            "UnitAmount": unit,
            "AccountCode": rng.choice(("200", "260") if sale else ("310", "400", "429", "469")),
            "TaxType": country.output if sale else country.input,
        }
        if rng.random() < 0.1:
            element["TaxType"] = "NONE"
        if sale and rng.random() < 0.1:
            element["DiscountRate"] = rng.choice((5, 10, Decimal("12.5")))
        if rng.random() < 0.25:
            element["Tracking"] = self.tracking()
        if rng.random() < 0.1:
            element |= self._item(sale)
        return element

    def tracking(self) -> list[dict[str, Any]]:
        """An option of one or both categories, by ids or by names."""
        rng = self._rng
        chosen = []
        for category in self._ledger.reference.categories:
            options = [option for option in category.options if option.status == ACTIVE]
            if category.status != ACTIVE or not options or rng.random() < 0.3:
                continue
            option = rng.choice(options)
            by_id = {"TrackingCategoryID": category.id, "TrackingOptionID": option.id}
            by_name = {"Name": category.name, "Option": option.name}
            chosen.append(by_id if rng.random() < 0.5 else by_name)
        return chosen

    def _item(self, sale: bool) -> dict[str, Any]:
        """The code of an item of that side, where there is one whose stock isn't counted."""
        fitting = [
            item.code
            for item in self._ledger.reference.items
            if item.inventory_code is None and (item.is_sold if sale else item.is_purchased)
        ]
        return {"ItemCode": self._rng.choice(fitting)} if fitting else {}

    def credit_line(self, sale: bool) -> dict[str, Any]:
        """A line of a credit note, without a discount."""
        line = self._line("ACCREC" if sale else "ACCPAY")
        cents = self._rng.randint(500, 40_000)
        return {
            **line,
            "Quantity": 1,
            "UnitAmount": Decimal(cents).scaleb(-2),
            "DiscountRate": None,
        }

    def _phone(self) -> dict[str, Any]:
        return {
            "PhoneType": self._rng.choice(("DEFAULT", "MOBILE")),
            "PhoneNumber": f"555 {self._rng.randint(1000, 9999)}",
            "PhoneAreaCode": str(self._rng.randint(2, 9)),
            "PhoneCountryCode": self._ledger.country.phone_code,
        }


def foreign_banks(ledger: Ledger) -> list[Account]:
    """The open bank accounts in other currencies than the organisation's."""
    return [
        account
        for account in ledger.accounts
        if account.type == "BANK"
        and account.status == ACTIVE
        and account.currency not in {"", ledger.country.currency}
    ]
