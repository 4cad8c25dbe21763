"""One installation as a process sees it: the servers it embeds, its database and its broker.

What is `embedded` in the settings is started by whoever comes first and stopped by whoever leaves
last; everything else is only connected to.
"""

import asyncio
import errno
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog

from ledgerwire.settings import Settings, SettingsError, variable
from ledgerwire.settings_rules import EMBEDDED
from storage.database import Database
from storage.embedded import embedded_database
from storage.embedded_servers import EmbeddedServer, EmbeddedServers
from storage.errors import LoginRefused, StorageUnavailable
from storage.migrate import migrate
from unified.broker import BrokerSettings, SaslMechanism, Security
from unified.clock import Clock, OffsetClock, OffsetFile

MIGRATE_AGAIN_S = 0.2  #: real time until a database that is away is asked again, doubling
LONGEST_WAIT_S = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Installation:
    """What a process of this installation works with.

    `pause` waits so many seconds of business time; tests hand in one that their clock shortens.
    """

    settings: Settings
    db: Database
    database_url: str
    broker: BrokerSettings
    clock: Clock
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep


def clock_of(settings: Settings) -> Clock:
    """Real time, shifted by the clock file where one is set."""
    if settings.clock_file is None:
        return OffsetClock()
    return OffsetClock(OffsetFile(settings.clock_file))


@asynccontextmanager
async def open_installation(
    settings: Settings, *, connections: int = 16, broker: bool = True, patient: bool = False
) -> AsyncIterator[Installation]:
    """Start or find the embedded servers, bring the schema up to date, connect.

    With `broker=False` an embedded broker is left alone: the job needs none. With `patient=True`
    the database is not asked for anything yet, so it may be away: whoever opens this way brings
    the schema up to date (`migrate_in_time`) before working on it.

    Raises:
        SettingsError: the data folder can't be written to.
        StorageError: the database can't be reached, or a newer program has migrated it.
        BrokerDidNotStart: the embedded broker did not come up.
    """
    async with AsyncExitStack() as stack:
        addresses = await _embedded(settings, stack, database=True, broker=broker)
        url = addresses.get("database_url", settings.database_url)
        if not patient:
            await migrate(url)
        db = await Database.connect(url, min_size=0 if patient else 2, max_size=connections)
        stack.push_async_callback(db.close)
        kafka = broker_settings(settings, addresses.get("kafka"))
        yield Installation(settings, db, url, kafka, clock_of(settings))


async def migrate_in_time(url: str) -> None:
    """Bring the schema up to date, however long the database is away.

    Raises:
        LoginRefused: user, password or database are not right.
        SchemaTooNew: a newer program has migrated it.
    """
    wait_s = MIGRATE_AGAIN_S
    while True:
        try:
            await migrate(url)
        except LoginRefused:
            raise
        except StorageUnavailable:
            if wait_s == MIGRATE_AGAIN_S:
                log.warning("database_away", remedy=f"check {variable('database_url')}")
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311  # jitter
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)
        else:
            break
    if wait_s > MIGRATE_AGAIN_S:
        log.info("database_answers")


@asynccontextmanager
async def open_broker(settings: Settings) -> AsyncIterator[BrokerSettings]:
    """The broker alone, for programs that need no database.

    Raises:
        BrokerDidNotStart: the embedded broker did not come up.
    """
    async with AsyncExitStack() as stack:
        addresses = await _embedded(settings, stack, database=False, broker=True)
        yield broker_settings(settings, addresses.get("kafka"))


async def _embedded(
    settings: Settings, stack: AsyncExitStack, *, database: bool, broker: bool
) -> dict[str, str]:
    wanted: list[EmbeddedServer] = []
    others: list[EmbeddedServer] = []
    if settings.database_url == EMBEDDED:
        (wanted if database else others).append(embedded_database(settings.data_dir))
    if settings.kafka == EMBEDDED:
        (wanted if broker else others).append(_embedded_kafka(settings))
    if not wanted:
        return {}
    _make_folder(settings)
    servers = EmbeddedServers(settings.data_dir)
    addresses = await servers.enter(wanted, others=others)
    stack.push_async_callback(servers.leave)
    return addresses


def _make_folder(settings: Settings) -> None:
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise SettingsError(
            f"{variable('data_dir')} is wrong: nothing can be written to {folder} "
            f"({error.strerror}). Example: {variable('data_dir')}=/var/lib/ledgerwire"
        ) from None


def _embedded_kafka(settings: Settings) -> EmbeddedServer:
    from ledgerwire import embedded_broker  # not needed where the broker is somebody else's

    folder = settings.data_dir / "kafka"
    ours: list[embedded_broker.EmbeddedBroker] = []  # our children, whose exit we must collect

    async def start() -> tuple[str, int]:
        broker = await asyncio.to_thread(embedded_broker.start, folder)
        ours.append(broker)
        return broker.address, broker.pid

    async def stop(address: str, pid: int) -> None:
        named = embedded_broker.EmbeddedBroker(address, pid)
        broker = next((child for child in ours if child == named), named)
        await asyncio.to_thread(embedded_broker.stop, broker)

    async def answers(address: str, pid: int) -> bool:
        broker = embedded_broker.EmbeddedBroker(address, pid)
        return await asyncio.to_thread(embedded_broker.is_running, broker)

    return EmbeddedServer("kafka", start, stop, answers)


def broker_settings(settings: Settings, embedded_address: str | None) -> BrokerSettings:
    """How to reach Kafka."""
    password = settings.kafka_sasl_password
    mechanism = settings.kafka_sasl_mechanism
    return BrokerSettings(
        bootstrap=embedded_address or settings.kafka,
        prefix=settings.topic_prefix,
        partitions=settings.kafka_partitions,
        replication=settings.kafka_replication,
        security=Security(settings.kafka_security),
        sasl_mechanism=None if mechanism is None else SaslMechanism(mechanism),
        sasl_username=settings.kafka_sasl_username,
        sasl_password=None if password is None else password.get_secret_value(),
        ca_file=settings.kafka_ca_file,
        embedded=embedded_address is not None,
    )
