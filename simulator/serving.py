"""The work of a call that was let in: what the path leads to is read or written, and answered.

Who may call and how often is decided in accounting.py before; the endpoints themselves stand in
resources.py. A batch stops at its first refused element; elements before it stay saved (Xero
promises neither).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator import answers, attachments, bodies, payroll, repeating, wire
from simulator.books import Tenant
from simulator.elements import Element
from simulator.endpoints import Endpoint, Found, Nested, Query, Target, Wire, elements_of
from simulator.filing import Attachment
from simulator.ledger import Ledger
from simulator.listing import modified_since
from simulator.refusals import NotFound, PostUnreadable, QueryUnreadable, Refused
from simulator.simulation import Simulation

LARGEST_BODY = 10 * 1024 * 1024
_XML = "text/xml; charset=utf-8"
_BYTES = "application/octet-stream"


@dataclass(frozen=True)
class Call:
    """A call that was let in."""

    request: Request
    body: bytes
    client_id: str
    tenant: Tenant
    target: Target

    @property
    def ledger(self) -> Ledger:
        """The books it is about."""
        return self.tenant.ledger

    @property
    def media_type(self) -> str:
        """The request's Content-Type."""
        return self.request.headers.get("content-type", "")


class Serving:
    """Answers calls."""

    def __init__(self, simulation: Simulation) -> None:
        self._sim = simulation

    def refused(self, call: Call) -> Response | None:
        """The answer to a call that never begins: nothing there, or not in this way."""
        method, target = call.request.method, call.target
        if "if-match" in call.request.headers:
            # No answer carries an ETag, so the condition cannot hold.
            return answers.plain(412)
        try:
            methods = target.methods()
        except NotFound:
            return answers.not_found()
        if method not in methods:
            return answers.not_allowed(methods)
        if method in {"GET", "DELETE"}:
            return None
        acts = target.nested is not None and target.nested.act is not None
        if not (target.is_file or acts or bodies.readable(call.media_type)):
            return answers.unsupported()
        return answers.too_large() if len(call.body) > LARGEST_BODY else None

    def answer(self, call: Call) -> Response:
        """The answer to a call, whatever comes of it; what midnight made due is there by then."""
        repeating.run_due(call.ledger)
        try:
            return self._work(call)
        except NotFound:
            return answers.not_found()
        except Refused as refusal:
            return self.written(call.request, *_invalid(_messages(refusal)))
        except (PostUnreadable, QueryUnreadable) as refusal:
            return self.written(call.request, *unreadable(refusal))

    def payroll(self, call: Call) -> Response:
        """The answer to a read of Payroll NZ or UK, which have their own envelope."""
        params = {name.lower(): value for name, value in call.request.query_params.items()}
        query = Query(params, None, call.client_id)
        provider = self._sim.config.provider_name
        try:
            body = payroll.answer_2_0(call.ledger, query, call.target.key, provider=provider)
        except NotFound:
            return answers.not_found()
        except QueryUnreadable as refusal:
            return self.written(call.request, *unreadable(refusal))
        headers = {"Xero-Correlation-Id": answers.random_id()}
        return Response(body, 200, headers, media_type=answers.JSON)

    def written(
        self, request: Request, status: int, body: bytes, *, correlation: str | None = None
    ) -> Response:
        """The body as JSON where Accept names it, else as XML."""
        accept = request.headers.get("accept", "")
        headers = {"Xero-Correlation-Id": correlation or answers.random_id()}
        if "json" in accept.lower():
            return Response(body, status, headers, media_type=answers.JSON)
        root = "Response" if status == 200 else "ApiException"
        return Response(wire.xml(wire.decode(body), root), status, headers, media_type=_XML)

    def _work(self, call: Call) -> Response:
        request = call.request
        params = {name.lower(): value for name, value in request.query_params.items()}
        since_ms = modified_since(request.headers.get("if-modified-since"))
        query = Query(params, since_ms, call.client_id)
        if call.target.is_file:
            return self._file(call, query)
        if request.method == "GET":
            printed = _printed(call)
            if printed is not None:
                return Response(printed, media_type="application/pdf")
            return self._found(request, call.target.holder, _read(call, query))
        if request.method == "DELETE":
            return self._removed(call, query)
        nested = call.target.nested
        if nested is not None and nested.act is not None:
            nested.act(call.ledger, query, call.target.key)
            return Response(status_code=204)
        return self._write(call, query)

    def _write(self, call: Call, query: Query) -> Response:
        request, holder = call.request, call.target.holder
        elements = elements_of(bodies.read(call.body, call.media_type), holder)
        if len(elements) > 1 and _takes_one(call):
            raise PostUnreadable(f"Only one of {holder.collection} can be posted here")
        summarize = query.params.get("summarizeerrors", "true").lower() != "false"
        records: list[dict[str, Any]] = []
        for element in elements:
            try:
                method = request.method
                record = apply(call.ledger, call.target, query, element=element, method=method)
                records.append(record if summarize else {**record, "StatusAttributeString": "OK"})
            except Refused as refusal:
                bad = _refused(element, holder, refusal)
                if summarize:
                    return self.written(request, *_invalid(bad))
                records.append({**bad, "StatusAttributeString": "ERROR"})
        return self._found(request, holder, Found([wire.fragment(r) for r in records]))

    def _removed(self, call: Call, query: Query) -> Response:
        target, nested = call.target, call.target.nested
        gone = remove(call.ledger, target, query)
        if gone is None:
            return Response(status_code=204)
        if nested is not None and nested.bare_removal:
            return self.written(call.request, 200, wire.pretty(gone))
        return self._found(call.request, target.holder, Found([wire.fragment(gone)]))

    def _file(self, call: Call, query: Query) -> Response:
        """A record's files listed, one of them fetched, or one kept."""
        request, endpoint, name = call.request, call.target.endpoint, call.target.rest
        if endpoint.files is None:
            raise NotFound(call.target.key)
        record = endpoint.files(call.ledger, call.target.key)
        if request.method == "GET" and name:
            held = attachments.find(call.ledger, record, name)
            headers = {"Xero-Correlation-Id": answers.random_id()}
            return Response(held.content, 200, headers, media_type=held.media_type)
        if request.method == "GET":
            kept = call.ledger.filing.files.get(record.id, [])
        else:
            online = query.params.get("includeonline", "").lower() == "true"
            sent = Attachment("", name, call.media_type or _BYTES, call.body, online)
            provider = self._sim.config.provider_name
            kept = [attachments.keep(call.ledger, record, sent, by=provider)]
        shown = [attachments.wire(record, one, endpoint.collection) for one in kept]
        return self._found(request, call.target.holder, Found([wire.fragment(w) for w in shown]))

    def _found(self, request: Request, holder: Endpoint | Nested, found: Found) -> Response:
        head: dict[str, Any] = {
            "Id": answers.random_id(),
            "Status": "OK",
            "ProviderName": self._sim.config.provider_name,
            "DateTimeUTC": wire.ms_instant_bare(wire.to_ms(self._sim.clock())),
        }
        if found.pagination is not None:
            head["pagination"] = found.pagination.body()
        body = wire.envelope(head, holder.collection, found.fragments)
        return self.written(request, 200, body, correlation=head["Id"])


