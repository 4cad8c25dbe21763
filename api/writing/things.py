"""The thing that a write is about: found by its id, known in full and up to date, and unchanged
since the caller saw it where the caller insists on that."""

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from api.here import Api
from api.operation import Asked
from api.parameters import Parameter
from api.problems import Problem
from api.reading.filters import entity_id
from api.reading.records import given_id, record_tag
from api.reading.values import REMOTE
from storage.things import KnownThing, known_thing
from unified.ids import EntityId, TenantId
from unified.resource import Resource
from unified.resources import source_of, sources
from unified.shape import Read
from unified.vocabulary import FULL
from xero.errors import ResourceMissing
from xero.limits import API

IF_MATCH: Final = "If-Match"
IF_MATCH_PARAMETER: Final = Parameter(
    name=IF_MATCH,
    about="Do it only if the record is still the one with this ETag.",
    where="header",
    schema={"type": "string", "maxLength": 200},
    example='"1793682000000000.7"',
)


@dataclass(frozen=True, slots=True)
class Thing:
    """What is known of it now."""

    source: Resource
    entity_id: EntityId
    record: dict[str, Any]
    epoch: int
    version: int

    @property
    def remote_id(self) -> str:
        """Xero's id of it."""
        return str(self.record["remote_id"])


async def thing_of(api: Api, asked: Asked, kind: Resource) -> Thing:
    """The thing that the address names, as Xero has it as far as anybody told.

    A record of which not all is known, or of which something said that it changed, is read from
    Xero first.

    Raises:
        Problem: `not_found`, `bad_request`, or `version_conflict` with the record as it is.
    """
    given = given_id(asked)
    of = entity_id(asked.tenant_id, kind, given)
    found = await known_thing(api.db, asked.tenant_id, of)
    if found is None or found.resource != kind.name:
        found = await _met(api, asked.tenant_id, kind, given, of)
    source = source_of(kind.name, found.known.endpoint)
    behind = found.is_hinted or found.known.completeness != FULL
    if behind and source.endpoint.single and not found.known.is_deleted:
        await read_live(api, asked.tenant_id, source, str(found.known.unified["remote_id"]))
        found = await known_thing(api.db, asked.tenant_id, of) or found
    thing = Thing(source, of, found.known.unified, found.epoch, found.known.sequence)
    asked.touched.add(kind.name, of)
    _require_match(asked, thing)
    return thing


async def read_live(api: Api, tenant_id: TenantId, source: Resource, remote_id: str) -> None:
    """Read one thing from Xero and absorb it.

    Raises:
        ResourceMissing: Xero does not know it.
    """
    endpoint = source.endpoint
    mark = await api.absorber.mark()
    page = await api.client.get_single(tenant_id, endpoint, remote_id, purpose=API)
    await api.absorber.absorb(tenant_id, source, page, Read.SINGLE, mark=mark)


async def _met(
    api: Api, tenant_id: TenantId, kind: Resource, given: str, of: EntityId
) -> KnownThing:
    """A thing that the mirror has not met: Xero knows it by the id that the caller gave."""
    if given.startswith(REMOTE):
        for source in sources(kind.name):
            if not source.endpoint.single or source.endpoint.children:
                continue
            try:
                await read_live(api, tenant_id, source, given.removeprefix(REMOTE))
            except ResourceMissing:
                continue
            found = await known_thing(api.db, tenant_id, of)
            if found is not None:
                return found
    raise Problem("not_found", f"No such {kind.name} is known.")


def _require_match(asked: Asked, thing: Thing) -> None:
    told = asked.request.headers.get(IF_MATCH)
    if told is None or told.strip() == "*":
        return
    now = record_tag(thing.epoch, thing.version)
    if now not in [each.strip() for each in told.split(",")]:
        detail = f"The record is at {now}, not at {told[:100]}."
        current = msgspec.Raw(msgspec.json.encode(thing.record))
        raise Problem("version_conflict", detail, {"current": current}, {"ETag": now})
