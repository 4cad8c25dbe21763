"""Links that a program asks for: whose word a name is, how often they work, and what they allow."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from api import link_ending
from api.consent import LinkedTenant
from api.link_ending import Audience, tell
from handlers.eraser import erase_due
from ledgerwire.demo.linking import LinkFailed, consent_at, link_all
from simulator.config import OpeningBooks, SimulatorConfig
from simulator.server import RunningSimulator
from storage.notices import NOTICE_CHANNEL
from storage.tenant_states import change_state
from storage.tenants import tenant
from tests.api.served import ServedApi, served_api
from unified.ids import TenantId

SMALL = OpeningBooks(contacts=1, invoices=1, bills=0, months=1)
ORIGIN = "https://app.example"
PATIENCE_S = 30.0


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[ServedApi]:
    """An api that knows two organisations, none linked."""
    config = SimulatorConfig(seed=6, tenants=2, opening=SMALL)
    async with (
        RunningSimulator(config) as simulator,
        served_api(database_url, simulator, return_origins=(ORIGIN,)) as served,
    ):
        yield served


async def _session(api: ServedApi, **asked: object) -> dict[str, str]:
    answer = await api.http.post("/v1/link_sessions", json=asked, headers=await api.key())
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


async def _ended(api: ServedApi, session_id: str) -> tuple[str, str | None, list[str]]:
    answer = await api.http.get(f"/v1/link_sessions/{session_id}", headers=await api.key())
    told = answer.json()
    return told["state"], told["error"], [each["tenant_id"] for each in told["tenants"]]


async def test_name_of_a_session_is_verified_and_its_outcome_told(api: ServedApi) -> None:
    """A program may build on it whose books these are."""
    made = await _session(api, external_id="customer-7")
    assert (await _ended(api, made["id"]))[0] == "open"

    await consent_at(made["url"], [api.tenants[0]])

    row = await tenant(api.db, api.tenants[0])
    assert (row.external_id, row.external_id_verified) == ("customer-7", True)
    assert await _ended(api, made["id"]) == ("linked", None, [api.tenants[0]])


async def test_name_of_a_person_never_takes_the_place_of_a_programs(api: ServedApi) -> None:
    """Else whoever may consent could slip books under another customer's name."""
    await link_all(api.url, [api.tenants[0]], external_id="anybody")
    first = await tenant(api.db, api.tenants[0])
    await consent_at((await _session(api, external_id="customer-7"))["url"], [api.tenants[0]])

    await link_all(api.url, [api.tenants[0]], external_id="customer-8")

    last = await tenant(api.db, api.tenants[0])
    assert (first.external_id, first.external_id_verified) == ("anybody", False)
    assert (last.external_id, last.external_id_verified) == ("customer-7", True)


async def test_session_links_once(api: ServedApi) -> None:
    """An address that leaked afterwards is worth nothing."""
    made = await _session(api, external_id="customer-7")
    await consent_at(made["url"], [api.tenants[0]])

    again = await api.http.get(made["url"])

    assert again.status_code == 400
    assert "works once" in again.text


async def test_of_two_consents_in_one_session_the_first_links(api: ServedApi) -> None:
    """Both were begun while the session was open."""
    made = await _session(api)
    async with httpx.AsyncClient() as one, httpx.AsyncClient() as two:
        pages = [await each.get(made["url"]) for each in (one, two)]
        for browser, page, chosen in zip((one, two), pages, api.tenants, strict=True):
            answer = await _consent(browser, page.headers["location"], chosen)
            assert answer.status_code == (200 if browser is one else 400)

    assert await _ended(api, made["id"]) == ("linked", None, [api.tenants[0]])
    rows = await api.db.fetch("SELECT id FROM tenant WHERE state = 'linked'")
    assert [row["id"] for row in rows] == [api.tenants[0]]


