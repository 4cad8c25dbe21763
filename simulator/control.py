"""The control API below `{base}/control`: steering a simulator over HTTP. JSON in and out.

GET  /books[?tenant=ID]   every organisation's raw books: {"tenants": [{"tenant_id", "name",
                          "Organisation", "Contacts", "Invoices", "CreditNotes",
                          "Prepayments", "Overpayments", "BankTransactions", "Payments" and
                          what lines refer to}]}, each record as a single GET with unitdp=4
                          would give it; archived contacts, voided and deleted documents and
                          deleted payments included
GET  /stats               {"tenants": {id: {"name", "calls", "bytes", "refused",
                          "month", "egress"}},
                          "deliveries": {counters, "pending", "stored", "last_sequence"},
                          "subscription", "playing", "actions", "egress": {"month", "bytes",
                          "included"}}; quiet when "pending" is 0
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
POST /clock               {"forward_s": seconds}: business time goes forward at once; {"now"}
GET  /clock               {"now"}
GET  /webhook             {"url", "key", "state"}
POST /webhook             {"url", "key"?, "validate"?: true}: set, run intent to receive, and
                          enable when passed; {"message", "detail", "state"}
POST /tenants             {"name"?, "currency"?, "tenant_id"?, "contacts"?, "invoices"?,
                          "bills"?, "months"?, "demo"?}: add an organisation
DELETE /tenants/{id}      it vanishes: no connection shows it, its calls get 403
POST /tenants/{id}/disconnect   its users disconnect the app in Xero
POST /tenants/{id}/lock   {"period"?: day, "year"?: day}: lock dates
POST /tenants/{id}/offline  {"offline"?: true}: its calls get 503 until told otherwise
POST /tenants/{id}/reset  a demo company starts again: it vanishes, and another of its name,
                          with new books and another id, can be linked; {"tenant_id", "name"}
POST /edit                {"tenant_id", "path": "Invoices[/id[/Allocations[/id]]]",
                          "method"?: "POST", "body"?}: a write past authorization and limits;
                          answers as Xero would
POST /merge               {"tenant_id", "source", "target"}: merge two contacts
POST /revoke              {"user"?: e-mail}: the user withdraws the app
"""

import dataclasses
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from simulator.faults import FaultUnknown
from simulator.organisation_control import OrganisationControl, answered, read_body
from simulator.player import Player
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
                Route("/clock", self.clock, methods=["GET", "POST"]),
                Route("/webhook", self.webhook, methods=["GET", "POST"]),
                *OrganisationControl(self._sim).routes(),
                Route("/revoke", self.revoke, methods=["POST"]),
            ],
        )

    async def books(self, request: Request) -> Response:
        """All raw books."""
        self._sim.books.turn()
        wanted = request.query_params.get("tenant")
        tenants = [t.raw() for t in self._sim.books if wanted is None or t.id == wanted]
        return answered({"tenants": tenants})

    async def stats(self, request: Request) -> Response:
        """Counters, and what is still on its way."""
        del request
        self._sim.books.turn()
        courier = self._sim.courier
        return answered(
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
                "egress": self._sim.egress(),
            }
        )

    async def announcement(self, request: Request) -> Response:
        """The simulator's addresses, ready app and organisations."""
        return answered(announcement(self._sim, str(request.base_url).removesuffix("/control/")))

    async def play(self, request: Request) -> Response:
        """Start or stop the generator."""
        sent = await read_body(request)
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
        return answered({"playing": self._player.playing})

    async def act(self, request: Request) -> Response:
        """Random actions now."""
        sent = await read_body(request)
        done = self._player.act(int(sent.get("actions", 1)), sent.get("tenant_id"))
        return answered({"done": done})

    async def faults(self, request: Request) -> Response:
        """Ask for faults, or see which wait."""
        if request.method == "POST":
            try:
                self._sim.faults.ask(await read_body(request))
            except FaultUnknown as error:
                return answered({"error": str(error)}, 400)
        held = self._sim.faults
        return answered(
            {
                "calls": [dataclasses.asdict(fault) for fault in held.calls],
                "deliveries": dataclasses.asdict(held.deliveries),
            }
        )

    async def deliveries(self, request: Request) -> Response:
        """Deliver what is pending and wait for it."""
        sent = await read_body(request)
        pending = await self._sim.courier.flush(float(sent.get("timeout_s", 30)))
        return answered({"pending": pending})

    async def clock(self, request: Request) -> Response:
        """See business time, or go forward in it."""
        if request.method == "POST":
            sent = await read_body(request)
            try:
                self._sim.clock.forward(timedelta(seconds=float(sent.get("forward_s", 0))))
            except ValueError as error:
                return answered({"error": str(error)}, 400)
        return answered({"now": self._sim.clock().isoformat()})

    async def webhook(self, request: Request) -> Response:
        """See or set the subscription."""
        courier = self._sim.courier
        if request.method == "GET":
            return answered({"url": courier.url, "key": courier.key, "state": courier.state})
        sent = await read_body(request)
        result = await courier.subscribe(
            sent.get("url", courier.url), sent.get("key"), validate=sent.get("validate", True)
        )
        return answered({**dataclasses.asdict(result), "state": courier.state})

    async def revoke(self, request: Request) -> Response:
        """A user withdraws the app."""
        sent = await read_body(request)
        identity = self._sim.identity
        user = identity.user(sent.get("user", _DEFAULT_USER))
        for client_id in {held.client_id for held in identity.connections.values()}:
            identity.revoke_user(client_id, user)
        return answered({"revoked": True})


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
