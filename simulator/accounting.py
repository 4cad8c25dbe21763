"""The engine behind /api.xro/2.0: who may call, how often, and how the answer is written.

What the endpoints do stands in resources.py. A batch stops at its first refused element;
elements before it stay saved (Xero promises neither).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator import answers, scopes, wire
from simulator.books import Tenant
from simulator.elements import Element
from simulator.idempotency import StoredAnswer
from simulator.identity import AccessToken
from simulator.limits import Exceeded
from simulator.listing import modified_since
from simulator.refusals import NotFound, PostUnreadable, QueryUnreadable, Refused
from simulator.resources import ENDPOINTS, Endpoint, Found, Query, elements_of, one
from simulator.simulation import Simulation

PREFIX = "/api.xro/2.0"
LONGEST_QUERY = 2048
LARGEST_BODY = 10 * 1024 * 1024
_XML = "text/xml; charset=utf-8"


@dataclass(frozen=True)
class _Call:
    """A call that was let in; `key` is what follows the endpoint in the path."""

    request: Request
    body: bytes
    token: AccessToken
    tenant: Tenant
    endpoint: Endpoint
    key: str


class AccountingHttp:
    """The one route below PREFIX."""

    def __init__(self, simulation: Simulation) -> None:
        self._sim = simulation

    def routes(self) -> list[Route]:
        """All of them."""
        methods = ["GET", "POST", "PUT", "DELETE", "PATCH"]
        return [Route(PREFIX + "/{path:path}", self.call, methods=methods)]

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
        usage = self._sim.used(tenant.id)
        usage.calls += 1
        usage.bytes += len(response.body)
        if response.status_code == 429:
            usage.refused += 1
        else:
            limits = self._sim.limits.headers(token.client_id, tenant.id)
            response.headers.update({**limits, "Xero-Tenant-Id": tenant.id})
        response.headers["Cache-Control"] = "max-age=0, no-cache, no-store"
        response.headers["Pragma"] = "no-cache"
        response.headers["X-Client-TLS-ver"] = "tls1.3"
        return response

    async def _admit(self, request: Request, token: AccessToken, tenant: Tenant) -> Response:
        fault = self._sim.faults.for_call(request.method, request.url.path, tenant.id)
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
        name, _, key = request.path_params["path"].strip("/").partition("/")
        endpoint = ENDPOINTS.get(name.lower())
        if endpoint is None:
            return answers.not_found()
        writing = request.method != "GET"
        if not scopes.enough(token.scope, name.lower(), writing=writing):
            return answers.problem(
                401, "Unauthorized", "AuthorizationUnsuccessful", answers.random_id
            )
        wrong = _unwritable(request, endpoint, body) if writing else None
        if wrong is not None:
            return wrong
        call = _Call(request, body, token, tenant, endpoint, key)
        idempotency_key = request.headers.get("idempotency-key") if writing else None
        return self._once(call, idempotency_key) if idempotency_key else self._work(call)

    def _once(self, call: _Call, idempotency_key: str) -> Response:
        """Do the work of a key once; later, answer what was answered then."""
        request, token = call.request, call.token
        whole = f"{request.method} {request.url} {call.tenant.id}\n".encode() + call.body
        try:
            stored = self._sim.idempotency.recall(token.client_id, idempotency_key, whole)
        except PostUnreadable as refusal:
            return self._written(request, *_error(17, "PostDataInvalidException", str(refusal)))
        if stored is not None:
            return Response(stored.body, stored.status, media_type=stored.media_type)
        response = self._work(call)
        answer = StoredAnswer(
            response.status_code, bytes(response.body), response.headers["content-type"]
        )
        self._sim.idempotency.keep(token.client_id, idempotency_key, whole, answer=answer)
        return response

    def _work(self, call: _Call) -> Response:
        request, endpoint = call.request, call.endpoint
        params = {name.lower(): value for name, value in request.query_params.items()}
        try:
            since_ms = modified_since(request.headers.get("if-modified-since"))
            query = Query(params, since_ms, call.token.client_id)
            if request.method == "GET":
                ledger = call.tenant.ledger
                found = (
                    one(endpoint, ledger, query, key=call.key)
                    if call.key
                    else endpoint.read_list(ledger, query)
                )
                return self._found(request, endpoint, found)
            return self._write(call, query)
        except NotFound:
            return answers.not_found()
        except QueryUnreadable as refusal:
            return self._written(request, *_error(16, "QueryParseException", str(refusal)))
        except PostUnreadable as refusal:
            return self._written(request, *_error(17, "PostDataInvalidException", str(refusal)))

    def _write(self, call: _Call, query: Query) -> Response:
        request, endpoint, key = call.request, call.endpoint, call.key
        try:
            elements = elements_of(wire.decode(call.body), endpoint)
        except msgspec.DecodeError as error:
            raise PostUnreadable(f"The request body is not valid JSON: {error}") from None
        create_only = request.method == "PUT"
        if not create_only and (key or endpoint.one_per_post) and len(elements) > 1:
            raise PostUnreadable(f"Only one of {endpoint.collection} can be posted here")
        summarize = query.params.get("summarizeerrors", "true").lower() != "false"
        records: list[dict[str, Any]] = []
        for element in elements:
            try:
                record = _apply(call, query, element)
                records.append(record if summarize else {**record, "StatusAttributeString": "OK"})
            except Refused as refusal:
                bad = _refused(element, endpoint, refusal)
                if summarize:
                    return self._written(request, *_invalid(bad))
                records.append({**bad, "StatusAttributeString": "ERROR"})
        return self._found(request, endpoint, Found([wire.fragment(r) for r in records]))

    def _found(self, request: Request, endpoint: Endpoint, found: Found) -> Response:
        head: dict[str, Any] = {
            "Id": answers.random_id(),
            "Status": "OK",
            "ProviderName": self._sim.config.provider_name,
            "DateTimeUTC": wire.ms_instant_bare(wire.to_ms(self._sim.clock())),
        }
        if found.pagination is not None:
            head["pagination"] = found.pagination.body()
        body = wire.envelope(head, endpoint.collection, found.fragments)
        return self._written(request, 200, body, correlation=head["Id"])

    def _written(
        self, request: Request, status: int, body: bytes, *, correlation: str | None = None
    ) -> Response:
        """The body as JSON where Accept names it, else as XML."""
        accept = request.headers.get("accept", "")
        headers = {"Xero-Correlation-Id": correlation or answers.random_id()}
        if "json" in accept.lower():
            return Response(body, status, headers, media_type=answers.JSON)
        root = "Response" if status == 200 else "ApiException"
        return Response(wire.xml(wire.decode(body), root), status, headers, media_type=_XML)


def _apply(call: _Call, query: Query, element: Element) -> dict[str, Any]:
    endpoint, ledger = call.endpoint, call.tenant.ledger
    if call.key and endpoint.change is not None:
        return endpoint.change(ledger, query, call.key, element)
    if endpoint.save is None:
        raise NotFound(call.key)
    return endpoint.save(ledger, query, element, call.request.method == "PUT")


def _unwritable(request: Request, endpoint: Endpoint, body: bytes) -> Response | None:
    if endpoint.save is None or request.method not in {"POST", "PUT"}:
        return Response(
            wire.compact({"Message": "The requested resource does not support this method"}),
            405,
            {"Allow": "GET" if endpoint.save is None else "GET, POST, PUT"},
            media_type=answers.JSON,
        )
    if "json" not in request.headers.get("content-type", "").lower():
        return Response("Unsupported Media Type", 415, media_type=answers.TEXT)
    if len(body) > LARGEST_BODY:
        return Response("Request Entity Too Large", 413, media_type=answers.TEXT)
    return None


def _refused(element: Element, endpoint: Endpoint, refusal: Refused) -> dict[str, Any]:
    return {
        **element,
        endpoint.error_flag: True,
        "ValidationErrors": [{"Message": message} for message in refusal.messages],
    }


def _error(number: int, kind: str, message: str) -> tuple[int, bytes]:
    return 400, wire.pretty({"ErrorNumber": number, "Type": kind, "Message": message})


def _invalid(element: Mapping[str, Any]) -> tuple[int, bytes]:
    return 400, wire.pretty(
        {
            "ErrorNumber": 10,
            "Type": "ValidationException",
            "Message": "A validation exception occurred",
            "Elements": [element],
        }
    )
