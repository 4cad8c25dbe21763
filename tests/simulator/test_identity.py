"""The identity server: consent, tokens, rotation, revocation, connections."""

import base64
import hashlib
import json
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from simulator.config import TenantSpec
from tests.simulator.callers import REDIRECT, TurnedClock
from tests.simulator.conftest import Link

VERIFIER = "a-verifier-of-enough-characters-0123456789-abcdef"
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)


def claims(token: str) -> dict[str, Any]:
    """The middle part of a JSON web token."""
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


@pytest.mark.behaviour("Signing in", "the consent page is a plain form that cannot be framed")
async def test_consent_page_is_a_plain_form_with_every_organisation(meet: Link) -> None:
    """A person without JavaScript must be able to choose; the page must not be framed."""
    caller = await meet(tenants=2)

    page = await caller.http.get("/identity/connect/authorize", params=caller.asked())

    assert page.status_code == 200
    assert page.headers["x-frame-options"] == "DENY"
    assert all(tenant.id in page.text for tenant in caller.running.books)
    assert 'type="radio"' in page.text
    assert "<script" not in page.text


@pytest.mark.behaviour("Signing in", "the callback carries code, scope, state and session_state")
async def test_callback_carries_code_scope_state_and_session(meet: Link) -> None:
    """These are the parameters Xero sends back."""
    caller = await meet()

    back = await caller.consent()

    assert set(back) == {"code", "scope", "state", "session_state"}
    assert back["state"] == ["s-123"]


@pytest.mark.behaviour("Signing in", "who cancels comes back with access_denied")
async def test_refusal_comes_back_as_access_denied(meet: Link) -> None:
    """Who presses Cancel sends error=access_denied with the state."""
    caller = await meet()

    back = await caller.consent(decision="deny")

    assert back == {"error": ["access_denied"], "state": ["s-123"]}


@pytest.mark.parametrize(
    ("wish", "word"),
    [
        ({"redirect_uri": "http://127.0.0.1:8000/cb"}, "redirect_uri"),
        ({"redirect_uri": "myapp://cb"}, "redirect_uri"),
        ({"client_id": "nobody"}, "Unknown client"),
        ({"scope": "openid accounting.journals.read"}, "invalid_scope"),
        ({"response_type": "token"}, "response_type"),
        ({"code_challenge": "x", "code_challenge_method": "plain"}, "algorithm"),
    ],
)
@pytest.mark.behaviour(
    "Signing in",
    "a bad redirect address, scope or client ends on an error page",
)
async def test_bad_requests_end_on_an_error_page(
    meet: Link, wish: dict[str, str], word: str
) -> None:
    """Nothing is redirected to an address that can't be trusted."""
    caller = await meet()

    page = await caller.http.get("/identity/connect/authorize", params=caller.asked(**wish))

    assert page.status_code == 400
    assert word in page.text


@pytest.mark.behaviour("Signing in", "one organisation per consent below tier Advanced")
async def test_one_organisation_per_consent_below_tier_advanced(meet: Link) -> None:
    """Bulk consent is a matter of the tier."""
    caller = await meet(tenants=2)
    both = [tenant.id for tenant in caller.running.books]

    answer = await caller.http.post(
        "/identity/connect/authorize", data={**caller.asked(), "tenant": both}
    )

    assert answer.status_code == 400


@pytest.mark.behaviour("Signing in", "several organisations in one consent from tier Advanced on")
async def test_bulk_consent_links_all_in_one_event(link: Link) -> None:
    """With tier Advanced one consent covers several organisations with one authEventId."""
    caller = await link(tenants=3, tier="advanced")
    await caller.link("all")

    shown = (await caller.http.get("/connections", headers=caller.headers)).json()

    assert len(shown) == 3
    assert len({one["authEventId"] for one in shown}) == 1


@pytest.mark.behaviour("Signing in", "a code works once and for five minutes")
async def test_code_works_once_and_for_five_minutes(meet: Link, clock: TurnedClock) -> None:
    """A second use, or a late one, is invalid_grant."""
    caller = await meet()
    form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT}
    used = (await caller.consent())["code"][0]
    late = (await caller.consent())["code"][0]

    assert (await caller.token(code=used, **form)).status_code == 200
    again = await caller.token(code=used, **form)
    clock.turn(minutes=5, seconds=1)
    too_late = await caller.token(code=late, **form)

    assert (again.status_code, again.json()) == (400, {"error": "invalid_grant"})
    assert (too_late.status_code, too_late.json()) == (400, {"error": "invalid_grant"})


