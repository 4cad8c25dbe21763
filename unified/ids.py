"""A type for each kind of id, and the ids that anyone can compute offline.

Not a place for ids that need a database: deliveries, notices and leases make their own.
"""

from dataclasses import dataclass
from hashlib import sha1
from typing import Final, NewType
from uuid import NAMESPACE_URL, UUID, uuid5

TenantId = NewType("TenantId", str)  #: Xero organisation, lower-case hyphenated uuid
ConnectionId = NewType("ConnectionId", str)  #: our link record, lower-case hyphenated uuid
RemoteId = NewType(
    "RemoteId", str
)  #: what Xero calls the thing: a uuid, or a code where it has none
EntityId = NewType("EntityId", str)  #: the unified id of a record, lower-case hyphenated uuid
EventId = NewType("EventId", str)  #: the id of a change event, lower-case hyphenated uuid


@dataclass(frozen=True, slots=True)
class Parent:
    """What a thing belongs to that Xero lists below another one."""

    resource: str  #: unified name, such as "invoice"
    endpoint: str  #: path, such as "Invoices"
    remote_id: str

    @property
    def key(self) -> str:
        """How notices name it."""
        return f"{self.endpoint}:{self.remote_id}"

    @property
    def below(self) -> str:
        """How the ids of its children begin: Xero promises none that are unique beyond it."""
        return f"{self.resource}:{self.remote_id}:"


NS_RECORD: Final[UUID] = uuid5(NAMESPACE_URL, "urn:ledgerwire:record")
NS_EVENT: Final[UUID] = uuid5(NAMESPACE_URL, "urn:ledgerwire:event")

_RECORD_BYTES = NS_RECORD.bytes
_EVENT_BYTES = NS_EVENT.bytes
_VARIANT = {f"{digit:x}": f"{digit & 0x3 | 0x8:x}" for digit in range(16)}


def record_id(tenant_id: str, resource_name: str, remote_id: str) -> EntityId:
    """The unified id: UUIDv5(NS_RECORD, "xero|{tenant}|{resource}|{remote id}").

    `resource_name` is the singular unified name ("invoice" for bills too), so that an id
    survives re-linking, a new backfill and a rebuilt store.
    """
    return EntityId(_uuid5(_RECORD_BYTES, f"xero|{tenant_id}|{resource_name}|{remote_id}"))


def event_id(
    tenant_id: str,
    resource_name: str,
    remote_id: str,
    epoch: int,
    sequence: int,
    content_hash: str | None,
) -> EventId:
    """The deterministic id of one change: the same change always has the same id.

    `content_hash` is that of the record after the change; None when it was erased.
    """
    last = content_hash or "deleted"
    name = f"{tenant_id}|{resource_name}|{remote_id}|{epoch}|{sequence}|{last}"
    return EventId(_uuid5(_EVENT_BYTES, name))


def _uuid5(namespace: bytes, name: str) -> str:
    # uuid.uuid5 builds an object only to be printed: three times the cost, and an invoice of
    # three lines has about ten ids.
    digest = sha1(namespace + name.encode(), usedforsecurity=False).hexdigest()
    return (
        f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}"
        f"-{_VARIANT[digest[16]]}{digest[17:20]}-{digest[20:32]}"
    )
