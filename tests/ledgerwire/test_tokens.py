"""Tokens over real rows and a server that is Xero's token endpoint and connections."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from ledgerwire.wiring.tokens import StoredTokens
from storage.authorizations import authorization_of
from storage.database import Database
from storage.tenants import NewLink, link_tenant, tenant
from tests.ledgerwire.rows import BOX, TENANT, save_tokens
from tests.xero.raw_server import Asked, RawServer, answer, raw_server
from unified.clock import ManualClock
from unified.ids import TenantId
from xero.connections import Connection, ConnectionsApi
from xero.errors import AppRefused, ConsentRevoked, TenantRefused, XeroUnreachable
from xero.oauth import OAuthClient, XeroApp
from xero.urls import XeroUrls

NOW = datetime(2026, 11, 3, 4, 17, 52, tzinfo=UTC)
SECOND = TenantId("c47a1e90-08f2-4b7d-a1c3-5e2f90b7d664")


class TokenServer:
    """Counts refreshes; every answer can be replaced."""

    def __init__(self) -> None:
        self.refreshes = 0
        self.token_reply: bytes | None = None
        self.connected: list[str] = [TENANT, SECOND]
        self.refused_tokens: set[str] = set()

    def respond(self, asked: Asked) -> bytes:
        """Answer as Xero does."""
        if asked.path == "/connections":
            return self._connections(asked)
        self.refreshes += 1
        if self.token_reply is not None:
            return self.token_reply
        number = self.refreshes
        body = {"access_token": f"access-{number}", "expires_in": 1800, "token_type": "Bearer"}
        if asked.form["grant_type"] == "refresh_token":
            body |= {"refresh_token": f"refresh-{number}", "scope": "accounting.contacts.read"}
        return answer(200, json.dumps(body))

    def _connections(self, asked: Asked) -> bytes:
        if asked.headers["authorization"].removeprefix("Bearer ") in self.refused_tokens:
            return answer(401, '{"Detail":"TokenExpired: token expired"}')
        rows = [
            {"id": each, "tenantId": each, "tenantType": "ORGANISATION"} for each in self.connected
        ]
        return answer(200, json.dumps(rows))


class Rig:
    """Two tenants of one authorization, and their token source."""

    def __init__(
        self, database: Database, http: httpx.AsyncClient, server: RawServer, xero: TokenServer
    ) -> None:
        self.database = database
        self.server = server
        self.xero = xero
        self.clock = ManualClock(NOW)
        self.real_s = 0.0
        self._http = http
        self.tokens = self.another()

    def another(self, connections: type[ConnectionsApi] = ConnectionsApi) -> StoredTokens:
        """The token source of one more process."""
        urls = XeroUrls.at(self.server.base)
        app = XeroApp(client_id="app-1", client_secret="hush")
        return StoredTokens(
            self.database,
            BOX,
            oauth=OAuthClient(self._http, urls, app=app, clock=self.clock),
            connections=connections(self._http, urls),
            clock=self.clock,
            monotonic=lambda: self.real_s,
        )

    async def states(self) -> list[str]:
        """Of both tenants."""
        return [(await tenant(self.database, each)).state for each in (TENANT, SECOND)]


async def _link(database: Database, authorization_id: str) -> None:
    for each in (TENANT, SECOND):
        link = NewLink(
            tenant_id=each, authorization_id=authorization_id, xero_connection_id=str(each)
        )
        await link_tenant(database, link, endpoints=["Invoices"], now=NOW)


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """Everything linked, tokens good for 30 minutes."""
    await _link(database, await save_tokens(database, NOW))
    xero = TokenServer()
    async with raw_server(xero.respond) as server, httpx.AsyncClient() as http:
        yield Rig(database, http, server, xero)


async def test_good_token_is_handed_out_as_it_is(rig: Rig) -> None:
    """Most calls cost one look into the database."""
    assert await rig.tokens.access_token(TENANT) == "access-0"
    assert rig.xero.refreshes == 0


async def test_token_in_its_last_minute_is_refreshed_first(rig: Rig) -> None:
    """It would end on its way."""
    rig.clock.advance(timedelta(minutes=29, seconds=1))

    assert await rig.tokens.access_token(TENANT) == "access-1"
    assert await rig.tokens.access_token(SECOND) == "access-1"
    assert rig.xero.refreshes == 1


async def test_many_callers_in_many_processes_refresh_once(rig: Rig) -> None:
    """Each refresh ends the token of the one before; racing ones lock each other out."""
    rig.clock.advance(timedelta(minutes=31))
    sources = [rig.tokens, rig.another(), rig.another()]

    got = await asyncio.gather(
        *(source.access_token(each) for source in sources for each in (TENANT, SECOND))
    )

    assert set(got) == {"access-1"}
    assert rig.xero.refreshes == 1


async def test_rejected_token_is_replaced(rig: Rig) -> None:
    """Xero may end a token before its time."""
    assert await rig.tokens.refresh(TENANT, "access-0") == "access-1"


async def test_rejected_token_that_was_replaced_meanwhile_needs_no_refresh(rig: Rig) -> None:
    """Five calls in flight see the same 401."""
    await rig.tokens.refresh(TENANT, "access-0")

    assert await rig.tokens.refresh(SECOND, "access-0") == "access-1"
    assert rig.xero.refreshes == 1


async def test_rotated_refresh_token_is_used_next(rig: Rig) -> None:
    """The old one dies after its grace time."""
    await rig.tokens.refresh(TENANT, "access-0")
    await rig.tokens.refresh(TENANT, "access-1")

    asked = [each.form["refresh_token"] for each in rig.server.asked]
    assert asked == ["refresh-0", "refresh-1"]


async def test_dead_refresh_token_asks_all_its_tenants_for_consent(rig: Rig) -> None:
    """They share it, so they all stand still, and say so."""
    rig.xero.token_reply = answer(400, '{"error":"invalid_grant"}')
    with pytest.raises(ConsentRevoked):
        await rig.tokens.refresh(TENANT, "access-0")

    assert await rig.states() == ["needs_reauth", "needs_reauth"]
    with pytest.raises(ConsentRevoked):
        await rig.tokens.access_token(SECOND)
    assert rig.xero.refreshes == 1


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer(503, "offline for maintenance", content_type="text/plain"), XeroUnreachable),
        (answer(400, '{"error":"invalid_client"}'), AppRefused),
    ],
)
async def test_other_trouble_costs_no_consent(
    rig: Rig, reply: bytes, error: type[Exception]
) -> None:
    """An outage or a wrong setting passes; asking people to consent again would not help."""
    rig.xero.token_reply = reply
    with pytest.raises(error):
        await rig.tokens.refresh(TENANT, "access-0")
    assert await rig.states() == ["linked", "linked"]

    rig.xero.token_reply = None
    assert await rig.tokens.refresh(TENANT, "access-0") == "access-2"


async def test_lost_answer_is_asked_for_again_with_the_old_token(rig: Rig) -> None:
    """Xero takes it for another 30 minutes for just this case."""
    rig.xero.token_reply = answer(200, '{"access_token":"lo', claimed_length=500)
    with pytest.raises(Exception, match="truncated"):
        await rig.tokens.refresh(TENANT, "access-0")

    rig.xero.token_reply = None
    await rig.tokens.refresh(TENANT, "access-0")

    assert [each.form["refresh_token"] for each in rig.server.asked] == ["refresh-0"] * 2


async def test_lost_answer_is_settled_while_xero_still_takes_the_old_token(rig: Rig) -> None:
    """To wait until the access token ends could be too late: the consent would be lost."""
    rig.xero.token_reply = answer(200, '{"access_token":"lo', claimed_length=500)
    with pytest.raises(Exception, match="truncated"):
        await rig.tokens.refresh(TENANT, "access-0")

    rig.xero.token_reply = None

    assert await rig.tokens.access_token(SECOND) == "access-2"
    assert await rig.tokens.access_token(TENANT) == "access-2"
    assert rig.xero.refreshes == 2


async def test_good_token_serves_while_a_lost_answer_can_not_be_settled(rig: Rig) -> None:
    """An outage of the token endpoint stops no call before its time."""
    rig.xero.token_reply = answer(503, "offline for maintenance", content_type="text/plain")
    with pytest.raises(XeroUnreachable):
        await rig.tokens.refresh(TENANT, "access-0")

    assert await rig.tokens.access_token(SECOND) == "access-0"

    rig.clock.advance(timedelta(minutes=30))
    with pytest.raises(XeroUnreachable):
        await rig.tokens.access_token(SECOND)


async def test_consent_without_refresh_token_ends_with_its_access_token(
    database: Database,
) -> None:
    """Somebody took `offline_access` out of the scopes: only a person can go on."""
    await _link(database, await save_tokens(database, NOW, refresh_token=None))
    xero = TokenServer()
    async with raw_server(xero.respond) as server, httpx.AsyncClient() as http:
        rig = Rig(database, http, server, xero)
        with pytest.raises(ConsentRevoked):
            await rig.tokens.refresh(TENANT, "access-0")

        assert await rig.states() == ["needs_reauth", "needs_reauth"]
        assert xero.refreshes == 0


async def test_client_credentials_ask_for_a_new_token(database: Database) -> None:
    """A custom connection has no refresh token."""
    kind = "client_credentials"
    saved = await save_tokens(database, NOW, grant_kind=kind, refresh_token=None)
    await _link(database, saved)
    xero = TokenServer()
    async with raw_server(xero.respond) as server, httpx.AsyncClient() as http:
        rig = Rig(database, http, server, xero)

        assert await rig.tokens.refresh(TENANT, "access-0") == "access-1"
        assert server.asked[0].form == {"grant_type": kind, "scope": "accounting.contacts.read"}
        kept = await authorization_of(database, TENANT, BOX)
        assert kept.tokens.scopes == ("accounting.contacts.read",)


async def test_403_of_a_tenant_that_is_gone_marks_it_and_no_other(rig: Rig) -> None:
    """The user disconnected one organisation in Xero; no webhook says so."""
    rig.xero.connected = [SECOND]

    await rig.tokens.tenant_refused(TENANT)

    assert await rig.states() == ["vanished", "linked"]


async def test_403_of_a_tenant_that_is_listed_changes_nothing(rig: Rig) -> None:
    """The user who linked may not see this one endpoint."""
    await rig.tokens.tenant_refused(TENANT)

    assert await rig.states() == ["linked", "linked"]


async def test_connections_are_not_read_for_every_403(rig: Rig) -> None:
    """A hundred refused calls are one question."""
    for _ in range(3):
        await rig.tokens.tenant_refused(TENANT)
    rig.real_s = 61.0
    await rig.tokens.tenant_refused(TENANT)

    assert [each.path for each in rig.server.asked] == ["/connections"] * 2


async def test_recheck_refreshes_a_token_that_xero_does_not_take(rig: Rig) -> None:
    """The 403 may come with a token that has just ended."""
    rig.xero.refused_tokens = {"access-0"}
    rig.xero.connected = []

    assert set(await rig.tokens.recheck(TENANT)) == {TENANT, SECOND}


async def test_tenant_that_was_linked_again_meanwhile_has_not_vanished(rig: Rig) -> None:
    """The list was made before the new consent; nothing would ever bring the tenant back."""

    class Slow(ConnectionsApi):
        """Somebody consents again while its answer is on its way."""

        async def list(
            self, access_token: str, *, auth_event_id: str | None = None
        ) -> tuple[Connection, ...]:
            listed = await super().list(access_token, auth_event_id=auth_event_id)
            await _link(rig.database, await save_tokens(rig.database, NOW))
            return listed

    rig.xero.connected = [SECOND]

    assert await rig.another(Slow).recheck(TENANT) == ()
    assert await rig.states() == ["linked", "linked"]


async def test_trouble_while_rechecking_marks_nothing(rig: Rig) -> None:
    """Only a readable list proves that a tenant is gone."""
    rig.xero.refused_tokens = {"access-0", "access-1"}

    await rig.tokens.tenant_refused(TENANT)

    assert await rig.states() == ["linked", "linked"]


async def test_unknown_tenant_has_no_token(rig: Rig) -> None:
    """It was erased, or never linked."""
    with pytest.raises(TenantRefused):
        await rig.tokens.access_token(TenantId("00000000-0000-4000-8000-000000000000"))
