"""Deliveries while the database is away, locked or silent, and while the receiver stops."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from receiver.app import ReceiverLimits
from receiver.commit import CommitLimits
from receiver.webhook import WebhookLimits
from storage.database import Database
from tests.receiver.cable import Cable, cable_to
from tests.receiver.service import (
    Service,
    column,
    deliveries,
    delivery,
    event,
    link,
    notices,
    serving,
    signature,
)
from tests.receiver.vectors import VALIDATION, VALIDATION_SIGNATURE

TENANT = "0f6d1c1e-6d3c-4b1e-9a55-7a1f2f1f8a11"
SHORT = ReceiverLimits(
    webhook=WebhookLimits(answer_s=0.3), commit=CommitLimits(commit_s=0.3), ready_s=0.3
)


@pytest.fixture
async def cable(database_url: str) -> AsyncIterator[Cable]:
    """A wire to the database that can be cut."""
    async with cable_to(database_url) as laid:
        yield laid


@pytest.fixture
async def far_database(cable: Cable, database: Database) -> AsyncIterator[Database]:
    """The database by way of the cable, with one organisation linked."""
    await link(database, TENANT)
    opened = await Database.connect(cable.url, min_size=1, max_size=4)
    yield opened
    await cable.mend()
    await opened.close()


@asynccontextmanager
async def locked(database: Database) -> AsyncIterator[None]:
    """Keep everybody else out of the table of deliveries."""
    async with database.transaction() as conn:
        await conn.execute("LOCK TABLE delivery IN ACCESS EXCLUSIVE MODE")
        yield


async def until(true: Callable[[], bool]) -> None:
    """Let others run until something is true; fail after a generous while."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110  # a metric has no event, and needs none
            await asyncio.sleep(0)


async def until_blocked(database: Database, sessions: int = 1) -> None:
    """Wait until that many sessions wait for a lock."""
    async with asyncio.timeout(10):
        while sessions > await database.fetchval(
            """SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'"""
        ):
            pass


async def test_intent_to_receive_passes_while_the_database_is_away(
    far_database: Database, cable: Cable
) -> None:
    """The check tells Xero whether we are there, and we are."""
    async with serving(far_database) as service:
        await cable.cut()
        text = VALIDATION_SIGNATURE.decode()
        wrong = ("B" + text[1:], text[:22] + "A" + text[23:])

        statuses = [
            (await service.post(VALIDATION, signed)).status_code for signed in (text, *wrong, text)
        ]

        assert statuses == [200, 401, 401, 200]


async def test_database_away_is_503_and_the_same_delivery_passes_later(
    far_database: Database, cable: Cable
) -> None:
    """Xero keeps it and sends it again; nothing is lost and nothing doubled."""
    body = delivery(event(TENANT))
    async with serving(far_database) as service:
        await cable.cut()
        assert (await service.post(body)).status_code == 503
        assert service.count("deliveries_total", outcome="database") == 1

        await cable.mend()
        assert (await service.post(body)).status_code == 200
        assert column(await deliveries(far_database), "outcome") == ["accepted"]
        assert len(await notices(far_database)) == 1


async def test_readiness_follows_the_database(far_database: Database, cable: Cable) -> None:
    """A load balancer stops sending where nothing could be kept."""
    async with serving(far_database, limits=SHORT) as service:
        assert (await service.client.get("/readyz")).status_code == 200

        await cable.cut()
        answer = await service.client.get("/readyz")
        assert (answer.status_code, answer.json()["reason"]) == (503, "database")
        assert (await service.client.get("/livez")).status_code == 200

        await cable.mend()
        assert (await service.client.get("/readyz")).status_code == 200


async def test_silent_database_is_503_in_time(far_database: Database, cable: Cable) -> None:
    """A machine that fell off the network refuses nothing and answers nothing."""
    async with serving(far_database, limits=SHORT) as service:
        await far_database.fetchval("SELECT 1")
        cable.block()

        assert (await service.post(delivery(event(TENANT)))).status_code == 503
        assert (await service.client.get("/readyz")).status_code == 503
        assert service.count("deliveries_total", outcome="late") == 1

        await cable.mend()
        assert (await service.post(delivery(event(TENANT), first=8))).status_code == 200


