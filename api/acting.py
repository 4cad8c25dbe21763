"""Acts written down: what changes anything stands in the log before it is done, and how it ended
after. What the log holds is `storage/acts.py`; it is read at `/v1/audit` (`audit_log.py`)."""

import structlog

from api.operation import Asked
from storage.acts import Act, begin_act, end_act
from storage.database import Database
from storage.errors import StorageError

log = structlog.get_logger(__name__)


async def begin(db: Database, asked: Asked) -> int | None:
    """Write an act down; None where the operation changes nothing.

    Raises:
        StorageError: it could not be written, so it must not be done.
    """
    if not asked.operation.changes:
        return None
    act = Act(
        operation=asked.operation.id,
        key_id=asked.caller.key.id,
        tenant_id=asked.tenant,
        request_id=asked.request_id,
    )
    return await begin_act(db, act)


async def end(
    db: Database, position: int | None, asked: Asked, *, status: int, code: str | None = None
) -> None:
    """Write down how it ended. A database that is away leaves it without an end."""
    if position is None:
        return
    touched = asked.touched
    log.info(
        "acted",
        operation=asked.operation.id,
        key_id=asked.caller.key.id,
        tenant_id=asked.tenant,
        entity=touched.entity,
        status=status,
        code=code,
    )
    try:
        await end_act(
            db,
            position,
            status=status,
            code=code,
            tenant_id=touched.tenant_id,
            entity=touched.entity,
            entity_ids=touched.ids,
        )
    except StorageError as error:
        log.warning("act_end_not_written", position=position, error=type(error).__name__)
