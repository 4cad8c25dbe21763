"""Thin answers never erase, and what counts as a change is said the same way everywhere."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unified.books import NOW, NZ, PAIRS, contact, finished, invoice, normalized, wire
from unified.diff import changed_paths
from unified.resource import STAMPED, NormalizeError, TenantContext
from unified.resources import RESOURCES
from unified.resources.contact import CONTACT
from unified.resources.invoice import INVOICE
from unified.shape import Read

#: What an unpaged list makes of an invoice (Xero: Invoices, unpaged).
THIN: dict[str, Any] = {"LineItems": [], "HasAttachments": False, "SentToContact": ..., "Url": ...}
STUB = ("Type", "InvoiceID", "InvoiceNumber", "Contact", "CurrencyCode", "LineItems", "Payments")


def known_invoice() -> dict[str, Any]:
    """A finished record from a full read."""
    return finished(INVOICE, invoice(), version=4)


def test_full_answer_replaces_everything_but_stamps() -> None:
    """A full read is the truth; what only absorbing knows stays as it was."""
    known = known_invoice()
    fresh = normalized("invoice", "part_paid_with_credit_note", Reference="", AmountPaid=300)
    record = INVOICE.overlay(known, fresh)

    assert list(known) == list(record)
    assert record["reference"] is None
    assert record["amount_paid"] == "300.00"
    assert {name: known[name] for name in STAMPED} == {name: record[name] for name in STAMPED}


def test_first_answer_is_taken_as_it_is() -> None:
    """And the caller may change the result without changing what was normalized."""
    fresh = normalized("invoice", "foreign_bill")
    record = INVOICE.overlay(None, fresh)

    assert fresh.record == record
    assert fresh.record is not record


def test_unpaged_list_erases_nothing() -> None:
    """No lines in an unpaged list does not mean that the invoice has none."""
    known = known_invoice()
    thin = normalized("invoice", "part_paid_with_credit_note", read=Read.UNPAGED, **THIN)
    record = INVOICE.overlay(known, thin)

    assert thin.completeness == "summary"
    assert thin.record["line_items"] is None
    assert not {"line_items", "is_sent", "source_url", "shipping_address"} & thin.carried
    assert {**known, "has_attachments": False} == record
    assert INVOICE.changed_fields(known, record) == ["/has_attachments"]


def test_thin_answers_alone_stay_a_summary() -> None:
    """Until a full read comes, what was never told is null, and the record says so."""
    thin = normalized("invoice", "part_paid_with_credit_note", read=Read.UNPAGED, **THIN)
    record = INVOICE.overlay(INVOICE.overlay(None, thin), thin)

    assert (record["completeness"], record["line_items"]) == ("summary", None)
    full = INVOICE.overlay(record, normalized("invoice", "part_paid_with_credit_note"))
    assert (full["completeness"], len(full["line_items"])) == ("full", 2)


def test_unpaged_list_is_believed_in_what_it_shows() -> None:
    """It only leaves things out: a value that is there is true."""
    thin = normalized("contact", "thin_from_unpaged_list", read=Read.UNPAGED)
    shown = normalized(
        "invoice", "part_paid_with_credit_note", read=Read.UNPAGED, SentToContact=True
    )

    assert "payment_terms" in thin.carried
    assert not {"groups", "contact_persons", "merged_into", "bank_details"} & thin.carried
    assert {"is_sent", "line_items"} <= shown.carried
    assert shown.record["is_sent"] is True


def test_stub_tells_only_what_it_names() -> None:
    """A payment's invoice is a stub full of defaults; only its few real keys are believed."""
    known = known_invoice()
    whole = wire("invoice", "part_paid_with_credit_note", InvoiceNumber="INV-0043", Payments=[])
    stub = {key: value for key, value in whole.items() if key in STUB} | {"IsDiscounted": False}
    fresh = INVOICE.normalize(stub, NZ, Read.STUB)
    record = INVOICE.overlay(known, fresh)

    assert fresh.record["payments"] is None
    assert {**known, "number": "INV-0043"} == record
    assert INVOICE.overlay(None, fresh)["payment_status"] == "none"
    numberless = INVOICE.normalize({"InvoiceID": "x", "Type": "ACCREC"}, NZ, Read.STUB)
    assert {"number", "currency", "contact"}.isdisjoint(numberless.carried)
    assert INVOICE.overlay(known, numberless)["number"] == "INV-0042"


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("LineItems", "line_items"),
        ("Payments", "payments"),
        ("Overpayments", "credits"),
        ("AmountPaid", "amount_paid"),
        ("CurrencyCode", "currency"),
    ],
)
def test_missing_keys_that_are_always_sent_tell_nothing(key: str, field: str) -> None:
    """Xero writes an empty list as []: an answer without the key says nothing about it."""
    known = known_invoice()
    without: dict[str, Any] = {key: ...}
    fresh = normalized("invoice", "part_paid_with_credit_note", **without)

    assert field not in fresh.carried
    assert known[field] == INVOICE.overlay(known, fresh)[field]
    assert fresh.completeness == "full"


