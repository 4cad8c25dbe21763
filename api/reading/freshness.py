"""How fresh an answer of the mirror is, said so that it is true.

What was stamped at Xero before `as_of` is in the answer. That is proven by sweeps (all that is
stamped up to their beginning was absorbed), and by webhooks while they live and tell of it: their
numbers have no hole up to the newest delivery, so what was stamped some minutes before it has been
told, and is in the mirror once no notice of it waits. What Xero does not stamp at all is found by
audits, later.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from api.problems import Problem
from api.reading.envelope import LIVE, MIRROR, Meta, Warned
from api.reading.live import LiveRead
from storage.freshness import MOST_NOTICES, MirrorState, SourceState
from unified.ids import TenantId
from unified.resource import Resource
from unified.resources import SOURCES

TELLING: Final = timedelta(minutes=5)
"""A webhook that has not told a change for so long will not: nearly all come within seconds."""

#: What other regions have is missing to nobody here.
_REGIONAL: Final = frozenset(each.endpoint.path for each in SOURCES if each.endpoint.countries)
_GONE: Final = frozenset({"erasing", "erased"})
_STATES: Final = {
    "needs_reauth": "The consent has ended: nothing new is read until a person links it again.",
    "disconnected": "The organisation is not linked: nothing new is read.",
    "vanished": "Xero no longer lists the organisation: nothing new is read.",
}


@dataclass(frozen=True, slots=True)
class Freshness:
    """What is to be told of a mirror.

    Attributes:
        unread: the first reading of something has not ended.
        unreadable: something can't be read and waits for a person.
    """

    as_of: datetime | None
    warnings: tuple[Warned, ...]
    unread: bool = False
    unreadable: bool = False

    def is_partial(self, read: LiveRead | None) -> bool:
        """Whether records may be missing from an answer, after the live read that went before it,
        if one did: that brings what was not read yet, but nothing that can't be read."""
        return self.unreadable or (self.unread if read is None else not read.complete)


def staleness_s(as_of: datetime | None, now: datetime) -> int | None:
    """How old it is at most, in whole seconds; None: nobody knows."""
    return None if as_of is None else max(0, math.ceil((now - as_of).total_seconds()))


def require_kept(tenant_state: str | None) -> None:
    """Let nothing be read of an organisation whose books are being forgotten.

    Raises:
        Problem: `tenant_not_linked`.
    """
    if tenant_state in _GONE:
        detail = "The organisation's books have been erased here, or are just being erased."
        raise Problem("tenant_not_linked", detail, {"tenant_state": tenant_state})


def meta_of(
    kind: Resource,
    tenant_id: TenantId,
    fresh: Freshness,
    read: LiveRead | None,
    *,
    live_at: datetime | None,
    now: datetime,
) -> Meta:
    """What an answer out of the mirror says about itself at `now` (business time).

    Args:
        read: the live read that went before it, if one did.
        live_at: up to when what it shows was read live, by that read or by one of an earlier page.
    """
    as_of = max((each for each in (fresh.as_of, live_at) if each is not None), default=None)
    warnings = fresh.warnings
    if read is not None:
        warnings = (*(each for each in warnings if not read.settles(each)), *read.warnings)
    return Meta(
        source=MIRROR if live_at is None else LIVE,
        as_of=as_of,
        max_staleness_s=staleness_s(as_of, now),
        tenant_id=tenant_id,
        schema_version=kind.schema_version,
        warnings=warnings,
        cost=None if read is None else read.cost,
    )


def freshness_of(state: MirrorState, *, now: datetime) -> Freshness:
    """What is to be told of a mirror at `now` (business time).

    Raises:
        Problem: `capability_unavailable` where Xero lets us read it from nowhere;
            `tenant_not_linked` where its books are being forgotten.
    """
    require_kept(state.state)
    refused = [each for each in state.sources if each.unsupported_reason is not None]
    # What was read before it was refused is still here.
    read = [each for each in state.sources if each.unsupported_reason is None or each.backfilled]
    if refused and not read:
        raise _unavailable(refused)
    known = [_known_to(each, state, now) for each in read]
    as_of = None if not known or None in known else min(each for each in known if each is not None)
    return Freshness(
        as_of,
        (*_of_tenant(state), *_of_sources(read), *_of_refused(refused)),
        unread=any(not each.backfilled for each in read),
        unreadable=any(each.dead for each in read),
    )


def _known_to(source: SourceState, state: MirrorState, now: datetime) -> datetime | None:
    if not source.backfilled or source.since is None:
        return None
    proven = [source.since]
    if source.told and state.heard_at is not None and not state.silent and state.state == "linked":
        heard = min(state.heard_at, now)
        proven.append((heard if source.gap_at is None else min(heard, source.gap_at)) - TELLING)
    known = max(proven)
    if source.waiting >= MOST_NOTICES:
        known = source.since
    if source.waiting_since is not None:
        known = min(known, source.waiting_since)
    return min(known, now)


def _of_tenant(state: MirrorState) -> Sequence[Warned]:
    detail = _STATES.get(state.state)
    return [] if detail is None else [Warned(f"tenant_{state.state}", detail)]


def _of_sources(read: Sequence[SourceState]) -> Sequence[Warned]:
    found = []
    for each in read:
        if not each.backfilled:
            detail = "The first reading of it has not ended, so things may be missing."
            found.append(Warned("backfill_not_complete", detail, each.endpoint))
        if each.dead:
            detail = "Something of it can't be read; `ledgerwire dead list` says what."
            found.append(Warned("unreadable_records", detail, each.endpoint))
    return found


def _of_refused(refused: Sequence[SourceState]) -> Sequence[Warned]:
    return [
        Warned("capability_unavailable", f"{each.unsupported_reason}.", each.endpoint)
        for each in refused
        if each.endpoint not in _REGIONAL
    ]


def _unavailable(refused: Sequence[SourceState]) -> Problem:
    reasons = [
        {"endpoint": each.endpoint, "reason": each.unsupported_reason or ""} for each in refused
    ]
    detail = "; ".join(f"{each['endpoint']}: {each['reason']}" for each in reasons)
    return Problem("capability_unavailable", detail, {"capabilities": reasons})