async def _consent(browser: httpx.AsyncClient, address: str, chosen: TenantId) -> httpx.Response:
    form = dict(httpx.URL(address).params) | {"tenant": chosen, "decision": "allow"}
    given = await browser.post(address.partition("?")[0], data=form)
    return await browser.get(given.headers["location"])


async def test_refused_session_may_be_tried_again(api: ServedApi) -> None:
    """The person pressed the wrong button."""
    made = await _session(api)
    with pytest.raises(LinkFailed):
        await consent_at(made["url"], [api.tenants[0]], decision="deny")
    assert await _ended(api, made["id"]) == ("open", "access_denied", [])

    await consent_at(made["url"], [api.tenants[0]])

    assert await _ended(api, made["id"]) == ("linked", None, [api.tenants[0]])


async def test_session_expires(api: ServedApi) -> None:
    """A link that lies about in a mailbox is worth nothing one day."""
    made = await _session(api, expires_in_s=60)
    await api.db.execute(
        "UPDATE link_session SET expires_at = expires_at - $1::interval", timedelta(minutes=2)
    )

    page = await api.http.get(made["url"])

    assert (page.status_code, "has expired" in page.text) == (400, True)
    assert await _ended(api, made["id"]) == ("expired", None, [])


async def test_session_for_one_organisation_links_no_other(api: ServedApi) -> None:
    """And gives back at Xero what it did not ask for: it would count as one of ours."""
    made = await _session(api, tenant_id=api.tenants[0])

    with pytest.raises(LinkFailed, match="409"):
        await consent_at(made["url"], [api.tenants[1]])

    assert await _ended(api, made["id"]) == ("open", "wrong_organisation", [])
    assert api.simulator.simulation.identity.connections == {}
    assert await api.db.fetchval("SELECT count(*) FROM tenant") == 0


async def test_linking_again_works_for_that_organisation_whatever_is_chosen(
    api: ServedApi,
) -> None:
    """The tokens of a consent are good for all that its user ever linked."""
    await link_all(api.url, [api.tenants[0]], external_id="customer-7")
    before = await tenant(api.db, api.tenants[0])
    await change_state(api.db, api.tenants[0], "needs_reauth", reason="test")
    made = await _session(api, tenant_id=api.tenants[0])

    await consent_at(made["url"], [api.tenants[1]])

    after = await tenant(api.db, api.tenants[0])
    assert (after.state, after.external_id) == ("linked", "customer-7")
    assert (after.epoch, after.connection_id) == (before.epoch, before.connection_id)
    held = api.simulator.simulation.identity.connections.values()
    assert [each.tenant_id for each in held] == [api.tenants[0]]


async def test_link_is_no_use_in_another_browser(api: ServedApi) -> None:
    """Else a stranger could begin, and have somebody else's books linked under his own name."""
    made = await _session(api, external_id="mallory")
    async with httpx.AsyncClient() as mallory, httpx.AsyncClient() as victim:
        begun = await mallory.get(made["url"])

        answer = await _consent(victim, begun.headers["location"], api.tenants[0])

    assert answer.status_code == 400
    assert "another browser" in answer.text
    assert await api.db.fetchval("SELECT count(*) FROM tenant") == 0


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"external_id": "x" * 201}, 400, "/external_id"),
        ({"external_id": "a\nb"}, 400, "/external_id"),
        ({"return_to": "https://evil.example/"}, 400, "/return_to"),
        ({"tenant_id": "no uuid"}, 400, "/tenant_id"),
        ({"expires_in_s": 59}, 400, "/expires_in_s"),
        ({"expires_in_s": 604_801}, 400, "/expires_in_s"),
        ({"externalid": "x"}, 400, "externalid"),
        ([], 400, "object"),
    ],
)
async def test_wrong_wishes_are_named(
    api: ServedApi, asked: object, status: int, said: str
) -> None:
    """Nothing that was sent is ignored."""
    answer = await api.http.post("/v1/link_sessions", json=asked, headers=await api.key())

    assert answer.status_code == status
    assert said in answer.text
    assert await api.db.fetchval("SELECT count(*) FROM link_session") == 0


