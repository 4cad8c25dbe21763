"""XeroClient against the simulator: real formats, paging, limits, tokens and faults."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from simulator.config import OpeningBooks, SimulatorConfig
from simulator.server import RunningSimulator
from tests.xero.doubles import NOW, CountingBudget, ListedTokens, TickingTime
from unified.clock import ManualClock
from unified.ids import TenantId
from unified.resources import RESOURCES, resource
from xero.calling import XeroCalls
from xero.client import XeroClient
from xero.errors import (
    AccessTokenRefused,
    RateLimited,
    ResourceMissing,
    ScopeMissing,
    TenantRefused,
    UndecodableAnswer,
    XeroError,
    XeroUnreachable,
)
from xero.limits import ConcurrentCalls
from xero.oauth import OAuthClient, XeroApp
from xero.scopes import app_scopes_for
from xero.urls import XeroUrls

CONTACTS = resource("contact").endpoint
INVOICES = resource("invoice").endpoint
ORGANISATION = resource("company_info").endpoint
SCOPES = app_scopes_for(each.endpoint for each in RESOURCES)
BOOKS = OpeningBooks(contacts=5, invoices=12, bills=6, months=2)


class Rig:
    """A client, the simulator, and the clock that both live by."""

    def __init__(self, simulator: RunningSimulator, http: httpx.AsyncClient) -> None:
        told = simulator.announcement
        urls = XeroUrls.at(simulator.base_url)
        app = XeroApp(client_id=told["client_id"], client_secret=told["client_secret"])
        self.simulator = simulator
        self.tenant = TenantId(told["tenants"][0]["tenant_id"])
        self.clock = ManualClock(NOW)
        self.oauth = OAuthClient(http, urls, app=app, clock=self.clock)
        self.tokens = ListedTokens([])
        self.budget = CountingBudget()
        self.calls = ConcurrentCalls()
        self.client = XeroClient(
            XeroCalls(
                http,
                urls,
                tokens=self.tokens,
                budget=self.budget,
                database_time=TickingTime(),
                clock=self.clock,
                places=self.calls,
            )
        )

    async def add_token(self, scopes: tuple[str, ...] = SCOPES) -> None:
        """One more token, for the first call or for a refresh."""
        self.tokens.tokens.append((await self.oauth.client_credentials(scopes)).access_token)

    def fault(self, **fault: Any) -> None:
        """Let the next call go wrong."""
        self.simulator.simulation.faults.ask({"calls": [{"path": "/api.xro", **fault}]})

    async def walk(self, page_size: int) -> list[dict[str, Any]]:
        """All invoices, page by page."""
        items: list[dict[str, Any]] = []
        page_number = 0
        while True:
            page_number += 1
            page = await self.client.get_page(
                self.tenant, INVOICES, page=page_number, page_size=page_size
            )
            items += page.items
            if page_number == page.page_count:
                assert page.item_count == len(items)
                return items


@asynccontextmanager
async def _rig(**config: Any) -> AsyncIterator[Rig]:
    clock = ManualClock(NOW)
    made = SimulatorConfig(seed=3, tenants=1, opening=BOOKS, clock=clock.now, **config)
    async with RunningSimulator(made) as simulator, httpx.AsyncClient() as http:
        rig = Rig(simulator, http)
        rig.clock = clock
        await rig.add_token()
        yield rig


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """One organisation with a few documents, and a token that covers what we read."""
    async with _rig() as started:
        yield started


def test_address_is_made_of_api_and_parts() -> None:
    """Other APIs have other beginnings; an endpoint's name in our books need not be its address."""
    urls = XeroUrls()
    payroll = replace(CONTACTS, path="AU/Employees", api="payroll.xro/1.0", address="Employees")

    assert CONTACTS.parts == ("Contacts",)
    assert payroll.parts == ("Employees",)
    assert urls.below(payroll.api, *payroll.parts, "a b") == (
        "https://api.xero.com/payroll.xro/1.0/Employees/a%20b"
    )
    assert urls.accounting("Contacts") == urls.below(CONTACTS.api, *CONTACTS.parts)


async def test_all_pages_hold_every_invoice_once(rig: Rig) -> None:
    """Walked by id, whatever the size of a page."""
    small, large = await rig.walk(5), await rig.walk(1000)

    ids = [item["InvoiceID"] for item in small]
    assert len(ids) == len(set(ids)) > 10
    assert sorted(ids) == sorted(item["InvoiceID"] for item in large)
    assert all(item["LineItems"] for item in small)


async def test_page_past_the_end_is_empty(rig: Rig) -> None:
    """Xero answers 200 there."""
    page = await rig.client.get_page(rig.tenant, INVOICES, page=99, page_size=100)

    assert page.items == []


async def test_reads_by_ids_are_as_full_as_single_ones(rig: Rig) -> None:
    """Both bring lines; a list without a page would not."""
    wanted = [item["InvoiceID"] for item in await rig.walk(100)][:7]

    page = await rig.client.get_by_ids(rig.tenant, INVOICES, wanted)
    single = await rig.client.get_single(rig.tenant, INVOICES, wanted[0])
    thin = await rig.client.get_list(rig.tenant, INVOICES)

    assert {item["InvoiceID"] for item in page.items} == set(wanted)
    (same,) = [item for item in page.items if item["InvoiceID"] == wanted[0]]
    assert len(same["LineItems"]) == len(single.items[0]["LineItems"]) > 0
    assert not any(item.get("LineItems") for item in thin.items)


