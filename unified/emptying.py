"""What a change takes away: which of Xero's texts it empties, and what nobody can take away.

What a body leaves out of a thing stays at Xero (Xero: updates are sparse), and what it leaves out
of an object in it may stay, so leaving out never counts as taking away. Texts of the thing itself
are emptied by an empty one, wherever our records show them; for anything else nobody knows a way.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from unified.codecs import read_text
from unified.entries import Entry, Field, keys_of
from unified.vocabulary import DenormalizeError

_NONE: Final[tuple[object, ...]] = (None, [])  #: what holds nothing that could be taken away


def emptied(
    entries: Sequence[Entry], known: Mapping[str, Any], wished: Mapping[str, Any]
) -> dict[str, str]:
    """Xero's keys of the texts that are to be null, each with nothing in it.

    Raises:
        DenormalizeError: something goes that Xero does not let be taken away.
    """
    return _emptied(entries, known, wished, path="", own=True)


def _emptied(
    entries: Sequence[Entry],
    known: Mapping[str, Any],
    wished: Mapping[str, Any],
    *,
    path: str,
    own: bool,
) -> dict[str, str]:
    """The same of an object at `path`; `own`: its keys are those of the thing itself."""
    found: dict[str, str] = {}
    for entry in _told(entries):
        if entry.name not in wished:
            continue
        held, left, at = known.get(entry.name), wished[entry.name], f"{path}/{entry.name}"
        if isinstance(held, Mapping) and isinstance(left, Mapping):
            below = own and isinstance(entry.xero, tuple)
            found |= _emptied(entry.codec.inside, held, left, path=at, own=below)
        elif left is None and held not in _NONE:
            is_text = entry.codec.decode is read_text and isinstance(entry.xero, str)
            if not (own and is_text) or entry.lasting:
                raise DenormalizeError(at, "Xero does not let it be taken away")
            found[str(entry.xero)] = ""
    return found


def _told(entries: Sequence[Entry]) -> list[Field]:
    """The fields that a caller may name, without those that only say in Xero's words what a
    sibling says in ours."""
    fields = [each for each in entries if isinstance(each, Field) and each.name != "extensions"]
    written = {key for each in fields if each.write for key in keys_of(each)}
    return [each for each in fields if each.write or not written.issuperset(keys_of(each))]
