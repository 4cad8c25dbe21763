"""What doctor says of databases, brokers and Xero, real ones, well and unwell."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pydantic import SecretStr

from api.custom_connection import link_custom_connection
from ledgerwire.doctor.database import check_database
from ledgerwire.doctor.finding import Finding, Verdict
from ledgerwire.doctor.kafka import check_kafka
from ledgerwire.doctor.xero import check_xero
from ledgerwire.installation import Installation
from ledgerwire.settings import Settings
from ledgerwire.wiring.xero import readable_endpoints, xero_side
from simulator.config import OpeningBooks, SimulatorConfig
from simulator.server import RunningSimulator
from storage.database import Database
from storage.migrate import newest_revision
from storage.secrets import new_key
from tests.handlers.kafka import make_topics
from unified.broker import BrokerSettings
from unified.clock import ManualClock, OffsetClock
from xero.scopes import app_scopes_for

NOWHERE = "127.0.0.1:1"
SMALL = OpeningBooks(contacts=1, invoices=1, bills=0, months=1)


def by_verdict(findings: list[Finding], verdict: Verdict) -> list[Finding]:
    """Those of this verdict."""
    return [each for each in findings if each.verdict is verdict]


async def database_of(url: str) -> list[Finding]:
    """What doctor says of the database at this address."""
    db = await Database.connect(url, min_size=0)
    settings = Settings(database_url=url)
    try:
        return await check_database(
            Installation(settings, db, url, BrokerSettings(bootstrap=NOWHERE), OffsetClock())
        )
    finally:
        await db.close()


async def test_database_that_is_not_durable_is_bad(database_url: str) -> None:
    """The tests' own server has fsync off: a promise of ours would not hold on it."""
    findings = await database_of(database_url)

    [bad] = by_verdict(findings, Verdict.BAD)
    assert "fsync" in bad.what
    [good] = by_verdict(findings, Verdict.OK)
    assert good.what == f"The schema is {newest_revision()}"


async def test_schema_of_another_version_is_told_and_not_touched(
    database_url: str, database: Database, empty_database_url: str
) -> None:
    """Doctor looks; whoever starts next migrates, or refuses."""
    await database.execute("UPDATE alembic_version SET version_num = '0001'")
    older = await database_of(database_url)
    await database.execute("UPDATE alembic_version SET version_num = '9999'")
    newer = await database_of(database_url)
    empty = await database_of(empty_database_url)

    assert "older than this program's" in by_verdict(older, Verdict.NOTE)[0].what
    assert "newer than this program" in by_verdict(newer, Verdict.BAD)[-1].what
    assert "empty" in by_verdict(empty, Verdict.NOTE)[0].what
    assert await database.fetchval("SELECT version_num FROM alembic_version") == "9999"


async def test_database_that_is_away_or_refuses_us(database_url: str) -> None:
    """Two troubles, two remedies; the password is in neither."""
    [away] = await database_of(f"postgresql://u:hush@{NOWHERE}/x")
    [refused] = await database_of(f"{database_url.rsplit('/', 1)[0]}/nobodys")

    assert away.verdict is Verdict.AWAY
    assert "hush" not in away.what
    assert refused.verdict is Verdict.BAD
    assert "LEDGERWIRE_DATABASE_URL" in refused.remedy


async def test_kafka_without_and_with_our_topics(embedded_broker_settings: BrokerSettings) -> None:
    """Missing topics are made by whoever starts; those with other partitions break the order."""
    broker = embedded_broker_settings
    before = await check_kafka(broker)
    await make_topics(broker)
    after = await check_kafka(broker)
    other = await check_kafka(replace(broker, partitions=broker.partitions + 1))

    assert "not there yet" in by_verdict(before, Verdict.NOTE)[0].what
    assert by_verdict(before, Verdict.BAD) == by_verdict(after, Verdict.BAD) == []
    assert any("topics are there" in each.what for each in by_verdict(after, Verdict.OK))
    [bad] = by_verdict(other, Verdict.BAD)
    assert "LEDGERWIRE_KAFKA_PARTITIONS" in bad.remedy


