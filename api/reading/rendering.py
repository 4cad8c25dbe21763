"""What a caller wants to see of records: some of their fields, and what they refer to beside them.

Where neither is asked for, records go out as the bytes they are stored as.
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from storage.database import Database
from storage.listing import Content, RawData, belonging, contents, raw_data
from unified.codecs import instant_text
from unified.ids import EntityId, TenantId
from unified.resource import Resource
from unified.resources import sources
from unified.resources.attachment import PARENTS

CONTACT: Final = "contact"
PAYMENTS: Final = "payments"
ATTACHMENTS: Final = "attachments"
REMOTE_DATA: Final = "remote_data"
LEGS: Final = "legs"  #: also list the two sides of transfers; nothing is put beside a record for it

_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is wanted of each record.

    Attributes:
        fields: names of top-level fields; empty: all of them.
        include: of `includes_of`.
    """

    fields: tuple[str, ...] = ()
    include: frozenset[str] = frozenset()

    @property
    def as_stored(self) -> bool:
        """Whether records go out as they are stored."""
        return not self.fields and not self.include - {LEGS}


def includes_of(kind: Resource) -> tuple[str, ...]:
    """What can be put beside records of a resource."""
    fields = kind.model.model_fields
    found: list[str] = [name for name in (CONTACT, PAYMENTS) if name in fields]
    if any(each.endpoint.path in PARENTS for each in sources(kind.name)):
        found.append(ATTACHMENTS)
    if "is_leg" in fields:
        found.append(LEGS)
    return (*found, REMOTE_DATA)


async def rendered(
    db: Database, tenant_id: TenantId, found: Sequence[Content], shown: Shown
) -> list[bytes]:
    """The records as they are sent, in their order."""
    if shown.as_stored:
        return [each.unified for each in found]
    records = [_FIELDS.decode(each.unified) for each in found]
    beside = await _beside(db, tenant_id, [each.id for each in found], records, shown.include)
    wanted = {"id", *shown.fields}
    sent: list[dict[str, Any]] = [
        {name: value for name, value in record.items() if not shown.fields or name in wanted}
        for record in records
    ]
    for record, content in zip(sent, found, strict=True):
        record.update(beside.of(content.id))
    return [msgspec.json.encode(each) for each in sent]


@dataclass(frozen=True, slots=True)
class _Beside:
    """What stands beside each record."""

    include: frozenset[str]
    referred: dict[EntityId, dict[str, list[EntityId]]]
    known: dict[EntityId, Content]
    raws: dict[EntityId, RawData]

    def of(self, entity_id: EntityId) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if REMOTE_DATA in self.include:
            found[REMOTE_DATA] = _remote_data(self.raws.get(entity_id))
        referred = self.referred[entity_id]
        if referred:
            found["included"] = {name: self._records(name, of) for name, of in referred.items()}
        return found

    def _records(self, name: str, of: list[EntityId]) -> Any:
        records = [msgspec.Raw(self.known[each].unified) for each in of if each in self.known]
        if name == CONTACT:
            return records[0] if records else None
        return records


async def _beside(
    db: Database,
    tenant_id: TenantId,
    entity_ids: Sequence[EntityId],
    records: Sequence[dict[str, msgspec.Raw]],
    include: frozenset[str],
) -> _Beside:
    files = await belonging(db, tenant_id, entity_ids) if ATTACHMENTS in include else {}
    referred: dict[EntityId, dict[str, list[EntityId]]] = {}
    for entity_id, record in zip(entity_ids, records, strict=True):
        of = referred[entity_id] = {}
        if CONTACT in include:
            of[CONTACT] = list(_ids([_decoded(record, CONTACT)]))
        if PAYMENTS in include:
            of[PAYMENTS] = list(_ids(each.get("ref") for each in _decoded(record, PAYMENTS) or ()))
        if ATTACHMENTS in include:
            of[ATTACHMENTS] = files.get(entity_id, [])
    wanted = {each for of in referred.values() for ids in of.values() for each in ids}
    known = await contents(db, tenant_id, sorted(wanted))
    raws = await raw_data(db, tenant_id, entity_ids) if REMOTE_DATA in include else {}
    return _Beside(include, referred, known, raws)


def _decoded(record: dict[str, msgspec.Raw], name: str) -> Any:
    raw = record.get(name)
    return None if raw is None else msgspec.json.decode(raw)


def _ids(refs: Iterable[Any]) -> Iterable[EntityId]:
    return (EntityId(ref["id"]) for ref in refs if isinstance(ref, dict) and ref.get("id"))


def _remote_data(found: RawData | None) -> dict[str, Any] | None:
    """Xero's own JSON as it came; None where none is kept."""
    if found is None:
        return None
    at = found.fetched_at
    return {
        "endpoint": found.endpoint,
        "fetched_at": None if at is None else instant_text(at),
        "data": msgspec.Raw(zlib.decompress(found.raw)),
    }
