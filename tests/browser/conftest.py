"""One Chromium, and one stage for all tests here: simulator, api, and the example product.

Everything lives in one loop for all of them, since a browser takes seconds to start. Each test has
a browser context (cookies, windows) of its own, and ends what it has linked.
"""

import importlib.util
import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, async_playwright, expect
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from simulator.config import OpeningBooks, SimulatorConfig
from simulator.server import RunningSimulator
from storage.api_keys import create_api_key
from tests.api.served import ServedApi, served_api
from tests.brokers import chromium
from tests.conftest import TestServer
from tests.ledgerwire.serving import serving

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "linking" / "app.py"
IMAGES = ROOT / "docs" / "images"
SMALL = OpeningBooks(contacts=1, invoices=1, bills=0, months=1)
PATIENCE_MS = 20_000  #: on a machine that does other work as well

#: Nothing leaves the machine; --no-sandbox since CI runs as root.
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Stage:
    """What runs beside the browser.

    Attributes:
        product: address of the example product, another origin than the api's.
        stranger: the same page, of an origin that the settings do not name.
    """

    api: ServedApi
    browser: Browser
    product: str
    stranger: str


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(postgres_server: TestServer) -> AsyncIterator[Stage]:
    """Everything started; Xero is of a tier that lets several organisations be chosen."""
    name = f"browser_{next(_numbers)}"
    await postgres_server.order(f"CREATE DATABASE {name} TEMPLATE {postgres_server.template}")
    config = SimulatorConfig(seed=8, tenants=3, tier="advanced", opening=SMALL)
    expect.set_options(timeout=PATIENCE_MS)
    app = _Later()
    served = Starlette(routes=[Mount("/", app)])
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(RunningSimulator(config))
        product, stranger = [
            f"http://localhost:{await stack.enter_async_context(serving(served))}" for _ in range(2)
        ]
        api = await stack.enter_async_context(
            served_api(postgres_server.url_of(name), simulator, return_origins=(product,))
        )
        key = await create_api_key(api.db, "product", scopes=["admin"])
        example = _example()
        client = await stack.enter_async_context(example.client(api.url, key.text))
        app.app = example.create_app(client)
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        stack.push_async_callback(browser.close)
        yield Stage(api, browser, product, stranger)
    await postgres_server.order(f"DROP DATABASE {name} WITH (FORCE)")


@pytest_asyncio.fixture(loop_scope="session")
async def context(stage: Stage) -> AsyncIterator[BrowserContext]:
    """A browser without cookies; afterwards nothing is linked any more."""
    context = await stage.browser.new_context(viewport={"width": 720, "height": 640})
    context.set_default_timeout(PATIENCE_MS)
    yield context
    await context.close()
    stage.api.simulator.simulation.identity.connections.clear()
    await stage.api.db.execute("TRUNCATE tenant, link_session, link_attempt CASCADE")


class _Later:
    """The product, which is made when Ledgerwire's address is known; that needs its own."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self.app(scope, receive, send)


def _example() -> ModuleType:
    """The program that the documents show."""
    spec = importlib.util.spec_from_file_location("linking_example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
