"""Writes to one tenant's books: one request as a resource worded it, and what came of it.

What Xero refused, and what never left, had no effect: those errors are of `errors.py` as ever. Only
where a request left and no answer came nobody knows, which is `WriteUnanswered`. Every write has
an Idempotency-Key of Xero's, by which Xero answers a repetition as it answered the first (Xero:
Idempotency; kept for `KEY_LIFE` from the first use): so a lost answer is asked for once more here,
and whoever keeps key and request may ask again until then. Where asking again fails, as by a spent
limit or for want of a connection, that says nothing of what was sent before. Nothing is absorbed or
stored here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from unified.commands import Request
from unified.ids import TenantId
from unified.vocabulary import Endpoint
from xero.answers import complaints_of
from xero.calling import Call, Called, XeroCalls
from xero.client import page_of
from xero.errors import (
    Complaint,
    PayloadRefused,
    ResourceMissing,
    UndecodableAnswer,
    WriteUnanswered,
    XeroError,
    XeroUnreachable,
)
from xero.limits import API
from xero.paging import Page

KEY_LIFE: Final = timedelta(minutes=6)  #: how long Xero remembers what it answered to a key
_JSON: Final = "application/json"
_NO_CONTENT: Final = 204


@dataclass(frozen=True, slots=True)
class Written:
    """What Xero answered.

    Attributes:
        called: None: the answer got lost, and asking again showed that it was done.
        page: the things of the answer; None: it has none, or none was expected.
        complaints: of each thing, what Xero says against it; empty: it was done.
        warnings: of each thing, what Xero remarks though it was done.
    """

    called: Called | None
    page: Page | None
    complaints: Sequence[Sequence[Complaint]] = field(default=(), repr=False)
    warnings: Sequence[Sequence[str]] = field(default=(), repr=False)


class XeroWrites:
    """Sends writes by calls of `calls`. Holds nothing."""

    def __init__(self, calls: XeroCalls) -> None:
        self._calls = calls

    async def send(  # noqa: PLR0913  # what a write is made of
        self,
        tenant_id: TenantId,
        endpoint: Endpoint,
        request: Request,
        *,
        key: str,
        item_key: str | None,
        asked_at: datetime | None = None,
        sent_before: bool = False,
    ) -> Written:
        """Send it, once more where its answer got lost.

        Args:
            key: Xero's Idempotency-Key, at most 128 characters: of this request and no other.
            item_key: under which the answer lists things; None: what it holds does not matter.
            asked_at: the database's time, where the caller has read it just now.
            sent_before: it may have reached Xero already, under this key. Then it is sent once
                only: a second time could come when Xero has forgotten the key.

        Raises:
            WriteUnanswered: it may have been done.
            PayloadRefused, ResourceMissing: it was not done.
            XeroError: any other, where it was not `sent_before`: it was not done.
        """
        call = replace(_call(endpoint, request, key), asked_at=asked_at)
        if not sent_before:
            try:
                return await self._sent(tenant_id, call, item_key)
            except XeroUnreachable as error:
                if not error.outcome_unknown:
                    raise
                if error.status is not None:
                    # Xero keeps what it answered, this too: asking at once would say the same.
                    raise WriteUnanswered(call.what, because=error) from error
            except UndecodableAnswer:
                pass
            call = replace(call, asked_at=None)
        return await self._sent_again(tenant_id, call, item_key)

    async def _sent_again(self, tenant_id: TenantId, call: Call, item_key: str | None) -> Written:
        try:
            return await self._sent(tenant_id, call, item_key)
        except PayloadRefused:
            raise  # which is what Xero answered the first time, or would have
        except ResourceMissing:
            if call.method != "DELETE":
                raise
            return Written(None, None)  # Xero keeps no answers to these: what is gone is done
        except XeroError as error:
            raise WriteUnanswered(call.what, because=error) from error

    async def _sent(self, tenant_id: TenantId, call: Call, item_key: str | None) -> Written:
        called = await self._calls.call(tenant_id, call)
        if item_key is None or called.answer.status == _NO_CONTENT or not called.answer.body:
            return Written(called, None)
        page = await page_of(called, item_key)
        complaints = [complaints_of(item) if _is_refused(item) else [] for item in page.items]
        return Written(called, page, complaints, [_warnings(item) for item in page.items])


def body_of(request: Request) -> bytes | None:
    """The bytes of a request's body: those given, or JSON."""
    if request.body is None or isinstance(request.body, bytes):
        return request.body
    return msgspec.json.encode(request.body)


def _call(endpoint: Endpoint, request: Request, key: str) -> Call:
    content = body_of(request)
    headers = {"Idempotency-Key": key}
    if content is not None:
        headers["Content-Type"] = request.media_type or _JSON
    return Call(
        endpoint=endpoint.path,
        api=endpoint.api,
        parts=request.parts,
        method=request.method,
        query=dict(request.query),
        headers=headers,
        content=content,
        purpose=API,
    )


def _is_refused(item: dict[str, Any]) -> bool:
    """Whether an element of a batch was refused (Xero: Requests and responses, summarizeErrors)."""
    status = item.get("StatusAttributeString")
    if status is not None:
        return bool(status == "ERROR")
    return bool(item.get("ValidationErrors"))


def _warnings(item: dict[str, Any]) -> list[str]:
    said = item.get("Warnings")
    found = [each.get("Message") for each in said or () if isinstance(each, dict)]
    return [str(each) for each in found if each]
