"""What the records of attachments should say.

Source in words: Xero's "Attachments". A file has no status, no times and no link of its own; it is
known below its parent.
"""

from collections.abc import Mapping
from typing import Any

from oracle.books import PARENTS, child_id
from oracle.common import Setting, flag, identity, ref, removed
from oracle.ids import thing_id
from oracle.wire import guid, text

Raw = Mapping[str, Any]


def attachment(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record of a file. Raises UnreadableBooks."""
    kind, remote_id = PARENTS[raw["Parent"]], str(guid(raw["AttachmentID"]))
    own = thing_id(
        setting.tenant, "attachment", child_id(kind, raw["ParentID"], raw["AttachmentID"])
    )
    parent = ref(setting.tenant, kind, str(guid(raw["ParentID"])))
    return {
        **identity(setting, "attachment", remote_id),
        **removed(None),
        "id": own,
        "merged_into": None,
        "status": "active",
        "remote_status": None,
        "extensions": {"xero": {"parent_endpoint": raw["Parent"]}},
        "parent": {**(parent or {}), "resource": kind},
        "file_name": text(raw.get("FileName")),
        "mime_type": text(raw.get("MimeType")),
        "size_bytes": raw.get("ContentLength"),
        "download_url": f"/v1/accounting/attachments/{own}/content",
        "include_with_document": flag(raw.get("IncludeOnline")),
    }
