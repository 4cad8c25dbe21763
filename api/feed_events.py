"""What the change feed shows of a committed event: CloudEvents structured JSON, and by which words
a caller chooses events.

Each reading of an event gives the same bytes: what is stored, with the moment of its commit where
Kafka's record has that of its sending.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from storage.feed import FeedEvent
from unified.codecs import instant_text
from unified.envelope import CONTENT_TYPE, Op, event_type
from unified.resources import KINDS

MEDIA_TYPE: Final = "application/cloudevents+json"
_ATTRIBUTE: Final = "ce_"


def _kinds_by_type() -> Mapping[str, str]:
    """Resource and op (`invoice.u`) by type, whole or in short (`invoice.updated`)."""
    found: dict[str, str] = {}
    for resource in KINDS:
        for op in Op:
            whole = event_type(resource, op)
            short = ".".join(whole.split(".")[-3:-1])
            found[whole] = found[short] = f"{resource.name}.{op}"
    return MappingProxyType(found)


KIND_OF_TYPE: Final = _kinds_by_type()
#: The same by resource, under both of its names.
KINDS_OF_RESOURCE: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        name: frozenset(f"{resource.name}.{op}" for op in Op)
        for resource in KINDS
        for name in (resource.plural, resource.name)
    }
)


def cloud_event(event: FeedEvent) -> bytes:
    """The event as CloudEvents' JSON format has it (CloudEvents 1.0, JSON Event Format)."""
    committed_at = instant_text(event.committed_at)
    attributes: dict[str, Any] = {
        name.removeprefix(_ATTRIBUTE): text
        for name, text in msgspec.json.decode(event.headers)
        if name.startswith(_ATTRIBUTE)
    }
    attributes["recordedtime"] = committed_at
    attributes["datacontenttype"] = CONTENT_TYPE
    # `timing` is the value's last member, so the moment is spliced in unparsed, as the relay does.
    return b"".join(
        (
            msgspec.json.encode(attributes)[:-1],
            b',"data":',
            event.value[:-2],
            b',"published_at":"',
            committed_at.encode(),
            b'"}}}',
        )
    )
