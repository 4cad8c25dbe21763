"""How fast one core turns invoices of three lines into records with fingerprints.

The baseline in the same run is `json.loads` of the same texts, so that the ratio means the same
on every machine. Beside it stand the other steps of an invoice's way into the mirror.
Run: python -m bench normalize
"""

import json
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from bench.report import Row, options, write_result
from unified.envelope import build_event, event_value
from unified.ids import ConnectionId, TenantId
from unified.resource import TenantContext
from unified.resources.invoice import INVOICE
from unified.shape import Read

INVOICES = 100  #: one page
SLICE = 10  #: invoices between two looks at the clock
ROUNDS = 200
AIM = 0.25  #: of the baseline's speed
LIMIT = (
    "Python's interpreter makes some 150 values and 30 objects of each invoice, beside which C "
    "code alone (ids, dates, digests, JSON) takes a sixth of the time"
)
NOW = datetime(2026, 11, 3, 1, 2, 3, 4000, tzinfo=UTC)
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


Work = Sequence[Callable[[], None]]  #: one callable for each slice of the page


def shortest(works: Mapping[str, Work], rounds: int) -> dict[str, float]:
    """Seconds of processor time that each takes for the page at best.

    They take turns, since whatever disturbs the machine lasts longer than that; and of each slice
    the shortest turn counts, which is what the machine can do while nobody does. A slice is over
    in a millisecond, before another program gets its turn.
    """
    best = {name: [float("inf")] * len(work) for name, work in works.items()}
    for _ in range(rounds):
        for name, work in works.items():
            for index, run in enumerate(work):
                begin = time.process_time()
                run()
                best[name][index] = min(best[name][index], time.process_time() - begin)
    return {name: sum(times) for name, times in best.items()}


def works_on(texts: Sequence[str]) -> dict[str, Work]:
    """What is measured: the two sides of the ratio, then the rest of an invoice's way."""
    decode = msgspec.json.Decoder(float_hook=Decimal).decode
    raws = [decode(text) for text in texts]
    seen = [INVOICE.normalize(raw, CONTEXT, Read.PAGED) for raw in raws]
    known = [_finished(each.record, 1) for each in seen]
    after = [_finished({**record, "reference": "new"}, 2) for record in known]
    return {
        "normalize and fingerprint": _each(_normalize, raws),
        "json.loads": _each(json.loads, texts),
        "decode with exact decimals": _each(decode, texts),
        "overlay on a known record": _each(INVOICE.overlay, known, seen),
        "content hash": _each(INVOICE.content_hash, known),
        "change event as JSON": _each(_event, known, after),
    }


def _each(function: Callable[..., object], *items: Sequence[object]) -> Work:
    calls = list(zip(*items, strict=True))
    return [partial(_call, function, calls[at : at + SLICE]) for at in range(0, INVOICES, SLICE)]


def _call(function: Callable[..., object], calls: Sequence[tuple[object, ...]]) -> None:
    for arguments in calls:
        function(*arguments)


def _normalize(raw: dict[str, Any]) -> bytes:
    return INVOICE.fingerprint(INVOICE.normalize(raw, CONTEXT, Read.PAGED).record)


def _finished(record: dict[str, Any], version: int) -> dict[str, Any]:
    return INVOICE.finish(
        record,
        first_seen_at=NOW,
        changed_at=NOW,
        verified_at=NOW,
        version=version,
        content_hash="0" * 64,
        deleted_at=None,
    )


def _event(before: dict[str, Any], after: dict[str, Any]) -> bytes:
    return event_value(
        build_event(
            resource=INVOICE,
            tenant_id=CONTEXT.tenant_id,
            tenant_name="Kauri Builders",
            connection_id=CONTEXT.connection_id,
            op="u",
            before=before,
            after=after,
            epoch=1,
            sequence=2,
            tenant_sequence=2,
            cause={"kind": "poll", "detected_by": "sweep", "coalesced": 1},
            received_at=None,
            detected_at=NOW,
            fetched_at=NOW,
            normalized_at=NOW,
        )
    )


def main() -> None:
    """Measure, print and write the result."""
    asked = options(__doc__).parse_args()
    chance = random.Random(7)  # noqa: S311  # invented books, no secrets
    contacts, accounts = [[_guid(chance) for _ in range(n)] for n in (200, 30)]
    invoices = [make_invoice(chance, contacts, accounts) for _ in range(INVOICES)]
    works = works_on([as_on_the_wire(invoice) for invoice in invoices])
    best = shortest(works, 5 if asked.quick else ROUNDS)
    ratio = best["json.loads"] / best["normalize and fingerprint"]
    per_second = {name: round(INVOICES / seconds) for name, seconds in best.items()}
    row = Row(
        what="Normalizing and fingerprinting invoices of 3 lines, one core",
        figure=f"{per_second['normalize and fingerprint']:,}/s",
        ratio=ratio,
        baseline=f"`json.loads` of the same: {per_second['json.loads']:,}/s",
        aim=f"ratio ≥ {AIM}",
        reached=ratio >= AIM,
        why=LIMIT,
    )
    write_result("normalize", [row], asked=asked, details={"invoices per second": per_second})


if __name__ == "__main__":
    main()