@pytest.mark.needs_kafka
async def test_apache_kafka_is_well(kafka_broker: BrokerSettings) -> None:
    """Durable, so there is nothing to be warned of once the topics are there."""
    await make_topics(kafka_broker)

    findings = await check_kafka(kafka_broker)

    assert {each.verdict for each in findings} == {Verdict.OK}


async def test_one_topic_that_differs_is_found(embedded_broker_settings: BrokerSettings) -> None:
    """As when a broker made it by itself, with its own default."""
    broker = embedded_broker_settings
    admin = AIOKafkaAdminClient(**broker.client_options())
    await admin.start()
    try:
        await admin.create_topics([NewTopic(f"{broker.prefix}.control.v1", 1, 1)])
    finally:
        await admin.close()

    [bad] = by_verdict(await check_kafka(broker), Verdict.BAD)

    assert f"{broker.prefix}.control.v1 with 1" in bad.what


async def test_kafka_that_is_away() -> None:
    """By its address, with the settings to look at."""
    [away] = await check_kafka(BrokerSettings(bootstrap=NOWHERE))

    assert away.verdict is Verdict.AWAY
    assert NOWHERE in away.what
    assert "LEDGERWIRE_KAFKA" in away.remedy


@dataclass
class AtXero:
    """An installation whose Xero is a simulator."""

    here: Installation
    simulator: RunningSimulator

    async def look(self, *, schema: bool = True, **changes: object) -> list[Finding]:
        """What doctor says with other settings."""
        here = replace(self.here, settings=self.here.settings.model_copy(update=changes))
        async with xero_side(here, lending=False) as xero, httpx.AsyncClient() as http:
            return await check_xero(here.settings, xero, http, here.clock, schema=schema)

    async def link(self) -> str:
        """Link one organisation; returns its name."""
        async with xero_side(self.here, lending=False) as xero:
            scopes = app_scopes_for(readable_endpoints())
            [linked] = await link_custom_connection(xero.oauth, xero.consents, scopes=scopes)
        assert linked.name is not None
        return linked.name


@pytest.fixture
async def at_xero(database: Database, database_url: str) -> AsyncIterator[AtXero]:
    """A simulator, and settings that fit it."""
    config = SimulatorConfig(tenants=1, opening=SMALL)
    async with RunningSimulator(config) as simulator:
        told, base = simulator.announcement, simulator.base_url
        settings = Settings(
            database_url=database_url,
            xero_client_id=told["client_id"],
            xero_client_secret=SecretStr(told["client_secret"]),
            xero_api_url=base,
            xero_identity_url=base,
            xero_login_url=base,
            secret_keys=(SecretStr(new_key()),),
        )
        broker = BrokerSettings(bootstrap=NOWHERE)
        yield AtXero(
            Installation(settings, database, database_url, broker, OffsetClock()), simulator
        )


async def test_app_that_xero_knows_and_nothing_linked_yet(at_xero: AtXero) -> None:
    """All well, the redirect address to be entered, and what comes next."""
    findings = await at_xero.look()

    assert by_verdict(findings, Verdict.BAD) == []
    assert any("/connect/callback" in each.what for each in by_verdict(findings, Verdict.OK))
    [note] = by_verdict(findings, Verdict.NOTE)
    assert "ledgerwire link" in note.remedy


async def test_secret_that_is_wrong_is_told_with_where_to_find_it(at_xero: AtXero) -> None:
    """Xero's own word for it, and no part of the secret."""
    findings = await at_xero.look(xero_client_secret=SecretStr("hush" * 12))

    [bad] = by_verdict(findings, Verdict.BAD)
    assert "invalid_client" in bad.what
    assert "Configuration" in bad.remedy
    assert "hush" not in f"{bad.what}{bad.remedy}"


async def test_custom_connection_is_tried_by_its_own_grant(at_xero: AtXero) -> None:
    """And needs no redirect address."""
    findings = await at_xero.look(xero_grant="client_credentials")

    assert by_verdict(findings, Verdict.BAD) == []
    assert not any("/connect/callback" in each.what for each in findings)