async def test_keys_may_ask_for_what_they_cover(api: ServedApi) -> None:
    """Without `admin` nothing; for certain organisations, links to these, and its own alone."""
    asked: list[dict[str, str]] = [
        {"tenant_id": api.tenants[0]}, {}, {"tenant_id": api.tenants[1]}
    ]  # fmt: skip
    limited = await api.key("admin", tenants=[api.tenants[0]])
    reading = await api.http.post("/v1/link_sessions", json={}, headers=await api.key("write"))
    answers = [
        await api.http.post("/v1/link_sessions", json=each, headers=limited) for each in asked
    ]
    others = await _session(api)
    own = answers[0].json()["id"]

    assert (reading.status_code, reading.json()["code"]) == (403, "scope_missing")
    assert [each.status_code for each in answers] == [201, 403, 404]
    assert [each.json().get("code") for each in answers[1:]] == ["key_limited", "tenant_unknown"]
    seen = [await api.http.get(f"/v1/link_sessions/{each}", headers=limited)
            for each in (own, others["id"], "made-up")]  # fmt: skip
    assert [each.status_code for each in seen] == [200, 404, 404]


async def test_secret_of_a_link_is_kept_nowhere(api: ServedApi) -> None:
    """A dump of the database opens no link."""
    made = await _session(api)
    secret = httpx.URL(made["url"]).params["session"]

    kept = await api.db.fetchval("SELECT string_agg(s::text, ' ') FROM link_session s")

    assert secret not in kept
    assert (
        "url"
        not in (
            await api.http.get(f"/v1/link_sessions/{made['id']}", headers=await api.key())
        ).json()
    )


@pytest.fixture
async def closed(database_url: str) -> AsyncIterator[ServedApi]:
    """An api where only a program's word links; of its two organisations the first is linked, as
    customer-7."""
    config = SimulatorConfig(seed=6, tenants=2, opening=SMALL)
    async with (
        RunningSimulator(config) as simulator,
        served_api(database_url, simulator, linking="sessions") as served,
    ):
        made = await _session(served, external_id="customer-7")
        await consent_at(made["url"], [served.tenants[0]])
        yield served


async def test_bare_links_can_be_switched_off(closed: ServedApi) -> None:
    """Then only a program's word brings a name, or an organisation that is not linked here."""
    known, unknown = closed.tenants
    tried = [
        await closed.http.get("/connect", params=each)
        for each in (
            {},
            {"external_id": "customer-8"},
            {"tenant_id": known, "external_id": "customer-8"},
            {"tenant_id": unknown},
            {"tenant_id": known},
        )
    ]

    assert [each.status_code for each in tried] == [400, 400, 400, 400, 302]


async def test_bare_link_of_an_organisation_only_brings_it_back(closed: ServedApi) -> None:
    """Whoever lost the consent may give it again; the name stays a program's."""
    known = closed.tenants[0]
    await change_state(closed.db, known, "vanished", reason="test")

    await consent_at(f"{closed.url}/connect?tenant_id={known}", [known])

    row = await tenant(closed.db, known)
    assert (row.state, row.external_id, row.external_id_verified) == ("linked", "customer-7", True)


async def test_erased_organisation_comes_back_by_a_session_alone(closed: ServedApi) -> None:
    """It was forgotten on request, so it is linked anew like one that was never here."""
    gone = closed.tenants[0]
    await change_state(closed.db, gone, "erasing", reason="test")
    assert await erase_due(closed.db) == 1

    refused = await closed.http.get("/connect", params={"tenant_id": gone})
    made = await _session(closed, tenant_id=gone)
    await consent_at(made["url"], [gone])

    assert (refused.status_code, (await tenant(closed.db, gone)).state) == (400, "linked")


