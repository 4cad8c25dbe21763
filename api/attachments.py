"""The bytes of one attachment, read on demand; the mirror keeps their digest, never the bytes."""

from dataclasses import dataclass, field
from hashlib import sha256

import msgspec

from storage.absorbing import lock_tenant
from storage.database import Database
from storage.records import KnownRecord, known_records, record_of, restate_records
from unified.ids import EntityId, TenantId
from unified.resources import by_endpoint
from xero.client import XeroClient

ATTACHMENT = "attachment"


class NoAttachment(LookupError):
    """No such attachment is known, or it is gone."""


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file as Xero has it; `sha256` is hexadecimal. `repr` leaves the bytes out."""

    file_name: str | None
    mime_type: str | None
    sha256: str
    content: bytes = field(repr=False)


async def content_of(
    db: Database, client: XeroClient, tenant_id: TenantId, entity_id: EntityId
) -> FileContent:
    """Fetch a file that the mirror knows, and keep its digest with its record.

    The digest moves no sequence and makes no event: it says nothing new of the books.

    Raises:
        NoAttachment: see there.
        ResourceMissing: Xero does not know the file any more.
        XeroError: any other way in which a call can fail.
        TenantNotLinked: the organisation left meanwhile; its bytes are given to nobody.
    """
    found = await record_of(db, tenant_id, entity_id)
    if found is None or found[0] != ATTACHMENT or found[1].is_deleted:
        raise NoAttachment(f"no attachment {entity_id} is known")
    known = found[1]
    record, parent = known.unified, known.unified["parent"]
    above = by_endpoint(record["extensions"]["xero"]["parent_endpoint"])
    if above is None:
        raise NoAttachment(f"what attachment {entity_id} belongs to is not carried any more")
    content = await client.get_file(
        tenant_id, above.endpoint, parent["remote_id"], record["remote_id"],
        mime_type=record["mime_type"], purpose="api",
    )  # fmt: skip
    digest = sha256(content).hexdigest()
    await _keep(db, tenant_id, known, digest=digest, size=len(content))
    return FileContent(record["file_name"], record["mime_type"], digest, content)


async def _keep(
    db: Database, tenant_id: TenantId, known: KnownRecord, *, digest: str, size: int
) -> None:
    """Write the digest beside what is known, where that still speaks of these bytes."""
    async with db.transaction() as conn:
        await lock_tenant(conn, tenant_id, fencing=None)
        now = (await known_records(conn, tenant_id, ATTACHMENT, [known.remote_id])).get(
            known.remote_id
        )
        if now is None or now.sequence != known.sequence or now.unified["size_bytes"] != size:
            return
        if now.unified["sha256"] == digest:
            return
        restated = msgspec.json.encode({**now.unified, "sha256": digest})
        await restate_records(conn, tenant_id, ATTACHMENT, {now.remote_id: restated})
