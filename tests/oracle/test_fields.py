"""Nothing is forgotten silently: every field of the product's schemas is judged, or listed.

The one place where the oracle meets the product's code, and from the test's side only.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from oracle.common import Setting
from oracle.content import NOT_JUDGED, VOLATILE
from oracle.crm import CRM_NOT_JUDGED
from oracle.expected import TOPIC_PARTS, expected_record
from oracle.match import Bag
from tests.oracle import banking as b
from tests.oracle import money as m
from tests.oracle import people
from tests.oracle import promises as p
from tests.oracle import records as r
from tests.oracle import reference as ref
from unified.resources import KINDS, resource

RAW_REPORT = {
    "AskedID": "BankSummary",
    "Asked": {"fromDate": "2026-11-01", "toDate": "2026-11-30"},
    "ReportName": "Bank Summary",
    "ReportTitles": ["Bank Summary"],
    "Rows": [
        {"RowType": "Header", "Cells": [{"Value": "Bank Accounts"}]},
        {
            "RowType": "SummaryRow",
            "Cells": [{"Value": each} for each in ("Total", "1.00", "2.00", "3.00", "0.00")],
        },
    ],
}
RAW = {
    "company_info": r.RAW_ORGANISATION,
    "contact": r.RAW_CUSTOMER,
    "invoice": {
        **r.RAW_OPEN,
        "CISRate": 20,
        "LineItems": [{**one, "Taxability": "EXEMPT"} for one in r.RAW_OPEN["LineItems"]],
        "RepeatingInvoiceID": r.OPEN,
        "CreditNotes": [{"CreditNoteID": r.OPEN, "AppliedAmount": 1, "Date": r.ms("2026-11-01")}],
        "InvoiceAddresses": [{"InvoiceAddressType": "TO"}, {"InvoiceAddressType": "FROM"}],
    },
    "credit_note": {**m.RAW_NOTE, "CISRate": 20, "Payments": m.RAW_OVERPAID["Payments"]},
    "prepayment": {**m.RAW_PREPAID, "Payments": m.RAW_OVERPAID["Payments"]},
    "overpayment": {**m.RAW_OVERPAID, "Allocations": m.RAW_NOTE["Allocations"]},
    "payment": m.RAW_REFUND,
    "account": ref.RAW_CARD,
    "tax_rate": ref.RAW_LEVY,
    "item": ref.RAW_DESK,
    "tracking_category": ref.RAW_REGION,
    "currency": ref.RAW_YEN,
    "transaction": b.RAW_TRANSFER,
    "batch_payment": b.RAW_BATCH,
    "journal_entry": b.RAW_JOURNAL,
    "purchase_order": p.RAW_ORDER,
    "quote": p.RAW_QUOTE,
    "repeating_transaction": p.RAW_TEMPLATE,
    "user": people.RAW_OWNER,
    "contact_group": people.RAW_CLUB,
    "budget": people.RAW_PLAN,
    "employee": people.RAW_BRITON,
    "attachment": ref.RAW_FILE,
    "report": RAW_REPORT,
}
SETTING = Setting(r.TENANT, "NZD", date(2026, 11, 22))


def test_every_registered_resource_is_judged() -> None:
    """A new resource without an expected record would be a thing nobody looks at."""
    registered = {one.name: one.topic_part for one in KINDS}

    assert registered == dict(TOPIC_PARTS)


@pytest.mark.parametrize("name", sorted(RAW))
def test_every_field_is_judged_or_listed(name: str) -> None:
    """A field of the schema is expected, or stands with its reason among those left out."""
    expected = expected_record(name, RAW[name], SETTING)

    assert list(forgotten(resource(name).model, expected, "")) == []


@pytest.mark.parametrize("name", sorted(RAW))
def test_no_expected_field_is_unknown_to_the_schema(name: str) -> None:
    """What no record can have would be a difference on every record."""
    expected = expected_record(name, RAW[name], SETTING)

    assert set(expected) <= set(resource(name).model.model_fields)


def test_what_is_left_out_has_a_reason() -> None:
    """The lists are read by people who must decide whether to trust the verdict."""
    reasons = {**VOLATILE, **NOT_JUDGED, **CRM_NOT_JUDGED}

    assert all(len(reason) > 5 for reason in reasons.values())


def forgotten(model: type[BaseModel], expected: Mapping[str, Any], path: str) -> Iterator[str]:
    """Paths of fields that are neither expected nor listed; references have their own rule."""
    for name, declared in model.model_fields.items():
        if name in NOT_JUDGED:
            continue
        if name not in expected:
            yield f"{path}{name}"
            continue
        inner = model_in(declared.annotation)
        for item in elements(expected[name]):
            if inner is not None and inner.__name__ != "Ref":
                yield from forgotten(inner, item, f"{path}{name}/")


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside an annotation such as `list[Line]` or `Line | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (model_in(part) for part in get_args(annotation))
    return next((one for one in found if one is not None), None)


def elements(value: Any) -> list[Mapping[str, Any]]:
    """Objects inside an expected value."""
    items = value.items if isinstance(value, Bag) else value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, Mapping)]