@pytest.mark.parametrize(("verifier", "status"), [(VERIFIER, 200), (VERIFIER[:-1] + "x", 400)])
@pytest.mark.behaviour("Signing in", "the PKCE verifier must match its challenge")
async def test_pkce_verifier_must_match_its_challenge(
    meet: Link, verifier: str, status: int
) -> None:
    """A stolen code is useless without the verifier."""
    caller = await meet()
    code = (await caller.consent(code_challenge=CHALLENGE, code_challenge_method="S256"))["code"][0]

    answer = await caller.token(
        grant_type="authorization_code",
        code=code,
        redirect_uri=REDIRECT,
        code_verifier=verifier,
    )

    assert status == answer.status_code


@pytest.mark.behaviour("Signing in", "access tokens are signed JWTs with Xero's claims")
async def test_access_token_is_a_signed_jwt_with_xeros_claims(link: Link) -> None:
    """authentication_event_id ties the token to the connections of this very consent."""
    caller = await link()
    token = caller.tokens["access_token"]
    keys = (await caller.http.get("/.well-known/openid-configuration/jwks")).json()["keys"]

    found = claims(token)
    shown = (
        await caller.http.get(
            "/connections",
            params={"authEventId": found["authentication_event_id"]},
            headers=caller.headers,
        )
    ).json()

    assert set(found) >= {"iss", "aud", "sub", "client_id", "exp", "nbf", "auth_time", "jti",
                          "scope", "xero_userid", "global_session_id",
                          "authentication_event_id"}  # fmt: skip
    assert [caller.tenant_id] == [one["tenantId"] for one in shown]
    numbers = [
        int.from_bytes(base64.urlsafe_b64decode(keys[0][name] + "==")) for name in ("e", "n")
    ]
    head, body, signature = token.split(".")
    rsa.RSAPublicNumbers(*numbers).public_key().verify(
        base64.urlsafe_b64decode(signature + "=="),
        f"{head}.{body}".encode(),
        padding.PKCS1v15(),
        hashes.SHA256(),
    )


@pytest.mark.behaviour("Signing in", "a refresh token comes with offline_access alone")
async def test_token_answer_has_refresh_only_with_offline_access(link: Link) -> None:
    """And id_token only with openid."""
    full = await link()
    bare = await link(scope="accounting.contacts.read")

    assert {"id_token", "access_token", "expires_in", "token_type", "refresh_token",
            "scope"} == set(full.tokens)  # fmt: skip
    assert full.tokens["expires_in"] == 1800
    assert {"access_token", "expires_in", "token_type", "scope"} == set(bare.tokens)


@pytest.mark.behaviour("Signing in", "an old refresh token works for 30 more minutes")
async def test_old_refresh_token_lives_on_for_thirty_minutes(
    link: Link, clock: TurnedClock
) -> None:
    """The grace time is for an answer that was lost; after it the old token is dead."""
    caller = await link()
    old = caller.tokens["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": old}

    first = await caller.token(**form)
    clock.turn(minutes=30)
    repeated = await caller.token(**form)
    clock.turn(seconds=1)
    dead = await caller.token(**form)
    newest = await caller.token(
        grant_type="refresh_token", refresh_token=repeated.json()["refresh_token"]
    )

    assert [answer.status_code for answer in (first, repeated, dead, newest)] == [
        200,
        200,
        400,
        200,
    ]
    assert first.json()["refresh_token"] not in {old, repeated.json()["refresh_token"]}
    assert dead.json() == {"error": "invalid_grant"}


@pytest.mark.behaviour("Signing in", "a refresh token dies after 60 unused days")
async def test_refresh_token_dies_after_sixty_unused_days(link: Link, clock: TurnedClock) -> None:
    """Unused tokens lapse."""
    caller = await link()
    clock.turn(days=60, seconds=1)

    answer = await caller.token(
        grant_type="refresh_token", refresh_token=caller.tokens["refresh_token"]
    )

    assert answer.status_code == 400


