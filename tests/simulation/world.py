"""The whole system of one history: Xero, receiver, handlers, and what lies between them.

The programs are wired as `ledgerwire.roles` wires them; only sockets are replaced. Each runs as a
part of its `Program`, so that it can be killed or put to sleep under the others.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import httpx
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from starlette.applications import Starlette

from handlers.metrics import HandlerMetrics
from handlers.reading import Reader
from handlers.schedule import SweepShare
from handlers.server import HandlersSettings, run_handlers
from handlers.workshop import Workshop
from ledgerwire.installation import Installation
from ledgerwire.settings import Settings
from ledgerwire.wiring.xero import HTTP_TIMEOUT, XeroSide
from receiver.app import WEBHOOK_PATH, Receiver, ReceiverLimits
from simulator.app import create_app
from simulator.claims import Asked
from simulator.config import DeliveryPolicy, OpeningBooks, SimulatorConfig, TenantSpec
from simulator.simulation import Simulation
from storage.notices import newest_notice_version
from tests.simulation.clock import BusinessOffset, SimulatedClock
from tests.simulation.database import Subscriptions, simulated_database
from tests.simulation.kafka import Broker, producers
from tests.simulation.loop import Program
from tests.simulation.weather import Weather
from tests.simulation.wire import Network
from unified.broker import BrokerSettings
from unified.resources import RESOURCES
from xero.oauth import Pkce
from xero.scopes import chosen_scopes

XERO, RECEIVER = "xero.test", "receiver.test"
CLIENT_ID = "5EEDED0000000000000000000000000A"
CLIENT_SECRET = WEBHOOK_KEY = "seeded"
REDIRECT = "http://localhost/connect/callback"
OWNER = "owner@example.com"

QUICK = DeliveryPolicy(
    spacing_s=(0.002, 0.3),
    batch_max=6,
    retry_schedule_s=(0.0, *([0.5] * 600)),
    concurrency=8,
    hold_s=3.0,
)


@cache
def _settings() -> Settings:
    return Settings(
        database_url="postgresql://simulated/simulated",
        kafka="simulated:9092",
        kafka_partitions=4,
        secret_keys=(SecretStr("c2ltdWxhdGVkIGtleXMgYXJlIDMyIGJ5dGVzIGxvbmc="),),
        xero_client_id=CLIENT_ID,
        xero_client_secret=SecretStr(CLIENT_SECRET),
        xero_webhook_keys=(SecretStr(WEBHOOK_KEY),),
        xero_api_url=f"http://{XERO}",
        xero_identity_url=f"http://{XERO}",
        xero_login_url=f"http://{XERO}",
    )


@dataclass
class Running:
    """A program of ours: how to stop it in good order, and the task that ends with it."""

    program: Program
    stop: asyncio.Event
    task: "asyncio.Task[None]"


class World:
    """One history's world; `begin` first."""

    def __init__(
        self, weather: Weather, tenants: Sequence[TenantSpec], books: OpeningBooks
    ) -> None:
        self.weather = weather
        self.loop = weather.loop
        self.offset = BusinessOffset()
        self.clock = SimulatedClock(self.loop, self.offset)
        weather.tick = self._tick
        self.network = Network(weather)
        self.broker = Broker(weather)
        self._listening = Subscriptions(weather)
        weather.notified = self._listening.notified
        self._kafka = BrokerSettings(bootstrap="simulated:9092", partitions=4)
        self.xero = Program("xero", self.loop)
        self.app: Starlette = create_app(
            SimulatorConfig(
                seed="seeded",
                tenants=tuple(tenants),
                opening=books,
                clock=self.clock.now,
                webhook_url=f"http://{RECEIVER}{WEBHOOK_PATH}",
                webhook_key=WEBHOOK_KEY,
                client_id=CLIENT_ID,
                client_secret=CLIENT_SECRET,
                client=self._webhook_client,
                delivery=QUICK,
                bulk_consent=True,
            )
        )
        self.simulation: Simulation = self.app.state.simulation
        self.handlers: list[Running] = []
        self.receiver: Running | None = None
        self._programs: list[Program] = []

    def begin(self) -> None:
        """Open Xero."""
        self.network.serve(XERO, self.app, self.xero)
        self.xero.spawn(self.simulation.courier.run())
        self.start_receiver()

    def _tick(self) -> None:
        self.weather.engine.set_clock(self.clock.real())

    def _webhook_client(self) -> httpx.AsyncClient:
        client = self.network.client()
        del client.headers["user-agent"]
        return client

    def _program(self, role: str) -> Program:
        made = Program(f"{role}-{len(self._programs) + 1}", self.loop)
        self._programs.append(made)
        return made

    def _installation(self, program: Program, skew: timedelta = timedelta(0)) -> Installation:
        database = simulated_database(self.weather, program, self._listening)
        clock = SimulatedClock(self.loop, self.offset, skew)
        return Installation(_settings(), database, "", self._kafka, clock)

    # --- the programs

    def start_receiver(self) -> None:
        """A receiver, under the address that Xero knows."""
        program = self._program("receiver")
        here = self._installation(program)
        receiver = Receiver(
            here.db,
            here.settings.xero_webhook_keys,
            clock=here.clock,
            registry=CollectorRegistry(),
            limits=ReceiverLimits(),
        )
        stop = asyncio.Event()

        async def run() -> None:
            async with receiver.running():
                self.network.serve(RECEIVER, receiver.webhook, program)
                await stop.wait()
                self.network.leave(RECEIVER)

        self.receiver = Running(program, stop, program.spawn(run()))

    def start_handlers(self, *, skew_s: float = 0.0) -> Running:
        """One more handlers process."""
        program = self._program("handlers")
        here = self._installation(program, timedelta(seconds=skew_s))
        stop = asyncio.Event()
        running = Running(program, stop, program.spawn(self._run_handlers(here, program, stop)))
        self.handlers.append(running)
        return running

    async def _run_handlers(
        self, here: Installation, program: Program, stop: asyncio.Event
    ) -> None:
        async with self.network.client(timeout=HTTP_TIMEOUT, follow_redirects=False) as http:
            xero = XeroSide.build(here, http, lending=False)
            metrics = HandlerMetrics(CollectorRegistry())

            async def newest_notice() -> int:
                return await newest_notice_version(here.db)

            async def make_topics() -> None:
                """Topics are made by writing to them."""

            shop = Workshop(
                db=here.db,
                reader=Reader(client=xero.client, metrics=metrics, newest_notice=newest_notice),
                budget=xero.budget,
                clock=here.clock,
                metrics=metrics,
                share=SweepShare(),
                webhooks=True,
            )
            settings = HandlersSettings(owner=program.name)
            await run_handlers(
                shop, here.broker, settings, stop,
                make_topics=make_topics, make_producer=producers(self.broker),
            )  # fmt: skip

    def kill(self, running: Running) -> None:
        """SIGKILL."""
        running.program.kill()
        if running in self.handlers:
            self.handlers.remove(running)

    def killed(self) -> list[str]:
        """The names of programs that were killed: under them they held leases."""
        return [program.name for program in self._programs if program.killed]

    def end(self) -> None:
        """Kill whatever runs still."""
        for program in (*self._programs, self.xero):
            program.kill()

    # --- linking

    async def link(self) -> None:
        """Consent to every organisation, as a person's browser and the api would."""
        program = self._program("api")
        here = self._installation(program)
        await program.spawn(self._consent(here))

    async def _consent(self, here: Installation) -> None:
        identity = self.simulation.identity
        async with self.network.client(timeout=HTTP_TIMEOUT) as http:
            xero = XeroSide.build(here, http, lending=False)
            pkce = Pkce.fresh()
            scopes = chosen_scopes("", [resource.endpoint for resource in RESOURCES])
            asked = Asked(
                CLIENT_ID, identity.user(OWNER), REDIRECT, frozenset(scopes), pkce.challenge, None
            )
            code = identity.consent(asked, [tenant.id for tenant in self.simulation.books])
            tokens = await xero.oauth.exchange(code, redirect_uri=REDIRECT, verifier=pkce.verifier)
            await xero.consents.keep(tokens, external_id="simulated")

    def steer(self, faults: dict[str, Any]) -> None:
        """Ask the simulator for faults."""
        self.simulation.faults.ask(faults)
