"""The door of /api.xro/2.0 and /payroll.xro: who may call, how often, and what of it is counted.

The work of a call that was let in is done in serving.py; what the endpoints do stands in
resources.py and payroll.py.
"""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator import answers, payroll, scopes
from simulator.books import Tenant
from simulator.idempotency import StoredAnswer
from simulator.identity import AccessToken
from simulator.limits import Exceeded
from simulator.refusals import PostUnreadable
from simulator.routing import name_of, target_of
from simulator.serving import Call, Serving, unreadable
from simulator.simulation import Simulation

PREFIX = "/api.xro/2.0"
PAYROLL = "/payroll.xro/{version}"
LONGEST_QUERY = 2048


class AccountingHttp:
    """The routes below PREFIX and PAYROLL."""

    def __init__(self, simulation: Simulation) -> None:
        self._sim = simulation
        self._serving = Serving(simulation)

    def routes(self) -> list[Route]:
        """All of them."""
        methods = ["GET", "POST", "PUT", "DELETE", "PATCH"]
        return [
            Route(f"{prefix}/{{path:path}}", self.call, methods=methods)
            for prefix in (PREFIX, PAYROLL)
        ]

    async def call(self, request: Request) -> Response:
        """Serve one call: authorization, limits, faults, work."""
        if len(request.scope["query_string"]) > LONGEST_QUERY:
            return answers.too_long()
        token, refused = self._sim.bearer(request.headers.get("authorization", ""))
        if token is None:
            return refused
        tenant = self._tenant(token, request.headers.get("xero-tenant-id", ""))
        if tenant is None:
            return answers.problem(
                403, "Forbidden", "AuthenticationUnsuccessful", answers.random_id
            )
        response = await self._admit(request, token, tenant)
        path = request.path_params["path"].strip("/").lower()
        self._sim.count(tenant.id, response, metered=path != "organisation")
        if response.status_code != 429:
            limits = self._sim.limits.headers(token.client_id, tenant.id)
            response.headers.update({**limits, "Xero-Tenant-Id": tenant.id})
        response.headers["Cache-Control"] = "max-age=0, no-cache, no-store"
        response.headers["Pragma"] = "no-cache"
        response.headers["X-Client-TLS-ver"] = "tls1.3"
        return response

    async def _admit(self, request: Request, token: AccessToken, tenant: Tenant) -> Response:
        asked = request.url
        fault = self._sim.faults.for_call(request.method, asked.path, tenant.id, asked.query)
        if fault is not None and fault.kind == "limit":
            wait_s = fault.retry_after_s
            if wait_s is None:
                wait_s = self._sim.limits.wait_for(fault.problem, tenant.id)
            return self._sim.too_many(Exceeded(fault.problem, wait_s), token.client_id, tenant.id)
        exceeded = self._sim.limits.enter(token.client_id, tenant.id)
        if exceeded is not None:
            return self._sim.too_many(exceeded, token.client_id, tenant.id)
        try:
            await self._sim.latency()
            if fault is not None and fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
            if fault is not None and fault.kind in {"status", "html"}:
                return self._sim.fault_answer(fault)
            if tenant.offline:
                return answers.offline()
            response = self._answer(request, await request.body(), token, tenant=tenant)
            return self._sim.spoil(response, fault)
        finally:
            self._sim.limits.leave(token.client_id, tenant.id)

    def _tenant(self, token: AccessToken, tenant_id: str) -> Tenant | None:
        if not tenant_id and token.user is None:
            # A custom connection has one organisation, so the header may be left out.
            tenant_id = next((c.tenant_id for c in self._sim.identity.visible(token)), "")
        tenant_id = tenant_id.lower()
        if not self._sim.identity.linked(token, tenant_id):
            return None
        return self._sim.books.get(tenant_id)

    def _answer(
        self, request: Request, body: bytes, token: AccessToken, *, tenant: Tenant
    ) -> Response:
        path, version = request.path_params["path"], request.path_params.get("version")
        target = target_of(path) if version is None else payroll.target_of(path, version)
        if target is None:
            return answers.not_found()
        name = name_of(path) if version is None else "payroll"
        scope_of = "attachments" if target.is_file else name
        if not scopes.enough(token.scope, scope_of, writing=request.method != "GET"):
            return answers.problem(
                401, "Unauthorized", "AuthorizationUnsuccessful", answers.random_id
            )
        call = Call(request, body, token.client_id, tenant, target)
        refused = payroll.refused(tenant.ledger, version) if version is not None else None
        refused = refused or self._serving.refused(call)
        if refused is not None:
            return refused
        key = request.headers.get("idempotency-key")
        if key and request.method in {"POST", "PUT", "PATCH"}:
            return self._once(call, key)
        return self._serving.payroll(call) if version == payroll.NEW else self._serving.answer(call)

    def _once(self, call: Call, key: str) -> Response:
        """Do the work of a key once; later, answer what was answered then."""
        request, client_id = call.request, call.client_id
        whole = f"{request.method} {request.url} {call.tenant.id}\n".encode() + call.body
        try:
            stored = self._sim.idempotency.recall(client_id, key, whole)
        except PostUnreadable as refusal:
            return self._serving.written(request, *unreadable(refusal))
        if stored is not None:
            return Response(stored.body, stored.status, media_type=stored.media_type)
        response = self._serving.answer(call)
        answer = StoredAnswer(
            response.status_code, bytes(response.body), response.headers.get("content-type")
        )
        self._sim.idempotency.keep(client_id, key, whole, answer=answer)
        return response
