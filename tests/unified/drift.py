"""What Xero might send one day: its objects of today, changed at random, from a seed.

Two kinds of change. *Drift* is what a later version of Xero's API may bring: a new key, a new word
of an enum. *Damage* is what no version should: values of other types, keys gone. The objects are
those of our golden pairs and, where they are at hand, Xero's own published examples.
"""

import copy
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from tests.unified.books import INVOICED, NZ, PAIRS, below, source, wire
from unified.reports import ACCOUNT_TYPES, ASKED
from unified.resource import Resource, TenantContext
from unified.resources import RESOURCES
from unified.shape import Read

Raw = dict[str, Any]
Place = tuple[str | int, ...]

NEW_KEY = "AddedByXeroSomeDay"
NEW_WORD = "WORD_OF_SOME_DAY"
#: Texts that are words of a list rather than somebody's: codes that stand alone, in capitals.
_WORD = re.compile(r"^[A-Z][A-Z0-9_/]{2,}$")
_ENUM = re.compile(r"(Type|Types|Status|Unit)$")  #: keys of words, however these are written
_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_DAMAGE: tuple[Any, ...] = (
    None, "", 0, -1, 10**30, Decimal("1e39"), Decimal("0.1"), "text", "1e400", "NaN", " 12 ",
    True, False, [], {}, [None], ["text"], [[]], [{}], {"": None}, {"x": {"y": [1]}},
    "/Date(0)/", "/Date(99999999999999999)/", "/Date(-1+0000)/", "2026-13-45", "0001-01-01",
    "\x00", "\ud7ff\U0001f4b8", "x" * 5_000, "0" * 64, "9" * 60, "-0.00", "USD", "usd",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Specimen:
    """One object of Xero's, and how it is read."""

    source: Resource
    context: TenantContext
    read: Read
    raw: Raw
    name: str


def _examples_folder() -> Path:
    named = os.environ.get("XERO_REFERENCE")
    beside = Path(__file__).resolve().parents[3] / "shared"
    return (Path(named) if named else beside) / "reference" / "examples"


@cache
def specimens() -> tuple[Specimen, ...]:
    """Every golden object of each of its resource's sources, and every published example that can
    be read."""
    return (*_golden(), *_examples())


def _golden() -> Iterator[Specimen]:
    for name, pair, context, read in PAIRS:
        yield Specimen(source(name, pair), context, read, wire(name, pair), f"{name}/{pair}")


def _examples() -> Iterator[Specimen]:
    for path in sorted(_examples_folder().glob("*.json")):
        document = _DECODER.decode(path.read_bytes())
        if not isinstance(document, dict):
            continue
        for each in RESOURCES:
            found = document.get(each.endpoint.item_key)
            context = below(NZ, INVOICED) if each.endpoint.children else NZ
            for raw in found if isinstance(found, list) else ():
                if isinstance(raw, dict) and raw.get(each.endpoint.id_key):
                    yield Specimen(each, context, Read.SINGLE, raw, path.stem)


def has_examples() -> bool:
    """Whether Xero's examples are at hand; else the golden pairs are all there is."""
    return any(_examples_folder().glob("*.json"))


def places(value: Any, at: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every value inside, with the way to it."""
    inside = (
        value.items() if isinstance(value, dict)
        else enumerate(value) if isinstance(value, list)
        else ()
    )  # fmt: skip
    for step, child in inside:
        yield (*at, step), child
        yield from places(child, (*at, step))


def with_value(raw: Raw, at: Place, value: Any) -> Raw:
    """A copy with one value replaced; ... takes it out."""
    made = copy.deepcopy(raw)
    holder: Any = made
    for step in at[:-1]:
        holder = holder[step]
    if value is ...:
        del holder[at[-1]]
    else:
        holder[at[-1]] = copy.deepcopy(value)
    return made


def with_new_key(specimen: Specimen, random: Random) -> tuple[Raw, bool]:
    """A copy with a key that nobody knows, and whether it stands on the object itself.

    Empty objects stay empty: what has a key, be it unknown, no longer says "nothing".
    """
    inside = [at for at, value in places(specimen.raw) if value and isinstance(value, dict)]
    objects = [(), *inside]
    at = random.choice(objects)
    value: Any = random.choice([None, "text", 3, [], {}, [{"x": 1}], Decimal("1.10")])
    return with_value(specimen.raw, (*at, NEW_KEY), value), at == ()


def words(specimen: Specimen) -> list[Place]:
    """Where words of enums stand. Not in shells, such as an address that has a type and nothing
    else: those are left out of records (decision 3), and their words with them."""
    whole = [((), specimen.raw), *places(specimen.raw)]
    return [
        (*at, key)
        for at, holder in whole
        if isinstance(holder, dict) and sum(map(bool, holder.values())) > 1
        for key, value in holder.items()
        if isinstance(value, str) and (_WORD.match(value) or (value and _ENUM.search(key)))
        if (*at, key) != (specimen.source.endpoint.id_key,)
    ]


def damaged(specimen: Specimen, random: Random) -> Raw:
    """A copy with one to three values of other types, or without them; its id stays, and so does
    what is not Xero's: our own question, and what we know, beside a report's answer."""
    raw, spared = specimen.raw, {specimen.source.endpoint.id_key, ASKED, ACCOUNT_TYPES}
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        there = [at for at, _ in places(raw) if at[0] not in spared]
        if not there:
            return raw
        value: Any = ... if random.random() < 0.2 else random.choice(_DAMAGE)
        raw = with_value(raw, random.choice(there), value)
    return raw


def told(raw: Raw) -> str:
    """An object as JSON, for whoever has to find out what happened."""
    return json.dumps(raw, default=str)[:2_000]
