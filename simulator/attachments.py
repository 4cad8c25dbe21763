"""Attachments: files kept with a record, listed, fetched by name or id, and replaced.

Source: Xero's "Attachments": at most 10 files with a record; a name may not hold certain
characters; a file sent under a known name replaces that file; nothing deletes one.
IncludeOnline exists for sales invoices and customers' credit notes alone.
"""

from typing import Any, Protocol, runtime_checkable
from urllib.parse import quote

from simulator import history
from simulator.endpoints import Attachable
from simulator.filing import Attachment
from simulator.ledger import Ledger
from simulator.refusals import NotFound, Refused
from simulator.webhooks import API

MOST = 10
_FORBIDDEN = frozenset('<>:"/\\|?*+')
_ONLINE_TYPES = frozenset({"ACCREC", "ACCRECCREDIT"})


@runtime_checkable
class _Remembered(Protocol):
    """A record whose rendered form, with HasAttachments, is kept until its revision grows."""

    revision: int


def find(ledger: Ledger, record: Attachable, key: str) -> Attachment:
    """The file of an id or a name. Raises NotFound."""
    for held in ledger.filing.files.get(record.id, []):
        if key.lower() in {held.id, held.name.lower()}:
            return held
    raise NotFound(key)


def keep(ledger: Ledger, record: Attachable, sent: Attachment, *, by: str) -> Attachment:
    """Keep a file with a record, in place of one of its name; history tells of it.

    Args:
        ledger: the organisation.
        record: what the file belongs to.
        sent: the file; without an id it gets one.
        by: the name of the app, for the history.

    Raises:
        Refused: the name is not one, the file is empty, or there are too many.
    """
    if not sent.name or set(sent.name) & _FORBIDDEN:
        raise Refused("The file name contains characters that are not allowed")
    if not sent.content:
        raise Refused("The attachment has no content")
    if sent.online and not _may_be_online(record):
        raise Refused("IncludeOnline is only valid for sales invoices and credit notes")
    held = ledger.filing.files.setdefault(record.id, [])
    known = next((one for one in held if one.name.lower() == sent.name.lower()), None)
    if known is None and len(held) >= MOST:
        raise Refused(f"A maximum of {MOST} attachments can be kept with a record")
    kept = Attachment(
        known.id if known else ledger.new_id(),
        sent.name,
        sent.media_type,
        sent.content,
        sent.online,
    )
    ledger.filing.files[record.id] = [one for one in held if one is not known] + [kept]
    if isinstance(record, _Remembered):
        record.revision += 1
    text = f"Attached the file {kept.name} through the Xero API using {by}"
    history.add(ledger, record, "Attached a file", text)
    return kept


def wire(record: Attachable, held: Attachment, collection: str) -> dict[str, Any]:
    """A file as lists show it; `collection` is the endpoint's."""
    out: dict[str, Any] = {
        "AttachmentID": held.id,
        "FileName": held.name,
        "Url": f"{API}/{collection}/{record.id}/Attachments/{quote(held.name)}",
        "MimeType": held.media_type,
        "ContentLength": len(held.content),
    }
    if _may_be_online(record):
        out["IncludeOnline"] = held.online
    return out


def within(ledger: Ledger, record: Attachable, collection: str) -> dict[str, Any]:
    """What a single read of a record shows of its files: nothing where there are none."""
    held = ledger.filing.files.get(record.id)
    if not held:
        return {}
    return {"Attachments": [wire(record, one, collection) for one in held]}


def _may_be_online(record: Attachable) -> bool:
    return getattr(record, "type", None) in _ONLINE_TYPES
