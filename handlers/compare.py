"""What one answer of Xero means against what the mirror knows: a pure decision, no I/O.

An answer may be older than what is known (a slow one, overtaken), thinner (a list), or equal.
Only a real difference becomes an event.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from storage.notices import Notice
from storage.records import KnownRecord
from unified.resource import Normalized, Resource
from unified.shape import Read

STALE_TOLERANCE = timedelta(seconds=2)
"""An event is stamped some 50 ms after its record, so a record this much older than the hint
was read too early."""

STALE_WAITS_S = (1, 5, 30)
"""Waits before reading again what came back older than its hint; after the last, it is believed."""


TELLING = timedelta(minutes=5)
"""A webhook that has not told a change for so long will not: nearly all come within seconds."""


class Verdict(StrEnum):
    """What to do with one answer."""

    NEW = "new"  #: not in the mirror yet
    CHANGED = "changed"  #: differs from the mirror
    SAME = "same"  #: confirms the mirror
    OLDER = "older"  #: overtaken by what is known: drop it
    AMBIGUOUS = "ambiguous"  #: differs, but nothing says which is newer: read it alone


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing as Xero answered it."""

    normalized: Normalized
    raw: bytes | None  #: zlib-compressed JSON of it; None where raw is not kept
    raw_hash: str  #: hexadecimal SHA-256 of Xero's own bytes for it
    raw_read: str  #: kind of read
    remote_data: bytes | None  #: Xero's own bytes, where events are to carry them
    mark: int  #: the newest notice version before the request left
    asked_at: datetime  #: database clock, before the request left
    answered_at: datetime  #: database clock, after the answer came


#: Answers about one thing, which say of it what they say; a list says that it moved at most.
_OF_ONE = frozenset({Read.SINGLE, Read.WRITE})


@dataclass(frozen=True, slots=True)
class Comparison:
    """The verdict, with what the mirror should hold if it is applied."""

    verdict: Verdict
    record: dict[str, Any]  #: overlaid on what is known; without sequence and clocks
    fingerprint: bytes


def compare(
    resource: Resource, known: KnownRecord | None, seen: Seen, *, today: date | None
) -> Comparison:
    """Judge one answer; thin answers are laid over what is known and never erase.

    `today` is the tenant's business date under its lock: the answer may have been normalized
    before a midnight that has passed since.
    """
    comparison = _compared(resource, known, seen, today=today)
    if not resource.endpoint.detail or seen.raw_read in _OF_ONE:
        return comparison
    # A list's headers, or its stamp alone, say that it moved; only a read of its own says to what.
    before = None if known is None else known.updated_at
    moved = comparison.verdict in (Verdict.NEW, Verdict.CHANGED)
    if moved or is_newer(seen.normalized.updated_at, before):
        return replace(comparison, verdict=Verdict.AMBIGUOUS)
    return comparison


def _compared(
    resource: Resource, known: KnownRecord | None, seen: Seen, *, today: date | None
) -> Comparison:
    fresh = seen.normalized
    if known is None:
        record = _as_of(resource, resource.overlay(None, fresh), today)
        return Comparison(Verdict.NEW, record, resource.fingerprint(record))
    if _is_older(fresh.updated_at, known.updated_at):
        return Comparison(Verdict.OLDER, known.unified, known.fingerprint)
    record = _as_of(resource, resource.overlay(known.unified, fresh), today)
    fingerprint = resource.fingerprint(record)
    if fingerprint == known.fingerprint:
        return Comparison(Verdict.SAME, record, fingerprint)
    if resource.fingerprint(_as_of(resource, known.unified, today)) == fingerprint:
        # Only the calendar moved: the clock has yet to announce that, with its own cause.
        return Comparison(Verdict.SAME, known.unified, known.fingerprint)
    if is_newer(fresh.updated_at, known.updated_at) or seen.asked_at > known.answered_at:
        return Comparison(Verdict.CHANGED, record, fingerprint)
    return Comparison(Verdict.AMBIGUOUS, known.unified, known.fingerprint)


def _as_of(resource: Resource, record: dict[str, Any], today: date | None) -> dict[str, Any]:
    return record if today is None else resource.at_date(record, today)


def _is_older(fresh: datetime | None, known: datetime | None) -> bool:
    return fresh is not None and known is not None and fresh < known


def is_newer(fresh: datetime | None, known: datetime | None) -> bool:
    """Whether both are stamped, and the fresh one later."""
    return fresh is not None and known is not None and fresh > known


def answers(resource: Resource, notice: Notice, seen: Seen) -> bool:
    """Whether the read was asked after the notice's newest hint, and tells all there is to tell:
    only then may it finish it. A list of heads alone does not."""
    whole = not resource.endpoint.detail or seen.raw_read == Read.SINGLE
    return whole and notice.version <= seen.mark


def is_too_early(notice: Notice, updated_at: datetime | None) -> bool:
    """Whether what was read is older than the hint says it must be, and reading again may help."""
    return (
        notice.hinted_at is not None
        and updated_at is not None
        and updated_at < notice.hinted_at - STALE_TOLERANCE
        and may_be_early(notice)
    )


def may_be_early(notice: Notice) -> bool:
    """Whether there is a wait left before what was read is believed."""
    return notice.stale_reads < len(STALE_WAITS_S)


def stale_wait(notice: Notice) -> timedelta:
    """How long to wait before reading again; only where there is a wait left."""
    return timedelta(seconds=STALE_WAITS_S[notice.stale_reads])


def is_untold(
    known: KnownRecord | None, seen: Seen, *, now: datetime, listens_since: datetime
) -> bool:
    """Whether a webhook should have told this change by `now` (business time): Xero stamped it
    after it had begun to tell us of this organisation, and long enough ago."""
    stamp = seen.normalized.updated_at
    return (
        stamp is not None
        and listens_since < stamp < now - TELLING
        and (known is None or known.updated_at is None or stamp > known.updated_at)
    )


def is_created(
    *,
    created_hint: bool,
    created_at: datetime | None,
    linked_at: datetime,
    backfill_complete: bool,
) -> bool:
    """Whether a thing seen for the first time was created now, rather than merely first seen."""
    return created_hint or backfill_complete or (created_at is not None and created_at > linked_at)
