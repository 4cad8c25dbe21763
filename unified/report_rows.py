"""The rows of a report: from cells of free text to sections, accounts by id, and decimals.

Titles and labels are in the organisation's language, and users may edit them, so that nothing here
looks at one: what a row is about is told by the attributes of its cells (Xero: Reports). Every
cell's text is kept as it came.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final

from unified.codecs import Codec, CodecError, Drift, Scope, plain
from unified.model import Amount, Day, FreeText, Label, OneOf, Part, Ref
from unified.refs import canon_ref, make_ref

_KINDS: Final = {"section": "section", "row": "line", "summaryrow": "summary"}
#: What a cell is about, by the name of its attribute.
_ACCOUNT: Final = frozenset({"account", "accountid"})
_DOCUMENT: Final = frozenset({"invoiceid"})
#: Stands for the year's earnings, which no account holds.
_NOBODY: Final = re.compile(r"0{8}-0{4}-0{4}-0{4}-0{12}|(ab){4}-(ab){2}-(ab){2}-(ab){2}-(ab){6}")
_NUMBER: Final = re.compile(r"\(?-?[0-9][0-9,]*(\.[0-9]+)?\)?%?")
_PERIODS: Final = ("%d %b %Y", "%d %b %y", "%d %B %Y")
_MONTHS: Final = ("%b %Y", "%b-%y", "%B %Y")
_LONGEST: Final = 64  #: letters of a number


class ReportColumn(Part):
    """A column. `period_start` and `period_end` where its label names a month or a day."""

    key: str
    label: Label | None
    period_start: Day | None
    period_end: Day | None


class ReportCell(Part):
    """A cell: its text as Xero wrote it, and the number that it says, a share in percent."""

    column: str
    value: Amount | None
    text: FreeText | None  # a contact's name, too


class ReportRow(Part):
    """A section with rows, a line, or a line that sums up."""

    kind: Annotated[str, OneOf("section", "line", "summary")]
    label: FreeText | None
    account: Ref | None
    document: Ref | None
    cells: list[ReportCell]
    rows: list["ReportRow"]
    remote_kind: str | None = None  # Xero's own word where `kind` is unknown


def read_columns(value: Any, _scope: Scope) -> list[dict[str, Any]]:
    """The columns that a report's first row names."""
    heads = [row for row in _objects(value) if _text(row.get("RowType")).lower() == "header"]
    cells = _objects(heads[0].get("Cells")) if heads else []
    return [_column(index, _text(cell.get("Value"))) for index, cell in enumerate(cells)]


def read_rows(value: Any, scope: Scope) -> list[dict[str, Any]]:
    """All rows but the first, which names the columns."""
    rows = [row for row in _objects(value) if _text(row.get("RowType")).lower() != "header"]
    return [_row(row, scope) for row in rows]


def canon_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as they count: figures, and what they are about; labels and texts move with names,
    languages and days."""
    return [
        {
            "kind": row["kind"],
            "account": None if row["account"] is None else canon_ref(row["account"]),
            "document": None if row["document"] is None else canon_ref(row["document"]),
            "cells": [{"column": c["column"], "value": c["value"]} for c in row["cells"]],
            "rows": canon_rows(row["rows"]),
        }
        for row in rows
    ]


def lines_of(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines and sums of a report, sections taken apart, from top to bottom."""
    found: list[dict[str, Any]] = []
    for row in rows:
        if row["kind"] != "section":
            found.append(row)
        found.extend(lines_of(row["rows"]))
    return found


def value_at(row: Mapping[str, Any], column: int) -> Decimal | None:
    """The number in a column; None where there is none."""
    cells = row["cells"]
    value = cells[column]["value"] if column < len(cells) else None
    return None if value is None else Decimal(value)


