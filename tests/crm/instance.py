"""The consumer as a program of its own, so that tests can kill one: `python -m tests.crm.instance`.

Arguments: database URL, broker, prefix, embedded or apache, instance.
"""

import asyncio
import signal
import sys

from crm.server import run
from storage.database import Database
from tests.crm.running import NOW
from unified.broker import BrokerSettings
from unified.clock import ManualClock


async def main(url: str, bootstrap: str, prefix: str, kind: str, instance: str) -> None:
    """Run until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    broker = BrokerSettings(bootstrap=bootstrap, prefix=prefix, embedded=kind == "embedded")
    database = await Database.connect(url, max_size=3)
    try:
        await run(database, broker, ManualClock(NOW), stop, instance=instance)
    finally:
        await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