def unreadable(refusal: PostUnreadable | QueryUnreadable) -> tuple[int, bytes]:
    """Status and body of a 400 that is no validation error."""
    number, kind = 17, "PostDataInvalidException"
    if isinstance(refusal, QueryUnreadable):
        number, kind = 16, "QueryParseException"
    return 400, wire.pretty({"ErrorNumber": number, "Type": kind, "Message": str(refusal)})


def _read(call: Call, query: Query) -> Found:
    target, ledger = call.target, call.ledger
    endpoint, nested = target.endpoint, target.nested
    if nested is not None and nested.read is not None:
        return nested.read(ledger, query, target.key)
    if not target.key:
        return endpoint.read_list(ledger, query)
    if endpoint.read_one is None:
        raise NotFound(target.key)
    return endpoint.read_one(ledger, query, target.key)


def _printed(call: Call) -> bytes | None:
    """A record as PDF, when Accept or the path asks for it and the endpoint has it."""
    target = call.target
    if target.endpoint.printed is None or not target.key:
        return None
    accept = call.request.headers.get("accept", "")
    asked = not target.below and "application/pdf" in accept
    if target.below == "pdf" or asked:
        return target.endpoint.printed(call.ledger, target.key)
    return None


def apply(ledger: Ledger, target: Target, query: Query, *, element: Element, method: str) -> Wire:
    """One element's write. `Target.methods` must have let the method through.

    Raises:
        Refusal: whatever the endpoint says no with.
    """
    endpoint, nested = target.endpoint, target.nested
    if nested is not None:
        if target.rest and nested.change is not None:
            return nested.change(ledger, query, target.key, target.rest, element)
        add = nested.put if method == "PUT" else nested.post
        if add is not None:
            return add(ledger, query, target.key, element)
    elif target.key and endpoint.change is not None:
        return endpoint.change(ledger, query, target.key, element)
    elif endpoint.save is not None:
        return endpoint.save(ledger, query, element, method == "PUT")
    raise NotFound(target.key)


def remove(ledger: Ledger, target: Target, query: Query) -> Wire | None:
    """A DELETE: what is left to show of the record, if anything. Raises Refusal."""
    nested = target.nested
    if nested is not None and nested.clear is not None and not target.rest:
        nested.clear(ledger, query, target.key)
        return None
    if nested is not None and nested.remove is not None:
        return nested.remove(ledger, query, target.key, target.rest)
    if nested is None and target.endpoint.remove is not None:
        return target.endpoint.remove(ledger, query, target.key)
    raise NotFound(target.key)


def _takes_one(call: Call) -> bool:
    target = call.target
    if target.nested is not None:
        return bool(target.rest)
    return call.request.method == "POST" and (bool(target.key) or target.endpoint.one_per_post)


def _messages(refusal: Refused) -> dict[str, Any]:
    return {"ValidationErrors": [{"Message": message} for message in refusal.messages]}


def _refused(element: Element, holder: Endpoint | Nested, refusal: Refused) -> dict[str, Any]:
    flag = {} if holder.error_flag is None else {holder.error_flag: True}
    return {**element, **flag, **_messages(refusal)}


def _invalid(element: Mapping[str, Any]) -> tuple[int, bytes]:
    return 400, wire.pretty(
        {
            "ErrorNumber": 10,
            "Type": "ValidationException",
            "Message": "A validation exception occurred",
            "Elements": [element],
        }
    )
