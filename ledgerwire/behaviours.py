"""The behaviours of the simulator as a table: each beside the test that shows it.

A test under tests/simulator says what it shows by
`@pytest.mark.behaviour("Lists", "a page past the last is empty, with 200")`, once for each
behaviour. The marks are read from the source, nothing is imported or run; documents.py writes
the table into docs/simulator.md. Whether the tests pass is not judged here.
"""

import ast
import gc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

CHAPTERS = (
    "Signing in",
    "Connections",
    "Answers",
    "Limits and tiers",
    "Lists",
    "Filters and orders",
    "Writes",
    "Idempotency",
    "Refusals",
    "Organisation",
    "Contacts",
    "Invoices and bills",
    "Lines and tracking",
    "Payments",
    "Credit notes",
    "Prepayments and overpayments",
    "Allocations and refunds",
    "Bank transfers",
    "Batch payments",
    "Manual journals",
    "General ledger",
    "Reports",
    "Purchase orders",
    "Quotes",
    "Repeating invoices",
    "Currencies",
    "Accounts",
    "Tax rates",
    "Items",
    "Tracking categories",
    "Currencies, themes and actions",
    "Users",
    "Contact groups",
    "Budgets",
    "Employees",
    "Attachments",
    "History",
    "Webhooks",
    "Faults",
    "Generator and control",
    "Official SDK",
    "Published description",
)
"""The chapters of the table, in their order; a mark names one of them."""

_MARKS = frozenset({"pytest.mark.behaviour", "behaviour"})  # as it is, or under its last name

TESTS = Path(__file__).resolve().parent.parent / "tests" / "simulator"


@dataclass(frozen=True)
class Behaviour:
    """One thing the simulator does as Xero does it.

    Attributes:
        chapter: one of CHAPTERS.
        sentence: what it does, without a full stop.
        test: `file::function`, below the folder of tests.
    """

    chapter: str
    sentence: str
    test: str


def behaviours(folder: Path = TESTS) -> list[Behaviour]:
    """All that the tests in a folder claim, by chapter, then in the order of the files.

    Raises:
        ValueError: a mark is not two plain texts, names an unknown chapter, or repeats another.
    """
    found: list[Behaviour] = []
    for path in sorted(folder.rglob("test_*.py")):
        name = path.relative_to(folder).as_posix()
        body = _parsed(path).body
        texts = _texts(body)
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.extend(_of_test(node, name, texts))
    seen: dict[tuple[str, str], str] = {}
    for one in found:
        other = seen.setdefault((one.chapter, one.sentence), one.test)
        if other != one.test:
            raise ValueError(f"{one.test} says the same as {other}: {one.sentence}")
    return sorted(found, key=lambda one: CHAPTERS.index(one.chapter))


def _parsed(path: Path) -> ast.Module:
    """The file's syntax tree.

    CPython 3.11 miscounts its depth where the garbage collector runs in the middle of making one,
    and raises SystemError; so the collector waits.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    finally:
        if collecting:
            gc.enable()


def behaviours_table() -> str:
    """The table for docs/simulator.md, as Markdown."""
    found = behaviours()
    tests = len({one.test for one in found})
    lines = [f"{len(found)} behaviours, shown by {tests} tests in `tests/simulator/`."]
    for chapter in CHAPTERS:
        rows = [one for one in found if one.chapter == chapter]
        if rows:
            lines += ["", f"### {chapter}", "", "| Behaviour | Test |", "|---|---|"]
            lines += [f"| {_cell(one.sentence)} | `{one.test}` |" for one in rows]
    return "\n".join(lines)


def _texts(body: list[ast.stmt]) -> dict[str, str]:
    """The module's names that stand for a text, such as that of a chapter."""
    return {
        target.id: node.value.value
        for node in body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _of_test(
    node: ast.FunctionDef | ast.AsyncFunctionDef, file: str, texts: Mapping[str, str]
) -> Iterator[Behaviour]:
    for mark in node.decorator_list:
        if not isinstance(mark, ast.Call) or ast.unparse(mark.func) not in _MARKS:
            continue
        test = f"{file}::{node.name}"
        said = [_said(argument, texts) for argument in mark.args]
        if len(said) != 2 or mark.keywords or said[0] is None or said[1] is None:
            raise ValueError(f"{test}: a behaviour is a chapter and a sentence, as plain texts")
        if said[0] not in CHAPTERS:
            raise ValueError(f"{test}: there is no chapter named {said[0]}")
        yield Behaviour(said[0], said[1], test)


def _said(argument: ast.expr, texts: Mapping[str, str]) -> str | None:
    if isinstance(argument, ast.Name):
        return texts.get(argument.id)
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return argument.value
    return None


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
