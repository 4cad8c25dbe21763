"""A day's calls are spent: who needs Xero is told when it goes on, who does not goes on."""

from datetime import timedelta

from storage.calls import learn_limits
from storage.database import Database
from tests.api.reading.rig import reading
from tests.handlers.rig import FEW, running


async def test_spent_day_answers_429_and_the_mirror_answers_on(database: Database) -> None:
    """Which limit it is, and when it frees; 15 minutes on one call finds out that it did."""
    async with running(database, FEW) as rig, reading(rig) as client:
        await rig.work()
        await learn_limits(database, rig.tenant, day_remaining=0, now=rig.clock.now())

        refused = await client.get("accounting/contacts", consistency="live")
        mirrored = await client.get("accounting/contacts")
        rig.pass_time(minutes=15)
        again = await client.get("accounting/contacts", consistency="live")

        told = refused.json()
        assert (refused.status_code, told["code"], told["limit"]) == (429, "limit_spent", "day")
        assert (told["retry_after_s"], refused.headers["retry-after"]) == (900.0, "900")
        frees = rig.clock.now().replace(microsecond=0)
        assert told["free_at"].startswith(frees.strftime("%Y-%m-%dT%H:%M"))
        assert timedelta(minutes=15).total_seconds() == told["retry_after_s"]
        assert (mirrored.status_code, again.status_code) == (200, 200)
