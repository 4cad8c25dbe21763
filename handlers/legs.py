"""What a side of a transfer tells of the transfer, which Xero itself does not stamp.

Xero keeps no time of a transfer's changes, and lists by the time of creation; but its two bank
transactions are stamped when it is deleted or matched with a statement. So a side that says other
than its transfer asks for a read of that, and a side that belongs to no known one for a sweep.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from handlers.commit import Step
from storage.cursors import sweep_at_once
from storage.database import Connection
from storage.notices import NewNotice
from storage.transfers import transfers_of_legs
from unified.ids import RemoteId, TenantId
from unified.resources.transaction import BANK_TRANSFER

_PATH = BANK_TRANSFER.endpoint.path


async def transfer_notices(
    conn: Connection, tenant_id: TenantId, steps: Sequence[Step], *, now: datetime
) -> list[NewNotice]:
    """Notices for the transfers of these changes that are not as their sides say.

    What a backfill merely observes is left to the transfers' own.
    """
    legs = {
        step.after["remote_id"]: step.after
        for step in steps
        if step.op != "r" and step.after.get("is_leg")
    }
    known = await transfers_of_legs(conn, tenant_id, _PATH, sorted(legs))
    told = {ref: (remote_id, transfer) for remote_id, transfer in known.items()
            for ref in _sides(transfer)}  # fmt: skip
    if legs.keys() - told.keys():
        await sweep_at_once(conn, tenant_id, _PATH, now=now)
    stale = {
        told[ref][0] for ref, leg in legs.items() if ref in told and not _agree(leg, told[ref][1])
    }
    return [
        NewNotice(endpoint=_PATH, remote_id=RemoteId(remote_id), origin="linked")
        for remote_id in sorted(stale)
    ]


def _sides(transfer: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {leg["ref"]["remote_id"]: leg for leg in transfer["legs"] or () if leg["ref"]}


def _agree(leg: Mapping[str, Any], transfer: Mapping[str, Any]) -> bool:
    """Whether the transfer says of this side what the side says itself."""
    side = _sides(transfer)[leg["remote_id"]]
    same = all(leg[name] == transfer[name] for name in ("is_deleted", "date", "reference", "total"))
    return same and leg["is_reconciled"] == side["is_reconciled"]
