"""How long a change takes from the webhook's arrival to a consumer of Kafka, at a steady rate.

Receiver, handlers, simulator, PostgreSQL (durable) and Kafka are processes of their own; Xero's
limits are on. Nothing of ours is asked for times: the webhook's arrival stands in each event, and
a consumer of committed records notes when it came.

The baseline, taken in the same run and under the same load, is what nobody could save: the
simulator's own answer to the read (asked for over a bare connection) and one bare produce with
`acks=all` until a consumer has it. What is left is what Ledgerwire adds. Times between the steps
are read off the events' own stamps and PostgreSQL's rows. From the project's root:

    .venv/bin/python -m bench.latency --tenants 200 --rates 20 100 --seconds 30
"""

import argparse
import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bench.report import Row, options, write_result
from bench.stage import Stage, staged
from storage.authorizations import authorization_of
from unified.resources import KINDS
from unified.topics import events_topic

PROBES_A_SECOND = 4.0  #: of the baseline, beside the load
COLD_S = 30.0  #: of the highest rate at first: a fresh Kafka spends them on compiling its code
WARM_S = 4.0  #: of each load before anything counts
BARE_TOPIC, PAIR_TOPIC = "bench.bare", "bench.pair"  #: of one partition, of two


@dataclass
class Arrivals:
    """What a consumer of committed records saw."""

    latencies_ms: dict[str, float] = field(default_factory=dict)  #: by event id, the first arrival
    bare_ms: list[float] = field(default_factory=list)
    stamps: dict[str, dict[str, str]] = field(default_factory=dict)
    causes: Counter[str] = field(default_factory=Counter)


async def consume(stage: Stage, arrivals: Arrivals, started: asyncio.Event) -> None:
    """Note when each event arrives."""
    consumer = AIOKafkaConsumer(
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="latest",
        fetch_max_wait_ms=500,
        **stage.broker.client_options(),
    )
    await consumer.start()
    try:
        topics = [events_topic(stage.broker.prefix, resource) for resource in KINDS]
        places = [TopicPartition(t, n) for t in topics for n in range(stage.broker.partitions)]
        places.append(TopicPartition(BARE_TOPIC, 0))
        consumer.assign(places)
        await consumer.seek_to_end(*places)
        started.set()
        while True:
            batches = await consumer.getmany(timeout_ms=100)
            now = time.time()
            for place, batch in batches.items():
                for record in batch:
                    if place.topic == BARE_TOPIC:
                        arrivals.bare_ms.append((now - float(record.value)) * 1000)
                    else:
                        note(arrivals, msgspec.json.decode(record.value), now)
            if stage.broker.embedded:
                await asyncio.sleep(0.002)  # its fetches never wait
    finally:
        await consumer.stop()


def note(arrivals: Arrivals, event: dict[str, Any], now: float) -> None:
    """Keep one event's latency, if a webhook caused it."""
    arrivals.causes[event["cause"]["kind"]] += 1
    if event["cause"]["kind"] != "webhook" or event["event_id"] in arrivals.latencies_ms:
        return
    received = datetime.fromisoformat(event["timing"]["received_at"]).timestamp()
    arrivals.latencies_ms[event["event_id"]] = (now - received) * 1000
    arrivals.stamps[event["event_id"]] = event["timing"]


async def produce_bare(stage: Stage, stop: asyncio.Event) -> list[float]:
    """Produce a record now and then; returns the times until Kafka acknowledged, in ms."""
    producer = AIOKafkaProducer(acks="all", linger_ms=0, **stage.broker.client_options())

    async def send() -> None:
        await producer.send_and_wait(BARE_TOPIC, f"{time.time()}".encode(), partition=0)

    return await _now_and_then(producer, send, stop)


async def produce_transactions(stage: Stage, stop: asyncio.Event) -> list[float]:
    """Produce two records in a transaction now and then, as a relay does for one change; returns
    the times until Kafka acknowledged its commit, in ms."""
    producer = AIOKafkaProducer(
        acks="all", linger_ms=0, transactional_id="bench", **stage.broker.client_options()
    )

    async def send() -> None:
        async with producer.transaction():
            sent = [await producer.send(PAIR_TOPIC, b"x", partition=n) for n in (0, 1)]
            await asyncio.gather(*sent)

    return await _now_and_then(producer, send, stop)


async def _now_and_then(
    producer: AIOKafkaProducer, send: Callable[[], Awaitable[None]], stop: asyncio.Event
) -> list[float]:
    took: list[float] = []
    await producer.start()
    try:
        while not stop.is_set():
            began = time.perf_counter()
            await send()
            took.append((time.perf_counter() - began) * 1000)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1 / PROBES_A_SECOND)
    finally:
        await producer.stop()
    return took


