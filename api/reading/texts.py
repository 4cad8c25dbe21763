"""What was read of the mirror lately, kept in memory: a list that is asked for again costs the
database a look along an index, and no record is taken out of it twice.

What is kept of a record is used only while its row is still the same version of it, which each look
tells: nothing here can be older than the database.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from storage.database import Database
from storage.listing import Content, Head, contents
from unified.ids import EntityId, TenantId

MOST_BYTES: Final = 64 * 1024 * 1024  #: of records kept, less what Python needs for each


class Texts:
    """Records by organisation and id. One per process.

    Attributes:
        size: bytes of the records that are kept.
    """

    def __init__(self, db: Database, *, most_bytes: int = MOST_BYTES) -> None:
        self._db = db
        self._most = most_bytes
        self.size = 0
        self._kept: OrderedDict[tuple[TenantId, EntityId], Content] = OrderedDict()

    async def of(self, tenant_id: TenantId, heads: Sequence[Head]) -> list[Content]:
        """The records of a page, in its order, as they are now: of one that changed since the page
        was read, the `version` is another; one that was erased since is left out."""
        found: dict[EntityId, Content] = {}
        for head in heads:
            kept = self._kept.get((tenant_id, head.id))
            if kept is not None and kept.version == head.version:
                self._kept.move_to_end((tenant_id, head.id))
                found[head.id] = kept
        missing = [head.id for head in heads if head.id not in found]
        if missing:
            fetched = await contents(self._db, tenant_id, missing)
            for each in fetched.values():
                self._keep(tenant_id, each)
            found.update(fetched)
        return [found[head.id] for head in heads if head.id in found]

    def _keep(self, tenant_id: TenantId, content: Content) -> None:
        known = self._kept.pop((tenant_id, content.id), None)
        if known is not None:
            self.size -= len(known.unified)
        self._kept[tenant_id, content.id] = content
        self.size += len(content.unified)
        while self.size > self._most:
            _, dropped = self._kept.popitem(last=False)
            self.size -= len(dropped.unified)
