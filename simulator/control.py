"""The control API below `{base}/control`: steering a simulator over HTTP. JSON in and out.

GET  /books[?tenant=ID]   every organisation's raw books: {"tenants": [{"tenant_id", "name",
                          "Organisation", "Contacts", "Invoices", "Payments"}]}, each record
                          as a single GET with unitdp=4 would give it; archived contacts,
                          voided and deleted documents and deleted payments included
GET  /stats               {"tenants": {id: {"name", "calls", "bytes", "refused"}},
                          "deliveries": {counters, "pending", "stored", "last_sequence"},
                          "subscription", "playing", "actions"}; quiet when "pending" is 0
                          and "playing" is false
GET  /announcement        what `ledgerwire simulate --json` prints
POST /play                {"rate": per second, "seconds": s | "actions": n}; rate 0 stops
POST /act                 {"actions": n, "tenant_id"?}: now, all at once; {"done": n}
POST /faults              see faults.py: {"clear"?, "calls"?: [{"kind", "times"?, ...}],
                          "deliveries"?: {"lose"|"repeat"|"delay"|"reorder": probability,
                          "next": {kind: count}, "delay_s"}}
GET  /faults              those still waiting to strike
POST /deliveries          {"timeout_s"?: 30}: deliver everything now and wait until it is
                          acknowledged or given up; {"pending": n}
GET  /webhook             {"url", "key", "state"}
POST /webhook             {"url", "key"?, "validate"?: true}: set, run intent to receive, and
                          enable when passed; {"message", "detail", "state"}
POST /tenants             {"name"?, "currency"?, "tenant_id"?, "contacts"?, "invoices"?,
                          "bills"?, "months"?}: add an organisation
DELETE /tenants/{id}      it vanishes: no connection shows it, its calls get 403
POST /tenants/{id}/disconnect   its users disconnect the app in Xero
POST /tenants/{id}/lock   {"period"?: day, "year"?: day}: lock dates
POST /edit                {"tenant_id", "path": "Invoices[/id]", "method"?: "POST", "body"}:
                          a write past authorization and limits; answers as Xero would
POST /merge               {"tenant_id", "source", "target"}: merge two contacts
POST /revoke              {"user"?: e-mail}: the user withdraws the app
"""

import dataclasses
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from simulator import wire
from simulator.config import TenantSpec
from simulator.elements import day
from simulator.endpoints import Query, elements_of
from simulator.faults import FaultUnknown
from simulator.opening import open_books
from simulator.player import Player
from simulator.refusals import NotFound, Refusal, Refused
from simulator.resources import ENDPOINTS
from simulator.simulation import Simulation

_DEFAULT_USER = "owner@example.com"


