"""Documents, and parts of them, that are made from code: written by `python -m
ledgerwire.documents`, and compared by `--check`, so that none can tell what the code does not do.

Schemas are among them, and are only ever added to: what can't follow on a published version is
refused, with the reasons, whichever way this is called."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from ledgerwire.asyncapi import asyncapi_document
from ledgerwire.behaviours import behaviours_table
from ledgerwire.cli import cli
from ledgerwire.errors_page import errors_page
from ledgerwire.openapi import openapi
from ledgerwire.resources_page import resources_page
from ledgerwire.schemas import ASYNCAPI, OPENAPI, current, refusals
from ledgerwire.settings import settings_table
from simulator.report_endpoints import REPORTS
from simulator.resources import ENDPOINTS
from unified.schemas.committed import as_text, published


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
            + ", ".join(dict.fromkeys([*nested.methods(""), *nested.methods("one")]))
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
    "reports/tenninetynine": "Reports/TenNinetyNine",
    **{f"reports/{kind.lower()}": f"Reports/{kind}" for kind in REPORTS},
}
"""Paths that are not their collection's name."""

GENERATED: tuple[tuple[str, str, Callable[[], str]], ...] = (
    ("README.md", "commands", commands_table),
    ("README.md", "settings", settings_table),
    ("docs/simulator.md", "endpoints", endpoints_table),
    ("docs/simulator.md", "behaviours", behaviours_table),
)


SCHEMAS = "unified/schemas"


def whole_documents() -> dict[str, str]:
    """Files that are made from nothing but code, by their paths."""
    files = {f"{SCHEMAS}/files/{name}": as_text(made) for name, made in current().items()}
    return {
        **files,
        f"{SCHEMAS}/{ASYNCAPI}": as_text(asyncapi_document(current())),
        f"{SCHEMAS}/{OPENAPI}": as_text(openapi()),
        "docs/errors.md": errors_page(),
        "docs/resources.md": resources_page(),
    }


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
    """Write the generated documents below `root`; with `--check` only compare. Returns an exit
    code: 1 where something is not as the code has it, or where a schema can't be published."""
    refused = refusals(current(), published(root / SCHEMAS / "files"))
    stale = []
    for path, name, old, new in _generated(root, with_schemas=not refused):
        if new == old:
            continue
        stale.append(name)
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(new, encoding="utf-8")
    if refused:
        print("A published schema can only gain fields and words, under a new version:")
        print("\n".join(f"  {each}" for each in refused))
    if stale and "--check" in arguments:
        print(f"Not as the code has it: {', '.join(stale)}. Run python -m ledgerwire.documents")
    return int(bool(refused or (stale and "--check" in arguments)))


def _generated(root: Path, *, with_schemas: bool) -> Iterator[tuple[Path, str, str | None, str]]:
    """Path, name, content as it is (None: no such file) and as it should be."""
    for file, name, make in GENERATED:
        path = root / file
        old = path.read_text(encoding="utf-8")
        yield path, f"{file} ({name})", old, with_section(old, name, make())
    for file, content in whole_documents().items():
        if file.startswith(SCHEMAS) and not with_schemas:
            continue
        path = root / file
        there = path.read_text(encoding="utf-8") if path.exists() else None
        yield path, file, there, content


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parent.parent))
