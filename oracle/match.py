"""Holding a record against what it should say: field by field, each by its own measure.

What is expected is plain data; where plain equality would be too strict or too loose, a measure
stands in its place. A field that is not expected is not looked at.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple

from oracle.zones import same_zone

ABSENT: Final = "(absent)"
_PLAIN = re.compile(r"-?[0-9]+(?:\.([0-9]+))?")


class Mismatch(NamedTuple):
    """A field that is not as expected."""

    field: str
    expected: Any
    found: Any


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal text of this value in plain notation, with at least so many fraction digits."""

    value: Decimal
    digits: int = 0

    def fits(self, found: Any) -> bool:
        """Whether a value says the same."""
        if not isinstance(found, str):
            return False
        parts = _PLAIN.fullmatch(found)
        return (
            parts is not None
            and len(parts[1] or "") >= self.digits
            and Decimal(found) == self.value
        )

    def __str__(self) -> str:
        return f"{self.value:f}"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of several values that mean the same, where Xero leaves it open."""

    values: tuple[Any, ...]

    def fits(self, found: Any) -> bool:
        """Whether a value is one of them."""
        return any(found == value and type(found) is type(value) for value in self.values)

    def __str__(self) -> str:
        return " or ".join(str(value) for value in self.values)


@dataclass(frozen=True, slots=True)
class Zone:
    """An IANA name of a zone that keeps this one's time: zones have several names."""

    name: str

    def fits(self, found: Any) -> bool:
        """Whether a zone's clocks show the same."""
        return isinstance(found, str) and same_zone(self.name, found)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Masked:
    """A text that hides another: begun by asterisks, then at most a few of its last letters."""

    hidden: str

    def fits(self, found: Any) -> bool:
        """Whether a value hides it and says no more than its end."""
        if not isinstance(found, str) or not found.startswith("****"):
            return False
        shown = found.lstrip("*")
        letters = "".join(letter for letter in self.hidden if letter.isalnum())
        return letters.endswith(shown) and 2 * len(shown) <= len(letters)

    def __str__(self) -> str:
        return "(masked)"


@dataclass(frozen=True, slots=True)
class Bag:
    """A list whose order does not count; `key` tells its elements apart, in both lists."""

    items: Sequence[Mapping[str, Any]]
    key: Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Within:
    """A value that holds at least what is sure, and at most what is known; by keys.

    `spread` takes it apart into values by those keys; it raises KeyError or TypeError where the
    value has another form.
    """

    known: Mapping[str, Any]
    sure: frozenset[str]
    spread: Callable[[Any], Mapping[str, Any]]


def mismatches(expected: Any, found: Any, field: str = "") -> Iterator[Mismatch]:
    """What of `found` is not as expected."""
    if isinstance(expected, Number | AnyOf | Zone | Masked):
        if not expected.fits(found):
            yield Mismatch(field, expected, found)
    elif isinstance(expected, Mapping):
        yield from _objects(expected, found, field)
    elif isinstance(expected, Bag):
        yield from _bags(expected, found, field)
    elif isinstance(expected, Within):
        yield from _within(expected, found, field)
    elif isinstance(expected, list):
        yield from _lists(expected, found, field)
    elif isinstance(expected, frozenset):
        if not isinstance(found, list) or sorted(expected) != sorted(map(str, found)):
            yield Mismatch(field, expected, found)
    elif expected != found or (found is not None and type(expected) is not type(found)):
        yield Mismatch(field, expected, found)


def _objects(expected: Mapping[str, Any], found: Any, field: str) -> Iterator[Mismatch]:
    if not isinstance(found, Mapping):
        yield Mismatch(field, expected, found)
        return
    for name, value in expected.items():
        held = found.get(name, ABSENT)
        if held == value and held.__class__ is value.__class__:
            continue  # as nearly all are: no need to ask what kind of value it is
        yield from mismatches(value, held, _join(field, name))


def _lists(expected: list[Any], found: Any, field: str) -> Iterator[Mismatch]:
    if not isinstance(found, list) or len(found) != len(expected):
        yield Mismatch(field, expected, found)
        return
    for index, (one, other) in enumerate(zip(expected, found, strict=True)):
        yield from mismatches(one, other, _join(field, str(index)))


def _bags(expected: Bag, found: Any, field: str) -> Iterator[Mismatch]:
    if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
        yield Mismatch(field, list(expected.items), found)
        return
    wanted = {expected.key(item): item for item in expected.items}
    held = {expected.key(item): item for item in found}
    for key, item in wanted.items():
        if key in held:
            yield from mismatches(item, held[key], _join(field, key))
        else:
            yield Mismatch(_join(field, key), "(present)", ABSENT)
    for key in held.keys() - wanted.keys():
        yield Mismatch(_join(field, key), ABSENT, "(present)")
    if len(held) == len(wanted) and len(found) != len(expected.items):
        yield Mismatch(field, list(expected.items), found)


def _within(expected: Within, found: Any, field: str) -> Iterator[Mismatch]:
    try:
        held = expected.spread(found)
    except (KeyError, TypeError):
        yield Mismatch(field, "(of another form)", found)
        return
    for key in sorted(expected.sure - held.keys()):
        yield Mismatch(_join(field, key), "(present)", ABSENT)
    for key, value in held.items():
        if key in expected.known:
            yield from mismatches(expected.known[key], value, _join(field, key))
        else:
            yield Mismatch(_join(field, key), ABSENT, "(present)")


def _join(field: str, step: str) -> str:
    return f"{field}/{step}" if field else step
