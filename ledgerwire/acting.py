"""What commands do, in the log of acts beside what callers of the api do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from storage.acts import Act, begin_act, end_act
from storage.database import Database
from unified.ids import TenantId

DONE, FAILED = 0, 1  #: as commands exit


@asynccontextmanager
async def commanded(
    db: Database, operation: str, tenant_id: TenantId | None
) -> AsyncIterator[None]:
    """Write down that a command does something, to an organisation or none, and how it ended."""
    act = Act(operation=operation, actor="command", tenant_id=tenant_id)
    position = await begin_act(db, act)
    try:
        yield
    except Exception:
        await end_act(db, position, status=FAILED)
        raise
    await end_act(db, position, status=DONE)
