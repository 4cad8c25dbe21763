"""The printable form: counts first, every kind once, and nobody's whole record."""

import json

from oracle.difference import Difference
from oracle.report import SHOWN, as_json, line_of, report
from tests.oracle import records as r
from tests.oracle.world import agreeing


def test_no_difference_is_said_in_a_line() -> None:
    """The good case reads as such."""
    assert report([], counts={"things": 2}) == "compared 2 things\nno difference"


def test_flood_of_one_kind_hides_no_other() -> None:
    """However many there are of one kind, one of each other kind is shown."""
    flood = [
        Difference("wrong_value", "t", "invoice", str(n), "total", "1", "2") for n in range(500)
    ]
    other = Difference("crm_missing", "t", "contact", "c", "", "a status", None)

    lines = report([*flood, other]).splitlines()

    assert lines[0] == "501 differences"
    assert any(line.lstrip().startswith("500  wrong_value") for line in lines)
    assert line_of(other) in lines
    assert sum("expected" in line for line in lines) == SHOWN
    assert lines[-1] == "  and 481 more"


def test_line_names_thing_field_and_both_values() -> None:
    """One line is enough to look the thing up."""
    one = Difference("wrong_value", "t", "invoice", "i", "total", "1.00", "2.00")

    assert line_of(one) == "  wrong_value [t invoice i] total: expected '1.00', found '2.00'"


def test_whole_records_are_never_printed() -> None:
    """A report may be pasted anywhere, so it holds no more of the books than it must."""
    world = agreeing()
    for row in world.mirror:
        row.record = {"version": 1}
    world.row(r.OPEN).record = {}

    differences = world.judge()

    assert all(len(line) < 400 for line in report(differences, shown=10_000).splitlines())
    assert "accounts@ridgeway.example" not in json.dumps(
        [str(one.expected) for one in differences if one.field == "emails"]
    )


def test_machines_get_counts() -> None:
    """`--json` of the demo carries how many, by kind."""
    one = Difference("wrong_value", "t", "invoice", "i", "total", "1.00", "2.00")

    assert as_json([one, one]) == {"differences": 2, "kinds": {"wrong_value": 2}}
