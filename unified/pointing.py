"""From a place in Xero's words to the unified field: `LineItems/0/AccountCode` is
`/line_items/0/account`.

The tables of the resources are read backwards; what Xero complains of, and where, is found by
`sentences`.
"""

from collections.abc import Sequence
from typing import Any, Final

from unified.entries import Entry, Field, keys_of

Keys = tuple[str | int, ...]
#: A list of ours where Xero names one thing, by its reference.
_FIRST_OF: Final = frozenset({"applied_to"})


def pointer_of(entries: Sequence[Entry], keys: Keys) -> str | None:
    """The JSON pointer of what Xero calls so, by a table; None: no field comes from there."""
    found = _steps(entries, keys)
    return None if found is None else "".join(f"/{_escaped(str(step))}" for step in found)


def _steps(entries: Sequence[Entry], keys: Keys) -> list[str | int] | None:
    if not keys:
        return []
    key, rest = keys[0], keys[1:]
    if isinstance(key, int):
        below = _steps(entries, rest)
        return [key, *(below or [])]
    entry = _entry(entries, key)
    return None if entry is None else _below(entry, key, rest)


def _below(entry: Field, key: str, rest: Keys) -> list[str | int]:
    steps: list[str | int] = [entry.name]
    if entry.name == "extensions":
        steps.append("xero")
    if entry.name in _FIRST_OF:
        steps += [0, "ref"]
    if not entry.codec.inside:
        return steps + [step for step in rest[:1] if isinstance(step, int)]
    # A table that reads several keys of this object goes on at the same key.
    at_same_key = isinstance(entry.xero, tuple)
    below = _steps(entry.codec.inside, (key, *rest) if at_same_key else rest)
    return steps + (below or [])


def _entry(entries: Sequence[Entry], key: str) -> Field | None:
    """The field that a key stands for: rather one that is written, and of this key alone."""
    named = [each for each in entries if isinstance(each, Field) and key in keys_of(each)]
    return min(named, key=_rank, default=None)


def _rank(entry: Field) -> tuple[bool, bool]:
    return (not entry.write, isinstance(entry.xero, tuple))


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def value_at(body: Any, keys: Keys) -> Any:
    """What stands at a place of a body; None: nothing."""
    for key in keys:
        if isinstance(body, dict) and isinstance(key, str):
            body = body.get(key)
        elif isinstance(body, list) and isinstance(key, int) and 0 <= key < len(body):
            body = body[key]
        else:
            return None
    return body
