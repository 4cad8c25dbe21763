"""The handlers as a process of their own, with a Xero that costs next to nothing: says "ready",
works until its standard input ends.

Worker, planner, client, absorb, relays and caretakers are the product's own, with its limits.
Only the network is left out: whatever invoice is asked for is made up on the spot, with another
reference each time, and nothing is remembered of it.
"""

import argparse
import asyncio
import itertools
import random
import sys
import time

import httpx
import msgspec
import uvloop
from prometheus_client import CollectorRegistry

from bench.normalize import make_invoice
from handlers.metrics import DriftMetrics
from ledgerwire.installation import Installation
from ledgerwire.logs import configure_logging
from ledgerwire.settings import Settings
from ledgerwire.wiring.handlers import handlers_role
from ledgerwire.wiring.xero import XeroSide
from storage.database import Database
from unified.broker import BrokerSettings
from unified.clock import OffsetClock

CLIENT_ID = "bench"
_LIMITS = {"x-minlimit-remaining": "60", "x-daylimit-remaining": "5000"}


class InventedXero(httpx.AsyncBaseTransport):
    """Answers reads of invoices by their ids."""

    def __init__(self) -> None:
        chance = random.Random(7)  # noqa: S311  # invented books
        contacts, accounts = (
            [f"{chance.getrandbits(32):08x}-0000-4000-8000-000000000000" for _ in range(count)]
            for count in (200, 30)
        )
        self._models = [make_invoice(chance, contacts, accounts) for _ in range(50)]
        self._numbers = itertools.count(1)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Make up what is asked for."""
        asked = request.url.params.get("IDs") or request.url.path.rpartition("/")[2]
        invoices = [self._invoice(each) for each in asked.split(",")]
        body = msgspec.json.encode({"Status": "OK", "Invoices": invoices})
        headers = {"content-type": "application/json; charset=utf-8", **_LIMITS}
        return httpx.Response(200, content=body, headers=headers, request=request)

    def _invoice(self, remote_id: str) -> dict[str, object]:
        number = next(self._numbers)
        return {
            **self._models[number % len(self._models)],
            "InvoiceID": remote_id,
            "Reference": f"change {number}",
            "UpdatedDateUTC": f"/Date({time.time_ns() // 1_000_000}+0000)/",
        }


async def run(settings: Settings) -> None:
    """Work until standard input ends."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)
    assert settings.database_url is not None  # noqa: S101  # the parent gave it
    database = await Database.connect(settings.database_url, min_size=2, max_size=16)
    broker = BrokerSettings(bootstrap=settings.kafka, embedded=True)
    clock = OffsetClock()
    here = Installation(settings, database, settings.database_url, broker, clock)
    async with httpx.AsyncClient(transport=InventedXero()) as http:
        xero = XeroSide.build(here, http, lending=False)
        registry = CollectorRegistry()
        drift = DriftMetrics(registry)
        role = handlers_role(here, registry, xero=xero, owner="bench", drift=drift)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.gather(*(loop(stop) for loop in role.loops))
    await database.close()


def main() -> None:
    """Be the handlers that the arguments describe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("settings", help="as JSON")
    asked = parser.parse_args()
    settings = Settings(**msgspec.json.decode(asked.settings), log_level="error")
    configure_logging(settings, terminal=False)
    uvloop.run(run(settings))


if __name__ == "__main__":
    main()
