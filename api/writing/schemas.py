"""What is said of writes in documents: their answers, and parameters that all of them have."""

from typing import Any, Final

from api.openapi.naming import META, named, record_of
from api.operation import Reply
from api.parameters import Parameter
from api.reading.records import TAG
from api.writing.answers import REPLAYED
from unified.resource import Resource

#: Problems that every write may answer with.
PROBLEMS: Final = (
    "body_refused",
    "rule_broken",
    "tenant_not_linked",
    "needs_reauth",
    "consent_scope_missing",
    "xero_refused",
    "xero_not_found",
    "xero_unreachable",
    "xero_answer_unreadable",
    "app_refused",
    "secrets_unreadable",
    "not_offered",
    "idempotency_key_reused",
    "write_in_progress",
    "write_unresolved",
    "write_outcome_unknown",
)
#: Beside these, those of writes about a thing that is there.
OF_THING: Final = ("not_found", "state_forbids", "version_conflict")

HEADERS: Final = {
    TAG: "Which state of the record this is: send it as `If-Match` with the next change",
    REPLAYED: "`true` where the answer was given before, to the same key",
}


def read_truth(text: str) -> bool:
    """A flag of an address. Raises ValueError: it is none."""
    if text not in {"true", "false"}:
        raise ValueError("is true or false")
    return text == "true"


DRY_RUN: Final = Parameter(
    name="dry_run",
    about="Send nothing: answer with the request that Xero would get, once the rules that the "
    "mirror knows have been asked.",
    schema={"type": "boolean"},
    read=read_truth,
    default=False,
)
CORRELATION_HEADER: Final = "X-Correlation-Id"
CORRELATION_LETTERS: Final = 128
CORRELATION: Final = Parameter(
    name=CORRELATION_HEADER,
    about="The caller's own word for this change: the events that follow carry it, so that the "
    "caller knows its own echo.",
    where="header",
    schema={
        "type": "string",
        "minLength": 1,
        "maxLength": CORRELATION_LETTERS,
        "pattern": "^[!-~]([ -~]*[!-~])?$",
    },
    example="order-1017",
)


def written_reply(kind: Resource, status: int, about: str, **more: Any) -> Reply:
    """An answer with the record as it is afterwards."""
    members = {"result": record_of(kind), "meta": named(META), **more}
    schema = {
        "oneOf": [
            {"type": "object", "required": ["result", "meta"], "properties": members},
            _TRIED,
        ]
    }
    return Reply(status=status, about=about, schema=schema, headers=HEADERS)


def tried_reply() -> Reply:
    """The answer to a dry run."""
    return Reply(about="Of a dry run: what would have been sent.", schema=_TRIED)


def pending_reply() -> Reply:
    """The answer where Xero has done it and the mirror could not take it in."""
    schema = {
        "type": "object",
        "required": ["result", "meta"],
        "properties": {"result": {"type": "null"}, "meta": named(META)},
    }
    return Reply(
        status=202,
        about="Xero has done it, and the mirror could not take it in yet: the record follows.",
        schema=schema,
    )


_TRIED: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["dry_run", "request", "refused", "meta"],
    "properties": {
        "dry_run": {"const": True},
        "request": {
            "type": "object",
            "description": "What Xero would get, letter by letter",
            "required": ["method", "url", "path", "query", "content_type", "body"],
            "properties": {
                "method": {"type": "string"},
                "url": {"type": "string"},
                "path": {"type": "string"},
                "query": {"type": "object", "additionalProperties": {"type": "string"}},
                "content_type": {"type": ["string", "null"]},
                "body": {"description": "JSON; null where bytes of a file, or nothing, are sent"},
                "body_bytes": {"type": "integer"},
            },
        },
        "refused": {"type": "array", "items": {"type": "object"}},
        "meta": named(META),
    },
}
BATCH: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["results", "created", "refused", "meta"],
    "properties": {
        "results": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["index", "status"],
                "properties": {
                    "index": {"type": "integer", "minimum": 0},
                    "status": {"type": "integer"},
                    "result": {"type": "object"},
                    "problem": {"type": "object"},
                },
            },
        },
        "created": {"type": "integer"},
        "refused": {"type": "integer"},
        "meta": named(META),
    },
}
