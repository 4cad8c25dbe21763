"""`audit --dry-run`: complete lists held against the mirror, and nothing changed by it.

The one job of the command line that reads books itself, since handlers would put right what they
see. Its calls are counted and paced like everybody's, as slow work, one at a time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import CollectorRegistry

from handlers.compare import Verdict, compare
from handlers.metrics import HandlerMetrics
from handlers.reading import Harvest, Reader
from handlers.sweeping import shrank
from ledgerwire.auditing import left_out
from ledgerwire.failures import JobFailed
from ledgerwire.installation import Installation
from ledgerwire.looking_on import LONGEST_BLOCK, Seen, called, ready
from ledgerwire.naming import named_resources
from storage.absences import unlisted
from storage.audits import audits
from storage.cursors import cursors
from storage.notices import newest_notice_version, notices_of
from storage.records import known_records
from storage.tenant_context import read_context
from storage.tenants import TenantSummary
from unified.ids import TenantId
from unified.resource import Resource, TenantContext
from xero.client import XeroClient
from xero.errors import RateLimited
from xero.paging import Page, is_last

NOT_IN_MIRROR, DIFFERS, NOT_LISTED, UNREADABLE = (
    "not in the mirror", "differs", "not listed", "unreadable",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing that stands otherwise at Xero than in the mirror; never what it says.

    Attributes:
        what: one of the words above.
        fields: paths that differ.
        on_its_way: a notice for it waits to be read, so this may be gone in a moment.
    """

    resource: str
    remote_id: str | None
    what: str
    fields: tuple[str, ...] = ()
    on_its_way: bool = False


@dataclass(slots=True)
class Compared:
    """What was looked at, and what was found."""

    listed: dict[str, int] = field(default_factory=dict)  #: things by resource
    left_out: dict[str, str] = field(default_factory=dict)  #: why, by resource
    found: list[Found] = field(default_factory=list)


@dataclass(slots=True)
class _Walk:
    """One endpoint's list, held against the mirror."""

    here: Installation
    context: TenantContext
    resource: Resource
    ids: set[str] = field(default_factory=set)
    found: dict[str | None, Found] = field(default_factory=dict)

    def differs(self, remote_id: str | None, what: str, fields: Sequence[str] = ()) -> None:
        self.found[remote_id] = Found(
            resource=self.resource.plural, remote_id=remote_id, what=what, fields=tuple(fields)
        )

    async def take(self, harvest: Harvest) -> None:
        """Compare one page."""
        self.ids.update(harvest.remote_ids)
        for poison in harvest.poison:
            self.differs(poison.remote_id, UNREADABLE)
        ids = [each.normalized.remote_id for each in harvest.seen]
        async with self.here.db.transaction() as conn:
            known = await known_records(conn, self.context.tenant_id, self.resource.name, ids)
        for each in harvest.seen:
            remote_id = each.normalized.remote_id
            held = known.get(remote_id)
            told = compare(self.resource, held, each, today=self.context.business_date)
            if held is None:
                self.differs(remote_id, NOT_IN_MIRROR)
            elif told.verdict is Verdict.CHANGED:
                fields = self.resource.changed_fields(held.unified, told.record)
                self.differs(remote_id, DIFFERS, fields)


async def compare_books(
    here: Installation, name: str, resources: Sequence[str], *, client: XeroClient, seen: Seen
) -> Compared:
    """Hold complete lists of an organisation's resources against the mirror.

    Raises:
        WrongUsage: no such organisation or resource.
        JobFailed: it is not linked, or a limit of Xero's is spent for long.
        XeroError: Xero is away, or refuses.
    """
    asked = await ready(here, name)
    chosen = named_resources(resources)
    known, walks = await cursors(here.db, asked.id), await audits(here.db, asked.id)
    done = Compared()
    for place, resource in enumerate(chosen):
        seen(place, len(chosen), "")
        reason = left_out(resource, known, walks)
        if reason is not None:
            done.left_out[resource.plural] = reason
            continue
        walk = await _walked(here, asked, resource, client)
        done.listed[resource.plural] = done.listed.get(resource.plural, 0) + len(walk.ids)
        done.found += await _looked_up(here, asked.id, resource, walk.found)
    seen(len(chosen), len(chosen), "")
    return done


async def _walked(
    here: Installation, asked: TenantSummary, resource: Resource, client: XeroClient
) -> _Walk:
    """Walk one list; again from its beginning when it lost things meanwhile."""

    async def newest_notice() -> int:
        return await newest_notice_version(here.db)

    metrics = HandlerMetrics(CollectorRegistry())  # nobody reads them
    reader = Reader(client=client, metrics=metrics, newest_notice=newest_notice, store_raw=False)
    context = await read_context(here.db, asked.id)
    while True:
        walk, asked_at, number = _Walk(here, context, resource), await here.db.now(), 0
        counted: int | None = None
        while True:
            number += 1
            harvest, page = await _patiently(asked, _page(reader, context, resource, number))
            await walk.take(harvest)
            if shrank(counted, page.item_count):
                break
            counted = page.item_count
            if is_last(page, number, resource.endpoint):
                await _note_unlisted(walk, asked_at)
                return walk


def _page(
    reader: Reader, context: TenantContext, resource: Resource, number: int
) -> Callable[[], Awaitable[tuple[Harvest, Page]]]:
    return lambda: reader.page(context, resource, number, since=None, purpose="audit")


async def _patiently(
    asked: TenantSummary, read: Callable[[], Awaitable[tuple[Harvest, Page]]]
) -> tuple[Harvest, Page]:
    """Read, waiting for a limit that is spent for a while."""
    while True:
        try:
            return await read()
        except RateLimited as error:
            if error.retry_after_s > LONGEST_BLOCK.total_seconds():
                raise JobFailed(
                    f"Xero's {error.problem} limit of {called(asked)} is spent for another "
                    f"{error.retry_after_s:.0f} s: try again then"
                ) from None
            await asyncio.sleep(error.retry_after_s)


async def _note_unlisted(walk: _Walk, asked_at: datetime) -> None:
    resource = walk.resource
    for remote_id in await unlisted(
        walk.here.db, walk.context.tenant_id, resource.name, walk.ids,
        endpoint=resource.endpoint.path, asked_at=asked_at,
    ):  # fmt: skip
        walk.differs(remote_id, NOT_LISTED)


async def _looked_up(
    here: Installation,
    tenant_id: TenantId,
    resource: Resource,
    found: Mapping[str | None, Found],
) -> list[Found]:
    """The same, with those marked that somebody has announced already."""
    ids = [remote_id for remote_id in found if remote_id is not None]
    async with here.db.transaction() as conn:
        waiting = await notices_of(conn, tenant_id, resource.endpoint.path, ids)
    return [
        Found(
            resource=each.resource, remote_id=each.remote_id, what=each.what, fields=each.fields,
            on_its_way=each.remote_id in waiting,
        )
        for each in found.values()
    ]  # fmt: skip
