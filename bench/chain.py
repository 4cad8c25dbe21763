"""What bench/memory.py and bench/tenants.py run: a durable PostgreSQL, the embedded broker, linked
organisations, and the handlers in a process of their own (bench/handlers_alone.py)."""

import asyncio
import itertools
import json
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import psutil
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from bench.handlers_alone import CLIENT_ID
from ledgerwire import embedded_broker
from storage.authorizations import Tokens, save_consent
from storage.database import Database
from storage.deliveries import Hint, StoredDelivery, store_deliveries
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from storage.secrets import SecretBox, new_key
from unified.ids import RemoteId, TenantId
from unified.partition import relay_shard

PIPE = asyncio.subprocess.PIPE
INVOICES = 200  #: of each organisation, changed again and again
LOOK_EVERY_S = 0.05
PATIENCE_S = 300.0

_LINK = """
INSERT INTO tenant (id, shard, name, connection_id, authorization_id, state, linked_at, epoch,
                    call_tokens_at, base_currency, time_zone, short_code, business_date)
SELECT id, shard, 'Bench', gen_random_uuid(), $3, 'linked', now() - interval '1 day', 1, now(),
       'NZD', (ARRAY['Pacific/Auckland', 'Europe/London', 'America/Los_Angeles'])[shard % 3 + 1],
       '!bench', (now() AT TIME ZONE 'UTC')::date + 1
  FROM unnest($1::uuid[], $2::int[]) AS t(id, shard)
"""
_CURSORS = """
INSERT INTO cursor (tenant_id, endpoint, since, sweep_due_at, last_swept_at, backfill_state,
                    backfill_complete)
SELECT id, endpoint, now(), now() + interval '5 hours' + random() * interval '1 hour', now(),
       'done', true
  FROM tenant, unnest(ARRAY['Organisation', 'Contacts', 'Invoices']) AS endpoint
    ON CONFLICT DO NOTHING
"""
_TIMERS = """
INSERT INTO timer (tenant_id, resource, remote_id, rule, due_on)
SELECT id, 'invoice', gen_random_uuid()::text, 'overdue', current_date + 3 + n
  FROM tenant, generate_series(1, 20) AS n WHERE id = ANY($1::uuid[])
"""
_WAITING = """
SELECT (SELECT count(*) FROM notice WHERE state = 'due')
     + (SELECT count(*) FROM event WHERE relayed_at IS NULL)
"""


@dataclass
class Chain:
    """What runs, and the organisations so far."""

    db: Database
    postgres: int  #: process id
    settings: dict[str, object]
    authorization_id: str
    tenants: list[TenantId] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def link(self, count: int) -> None:
        """Link more organisations, with nothing due but what their timers and sweeps will bring."""
        new = [TenantId(str(uuid.uuid4())) for _ in range(count)]
        shards = [relay_shard(each) for each in new]
        await self.db.execute(_LINK, new, shards, self.authorization_id)
        await self.db.execute(_CURSORS)
        await self.db.execute(_TIMERS, new)
        for order in ("VACUUM ANALYZE", "CHECKPOINT"):  # or the server would, while we measure
            await self.db.execute(order)
        self.tenants += new

    @asynccontextmanager
    async def handlers(self) -> AsyncIterator[psutil.Process]:
        """The handlers, as long as the block lasts."""
        command = [sys.executable, "-m", "bench.handlers_alone", json.dumps(self.settings)]
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
        assert process.stdin is not None  # noqa: S101  # for the type checker
        assert process.stdout is not None  # noqa: S101  # for the type checker
        try:
            if await process.stdout.readline() != b"ready\n":
                raise RuntimeError("the handlers did not start")
            yield psutil.Process(process.pid)
        finally:
            process.stdin.close()
            await process.wait()

    async def change(self, tenant_id: TenantId, invoices: Sequence[int]) -> None:
        """A delivery says that these invoices changed."""
        number = next(self._numbers)
        body = f"{number}".encode()
        hints = [
            Hint(
                tenant_id=tenant_id,
                endpoint="Invoices",
                remote_id=RemoteId(str(uuid.uuid5(uuid.UUID(tenant_id), f"{each}"))),
                created=False,
                hinted_at=None,
            )
            for each in invoices
        ]
        delivery = StoredDelivery(
            id=str(uuid.uuid4()),
            received_at=datetime.now(UTC),
            digest=sha256(body).digest(),
            body=body,
            first_sequence=number,
            last_sequence=number,
            event_count=len(hints),
            hints=hints,
        )
        await store_deliveries(self.db, [delivery], now=datetime.now(UTC))

    async def relayed(self) -> int:
        """Events that Kafka has acknowledged so far."""
        count: int = await self.db.fetchval(
            "SELECT count(*) FROM event WHERE relayed_at IS NOT NULL"
        )
        return count

    async def until_sent(self, *, waiting: int = 0) -> None:
        """Wait until no more than `waiting` notices and events are left to work off.

        Raises:
            TimeoutError: nothing at all was worked off for a long time.
        """
        loop = asyncio.get_running_loop()
        least, moved_at = sys.maxsize, loop.time()
        while (left := await self.db.fetchval(_WAITING)) > waiting:
            if left < least:
                least, moved_at = left, loop.time()
            elif loop.time() - moved_at > PATIENCE_S:
                raise TimeoutError(f"{left} notices and events stand still")
            await asyncio.sleep(LOOK_EVERY_S)

    async def trim_kafka(self) -> None:
        """Have the embedded broker, which keeps all in memory, forget the events so far; states it
        compacts by itself."""
        address = str(self.settings["kafka"])
        consumer = AIOKafkaConsumer(bootstrap_servers=address)
        admin = AIOKafkaAdminClient(bootstrap_servers=address)
        await consumer.start()
        try:
            await admin.start()
            events = [topic for topic in await admin.list_topics() if ".events." in topic]
            topics = await admin.describe_topics(events)
            ends = await consumer.end_offsets(
                TopicPartition(topic["topic"], each["partition"])
                for topic in topics
                for each in topic["partitions"]
            )
            held = {each: RecordsToDelete(before_offset=end) for each, end in ends.items() if end}
            await admin.delete_records(held)
        finally:
            await admin.close()
            await consumer.stop()


@asynccontextmanager
async def chained() -> AsyncIterator[Chain]:
    """Servers without organisations; all ends with the block."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ledgerwire-bench-")))
        postgres = EmbeddedPostgres(folder / "database", durable=True)
        url, pid = await postgres.start()
        stack.push_async_callback(postgres.stop)
        await migrate(url)
        broker = await asyncio.to_thread(embedded_broker.start, folder / "kafka")
        stack.push_async_callback(asyncio.to_thread, embedded_broker.stop, broker)
        database = await Database.connect(url, min_size=1, max_size=4)
        stack.push_async_callback(database.close)
        key = new_key()
        tokens = Tokens(
            access_token="invented",  # noqa: S106  # nobody looks at it
            refresh_token="invented",  # noqa: S106  # nobody looks at it
            expires_at=datetime.now(UTC) + timedelta(days=1),
        )
        consent = await save_consent(
            database, SecretBox([key]), tokens, client_id=CLIENT_ID, xero_user_id="bench"
        )
        settings: dict[str, object] = {
            "database_url": url,
            "kafka": broker.address,
            "secret_keys": [key],
            "xero_client_id": CLIENT_ID,
            "xero_client_secret": "invented",
            "xero_webhook_keys": ["invented"],
        }
        yield Chain(database, pid, settings, consent)
