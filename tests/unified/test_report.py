"""Reports: numbers out of texts, what counts of a row, and what they say of accounts."""

from copy import deepcopy
from datetime import date
from typing import Any

import pytest

from tests.unified.books import JP, NZ, normalized, source, wire
from unified.report_rows import number_in, read_columns
from unified.resource import NormalizeError
from unified.resources.report import AGED, BY_TYPE, REPORTS, report_id
from unified.shape import Read

TRIAL = "trial_balance"
AGED_ONE = "aged_receivables_with_a_credit"
REPORT = source("report", TRIAL)


def trial(**changes: Any) -> dict[str, Any]:
    """The record of a trial balance, with some of Xero's keys changed."""
    return normalized("report", TRIAL, read=Read.SINGLE, **changes).record


def rows_with(name: str, old: str, new: str) -> Any:
    """A golden report's rows with one text in place of another, wherever it stands."""

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: walk(held) for key, held in value.items()}
        if isinstance(value, list):
            return [walk(held) for held in value]
        return new if value == old else value

    return walk(wire("report", name)["Rows"])


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1234.50", "1234.50"),
        ("1,234,567.8", "1234567.8"),
        ("-40.00", "-40.00"),
        ("(40.00)", "-40.00"),
        ("7.3%", "7.3"),
        ("0.00", "0.00"),
        ("-0.00", "0.00"),
        ("-6.426484907497565725413826680", "-6.426484907497565725413826680"),
        ("", None),
        ("INV-0042", None),
        ("2026-10-01T00:00:00", None),
        ("305 days overdue", None),
        ("9" * 80, None),
        ("12-13", None),
        ("1e5", None),
    ],
)
def test_numbers_are_read_as_exact_as_they_are_written(text: str, number: str | None) -> None:
    """Amounts are texts there, in cells that may hold anything else."""
    assert number_in(text) == number


@pytest.mark.parametrize(
    ("label", "start", "end"),
    [
        ("30 Apr 2019", None, "2019-04-30"),
        ("28 Feb 26", None, "2026-02-28"),
        ("30 April 2026", None, "2026-04-30"),
        ("Feb 2024", "2024-02-01", "2024-02-29"),
        ("Jan-20", "2020-01-01", "2020-01-31"),
        ("Variance", None, None),
        ("31 Feb 2026", None, None),
        ("", None, None),
    ],
)
def test_columns_name_their_period(label: str, start: str | None, end: str | None) -> None:
    """Where a person can read it, in English; else the label alone is kept."""
    head = [{"RowType": "Header", "Cells": [{"Value": label}]}]
    [column] = read_columns(head, None)  # type: ignore[arg-type]  # looks at no scope

    assert (column["period_start"], column["period_end"]) == (start, end)
    assert column["label"] == (label or None)


def test_names_days_and_titles_are_no_figures() -> None:
    """An account with another name, on another day, in another language: nothing moved."""
    before = trial()
    after = trial(
        Rows=rows_with(TRIAL, "Sales (200)", "Verkauf (200)"),
        ReportTitles=["Saldenliste"],
        UpdatedDateUTC="/Date(1793754123004)/",
        Asked={"date": "2026-11-04"},
    )

    assert before["rows"] != after["rows"]
    assert REPORT.fingerprint(before) == REPORT.fingerprint(after)
    assert REPORT.content_hash(before) == REPORT.content_hash(after)
    assert REPORT.changed_fields(before, after) == []


def test_days_overdue_are_no_figures() -> None:
    """They pass every night, without anybody owing more."""
    aged = source("report", AGED_ONE)
    before = normalized("report", AGED_ONE, read=Read.SINGLE).record
    changed = rows_with(AGED_ONE, "14 days overdue", "15 days overdue")
    after = normalized("report", AGED_ONE, read=Read.SINGLE, Rows=changed).record

    assert aged.fingerprint(before) == aged.fingerprint(after)


def test_figure_that_moved_is_named_where_it_stands() -> None:
    """A pointer into the rows, so that nobody has to compare whole reports."""
    before, after = trial(), trial(Rows=rows_with(TRIAL, "23,000.50", "23,001.50"))

    assert REPORT.changed_fields(before, after) == ["/rows/0/rows/0/cells/4/value"]


def test_trial_balance_tells_accounts_as_balance_sheets_show_them() -> None:
    """Assets and costs stand above zero as debits, all others as credits; who is not in it holds
    nothing."""
    assert REPORT.told is not None
    told = REPORT.told(trial())
    bank = "0a7b3c11-90fe-4d21-8a63-5c6d7e8f9012"
    sales = "b94495d0-44ab-4199-a1d0-427a4877e100"

    assert told.resource == "account"
    balances = [
        told.of({"remote_id": bank, "classification": "asset"}),
        told.of({"remote_id": sales, "classification": "revenue"}),
        told.of({"remote_id": sales, "classification": "expense"}),
        told.of({"remote_id": NZ.tenant_id, "classification": "equity"}),
    ]
    assert [each["current_balance"] for each in balances] == [
        "23000.50", "23000.50", "-23000.50", "0.00"
    ]  # fmt: skip
    assert {each["balance_as_of"] for each in balances} == {"2026-11-03T01:02:03.004Z"}


def test_totals_are_left_out_while_an_account_is_not_known() -> None:
    """A sum that lacks an account would be wrong, and nobody would see it."""
    known = wire("report", "profit_and_loss_in_words_of_tomorrow")["AskedAccountTypes"]
    types = dict(list(known.items())[1:])
    record = normalized(
        "report", "profit_and_loss_in_words_of_tomorrow", context=JP, read=Read.SINGLE,
        AskedAccountTypes=types,
    ).record  # fmt: skip

    assert set(record["totals"].values()) == {None}


@pytest.mark.parametrize("rows", ["none", [1], [{"RowType": "Section", "Rows": {"a": 1}}]])
def test_rows_that_are_none_are_an_error_of_their_report(rows: Any) -> None:
    """It is buried with the place named, not half kept."""
    with pytest.raises(NormalizeError, match="Rows"):
        trial(Rows=deepcopy(rows))


@pytest.mark.parametrize("kind", sorted(BY_TYPE))
def test_each_report_asks_for_what_its_parameters_say(kind: str) -> None:
    """What was asked is what the record says was asked."""
    report = BY_TYPE[kind]
    contact = "d2f7c0de-9bc4-4be2-9b7e-2f0c5a1b3c4d" if kind in AGED else None
    remote_id = report_id(report, contact)
    assert report.endpoint.asked is not None
    asked = report.endpoint.asked(remote_id, date(2026, 2, 10))
    raw = {"AskedID": remote_id, "Asked": asked, "Rows": []}
    record = report.normalize(raw, NZ, Read.SINGLE).record
    said = record["parameters"]

    assert record["type"] == kind
    assert (record["remote_id"], said["basis"]) == (remote_id, "accrual")
    days = {said["start_date"], said["end_date"], said["as_of"]} - {None}
    assert days <= {"2026-02-01", "2026-02-10", "2026-02-28"}
    assert (said["contact"] or {}).get("remote_id") == contact


def test_reports_have_one_source_each() -> None:
    """Whoever schedules one names its type."""
    assert set(BY_TYPE.values()) == set(REPORTS)
    assert all(each.endpoint.gated and each.permanent for each in REPORTS)
