"""Xero's official SDK works through the proxy, by base URL and an API key as its token."""

import asyncio
import importlib
from collections.abc import Iterator
from typing import Any

import pytest
from xero_python.accounting import Contact, Contacts
from xero_python.exceptions import AccountingBadRequestException, HTTPStatusException
from xero_python.payrolluk import PayrollUkApi

from tests.api.sdk_world import ProxiedWorld, proxied
from tests.conftest import TestServer
from tests.simulator.sdk.calls import CALLS

for module in (
    "calls_bank",
    "calls_documents",
    "calls_files",
    "calls_money",
    "calls_people",
    "calls_promises",
    "calls_reports",
    "calls_settings",
):
    importlib.import_module(f"tests.simulator.sdk.{module}")

# The SDK asks urllib3 for headers in a way that urllib3 has given up since.
pytestmark = pytest.mark.filterwarnings(r"ignore:HTTPResponse\.getheaders?\(\):DeprecationWarning")


def _tried() -> list[Any]:
    """Every call of the SDK; the quick run tries those about files and every fourth other one."""
    return [
        name
        if at % 4 == 0 or "attachment" in name or "pdf" in name
        else pytest.param(name, marks=pytest.mark.proof)
        for at, name in enumerate(sorted(CALLS))
    ]


@pytest.fixture(scope="module")
def world(postgres_server: TestServer) -> Iterator[ProxiedWorld]:
    """An organisation that the SDK reaches through the proxy alone."""
    name = "proxied_sdk"
    create = f"CREATE DATABASE {name} TEMPLATE {postgres_server.template} STRATEGY file_copy"
    asyncio.run(postgres_server.order(create))
    with proxied(postgres_server.url_of(name)) as found:
        yield found
    asyncio.run(postgres_server.order(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.mark.parametrize("name", _tried())
def test_call_works_through_the_proxy(world: ProxiedWorld, name: str) -> None:
    """What the SDK does at Xero it does here, with the same outcome: bytes of files, too."""
    CALLS[name](world)


def test_refusals_are_the_sdks_own_errors(world: ProxiedWorld) -> None:
    """It finds Xero's sentences where it looks for them."""
    with pytest.raises(AccountingBadRequestException) as caught:
        world.api.create_contacts(world.tenant, Contacts(contacts=[Contact(name="")]))
    with pytest.raises(HTTPStatusException) as missing:
        world.api.get_invoice(world.tenant, "00000000-0000-4000-8000-000000000000")

    assert caught.value.reason == "The contact name must be specified"
    assert missing.value.status == 404


def test_other_apis_are_reached_and_connections_are_not(world: ProxiedWorld) -> None:
    """Payroll is the organisation's; the list of connections is the app's, of everybody."""
    payroll = PayrollUkApi(world.client, base_url=f"{world.base_url}/payroll.xro/2.0")

    assert payroll.get_employees(world.tenant).employees
    with pytest.raises(HTTPStatusException) as caught:
        world.identity.get_connections()
    assert caught.value.status == 400


def test_another_organisation_is_not_found(world: ProxiedWorld) -> None:
    """The SDK's own header names it, and is held to what the key may see."""
    with pytest.raises(HTTPStatusException) as caught:
        world.api.get_organisations("00000000-0000-4000-8000-000000000000")

    assert caught.value.status == 404
