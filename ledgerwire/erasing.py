"""Forgetting an organisation on request: noted in the database, done by running handlers.

Ending the link at Xero comes first and is `ledgerwire.unlinking`; what is said of each erased thing
is `handlers.eraser`.
"""

import asyncio

from ledgerwire.failures import JobFailed, NothingRuns
from ledgerwire.installation import Installation
from ledgerwire.looking_on import DUTIES, HANDLERS_GONE_S, LOOK_EVERY_S, Seen
from ledgerwire.naming import named_tenant
from storage.erasure import left_to_erase
from storage.leases import holders
from storage.tenant_states import change_state
from storage.tenants import tenant

REASON = "erasure asked for by ledgerwire unlink --erase"


async def erase(here: Installation, name: str, *, seen: Seen) -> str:
    """Let all that is kept of an organisation be erased, and look on until it is; returns its name.

    Raises:
        WrongUsage: no such organisation.
        NothingRuns: no handlers do; it is noted, and begins when they do.
        JobFailed: nothing is kept of it any more.
    """
    found = await named_tenant(here.db, name)
    if found.state == "erased":
        raise JobFailed(f"{found.id} was erased already: nothing of it is kept")
    await change_state(here.db, found.id, "erasing", reason=REASON)
    loop = asyncio.get_running_loop()
    held_at, at_first = loop.time() - HANDLERS_GONE_S, await left_to_erase(here.db, found.id)
    while (await tenant(here.db, found.id)).state == "erasing":
        left = await left_to_erase(here.db, found.id)
        note = "" if left.records else f"{left.events} events wait for Kafka"
        seen(at_first.records - left.records, at_first.records, note)
        if await holders(here.db, DUTIES):
            held_at = loop.time()
        elif loop.time() - held_at >= HANDLERS_GONE_S:
            raise NothingRuns(
                "No handlers run, so nobody does it: it is noted, and goes on as soon as they do. "
                "Start `ledgerwire up`, or `ledgerwire run handlers`"
            )
        await asyncio.sleep(LOOK_EVERY_S)
    seen(at_first.records, at_first.records, "")
    return found.name or found.id