class Control:
    """Routes that steer a simulation."""

    def __init__(self, simulation: Simulation, player: Player) -> None:
        self._sim = simulation
        self._player = player

    def mount(self) -> Mount:
        """All of them, below /control."""
        return Mount(
            "/control",
            routes=[
                Route("/books", self.books, methods=["GET"]),
                Route("/stats", self.stats, methods=["GET"]),
                Route("/announcement", self.announcement, methods=["GET"]),
                Route("/play", self.play, methods=["POST"]),
                Route("/act", self.act, methods=["POST"]),
                Route("/faults", self.faults, methods=["GET", "POST"]),
                Route("/deliveries", self.deliveries, methods=["POST"]),
                Route("/webhook", self.webhook, methods=["GET", "POST"]),
                Route("/tenants", self.add_tenant, methods=["POST"]),
                Route("/tenants/{tenant_id}", self.remove_tenant, methods=["DELETE"]),
                Route("/tenants/{tenant_id}/disconnect", self.disconnect, methods=["POST"]),
                Route("/tenants/{tenant_id}/lock", self.lock, methods=["POST"]),
                Route("/edit", self.edit, methods=["POST"]),
                Route("/merge", self.merge, methods=["POST"]),
                Route("/revoke", self.revoke, methods=["POST"]),
            ],
        )

    async def books(self, request: Request) -> Response:
        """All raw books."""
        wanted = request.query_params.get("tenant")
        tenants = [t.raw() for t in self._sim.books if wanted is None or t.id == wanted]
        return _json({"tenants": tenants})

    async def stats(self, request: Request) -> Response:
        """Counters, and what is still on its way."""
        del request
        courier = self._sim.courier
        return _json(
            {
                "tenants": {
                    tenant.id: {
                        "name": tenant.name,
                        **dataclasses.asdict(self._sim.used(tenant.id)),
                    }
                    for tenant in self._sim.books
                },
                "deliveries": {
                    **dataclasses.asdict(courier.counts),
                    "pending": courier.pending,
                    "stored": courier.stored,
                    "last_sequence": courier.last_sequence,
                },
                "subscription": courier.state,
                "playing": self._player.playing,
                "actions": self._player.done,
            }
        )

    async def announcement(self, request: Request) -> Response:
        """The simulator's addresses, ready app and organisations."""
        return _json(announcement(self._sim, str(request.base_url).removesuffix("/control/")))

    async def play(self, request: Request) -> Response:
        """Start or stop the generator."""
        sent = await _body(request)
        rate = float(sent.get("rate", 0))
        if rate <= 0:
            await self._player.stop()
        else:
            seconds = sent.get("seconds")
            await self._player.start(
                rate,
                seconds=None if seconds is None else float(seconds),
                actions=sent.get("actions"),
            )
        return _json({"playing": self._player.playing})

    async def act(self, request: Request) -> Response:
        """Random actions now."""
        sent = await _body(request)
        done = self._player.act(int(sent.get("actions", 1)), sent.get("tenant_id"))
        return _json({"done": done})

    async def faults(self, request: Request) -> Response:
        """Ask for faults, or see which wait."""
        if request.method == "POST":
            try:
                self._sim.faults.ask(await _body(request))
            except FaultUnknown as error:
                return _json({"error": str(error)}, 400)
        held = self._sim.faults
        return _json(
            {
                "calls": [dataclasses.asdict(fault) for fault in held.calls],
                "deliveries": dataclasses.asdict(held.deliveries),
            }
        )

    async def deliveries(self, request: Request) -> Response:
        """Deliver what is pending and wait for it."""
        sent = await _body(request)
        pending = await self._sim.courier.flush(float(sent.get("timeout_s", 30)))
        return _json({"pending": pending})

    async def webhook(self, request: Request) -> Response:
        """See or set the subscription."""
        courier = self._sim.courier
        if request.method == "GET":
            return _json({"url": courier.url, "key": courier.key, "state": courier.state})
        sent = await _body(request)
        result = await courier.subscribe(
            sent.get("url", courier.url), sent.get("key"), validate=sent.get("validate", True)
        )
        return _json({**dataclasses.asdict(result), "state": courier.state})

    async def add_tenant(self, request: Request) -> Response:
        """Add an organisation with its opening books."""
        sent = await _body(request)
        spec = TenantSpec(sent.get("name"), sent.get("currency"), sent.get("tenant_id"))
        sizes = dataclasses.replace(
            self._sim.config.opening,
            **{
                key: sent[key] for key in ("contacts", "invoices", "bills", "months") if key in sent
            },
        )
        tenant = open_books(self._sim.books, spec, sizes, str(self._sim.config.seed))
        return _json({"tenant_id": tenant.id, "name": tenant.name}, 201)

    async def remove_tenant(self, request: Request) -> Response:
        """An organisation vanishes."""
        tenant_id = request.path_params["tenant_id"]
        if self._sim.books.get(tenant_id) is None:
            return _json({"error": "no such tenant"}, 404)
        self._sim.books.remove(tenant_id)
        return Response(status_code=204)

    async def disconnect(self, request: Request) -> Response:
        """The organisation's users disconnect the app."""
        gone = self._sim.identity.disconnect(request.path_params["tenant_id"])
        return _json({"disconnected": gone})

    async def lock(self, request: Request) -> Response:
        """Set lock dates."""
        tenant = self._sim.books.get(request.path_params["tenant_id"])
        if tenant is None:
            return _json({"error": "no such tenant"}, 404)
        sent = await _body(request)
        tenant.ledger.period_lock = day(sent, "period")
        tenant.ledger.year_lock = day(sent, "year")
        return _json({"locked": True})

    async def edit(self, request: Request) -> Response:
        """One write past authorization and limits."""
        sent = await _body(request, exact=True)
        tenant = self._sim.books.get(sent.get("tenant_id", ""))
        name, _, key = str(sent.get("path", "")).strip("/").partition("/")
        endpoint = ENDPOINTS.get(name.lower())
        if tenant is None or endpoint is None or endpoint.save is None:
            return _json({"error": "no such tenant or path"}, 404)
        query = Query({"unitdp": "4"}, None, "control")
        create_only = str(sent.get("method", "POST")).upper() == "PUT"
        records = []
        try:
            for element in elements_of(sent.get("body"), endpoint):
                if key and endpoint.change is not None:
                    records.append(endpoint.change(tenant.ledger, query, key, element))
                else:
                    records.append(endpoint.save(tenant.ledger, query, element, create_only))
        except NotFound:
            return _json({"error": "no such record"}, 404)
        except Refusal as refusal:
            messages = refusal.messages if isinstance(refusal, Refused) else (str(refusal),)
            return _json({"error": "refused", "messages": messages}, 400)
        return _json({endpoint.collection: records})

    async def merge(self, request: Request) -> Response:
        """Merge two contacts, which Xero offers in its app alone."""
        sent = await _body(request)
        tenant = self._sim.books.get(sent.get("tenant_id", ""))
        if tenant is None:
            return _json({"error": "no such tenant"}, 404)
        try:
            tenant.merge_contacts(sent["source"], sent["target"])
        except Refusal as refusal:
            return _json({"error": str(refusal)}, 400)
        return _json({"merged": True})

    async def revoke(self, request: Request) -> Response:
        """A user withdraws the app."""
        sent = await _body(request)
        identity = self._sim.identity
        user = identity.user(sent.get("user", _DEFAULT_USER))
        for client_id in {held.client_id for held in identity.connections.values()}:
            identity.revoke_user(client_id, user)
        return _json({"revoked": True})


def announcement(simulation: Simulation, base_url: str) -> dict[str, Any]:
    """Everything a client needs to know, in one object."""
    config = simulation.config
    return {
        "base_url": base_url,
        "client_id": config.ready_client_id(),
        "client_secret": config.ready_client_secret(),
        "webhook_key": simulation.courier.key,
        "tenants": [
            {"tenant_id": tenant.id, "name": tenant.name}
            for tenant in simulation.books
            if not tenant.vanished
        ],
        "control_url": f"{base_url}/control",
    }


async def _body(request: Request, *, exact: bool = False) -> dict[str, Any]:
    """The request's object; numbers with a point are Decimal when `exact`, else float."""
    body = await request.body()
    decode = wire.decode if exact else msgspec.json.decode
    try:
        sent = decode(body) if body else {}
    except msgspec.DecodeError:
        sent = {}
    return sent if isinstance(sent, dict) else {}


def _json(value: object, status: int = 200) -> Response:
    if status >= 400:
        return JSONResponse(value, status)
    return Response(wire.compact(value), status, media_type="application/json")
