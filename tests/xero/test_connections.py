"""Connections: which tenants a token speaks for."""

import httpx
import pytest

from tests.xero.raw_server import answer, raw_server
from xero.connections import Connection, ConnectionsApi
from xero.errors import AccessTokenRefused, ResourceMissing, UndecodableAnswer, XeroError
from xero.urls import XeroUrls

ROW = (
    '{"id":"E1EEDE29-F875-4A5D-8470-17F6A29A88B1","authEventId":"d99ecdfe-391d-43d2-b834-17636ba90e8d",'
    '"tenantId":"70784A63-D24B-46A9-A4DB-0E70A274B056","tenantType":"ORGANISATION",'
    '"tenantName":"Maple Florists Ltd","createdDateUtc":"2026-04-09T19:22:31.1083020",'
    '"updatedDateUtc":"2026-04-09T19:22:31.1100000","newKey":1}'
)


async def test_connections_of_one_consent() -> None:
    """authEventId tells which organisations were chosen just now."""
    async with (
        raw_server(lambda _: answer(200, f"[{ROW}]")) as server,
        httpx.AsyncClient() as http,
    ):
        api = ConnectionsApi(http, XeroUrls.at(server.base))
        (found,) = await api.list("token", auth_event_id="e-1")

        assert server.asked[0].query == {"authEventId": "e-1"}
        assert "xero-tenant-id" not in server.asked[0].headers
    assert found == Connection(
        id="e1eede29-f875-4a5d-8470-17f6a29a88b1",
        tenant_id=found.tenant_id,
        tenant_type="ORGANISATION",
        tenant_name="Maple Florists Ltd",
        auth_event_id="d99ecdfe-391d-43d2-b834-17636ba90e8d",
    )
    assert found.tenant_id == "70784a63-d24b-46a9-a4db-0e70a274b056"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, "", AccessTokenRefused),
        (200, "{}", UndecodableAnswer),
        (200, "[1]", UndecodableAnswer),
        (200, '[{"id":"x"}]', UndecodableAnswer),
    ],
)
async def test_unusable_list_is_never_an_empty_one(
    status: int, body: str, error: type[XeroError]
) -> None:
    """An empty list means that every tenant was disconnected."""
    async with (
        raw_server(lambda _: answer(status, body)) as server,
        httpx.AsyncClient() as http,
    ):
        with pytest.raises(error):
            await ConnectionsApi(http, XeroUrls.at(server.base)).list("token")


async def test_delete_names_the_connection() -> None:
    """204 is success; an unknown one is missing."""
    replies = [answer(204, ""), answer(404, "")]
    async with (
        raw_server(lambda _: replies.pop(0)) as server,
        httpx.AsyncClient() as http,
    ):
        api = ConnectionsApi(http, XeroUrls.at(server.base))
        await api.delete("token", "c-1")
        with pytest.raises(ResourceMissing):
            await api.delete("token", "c-1")

        assert (server.asked[0].method, server.asked[0].path) == ("DELETE", "/connections/c-1")
