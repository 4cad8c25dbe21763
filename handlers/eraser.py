"""The eraser: says of each thing of an organisation that it was erased, and forgets it.

The events hold ids and nothing else, and each is a tombstone on its state topic. What Kafka keeps
of earlier events goes by the topics' own retention. Safe to be broken off anywhere: what is left is
still there to be erased.
"""

from datetime import datetime

import msgspec
import structlog

from handlers.workshop import place_of
from storage.absorbing import EventRow, LockedTenant, append_events
from storage.database import Database
from storage.erasure import (
    ERASURE,
    ErasedRecord,
    drop_records,
    drop_traces,
    erased,
    erasing_tenants,
    lock_erasing,
    records_left,
)
from storage.errors import StorageError, TenantNotLinked
from unified.envelope import erasure_event, event_headers, event_value
from unified.ids import TenantId
from unified.resources import source_of

CHUNK = 100  #: things per transaction: larger ones delay the receiver's commits

log = structlog.get_logger(__name__)


async def erase_due(db: Database) -> int:
    """Go on with every erasure that was asked for; returns the organisations that are erased now.

    Raises:
        StorageUnavailable: try again.
    """
    done = 0
    for tenant_id in await erasing_tenants(db):
        try:
            done += await _erase(db, tenant_id)
        except TenantNotLinked:
            continue  # somebody else has erased it
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001  # one tenant must not stop all erasures
            log.error("erasure_broke", tenant_id=tenant_id,  # noqa: TRY400  # its text may hold what was read
                      error=type(error).__name__, at=place_of(error))  # fmt: skip
    return done


async def _erase(db: Database, tenant_id: TenantId) -> bool:
    things = 0
    while count := await _erase_some(db, tenant_id):
        things += count
    waiting = await drop_traces(db, tenant_id)
    if waiting or not await erased(db, tenant_id):
        log.info("erasure_waits", tenant_id=tenant_id, events_unrelayed=waiting)
        return False
    log.info("tenant_erased", tenant_id=tenant_id, things=things)
    return True


async def _erase_some(db: Database, tenant_id: TenantId) -> int:
    """Erase up to `CHUNK` things, with their events; returns how many these were."""
    async with db.transaction() as conn:
        tenant = await lock_erasing(conn, tenant_id)
        records = await records_left(conn, tenant_id, limit=CHUNK)
        at = await conn.fetchval("SELECT clock_timestamp()")
        rows = [
            _event_row(tenant, record, number, at=at)
            for number, record in enumerate(records, start=tenant.tenant_sequence + 1)
        ]
        await append_events(conn, tenant, rows)
        await drop_records(conn, tenant_id, records)
    return len(records)


def _event_row(
    tenant: LockedTenant, record: ErasedRecord, tenant_sequence: int, *, at: datetime
) -> EventRow:
    event = erasure_event(
        resource=source_of(record.resource, record.endpoint),
        tenant_id=tenant.id,
        connection_id=tenant.connection_id,
        entity_id=record.id,
        remote_id=record.remote_id,
        epoch=tenant.epoch,
        sequence=record.sequence + 1,
        tenant_sequence=tenant_sequence,
        cause={"kind": ERASURE, "detected_by": "eraser", "coalesced": 1},
        detected_at=at,
    )
    headers = [[name, value.decode()] for name, value in event_headers(event)]
    return EventRow(
        tenant_sequence=tenant_sequence,
        event_id=event["event_id"],
        resource=record.resource,
        entity_id=record.id,
        sequence=record.sequence + 1,
        op="d",
        cause=ERASURE,
        value=event_value(event),
        state=None,
        headers=msgspec.json.encode(headers),
        received_at=None,
    )
