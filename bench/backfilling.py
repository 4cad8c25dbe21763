"""A backfill without Xero, as a process: new invoices, normalized and absorbed in transactions of
100, one after the other, until its standard input ends. Then it prints how many there were.

bench/receive.py lets it run beside the receiver; what it does itself is bench/backfill.py's matter.
"""

import argparse
import asyncio
import hashlib
import random
import sys
import uuid
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import uvloop

from bench.normalize import make_invoice
from handlers.absorb import CHUNK, absorb
from handlers.cause import Origin
from handlers.compare import Seen
from storage.database import Database
from storage.tenant_context import read_context
from unified.clock import OffsetClock
from unified.ids import TenantId
from unified.resource import TenantContext
from unified.resources import resource
from unified.shape import Read

INVOICE = resource("invoice")
ORIGIN = Origin(kind="backfill", detected_by="backfill", run_id="bench", page=1)


def answers(context: TenantContext) -> Iterator[list[Seen]]:
    """Pages of invoices nobody has seen before."""
    chance = random.Random()  # noqa: S311  # invented books
    ids = [[str(uuid.uuid4()) for _ in range(count)] for count in (200, 30)]
    models = [make_invoice(chance, *ids) for _ in range(CHUNK)]
    while True:
        asked = datetime.now(UTC)
        page = []
        for model in models:
            raw = {**model, "InvoiceID": str(uuid.uuid4())}
            text = msgspec.json.encode(raw)
            page.append(
                Seen(
                    normalized=INVOICE.normalize(raw, context, Read.PAGED),
                    raw=zlib.compress(text, 1),
                    raw_hash=hashlib.sha256(text).hexdigest(),
                    raw_read=Read.PAGED.value,
                    remote_data=None,
                    mark=0,
                    asked_at=asked,
                    answered_at=asked + timedelta(milliseconds=1),
                )
            )
        yield page


async def run(database_url: str, tenant_id: TenantId) -> int:
    """Absorb until standard input ends; returns how many invoices."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)
    database = await Database.connect(database_url, min_size=1, max_size=2)
    pages = answers(await read_context(database, tenant_id))
    absorbed = 0
    while not stop.is_set():
        done = await absorb(
            database, tenant_id, INVOICE, next(pages), ORIGIN, fencing=None, clock=OffsetClock()
        )
        absorbed += done.new
    await database.close()
    return absorbed


def main() -> None:
    """Absorb, then say how many."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database_url")
    parser.add_argument("tenant_id")
    asked = parser.parse_args()
    absorbed = uvloop.run(run(asked.database_url, TenantId(asked.tenant_id)))
    sys.stdout.write(f"{absorbed}\n")


if __name__ == "__main__":
    main()
