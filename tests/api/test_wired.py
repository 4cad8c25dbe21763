"""The api as it is wired: what callers reach beside the unified resources."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from ledgerwire.demo.linking import link_all
from simulator.config import OpeningBooks, SimulatorConfig
from simulator.server import RunningSimulator
from tests.api.feeding import commit
from tests.api.served import ServedApi, served_api

SMALL = OpeningBooks(contacts=1, invoices=1, bills=0, months=1)


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[ServedApi]:
    """An api with one linked organisation."""
    config = SimulatorConfig(seed=6, tenants=1, opening=SMALL)
    async with (
        RunningSimulator(config) as simulator,
        served_api(database_url, simulator) as served,
    ):
        await link_all(served.url, list(served.tenants), external_id="test")
        yield served


async def test_proxy_and_feed_are_served(api: ServedApi) -> None:
    """A call reaches Xero under the organisation's token; a commit ends the wait of a follower."""
    [tenant_id] = api.tenants
    headers = {**await api.key("read", "proxy"), "Xero-Tenant-Id": tenant_id}

    answer = await api.http.get("/v1/proxy/api.xro/2.0/Organisation", headers=headers)
    async with asyncio.timeout(30):
        begun = await api.http.get("/v1/events", params={"after": "now"}, headers=headers)
        after = {"after": begun.json()["next_cursor"], "wait": "20"}
        waiting = asyncio.create_task(api.http.get("/v1/events", params=after, headers=headers))
        await commit(api.db, tenant_id)
        found = (await waiting).json()

    assert answer.status_code == 200
    assert tenant_id in answer.text
    assert [event["tenantid"] for event in found["result"]] == [tenant_id]
