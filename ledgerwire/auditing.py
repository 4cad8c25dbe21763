"""Audits that a person asks for: noted in the database, done by running handlers.

What a complete list shows otherwise than the mirror is put right and announced; what it lacks is
looked for again, and announced as missing when Xero answers 404. Only looking, without changing
anything, is `ledgerwire.comparing`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledgerwire.failures import JobFailed
from ledgerwire.installation import Installation
from ledgerwire.looking_on import Seen, called, changes_since, ready, watch
from ledgerwire.naming import named_resources
from storage.absences import unconfirmed
from storage.audits import Audit, ask_for_audit, audits
from storage.cursors import Cursor, cursors
from unified.resource import Resource

NO_LIST = "has no complete list to compare with"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What became of one resource.

    Attributes:
        changes: events for what a sweep would have found as well.
        put_right: events for what only comparing finds, removals included.
        unlisted: things that the list lacked: looked for again in five minutes.
        left_out: why nothing was compared; None: it was.
    """

    resource: str
    changes: int = 0
    put_right: int = 0
    unlisted: int = 0
    left_out: str | None = None


def has_complete_list(resource: Resource) -> bool:
    """Whether there is a list of all of them that could lack one that is gone."""
    return not (resource.endpoint.children or resource.endpoint.offset_key)


async def audit(
    here: Installation, name: str, resources: Sequence[str], *, seen: Seen
) -> list[Audited]:
    """Let complete lists of an organisation's resources be compared with the mirror now, and look
    on until they are.

    Raises:
        WrongUsage: no such organisation or resource.
        NothingRuns: no handlers do; it is noted, and begins when they do.
        JobFailed: it can't go on just now, or was never read in full; the message says why.
    """
    asked = await ready(here, name)
    chosen = named_resources(resources)
    known, walks = await cursors(here.db, asked.id), await audits(here.db, asked.id)
    reasons = {each.endpoint.path: left_out(each, known, walks) for each in chosen}
    paths = [path for path, reason in reasons.items() if reason is None]
    if not paths:
        told = "; ".join(f"{each.plural} {reasons[each.endpoint.path]}" for each in chosen)
        raise JobFailed(f"Nothing of {called(asked)} can be audited: {told}")
    asked_at = here.clock.now()
    await ask_for_audit(here.db, asked.id, paths, now=asked_at)

    async def progress(states: Mapping[str, Cursor]) -> tuple[int, int | None, bool]:
        mine = [each for path, each in (await audits(here.db, asked.id)).items() if path in paths]
        done = sum(
            (each.audited_at is not None and each.audited_at >= asked_at)
            or states[each.endpoint].unsupported_reason is not None
            for each in mine
        )
        return done, len(paths), done == len(paths)

    await watch(here, asked.id, paths, progress=progress, seen=seen)
    changes = await changes_since(here, asked, "poll")
    put_right = await changes_since(here, asked, "reconcile")
    return [
        Audited(
            resource=each.plural,
            changes=changes.get(each.name, 0),
            put_right=put_right.get(each.name, 0),
            unlisted=await unconfirmed(here.db, asked.id, each.name, endpoint=each.endpoint.path),
            left_out=reasons[each.endpoint.path],
        )
        for each in chosen
    ]


def left_out(
    resource: Resource, known: Mapping[str, Cursor], walks: Mapping[str, Audit]
) -> str | None:
    """Why a resource can't be audited; None if it can."""
    path = resource.endpoint.path
    if not has_complete_list(resource):
        return NO_LIST
    if path not in known:
        return "were never read: `ledgerwire backfill` reads them first"
    if known[path].unsupported_reason is not None:
        return f"are not shown to us by Xero: {known[path].unsupported_reason}"
    if walks[path].due_at is None:
        return "are not known in full: `ledgerwire backfill` without a date reads them all"
    return None
