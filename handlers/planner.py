"""The cheapest reads for what is due: a pure function, no I/O.

Xero limits calls and bills bytes, so things of one endpoint are read together wherever the
endpoint can: by `IDs=` batches or, when many are due, by one read of all that changed since the
oldest hint. Under a spent budget the reads that serve most notices come first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.notices import Notice
from unified.resource import Endpoint
from xero.paging import ids_per_call

CATCH_UP_FROM = 80
"""From this many due things on, one read by time is cheaper than batches by id."""

CATCH_UP_FROM_SINGLES = 3
"""The same of an endpoint that can't be asked by ids, where each thing costs a call of its own."""

CATCH_UP_OVERLAP = timedelta(seconds=3)
"""A record is stamped a little before its event, and If-Modified-Since has whole seconds."""

CATCH_UP_SPAN = timedelta(days=1)
"""Hints that much older than the newest (a dead letter tried again) are read by id: for them,
everything since would be read again."""

BYTES_PER_ITEM = 3_000
"""What one document with three lines weighs, for the prediction."""


@dataclass(frozen=True, slots=True)
class SingleRead:
    """One thing by its id; 404 means that it is gone. Of an endpoint of children, all of one
    parent's."""

    endpoint: Endpoint
    notice: Notice


@dataclass(frozen=True, slots=True)
class IdsRead:
    """Several things by their ids, as many as one address takes."""

    endpoint: Endpoint
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class CatchUpRead:
    """All that changed since a moment, page by page."""

    endpoint: Endpoint
    notices: tuple[Notice, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class ListRead:
    """The whole list, in one piece, of an endpoint that can do nothing finer for these notices."""

    endpoint: Endpoint
    notices: tuple[Notice, ...]


Call = SingleRead | IdsRead | CatchUpRead | ListRead


@dataclass(frozen=True, slots=True)
class Plan:
    """What to read now, with the predicted cost."""

    calls: tuple[Call, ...]
    predicted_calls: int
    predicted_bytes: int
    left: int  #: notices that must wait for a later plan


def plan(due: Sequence[Notice], endpoints: Mapping[str, Endpoint], *, budget: int) -> Plan:
    """Choose the reads for these notices within `budget` calls.

    Notices of endpoints that are not in `endpoints` are not planned: the caller drops them.
    """
    calls: list[Call] = []
    for path, endpoint in endpoints.items():
        notices = [notice for notice in due if notice.endpoint == path]
        if notices:
            calls.extend(_reads(endpoint, notices))
    calls.sort(key=_served, reverse=True)
    chosen = tuple(calls[:budget])
    served = sum(_served(call) for call in chosen)
    return Plan(
        calls=chosen,
        predicted_calls=len(chosen),
        predicted_bytes=served * BYTES_PER_ITEM,
        left=sum(_served(call) for call in calls) - served,
    )


def _served(call: Call) -> int:
    return 1 if isinstance(call, SingleRead) else len(call.notices)


def _reads(endpoint: Endpoint, notices: Sequence[Notice]) -> list[Call]:
    if endpoint.children or endpoint.detail:  # a list does not say what is asked for
        return [SingleRead(endpoint, notice) for notice in notices]
    if not endpoint.single:
        return [ListRead(endpoint, tuple(notices))]
    alone = [notice for notice in notices if notice.single_read]
    together = [notice for notice in notices if not notice.single_read]
    calls: list[Call] = [SingleRead(endpoint, notice) for notice in alone]
    catch_up = _catch_up(endpoint, together)
    if catch_up is not None:
        calls.append(catch_up)
        met = set(catch_up.notices)
        together = [notice for notice in together if notice not in met]
    if endpoint.page_size is None and not ids_per_call(endpoint) and len(together) > 1:
        # The whole list is one call, and so would be each of them alone.
        return [*calls, ListRead(endpoint, tuple(together))]
    size = max(ids_per_call(endpoint), 1)
    for start in range(0, len(together), size):
        batch = together[start : start + size]
        if len(batch) > 1:
            calls.append(IdsRead(endpoint, tuple(batch)))
        else:
            calls.append(SingleRead(endpoint, batch[0]))
    return calls


def _catch_up(endpoint: Endpoint, notices: Sequence[Notice]) -> CatchUpRead | None:
    """One read by time of the recently hinted, where they are many; None where they are not."""
    hints = [notice.hinted_at for notice in notices if notice.hinted_at is not None]
    least = CATCH_UP_FROM if ids_per_call(endpoint) else CATCH_UP_FROM_SINGLES
    if not endpoint.modified_since or len(hints) < least:
        return None
    oldest = max(hints) - CATCH_UP_SPAN
    recent = [n for n in notices if n.hinted_at is not None and n.hinted_at >= oldest]
    if len(recent) < least:
        return None
    since = min(hint for hint in hints if hint >= oldest) - CATCH_UP_OVERLAP
    return CatchUpRead(endpoint, tuple(recent), since)
