"""What one record says about others that nobody else says: a trial balance, of its accounts.

What moves by that is an event of theirs; what is no change, such as the time of a balance, is
stored alone. Nothing is read here.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from handlers.cause import Origin, cause_of
from handlers.commit import Step
from storage.database import Connection
from storage.records import all_known, restate_records
from unified.ids import RemoteId, TenantId
from unified.resource import Resource
from unified.resources import resource as resource_named


async def told_steps(  # what says it, and when
    conn: Connection,
    tenant_id: TenantId,
    resource: Resource,
    record: Mapping[str, Any],
    *,
    origin: Origin,
    at: datetime,
) -> list[Step]:
    """Changes of others that a record tells, such as balances; what is no change is stored alone.

    The caller's transaction holds the tenant's lock.
    """
    if resource.told is None:
        return []
    told = resource.told(record)
    of = resource_named(told.resource)
    steps, quiet = list[Step](), dict[RemoteId, bytes]()
    for known in await all_known(conn, tenant_id, of.name):
        after = {**known.unified, **told.of(known.unified)}
        if after == known.unified:
            continue
        fingerprint = of.fingerprint(after)
        if fingerprint == known.fingerprint:
            quiet[known.remote_id] = msgspec.json.encode(after)
            continue
        steps.append(
            Step(
                resource=of,
                known=known,
                before=known.unified,
                after=after,
                fingerprint=fingerprint,
                op="u",
                cause=cause_of(origin, None),
                seen=None,
                received_at=None,
                at=at,
            )
        )
    await restate_records(conn, tenant_id, of.name, quiet)
    return steps
