"""Differences as lines to read: how many of each kind, then the first few, never a whole record."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from oracle.difference import KINDS, Difference

SHOWN = 20  #: differences that are printed one by one


def report(
    differences: Iterable[Difference],
    *,
    counts: Mapping[str, int] | None = None,
    shown: int = SHOWN,
) -> str:
    """The printable form, without a line break at its end."""
    found = list(differences)
    lines = []
    if counts:
        lines.append("compared " + ", ".join(f"{n} {what}" for what, n in counts.items()))
    if not found:
        return "\n".join([*lines, "no difference"])
    lines.append(f"{len(found)} difference{'s' if len(found) > 1 else ''}")
    for kind, times in Counter(one.kind for one in found).most_common():
        lines.append(f"  {times:6d}  {kind}: {KINDS[kind]}")
    lines.extend(line_of(one) for one in _spread(found, shown))
    if len(found) > shown:
        lines.append(f"  and {len(found) - shown} more")
    return "\n".join(lines)


def line_of(one: Difference) -> str:
    """One difference on one line."""
    about = " ".join(part for part in (one.tenant, one.resource, one.remote_id) if part)
    where = f" {one.field}" if one.field else ""
    return (
        f"  {one.kind} [{about}]{where}: expected {_text(one.expected)}, found {_text(one.found)}"
    )


def as_json(differences: Iterable[Difference]) -> dict[str, Any]:
    """How many in all and of each kind, for machines."""
    kinds = Counter(one.kind for one in differences)
    return {"differences": kinds.total(), "kinds": dict(kinds)}


def _spread(found: list[Difference], shown: int) -> list[Difference]:
    """The first few, but each kind at least once where there is room: one flood hides no other."""
    by_kind: dict[str, list[Difference]] = {}
    for one in found:
        by_kind.setdefault(one.kind, []).append(one)
    chosen = [held[0] for held in by_kind.values()][:shown]
    rest = [one for held in by_kind.values() for one in held[1:]]
    return sorted(
        [*chosen, *rest[: shown - len(chosen)]], key=lambda one: list(by_kind).index(one.kind)
    )


def _text(value: Any) -> str:
    return "nothing" if value is None else repr(value) if isinstance(value, str) else str(value)