def test_unknown_context_takes_nothing_away() -> None:
    """Before the organisation is read its currency and link are unknown, not gone."""
    nowhere = TenantContext(
        tenant_id=NZ.tenant_id, connection_id=NZ.connection_id, business_date=NZ.business_date
    )
    known = known_invoice()
    fresh = normalized("invoice", "part_paid_with_credit_note", context=nowhere)

    assert known == INVOICE.overlay(known, fresh)
    assert known["total_base"] == INVOICE.overlay(known, fresh)["total_base"] == "678.50"


def test_missing_stamp_keeps_the_known_one() -> None:
    """An answer without UpdatedDateUTC does not make a record younger or older."""
    known = known_invoice()
    fresh = normalized("invoice", "part_paid_with_credit_note", UpdatedDateUTC=...)

    assert fresh.updated_at is None
    assert known["updated_at"] == INVOICE.overlay(known, fresh)["updated_at"]


def test_merge_survives_a_thin_answer() -> None:
    """An unpaged list shows an archived contact without the pointer to who it became."""
    merged = finished(CONTACT, contact(ContactStatus="ARCHIVED", MergedToContactID="ab"))
    thin = normalized("contact", "customer_and_vendor", read=Read.UNPAGED, ContactStatus="ARCHIVED")

    assert CONTACT.removal(CONTACT.overlay(merged, thin)) == "merged"


def test_what_returns_is_no_longer_missing() -> None:
    """A thing that Xero lists again is back, whatever was concluded before."""
    gone = finished(INVOICE, INVOICE.missing(invoice()), deleted_at=NOW)
    back = INVOICE.overlay(gone, normalized("invoice", "part_paid_with_credit_note"))

    assert INVOICE.removal(gone) == "missing"
    assert gone["deleted_at"] == "2026-11-03T01:02:03.004Z"
    assert (back["is_deleted"], INVOICE.removal(back)) == (False, None)
    assert INVOICE.changed_fields(gone, back) == ["/is_deleted", "/deletion_kind"]


def test_overlay_follows_the_answers_business_date() -> None:
    """Timing is that of the day by which the answer was normalized."""
    early = TenantContext(
        tenant_id=NZ.tenant_id,
        connection_id=NZ.connection_id,
        base_currency="NZD",
        business_date=date(2026, 10, 1),
    )
    fresh = normalized("invoice", "part_paid_with_credit_note", context=early)

    assert INVOICE.overlay(known_invoice(), fresh)["timing"] == "not_due"


# --- what counts as a change -------------------------------------------------------------------

LINES = wire("invoice", "part_paid_with_credit_note")["LineItems"]
FIRST, SECOND = (line["LineItemID"] for line in LINES)
OTHER = "21111111-2222-4333-8444-555566667777"


