"""Turns a table into Python functions, as one would write them by hand, once at import.

Normalizing is what our processor time goes to, and a loop over a table costs more than twice as
much as a line per field. What a table means is said in `entries` and `shape`; here is only how it
becomes source. Nothing but our own tables is ever compiled.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from operator import attrgetter, itemgetter
from textwrap import indent
from typing import Any, Final

from unified.codecs import Canon, Codec, CodecError, Decode, Scope, read_guid, read_text
from unified.entries import (
    Constant,
    Entry,
    Field,
    ResourceDefinitionError,
    brief_of,
    canon_of,
    is_volatile,
)
from unified.refs import brief_ref

NoteUnknown = Callable[[Mapping[str, Any], Scope], None]
Locate = Callable[[dict[str, Any], Scope, CodecError], CodecError]

#: What the commonest codecs do with the commonest values, so that these go by without a call.
_SHORTCUTS: Final[Mapping[Decode, str]] = {
    read_text: "(v or None) if v.__class__ is str else ",
    read_guid: "(v.lower() or None) if v.__class__ is str else ",
}
_BRIEF_SHORTCUTS: Final[Mapping[Canon, str]] = {brief_ref: "v.get('remote_id') or "}
_EMPTY: Final[tuple[Any, ...]] = ("", [], {}, False, 0, Decimal(0))  #: all that is empty in JSON
_MOST_KEYS: Final = 3  #: a field of more keys is read without a look at whether one is there

_DECODE: Final = """\
def decode(raw, scope):
    if raw.__class__ is not dict:
        raise CodecError("not an object")
{look}    record = blank.copy()
    get = raw.get
    try:
{lines}
    except CodecError as error:
        raise locate(raw, scope, error) from None
    return record
"""
_LOOK: Final = """\
    if not known.issuperset(raw):
        note_unknown(raw, scope)
"""
_CANON: Final = """\
def canon(record):
    get = record.get
    return {{{fields}}}
"""
_BRIEF: Final = """\
def brief(record):
    try:
        return [{values}]
    except KeyError:  # a record of an older version lacks newer fields
        record = {{**blank, **record}}
    return [{values}]
