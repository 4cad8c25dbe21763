"""How the texts of parameters are read. What they don't say clearly is refused, never guessed."""

import re
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from unified.ids import EntityId

REMOTE: Final = "remote:"  #: before Xero's own id, where a unified one is asked for
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)"
)
_LONGEST: Final = 200  #: letters of a number or a remote id


def read_instant(text: str) -> datetime:
    """An instant with its time zone.

    Raises:
        ValueError: it is none.
    """
    # A plus sign that was not encoded arrives as a blank.
    mended = re.sub(r" (\d\d:\d\d)$", r"+\1", text)
    if _INSTANT.fullmatch(mended) is None:
        raise ValueError("is no instant with its time zone, such as 2026-11-03T04:17:52.000Z")
    try:
        found = datetime.fromisoformat(mended).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is no instant of the calendar") from None
    return found


def read_day(text: str) -> date:
    """A calendar day.

    Raises:
        ValueError: it is none.
    """
    if _DAY.fullmatch(text) is None:
        raise ValueError("is no day, such as 2026-11-03")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("is no day of the calendar") from None


def read_flag(text: str) -> bool:
    """True or false.

    Raises:
        ValueError: neither.
    """
    if text not in ("true", "false"):
        raise ValueError("is neither true nor false")
    return text == "true"


def read_text(text: str) -> str:
    """A number of a document, or an id of Xero's.

    Raises:
        ValueError: it is empty, too long, or holds what no such text can.
    """
    if not text.strip():
        raise ValueError("is empty")
    if len(text) > _LONGEST:
        raise ValueError(f"has more than {_LONGEST} letters")
    if not text.isprintable():
        raise ValueError("holds control characters")
    return text


def read_id(text: str) -> str:
    """A unified id in lower case, or `remote:` with Xero's id as it came.

    Raises:
        ValueError: it is neither.
    """
    if text.startswith(REMOTE):
        return REMOTE + read_text(text.removeprefix(REMOTE))
    return as_uuid(text)


def as_uuid(text: str) -> EntityId:
    """A uuid in lower case with hyphens.

    Raises:
        ValueError: it is none.
    """
    try:
        found = str(UUID(text))
    except ValueError:
        found = ""
    if found != text.lower():  # other ways to write one exist, which nobody means here
        raise ValueError("is neither a uuid nor `remote:` with an id of Xero's")
    return EntityId(found)


def listed(known: Collection[str], what: str) -> Callable[[str], tuple[str, ...]]:
    """Words with commas between them, all of them known."""
    allowed = frozenset(known)

    def read(text: str) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(word.strip() for word in text.split(",")))
        unknown = [word for word in found if word not in allowed]
        if unknown:
            named = ", ".join(sorted(allowed))
            raise ValueError(f"{unknown[0]!r} is no {what}; there are {named}")
        return found

    return read


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number in a range."""

    def read(text: str) -> int:
        if not (
            text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most
        ):
            raise ValueError(f"is no whole number from {least} to {most}")
        return int(text)

    return read


def chosen(known: Collection[str]) -> Callable[[str], Any]:
    """One of some words."""
    named = ", ".join(known)

    def read(text: str) -> str:
        if text not in known:
            raise ValueError(f"is none of {named}")
        return text

    return read
