"""Attachments: files kept with accounts, contacts and documents; what is known of each, not bytes.

They are listed below each parent alone, tell no times, and nothing deletes one through the API. A
file sent under a known name takes the other's place. Their bytes are fetched on demand.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from unified.codecs import FLAG, INTEGER, TEXT, Codec, Scope
from unified.commands import After, Command
from unified.ids import record_id
from unified.model import FreeText, Part, Record, Uuid
from unified.resource import Endpoint, Pace, Resource
from unified.shape import ALL, Derived, Field

#: Endpoints whose things can have files (Xero: Attachments). Receipts are not carried.
PARENTS: Final = (
    "Accounts",
    "BankTransactions",
    "BankTransfers",
    "Contacts",
    "CreditNotes",
    "Invoices",
    "ManualJournals",
    "PurchaseOrders",
    "Quotes",
    "RepeatingInvoices",
)


def _read_parent(_raw: Mapping[str, Any], scope: Scope) -> dict[str, Any] | None:
    parent = scope.parent
    if parent is None:
        return None
    return {
        "id": record_id(scope.tenant_id, parent.resource, parent.remote_id),
        "remote_id": parent.remote_id,
        "resource": parent.resource,
    }


def _read_parent_endpoint(_raw: Mapping[str, Any], scope: Scope) -> str | None:
    return None if scope.parent is None else scope.parent.endpoint


def _place(record: Mapping[str, Any]) -> str:
    """Its bytes: Xero shows what is known of it in the parent's list alone."""
    above = record["extensions"]["xero"]["parent_endpoint"]
    return f"{above}/{record['parent']['remote_id']}/Attachments/{record['remote_id']}"


def _derive(record: dict[str, Any]) -> None:
    record["status"] = "active"  # Xero gives them none: one that it lists is there
    record["download_url"] = f"/v1/accounting/attachments/{record['id']}/content"


def _follow(known: Mapping[str, Any], record: dict[str, Any]) -> None:
    """A digest belongs to the bytes that were fetched: to no others."""
    if any(known.get(name) != record[name] for name in ("file_name", "mime_type", "size_bytes")):
        record["sha256"] = None


#: A command of whatever can have files, not of files: Xero changes none and deletes none.
UPLOAD: Final = Command(
    name="upload",
    summary="Keep a file with the thing, in the place of one that has the same name",
    xero=("PUT {one}/Attachments/{FileName}", "POST {one}/Attachments/{FileName}"),
    method="PUT",
    at="attachments/{file_name}",
    is_file=True,
    words=(
        Field("file_name", "FileName", TEXT, ALL),
        Field("include_with_document", "IncludeOnline", FLAG, ALL),
    ),
    after=After.SINGLE,
    makes="Attachments",
)


class AttachmentParent(Part):
    """What a file is kept with."""

    id: Uuid
    remote_id: str
    resource: str


class XeroAttachmentExtensions(Part):
    """Provider-only fields of an attachment."""

    parent_endpoint: str | None


class AttachmentExtensions(Part):
    """Provider-only fields by provider."""

    xero: XeroAttachmentExtensions


class Attachment(Record):
    """A file. `sha256` is known once its bytes were fetched; `download_url` is below our API."""

    extensions: AttachmentExtensions
    parent: AttachmentParent | None
    file_name: FreeText | None
    mime_type: str | None
    size_bytes: int | None
    download_url: str
    include_with_document: bool | None
    sha256: str | None


ATTACHMENT: Final = Resource(
    name="attachment",
    plural="attachments",
    topic_part="attachments",
    space="accounting",
    model=Attachment,
    endpoint=Endpoint(
        path="Attachments",
        item_key="Attachments",
        id_key="AttachmentID",
        modified_since=False,
        page_size=None,
        ids_filter=False,
        where_id_or=False,
        sends_unitdp=False,
        list_params={},
        order=None,
        single=False,
        scope_granular="accounting.attachments",
        scope_broad="accounting.attachments",
        # A file that takes another's place shows nowhere else; each parent costs a call.
        pace=Pace(changes_per_hour=0.0001, longest=timedelta(days=7)),
        gated=True,
        children=PARENTS,
    ),
    webhook_category=None,
    updated_key=None,
    gone_status="deleted",
    derive=_derive,
    placed=_place,
    follow=_follow,
    fields=(
        Field("parent", (), Codec(_read_parent), ALL),
        Field("file_name", "FileName", TEXT, ALL),
        Field("mime_type", "MimeType", TEXT, ALL),
        Field("size_bytes", "ContentLength", INTEGER, ALL),
        Derived("download_url"),
        Field("include_with_document", "IncludeOnline", FLAG, ALL),
        Derived("sha256", volatile=True),
    ),
    extensions=(Field("parent_endpoint", (), Codec(_read_parent_endpoint), ALL),),
    ignored=("Url",),
)
