"""The shape of messages on the control topic and the dead-letter topic, as schemas tell it.

What they mean stands in docs/events.md. Whoever writes one does so without these models; tests
hold the messages to them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import Field

from unified.model import DeletionKind, Instant, Label, OneOf, Part, Personal, Uuid

VERSION: Final = "1.2.0"  #: of all messages on these two topics

_Count = Annotated[int, Field(ge=0)]


class TenantState(Part):
    """An organisation was linked, or is so no longer; the header `kind` is its state.

    `deletion_kind` tells of a link that ended, though no record was removed by that, and of an
    organisation that was erased.
    """

    tenant_id: Uuid
    tenant_name: Personal | None
    external_id: Label | None
    connection_id: Uuid
    epoch: _Count
    state: Annotated[
        str, OneOf("linked", "needs_reauth", "disconnected", "vanished", "erasing", "erased")
    ]
    reason: Label | None
    deletion_kind: DeletionKind | None = None
    at: Instant


class BackfillProgress(Part):
    """One more page of an endpoint's first complete reading; the last one says "done"."""

    tenant_id: Uuid
    resource: str
    state: Annotated[str, OneOf("running", "done")]
    read: _Count
    total: _Count | None
    seconds_left: _Count | None
    at: Instant


class Capability(Part):
    """Xero lets us read an endpoint of the organisation, or refuses it, and in which words."""

    tenant_id: Uuid
    resource: str
    endpoint: str
    state: Annotated[str, OneOf("supported", "unsupported")]
    reason: Label | None
    at: Instant


class Webhooks(Part):
    """Xero's deliveries have stopped, or come again; all organisations of the app are told.

    `untold` counts the changes that sweeps found and a webhook should have told.
    """

    tenant_id: Uuid
    tenant_name: Personal | None
    external_id: Label | None
    webhooks: Annotated[str, OneOf("silent", "heard")]
    untold: _Count
    heard_at: Instant | None
    remedy: Label | None
    at: Instant


class Limited(Part):
    """Xero takes no calls for the organisation until then: its changes come later, none is lost.

    `limit` is Xero's word: `day` mostly. Only what lasts minutes or more is told.
    """

    tenant_id: Uuid
    tenant_name: Personal | None
    external_id: Label | None
    limit: Label
    until: Instant
    at: Instant


class GapHealed(Part):
    """Webhooks went missing `since`, and all that they might have told has been looked for; what
    was found stands in events up to `at`."""

    tenant_id: Uuid
    tenant_name: Personal | None
    external_id: Label | None
    since: Instant
    at: Instant


class DeadLetter(Part):
    """Something that could not be read or brought into the mirror; never its content."""

    tenant_id: Uuid
    resource: str
    remote_id: str
    error_code: Label
    error: Label
    at: Instant


CONTROL: Final[Mapping[str, type[Part]]] = MappingProxyType(
    {
        "tenant_state": TenantState,
        "backfill_progress": BackfillProgress,
        "capability": Capability,
        "gap_healed": GapHealed,
        "limited": Limited,
        "webhooks": Webhooks,
    }
)
"""Messages of the control topic, by the names of their schemas."""
