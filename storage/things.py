"""One thing as a write has to know it before it is changed: its record, and whether that may be
behind what Xero has."""

from dataclasses import dataclass

from storage.database import Database
from storage.records import KnownRecord, known_of
from unified.ids import EntityId, TenantId


@dataclass(frozen=True, slots=True)
class KnownThing:
    """What is known under a unified id.

    Attributes:
        resource: unified name.
        epoch: of the organisation: with the record's sequence it says which state this is.
        is_hinted: something said that it changed, and nobody has looked yet.
    """

    resource: str
    known: KnownRecord
    epoch: int
    is_hinted: bool


_THING = """
SELECT r.resource, r.remote_id, r.unified, r.fingerprint, r.sequence, r.completeness, r.updated_at,
       r.asked_at, r.answered_at, r.first_seen_at, r.changed_at, r.is_deleted, r.endpoint, t.epoch,
       EXISTS (SELECT FROM notice n
                WHERE n.tenant_id = r.tenant_id AND n.endpoint = r.endpoint
                  AND n.remote_id = r.remote_id AND n.state = 'due') AS is_hinted
  FROM record r JOIN tenant t ON t.id = r.tenant_id
 WHERE r.tenant_id = $1 AND r.id = $2
"""


async def known_thing(db: Database, tenant_id: TenantId, entity_id: EntityId) -> KnownThing | None:
    """What is known of it; None: nothing is."""
    row = await db.fetchrow(_THING, tenant_id, entity_id)
    if row is None:
        return None
    return KnownThing(row["resource"], known_of(row), row["epoch"], row["is_hinted"])


@dataclass(frozen=True, slots=True)
class Shown:
    """A record as it is stored, to be handed on."""

    unified: bytes
    version: int
    epoch: int


async def shown(
    db: Database, tenant_id: TenantId, entity_ids: list[EntityId]
) -> dict[EntityId, Shown]:
    """Records by their ids, as bytes; those that are not known are left out."""
    rows = await db.fetch(
        """SELECT r.id, r.unified, r.sequence, t.epoch
             FROM record r JOIN tenant t ON t.id = r.tenant_id
            WHERE r.tenant_id = $1 AND r.id = ANY($2::uuid[])""",
        tenant_id,
        entity_ids,
    )
    return {
        row["id"]: Shown(row["unified"].encode(), row["sequence"], row["epoch"]) for row in rows
    }