"""


def decoder(
    path: str,
    entries: Sequence[Entry],
    *,
    unknown: tuple[frozenset[str], NoteUnknown] | None,
    locate: Locate,
) -> Callable[[Any, Scope], dict[str, Any]]:
    """A function that builds the whole object of a table from Xero's.

    `unknown` holds the known keys, and what is told of an object that has others; None: nobody
    asks. The function raises what `locate` makes of a codec's error.
    """
    names: dict[str, Any] = {"CodecError": CodecError, "locate": locate}
    if unknown is not None:
        names["known"], names["note_unknown"] = unknown
    blank: dict[str, Any] = {}
    steps: list[_Step] = []
    for number, entry in enumerate(entries):
        if not entry.name.isidentifier():
            raise ResourceDefinitionError(f"{path}: {entry.name!r} is no name for a field")
        blank[entry.name] = None
        if isinstance(entry, Constant) and entry.make is not None:
            names[f"make_{number}"] = entry.make
            steps.append(_Step(f"record[{entry.name!r}] = make_{number}()"))
        elif isinstance(entry, Field):
            names[f"read_{number}"] = entry.codec.decode
            nothing = _of_nothing(entry)
            if nothing.__class__ is bool:
                blank[entry.name] = nothing
            steps.append(_reading(entry, f"read_{number}", nothing))
    names["blank"] = blank
    lines = indent("\n".join(_lines(steps)), " " * 8)
    source = _DECODE.format(look="" if unknown is None else _LOOK, lines=lines)
    return _made(path, "decode", source, names)


def canonizer(path: str, entries: Sequence[Entry]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """A function that keeps what counts of a record: no volatile field, no name in a reference."""
    names: dict[str, Any] = {}
    plain, special = [], []
    for number, entry in enumerate(entries):
        if is_volatile(entry):
            continue
        canon = canon_of(entry)
        if canon is None:
            plain.append(f"{entry.name!r}: get({entry.name!r})")
        else:
            names[f"canon_{number}"] = canon
            value = f"None if (v := get({entry.name!r})) is None else canon_{number}(v)"
            special.append(f"{entry.name!r}: {value}")
    return _made(path, "canon", _CANON.format(fields=", ".join((*plain, *special))), names)


def abbreviator(path: str, entries: Sequence[Entry]) -> Callable[[Mapping[str, Any]], list[Any]]:
    """A function that gives the values of a canonical record without their keys."""
    counted = [entry for entry in entries if not is_volatile(entry)]
    plain = [entry.name for entry in counted if brief_of(entry) is None]
    names: dict[str, Any] = {"blank": dict.fromkeys(entry.name for entry in counted)}
    values = ["()"]
    if plain:
        names["pick"] = itemgetter(*plain)
        values = ["pick(record)"]
    for number, entry in enumerate(counted):
        brief = brief_of(entry)
        if brief is not None:
            names[f"brief_{number}"] = brief
            shortcut = _BRIEF_SHORTCUTS.get(brief, "")
            value = f"{shortcut}brief_{number}(v)"
            values.append(f"None if (v := record[{entry.name!r}]) is None else {value}")
    return _made(path, "brief", _BRIEF.format(values=", ".join(values)), names)


def _made(path: str, name: str, source: str, names: dict[str, Any]) -> Callable[..., Any]:
    exec(compile(source, f"<{name} of {path}>", "exec"), names)  # noqa: S102  # of our own table
    made: Callable[..., Any] = names[name]
    return made


# --- lines that decode -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Step:
    """The source that fills one field; without a condition it always runs."""

    then: str
    condition: str | None = None
    otherwise: str | None = None


def _reading(entry: Field, read: str, nothing: Any) -> _Step:
    """How a field is read, if `nothing` is what an absent key makes of it; ...: ask its codec."""
    target = f"record[{entry.name!r}]"
    fresh = f"{target} = {nothing!r}" if nothing.__class__ in {dict, list} else None
    if isinstance(entry.xero, tuple):
        then = f"{target} = {read}(raw, scope)"
        if nothing is ... or not 0 < len(entry.xero) <= _MOST_KEYS:
            return _Step(then)
        return _Step(then, " or ".join(f"{key!r} in raw" for key in entry.xero), fresh)
    if nothing is ...:
        return _Step(f"{target} = {read}(get({entry.xero!r}), scope)")
    shortcut = _SHORTCUTS.get(entry.codec.decode, "")
    then = f"{target} = {shortcut}{read}(v, scope)"
    told = "" if _drops_empty(entry.codec, nothing) else " is not None"
    return _Step(then, f"(v := get({entry.xero!r})){told}", fresh)


def _drops_empty(codec: Codec, nothing: Any) -> bool:
    """Whether whatever is empty is as good as absent, as the many empty lists of Xero's are."""
    try:
        made = [codec.decode(empty, Scope("", "XXX")) for empty in _EMPTY]
    except Exception:  # noqa: BLE001  # it will be asked, and say so where it can be reported
        return False
    return all(each.__class__ is nothing.__class__ and each == nothing for each in made)


def _of_nothing(entry: Field) -> Any:
    """What a codec makes of an absent key: null, a flag, an empty list or object; else `...`.

    Most keys are absent from most objects, and these few answers are the same for all of them, so
    a codec is asked once, here, and not again for every object.
    """
    try:
        made = entry.codec.decode({} if isinstance(entry.xero, tuple) else None, Scope("", "XXX"))
    except CodecError:
        return ...
    empty = made.__class__ in {dict, list} and not made
    return made if made is None or made.__class__ is bool or empty else ...


def _lines(steps: Sequence[_Step]) -> Iterator[str]:
    # Neighbours such as `status` and `remote_status` read one key: one look at it is enough.
    for condition, group in groupby(steps, key=attrgetter("condition")):
        together = list(group)
        if condition is None:
            yield from (step.then for step in together)
            continue
        yield f"if {condition}:"
        yield from (f"    {step.then}" for step in together)
        fresh = [f"    {step.otherwise}" for step in together if step.otherwise is not None]
        if fresh:
            yield from ("else:", *fresh)
    yield "pass"
