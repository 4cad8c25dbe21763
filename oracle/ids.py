"""Ids that anyone can compute from what the README promises: UUIDv5 over joined texts."""

import uuid

_RECORDS = uuid.uuid5(uuid.NAMESPACE_URL, "urn:ledgerwire:record")
_EVENTS = uuid.uuid5(uuid.NAMESPACE_URL, "urn:ledgerwire:event")


def thing_id(tenant: str, resource: str, remote_id: str) -> str:
    """The unified id of a thing."""
    return str(uuid.uuid5(_RECORDS, "|".join(("xero", tenant, resource, remote_id))))


def change_id(
    tenant: str, resource: str, remote_id: str, *, epoch: int, sequence: int, content: str | None
) -> str:
    """The id of a change; `content` is the content hash of the record after it."""
    parts = (tenant, resource, remote_id, str(epoch), str(sequence), content or "deleted")
    return str(uuid.uuid5(_EVENTS, "|".join(parts)))


def key_of(tenant: str, resource: str, entity: str) -> str:
    """The key of a Kafka record."""
    return f"{tenant}:{resource}:{entity}"