def changed_line(**changes: Any) -> dict[str, Any]:
    """The invoice with its first line changed."""
    return invoice(LineItems=[{**LINES[0], **changes}, LINES[1]])


@pytest.mark.parametrize(
    ("make", "paths"),
    [
        (lambda: invoice(InvoiceNumber="INV-1"), ["/number"]),
        (lambda: changed_line(Quantity=5), [f"/line_items/{FIRST}/quantity"]),
        (lambda: changed_line(AccountID=OTHER), [f"/line_items/{FIRST}/account"]),
        (lambda: changed_line(AccountCode="201"), []),
        (lambda: changed_line(Item={**LINES[0]["Item"], "Name": "x", "Code": "y"}), []),
        (lambda: changed_line(Taxability="EXEMPT"), [f"/line_items/{FIRST}/extensions/xero"]),
        (lambda: changed_line(Tracking=[]), [f"/line_items/{FIRST}/tracking/0"]),
        (lambda: invoice(LineItems=[LINES[1], LINES[0]]), []),
        (lambda: invoice(LineItems=[LINES[0]]), [f"/line_items/{SECOND}"]),
        (lambda: invoice(LineItems=[{"LineItemID": OTHER}, *LINES]), [f"/line_items/{OTHER}"]),
        (lambda: invoice(Contact={"ContactID": FIRST, "Name": "x"}), ["/contact"]),
        (
            lambda: invoice(Contact={"ContactID": "aa11bb22-cc33-4d44-8e55-ff6600778899"}),
            [],
        ),
        (
            lambda: invoice(Payments=[]),
            ["/payments/81aa0c3e-55d1-4b0e-8a3f-0f9e8d7c6b5a"],
        ),
        (lambda: invoice(IsDiscounted=False), ["/extensions/xero/is_discounted"]),
        (lambda: invoice(UpdatedDateUTC="/Date(1893456000000)/"), []),
    ],
)
def test_changes_are_named_by_what_changed(
    make: Callable[[], dict[str, Any]], paths: list[str]
) -> None:
    """Elements are addressed by id; order, names and clocks are no change, for the digests too."""
    before, after = invoice(), make()

    assert paths == INVOICE.changed_fields(before, after)
    assert (INVOICE.fingerprint(before) == INVOICE.fingerprint(after)) is (not paths)
    assert (INVOICE.content_hash(before) == INVOICE.content_hash(after)) is (not paths)


def test_pointers_are_escaped_and_fall_back_to_indexes() -> None:
    """RFC 6901: ~ and / in names; elements without ids, or with one twice, go by index."""
    before: dict[str, Any] = {"a/b": 1, "c~d": 1, "list": [1, 2], "gone": [], "kind": True}
    after: dict[str, Any] = {"a/b": 2, "c~d": 2, "list": [1, 3, 4], "new": None, "kind": 1}

    assert changed_paths(before, after) == [
        "/a~1b",
        "/c~0d",
        "/list/1",
        "/list/2",
        "/kind",
        "/gone",
    ]
    twins = [{"id": "x", "v": 1}, {"id": "x", "v": 2}]
    turned = list(reversed(twins))
    assert changed_paths({"t": twins}, {"t": turned}) == ["/t/0/v", "/t/1/v"]
    assert changed_paths({"t": [{"id": "x", "v": 1}]}, {"t": twins}) == ["/t/1"]


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(["", "x", "DRAFT", "PAID", "VOIDED", "2026-11-03", "Inclusive", "AUD"]),
    st.integers(-3, 3),
)


@given(st.dictionaries(st.sampled_from(sorted(wire("invoice", "foreign_bill"))), VALUES))
def test_digests_and_changed_fields_agree(changes: dict[str, Any]) -> None:
    """Whatever differs: there is no event without a difference, and no difference without one."""
    before = normalized("invoice", "foreign_bill").record
    raw = {**wire("invoice", "foreign_bill"), **changes, "InvoiceID": before["remote_id"]}
    try:
        after = INVOICE.normalize(raw, NZ, Read.PAGED).record
    except NormalizeError:
        return  # the one error that handlers know; any other fails here
    changed = INVOICE.changed_fields(before, after)

    assert (INVOICE.fingerprint(before) == INVOICE.fingerprint(after)) is (not changed)
    assert (INVOICE.content_hash(before) == INVOICE.content_hash(after)) is (not changed)


