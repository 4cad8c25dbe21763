"""The names and settings of every topic, and the keys of their records.

It does not create topics: whoever owns a broker connection does, from `all_topics`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final, Protocol

RELAY_SHARDS: Final = 16  #: relay shards of a deployment; a tenant's shard never changes

_EVENT_DAYS = 30
_DEAD_DAYS = 90
_REBUILD = timedelta(days=7)  #: how long a consumer may take to rebuild before tombstones go
#: An event holds a record twice, before and after, and a long invoice passes Kafka's own 1 MB.
MAX_RECORD_BYTES: Final = 8 * 1024 * 1024
#: What its key, headers, batch and moment of publishing may add to a value.
RECORD_OVERHEAD_BYTES: Final = 64 * 1024


class Topical(Protocol):
    """The part of a resource that names topics."""

    @property
    def space(self) -> str:
        """First word after the prefix: "accounting" or "directory"."""
        ...

    @property
    def topic_part(self) -> str:
        """Plural with hyphens, such as "credit-notes"."""
        ...


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as it should be on the broker; `config` holds Kafka's own names and texts."""

    name: str
    config: Mapping[str, str]


def key(tenant_id: str, entity: str, entity_id: str) -> bytes:
    """The record key `{tenant}:{entity}:{id}` as UTF-8 text."""
    return f"{tenant_id}:{entity}:{entity_id}".encode()


def events_topic(prefix: str, resource: Topical) -> str:
    """Where the change events of a resource go."""
    return f"{prefix}.{resource.space}.{resource.topic_part}.events.v1"


def state_topic(prefix: str, resource: Topical) -> str:
    """Where the newest record of each entity of a resource stands."""
    return f"{prefix}.{resource.space}.{resource.topic_part}.state.v1"


def control_topic(prefix: str) -> str:
    """Linked, backfill progress, gap healed, limited, … keyed by tenant."""
    return f"{prefix}.control.v1"


def dead_topic(prefix: str) -> str:
    """Dead letters under their original keys."""
    return f"{prefix}.dead.v1"


def invoice_status_topic(prefix: str) -> str:
    """Payment status per invoice."""
    return f"{prefix}.crm.invoice-payment-status.v1"


def contact_status_topic(prefix: str) -> str:
    """Payment status per contact."""
    return f"{prefix}.crm.contact-payment-status.v1"


def all_topics(prefix: str, resources: Iterable[Topical] | None = None) -> tuple[Topic, ...]:
    """Every topic of a deployment; `resources` are the registered ones unless given."""
    if resources is None:
        # Imported here: resources stand above the names of their topics.
        from unified.resources import KINDS

        resources = KINDS
    topics: list[Topic] = []
    for resource in resources:
        topics.append(Topic(events_topic(prefix, resource), _kept(_EVENT_DAYS)))
        topics.append(Topic(state_topic(prefix, resource), _COMPACTED))
    topics.append(Topic(invoice_status_topic(prefix), _COMPACTED))
    topics.append(Topic(contact_status_topic(prefix), _COMPACTED))
    topics.append(Topic(control_topic(prefix), _kept(_EVENT_DAYS)))
    topics.append(Topic(dead_topic(prefix), _kept(_DEAD_DAYS)))
    return tuple(topics)


def _kept(days: int) -> Mapping[str, str]:
    return MappingProxyType(
        {
            "cleanup.policy": "delete",
            "retention.ms": _milliseconds(timedelta(days=days)),
            "max.message.bytes": str(MAX_RECORD_BYTES),
        }
    )


def _milliseconds(span: timedelta) -> str:
    return str(span // timedelta(milliseconds=1))


_COMPACTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cleanup.policy": "compact",
        # Said outright: some brokers apply a default retention to compacted topics too.
        "retention.ms": "-1",
        "delete.retention.ms": _milliseconds(_REBUILD),
        "max.message.bytes": str(MAX_RECORD_BYTES),
    }
)