@pytest.mark.behaviour("Signing in", "an access token expires after 30 minutes: 401 TokenExpired")
async def test_access_token_expires_after_thirty_minutes(link: Link, clock: TurnedClock) -> None:
    """The 401 says TokenExpired with the time, in the capitalised shape."""
    caller = await link()
    clock.turn(minutes=30)

    answer = await caller.get("Organisation")

    assert answer.status_code == 401
    assert answer.json()["Detail"] == "TokenExpired: token expired at 03/10/2026 03:00:00"
    assert {"Type", "Title", "Status", "Detail", "Instance", "Extensions"} == set(answer.json())


@pytest.mark.behaviour("Signing in", "an unknown token gets 401 in lower-case keys")
async def test_unknown_token_gets_the_lower_case_shape(link: Link) -> None:
    """And the header that standard clients look for."""
    caller = await link()

    answer = await caller.get("Organisation", headers={"Authorization": "Bearer nonsense"})

    assert answer.status_code == 401
    assert answer.json()["detail"] == "AuthenticationUnsuccessful"
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.behaviour("Signing in", "a wrong secret and an unknown client are invalid_client")
async def test_wrong_secret_and_unknown_client_are_invalid_client(meet: Link) -> None:
    """Neither tells which of the two was wrong."""
    caller = await meet()
    form = {"grant_type": "client_credentials", "scope": "accounting.contacts"}

    wrong = await caller.http.post("/connect/token", data=form, auth=(caller.basic[0], "no"))
    unknown = await caller.http.post("/connect/token", data=form, auth=("nobody", "no"))

    assert [wrong.json(), unknown.json()] == [{"error": "invalid_client"}] * 2


@pytest.mark.behaviour("Signing in", "any client is let in when asked for")
async def test_any_client_is_let_in_when_asked_for(meet: Link) -> None:
    """For users who bring their own client id."""
    caller = await meet(any_client=True)
    form = {"grant_type": "client_credentials", "scope": "accounting.contacts"}

    answer = await caller.http.post("/connect/token", data=form, auth=("mine", "secret"))

    assert answer.status_code == 200


@pytest.mark.behaviour(
    "Signing in",
    "a custom connection needs no tenant header and gets no refresh token",
)
async def test_custom_connection_needs_no_tenant_header(meet: Link) -> None:
    """Client credentials stand for one organisation; there is no refresh token."""
    caller = await meet()
    answer = await caller.token(grant_type="client_credentials", scope="accounting.settings.read")
    caller.tokens = answer.json()

    headers = {k: v for k, v in caller.headers.items() if k != "xero-tenant-id"}
    found = await caller.http.get("/api.xro/2.0/Organisation", headers=headers)
    shown = (await caller.http.get("/connections", headers=headers)).json()

    assert "refresh_token" not in answer.json()
    assert caller.tenant_id == found.json()["Organisations"][0]["OrganisationID"]
    assert [caller.tenant_id] == [one["tenantId"] for one in shown]


@pytest.mark.behaviour(
    "Connections",
    "the scope app.connections lists the links of every user",
)
async def test_app_connections_scope_lists_every_users_links(link: Link) -> None:
    """It lets an app look after its connections without a user."""
    caller = await link(tenants=2)
    other = [tenant.id for tenant in caller.running.books][1]
    await caller.link(other, user="second@example.com")

    caller.tokens = (
        await caller.token(grant_type="client_credentials", scope="app.connections")
    ).json()
    shown = (await caller.http.get("/connections", headers=caller.headers)).json()

    assert {caller.tenant_id, other} == {one["tenantId"] for one in shown}


@pytest.mark.behaviour("Connections", "the list is compact JSON with seven fraction digits")
async def test_connections_list_has_the_wire_shape(link: Link) -> None:
    """Compact JSON, seven fraction digits, no zone, only the app's header."""
    caller = await link()

    answer = await caller.http.get("/Connections", headers=caller.headers)

    (one,) = answer.json()
    assert list(one) == ["id", "authEventId", "tenantId", "tenantType", "tenantName",
                         "createdDateUtc", "updatedDateUtc"]  # fmt: skip
    assert one["createdDateUtc"] == "2026-03-10T02:30:00.0000000"
    assert "x-appminlimit-remaining" in answer.headers
    assert "x-minlimit-remaining" not in answer.headers
    assert b", " not in answer.content


