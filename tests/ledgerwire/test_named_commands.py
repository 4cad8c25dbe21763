"""Commands and sentences that documents name, compared with the real ones."""

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from ledgerwire.cli import cli

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_SPAN = re.compile(r"`(ledgerwire [^`]+)`", re.DOTALL)
_FENCE = re.compile(r"^\s*```\w*\n(.*?)^\s*```$", re.MULTILINE | re.DOTALL)
_GENERATED = re.compile(r"<!-- commands -->.*?<!-- /commands -->", re.DOTALL)
_QUOTED = re.compile(r"“([^”]+)”")


def commands_in(text: str) -> Iterator[str]:
    """Every command line of ours, in spans and in blocks of code."""
    text = _GENERATED.sub("", text)
    for block in _FENCE.findall(text):
        for line in block.splitlines():
            found = re.search(r"(?:^\s*|\.venv/bin/)(ledgerwire .*)", line)
            if found:
                yield found.group(1)
    for span in _SPAN.findall(_FENCE.sub("", text)):
        yield " ".join(span.split())


def parse(line: str) -> None:
    """Read a command line as the program would; a bare name names the command, and is no line.

    Raises:
        click.UsageError: the program would refuse it.
    """
    words = shlex.split(line.replace("…", "x"), comments=True)[1:]
    group: click.Command = cli
    context = click.Context(cli)
    while words and isinstance(group, click.Group):
        name = words.pop(0)
        found = group.get_command(context, name)
        if found is None:
            raise click.UsageError(f"no command {name}")
        group = found
    if words and not isinstance(group, click.Group):
        group.make_context("ledgerwire", words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_can_be_typed(page: Path) -> None:
    """Whoever is in trouble must not be sent to a command that there is not."""
    refused = {}
    for line in commands_in(page.read_text(encoding="utf-8")):
        try:
            parse(line)
        except click.UsageError as error:
            refused[line] = error.format_message()

    assert refused == {}


@pytest.mark.parametrize(
    "line",
    [
        "ledgerwire cure",
        "ledgerwire dead revive KEY",
        "ledgerwire doctor printer",
        "ledgerwire backfill --since 2026-01-01",
        "ledgerwire sweep TENANT --since 2026-01-01",
    ],
)
def test_command_that_there_is_not_is_found(line: str) -> None:
    """The comparison has teeth: names, parts, arguments and options."""
    assert list(commands_in(f"Try `{line}` first.")) == [line]
    with pytest.raises(click.UsageError):
        parse(line)


def test_blocks_of_code_are_read_too() -> None:
    """With a path before the command, or a comment behind it."""
    page = "```sh\n.venv/bin/ledgerwire up   # all\n   ledgerwire doctor\necho ledgerwire\n```\n"

    assert [line.split("#")[0].strip() for line in commands_in(page)] == [
        "ledgerwire up", "ledgerwire doctor",
    ]  # fmt: skip


@cache
def _texts() -> str:
    """All literal texts of the program, each on a line of its own."""
    found = []
    for folder in ("api", "handlers", "ledgerwire", "receiver", "storage", "xero"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.append(" ".join(node.value.split()))
                elif isinstance(node, ast.JoinedStr):
                    found.append(_said(node))
    return "\n".join(found)


def _said(text: ast.JoinedStr) -> str:
    """A formatted text, with … for what is put into it."""
    parts = (str(part.value) if isinstance(part, ast.Constant) else "…" for part in text.values)
    return " ".join("".join(parts).split())


def test_every_sentence_quoted_in_troubleshooting_is_said() -> None:
    """Symptoms are searched for by their words; what no code says would never be found."""
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    symptoms = [_QUOTED.findall(row.split("|")[1]) for row in rows]
    quoted = {phrase for each in symptoms for phrase in each}

    assert len(quoted) > 30
    assert sorted(phrase for phrase in quoted if phrase not in _texts()) == []


def test_every_row_of_troubleshooting_says_what_to_do() -> None:
    """Symptom, cause where there is one to name, and a command or a step."""
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ") and "---" not in line]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]

    assert [row[0] for row in cells if len(row) != 3 or not row[0] or not row[2]] == []
    assert sum("`ledgerwire " in row[2] for row in cells) > len(cells) / 2
