"""A small consumer kit: turn Kafka records into changes and take each change once.

For anyone who consumes Ledgerwire's topics; it needs nothing but the standard library, so it can
be copied. It does not talk to Kafka and keeps no state of its own: hand it the versions you
stored, and store what it returns in the same transaction as your own work.

Events arrive at least once. A repetition carries the same `event_id` and the same
`(epoch, sequence)`, and order per key is the order of `(epoch, sequence)`. So whoever keeps the
highest version per key, and takes only what lies above it, has each change exactly once.

Unknown fields, enum values and facts are passed over: newer producers may send them.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

Headers = Sequence[tuple[str, bytes]]

#: A record removed in one of these ways has a tombstone, not a record, in the state topic.
GONE_KINDS = frozenset({"missing", "erased"})


class Unreadable(ValueError):
    """A record of the topic cannot be read: skip it, count it, look at its offset.

    The message names the flaw and never the content: records hold other people's books.
    """


class Key(NamedTuple):
    """Which thing a record speaks of; the text `{tenant}:{resource}:{id}` on the topic."""

    tenant_id: str
    resource: str
    entity_id: str


class Version(NamedTuple):
    """Where a change stands in its thing's history; compare as tuples, the higher is newer."""

    epoch: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Change:
    """One state a thing has reached.

    Attributes:
        record: the unified record as it is now; None when the thing is gone (hard-deleted at
            Xero, or erased). Void, archived and deleted-by-status things keep their record.
        op: `c`, `u`, `d`, `r`, or a letter of a later day; None when read from a state topic.
        facts: what the change means in business words; empty when read from a state topic.
    """

    key: Key
    version: Version
    record: Mapping[str, Any] | None
    op: str | None = None
    facts: frozenset[str] = frozenset()


def read_key(key: bytes | None) -> Key:
    """Read the key of a record.

    Raises:
        Unreadable: it is not `{tenant}:{resource}:{id}`.
    """
    try:
        tenant_id, resource, entity_id = (key or b"").decode().split(":", 2)
    except ValueError as error:
        raise Unreadable("the key is not tenant:resource:id") from error
    return Key(tenant_id, resource, entity_id)


def read_event(key: bytes | None, value: bytes | None) -> Change:
    """Read one record of an events topic.

    Raises:
        Unreadable: the record is not a change event.
    """
    if value is None:
        raise Unreadable("an events topic holds no tombstones")
    event = _object(value)
    after = event.get("after")
    if after is not None and not isinstance(after, dict):
        raise Unreadable("after is neither an object nor null")
    try:
        version = Version(int(event["epoch"]), int(event["sequence"]))
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable("epoch or sequence is missing or not a number") from error
    facts = event.get("facts")
    return Change(
        key=read_key(key),
        version=version,
        record=_present(after),
        op=event.get("op"),
        facts=frozenset(facts) if isinstance(facts, list) else frozenset(),
    )


def read_state(key: bytes | None, value: bytes | None, headers: Headers) -> Change:
    """Read one record of a state topic; a null value is a tombstone: the thing is gone.

    The version stands in the header `ce_entityseq` (`epoch.sequence`), on tombstones too.

    Raises:
        Unreadable: the record is neither a unified record nor a tombstone.
    """
    record = None if value is None else _object(value)
    return Change(key=read_key(key), version=_header_version(headers), record=_present(record))


class Versioned(Protocol):
    """Anything that says which thing it is of and where it stands in its history."""

    @property
    def key(self) -> Key:
        """Which thing."""
        ...

    @property
    def version(self) -> Version:
        """Where in its history."""
        ...


AnyVersioned = TypeVar("AnyVersioned", bound=Versioned)


def each_once(
    changes: Iterable[AnyVersioned], known: MutableMapping[Key, Version]
) -> Iterator[AnyVersioned]:
    """Yield, in order, what is newer than `known`, and move `known` along.

    `known` holds the highest version taken per key, from wherever you store it.
    """
    for change in changes:
        seen = known.get(change.key)
        if seen is None or change.version > seen:
            known[change.key] = change.version
            yield change


def _present(record: dict[str, Any] | None) -> dict[str, Any] | None:
    """Events keep the last record of a thing that went missing; state topics do not.

    Treated alike here, so that readers of either topic reach the same end.
    """
    if record is not None and record.get("deletion_kind") in GONE_KINDS:
        return None
    return record


def _object(value: bytes) -> dict[str, Any]:
    try:
        content = json.loads(value)
    except ValueError as error:
        raise Unreadable("the value is not JSON") from error
    if not isinstance(content, dict):
        raise Unreadable("the value is not a JSON object")
    return content


def _header_version(headers: Headers) -> Version:
    text = next((value for name, value in headers if name == "ce_entityseq"), b"")
    epoch, _, sequence = text.decode("ascii", "replace").partition(".")
    try:
        return Version(int(epoch), int(sequence))
    except ValueError as error:
        raise Unreadable("the header ce_entityseq is missing or not epoch.sequence") from error
