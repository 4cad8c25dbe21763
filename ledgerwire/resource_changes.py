"""The chapter of docs/resources.md on what can be changed: ours against Xero's own operations."""

from collections.abc import Iterator
from typing import Final

from unified.commands import Command, Kind
from unified.resource import Resource
from unified.resources import RESOURCES, operations_of
from unified.unoffered import UNOFFERED

_INTRODUCTION: Final = """\
Addresses are below `/v1/accounting`. `DELETE` of a thing does the first of its removals that its
status lets be done, and says in `deletion_kind` which one that was. *At Xero*: the first is what is
called; the others do the same in another way.
"""


def changes_chapter() -> Iterator[str]:
    """Each of Xero's operations that change something: ours that does it, or why there is none."""
    yield "\n## What can be changed\n"
    yield _INTRODUCTION
    yield "| Operation | Asked for by | Legal in | At Xero |"
    yield "|---|---|---|---|"
    for source in sorted(RESOURCES, key=lambda each: (each.name, each.endpoint.path)):
        for command in operations_of(source):
            states = "any" if command.legal_in is None else ", ".join(sorted(command.legal_in))
            theirs = ", ".join(f"`{each}`" for each in command.operations(source.endpoint))
            cells = (f"`{source.name}.{command.name}`", _asked(source, command), states, theirs)
            yield f"| {' | '.join(cells)} |"
    yield "\nNot offered:\n"
    yield "| At Xero | Why |"
    yield "|---|---|"
    for theirs, reason in UNOFFERED.items():
        yield f"| `{theirs}` | {reason} |"


def _asked(source: Resource, command: Command) -> str:
    """How our API is asked for it; DELETE of a thing does what its status lets be done."""
    at = f"/{source.plural}"
    if command.kind is Kind.CREATE:
        return f"`POST {at}`"
    whole = "/".join(part for part in (at, "{id}", command.at) if part)
    also = "" if command.ends is None else f", `DELETE {at}/{{id}}`"
    return f"`{command.method} {whole}`{also}"
