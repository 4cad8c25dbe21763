"""Roles put together: whose word counts for readiness, and what a process does before its work."""

import asyncio

import httpx

from ledgerwire.roles import owner_name
from tests.ledgerwire.process import process_of

CRM_SAYS = "no round has been completed yet"


async def readiness(client: httpx.AsyncClient) -> tuple[int, dict[str, str]]:
    """Status and what each check says, without the errors' names."""
    answer = await client.get("/readyz")
    checks: dict[str, str] = answer.json()["checks"]
    return answer.status_code, {name: said.partition(":")[0] for name, said in checks.items()}


async def test_receiver_is_ready_though_kafka_is_away(database_url: str) -> None:
    """In whatever company: it can durably accept, and Xero must not be turned away."""
    async with process_of(
        "receiver", "api", "handlers", "crm", database_url=database_url
    ) as client:
        status, checks = await readiness(client)

    assert status == 200
    assert checks == {
        "database": "ok", "receiver": "ok", "worker": "ok", "relay": "ok", "crm": CRM_SAYS,
    }  # fmt: skip


async def test_computing_roles_answer_for_themselves(database_url: str) -> None:
    """Nobody sends them traffic; what they need decides."""
    async with process_of("handlers", "crm", database_url=database_url) as client:
        status, checks = await readiness(client)

    assert status == 503
    assert checks == {"database": "ok", "worker": "ok", "relay": "ok", "crm": CRM_SAYS}


def test_containers_of_one_name_are_told_apart() -> None:
    """In each of them our process has the same number, and neither may take the other's leases for
    its own."""
    assert owner_name() != owner_name()


async def test_no_work_before_the_schema_is_there(database_url: str) -> None:
    """Loops would fail on tables that do not exist; HTTP says what is missing, and that we live."""
    begun = asyncio.Event()

    async def prepare() -> None:
        begun.set()
        await asyncio.Event().wait()

    async with process_of("receiver", "handlers", database_url=database_url, prepare=prepare) as (
        client
    ):
        await begun.wait()
        status, checks = await readiness(client)
        live = await client.get("/livez")
        metrics = await client.get("/metrics")

    assert (status, checks["database"]) == (503, "the schema is not up to date yet")
    assert live.status_code == metrics.status_code == 200
