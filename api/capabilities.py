"""`/v1/capabilities`: what can be done with each resource and field, and, of one organisation, what
its consent and its region really give.

Made from the catalogue, the filters of lists and the resource files, so it claims nothing that is
not served. What Xero refuses of an organisation is known from its refusals.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from starlette.responses import Response

from api.door import TENANT_HEADER, tenant_of
from api.here import Api
from api.openapi.capability_schema import CAPABILITIES, EXAMPLE
from api.operation import JSON, Asked, Operation, Reply
from api.parameters import Parameter
from api.reading.collections import COLLECTIONS
from api.reading.filters import filters_of, orders_of
from api.reading.rendering import includes_of
from storage.cursors import Cursor, cursors
from storage.tenants import consented_scopes
from unified.codecs import instant_text
from unified.resource import Resource
from unified.resources import KINDS, operations_of, sources
from unified.writable import changed_model, created_model
from xero.scopes import missing_scopes

Told = dict[str, Any]

#: Endpoints that Xero gives to apps of some tiers only (Xero: Pricing; Journals).
_TIERS: Final[Mapping[str, str]] = {"Journals": "advanced"}
_BY_PLURAL: Final = {kind.plural: kind for kind in KINDS}


def capability_operations(api: Api, others: Sequence[Operation]) -> list[Operation]:
    """The operation that tells what all others can do."""
    teller = _Teller(api, others)
    return [
        Operation(
            id="get_capabilities",
            method="GET",
            path="/v1/capabilities",
            summary="Capabilities",
            about="What can be done with each resource and each of its fields. With an "
            "organisation named, also what its consent and its region give: `state` of each source "
            "is `supported`, `unsupported` with the reason, or `unread` while nobody has asked.",
            tag="Capabilities",
            scope="read",
            of_tenant=False,
            handle=teller.answer,
            parameters=(
                Parameter(
                    name=TENANT_HEADER,
                    where="header",
                    about="The organisation; without it, what Xero gives in general.",
                    schema={"type": "string", "format": "uuid"},
                ),
                Parameter(
                    name="resource",
                    about="Only this one, by its plural.",
                    schema={"type": "string", "enum": sorted(_BY_PLURAL)},
                    read=_resource,
                    repeated=True,
                    example="invoices",
                ),
            ),
            replies=(Reply(about="All of them.", schema=CAPABILITIES, example=EXAMPLE),),
            problems=("tenant_unknown",),
        )
    ]


def _resource(text: str) -> str:
    if text not in _BY_PLURAL:
        raise ValueError("is no resource; " + ", ".join(sorted(_BY_PLURAL)) + " are")
    return text


class _Teller:
    """The handler."""

    def __init__(self, api: Api, others: Sequence[Operation]) -> None:
        self._api = api
        self._general = {kind.plural: _general(kind, others) for kind in KINDS}

    async def answer(self, asked: Asked) -> Response:
        """All, or those that were asked for."""
        names = asked.query["resource"] or sorted(self._general)
        whole: Told = {"tenant_id": None, "tenant_state": None, "tier": self._api.tier}
        known: Mapping[str, Cursor] | None = None
        held: Sequence[str] = ()
        if TENANT_HEADER.lower() in asked.request.headers:
            tenant_id, state = await tenant_of(self._api.db, asked.caller, asked.request)
            known = await cursors(self._api.db, tenant_id)
            held = (await consented_scopes(self._api.db, [tenant_id])).get(tenant_id, ())
            whole |= {"tenant_id": tenant_id, "tenant_state": state}
        resources = [
            {**self._general[name], "sources": list(_sources(_BY_PLURAL[name], known, held))}
            for name in dict.fromkeys(names)
        ]
        content = msgspec.json.encode({**whole, "resources": resources})
        return Response(content, media_type=JSON)


# --- of everybody ------------------------------------------------------------------------------


def _general(kind: Resource, operations: Sequence[Operation]) -> Told:
    own = [each for each in COLLECTIONS if each.kind is kind]
    path = own[0].path
    those = [each for each in operations if each.path == path or each.path.startswith(f"{path}/")]
    by_place = {(each.method, each.path.removeprefix(path)) for each in those}
    return {
        "resource": kind.name,
        "plural": kind.plural,
        "path": path,
        "aliases": [each.path for each in own[1:]],
        "schema_version": kind.schema_version,
        "read": ("GET", "") in by_place,
        "create": ("POST", "") in by_place,
        "update": ("PATCH", "/{id}") in by_place,
        "delete": ("DELETE", "/{id}") in by_place,
        "operations": [
            {"id": each.id, "method": each.method, "path": each.path, "scope": each.scope}
            for each in those
        ],
        "commands": list(_commands(kind)),
        "filters": [each.parameter.name for each in filters_of(kind)],
        "sorts": list(orders_of(kind)),
        "includes": list(includes_of(kind)),
        "fields": {name: _field(kind, name) for name in kind.model.model_fields},
    }


def _commands(kind: Resource) -> Iterator[Told]:
    """What can be done beside reading, and in which states."""
    told: set[str] = set()
    for source in sources(kind.name):
        for command in operations_of(source):
            if command.name not in told:
                told.add(command.name)
                legal = None if command.legal_in is None else sorted(command.legal_in)
                yield {"name": command.name, "summary": command.summary, "legal_in": legal}


def _field(kind: Resource, name: str) -> Told:
    """What can be done with one field."""
    created, changed = _model_fields(created_model, kind), _model_fields(changed_model, kind)
    return {
        "read": True,
        "create": name in created,
        "required": name in created and created[name].is_required(),
        "update": name in changed,
        "filters": [each.parameter.name for each in filters_of(kind) if each.field == name],
        "sort": name in orders_of(kind),
    }


def _model_fields(model_of: Any, kind: Resource) -> Mapping[str, Any]:
    try:
        return dict(model_of(kind.name).model_fields)
    except LookupError:
        return {}


# --- of one organisation -----------------------------------------------------------------------


def _sources(
    kind: Resource, known: Mapping[str, Cursor] | None, held: Sequence[str]
) -> Iterator[Told]:
    for source in sources(kind.name):
        at = source.endpoint
        told: Told = {
            "endpoint": at.path,
            "api": at.api,
            "webhook": source.webhook_category is not None,
            "incremental": at.modified_since,
            "on_demand": at.asked is not None,
            "scope": _scopes(at.scope_granular),
            "scope_broad": _scopes(at.scope_broad),
            "required_tier": _TIERS.get(at.path),
            "countries": sorted(at.countries),
            "writes": bool(operations_of(source)),
        }
        yield told if known is None else {**told, **_given(source, known.get(at.path), held)}


def _scopes(scope: str) -> Told:
    """What reading and writing need; null where Xero asks for none."""
    if not scope:
        return {"read": None, "write": None}
    return {"read": f"{scope.removesuffix('.read')}.read", "write": scope.removesuffix(".read")}


def _given(source: Resource, found: Cursor | None, held: Sequence[str]) -> Told:
    reason = None if found is None else found.unsupported_reason
    since = None if found is None else found.unsupported_since
    if reason is not None:
        state = "unsupported"
    elif source.endpoint.asked is not None or (
        found is not None and found.backfill_state == "done"
    ):
        state = "supported"
    else:
        state = "unread"
    may_write = bool(operations_of(source)) and not missing_scopes(
        held, [source.endpoint], write=True
    )
    return {
        "state": state,
        "reason": reason,
        "since": None if since is None else instant_text(since),
        "may_write": may_write,
        "missing_scopes": list(missing_scopes(held, [source.endpoint])),
    }
