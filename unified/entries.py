"""The words in which a resource says where each of its fields comes from.

A table is a tuple of `Field`, `Derived` and `Constant`, one line per unified field. Values only:
what is made of a table stands in `shape`, how in `compiling`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from unified.codecs import TEXT, Canon, Codec


class Read(StrEnum):
    """Which kind of answer a raw object stood in; kinds differ in what they carry."""

    SINGLE = "single"  #: GET of one thing
    PAGED = "paged"  #: a list asked for with `page`
    UNPAGED = "unpaged"  #: a list asked for without `page`
    STUB = "stub"  #: nested in another object, or the `data` of a webhook event
    WRITE = "write"  #: what Xero answers a write with: whole, or less than that


ALL: Final = frozenset(Read)
LISTS: Final = frozenset({Read.SINGLE, Read.PAGED, Read.UNPAGED})
PAGES: Final = frozenset({Read.SINGLE, Read.PAGED})  #: what an unpaged list leaves out


class ResourceDefinitionError(Exception):
    """A resource file contradicts itself; nothing that imports it can start."""


@dataclass(frozen=True, slots=True)
class Field:
    """One unified field and where Xero keeps it.

    Attributes:
        name: unified name.
        xero: Xero's key; several keys, or none, for a codec that reads the whole object. Such a
            codec looks at no key but these.
        codec: how the value is written.
        reads: the kinds of answer that carry it.
        write: whether it goes into a write body.
        once: it is written when the thing is made, and never again.
        lasting: a text that Xero lets be changed and never be empty.
        always: Xero sends the key even when there is nothing to say (an empty list, 0.00), so an
            answer without the key does not carry the field, whatever `reads` says.
        volatile: may move without the thing having changed: out of every comparison.
        cosmetic: a change of it alone matters to nobody's books.
    """

    name: str
    xero: str | tuple[str, ...]
    codec: Codec = TEXT
    reads: frozenset[Read] = LISTS
    write: bool = False
    once: bool = False
    lasting: bool = False
    always: bool = False
    volatile: bool = False
    cosmetic: bool = False


@dataclass(frozen=True, slots=True)
class Derived:
    """A field that we compute from others; Xero neither sends nor takes it.

    `timed` ones move with the calendar.
    """

    name: str
    timed: bool = False
    volatile: bool = False
    codec: Codec | None = None  #: only for its `canon`


@dataclass(frozen=True, slots=True)
class Constant:
    """A field of the model that no read of Xero's fills: null, or what `make` builds."""

    name: str
    make: Callable[[], Any] | None = None


Entry = Field | Derived | Constant


def keys_of(entry: Field) -> tuple[str, ...]:
    """Xero's keys that a field reads."""
    return (entry.xero,) if isinstance(entry.xero, str) else entry.xero


def is_volatile(entry: Entry) -> bool:
    """Whether a field is left out of every comparison."""
    return not isinstance(entry, Constant) and entry.volatile


def canon_of(entry: Entry) -> Canon | None:
    """What makes a field's value comparable; None: it is so already."""
    if isinstance(entry, Constant) or entry.codec is None:
        return None
    return entry.codec.canon


def brief_of(entry: Entry) -> Canon | None:
    """The same in the fewest words."""
    if isinstance(entry, Constant) or entry.codec is None:
        return None
    return entry.codec.brief or entry.codec.canon