async def read_bare(stage: Stage, stop: asyncio.Event) -> list[float]:
    """Read an invoice now and then over one plain connection; returns the answer times in ms."""
    chance = random.Random(7)  # noqa: S311  # no secret
    rows = await stage.db.fetch(
        "SELECT tenant_id, remote_id FROM record WHERE resource = 'invoice' ORDER BY 1, 2"
    )
    found = await authorization_of(stage.db, rows[0]["tenant_id"], stage.box)
    base = urlsplit(stage.simulated["base_url"])
    took: list[float] = []
    reader, writer = await asyncio.open_connection(base.hostname, base.port)
    try:
        while not stop.is_set():
            row = chance.choice(rows)
            request = (
                f"GET /api.xro/2.0/Invoices/{row['remote_id']}?unitdp=4 HTTP/1.1\r\n"
                f"Host: {base.netloc}\r\nAccept: application/json\r\n"
                f"Authorization: Bearer {found.tokens.access_token}\r\n"
                f"Xero-Tenant-Id: {row['tenant_id']}\r\n\r\n"
            )
            began = time.perf_counter()
            writer.write(request.encode())
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.decode().lower().split("\r\n")
            [size] = [int(line[15:]) for line in lines if line.startswith("content-length:")]
            await reader.readexactly(size)
            if " 200 " in lines[0]:
                took.append((time.perf_counter() - began) * 1000)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1 / PROBES_A_SECOND)
    finally:
        writer.close()
    return took