async def test_what_was_begun_bare_links_nothing_that_was_forgotten_meanwhile(
    closed: ServedApi,
) -> None:
    """It is asked again at the end, and the app's connection at Xero is given back."""
    gone = closed.tenants[0]
    page = await closed.http.get("/connect", params={"tenant_id": gone})
    await change_state(closed.db, gone, "erasing", reason="test")
    assert await erase_due(closed.db) == 1

    answer = await _consent(closed.http, page.headers["location"], gone)

    assert (answer.status_code, (await tenant(closed.db, gone)).state) == (400, "erased")
    assert closed.simulator.simulation.identity.connections == {}
    assert await closed.db.fetchval('SELECT count(*) FROM "authorization"') == 0


async def test_page_that_waits_may_ask_how_it_ended_from_allowed_origins(api: ServedApi) -> None:
    """For browsers that hide the window from the page which opened it."""
    made = await _session(api)
    query = {"session": httpx.URL(made["url"]).params["session"]}
    await consent_at(made["url"], [api.tenants[0]])

    ours = await api.http.get("/connect/outcome", params=query, headers={"Origin": ORIGIN})
    other = await api.http.get(
        "/connect/outcome", params=query, headers={"Origin": "https://evil.example"}
    )
    unknown = await api.http.get("/connect/outcome", params={"session": "x"})

    assert ours.headers["access-control-allow-origin"] == ORIGIN
    assert (ours.json()["state"], ours.json()["tenants"][0]["tenant_id"]) == (
        "linked",
        api.tenants[0],
    )
    assert "access-control-allow-origin" not in other.headers
    assert unknown.status_code == 404


async def test_script_is_served_for_other_peoples_pages(api: ServedApi) -> None:
    """And need not be sent again while it is the same."""
    first = await api.http.get("/connect/link.js")
    again = await api.http.get("/connect/link.js", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["content-type"].startswith("text/javascript")
    assert first.headers["cross-origin-resource-policy"] == "cross-origin"
    assert (again.status_code, again.content) == (304, b"")


async def test_custom_connection_links_by_itself_with_the_scopes_of_the_setting(
    database_url: str,
) -> None:
    """Nobody is asked at a browser, so there are no links, and the api says so."""
    config = SimulatorConfig(seed=6, tenants=1, opening=SMALL)
    grant = {"xero_grant": "client_credentials", "xero_scopes": "write"}
    async with (
        RunningSimulator(config) as simulator,
        served_api(database_url, simulator, **grant) as api,
    ):
        linked = asyncio.Event()
        subscription = await api.db.listen(NOTICE_CHANNEL, lambda _: linked.set())
        if not await api.db.fetchval("SELECT count(*) FROM tenant WHERE state = 'linked'"):
            await asyncio.wait_for(linked.wait(), PATIENCE_S)
        await subscription.close()

        answer = await api.http.post("/v1/link_sessions", json={}, headers=await api.key())
        await change_state(api.db, api.tenants[0], "vanished", reason="test")
        told = await api.http.get(f"/v1/tenants/{api.tenants[0]}", headers=await api.key())

        scopes = await api.db.fetchval('SELECT scopes FROM "authorization"')
        assert {"accounting.invoices", "accounting.contacts"} <= set(scopes)
        assert (answer.status_code, answer.json()["code"]) == (409, "linking_not_offered")
        assert (told.json()["remedy"]["action"], told.json()["remedy"]["address"]) == ("wait", None)


def test_what_a_page_hands_to_its_script_is_escaped() -> None:
    """A name of an organisation is anybody's text."""
    named = LinkedTenant(TenantId("t"), """"><script>alert('1')</script>""", first=True)
    answer = tell(link_ending.linked([named]), Audience(opener=ORIGIN), root="/lw")
    shown = bytes(answer.body).decode()

    assert "<script>" not in shown
    assert shown.count("<script ") == 1
    assert '<script src="/lw/connect/popup.js"' in shown
    assert "script-src 'self'" in answer.headers["content-security-policy"]
