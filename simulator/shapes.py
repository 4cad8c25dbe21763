"""Which kind of answer a record is rendered for; Xero's answers differ in what they carry."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from simulator.model import Contact, Document, Payment
from simulator.wire import fragment


class Shape(StrEnum):
    """How full a record is shown."""

    SINGLE = "single"
    PAGED = "paged"
    UNPAGED = "unpaged"
    SUMMARY = "summary"


def cached(
    record: Contact | Document | Payment,
    key: tuple[str, int],
    revisions: object,
    *,
    build: Callable[[], Mapping[str, Any]],
) -> bytes:
    """The record's fragment, rendered anew only when what it was made from has changed."""
    held = record.fragments.get(key)
    if held is not None and held[0] == revisions:
        return held[1]
    rendered = fragment(build())
    record.fragments[key] = (revisions, rendered)
    return rendered
