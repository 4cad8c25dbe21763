"""What the api needs of absorbing, which lives with the handlers: whoever wires a process hands it
in. An answer that the api got of Xero, by a read or a write, moves the mirror as any other does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from unified.ids import EntityId, Parent, TenantId
from unified.resource import Resource
from unified.shape import Read
from xero.paging import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiWrite:
    """Who wrote, for the cause of the events that follow.

    Attributes:
        actor: names the API key, such as `key:0a1b2c3d`; never its text.
        idempotency_key_hash: hexadecimal; None where no key was sent.
        creates: what the answer holds was made by this write.
        sent: fields that the write wrote: what the answer leaves out of these is empty now.
    """

    request_id: str
    actor: str
    idempotency_key_hash: str | None = None
    correlation_id: str | None = None
    creates: bool = False
    sent: frozenset[str] = frozenset()


class Absorber(Protocol):
    """Brings the mirror up to date with answers, and publishes what changed."""

    async def mark(self) -> int:
        """The newest notice version: taken before a call leaves, so that its answer finishes no
        hint that came later."""
        ...

    async def absorb(  # noqa: PLR0913  # whose answer, how full, why
        self,
        tenant_id: TenantId,
        resource: Resource,
        page: Page,
        read: Read,
        *,
        mark: int,
        write: ApiWrite | None = None,
        parent: Parent | None = None,
    ) -> Sequence[EntityId]:
        """Absorb what stands in a page; the ids of its things, in the page's order.

        Args:
            read: how full the answer is; `Read.WRITE` for the answer to a write.
            write: the write that it answers; None: it answers a read.
            parent: what the things belong to, where their endpoint is one of children.

        Raises:
            TenantNotLinked, StorageError: nothing was absorbed.
            UndecodableAnswer: a thing in it could not be read.
        """
        ...

    async def gone(
        self,
        tenant_id: TenantId,
        resource: Resource,
        remote_id: str,
        *,
        asked_at: datetime | None,
        write: ApiWrite,
    ) -> EntityId | None:
        """Note that a thing is no longer at Xero, since this write removed it; its id, or None
        where the mirror does not know it.

        `asked_at` is when the removal was asked for, by the database's clock; None: now.

        Raises:
            TenantNotLinked, StorageError: nothing was noted.
        """
        ...
