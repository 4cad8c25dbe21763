"""Reads of one tenant's books: every call is paced, timed, authorised and judged here.

A call reserves from the tenant's budget, takes a place among its calls in flight, is stamped with
the database's clock on both sides, refreshes a refused token once, and ends as a `Page` or as an
error of `errors.py`. Nothing is retried beyond that: waiting and giving up are the caller's.
Addresses are made here only; a `resourceUrl` that Xero sends is never followed.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import httpx

from unified.clock import Clock
from unified.ids import TenantId
from unified.resource import Endpoint
from xero.answers import refusal
from xero.errors import (
    AccessTokenRefused,
    RateLimited,
    ResourceMissing,
    TenantRefused,
    XeroError,
)
from xero.limits import UNTOLD, ConcurrentCalls, Limits
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
from xero.urls import XeroUrls
from xero.wire import Answer, send

HANDLERS = "handlers"


class TokenSource(Protocol):
    """Access tokens by tenant; who implements it keeps and refreshes them."""

    async def access_token(self, tenant_id: TenantId) -> str:
        """A token that should work now. Raises ConsentRevoked where only a person can help."""
        ...

    async def refresh(self, tenant_id: TenantId, rejected_token: str) -> str:
        """A token other than the rejected one: another process may have refreshed already."""
        ...

    async def tenant_refused(self, tenant_id: TenantId) -> None:
        """Xero said 403 for a tenant: read the connections again, believe them."""
        ...


class CallBudget(Protocol):
    """Counts calls of a tenant across processes."""

    async def reserve(self, tenant_id: TenantId, purpose: str) -> None:
        """Wait a little for the right to one call, or raise RateLimited."""
        ...

    async def refused(
        self, tenant_id: TenantId, problem: str, *, retry_after_s: float, purpose: str
    ) -> None:
        """Xero said 429."""
        ...

    async def spent(
        self,
        tenant_id: TenantId,
        purpose: str,
        *,
        size: int,
        limits: Limits = UNTOLD,
        endpoint: str | None = None,
    ) -> None:
        """A call to an endpoint (its path) was answered with `size` bytes, and told what is
        left."""
        ...


class DatabaseTime(Protocol):
    """The one clock by which reads are ordered, whichever process made them."""

    async def now(self) -> datetime:
        """Real time, aware UTC."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """One call to come: what to ask, and for what."""

    endpoint: Endpoint
    parts: tuple[str, ...]  #: of the address, below the API's own
    query: Mapping[str, str]
    purpose: str = HANDLERS
    headers: Mapping[str, str] = field(default_factory=dict)
    asked_at: datetime | None = None  #: known already; else it is asked for


@dataclass(frozen=True, slots=True)
class _Called:
    """A good answer, and when it was asked for and came; `fetched_at` is business time."""

    answer: Answer
    asked_at: datetime
    answered_at: datetime
    fetched_at: datetime


class XeroClient:
    """Reads endpoints for tenants. One per process; holds no tenant's state but calls in flight.

    Every read raises, beside what it names: XeroUnreachable, RateLimited, UndecodableAnswer,
    AccessTokenRefused, ScopeMissing, TenantRefused, PayloadRefused, ConsentRevoked, AppRefused.
    """

    def __init__(  # noqa: PLR0913  # its neighbours, each named where it is passed
        self,
        http: httpx.AsyncClient,
        urls: XeroUrls,
        *,
        tokens: TokenSource,
        budget: CallBudget,
        database_time: DatabaseTime,
        clock: Clock,
        calls: ConcurrentCalls | None = None,
    ) -> None:
        self._http = http
        self._urls = urls
        self._tokens = tokens
        self._budget = budget
        self._database_time = database_time
        self._clock = clock
        self._calls = calls or ConcurrentCalls()

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
        read = _Read(
            endpoint=endpoint, parts=endpoint.parts, query=query, headers=headers, purpose=purpose
        )
        return await self._read(tenant_id, read)

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
        read = _Read(
            endpoint=endpoint,
            parts=endpoint.parts,
            query=query,
            purpose=purpose,
            asked_at=asked_at,
        )
        return await self._read(tenant_id, read)

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
        read = _Read(
            endpoint=endpoint,
            parts=(*endpoint.parts, remote_id),
            query=query,
            purpose=purpose,
            asked_at=asked_at,
        )
        page = await self._read(tenant_id, read)
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
        read = _Read(
            endpoint=endpoint, parts=endpoint.parts, query=query, headers=headers, purpose=purpose
        )
        return await self._read(tenant_id, read)

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
        read = _Read(
            endpoint=endpoint, parts=endpoint.parts, query=query, headers=headers, purpose=purpose
        )
        return await self._read(tenant_id, read)

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
        read = _Read(endpoint=endpoint, parts=parts, query={}, purpose=purpose, asked_at=asked_at)
        return await self._read(tenant_id, read)

    async def get_history(
        self, tenant_id: TenantId, endpoint: Endpoint, remote_id: str, *, purpose: str = HANDLERS
    ) -> Page:
        """What is noted of one thing, newest first (Xero: History and Notes).

        Raises:
            ResourceMissing: Xero does not know it, or keeps no history of its kind.
        """
        read = _Read(
            endpoint=replace(endpoint, item_key="HistoryRecords"),
            parts=(*endpoint.parts, remote_id, "History"),
            query={},
            purpose=purpose,
        )
        return await self._read(tenant_id, read)

    async def get_file(  # as get_children, and of what type
        self,
        tenant_id: TenantId,
        parent: Endpoint,
        parent_id: str,
        attachment_id: str,
        *,
        mime_type: str | None = None,
        purpose: str = HANDLERS,
    ) -> bytes:
        """The bytes of one attachment. `mime_type` is what Xero said of it, and is asked for.

        Raises:
            ResourceMissing: Xero does not know the file, or its parent.
        """
        read = _Read(
            endpoint=parent,
            parts=(*parent.parts, parent_id, "Attachments", attachment_id),
            query={},
            headers={"Accept": mime_type or "*/*"},
            purpose=purpose,
        )
        return (await self._call(tenant_id, read)).answer.body

    async def _read(self, tenant_id: TenantId, read: _Read) -> Page:
        called = await self._call(tenant_id, read)
        body = await read_body(called.answer.body, read.endpoint.item_key)
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

    async def _call(self, tenant_id: TenantId, read: _Read) -> "_Called":
        token = await self._tokens.access_token(tenant_id)
        try:
            return await self._once(tenant_id, read, token)
        except AccessTokenRefused:
            token = await self._tokens.refresh(tenant_id, token)
        return await self._once(tenant_id, read, token)

    async def _once(self, tenant_id: TenantId, read: _Read, token: str) -> "_Called":
        await self._budget.reserve(tenant_id, read.purpose)
        async with self._calls.place(tenant_id, read.purpose):
            asked_at = read.asked_at or await self._database_time.now()
            answer = await self._send(tenant_id, read, token)
        fetched_at = self._clock.now()
        error = None if 200 <= answer.status < 300 else _error(tenant_id, read, answer)
        if isinstance(error, RateLimited):
            # First of all: whoever learns from the headers alone that nothing is left may end the
            # session, this call with it, and how long Xero said to wait would be forgotten.
            await self._budget.refused(
                tenant_id,
                error.problem,
                retry_after_s=error.retry_after_s,
                purpose=read.purpose,
            )
        # Side by side: both are a round trip, for which a change waits.
        answered_at, _ = await asyncio.gather(
            self._database_time.now(), self._tell_budget(tenant_id, read, answer)
        )
        if error is not None:
            if isinstance(error, TenantRefused):
                await self._tokens.tenant_refused(tenant_id)
            raise error
        return _Called(answer, asked_at, answered_at, fetched_at)

    async def _send(self, tenant_id: TenantId, read: _Read, token: str) -> Answer:
        try:
            return await send(self._http, self._request(tenant_id, read, token))
        except XeroError:
            # Xero counts a call whose answer got lost, so we do.
            await self._budget.spent(tenant_id, read.purpose, size=0, endpoint=read.endpoint.path)
            raise

    def _request(self, tenant_id: TenantId, read: _Read, token: str) -> httpx.Request:
        return self._http.build_request(
            "GET",
            self._urls.below(read.endpoint.api, *read.parts),
            params=dict(read.query),
            headers={
                "Authorization": f"Bearer {token}",
                "Xero-Tenant-Id": tenant_id,
                "Accept": "application/json",
                **read.headers,
            },
        )

    async def _tell_budget(self, tenant_id: TenantId, read: _Read, answer: Answer) -> None:
        limits = Limits.from_headers(answer.headers)
        await self._budget.spent(
            tenant_id,
            read.purpose,
            size=len(answer.body),
            limits=limits,
            endpoint=read.endpoint.path,
        )


def _error(tenant_id: TenantId, read: _Read, answer: Answer) -> XeroError:
    return refusal(answer, tenant_id=tenant_id, what="/".join(read.parts))


def _since(
    endpoint: Endpoint, modified_since: datetime | None, overlap: timedelta
) -> dict[str, str]:
    if modified_since is None:
        return {}
    if not endpoint.modified_since:
        raise ValueError(f"{endpoint.path} does not know If-Modified-Since")
    return {"If-Modified-Since": if_modified_since(modified_since, overlap)}
