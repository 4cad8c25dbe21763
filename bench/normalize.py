"""How fast one core turns invoices of three lines into records with fingerprints.

The baseline in the same run is `json.loads` of the same texts, so that the ratio means the same
on every machine. Run: python bench/normalize.py
"""

import json
import platform
import random
import re
import sys
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from unified.ids import ConnectionId, TenantId
from unified.resource import TenantContext
from unified.resources.invoice import INVOICE
from unified.shape import Read

INVOICES = 100  #: one page
PASSES = 20  #: over the page, in each round
ROUNDS = 9
RESULTS = Path(__file__).parent / "results" / "normalize.json"
CONTEXT = TenantContext(
    tenant_id=TenantId("0b3a6a52-6a5c-4f0e-9a53-3f3d4c3a9d11"),
    connection_id=ConnectionId("b87a2bd3-0f1e-4c8e-8a63-1c2f6c1d7e22"),
    base_currency="NZD",
    short_code="!bench",
    time_zone="Pacific/Auckland",
    business_date=date(2026, 11, 3),
)


def make_invoice(chance: random.Random, contacts: list[str], accounts: list[str]) -> dict[str, Any]:
    """One invoice as Xero writes it, with three lines and, every third time, a payment."""
    stamp = 1_790_000_000_000 + chance.randrange(30 * 86_400_000)
    day = stamp // 86_400_000 * 86_400_000
    lines = [_line(chance, accounts) for _ in range(3)]
    subtotal = sum(line["LineAmount"] for line in lines)
    tax = sum(line["TaxAmount"] for line in lines)
    total = subtotal + tax
    paid = round(total / 2, 2) if chance.random() < 0.33 else 0
    stub = {"PaymentID": _guid(chance), "Date": f"/Date({day}+0000)/", "Amount": paid}
    return {
        "Type": "ACCREC",
        "InvoiceID": _guid(chance),
        "InvoiceNumber": f"INV-{chance.randrange(100_000):05d}",
        "Reference": "",
        "Payments": [{**stub, "CurrencyRate": 1, "HasAccount": False}] if paid else [],
        "CreditNotes": [],
        "Prepayments": [],
        "Overpayments": [],
        "AmountDue": round(total - paid, 2),
        "AmountPaid": paid,
        "AmountCredited": 0,
        "CurrencyRate": 1,
        "IsDiscounted": False,
        "HasAttachments": False,
        "InvoiceAddresses": [],
        "HasErrors": False,
        "InvoicePaymentServices": [],
        "Contact": {
            "ContactID": chance.choice(contacts),
            "Name": "Kauri Builders",
            "Addresses": [],
            "Phones": [],
            "ContactGroups": [],
            "ContactPersons": [],
            "HasValidationErrors": False,
        },
        "DateString": "2026-09-21T00:00:00",
        "Date": f"/Date({day}+0000)/",
        "DueDateString": "2026-10-21T00:00:00",
        "DueDate": f"/Date({day + 20 * 86_400_000}+0000)/",
        "Status": "AUTHORISED",
        "LineAmountTypes": "Exclusive",
        "LineItems": lines,
        "SubTotal": round(subtotal, 2),
        "TotalTax": round(tax, 2),
        "Total": round(total, 2),
        "UpdatedDateUTC": f"/Date({stamp}+0000)/",
        "UpdatedDateUTCString": "2026-09-21T12:00:00Z",
        "CurrencyCode": "NZD",
    }


def _line(chance: random.Random, accounts: list[str]) -> dict[str, Any]:
    quantity, price = chance.randrange(1, 20), chance.randrange(100, 90_000) / 100
    amount = round(quantity * price, 2)
    return {
        "LineItemID": _guid(chance),
        "Description": "Timber, planed, 2.4 m",
        "UnitAmount": price,
        "TaxType": "OUTPUT2",
        "TaxAmount": round(amount * 0.15, 2),
        "LineAmount": amount,
        "AccountCode": "200",
        "AccountID": chance.choice(accounts),
        "Item": {"ItemID": accounts[0], "Name": "Timber", "Code": "TIM"},
        "ItemCode": "TIM",
        "Tracking": [],
        "Quantity": quantity,
    }


def as_on_the_wire(invoice: dict[str, Any]) -> str:
    """JSON with Xero's fraction digits: 2 for amounts, 4 for quantities and unit prices."""
    text = json.dumps(invoice, indent=2)
    for key, digits in (("Quantity", 4), ("UnitAmount", 4), ("CurrencyRate", 6)):
        text = re.sub(rf'("{key}": )([-\d.]+)', _with_digits(digits), text)
    amounts = (
        "Amount|TaxAmount|LineAmount|AmountDue|AmountPaid|AmountCredited|SubTotal|TotalTax|Total"
    )
    return re.sub(rf'("(?:{amounts})": )([-\d.]+)', _with_digits(2), text)


def _with_digits(digits: int) -> Callable[[re.Match[str]], str]:
    return lambda found: f"{found[1]}{float(found[2]):.{digits}f}"


def _guid(chance: random.Random) -> str:
    return str(UUID(int=chance.getrandbits(128), version=4))


def best_seconds(work: Callable[[], None]) -> float:
    """The shortest of several rounds: what the machine can do when nobody disturbs it."""
    times = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        for _ in range(PASSES):
            work()
        times.append(time.process_time() - begin)
    return min(times) / PASSES


def main() -> None:
    """Measure, print one line and write the result."""
    chance = random.Random(7)  # noqa: S311  # invented books, no secrets
    contacts, accounts = [[_guid(chance) for _ in range(n)] for n in (200, 30)]
    invoices = [make_invoice(chance, contacts, accounts) for _ in range(INVOICES)]
    texts = [as_on_the_wire(invoice) for invoice in invoices]
    decoder = msgspec.json.Decoder(float_hook=Decimal)
    raws = [decoder.decode(text) for text in texts]

    def normalize() -> None:
        for raw in raws:
            INVOICE.fingerprint(INVOICE.normalize(raw, CONTEXT, Read.PAGED).record)

    def loads() -> None:
        for text in texts:
            json.loads(text)

    ours, baseline = best_seconds(normalize), best_seconds(loads)
    result = {
        "what": "normalize and fingerprint, invoices of 3 lines, one core",
        "per_second": round(INVOICES / ours),
        "baseline": "json.loads of the same invoices",
        "baseline_per_second": round(INVOICES / baseline),
        "times_baseline": round(ours / baseline, 2),
        "python": platform.python_version(),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
