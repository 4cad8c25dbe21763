"""One change event, read from its Kafka record."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from oracle.difference import Difference, Subject
from oracle.expected import space_of, topic_fits
from oracle.ids import change_id, key_of, thing_id
from oracle.inputs import Message
from oracle.things import entity_number

_SUFFIXES = {"c": "created", "u": "updated", "d": "deleted", "r": "observed"}
#: Headers that every event has, whatever it is about.
_REQUIRED = (
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_subject",
    "ce_time",
    "ce_partitionkey",
    "ce_sequence",
    "ce_entityseq",
    "ce_tenantid",
    "ce_cause",
)

Body = Mapping[str, Any]
EntityKey = tuple[str, str, str]  #: tenant, resource, remote id
Version = tuple[int, int]  #: epoch, sequence


@dataclass(frozen=True, slots=True)
class Change:
    """A readable event."""

    message: Message
    body: Body
    entity: EntityKey
    event_id: str
    epoch: int
    sequence: int
    tenant_sequence: int
    op: str
    before: Body | None
    after: Body | None

    @property
    def version(self) -> Version:
        """Its place among its entity's changes."""
        return self.epoch, self.sequence

    @property
    def subject(self) -> Subject:
        """What differences about it are about."""
        return Subject(*self.entity)

    def copy_of(self) -> tuple[Any, ...]:
        """All that must be equal in every copy: the publishing time may differ.

        A replay says so as its cause; nothing else in it may differ.
        """
        value = {name: held for name, held in self.body.items() if name != "latency_ms"}
        value["timing"] = {
            name: held
            for name, held in (self.body.get("timing") or {}).items()
            if name != "published_at"
        }
        headers = {name: held for name, held in self.message.headers if name != "ce_recordedtime"}
        return value, headers, self.message.key, self.message.topic


def read_change(message: Message) -> Change | None:
    """The event in a record; None when it is none."""
    body = message.value
    if body is None:
        return None
    tenant, entity = body.get("tenant"), body.get("entity")
    numbers = [body.get(name) for name in ("epoch", "sequence", "tenant_sequence")]
    sides = body.get("before"), body.get("after")
    if (
        not isinstance(tenant, Mapping)
        or not isinstance(entity, Mapping)
        or not all(isinstance(number, int) for number in numbers)
        or not all(side is None or isinstance(side, Mapping) for side in sides)
    ):
        return None
    epoch, sequence, tenant_sequence = (int(str(number)) for number in numbers)
    return Change(
        message=message,
        body=body,
        entity=(str(tenant.get("id")), str(entity.get("resource")), _known_by(entity, *sides)),
        event_id=str(body.get("event_id")),
        epoch=epoch,
        sequence=sequence,
        tenant_sequence=tenant_sequence,
        op=str(body.get("op")),
        before=sides[0],
        after=sides[1],
    )


def _known_by(entity: Body, before: Body | None, after: Body | None) -> str:
    """A thing's own id; a file's has its parent's before it."""
    parent = (after or before or {}).get("parent")
    if entity.get("resource") == "attachment" and isinstance(parent, Mapping):
        return f"{parent.get('resource')}:{parent.get('remote_id')}:{entity.get('remote_id')}"
    return str(entity.get("remote_id"))


def check_alone(change: Change) -> Iterator[Difference]:
    """One event fits together: ids, numbers, key, topic and headers."""
    tenant, resource, remote_id = change.entity
    subject = change.subject
    entity_id = thing_id(tenant, resource, remote_id)
    named = change.body["entity"].get("id")
    if named != entity_id:
        yield subject.differs("wrong_entity", "entity/id", expected=entity_id, found=named)
    for side, record in (("before", change.before), ("after", change.after)):
        if record is not None:
            yield from _belongs(change, side, record, entity_id)
    after = change.after
    if after is not None and after.get("version") != change.sequence:
        yield subject.differs(
            "wrong_version", "after/version", expected=change.sequence, found=after.get("version")
        )
    event_id = change_id(
        tenant,
        resource,
        str(change.body["entity"].get("remote_id")),
        epoch=change.epoch,
        sequence=change.sequence,
        content=None if after is None else str(after.get("content_hash")),
    )
    if change.event_id != event_id:
        yield subject.differs(
            "wrong_event_id", "event_id", expected=event_id, found=change.event_id
        )
    key = key_of(tenant, resource, entity_id)
    if change.message.key != key:
        yield subject.differs("wrong_key", "key", expected=key, found=change.message.key)
    if not topic_fits(change.message.topic, resource, "events"):
        yield subject.differs("wrong_topic", expected=resource, found=change.message.topic)
    yield from _headers(change, entity_id, key)


def _belongs(change: Change, side: str, record: Body, entity_id: str) -> Iterator[Difference]:
    tenant, resource, _ = change.entity
    remote_id = str(change.body["entity"].get("remote_id"))
    for name, wanted in (
        ("id", entity_id),
        ("remote_id", remote_id),
        ("resource", resource),
        ("tenant_id", tenant),
    ):
        if record.get(name) != wanted:
            yield change.subject.differs(
                "wrong_entity", f"{side}/{name}", expected=wanted, found=record.get(name)
            )


def _headers(change: Change, entity_id: str, key: str) -> Iterator[Difference]:
    tenant, resource, _ = change.entity
    body, subject = change.body, change.subject
    found = dict(change.message.headers)
    suffix = _SUFFIXES.get(change.op, "(unknown)")
    type_ = f"io.ledgerwire.{space_of(resource)}.{resource}.{suffix}.v1"
    if body.get("type") != type_:
        yield subject.differs("wrong_header", "type", expected=type_, found=body.get("type"))
    wanted = {
        "ce_specversion": "1.0",
        "ce_id": change.event_id,
        "ce_source": f"/xero/{tenant}",
        "ce_type": type_,
        "ce_subject": f"{resource}/{entity_id}",
        "ce_partitionkey": key,
        "ce_sequence": f"{change.tenant_sequence:020d}",
        "ce_tenantid": tenant,
        "ce_cause": (body.get("cause") or {}).get("kind"),
        "ce_facts": ",".join(body.get("facts") or ()),
        "ce_connectionid": body["tenant"].get("connection_id"),
    }
    required = (*_REQUIRED, "ce_facts") if body.get("facts") else _REQUIRED
    for name in required:
        if name not in found:
            yield subject.differs("wrong_header", name, expected="(present)", found="(absent)")
    for name, value in wanted.items():
        if name in found and found[name] != value:
            yield subject.differs("wrong_header", name, expected=value, found=found[name])
    number = found.get("ce_entityseq")
    if number is not None and entity_number(number) != change.version:
        yield subject.differs(
            "wrong_header",
            "ce_entityseq",
            expected=f"{change.epoch}.{change.sequence}",
            found=number,
        )
    if len(found) != len(change.message.headers):
        yield subject.differs("wrong_header", "(repeated)", expected=len(found),
                              found=len(change.message.headers))  # fmt: skip
