"""The change event: one envelope for every resource, and its CloudEvents headers on Kafka.

A pure wording of facts that somebody else established: sequences, causes and times are given.
The value is less its last word: the relay adds `published_at` to `timing`, which therefore ends
the document.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Final, Literal

import msgspec
from pydantic import Field, create_model

from unified.codecs import instant_text
from unified.ids import event_id
from unified.model import DeletionKind, Instant, OneOf, Part, Personal, Uuid
from unified.resource import PROVIDER, Resource
from unified.topics import MAX_RECORD_BYTES, RECORD_OVERHEAD_BYTES
from unified.vocabulary import FULL

MAPPING_VERSION: Final = "xero-2026.11.1"  #: how Xero's words become ours
SCHEMA_HOME: Final = "https://ledgerwire.io/schemas"
CONTENT_TYPE: Final = "application/json"
_TYPE_ROOT: Final = "io.ledgerwire"


class Op(StrEnum):
    """What happened to the record: Debezium's letters."""

    CREATED = "c"
    UPDATED = "u"
    DELETED = "d"
    OBSERVED = "r"  #: first seen, not known to be new


MOST_VALUE_BYTES: Final = MAX_RECORD_BYTES - RECORD_OVERHEAD_BYTES


ERASED: Final = "erased"  #: the kind of removal of which nothing is left


class EventTooLarge(ValueError):
    """A record is too large for the topics, whatever is left out beside it."""


