"""Absorbing, as the api is handed it: answers of its own calls move the mirror as all others do."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from api.absorber import ApiWrite
from handlers.absorb import absorb
from handlers.cause import Origin
from handlers.reading import Reader
from storage.database import Database
from storage.notices import newest_notice_version
from storage.tenant_context import read_context
from unified.clock import Clock
from unified.ids import EntityId, Parent, TenantId
from unified.resource import Resource
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
        await absorb(
            self.db,
            tenant_id,
            resource,
            harvest.seen,
            _origin(write),
            fencing=None,
            clock=self.clock,
        )
        if harvest.poison:
            raise UndecodableAnswer("shape", f"{resource.name}: {harvest.poison[0].reason}")
        return [EntityId(one.normalized.record["id"]) for one in harvest.seen]


def _origin(write: ApiWrite | None) -> Origin:
    if write is None:
        return Origin(kind="poll", detected_by=API)
    told = {
        "request_id": write.request_id,
        "idempotency_key_hash": write.idempotency_key_hash,
        "actor": write.actor,
        "correlation_id": write.correlation_id,
    }
    return Origin(kind="api_write", detected_by=API, api_write=told)
