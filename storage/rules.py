"""What of an organisation decides whether Xero will take a write: its locks, and the things that a
document names. As the mirror knows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from storage.database import Database
from unified.ids import TenantId

Records = Mapping[tuple[str, str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Rules:
    """What is known.

    Attributes:
        locked_until: the last day that can't be written to any more; None: none is locked.
        named: records by (resource, remote id); what the mirror does not know is left out.
        known_kinds: resources of which anything is known at all: of others nothing can be missing.
        currencies: codes that the organisation can use; empty: not known.
    """

    locked_until: str | None
    named: Records
    known_kinds: frozenset[str]
    currencies: frozenset[str]


async def rules_of(db: Database, tenant_id: TenantId, named: Sequence[tuple[str, str]]) -> Rules:
    """What decides about a write that names these things, by resource and remote id."""
    resources = [resource for resource, _ in named]
    remote_ids = [remote_id for _, remote_id in named]
    rows = await db.fetch(
        """SELECT r.resource, r.remote_id, r.unified
             FROM unnest($2::text[], $3::text[]) AS w(resource, remote_id)
             JOIN record r ON r.tenant_id = $1 AND r.resource = w.resource
                          AND r.remote_id = w.remote_id
            UNION ALL
           SELECT resource, remote_id, unified FROM record
            WHERE tenant_id = $1 AND resource IN ('company_info', 'currency')""",
        tenant_id,
        resources,
        remote_ids,
    )
    kinds = await db.fetch(
        "SELECT DISTINCT resource FROM record WHERE tenant_id = $1 AND resource = ANY($2::text[])",
        tenant_id,
        sorted(set(resources)),
    )
    records = {
        (row["resource"], row["remote_id"]): msgspec.json.decode(row["unified"]) for row in rows
    }
    company: Mapping[str, Any] = {}
    for (kind, _), record in records.items():
        if kind == "company_info":
            company = record
    locks = [company.get(name) for name in ("locked_until", "closed_until")]
    held = [lock for lock in locks if lock]
    return Rules(
        locked_until=max(held) if held else None,
        named=records,
        known_kinds=frozenset(row["resource"] for row in kinds),
        currencies=frozenset(remote_id for kind, remote_id in records if kind == "currency")
        | frozenset(filter(None, [company.get("base_currency")])),
    )