def _row(raw: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    kind = _text(raw.get("RowType"))
    if kind.lower() not in _KINDS:
        scope.drift.append(Drift("value", "Report.RowType", kind[:_LONGEST]))
    cells = _objects(raw.get("Cells"))
    about: dict[str, str] = {}
    for cell in cells:
        for mark in _objects(cell.get("Attributes")):
            about.setdefault(_text(mark.get("Id")).lower(), _text(mark.get("Value")))
    texts = [_text(cell.get("Value")) for cell in cells]
    values = [number_in(text) for text in texts]
    strange = {} if kind.lower() in _KINDS else {"remote_kind": kind or None}
    return {
        "kind": _KINDS.get(kind.lower(), "unknown"),
        "label": _text(raw.get("Title")) or next(filter(_is_label, texts), None),
        "account": _ref(about, _ACCOUNT, "account", scope),
        "document": _document(about, values, scope),
        "cells": [
            {"column": _key(index), "value": value, "text": text or None}
            for index, (text, value) in enumerate(zip(texts, values, strict=True))
        ],
        "rows": [_row(each, scope) for each in _objects(raw.get("Rows"))],
        **strange,
    }


def _ref(
    about: Mapping[str, str], names: frozenset[str], resource: str, scope: Scope
) -> dict[str, Any] | None:
    remote_id = next((about[name] for name in sorted(names & about.keys())), "").lower()
    return (
        None
        if not remote_id or _NOBODY.fullmatch(remote_id)
        else make_ref(scope, resource, remote_id)
    )


def _document(
    about: Mapping[str, str], values: list[str | None], scope: Scope
) -> dict[str, Any] | None:
    """The document of an aged row; what is due of a credit is below zero, and Xero does not say
    which kind of credit it is, so that no id of ours can be made."""
    found = _ref(about, _DOCUMENT, "invoice", scope)
    figures = [value for value in values if value is not None]
    if found is None or not figures or not figures[-1].startswith("-"):
        return found
    return {"id": None, "remote_id": found["remote_id"]}


def number_in(text: str) -> str | None:
    """The number that a cell says, in plain notation and as exact as it is written: `1,234.50`,
    `(12.00)` for one below zero, `7.3%`; None where it says something else."""
    if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
        return None
    bare = text.rstrip("%").replace(",", "")
    below = bare.startswith("(") and bare.endswith(")")
    try:
        number = Decimal(bare.strip("()"))
    except InvalidOperation:
        return None
    number = -number if below else number
    return f"{number:f}" if number else f"{abs(number):f}"


def _column(index: int, label: str) -> dict[str, Any]:
    start, end = _period(label)
    return {
        "key": _key(index),
        "label": label or None,
        "period_start": start,
        "period_end": end,
    }


def _period(label: str) -> tuple[str | None, str | None]:
    """The days that a column's label names: a month, or the last day of what it is about."""
    for form in _PERIODS:
        found = _parsed(label, form)
        if found is not None:
            return None, found.isoformat()
    for form in _MONTHS:
        found = _parsed(label, form)
        if found is not None:
            following = (found + timedelta(days=31)).replace(day=1)
            return found.isoformat(), (following - timedelta(days=1)).isoformat()
    return None, None


def _parsed(label: str, form: str) -> date | None:
    try:
        return datetime.strptime(label, form).date()  # noqa: DTZ007  # a calendar day
    except ValueError:
        return None


def _is_label(text: str) -> bool:
    """Whether a cell names its row: aged documents begin with their date."""
    return bool(text) and number_in(text) is None and text[10:11] != "T"


def _key(index: int) -> str:
    return f"c{index}"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return plain(Decimal(value))
    raise CodecError("not a text")


def _objects(value: Any) -> list[dict[str, Any]]:
    if not value:
        return []
    if not isinstance(value, list) or any(each.__class__ is not dict for each in value):
        raise CodecError("not a list of objects")
    return value


COLUMNS: Final = Codec(read_columns)
ROWS: Final = Codec(read_rows, None, canon_rows)
