"""The plain shapes in which the judge takes what its caller read.

Plain tuples of the same order do as well. Values and headers may be bytes or already decoded.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

_JSON = msgspec.json.Decoder(float_hook=Decimal)

Header = tuple[str, bytes | str]


class MirrorRow(NamedTuple):
    """One record of the mirror. `epoch` is its tenant's."""

    tenant_id: str
    resource: str
    remote_id: str
    record: Mapping[str, Any]
    sequence: int
    epoch: int


class KafkaRecord(NamedTuple):
    """One record of a topic. A null value is a tombstone."""

    topic: str
    partition: int
    offset: int
    key: bytes | str
    headers: Iterable[Header]
    value: Mapping[str, Any] | bytes | None


class Message(NamedTuple):
    """A Kafka record, decoded. `unreadable` says that its value is no JSON object."""

    topic: str
    partition: int
    offset: int
    key: str
    headers: tuple[tuple[str, str], ...]
    value: Mapping[str, Any] | None
    unreadable: bool = False

    @property
    def tenant(self) -> str:
        """The key's first part."""
        return self.key.split(":", 1)[0]


def message(record: Iterable[Any]) -> Message:
    """Decode a Kafka record given as a tuple."""
    topic, partition, offset, key, headers, value = record
    decoded: Any = value
    if isinstance(value, bytes | bytearray):
        try:
            decoded = _JSON.decode(value)
        except msgspec.DecodeError:
            decoded = ()
    readable = decoded is None or isinstance(decoded, Mapping)
    return Message(
        topic=topic,
        partition=partition,
        offset=offset,
        key=_text(key),
        headers=tuple((name, _text(content)) for name, content in headers),
        value=decoded if readable else None,
        unreadable=not readable,
    )


def latest(messages: Iterable[Message]) -> dict[tuple[str, str], Message]:
    """The last record of each (topic, key): what a compacted topic holds."""
    held: dict[tuple[str, str], Message] = {}
    for one in messages:
        before = held.get((one.topic, one.key))
        if before is None or before.partition != one.partition or before.offset <= one.offset:
            held[one.topic, one.key] = one
    return held


def _text(content: bytes | str | None) -> str:
    if content is None:
        return ""
    return content if isinstance(content, str) else bytes(content).decode("utf-8", "replace")
