"""Manual journals: sides and tax of their lines, what they mean, the way to Xero."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unified.books import normalized, wire
from unified.resource import DenormalizeError, NormalizeError
from unified.resources.journal_entry import MANUAL_JOURNAL

REMOTE_ID = "99cb8353-ce73-4a5d-8e0d-8b0edf86cfc4"
SALES = {"id": None, "remote_id": None, "code": "200"}

Json = dict[str, Any]


def journal(**changes: Any) -> Json:
    """The record of a posted journal, with some of Xero's keys changed."""
    return normalized("journal_entry", "posted_with_tax_inside", **changes).record


def line(**changes: Any) -> Json:
    """One line, as Xero sends it."""
    return {**wire("journal_entry", "posted_with_tax_inside")["JournalLines"][0], **changes}


@pytest.mark.parametrize(
    ("amount", "side"),
    [(Decimal("0.01"), "debit"), (Decimal("-0.01"), "credit"), (Decimal(0), None), (None, None)],
)
def test_sign_of_a_line_is_its_side(amount: Decimal | None, side: str | None) -> None:
    """Debits above zero, credits below, and a blank line on neither."""
    [read] = journal(JournalLines=[line(LineAmount=amount, TaxAmount=None)])["lines"]

    assert read["side"] == side


@pytest.mark.parametrize(
    ("mode", "net", "gross"),
    [
        ("Inclusive", "100.00", "115.00"),
        ("Exclusive", "115.00", "130.00"),
        ("EXCLUSIVE", "115.00", "130.00"),
        (..., "115.00", "130.00"),
    ],
)
def test_net_and_gross_follow_from_the_tax_mode(mode: Any, net: str, gross: str) -> None:
    """A line amount contains the tax in inclusive journals only."""
    read = journal(LineAmountTypes=mode)["lines"][0]

    assert (read["net_amount"], read["gross_amount"]) == (net, gross)


def test_lines_have_an_order_since_they_have_no_ids() -> None:
    """Turned about, they are other lines."""
    turned = journal(
        JournalLines=wire("journal_entry", "posted_with_tax_inside")["JournalLines"][::-1]
    )

    assert MANUAL_JOURNAL.fingerprint(journal()) != MANUAL_JOURNAL.fingerprint(turned)


def test_codes_and_names_on_lines_are_no_content() -> None:
    """An account that gets another code, or a renamed option, is no change of a journal."""
    named = line(AccountCode="470")
    named["Tracking"] = [{**named["Tracking"][0], "Option": "South, renamed"}]
    rest = wire("journal_entry", "posted_with_tax_inside")["JournalLines"][1:]

    renamed = journal(JournalLines=[named, *rest])

    assert MANUAL_JOURNAL.fingerprint(journal()) == MANUAL_JOURNAL.fingerprint(renamed)
    assert MANUAL_JOURNAL.changed_fields(journal(), renamed) == []


@pytest.mark.parametrize(
    ("before", "after", "facts"),
    [
        ("DRAFT", "POSTED", ["journal_entry.posted"]),
        ("POSTED", "VOIDED", ["journal_entry.voided"]),
        ("DRAFT", "DELETED", ["journal_entry.deleted"]),
        ("POSTED", "POSTED", []),
        ("POSTED", "ARCHIVED", []),
    ],
)
def test_facts_say_what_happened(before: str, after: str, facts: list[str]) -> None:
    """Void and archived ones are still on the books; a deleted draft is gone."""
    record = journal(Status=after)

    assert facts == MANUAL_JOURNAL.facts(journal(Status=before), record)
    assert record["is_deleted"] is (after == "DELETED")


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"JournalLines": "x"}, "JournalLines"),
        ({"JournalLines": [{"LineAmount": "much"}]}, "JournalLines/0/LineAmount"),
        ({"JournalLines": [{"LineAmount": 1, "TaxAmount": "x"}]}, "JournalLines/0/TaxAmount"),
        ({"Date": "soon"}, "Date"),
    ],
)
def test_what_cannot_be_read_says_where(changes: Json, path: str) -> None:
    """A poison journal is buried with the way to what is wrong with it."""
    with pytest.raises(NormalizeError) as caught:
        journal(**changes)

    assert path == caught.value.path


def unsent(**changes: Any) -> Json:
    """A journal that a caller wants to book."""
    return {
        "kind": "manual",
        "status": "posted",
        "date": "2026-11-03",
        "memo": "Rent",
        "tax_mode": "none",
        "lines": [
            {"net_amount": "80.00", "account": SALES, "description": "To here"},
            {"net_amount": "-80.00", "account": SALES},
        ],
        **changes,
    }


def test_new_journal_in_xeros_words() -> None:
    """Line amounts are without tax, unless the journal is inclusive."""
    assert MANUAL_JOURNAL.denormalize(unsent()) == {
        "Status": "POSTED",
        "Date": "2026-11-03",
        "Narration": "Rent",
        "LineAmountTypes": "NoTax",
        "JournalLines": [
            {"LineAmount": "80.00", "AccountCode": "200", "Description": "To here"},
            {"LineAmount": "-80.00", "AccountCode": "200"},
        ],
    }
    inclusive = unsent(tax_mode="inclusive", lines=[
        {"gross_amount": "115.00", "tax_amount": "15.00", "account": SALES},
        {"gross_amount": "-115.00", "account": SALES},
    ])  # fmt: skip
    assert MANUAL_JOURNAL.denormalize(inclusive)["JournalLines"] == [
        {"LineAmount": "115.00", "TaxAmount": "15.00", "AccountCode": "200"},
        {"LineAmount": "-115.00", "AccountCode": "200"},
    ]


def test_journal_that_was_read_goes_back_without_its_tax() -> None:
    """Xero works it out again, since a kept amount would be wrong beside a changed one."""
    sent = MANUAL_JOURNAL.denormalize(journal())

    assert sent["ManualJournalID"] == REMOTE_ID
    assert [each["LineAmount"] for each in sent["JournalLines"]] == ["115.00", "-115.00"]
    assert all("TaxAmount" not in each for each in sent["JournalLines"])


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"kind": "system"}, "/kind"),
        ({"memo": ""}, "/memo"),
        ({"lines": [{"net_amount": "80.00", "account": SALES}]}, "/lines"),
        ({"tax_mode": "inclusive", "lines": [{"gross_amount": "1.00"}]}, "/lines"),
        ({"tax_mode": "inclusive"}, "/lines/0/gross_amount"),
        ({"lines": [{"account": SALES}]}, "/lines/0/net_amount"),
    ],
)
def test_journals_that_xero_would_refuse_are_not_sent(changes: Json, path: str) -> None:
    """With the way to what is wrong; on top of lines, tax is Xero's to add."""
    with pytest.raises(DenormalizeError) as caught:
        MANUAL_JOURNAL.denormalize(unsent(**changes))

    assert path == caught.value.path
