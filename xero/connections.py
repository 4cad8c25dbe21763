"""Which tenants a token may speak for: GET /connections, and taking one away.

Calls here are for no tenant: they use up the app's minute limit only (Xero: Connections). What a
connection means for our tenants is the link flow's matter.
"""

from dataclasses import dataclass
from typing import Any

import httpx

from unified.ids import TenantId
from xero.answers import decode, refusal
from xero.errors import UndecodableAnswer
from xero.urls import XeroUrls
from xero.wire import MIB, send

ORGANISATION = "ORGANISATION"  #: the tenant type with accounting books; others are practices


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One tenant which one user linked to the app.

    Attributes:
        id: what DELETE wants; a tenant's id in its place gives 403.
        tenant_id: lower case.
        auth_event_id: equals the access token's `authentication_event_id` where the tenant was
            chosen in that very consent.
    """

    id: str
    tenant_id: TenantId
    tenant_type: str
    tenant_name: str | None
    auth_event_id: str | None


class ConnectionsApi:
    """Lists and removes connections with an access token that the caller brings."""

    def __init__(self, http: httpx.AsyncClient, urls: XeroUrls) -> None:
        self._http = http
        self._urls = urls

    async def list(
        self, access_token: str, *, auth_event_id: str | None = None
    ) -> tuple[Connection, ...]:
        """All tenants that this token's user linked, or those of one consent only.

        Raises:
            AccessTokenRefused, ScopeMissing, RateLimited, XeroUnreachable, UndecodableAnswer.
        """
        params = {"authEventId": auth_event_id} if auth_event_id else None
        request = self._http.build_request(
            "GET", self._urls.connections, params=params, headers=_headers(access_token)
        )
        answer = await send(self._http, request, most_bytes=16 * MIB)
        if answer.status != 200:
            raise refusal(answer, tenant_id=None, what="connections")
        rows = decode(answer.body)
        if not isinstance(rows, list):
            raise UndecodableAnswer("shape", "connections are no list")
        return tuple(_connection(row) for row in rows)

    async def delete(self, access_token: str, connection_id: str) -> None:
        """Remove one connection; other tenants stay linked and the tokens stay valid.

        Raises:
            ResourceMissing: it is gone already.
            AccessTokenRefused, TenantRefused, RateLimited, XeroUnreachable.
        """
        url = f"{self._urls.connections}/{connection_id}"
        request = self._http.build_request("DELETE", url, headers=_headers(access_token))
        answer = await send(self._http, request, most_bytes=MIB)
        if answer.status not in (200, 204):
            raise refusal(answer, tenant_id=None, what=f"connections/{connection_id}")


def _headers(access_token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}


def _connection(row: Any) -> Connection:
    try:
        return Connection(
            id=str(row["id"]).lower(),
            tenant_id=TenantId(str(row["tenantId"]).lower()),
            tenant_type=str(row.get("tenantType") or ""),
            tenant_name=row.get("tenantName"),
            auth_event_id=row.get("authEventId"),
        )
    except (KeyError, TypeError, AttributeError):
        raise UndecodableAnswer("shape", "a connection lacks id or tenantId") from None