_VERBS: Final = {"c": "created", "u": "updated", "d": "deleted", "r": "observed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a change was looked for.

    Attributes:
        kind: webhook, poll, backfill, reconcile, time, api_write, remap or replay.
        detected_by: which part of ours found it: notice, sweep, backfill, clock, …
        webhook, poll, backfill, time, api_write: details of the kind, as plain JSON values.
        coalesced: how many hints this one look answered.
    """

    kind: str
    detected_by: str
    webhook: Mapping[str, Any] | None = None
    poll: Mapping[str, Any] | None = None
    backfill: Mapping[str, Any] | None = None
    time: Mapping[str, Any] | None = None
    api_write: Mapping[str, Any] | None = None
    coalesced: int = 1

    def as_dict(self) -> dict[str, Any]:
        """The event's `cause` block; details that do not apply are left out."""
        block: dict[str, Any] = {"kind": self.kind, "detected_by": self.detected_by}
        for name in ("webhook", "poll", "backfill", "api_write", "time"):
            details = getattr(self, name)
            if details is not None:
                block[name] = dict(details)
        block["coalesced"] = self.coalesced
        return block


def event_type(resource: Resource, op: str) -> str:
    """The CloudEvents type, such as `io.ledgerwire.accounting.invoice.updated.v1`."""
    return f"{_TYPE_ROOT}.{resource.space}.{resource.name}.{_VERBS[op]}.v1"


def event_schema(resource: Resource) -> str:
    """Where the JSON Schema of a resource's events stands; never changes under its name."""
    return schema_address(f"{resource.space}.{resource.name}", resource.schema_version)


def record_schema(resource: Resource) -> str:
    """Where the JSON Schema of a resource's records stands; never changes under its name."""
    return schema_address(f"{resource.space}.{resource.name}.record", resource.schema_version)


def schema_address(name: str, version: str) -> str:
    """Where one version of a schema stands; never changes under its name."""
    return f"{SCHEMA_HOME}/{name}.v{version}.json"


def build_event(  # noqa: PLR0913  # an envelope is what is put into it
    *,
    resource: Resource,
    tenant_id: str,
    tenant_name: str | None,
    connection_id: str,
    op: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    epoch: int,
    sequence: int,
    tenant_sequence: int,
    cause: Mapping[str, Any],
    received_at: datetime | None,
    detected_at: datetime,
    fetched_at: datetime | None,
    normalized_at: datetime | None,
    raw_hash: str | None = None,
    remote_data: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The value of one change event, less `timing.published_at`.

    `before` and `after` are finished records; `before` is left out of creations and observations,
    `after` is None only when the record was erased. `epoch` is in microseconds.

    Raises:
        ValueError: there is neither a before nor an after.
    """
    subject = after if after is not None else before
    if subject is None:
        raise ValueError("an event needs a record before or after")
    known = before if op in {Op.UPDATED, Op.DELETED} else None
    changed = [] if known is None or after is None else resource.changed_fields(known, after)
    entity: dict[str, Any] = {
        "resource": resource.name,
        "id": subject["id"],
        "remote_id": subject["remote_id"],
    }
    for name in ("type", "number"):
        if subject.get(name) is not None:
            entity[name] = subject[name]
    tenant = {"id": tenant_id, "provider": PROVIDER, "connection_id": connection_id}
    if tenant_name is not None:
        tenant["name"] = tenant_name
    event: dict[str, Any] = {
        "schema_version": resource.schema_version,
        "mapping_version": MAPPING_VERSION,
        "event_id": event_id(
            tenant_id,
            resource.name,
            subject["remote_id"],
            epoch,
            sequence,
            None if after is None else after["content_hash"],
        ),
        "type": event_type(resource, op),
        "op": str(op),
        **_removal(resource, op, after),
        "facts": resource.facts(known, after),
        "tenant": tenant,
        "entity": entity,
        "sequence": sequence,
        "epoch": epoch,
        "tenant_sequence": tenant_sequence,
        "before": known,
        "after": after,
        "changed_fields": changed,
        "change_class": resource.change_class(changed),
        "cause": dict(cause),
        "source": {
            "system": PROVIDER,
            "api": resource.space,
            "endpoint": resource.endpoint.path,
            "remote_updated_at": subject["updated_at"],
            "snapshot": op == Op.OBSERVED,
            "completeness": subject["completeness"],
            "raw_hash": raw_hash,
        },
        "links": _links(resource, subject, erased=after is None),
    }
    if remote_data is not None:
        event["remote_data"] = remote_data
    # Last, so that the relay can add to it by splicing text.
    event["timing"] = {
        "source_changed_at": None if cause.get("kind") == "time" else subject["updated_at"],
        "source_event_at": (cause.get("webhook") or {}).get("event_at"),
        "received_at": _text(received_at),
        "detected_at": _text(detected_at),
        "fetched_at": _text(fetched_at),
        "normalized_at": _text(normalized_at),
    }
    return event


def _removal(resource: Resource, op: str, after: Mapping[str, Any] | None) -> dict[str, Any]:
    """Of removals, in which way: what is erased has no record left that could tell."""
    if op != Op.DELETED:
        return {}
    return {"deletion_kind": ERASED if after is None else resource.removal(after)}


def erasure_event(  # noqa: PLR0913  # an envelope is what is put into it
    *,
    resource: Resource,
    tenant_id: str,
    connection_id: str,
    entity_id: str,
    remote_id: str,
    epoch: int,
    sequence: int,
    tenant_sequence: int,
    cause: Mapping[str, Any],
    detected_at: datetime,
) -> dict[str, Any]:
    """The value of the event that says that a thing was erased: its ids, and nothing that was
    known of it. `before` is left out, as `before_omitted` says."""
    event = build_event(
        resource=resource,
        tenant_id=tenant_id,
        tenant_name=None,
        connection_id=connection_id,
        op=Op.DELETED,
        before={"id": entity_id, "remote_id": remote_id, "updated_at": None, "completeness": FULL},
        after=None,
        epoch=epoch,
        sequence=sequence,
        tenant_sequence=tenant_sequence,
        cause=cause,
        received_at=None,
        detected_at=detected_at,
        fetched_at=None,
        normalized_at=None,
    )
    timing = event.pop("timing")  # stays last
    return {**event, "before": None, "before_omitted": True, "timing": timing}


def event_value(event: Mapping[str, Any], *, most_bytes: int = MOST_VALUE_BYTES) -> bytes:
    """The JSON of an event. One too large for the topics leaves out what can be had elsewhere:
    `before` (which the event before it held as `after`) and then Xero's own `remote_data`.

    Raises:
        EventTooLarge: it does not fit even so.
    """
    value = msgspec.json.encode(event)
    if len(value) <= most_bytes:
        return value
    head = {name: each for name, each in event.items() if name != "timing"}
    timing = event["timing"]  # stays last
    if head["before"] is not None:
        head |= {"before": None, "before_omitted": True}
        value = msgspec.json.encode({**head, "timing": timing})
    if len(value) > most_bytes and head.pop("remote_data", None) is not None:
        value = msgspec.json.encode({**head, "timing": timing})
    if len(value) > most_bytes:
        raise EventTooLarge(f"{len(value)} bytes, {most_bytes} at most")
    return value


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant_text(instant)


def _links(resource: Resource, subject: Mapping[str, Any], *, erased: bool) -> dict[str, str]:
    endpoint = resource.endpoint
    # Of an erased thing too little is known to say where it is shown by itself.
    place = "/".join(endpoint.parts) if erased else resource.place(subject)
    remote = f"{endpoint.api}/{place}"
    return {
        "self": f"/v1/{resource.space}/{resource.plural}/{subject['id']}",
        "proxy": f"/v1/proxy/{remote}",
    }


def event_headers(event: Mapping[str, Any]) -> list[tuple[str, bytes]]:
    """CloudEvents headers in Kafka's binary mode; the relay adds `ce_recordedtime`."""
    tenant, entity, cause = event["tenant"], event["entity"], event["cause"]
    space, version = event["source"]["api"], event["schema_version"]
    headers = {
        "ce_specversion": "1.0",
        "ce_id": event["event_id"],
        "ce_source": f"/xero/{tenant['id']}",
        "ce_type": event["type"],
        "ce_subject": f"{entity['resource']}/{entity['id']}",
        "ce_time": _time_of(event),
        "ce_dataschema": schema_address(f"{space}.{entity['resource']}", version),
        "ce_partitionkey": f"{tenant['id']}:{entity['resource']}:{entity['id']}",
        "ce_sequence": f"{event['tenant_sequence']:020d}",
        "ce_entityseq": f"{event['epoch']:020d}.{event['sequence']:020d}",
        "ce_tenantid": tenant["id"],
        "ce_connectionid": tenant["connection_id"],
        "ce_cause": cause["kind"],
        "content-type": CONTENT_TYPE,
    }
    # CloudEvents attributes are never empty, so what does not apply is left out.
    if event["facts"]:
        headers["ce_facts"] = ",".join(event["facts"])
    correlation = _correlation_of(cause)
    if correlation is not None:
        headers["ce_correlationid"] = correlation
    return [(name, text.encode()) for name, text in headers.items()]


def state_headers(headers: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """The headers of the state record (or tombstone) that goes with an event's headers.

    Type, schema and id become the state's own: CloudEvents wants one id per record of a source.
    """
    return [(name, _AS_STATE.get(name, _unchanged)(value)) for name, value in headers]


def _unchanged(value: bytes) -> bytes:
    return value


_AS_STATE: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "ce_id": lambda value: value + b"-state",
    "ce_type": lambda value: b".".join((*value.split(b".")[:-2], b"state", b"v1")),
    "ce_dataschema": lambda value: value.replace(b".v", b".record.v", 1),
}


def _time_of(event: Mapping[str, Any]) -> str:
    """The best time of the change itself."""
    timing = event["timing"]
    due_at = (event["cause"].get("time") or {}).get("due_at")
    stamps = (due_at, timing["source_event_at"], timing["source_changed_at"])
    return str(next((stamp for stamp in stamps if stamp is not None), timing["detected_at"]))


def _correlation_of(cause: Mapping[str, Any]) -> str | None:
    """What ties the events of one delivery, run or request together."""
    for block, name in (
        ("webhook", "delivery_id"),
        ("api_write", "correlation_id"),  # the caller's own word for it, where it has one
        ("api_write", "request_id"),
        ("backfill", "job_id"),
        ("poll", "run_id"),
    ):
        found = (cause.get(block) or {}).get(name)
        if found is not None:
            return str(found)
    return None


# --- schemas -----------------------------------------------------------------------------------


class EventTenant(Part):
    """Whose books."""

    id: Uuid
    provider: Literal["xero"]
    connection_id: Uuid
    name: Personal | None = None


class EventEntity(Part):
    """Which thing."""

    resource: str
    id: Uuid
    remote_id: str
    type: str | None = None
    number: str | None = None


class EventSource(Part):
    """Where its content came from."""

    system: Literal["xero"]
    api: str
    endpoint: str
    remote_updated_at: Instant | None
    snapshot: bool
    completeness: str
    raw_hash: str | None


class EventLinks(Part):
    """Where to ask for the record, here and through the proxy."""

    self: str
    proxy: str


class EventTiming(Part):
    """What happened when; null where it does not apply."""

    source_changed_at: Instant | None
    source_event_at: Instant | None
    received_at: Instant | None
    detected_at: Instant
    fetched_at: Instant | None
    normalized_at: Instant | None
    published_at: Instant | None = None


class EventCause(Part):
    """Why it was looked for; details of new kinds may appear at any time."""

    kind: str
    detected_by: str
    webhook: dict[str, Any] | None = None
    poll: dict[str, Any] | None = None
    backfill: dict[str, Any] | None = None
    api_write: dict[str, Any] | None = None
    time: dict[str, Any] | None = None
    coalesced: int = Field(ge=1)


class ChangeEvent(Part):
    """The envelope, less the types of `before` and `after`."""

    schema_version: str
    mapping_version: str
    event_id: Uuid
    type: str
    op: Literal["c", "u", "d", "r"]
    deletion_kind: DeletionKind | None = None
    facts: list[str]
    tenant: EventTenant
    entity: EventEntity
    sequence: int = Field(ge=1)
    epoch: int = Field(ge=0)
    tenant_sequence: int = Field(ge=1)
    before: Any
    after: Any
    before_omitted: bool = False
    changed_fields: list[str]
    change_class: Annotated[str, OneOf("material", "derived", "cosmetic")]
    cause: EventCause
    source: EventSource
    links: EventLinks
    remote_data: dict[str, Any] | None = None
    timing: EventTiming


@cache
def event_model(resource: Resource) -> type[ChangeEvent]:
    """The schema of a resource's events, with its records in `before` and `after`."""
    record: Any = resource.model
    name = f"{resource.model.__name__}ChangeEvent"
    side = (record | None, ...)
    return create_model(name, __base__=ChangeEvent, before=side, after=side)
