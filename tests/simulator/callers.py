"""Helpers of these tests: a clock to turn, a caller who went through consent, a webhook sink."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator import intent, webhooks
from simulator.config import OpeningBooks, SimulatorConfig
from simulator.server import LoopServer, RunningSimulator

EMPTY = OpeningBooks(contacts=0, invoices=0, bills=0)
SMALL = OpeningBooks(contacts=6, invoices=14, bills=6, months=3)
REDIRECT = "http://localhost:8000/connect/callback"
SCOPES = (
    "openid email offline_access accounting.settings accounting.contacts "
    "accounting.invoices accounting.payments accounting.banktransactions "
    "accounting.manualjournals"
)
API = "/api.xro/2.0"


@dataclass
class TurnedClock:
    """Business time that moves only when told."""

    at: datetime = field(default_factory=lambda: datetime(2026, 3, 10, 2, 30, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.at

    def turn(self, **by: float) -> None:
        """Go forward."""
        self.at += timedelta(**by)


class Caller:
    """An app with a token for one organisation, as Xero's callers have."""

    def __init__(self, running: RunningSimulator) -> None:
        self.running = running
        self.http = httpx.AsyncClient(base_url=running.base_url, timeout=10, verify=False)  # noqa: S501  # loopback, no TLS
        self.tenant_id = next(iter(running.books)).id
        self.tokens: dict[str, Any] = {}

    @property
    def basic(self) -> tuple[str, str]:
        """The ready app's id and secret."""
        config = self.running.config
        return config.ready_client_id(), config.ready_client_secret()

    def asked(self, **more: str) -> dict[str, str]:
        """The parameters of an authorisation request."""
        return {
            "response_type": "code",
            "client_id": self.basic[0],
            "redirect_uri": REDIRECT,
            "scope": SCOPES,
            "state": "s-123",
            **more,
        }

    async def consent(self, *tenants: str, **more: str) -> dict[str, list[str]]:
        """Agree to organisations; returns the callback's parameters."""
        form: dict[str, Any] = {**self.asked(**more), "tenant": list(tenants or [self.tenant_id])}
        answer = await self.http.post("/identity/connect/authorize", data=form)
        assert answer.status_code == 302, answer.text
        return parse_qs(urlsplit(answer.headers["location"]).query)

    async def token(self, **form: str) -> httpx.Response:
        """One call of the token endpoint as the ready app."""
        return await self.http.post("/connect/token", data=form, auth=self.basic)

    async def link(self, *tenants: str, **more: str) -> Self:
        """Consent and exchange the code."""
        code = (await self.consent(*tenants, **more))["code"][0]
        answer = await self.token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT)
        assert answer.status_code == 200, answer.text
        self.tokens = answer.json()
        return self

    @property
    def headers(self) -> dict[str, str]:
        """Authorization, organisation and Accept."""
        return {
            "Authorization": f"Bearer {self.tokens['access_token']}",
            "xero-tenant-id": self.tenant_id,
            "Accept": "application/json",
        }

    async def get(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """GET below the accounting API."""
        return await self.http.get(
            f"{API}/{path}", params=params, headers={**self.headers, **(headers or {})}
        )

    async def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        """POST below the accounting API; header names take underscores."""
        return await self._write("POST", path, body, headers)

    async def put(self, path: str, body: object, **headers: str) -> httpx.Response:
        """PUT below the accounting API."""
        return await self._write("PUT", path, body, headers)

    async def control(self, path: str, body: object = None) -> Any:
        """POST to the control API, or GET when there is nothing to say."""
        url = f"{self.running.control_url}/{path}"
        answer = await self.http.get(url) if body is None else await self.http.post(url, json=body)
        return answer.json()

    async def _write(
        self, method: str, path: str, body: object, headers: Mapping[str, str]
    ) -> httpx.Response:
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.request(
            method, f"{API}/{path}", json=body, headers={**self.headers, **more}
        )


@dataclass
class Received:
    """One POST that reached the sink."""

    body: bytes
    headers: dict[str, str]
    right: bool


class Sink:
    """A webhook receiver on a free port: checks signatures and can be told to fail."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.received: list[Received] = []
        self.answers: list[Response] = []
        self.broken: Response | None = None
        self._came = asyncio.Condition()
        self._app = Starlette(routes=[Route("/hook", self._hook, methods=["POST"])])
        self._server = LoopServer(self._app)
        self.url = ""

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        self.url = f"{self._server.address}/hook"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._server.__aexit__(kind, error, trace)

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events received, in order of arrival."""
        return [event for one in self.received for event in json.loads(one.body)["events"]]

    async def wait_for(self, posts: int) -> None:
        """Until so many POSTs have come."""
        async with asyncio.timeout(10), self._came:
            await self._came.wait_for(lambda: len(self.received) >= posts)

    async def _hook(self, request: Request) -> Response:
        body = await request.body()
        sent = request.headers.get(webhooks.SIGNATURE, "")
        right = sent == webhooks.sign(self.key, body)
        async with self._came:
            self.received.append(Received(body, dict(request.headers), right))
            self._came.notify_all()
        if self.broken is not None:
            return self.broken
        if self.answers:
            return self.answers.pop(0)
        return Response(status_code=200 if right else 401)


OK = intent.OK


def config(**wishes: Any) -> SimulatorConfig:
    """A small simulator with one organisation."""
    return SimulatorConfig(**{"tenants": 1, "opening": EMPTY, **wishes})
