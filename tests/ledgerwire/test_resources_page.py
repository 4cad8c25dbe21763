"""docs/resources.md: what it says of a few resources whose facts a person looked up."""

import re

from ledgerwire.resources_page import resources_page
from unified.resources import KINDS, SOURCES

PAGE = resources_page()


def rows(of: str) -> list[list[str]]:
    """The cells of the overview's lines on one resource."""
    lines = re.findall(rf"^\| \[`{of}`\].*\|$", PAGE, re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_overview_tells_how_each_source_is_read_and_how_things_go() -> None:
    """By facts of Xero's that stand in no other place of ours in these words."""
    [contact], [currency], [invoice] = rows("contact"), rows("currency"), rows("invoice")

    assert contact[1:] == [
        "`Contacts`", "`accounting.contacts`", "`CONTACT`", "yes", "1000 a page",
        "merged, missing",
    ]  # fmt: skip
    assert currency[3:] == ["", "", "one piece", "never"]
    assert invoice[-1] == "status `deleted`, missing"
    assert {row[1] for row in rows("transaction")} == {"`BankTransactions`", "`BankTransfers`"}
    assert "`payroll.xro/1.0/Employees` (AU)" in {row[1] for row in rows("employee")}
    assert {row[5] for row in rows("report")} == {"on demand"}


def test_every_source_and_every_field_is_on_the_page() -> None:
    """A chapter of each resource, a line of each field, whichever source tells it."""
    assert len(re.findall(r"^\| \[`", PAGE, re.MULTILINE)) == len(SOURCES)
    for kind in KINDS:
        chapter = PAGE.partition(f"\n## {kind.name}\n")[2].partition("\n## ")[0]
        for entry in kind.entries:
            named = f"| `{entry.name}` |" in chapter or f"| `{entry.name}` |" in PAGE
            assert named, f"{kind.name}.{entry.name}"


def test_marks_tell_what_is_written_and_what_moves() -> None:
    """One line of each kind."""
    invoice = PAGE.partition("\n## invoice\n")[2].partition("\n## ")[0]
    line = {row.split("`")[1]: row for row in re.findall(r"^\| `.*$", invoice, re.MULTILINE)}

    assert line["number"] == "| `number` | text? | `InvoiceNumber` | W |  |"
    assert line["is_overdue"] == "| `is_overdue` | flag |  | t |  |"
    assert line["memo"] == "| `memo` | text? |  | x | free text |"
    assert line["line_items"] == "| `line_items` | list of [Line](#line)? | `LineItems` | W p |  |"
    assert line["status"].startswith("| `status` | text? | `Status` | W |")