async def test_redirect_that_xero_refuses_is_told(at_xero: AtXero) -> None:
    """127.0.0.1 is refused by Xero though it is the same machine."""
    [bad] = by_verdict(await at_xero.look(public_url="http://127.0.0.1:8000"), Verdict.BAD)

    assert "LEDGERWIRE_PUBLIC_URL" in bad.remedy
    assert "localhost" in bad.remedy


async def test_linked_organisation_is_asked_for(at_xero: AtXero) -> None:
    """Well, then with a dead token set, then with keys that do not open it."""
    name = await at_xero.link()
    well = await at_xero.look()
    other_key = await at_xero.look(secret_keys=(SecretStr(new_key()),))
    await at_xero.here.db.execute("""UPDATE "authorization" SET state = 'needs_reauth'""")
    dead = await at_xero.look()
    await at_xero.here.db.execute("UPDATE tenant SET state = 'needs_reauth'")
    known = await at_xero.look()

    assert any(name in each.what for each in by_verdict(well, Verdict.OK))
    assert by_verdict(well, Verdict.BAD) == []
    assert "LEDGERWIRE_SECRET_KEYS" in by_verdict(other_key, Verdict.BAD)[0].remedy
    assert "ledgerwire link" in by_verdict(dead, Verdict.BAD)[0].remedy
    assert "needs_reauth" in by_verdict(known, Verdict.BAD)[0].what


async def test_organisation_that_was_disconnected_in_xero_is_found(at_xero: AtXero) -> None:
    """Before any call for its books is refused."""
    name = await at_xero.link()
    at_xero.simulator.books.remove(await at_xero.here.db.fetchval("SELECT id FROM tenant"))

    [bad] = by_verdict(await at_xero.look(), Verdict.BAD)

    assert name in bad.what
    assert "no connection" in bad.what


async def test_consent_that_covers_less_than_is_read_is_found(at_xero: AtXero) -> None:
    """As after an upgrade that reads more: a new consent is the only remedy."""
    name = await at_xero.link()
    await at_xero.here.db.execute(
        """UPDATE "authorization" SET scopes = array_remove(scopes, 'accounting.contacts.read')"""
    )

    [bad] = by_verdict(await at_xero.look(), Verdict.BAD)

    assert f"{name} does not cover accounting.contacts.read" in bad.what
    assert "consent again" in bad.remedy


async def test_port_that_browsers_would_not_find_is_told(at_xero: AtXero) -> None:
    """The address and the port are two settings, and one of them was changed."""
    findings = await at_xero.look(public_url="http://localhost:8000", port=8001)

    [bad] = by_verdict(findings, Verdict.BAD)

    assert "port 8001" in bad.what
    assert "LEDGERWIRE_PUBLIC_URL" in bad.remedy


async def test_xero_that_is_away(at_xero: AtXero) -> None:
    """Nothing else is tried then."""
    [away] = await at_xero.look(xero_api_url=f"http://{NOWHERE}")

    assert away.verdict is Verdict.AWAY
    assert "status.developer.xero.com" in away.remedy


async def test_clock_that_is_wrong_is_bad(at_xero: AtXero) -> None:
    """Tokens would be used after their end, or thrown away before."""
    late = ManualClock(OffsetClock().real() + timedelta(minutes=5))
    at_xero.here = replace(at_xero.here, clock=late)

    found = (await at_xero.look())[0]

    assert found.verdict is Verdict.BAD
    assert "clock" in found.what


async def test_consent_that_only_reads_is_found_where_the_setting_asks_to_write(
    at_xero: AtXero,
) -> None:
    """Before the first write of a caller is refused."""
    name = await at_xero.link()

    [bad] = by_verdict(await at_xero.look(xero_scopes="granular,write"), Verdict.BAD)

    assert f"The consent of {name} does not cover accounting." in bad.what
    assert "accounting.invoices" in bad.what
    assert "read or written" in bad.what
