"""Absorbing, as the api is handed it: answers of its own calls move the mirror as all others do."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from api.absorber import ApiWrite
from handlers.absence import commit_missing, missing_step
from handlers.absorb import Absorbed, absorb
from handlers.cause import Origin, cause_of
from handlers.compare import Seen
from handlers.reading import Before, Reader
from storage.absorbing import lock_tenant
from storage.database import Database
from storage.notices import newest_notice_version
from storage.records import known_records
from storage.tenant_context import read_context
from unified.clock import Clock
from unified.ids import EntityId, Parent, TenantId
from unified.resource import Resource, TenantContext
from unified.resources import by_endpoint
from unified.shape import Read
from xero.errors import UndecodableAnswer
from xero.paging import Page

API = "api"


@dataclass(frozen=True, slots=True)
class HandlersAbsorber:
    """The api's `Absorber`, over the handlers' reading and absorbing."""

    db: Database
    reader: Reader
    clock: Clock

    async def mark(self) -> int:
        """The newest notice version."""
        return await newest_notice_version(self.db)

    async def absorb(  # noqa: PLR0913  # as the protocol has it
        self,
        tenant_id: TenantId,
        resource: Resource,
        page: Page,
        read: Read,
        *,
        mark: int,
        write: ApiWrite | None = None,
        parent: Parent | None = None,
    ) -> Sequence[EntityId]:
        """See `api.absorber.Absorber`."""
        context = await read_context(self.db, tenant_id)
        if parent is not None:
            context = replace(context, parent=parent)
        harvest = await self.reader.harvest(context, resource, page, read, mark=mark)
        seen = [_with_sent(one, write) for one in harvest.seen] if write else harvest.seen
        done = await self._absorb(tenant_id, resource, seen, write)
        if write is not None and done.ambiguous:
            # A read that was under way when the write left hides it: only a later one shows it.
            if resource.endpoint.single:
                await self._again(context, resource, seen, write)
            elif parent is not None:
                await self._children_again(context, resource, parent, write)
        if harvest.poison:
            raise UndecodableAnswer("shape", f"{resource.name}: {harvest.poison[0].reason}")
        return [EntityId(one.normalized.record["id"]) for one in seen]

    async def gone(
        self,
        tenant_id: TenantId,
        resource: Resource,
        remote_id: str,
        *,
        asked_at: datetime | None,
        write: ApiWrite,
    ) -> EntityId | None:
        """See `api.absorber.Absorber`."""
        at = asked_at or await self.db.now()
        async with self.db.transaction() as conn:
            tenant = await lock_tenant(conn, tenant_id, fencing=None)
            found = await known_records(conn, tenant_id, resource.name, [remote_id])
            if not found:
                return None
            [known] = found.values()
            if not known.is_deleted:
                cause = cause_of(_origin(write), None)
                step = missing_step(resource, known, asked_at=at, cause=cause)
                await commit_missing(conn, tenant, [step], now=self.clock.now())
        return EntityId(known.unified["id"])

    async def _absorb(
        self,
        tenant_id: TenantId,
        resource: Resource,
        seen: Sequence[Seen],
        write: ApiWrite | None,
    ) -> Absorbed:
        origin = _origin(write)
        return await absorb(
            self.db, tenant_id, resource, seen, origin, fencing=None, clock=self.clock
        )

    async def _children_again(
        self, context: TenantContext, resource: Resource, parent: Parent, write: ApiWrite
    ) -> None:
        above = by_endpoint(parent.endpoint)
        if above is None:
            return
        before = Before(await self.mark(), await self.db.now())
        harvest = await self.reader.children(context, resource, above, parent, before=before)
        await self._absorb(context.tenant_id, resource, harvest.seen, write)

    async def _again(
        self, context: TenantContext, resource: Resource, seen: Sequence[Seen], write: ApiWrite
    ) -> None:
        for one in seen:
            before = Before(await self.mark(), await self.db.now())
            remote_id = one.normalized.record["remote_id"]
            harvest = await self.reader.single(context, resource, remote_id, before=before)
            # Xero shows it no more, such as a deleted group: its last word is the write's answer.
            last = [replace(one, asked_at=before.asked_at, answered_at=await self.db.now())]
            await self._absorb(context.tenant_id, resource, harvest.seen or last, write)


def _with_sent(seen: Seen, write: ApiWrite) -> Seen:
    """What was written counts as told: Xero leaves out of its answer what is empty."""
    carried = seen.normalized.carried | write.sent
    return replace(seen, normalized=replace(seen.normalized, carried=carried))


def _origin(write: ApiWrite | None) -> Origin:
    if write is None:
        return Origin(kind="poll", detected_by=API)
    told = {
        "request_id": write.request_id,
        "idempotency_key_hash": write.idempotency_key_hash,
        "actor": write.actor,
        "correlation_id": write.correlation_id,
    }
    return Origin(kind="api_write", detected_by=API, api_write=told, creates=write.creates)