@given(
    st.sampled_from(RESOURCES),
    st.sampled_from(list(Read)),
    st.recursive(
        VALUES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
        max_leaves=8,
    ),
    st.data(),
)
def test_normalize_reads_or_says_why_not(
    resource: Any, read: Read, value: Any, data: st.DataObject
) -> None:
    """Any JSON under any key: a record, or the one error that handlers know."""
    pairs = {name: pair for name, pair, *_ in reversed(PAIRS)}
    raw = wire(resource.name, {**pairs, "invoice": "us_sales_tax"}[resource.name])
    key = data.draw(st.sampled_from(sorted(raw)))
    try:
        seen = resource.normalize({**raw, key: value}, NZ, read)
    except NormalizeError:
        return  # the one error that handlers know; any other fails here

    resource.model.model_validate(finished(resource, resource.overlay(None, seen)))


@pytest.mark.parametrize("wrong", ["x", "nzd", "NZ1", "NZDX", "ÄÖÜ"])
@pytest.mark.parametrize(
    ("resource", "pair", "key"),
    [
        ("invoice", "foreign_bill", "CurrencyCode"),
        ("contact", "customer_and_vendor", "DefaultCurrency"),
        ("company_info", "new_zealand", "BaseCurrency"),
    ],
)
def test_what_is_no_currency_is_refused(resource: str, pair: str, key: str, wrong: str) -> None:
    """The published schema promises ISO 4217, and amounts in nothing help nobody."""
    changes: dict[str, Any] = {key: wrong}

    with pytest.raises(NormalizeError, match=f"{key}: not a currency"):
        normalized(resource, pair, **changes)


def test_older_records_lack_newer_fields() -> None:
    """A record stored by an earlier version is compared as if the new field were null."""
    record = known_invoice()
    older = {name: value for name, value in record.items() if name != "memo"}

    assert INVOICE.fingerprint(older) == INVOICE.fingerprint(record)
    assert INVOICE.changed_fields(older, record) == []
    fresh = normalized("invoice", "part_paid_with_credit_note")
    assert INVOICE.overlay(older, fresh)["memo"] is None


@pytest.mark.parametrize(
    "changes",
    [
        {"Reference": "other"},
        {"LineItems": []},
        {"Payments": [], "AmountPaid": 0, "AmountDue": 678.5},
        {"Status": "VOIDED", "Contact": {"ContactID": "cd", "Name": "Else"}},
        {"HasAttachments": True, "Url": "https://a.example/b"},
    ],
)
def test_changed_fields_are_those_of_whole_canonical_records(changes: dict[str, Any]) -> None:
    """Looking only at what moved finds what comparing everything finds, in the same order."""
    before, after = known_invoice(), finished(INVOICE, invoice(**changes), version=5)
    older = {name: value for name, value in before.items() if name not in {"memo", "reference"}}

    for known in (before, older):
        whole = changed_paths(INVOICE._shape.canon(known), INVOICE._shape.canon(after))
        assert whole == INVOICE.changed_fields(known, after)
        assert whole


def test_record_of_an_older_version_is_overlaid_in_the_order_of_this_one() -> None:
    """It lacks fields that were added since, and nothing that it holds is lost."""
    known = known_invoice()
    fresh = normalized("invoice", "part_paid_with_credit_note", read=Read.UNPAGED, **THIN)
    older = {name: known[name] for name in reversed(known) if name != "payments"}
    record = INVOICE.overlay(older, fresh)

    assert list(known) == list(record)
    assert {**known, "has_attachments": False} == record
