"""The OpenAPI 3.1 document of a list of operations."""

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final

from api.door import TENANT_HEADER
from api.openapi.answers import by_status
from api.openapi.components import components
from api.openapi.deriving import derived
from api.openapi.examples import example_of
from api.openapi.naming import PROBLEM, named
from api.operation import Body, Operation, Reply
from api.parameters import Parameter
from api.problems import MEDIA_TYPE, PROBLEMS
from unified.resources import KINDS

Document = dict[str, Any]

_NAME: Final = re.compile(r"\{(\w+)(?::\w+)?\}")
_KEY: Final = "key"
_TENANT: Final = "Tenant"
_REQUEST_ID: Final = "RequestId"
_ABOUT: Final = """\
Read and write the books of linked Xero organisations in unified words.

Every answer has an `X-Request-Id`; a request may bring its own. Errors are problem documents
(RFC 9457) whose `code` is stable. Decimals are texts, so that no digit is lost; days are days of
the organisation, instants are UTC. Open enums may gain words at any time; what is not known yet
reads `unknown`.
"""


def openapi_document(operations: Sequence[Operation]) -> Document:
    """All of it; `operations` in the order in which they should be read."""
    paths: dict[str, Document] = {}
    responses: dict[str, Document] = {}
    for each in operations:
        paths.setdefault(_path(each), {})[each.method.lower()] = _operation(each, responses)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ledgerwire",
            "version": version("ledgerwire"),
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "Where this document was read"}],
        "security": [{_KEY: []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(each.tag for each in operations)],
        "paths": paths,
        "components": {
            "securitySchemes": {
                _KEY: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, `lw_…`, made by `ledgerwire keys create`",
                }
            },
            "parameters": {_TENANT: _tenant_parameter()},
            "headers": {
                _REQUEST_ID: {
                    "description": "Names the request in logs, audit and events",
                    "schema": {"type": "string"},
                }
            },
            "responses": dict(sorted(responses.items())),
            "schemas": components(KINDS),
        },
    }


def _path(operation: Operation) -> str:
    return _NAME.sub(lambda found: f"{{{found[1]}}}", operation.path)


def _operation(operation: Operation, responses: dict[str, Document]) -> Document:
    made: Document = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": list(_parameters(operation)),
        "responses": _responses(operation, responses),
        "x-scope": operation.scope,
        "x-changes": operation.changes,
    }
    if operation.about:
        made["description"] = operation.about
    if operation.body is not None:
        made["requestBody"] = _body(operation.body)
    return made


# --- what is asked -----------------------------------------------------------------------------


def _parameters(operation: Operation) -> Iterable[Document]:
    if operation.of_tenant:
        yield {"$ref": f"#/components/parameters/{_TENANT}"}
    declared = {(each.where, each.name): each for each in operation.parameters}
    for name in _NAME.findall(operation.path):
        each = declared.pop(("path", name), None)
        yield _parameter(each or _of_path(name))
    for each in declared.values():
        yield _parameter(each)


def _of_path(name: str) -> Parameter:
    """A part of the address that nobody described."""
    schema = {"type": "string", "minLength": 1, "maxLength": 255}
    return Parameter(name=name, about="", where="path", schema=schema, required=True)


def _parameter(each: Parameter) -> Document:
    schema = dict(each.schema)
    if each.repeated:
        schema = {"type": "array", "items": schema}
    if each.default is not None and each.default != ():
        schema["default"] = each.default
    made: Document = {
        "name": each.name,
        "in": each.where,
        "required": each.required or each.where == "path",
        "schema": schema,
    }
    if each.about:
        made["description"] = each.about
    if each.example is not None:
        made["example"] = [each.example] if each.repeated else each.example
    return made


def _tenant_parameter() -> Document:
    return {
        "name": TENANT_HEADER,
        "in": "header",
        "required": False,
        "description": "The organisation; not needed with a key that is for one alone",
        "schema": {"type": "string", "format": "uuid"},
    }


def _body(body: Body) -> Document:
    content = {media_type: _content(body.schema, body.example) for media_type in body.media_types}
    made: Document = {"required": body.required, "content": content}
    about = f"{body.about} At most {body.most_bytes} bytes.".strip()
    return {**made, "description": about}


# --- what is answered --------------------------------------------------------------------------


def _responses(operation: Operation, responses: dict[str, Document]) -> Document:
    made: Document = {}
    for reply in operation.replies:
        _merge(made.setdefault(str(reply.status), {}), reply)
    for status, codes in by_status(operation).items():
        name = ".".join(codes)
        responses.setdefault(name, _problems(codes))
        made[str(status)] = {"$ref": f"#/components/responses/{name}"}
    return dict(sorted(made.items()))


def _merge(made: Document, reply: Reply) -> None:
    """One status may have several answers, by their media types."""
    made["description"] = " ".join(
        dict.fromkeys((*filter(None, [made.get("description")]), reply.about))
    )
    headers = {
        name: {"description": about, "schema": {"type": "string"}}
        for name, about in reply.headers.items()
    }
    request_id = {"X-Request-Id": {"$ref": f"#/components/headers/{_REQUEST_ID}"}}
    made["headers"] = {**made.get("headers", {}), **request_id, **headers}
    if reply.schema is not None or reply.media_type != "application/json":
        content = made.setdefault("content", {})
        content[reply.media_type] = _content(reply.schema, reply.example)


def _content(schema: Mapping[str, Any] | None, example: Any) -> Document:
    made: Document = {} if schema is None else {"schema": dict(schema)}
    if example is None and schema is not None:
        example = derived(schema, example_of)
    if example is not None:
        made["example"] = example
    return made


def _problems(codes: Sequence[str]) -> Document:
    schema = {
        "allOf": [named(PROBLEM), {"type": "object", "properties": {"code": {"enum": list(codes)}}}]
    }
    return {
        "description": "; ".join(f"`{code}`: {PROBLEMS[code].title}" for code in codes),
        "headers": {"X-Request-Id": {"$ref": f"#/components/headers/{_REQUEST_ID}"}},
        "content": {
            MEDIA_TYPE: {
                "schema": schema,
                "examples": {code: {"value": _problem_example(code)} for code in codes},
            }
        },
    }


def _problem_example(code: str) -> Document:
    kind = PROBLEMS[code]
    return {
        "type": f"urn:ledgerwire:problem:{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": f"{kind.title}.",
        "code": code,
        "remedy": kind.remedy,
        "instance": "urn:ledgerwire:request:6f1c2a9e0b5d4c7f8a3e1d2c4b5a6978",
    }
