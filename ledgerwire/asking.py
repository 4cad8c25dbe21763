"""Backfills and sweeps that a person asks for: noted in the database, done by running handlers.

No call of Xero's is made here, so a command can't get in the handlers' way: it asks, and looks on
by what they leave in the cursors. Who looks away loses nothing; the work goes on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ledgerwire.failures import JobFailed
from ledgerwire.installation import Installation
from ledgerwire.looking_on import Seen, called, changes_since, ready, watch
from ledgerwire.naming import named_resources
from storage.cursors import Cursor, ask_for_backfill, ask_for_sweep, cursors
from storage.tenants import TenantSummary
from unified.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What became of one resource.

    Attributes:
        read: things read by a backfill; None for a sweep.
        changes: events that this brought.
        unsupported: why Xero does not let us read it, or a part of it; None: it does.
    """

    resource: str
    read: int | None
    changes: int
    unsupported: str | None = None


async def backfill(
    here: Installation,
    name: str,
    resources: Sequence[str],
    *,
    since: datetime | None,
    seen: Seen,
) -> list[Asked]:
    """Let an organisation's resources be read from their beginning, and look on until they are.

    With `since`, what Xero stamped before is left out where Xero can tell; the rest is read whole.

    Raises:
        WrongUsage: no such organisation or resource.
        NothingRuns: no handlers do; it is noted, and begins when they do.
        JobFailed: it can't go on just now; the message says why.
    """
    chosen = named_resources(resources)
    asked = await ready(here, name)
    paths = {r.endpoint.path: since if r.endpoint.modified_since else None for r in chosen}
    await ask_for_backfill(here.db, asked.id, paths, now=here.clock.now())

    async def progress(states: Mapping[str, Cursor]) -> tuple[int, int | None, bool]:
        mine = [states[path] for path in paths]
        known = [each.backfill_total or each.backfill_read for each in mine]
        counted = all(each.backfill_page or _is_settled(each) for each in mine)
        read = sum(each.backfill_read for each in mine)
        ended = all(_is_settled(each) for each in mine)
        return read, max(sum(known), read) if counted else None, ended

    states = await watch(here, asked.id, list(paths), progress=progress, seen=seen)
    return _told(chosen, states, await changes_since(here, asked, "backfill"), counted=True)


async def sweep(
    here: Installation, name: str, resources: Sequence[str], *, seen: Seen
) -> list[Asked]:
    """Let what changed since the last sweep be read now, and look on until it is.

    Raises: as `backfill`.
    """
    asked = await ready(here, name)
    known = await cursors(here.db, asked.id)
    chosen = named_resources(resources)
    if not resources:
        chosen = tuple(each for each in chosen if _is_swept_by_itself(each, known))
    _insist_on_cursors(chosen, known, asked)
    paths = [each.endpoint.path for each in chosen]
    asked_at = here.clock.now()
    await ask_for_sweep(here.db, asked.id, paths, now=asked_at)

    async def progress(states: Mapping[str, Cursor]) -> tuple[int, int | None, bool]:
        done = sum(_is_swept(known[path], states[path], asked_at) for path in paths)
        return done, len(paths), done == len(paths)

    states = await watch(here, asked.id, paths, progress=progress, seen=seen)
    return _told(chosen, states, await changes_since(here, asked, "poll"), counted=False)


def _told(
    chosen: Sequence[Resource],
    states: Mapping[str, Cursor],
    changes: Mapping[str, int],
    *,
    counted: bool,
) -> list[Asked]:
    """What became of each resource, all of its sources together."""
    by_name: dict[str, list[Resource]] = {}
    for each in chosen:
        by_name.setdefault(each.name, []).append(each)
    told = []
    for name, of in by_name.items():
        mine = [states[each.endpoint.path] for each in of]
        refused = [each.unsupported_reason for each in mine if each.unsupported_reason]
        told.append(
            Asked(
                resource=of[0].plural,
                read=sum(each.backfill_read for each in mine) if counted else None,
                changes=changes.get(name, 0),
                unsupported="; ".join(dict.fromkeys(refused)) or None,
            )
        )
    return told


def _is_settled(state: Cursor) -> bool:
    """Whether a backfill has ended, or Xero has refused it."""
    return state.backfill_state == "done" or state.unsupported_reason is not None


def _is_swept_by_itself(resource: Resource, known: Mapping[str, Cursor]) -> bool:
    """Whether it is part of a sweep of everything: it was read, and Xero does not refuse it."""
    state = known.get(resource.endpoint.path)
    return state is not None and state.unsupported_reason is None


def _is_swept(before: Cursor, now: Cursor, asked_at: datetime) -> bool:
    """Whether it was read since, or refused; a backfill that was under way has read everything."""
    if now.unsupported_reason is not None:
        return now.sweep_due_at > asked_at
    if before.backfill_state != "done":
        return now.backfill_state == "done"
    return now.last_swept_at is not None and now.last_swept_at >= asked_at


def _insist_on_cursors(
    wanted: Sequence[Resource], known: Mapping[str, Cursor], asked: TenantSummary
) -> None:
    missing = [each.plural for each in wanted if each.endpoint.path not in known]
    if missing or not wanted:
        named = ", ".join(missing) or "Nothing"
        raise JobFailed(
            f"{named} of {called(asked)} was never read: `ledgerwire backfill` reads it first"
        )
