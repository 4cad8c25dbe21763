"""Parts of documents that are made from code: written by `python -m ledgerwire.documents`, and
compared by `--check`, so that no document can tell something that the code does not do."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from ledgerwire.behaviours import behaviours_table
from ledgerwire.cli import cli
from ledgerwire.settings import settings_table
from simulator.resources import ENDPOINTS


def commands_table() -> str:
    """The commands with their options and first sentences, as a Markdown table."""
    rows = ["| Command | Does |", "|---|---|"]
    rows.extend(_rows(cli, "ledgerwire"))
    return "\n".join(rows)


def _rows(group: click.Group, path: str) -> list[str]:
    rows: list[str] = []
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            rows.extend(_rows(command, f"{path} {name}"))
            continue
        usage = " ".join([f"{path} {name}", *_arguments(command)])
        rows.append(f"| `{usage}` | {command.get_short_help_str(limit=200)} |")
    return rows


def _arguments(command: click.Command) -> list[str]:
    shown = []
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            text = f"{parameter.name or ''}{'…' if parameter.nargs < 0 else ''}".upper()
        elif isinstance(parameter, click.Option):
            value = (
                "" if parameter.is_flag else f" {parameter.make_metavar(click.Context(command))}"
            )
            text = f"{parameter.opts[0]}{value}"
        else:
            continue
        shown.append(text if parameter.required else f"[{text}]")
    return shown


def endpoints_table() -> str:
    """What the simulator carries and how it can be asked, as a Markdown table."""
    rows = ["| Endpoint | The list | One of it | Below one of it |", "|---|---|---|---|"]
    for name, endpoint in sorted(ENDPOINTS.items()):
        below = [
            f"{_PATHS.get(key, nested.collection)}: "
            + ", ".join([*nested.methods(""), *nested.methods("one")])
            for key, nested in endpoint.nested.items()
        ]
        if endpoint.files is not None:
            below.append("Attachments: GET, POST, PUT")
        if endpoint.printed is not None:
            below.append("pdf: GET")
        cells = (
            f"`{_PATHS.get(name, endpoint.collection)}`",
            ", ".join(endpoint.methods("")),
            ", ".join(endpoint.methods("one")),
            "; ".join(below),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


_PATHS = {
    "organisation": "Organisation",
    "organisation/actions": "Organisation/Actions",
    "invoicereminders/settings": "InvoiceReminders/Settings",
    "history": "History",
    "email": "Email",
    "onlineinvoice": "OnlineInvoice",
}
"""Paths that are not their collection's name."""

GENERATED: tuple[tuple[str, str, Callable[[], str]], ...] = (
    ("README.md", "commands", commands_table),
    ("README.md", "settings", settings_table),
    ("docs/simulator.md", "endpoints", endpoints_table),
    ("docs/simulator.md", "behaviours", behaviours_table),
)


def with_section(text: str, name: str, content: str) -> str:
    """The document with the part between its markers replaced.

    Raises:
        ValueError: the markers are not there.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    head, found, rest = text.partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"no part named {name}")
    return f"{head}{begin}\n{content}\n{end}{tail}"


def main(arguments: list[str], root: Path) -> int:
    """Write the generated parts below `root`; with `--check` only compare. Returns an exit code."""
    stale = []
    for file, name, make in GENERATED:
        path = root / file
        old = path.read_text(encoding="utf-8")
        new = with_section(old, name, make())
        if new == old:
            continue
        stale.append(f"{file} ({name})")
        if "--check" not in arguments:
            path.write_text(new, encoding="utf-8")
    if stale and "--check" in arguments:
        print(f"Not as the code has it: {', '.join(stale)}. Run python -m ledgerwire.documents")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parent.parent))
