"""Realistic elements of orders, quotes and templates from seeded chance. Nothing is saved here."""

from datetime import date, timedelta
from typing import Any

from simulator.amounts import cents
from simulator.drafting import Drafter

_STREETS = ("Warehouse 4\n12 Dock Road", "Rear entrance\n8 Mill Lane", "Unit 2\n77 Harbour Street")


class PromiseDrafter(Drafter):
    """Draws elements for one organisation."""

    def order(self, contact_id: str) -> dict[str, Any]:
        """A purchase order of today, to be delivered within days."""
        rng, on = self._rng, self._ledger.today()
        element: dict[str, Any] = {
            "Contact": {"ContactID": contact_id},
            "Date": on.isoformat(),
            "Status": rng.choices(("AUTHORISED", "DRAFT", "SUBMITTED", "BILLED"), (6, 2, 1, 1))[0],
            "LineAmountTypes": rng.choices(("Exclusive", "Inclusive", "NoTax"), (7, 2, 1))[0],
            "LineItems": self.lines("ACCPAY"),
        }
        if rng.random() < 0.8:
            element["DeliveryDate"] = (on + timedelta(days=rng.randint(0, 4))).isoformat()
        if rng.random() < 0.4:
            element |= {"DeliveryAddress": rng.choice(_STREETS), "Telephone": "555 0100"}
        if rng.random() < 0.5:
            element["Reference"] = f"REQ-{rng.randint(100, 9999)}"
        return element | self._foreign()

    def quote(self, contact_id: str) -> dict[str, Any]:
        """A quote of today, which expires within days."""
        rng, on = self._rng, self._ledger.today()
        element: dict[str, Any] = {
            "Contact": {"ContactID": contact_id},
            "Date": on.isoformat(),
            "Status": rng.choices(("SENT", "DRAFT", "ACCEPTED"), (6, 3, 1))[0],
            "LineAmountTypes": rng.choices(("EXCLUSIVE", "INCLUSIVE", "NOTAX"), (7, 2, 1))[0],
            "LineItems": self.lines("ACCREC"),
            "Title": "Our offer",
        }
        if rng.random() < 0.8:
            element["ExpiryDate"] = (on + timedelta(days=rng.randint(0, 5))).isoformat()
        if rng.random() < 0.5:
            element |= {"Summary": "As discussed", "Terms": "Valid until the day named"}
        return element | self._foreign()

    def template(self, kind: str, contact_id: str, *, start: date) -> dict[str, Any]:
        """A template of invoices (ACCREC) or bills (ACCPAY) that runs first on a day."""
        rng = self._rng
        element: dict[str, Any] = {
            "Type": kind,
            "Contact": {"ContactID": contact_id},
            "Status": rng.choices(("AUTHORISED", "DRAFT"), (3, 1))[0],
            "LineAmountTypes": rng.choice(("Exclusive", "Inclusive")),
            "LineItems": self.plain_lines(kind),
            "Schedule": {
                "Period": rng.choice((1, 1, 2)),
                "Unit": rng.choice(("WEEKLY", "MONTHLY")),
                "DueDate": rng.choice((7, 14, 20)),
                "DueDateType": rng.choice(("DAYSAFTERBILLDATE", "OFFOLLOWINGMONTH")),
                "StartDate": start.isoformat(),
            },
        }
        if kind == "ACCREC":
            element |= {
                "Reference": f"Plan {rng.randint(10, 99)}",
                "ApprovedForSending": rng.random() < 0.5,
                "IncludePDF": rng.random() < 0.5,
            }
        return element

    def plain_lines(self, kind: str) -> list[dict[str, Any]]:
        """One or two lines that stay as they are however often they are made anew."""
        drawn = self.lines(kind)[:2]
        for line in drawn:
            line.pop("ItemCode", None)
            line["UnitAmount"] = cents(line["UnitAmount"])
        return drawn

    def _foreign(self) -> dict[str, Any]:
        rng = self._rng
        if rng.random() >= 0.12:
            return {}
        held = [each.id for each in self._ledger.reference.currencies]
        return {"CurrencyCode": rng.choice(held)}
