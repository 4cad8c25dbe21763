"""What callers may call a thing by, and which thing that is: ids, Xero's ids, codes, names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import asyncpg
import msgspec

from storage.database import Database
from unified.ids import EntityId, TenantId


@dataclass(frozen=True, slots=True)
class Meant:
    """A thing that a reference means."""

    resource: str
    id: EntityId
    remote_id: str
    code: str | None
    name: str | None

    def ref(self) -> dict[str, Any]:
        """It as records refer to it."""
        ref: dict[str, Any] = {"id": self.id, "remote_id": self.remote_id}
        labels = {"code": self.code, "name": self.name}
        return {**ref, **{key: value for key, value in labels.items() if value is not None}}


@dataclass(frozen=True, slots=True)
class Label:
    """A code or a name of a thing of some resource."""

    resource: str
    kind: Literal["code", "name"]
    text: str


_MEANT = """
SELECT r.resource, r.id, r.unified->>'remote_id' AS remote_id, r.unified->>'code' AS code,
       r.unified->>'name' AS name
"""
_BY_IDS = f"{_MEANT} FROM record r WHERE r.tenant_id = $1 AND r.id = ANY($2::uuid[])"
_BY_REMOTE_IDS = f"""
{_MEANT}
  FROM unnest($2::text[], $3::text[]) AS w(resource, remote_id)
  JOIN record r ON r.tenant_id = $1 AND r.resource = w.resource AND r.remote_id = w.remote_id
"""
# What is gone or archived keeps its name: a living one of that name is meant, where there is one.
_LIVING = "NOT r.is_deleted AND coalesce(r.status, 'active') <> 'archived'"
_CONTACTS = f"""
{_MEANT}
  FROM record r WHERE r.tenant_id = $1 AND r.resource = 'contact' AND NOT r.is_deleted
   AND r.unified->>'name' = ANY($2::text[]) AND {_LIVING}
"""
_OTHERS = f"""
{_MEANT}
  FROM record r WHERE r.tenant_id = $1 AND r.resource = ANY($2::text[]) AND {_LIVING}
   AND (r.unified->>'code' = ANY($3::text[]) OR r.unified->>'name' = ANY($3::text[]))
"""


async def by_ids(db: Database, tenant_id: TenantId, ids: Sequence[EntityId]) -> Mapping[str, Meant]:
    """Things by their unified ids; those that are not known are left out."""
    rows = await db.fetch(_BY_IDS, tenant_id, sorted(set(ids))) if ids else []
    return {row["id"]: _meant(row) for row in rows}


async def by_remote_ids(
    db: Database, tenant_id: TenantId, wanted: Sequence[tuple[str, str]]
) -> Mapping[tuple[str, str], Meant]:
    """Things by resource and Xero's id; those that are not known are left out."""
    if not wanted:
        return {}
    resources, remote_ids = zip(*sorted(set(wanted)), strict=True)
    rows = await db.fetch(_BY_REMOTE_IDS, tenant_id, list(resources), list(remote_ids))
    return {(row["resource"], row["remote_id"]): _meant(row) for row in rows}


async def by_labels(
    db: Database, tenant_id: TenantId, labels: Sequence[Label]
) -> Mapping[Label, Sequence[Meant]]:
    """Living things that have these codes or names: none, one, or several."""
    names = sorted({each.text for each in labels if each.resource == "contact"})
    others = [each for each in labels if each.resource != "contact"]
    rows = list(await db.fetch(_CONTACTS, tenant_id, names)) if names else []
    if others:
        kinds = sorted({each.resource for each in others})
        texts = sorted({each.text for each in others})
        rows += await db.fetch(_OTHERS, tenant_id, kinds, texts)
    known = [_meant(row) for row in rows]
    return {label: [each for each in known if _has(each, label)] for label in labels}


def _has(meant: Meant, label: Label) -> bool:
    if meant.resource != label.resource:
        return False
    return (meant.code if label.kind == "code" else meant.name) == label.text


async def tracking_categories(db: Database, tenant_id: TenantId) -> Sequence[Mapping[str, Any]]:
    """All tracking categories with their options: few."""
    rows = await db.fetch(
        """SELECT unified FROM record
            WHERE tenant_id = $1 AND resource = 'tracking_category' AND NOT is_deleted""",
        tenant_id,
    )
    return [msgspec.json.decode(row["unified"]) for row in rows]


def _meant(row: asyncpg.Record) -> Meant:
    return Meant(row["resource"], row["id"], row["remote_id"], row["code"], row["name"])
