"""The part of the control API that is about one organisation; control.py lists all routes."""

import dataclasses
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator import serving, wire
from simulator.config import TenantSpec
from simulator.elements import day
from simulator.endpoints import Query, elements_of
from simulator.opening import open_books
from simulator.refusals import NotFound, Refusal, Refused
from simulator.routing import target_of
from simulator.simulation import Simulation

_SIZES = ("contacts", "invoices", "bills", "months")


class OrganisationControl:
    """Routes that steer organisations and their books."""

    def __init__(self, simulation: Simulation) -> None:
        self._sim = simulation

    def routes(self) -> list[Route]:
        """All of them, below /control."""
        one = "/tenants/{tenant_id}"
        return [
            Route("/tenants", self.add_tenant, methods=["POST"]),
            Route(one, self.remove_tenant, methods=["DELETE"]),
            Route(f"{one}/disconnect", self.disconnect, methods=["POST"]),
            Route(f"{one}/lock", self.lock, methods=["POST"]),
            Route(f"{one}/offline", self.offline, methods=["POST"]),
            Route(f"{one}/reset", self.reset, methods=["POST"]),
            Route("/edit", self.edit, methods=["POST"]),
            Route("/merge", self.merge, methods=["POST"]),
        ]

    async def add_tenant(self, request: Request) -> Response:
        """Add an organisation with its opening books."""
        sent = await read_body(request)
        spec = TenantSpec(
            sent.get("name"),
            sent.get("currency"),
            sent.get("tenant_id"),
            demo=sent.get("demo") is True,
        )
        sizes = dataclasses.replace(
            self._sim.config.opening, **{key: sent[key] for key in _SIZES if key in sent}
        )
        tenant = open_books(self._sim.books, spec, sizes, str(self._sim.config.seed))
        return answered({"tenant_id": tenant.id, "name": tenant.name}, 201)

    async def remove_tenant(self, request: Request) -> Response:
        """An organisation vanishes."""
        tenant_id = request.path_params["tenant_id"]
        if self._sim.books.get(tenant_id) is None:
            return answered({"error": "no such tenant"}, 404)
        self._sim.books.remove(tenant_id)
        return Response(status_code=204)

    async def disconnect(self, request: Request) -> Response:
        """The organisation's users disconnect the app."""
        gone = self._sim.identity.disconnect(request.path_params["tenant_id"])
        return answered({"disconnected": gone})

    async def lock(self, request: Request) -> Response:
        """Set lock dates."""
        tenant = self._sim.books.get(request.path_params["tenant_id"])
        if tenant is None:
            return answered({"error": "no such tenant"}, 404)
        sent = await read_body(request)
        tenant.ledger.period_lock = day(sent, "period")
        tenant.ledger.year_lock = day(sent, "year")
        return answered({"locked": True})

    async def offline(self, request: Request) -> Response:
        """Take an organisation offline, or bring it back."""
        tenant = self._sim.books.get(request.path_params["tenant_id"])
        if tenant is None:
            return answered({"error": "no such tenant"}, 404)
        tenant.offline = (await read_body(request)).get("offline", True) is True
        return answered({"offline": tenant.offline})

    async def reset(self, request: Request) -> Response:
        """Let a demo company start again under another id."""
        tenant = self._sim.books.get(request.path_params["tenant_id"])
        if tenant is None:
            return answered({"error": "no such tenant"}, 404)
        if not tenant.ledger.is_demo:
            return answered({"error": "only demo companies are reset"}, 400)
        self._sim.books.remove(tenant.id)
        spec = TenantSpec(tenant.name, tenant.ledger.country.currency, demo=True)
        config = self._sim.config
        again = open_books(self._sim.books, spec, config.opening, str(config.seed))
        return answered({"tenant_id": again.id, "name": again.name}, 201)

    async def edit(self, request: Request) -> Response:
        """One write past authorization and limits."""
        sent = await read_body(request, exact=True)
        tenant = self._sim.books.get(sent.get("tenant_id", ""))
        target = target_of(str(sent.get("path", "")))
        method = str(sent.get("method", "POST")).upper()
        if tenant is None or target is None:
            return answered({"error": "no such tenant or path"}, 404)
        query = Query({"unitdp": "4"}, None, "control")
        try:
            if method == "GET" or method not in target.methods():
                return answered({"error": f"no {method} here"}, 405)
            if method == "DELETE":
                gone = serving.remove(tenant.ledger, target, query)
                return answered({target.holder.collection: [] if gone is None else [gone]})
            records = [
                serving.apply(tenant.ledger, target, query, element=element, method=method)
                for element in elements_of(sent.get("body"), target.holder)
            ]
        except NotFound:
            return answered({"error": "no such record"}, 404)
        except Refusal as refusal:
            messages = refusal.messages if isinstance(refusal, Refused) else (str(refusal),)
            return answered({"error": "refused", "messages": messages}, 400)
        return answered({target.holder.collection: records})

    async def merge(self, request: Request) -> Response:
        """Merge two contacts, which Xero offers in its app alone."""
        sent = await read_body(request)
        tenant = self._sim.books.get(sent.get("tenant_id", ""))
        if tenant is None:
            return answered({"error": "no such tenant"}, 404)
        try:
            tenant.merge_contacts(sent["source"], sent["target"])
        except Refusal as refusal:
            return answered({"error": str(refusal)}, 400)
        return answered({"merged": True})


async def read_body(request: Request, *, exact: bool = False) -> dict[str, Any]:
    """The request's object; numbers with a point are Decimal when `exact`, else float."""
    body = await request.body()
    decode = wire.decode if exact else msgspec.json.decode
    try:
        sent = decode(body) if body else {}
    except msgspec.DecodeError:
        sent = {}
    return sent if isinstance(sent, dict) else {}


def answered(value: object, status: int = 200) -> Response:
    """A control answer: compact, numbers as they are."""
    if status >= 400:
        return JSONResponse(value, status)
    return Response(wire.compact(value), status, media_type="application/json")
