"""Events sent again: the same ones, in the same order, and nothing moved by it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from prometheus_client import CollectorRegistry

from handlers.metrics import HandlerMetrics
from handlers.relay import ShardRelay
from ledgerwire.failures import WrongUsage
from ledgerwire.installation import Installation
from ledgerwire.replaying import ReplayOrder, replay
from ledgerwire.settings import Settings
from storage.database import Database
from tests.handlers.answers import INVOICE, NOW, Mirror, mirror, raw_contact, raw_invoice
from tests.handlers.kafka import Sent, committed, make_topics
from unified.broker import BrokerSettings
from unified.envelope import event_model
from unified.resources import resource
from unified.topics import control_topic, events_topic, state_topic

SECOND = timedelta(seconds=1)


class Played:
    """Books whose events Kafka has: two invoices that changed in turns, a contact, the company."""

    def __init__(self, books: Mirror, here: Installation) -> None:
        self.books = books
        self.here = here
        self.order = ReplayOrder(tenant=books.id)
        self.seen: list[tuple[int, int | None]] = []

    async def replay(self, **changes: Any) -> dict[str, int]:
        """Send again what the order says."""

        def note(done: int, total: int | None, _: str) -> None:
            self.seen.append((done, total))

        return await replay(self.here, replace(self.order, **changes), seen=note)

    async def invoices(self, at_least: int = 0) -> list[Sent]:
        """Invoice events that consumers see."""
        topic = events_topic(self.here.broker.prefix, INVOICE)
        return await committed(self.here.broker, topic, at_least=at_least)

    async def rows(self) -> list[dict[str, Any]]:
        """The table of events, whole."""
        rows = await self.books.db.fetch("SELECT * FROM event ORDER BY position")
        return [dict(row.items()) for row in rows]


@pytest.fixture
async def played(
    database: Database, database_url: str, embedded_broker_settings: BrokerSettings
) -> Played:
    """Eight events that the embedded broker has."""
    return await play(database, database_url, embedded_broker_settings)


@pytest.fixture
async def played_on_apache(
    database: Database, database_url: str, kafka_broker: BrokerSettings
) -> Played:
    """Eight events that Apache Kafka has."""
    return await play(database, database_url, kafka_broker)


async def play(database: Database, database_url: str, broker: BrokerSettings) -> Played:
    """Change books, and relay the events."""
    books = await mirror(database)
    await make_topics(broker)
    for number in range(3):
        for name in ("one", "two"):
            raw = raw_invoice(name, at=NOW + number * SECOND, Reference=str(number))
            await books.invoice(raw)
    await books.contact(raw_contact())
    relay = ShardRelay(
        database, broker, books.clock, await database.fetchval("SELECT shard FROM tenant"),
        HandlerMetrics(CollectorRegistry()),
    )  # fmt: skip
    while await relay.relay_once():
        pass
    await relay.close()
    settings = Settings(database_url=database_url)
    return Played(books, Installation(settings, database, database_url, broker, books.clock))


async def test_replay_sends_the_same_events_in_their_order(played: Played) -> None:
    """Same ids, keys and sequences; only cause and moment of sending say that it is a replay."""
    before, kept = await played.invoices(6), await played.rows()

    sent = await played.replay()

    prefix = played.here.broker.prefix
    counts = {"company_info": 1, "invoice": 6, "contact": 1}
    assert sent == {events_topic(prefix, resource(name)): n for name, n in counts.items()}
    after = await played.invoices(12)
    again = after[6:]
    assert after[:6] == before
    assert [each.key for each in again] == [each.key for each in before]
    assert {each.partition for each in again} == {each.partition for each in before}
    for first, second in zip(before, again, strict=True):
        assert second.value["cause"] == {**first.value["cause"], "kind": "replay"}
        assert second.headers["ce_cause"] == "replay"
        assert second.headers["ce_id"] == first.headers["ce_id"] == first.value["event_id"]
        same = ("event_id", "sequence", "epoch", "tenant_sequence", "before", "after", "op")
        assert all(first.value[name] == second.value[name] for name in same)
        event_model(INVOICE).model_validate_json(msgspec.json.encode(second.value))
    assert await played.rows() == kept
    assert played.seen[-1] == (8, 8)


async def test_state_topics_are_left_alone(played: Played) -> None:
    """An old state behind a newer one would be the newest for whoever reads the topic."""
    topic = state_topic(played.here.broker.prefix, INVOICE)
    before = await committed(played.here.broker, topic, at_least=6)

    await played.replay()

    assert await committed(played.here.broker, topic) == before


async def test_part_of_the_events_can_be_chosen(played: Played) -> None:
    """By resource, and by when they were committed."""
    rows = await played.rows()
    later = [row for row in rows if row["resource"] == "invoice"][4]["committed_at"]

    contacts = await played.replay(resource="contacts")
    last = await played.replay(resource="Invoices", since=later)
    none = await played.replay(since=rows[-1]["committed_at"] + SECOND)

    assert list(contacts.values()) == [1]
    assert list(last.values()) == [2]
    assert none == {}


async def test_what_was_never_sent_is_not_sent_again(played: Played) -> None:
    """The relay is about to send it, with its own cause."""
    await played.books.invoice(raw_invoice("one", at=NOW + 9 * SECOND, Reference="new"))

    assert sum((await played.replay()).values()) == 8


async def test_events_can_go_to_a_topic_of_ones_own(played: Played) -> None:
    """However many partitions it has; all of a tenant stand on one, in order."""
    name = f"{played.here.broker.prefix}.rebuild"
    admin = AIOKafkaAdminClient(**played.here.broker.client_options())
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 3, 1)])
    finally:
        await admin.close()

    sent = await played.replay(to_topic=name)

    assert sent == {name: 8}
    found = await committed(replace(played.here.broker, partitions=3), name, at_least=8)
    assert [each.value["tenant_sequence"] for each in found] == [
        row["tenant_sequence"] for row in await played.rows()
    ]
    assert len({each.partition for each in found}) == 1
    assert len(await played.invoices(6)) == 6


async def test_topic_that_is_not_there_is_neither_made_nor_written(played: Played) -> None:
    """A typing mistake must not leave a topic behind."""
    name = f"{played.here.broker.prefix}.mistyped"

    with pytest.raises(WrongUsage, match="make it first"):
        await played.replay(to_topic=name)

    admin = AIOKafkaAdminClient(**played.here.broker.client_options())
    await admin.start()
    try:
        assert name not in await admin.list_topics()
    finally:
        await admin.close()


async def test_topics_of_other_records_are_refused(played: Played) -> None:
    """Consumers of states, payment statuses and announcements would choke on events."""
    prefix = played.here.broker.prefix
    for name in (control_topic(prefix), state_topic(prefix, INVOICE)):
        with pytest.raises(WrongUsage, match="other records"):
            await played.replay(to_topic=name)


@pytest.mark.parametrize("order", [{"tenant": "nobody"}, {"resource": "unicorns"}])
async def test_what_there_is_not_can_not_be_replayed(played: Played, order: dict[str, str]) -> None:
    """Said before anything is sent, with the way to find the right name."""
    with pytest.raises(WrongUsage, match="There is no"):
        await played.replay(**order)
    assert len(await played.invoices(6)) == 6


async def test_broker_that_is_away_is_told(played: Played) -> None:
    """Nothing was sent, so the plain reason is enough."""
    played.here = replace(played.here, broker=replace(played.here.broker, bootstrap="127.0.0.1:1"))

    with pytest.raises(KafkaError):
        await played.replay()


@pytest.mark.needs_kafka
async def test_apache_kafka_takes_a_replay_and_makes_no_topic(played_on_apache: Played) -> None:
    """It would make what is asked for by name, which the embedded broker would not."""
    before = await played_on_apache.invoices(6)
    name = f"{played_on_apache.here.broker.prefix}.mistyped"
    with pytest.raises(WrongUsage, match="make it first"):
        await played_on_apache.replay(to_topic=name)

    await played_on_apache.replay(resource="invoices")

    after = await played_on_apache.invoices(12)
    assert [each.headers["ce_id"] for each in after[6:]] == [
        each.headers["ce_id"] for each in before
    ]
    admin = AIOKafkaAdminClient(**played_on_apache.here.broker.client_options())
    await admin.start()
    try:
        assert name not in await admin.list_topics()
    finally:
        await admin.close()