async def prepare(stage: Stage, handlers: int) -> None:
    """Link everything, let backfills pass, and make the baseline's topic."""
    front = await stage.start("receiver", "api")
    for number in range(handlers):
        await stage.start("handlers", name=f"handlers-{number + 1}")
    await stage.subscribe(front)
    await stage.link(front, stage.tenants)
    await stage.backfilled(len(stage.tenants))
    # Sweeps are not what is measured, and the first ones are due half a minute after a backfill.
    await stage.db.execute("UPDATE cursor SET sweep_due_at = now() + interval '1 day'")
    admin = AIOKafkaAdminClient(**stage.broker.client_options())
    await admin.start()
    try:
        await admin.create_topics([NewTopic(BARE_TOPIC, 1, 1), NewTopic(PAIR_TOPIC, 2, 1)])
    finally:
        await admin.close()


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p90, p99 and the largest, rounded; zeros where there is nothing."""
    ordered = sorted(values) or [0.0]

    def at(share: float) -> float:
        return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)], 1)

    return {"p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "max": round(ordered[-1], 1)}


async def steps(stage: Stage, arrivals: Arrivals, counted: Sequence[str]) -> dict[str, Any]:
    """Where the time of the counted events went, step by step, in ms."""
    rows = await stage.db.fetch(
        """SELECT event_id, extract(epoch FROM committed_at) AS committed,
                  extract(epoch FROM relayed_at) AS relayed
             FROM event WHERE event_id = ANY($1::uuid[]) AND relayed_at IS NOT NULL""",
        list(counted),
    )
    parts: dict[str, list[float]] = {}
    for row in rows:
        stamps = arrivals.stamps[row["event_id"]]
        received, fetched, published = (
            datetime.fromisoformat(stamps[name]).timestamp()
            for name in ("received_at", "fetched_at", "published_at")
        )
        arrived = received + arrivals.latencies_ms[row["event_id"]] / 1000
        for name, seconds in (
            ("received to answered by Xero", fetched - received),
            ("answered to event written", float(row["committed"]) - fetched),
            ("event written to sending", published - float(row["committed"])),
            ("sending to marked", float(row["relayed"]) - published),
            ("sending to consumer", arrived - published),
        ):
            parts.setdefault(name, []).append(seconds * 1000)
    return {name: percentiles(values) for name, values in parts.items()}


async def transactions(stage: Stage) -> int:
    """Transactions that the database has ended so far, single statements among them."""
    count: int = await stage.db.fetchval(
        """SELECT xact_commit + xact_rollback FROM pg_stat_database
            WHERE datname = current_database()"""
    )
    return count


async def run(asked: argparse.Namespace) -> list[dict[str, Any]]:
    """Put everything up, load it at each rate, and take the figures."""
    async with staged("--small", tenants=asked.tenants, embedded=asked.embedded) as stage:
        await prepare(stage, asked.handlers)
        await load(stage, max(asked.rates), asked.cold)
        return [await measure(stage, asked, rate) for rate in asked.rates]


async def load(stage: Stage, rate: float, seconds: float) -> None:
    """Change things in the books at a rate, and wait until all of it has arrived."""
    await stage.steer("play", {"rate": rate, "seconds": seconds})
    await asyncio.sleep(seconds)
    await stage.until(
        """SELECT NOT EXISTS (SELECT 1 FROM notice WHERE state = 'due')
              AND NOT EXISTS (SELECT 1 FROM event WHERE relayed_at IS NULL)"""
    )


async def measure(stage: Stage, asked: argparse.Namespace, rate: float) -> dict[str, Any]:
    """Load it at one rate, and take the figures."""
    arrivals, started, stop = Arrivals(), asyncio.Event(), asyncio.Event()
    consuming = asyncio.create_task(consume(stage, arrivals, started))
    await started.wait()
    playing = asyncio.create_task(load(stage, rate, asked.seconds + WARM_S))
    await asyncio.sleep(WARM_S)
    warm = set(arrivals.latencies_ms)
    used, ended = stage.processor_s(), await transactions(stage)
    probes = asyncio.gather(
        produce_bare(stage, stop), produce_transactions(stage, stop), read_bare(stage, stop)
    )
    began = time.perf_counter()
    await asyncio.sleep(asked.seconds)
    took_s = time.perf_counter() - began
    stop.set()
    acknowledged_ms, transactions_ms, answers_ms = await probes
    counted = [each for each in arrivals.latencies_ms if each not in warm]
    ended = await transactions(stage) - ended
    used = {name: s - used.get(name, 0.0) for name, s in stage.processor_s().items()}
    where = await steps(stage, arrivals, counted)
    await playing
    consuming.cancel()
    await asyncio.gather(consuming, return_exceptions=True)
    latencies = [arrivals.latencies_ms[each] for each in counted]
    return {
        "kafka": stage.kafka,
        "tenants": asked.tenants,
        "handlers": asked.handlers,
        "events": len(counted),
        "events_per_s": round(len(counted) / took_s, 1),
        "webhook_to_consumer_ms": percentiles(latencies),
        "answer_ms": percentiles(answers_ms),
        "bare_produce_acknowledged_ms": percentiles(acknowledged_ms),
        "bare_transaction_acknowledged_ms": percentiles(transactions_ms),
        "bare_produce_to_consumer_ms": percentiles(arrivals.bare_ms),
        "steps_ms": where,
        "processor_ms_per_event": {
            name: round(seconds * 1000 / max(len(counted), 1), 2) for name, seconds in used.items()
        },
        "transactions_per_event": round(ended / max(len(counted), 1), 1),
        "causes": dict(arrivals.causes),
    }


def row(found: dict[str, Any]) -> Row:
    """The table's line."""
    whole, answer = found["webhook_to_consumer_ms"], found["answer_ms"]["p50"]
    bare = found["bare_produce_to_consumer_ms"]["p50"]
    baseline = answer + bare
    p50, p99 = whole["p50"] - baseline, whole["p99"] - baseline
    spent = sum(ms for name, ms in found["processor_ms_per_event"].items() if name != "benchmark")
    return Row(
        what=f"webhook to a consumer of Kafka, {found['events_per_s']:.0f} events/s over "
        f"{found['tenants']} tenants, limits on",
        figure=f"adds p50 {p50:.0f} ms, p99 {p99:.0f} ms",
        ratio=round(whole["p50"] / baseline, 2),
        baseline=f"the simulator's answer ({answer:.1f} ms) and a bare produce ({bare:.1f} ms)",
        aim="adds p50 ≤ 20 ms, p99 ≤ 100 ms",
        reached=p50 <= 20 and p99 <= 100,
        why=f"a change costs {spent:.0f} ms of processor in all programs, on the cores they share; "
        f"one Kafka transaction alone takes {found['bare_transaction_acknowledged_ms']['p50']:.0f}"
        " ms",
    )


def main() -> None:
    """Measure, and keep the median round."""
    parser = options(__doc__)
    parser.add_argument("--tenants", type=int, default=200)
    parser.add_argument(
        "--rates", type=float, nargs="+", default=[20.0, 100.0],
        help="changes a second in the books, one measurement each",
    )  # fmt: skip
    parser.add_argument("--seconds", type=float, default=30.0, help="that count, at each rate")
    parser.add_argument("--cold", type=float, default=COLD_S, help="seconds that do not count")
    parser.add_argument("--handlers", type=int, default=1, help="processes")
    parser.add_argument("--embedded", action="store_true", help="the embedded broker in any case")
    asked = parser.parse_args()
    if asked.quick:
        asked.tenants, asked.rates, asked.seconds, asked.cold = 5, [5.0], 3.0, 1.0
    found = uvloop.run(run(asked))
    write_result("latency", [row(each) for each in found], asked=asked, details={"rates": found})


if __name__ == "__main__":
    main()