@pytest.mark.behaviour("Connections", "linking again keeps the connection and moves updatedDateUtc")
async def test_second_consent_adds_an_organisation_and_reconnect_moves_updated(
    link: Link, clock: TurnedClock
) -> None:
    """One token covers all organisations of the user; reconnecting keeps the connection id."""
    caller = await link(tenants=2)
    second = [tenant.id for tenant in caller.running.books][1]
    clock.turn(minutes=1)
    await caller.link(second)
    clock.turn(minutes=1)
    await caller.link(second)

    shown = (await caller.http.get("/connections", headers=caller.headers)).json()

    assert [caller.tenant_id, second] == [one["tenantId"] for one in shown]
    assert shown[1]["updatedDateUtc"] > shown[1]["createdDateUtc"]


@pytest.mark.behaviour("Connections", "DELETE takes the id of the connection, not of the tenant")
async def test_disconnect_takes_the_connection_id_alone(link: Link) -> None:
    """403 for the tenant's id, 404 for none, 204 for the right one; then calls get 403."""
    caller = await link()
    (one,) = (await caller.http.get("/connections", headers=caller.headers)).json()

    async def delete(key: str) -> httpx.Response:
        return await caller.http.delete(f"/connections/{key}", headers=caller.headers)

    statuses = [
        (await delete(key)).status_code
        for key in (one["tenantId"], "00000000-0000-4000-8000-000000000000", one["id"])
    ]
    after = await caller.get("Organisation")

    assert statuses == [403, 404, 204]
    assert after.status_code == 403
    assert after.json()["Detail"] == "AuthenticationUnsuccessful"


@pytest.mark.behaviour("Connections", "revoking a refresh token ends all of the user's connections")
async def test_revocation_removes_tokens_and_connections(link: Link) -> None:
    """Revoking one refresh token ends the user's whole relation to the app."""
    caller = await link()
    refresh = caller.tokens["refresh_token"]

    answer = await caller.http.post(
        "/connect/revocation", data={"token": refresh}, auth=caller.basic
    )
    shown = await caller.http.get("/connections", headers=caller.headers)
    dead = await caller.token(grant_type="refresh_token", refresh_token=refresh)

    assert (answer.status_code, answer.content) == (200, b"")
    assert shown.json() == []
    assert dead.status_code == 400


@pytest.mark.parametrize(
    ("scope", "method", "path", "status"),
    [
        ("accounting.contacts.read", "GET", "Contacts", 200),
        ("accounting.contacts.read", "PUT", "Contacts", 401),
        ("accounting.contacts.read", "GET", "Invoices", 401),
        ("accounting.transactions.read", "GET", "Invoices", 200),
        ("accounting.transactions", "GET", "Payments", 200),
        ("accounting.transactions.read", "POST", "Invoices", 401),
        ("accounting.settings", "GET", "Organisation", 200),
    ],
)
@pytest.mark.behaviour(
    "Signing in",
    "granular and broad scopes are enforced: 401 AuthorizationUnsuccessful",
)
async def test_scopes_granular_and_broad_are_enforced(
    link: Link, scope: str, method: str, path: str, status: int
) -> None:
    """A missing scope answers 401 AuthorizationUnsuccessful, not 403."""
    caller = await link(scope=scope)

    answer = await caller.http.request(
        method, f"/api.xro/2.0/{path}", headers=caller.headers, json={} if method != "GET" else None
    )

    assert status == answer.status_code
    if status == 401:
        assert answer.json()["Detail"] == "AuthorizationUnsuccessful"


@pytest.mark.behaviour("Signing in", "an organisation that is not linked: 403")
async def test_tenant_not_linked_is_forbidden(link: Link) -> None:
    """Another organisation of the same simulator is out of reach."""
    caller = await link(tenants=(TenantSpec(), TenantSpec(currency="GBP")))
    other = [tenant.id for tenant in caller.running.books][1]

    answer = await caller.get("Organisation", headers={"xero-tenant-id": other})

    assert (answer.status_code, answer.json()["Title"]) == (403, "Forbidden")


@pytest.mark.behaviour("Signing in", "discovery names this server's own addresses")
async def test_discovery_names_this_servers_addresses(meet: Link) -> None:
    """Clients that read the configuration end up here and not at Xero."""
    caller = await meet()

    found = (await caller.http.get("/.well-known/openid-configuration")).json()

    assert f"{caller.running.base_url}/connect/token" == found["token_endpoint"]
    assert found["code_challenge_methods_supported"] == ["S256"]