async def test_no_commit_within_the_deadline_is_503_and_harmless(database: Database) -> None:
    """Even if it is committed after the 503: sent again, it is known by its digest."""
    await link(database, TENANT)
    body = delivery(event(TENANT))
    limits = ReceiverLimits(webhook=WebhookLimits(answer_s=0.2))
    async with serving(database, limits=limits) as service:
        async with locked(database):
            assert (await service.post(body)).status_code == 503
            assert service.count("deliveries_total", outcome="late") == 1

        await until(lambda: service.count("commit_seconds_count") == 1)  # the 503 was committed
        assert (await service.post(body)).status_code == 200

        assert sorted(column(await deliveries(database), "outcome")) == ["accepted", "repeated"]
        assert column(await notices(database), "coalesced") == [1]


async def test_deliveries_that_arrive_during_a_commit_share_the_next(database: Database) -> None:
    """One slow commit, five deliveries behind it, two commits in all."""
    await link(database, TENANT)
    async with serving(database) as service:
        async with locked(database):
            first = asyncio.create_task(service.post(delivery(event(TENANT))))
            await until_blocked(database)
            others = [
                asyncio.create_task(service.post(delivery(event(TENANT), first=number)))
                for number in range(5)
            ]
            await until(lambda: service.count("deliveries_waiting") == 5)
        answers = await asyncio.gather(first, *others)

        assert [answer.status_code for answer in answers] == [200] * 6
        assert service.count("commit_seconds_count") == 2
        assert service.count("commit_deliveries_sum") == 6
        assert len(await notices(database)) == 6


async def test_full_line_is_503_and_not_ready(database: Database) -> None:
    """Memory is bounded; Xero has more patience than we have room."""
    await link(database, TENANT)
    limits = ReceiverLimits(commit=CommitLimits(waiting=1))
    async with serving(database, limits=limits) as service:
        async with locked(database):
            first = asyncio.create_task(service.post(delivery(event(TENANT))))
            await until_blocked(database)
            second = asyncio.create_task(service.post(delivery(event(TENANT))))
            await until(lambda: service.count("deliveries_waiting") == 1)

            assert (await service.post(delivery(event(TENANT)))).status_code == 503
            ready = await service.client.get("/readyz")
            assert (ready.status_code, ready.json()["reason"]) == (503, "not_accepting")
        assert [(await first).status_code, (await second).status_code] == [200, 200]
        assert service.count("deliveries_total", outcome="full") == 1


async def test_bodies_in_hand_are_bounded_together(database: Database) -> None:
    """A crowd of senders can't fill the memory, signed or not."""
    limits = ReceiverLimits(webhook=WebhookLimits(bodies=200))
    async with serving(database, limits=limits) as service:
        assert (await service.post(b"x" * 201, "")).status_code == 503
        assert (await service.post(b"x" * 200, "")).status_code == 401
        assert (await service.post(VALIDATION)).status_code == 200


async def test_stopping_answers_what_was_accepted(database: Database) -> None:
    """SIGTERM in the middle of a commit: the sender gets its 200, and newcomers none."""
    await link(database, TENANT)
    body = delivery(event(TENANT))
    async with serving(database) as service:
        async with locked(database):
            accepted = asyncio.create_task(service.post(body))
            await until_blocked(database)
            service.stop.set()
            await _until_refused(service)
        assert (await accepted).status_code == 200

    assert column(await deliveries(database), "outcome") == ["accepted"]


async def _until_refused(service: Service) -> None:
    async with asyncio.timeout(10), httpx.AsyncClient(base_url=service.url) as newcomer:
        with suppress(httpx.TransportError):
            while True:
                await newcomer.get("/livez", headers={"connection": "close"})


async def test_senders_that_give_up_harm_nobody(database: Database) -> None:
    """A connection lost while its delivery waits: the others in the commit are answered."""
    await link(database, TENANT)
    async with serving(database) as service:
        async with locked(database):
            body = delivery(event(TENANT))
            _, writer = await asyncio.open_connection("127.0.0.1", service.port)
            head = (
                f"POST /webhooks/xero HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
                f"x-xero-signature: {signature(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            await until_blocked(database)
            stays = asyncio.create_task(service.post(delivery(event(TENANT), first=8)))
            await until(lambda: service.count("deliveries_waiting") == 1)
            writer.transport.abort()
        assert (await stays).status_code == 200

    assert len(await notices(database)) == 2
