"""The bytes of one attachment on their way from Xero; the mirror keeps their digest, never them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import quote

import msgspec

from api.proxy_body import PassedBody
from storage.absorbing import lock_tenant
from storage.database import Database
from storage.records import KnownRecord, known_records, record_of, restate_records
from unified.ids import EntityId, TenantId
from unified.resources import by_endpoint
from xero.passing import PassedCall

ATTACHMENT = "attachment"


class NoAttachment(LookupError):
    """No such attachment is known, or it is gone."""


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file that the mirror knows.

    Attributes:
        place: of its bytes, below Xero's base address.
        endpoint: of what it is kept with.
    """

    known: KnownRecord = field(repr=False)
    place: str
    endpoint: str
    file_name: str | None
    mime_type: str | None

    def call(self) -> PassedCall:
        """What asks for its bytes, as they are."""
        accept = (("Accept", self.mime_type or "*/*"), ("Accept-Encoding", "identity"))
        return PassedCall(
            endpoint=self.endpoint,
            method="GET",
            target=self.place,
            headers=accept,
            body=PassedBody(b"", None, None),
        )


async def known_file(db: Database, tenant_id: TenantId, entity_id: EntityId) -> KnownFile:
    """Find a file.

    Raises:
        NoAttachment: see there.
    """
    found = await record_of(db, tenant_id, entity_id)
    if found is None or found[0] != ATTACHMENT or found[1].is_deleted:
        raise NoAttachment(f"no attachment {entity_id} is known")
    record, parent = found[1].unified, found[1].unified["parent"]
    above = by_endpoint(record["extensions"]["xero"]["parent_endpoint"])
    if above is None:
        raise NoAttachment(f"what attachment {entity_id} belongs to is not carried any more")
    parts = (
        *above.endpoint.parts, parent["remote_id"], "Attachments", record["remote_id"]
    )  # fmt: skip
    place = "/".join(("", above.endpoint.api, *(quote(part, safe="") for part in parts)))
    return KnownFile(found[1], place, above.endpoint.path, record["file_name"], record["mime_type"])


class Digested:
    """Chunks, with the digest and the size of all that went by; `whole` once all did."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._digest = sha256()
        self.size = 0
        self.whole = False

    @property
    def sha256(self) -> str:
        """Hexadecimal, of what went by so far."""
        return self._digest.hexdigest()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._chunks:
            self._digest.update(chunk)
            self.size += len(chunk)
            yield chunk
        self.whole = True


async def keep_digest(db: Database, tenant_id: TenantId, file: KnownFile, read: Digested) -> None:
    """Write the digest of a whole file beside what is known, where that still speaks of these
    bytes. It moves no sequence and makes no event: it says nothing new of the books.

    Raises:
        TenantNotLinked: the organisation left meanwhile.
    """
    known = file.known
    async with db.transaction() as conn:
        await lock_tenant(conn, tenant_id, fencing=None)
        now = (await known_records(conn, tenant_id, ATTACHMENT, [known.remote_id])).get(
            known.remote_id
        )
        if now is None or now.sequence != known.sequence:
            return
        if now.unified["size_bytes"] != read.size or now.unified["sha256"] == read.sha256:
            return
        restated = msgspec.json.encode({**now.unified, "sha256": read.sha256})
        await restate_records(conn, tenant_id, ATTACHMENT, {now.remote_id: restated})
