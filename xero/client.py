"""Reads of one tenant's books: how each endpoint is asked, and its answer as a `Page`.

How a call is paced, authorised and judged is `calling.py`; waiting and giving up are the caller's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from unified.ids import TenantId
from unified.resource import Endpoint
from xero.calling import HANDLERS, Call, Called, XeroCalls
from xero.errors import ResourceMissing
from xero.paging import (
    OVERLAP,
    Page,
    ids_query,
    if_modified_since,
    list_query,
    offset_query,
    page_query,
    read_body,
    single_query,
)


class XeroClient:
    """Reads endpoints for tenants, by calls of `calls`.

    Every read raises, beside what it names: XeroUnreachable, RateLimited, UndecodableAnswer,
    AccessTokenRefused, ScopeMissing, TenantRefused, PayloadRefused, ConsentRevoked, AppRefused.
    """

    def __init__(self, calls: XeroCalls) -> None:
        self._calls = calls

    async def get_page(  # noqa: PLR0913  # what a page is asked by; all keywords
        self,
        tenant_id: TenantId,
        endpoint: Endpoint,
        *,
        page: int,
        page_size: int,
        modified_since: datetime | None = None,
        overlap: timedelta = OVERLAP,
        params: Mapping[str, str] | None = None,
        purpose: str = HANDLERS,
    ) -> Page:
        """One page of a list; past the last page it has no items.

        Args:
            page: from 1.
            page_size: items a page, up to the endpoint's own most.
            modified_since: only what Xero stamped later than this, less `overlap`.
            params: further filters; they win over the endpoint's own.
            purpose: `api` for callers who wait, any other word for the handlers' work.
        """
        query = page_query(endpoint, page=page, page_size=page_size, params=params)
        headers = _since(endpoint, modified_since, overlap)
        call = _call(endpoint, endpoint.parts, query=query, headers=headers, purpose=purpose)
        return await self._read(tenant_id, endpoint, call)

    async def get_by_ids(
        self,
        tenant_id: TenantId,
        endpoint: Endpoint,
        ids: Sequence[str],
        *,
        purpose: str = HANDLERS,
        asked_at: datetime | None = None,
    ) -> Page:
        """Up to `ids_per_call(endpoint)` things at once, as full as paged reads are.

        What does not exist is left out by Xero; the caller compares ids. `asked_at`: as
        `get_single`.
        """
        query = ids_query(endpoint, ids)
        call = _call(endpoint, endpoint.parts, query=query, purpose=purpose, asked_at=asked_at)
        return await self._read(tenant_id, endpoint, call)

    async def get_single(
        self,
        tenant_id: TenantId,
        endpoint: Endpoint,
        remote_id: str,
        *,
        params: Mapping[str, str] | None = None,
        purpose: str = HANDLERS,
        asked_at: datetime | None = None,
    ) -> Page:
        """One thing, as the only item.

        Args:
            params: what else to send, such as the dates that a budget is read for.
            asked_at: the database's time, where the caller has read it just now.

        Raises:
            ResourceMissing: Xero does not know it.
        """
        query = single_query(endpoint, params)
        call = _call(
            endpoint, (*endpoint.parts, remote_id), query=query, purpose=purpose, asked_at=asked_at
        )
        page = await self._read(tenant_id, endpoint, call)
        if not page.items:
            raise ResourceMissing(f"{endpoint.path}/{remote_id}")
        return page

    async def get_list(  # as get_page
        self,
        tenant_id: TenantId,
        endpoint: Endpoint,
        *,
        modified_since: datetime | None = None,
        overlap: timedelta = OVERLAP,
        params: Mapping[str, str] | None = None,
        purpose: str = HANDLERS,
    ) -> Page:
        """A list in one piece. Where the endpoint has pages, its items are thin (no lines)."""
        headers = _since(endpoint, modified_since, overlap)
        query = list_query(endpoint, params)
        call = _call(endpoint, endpoint.parts, query=query, headers=headers, purpose=purpose)
        return await self._read(tenant_id, endpoint, call)

    async def get_from(
        self,
        tenant_id: TenantId,
        endpoint: Endpoint,
        offset: int,
        *,
        modified_since: datetime | None = None,
        overlap: timedelta = OVERLAP,
        purpose: str = HANDLERS,
    ) -> Page:
        """What follows the number `offset`, oldest first, of an endpoint that goes on by numbers;
        empty at its end."""
        headers = _since(endpoint, modified_since, overlap)
        query = offset_query(endpoint, offset)
        call = _call(endpoint, endpoint.parts, query=query, headers=headers, purpose=purpose)
        return await self._read(tenant_id, endpoint, call)

    async def get_children(  # as get_single
        self,
        tenant_id: TenantId,
        endpoint: Endpoint,
        parent: Endpoint,
        parent_id: str,
        *,
        purpose: str = HANDLERS,
        asked_at: datetime | None = None,
    ) -> Page:
        """All that one thing has of an endpoint's kind, such as the attachments of an invoice.

        Raises:
            ResourceMissing: Xero does not know the parent.
        """
        parts = (*parent.parts, parent_id, *endpoint.parts)
        call = _call(endpoint, parts, query={}, purpose=purpose, asked_at=asked_at)
        return await self._read(tenant_id, endpoint, call)

    async def get_history(
        self, tenant_id: TenantId, endpoint: Endpoint, remote_id: str, *, purpose: str = HANDLERS
    ) -> Page:
        """What is noted of one thing, newest first (Xero: History and Notes).

        Raises:
            ResourceMissing: Xero does not know it, or keeps no history of its kind.
        """
        below = replace(endpoint, item_key="HistoryRecords")
        return await self._below(tenant_id, below, (remote_id, "History"), purpose)

    async def get_online_invoice(  # as get_history
        self, tenant_id: TenantId, endpoint: Endpoint, remote_id: str, *, purpose: str = HANDLERS
    ) -> Page:
        """Where customers read an approved sales invoice, as the only item.

        Raises:
            ResourceMissing: Xero does not know it.
            PayloadRefused: it is no approved sales invoice.
        """
        below = replace(endpoint, item_key="OnlineInvoices")
        return await self._below(tenant_id, below, (remote_id, "OnlineInvoice"), purpose)

    async def _below(
        self, tenant_id: TenantId, endpoint: Endpoint, parts: tuple[str, ...], purpose: str
    ) -> Page:
        call = _call(endpoint, (*endpoint.parts, *parts), query={}, purpose=purpose)
        return await self._read(tenant_id, endpoint, call)

    async def _read(self, tenant_id: TenantId, endpoint: Endpoint, call: Call) -> Page:
        called = await self._calls.call(tenant_id, call)
        return await page_of(called, endpoint.item_key)


async def page_of(called: Called, item_key: str) -> Page:
    """What a good answer holds under `item_key`.

    Raises:
        UndecodableAnswer: it has no such list.
    """
    body = await read_body(called.answer.body, item_key)
    return Page(
        items=body.items,
        raws=body.raws,
        page=body.page,
        page_count=body.page_count,
        item_count=body.item_count,
        raw_size=len(called.answer.body),
        wire_size=called.answer.wire_size,
        asked_at=called.asked_at,
        answered_at=called.answered_at,
        fetched_at=called.fetched_at,
        correlation_id=called.answer.headers.get("xero-correlation-id"),
        told_at=body.told_at,
    )


def _call(  # what a call is made of; all keywords
    endpoint: Endpoint,
    parts: tuple[str, ...],
    *,
    query: Mapping[str, str],
    purpose: str,
    headers: Mapping[str, str] | None = None,
    asked_at: datetime | None = None,
) -> Call:
    return Call(
        endpoint=endpoint.path,
        api=endpoint.api,
        parts=parts,
        query=query,
        headers=headers or {},
        purpose=purpose,
        asked_at=asked_at,
    )


def _since(
    endpoint: Endpoint, modified_since: datetime | None, overlap: timedelta
) -> dict[str, str]:
    if modified_since is None:
        return {}
    if not endpoint.modified_since:
        raise ValueError(f"{endpoint.path} does not know If-Modified-Since")
    return {"If-Modified-Since": if_modified_since(modified_since, overlap)}