async def test_organisation_comes_in_one_piece(rig: Rig) -> None:
    """Its id is the tenant's."""
    page = await rig.client.get_list(rig.tenant, ORGANISATION)

    assert [item["OrganisationID"] for item in page.items] == [rig.tenant]
    assert page.page_count is None


async def test_only_changes_come_since_a_time(rig: Rig) -> None:
    """The sweep's question, a second or more too much rather than too little."""
    everything = await rig.client.get_page(rig.tenant, CONTACTS, page=1, page_size=1000)

    nothing = await rig.client.get_page(
        rig.tenant,
        CONTACTS,
        page=1,
        page_size=1000,
        modified_since=NOW + timedelta(days=1),
    )

    assert (len(everything.items) >= 5, nothing.items) == (True, [])


async def test_ended_token_is_replaced_on_the_way(rig: Rig) -> None:
    """Half an hour later the first token is dead."""
    rig.clock.advance(timedelta(minutes=31))
    await rig.add_token()

    page = await rig.client.get_list(rig.tenant, ORGANISATION)

    assert len(page.items) == 1
    assert len(rig.tokens.rejected) == 1


async def test_made_up_token_is_refused_after_one_refresh(rig: Rig) -> None:
    """The other shape of 401."""
    rig.tokens.tokens[:] = ["made-up", "made-up-too"]
    with pytest.raises(AccessTokenRefused):
        await rig.client.get_list(rig.tenant, ORGANISATION)

    assert rig.tokens.rejected == ["made-up"]


async def test_token_without_the_scope_says_so(rig: Rig) -> None:
    """Also 401, and no refresh would help."""
    rig.tokens.tokens.clear()
    await rig.add_token(("accounting.contacts.read",))
    with pytest.raises(ScopeMissing):
        await rig.client.get_list(rig.tenant, ORGANISATION)

    assert rig.tokens.rejected == []


async def test_other_tenant_is_refused(rig: Rig) -> None:
    """Never linked, or not any more."""
    stranger = TenantId("00000000-0000-4000-8000-000000000000")
    with pytest.raises(TenantRefused):
        await rig.client.get_list(stranger, ORGANISATION)

    assert rig.tokens.refused == [stranger]


async def test_unknown_invoice_is_missing(rig: Rig) -> None:
    """404 with a page of HTML."""
    with pytest.raises(ResourceMissing):
        await rig.client.get_single(rig.tenant, INVOICES, "00000000-0000-4000-8000-000000000000")


async def test_sixty_first_call_of_a_minute_is_told_to_wait(rig: Rig) -> None:
    """Xero's own words end in the error and in the budget."""
    for _ in range(60):
        await rig.client.get_list(rig.tenant, ORGANISATION)
    with pytest.raises(RateLimited) as caught:
        await rig.client.get_list(rig.tenant, ORGANISATION)

    assert caught.value.problem == "minute"
    assert 0 < caught.value.retry_after_s <= 60
    assert rig.budget.limits[59].minute_remaining == 0


async def test_never_more_than_five_calls_are_in_flight() -> None:
    """The sixth would be refused; here it waits."""
    async with _rig(latency_s=(0.005, 0.01)) as rig:
        pages = await asyncio.gather(
            *(rig.client.get_list(rig.tenant, ORGANISATION) for _ in range(20))
        )

        assert len(pages) == 20
        assert rig.budget.refusals == []
        assert rig.calls.in_flight(rig.tenant) == 0


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "status": 503}, XeroUnreachable),
        ({"kind": "status", "status": 500}, XeroUnreachable),
        ({"kind": "html", "status": 502}, XeroUnreachable),
        ({"kind": "drop"}, XeroUnreachable),
        ({"kind": "truncated"}, UndecodableAnswer),
        ({"kind": "limit", "problem": "concurrent"}, RateLimited),
        ({"kind": "limit", "problem": "day", "retry_after_s": 66975}, RateLimited),
    ],
)
async def test_every_fault_is_an_error_of_the_tree_and_passes(
    rig: Rig, fault: dict[str, Any], error: type[XeroError]
) -> None:
    """And the next call works, with no place left behind."""
    rig.fault(**fault)
    with pytest.raises(error):
        await rig.client.get_list(rig.tenant, ORGANISATION)

    assert len(rig.budget.sizes) == 1
    assert (await rig.client.get_list(rig.tenant, ORGANISATION)).items
    assert rig.calls.in_flight(rig.tenant) == 0


async def test_cancelled_call_gives_its_place_back(rig: Rig) -> None:
    """A worker that loses its lease drops its calls; the tenant must not stay short of one."""
    rig.fault(kind="slow", seconds=30)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await rig.client.get_list(rig.tenant, ORGANISATION)

    assert rig.calls.in_flight(rig.tenant) == 0
