"""Linking organisations through the simulator's real consent flow, into a real database."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from structlog.testing import capture_logs

from simulator.config import OpeningBooks, SimulatorConfig
from storage.authorizations import authorization_of
from storage.cursors import cursors
from storage.database import Database
from storage.notices import NOTICE_CHANNEL
from storage.tenant_states import authorization_died, change_state
from storage.tenants import tenant, tenants
from tests.api.rig import ENDPOINTS, LinkRig, link_rig
from unified.clock import OffsetClock
from xero.oauth import XeroApp

SMALL = OpeningBooks(contacts=2, invoices=2, bills=1, months=1)
OTHER_USER = "accountant@example.com"


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[LinkRig]:
    """Two organisations, one per consent, as most apps have it."""
    config = SimulatorConfig(seed=5, tenants=2, opening=SMALL)
    async with link_rig(database, config) as started:
        yield started


async def test_linking_makes_the_tenant_and_its_backfills(rig: LinkRig) -> None:
    """From here on everything happens by itself."""
    answer = await rig.link(rig.tenants[0], external_id="customer-7")

    row = await tenant(rig.database, rig.tenants[0])
    assert answer.status_code == 200
    assert (row.state, row.external_id) == ("linked", "customer-7")
    states = await cursors(rig.database, rig.tenants[0])
    assert {path: each.backfill_state for path, each in states.items()} == dict.fromkeys(
        ENDPOINTS, "pending"
    )
    assert len(await tenants(rig.database)) == 1


async def test_page_names_the_organisation_and_no_secret(rig: LinkRig) -> None:
    """A person should see what was linked, and a shoulder-surfer nothing else."""
    answer = await rig.link(rig.tenants[0])

    row = await tenant(rig.database, rig.tenants[0])
    held = await authorization_of(rig.database, rig.tenants[0], rig.box)
    assert (row.name or "?") in answer.text
    assert held.tokens.access_token not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "set-cookie" not in answer.headers


async def test_return_to_gets_the_tenant(rig: LinkRig) -> None:
    """The caller's own page goes on from there."""
    answer = await rig.link(rig.tenants[1], return_to="https://crm.example/done?x=1")

    assert answer.status_code == 303
    query = parse_qsl(urlsplit(answer.headers["location"]).query)
    assert query == [("x", "1"), ("tenant_id", rig.tenants[1])]


async def test_one_token_set_serves_all_tenants_of_a_user(rig: LinkRig) -> None:
    """A copy per tenant would go stale and die."""
    await rig.link(rig.tenants[0])
    await rig.link(rig.tenants[1])

    first, second = [await authorization_of(rig.database, each, rig.box) for each in rig.tenants]
    assert first.id == second.id
    assert second.generation == 2


async def test_only_what_this_consent_chose_is_linked(rig: LinkRig) -> None:
    """Xero lists every organisation that the user ever linked to the app."""
    await rig.link(rig.tenants[0])
    await rig.database.execute("DELETE FROM cursor")
    await rig.database.execute("DELETE FROM tenant")

    await rig.link(rig.tenants[1])

    assert [row.id for row in await tenants(rig.database)] == [rig.tenants[1]]


async def test_several_organisations_in_one_consent(database: Database) -> None:
    """Bulk consent, from tier Advanced on."""
    config = SimulatorConfig(seed=6, tenants=3, opening=SMALL, tier="advanced")
    async with link_rig(database, config) as rig:
        answer = await rig.link(*rig.tenants, return_to="https://crm.example/done")

        query = parse_qs(urlsplit(answer.headers["location"]).query)
        assert set(query["tenant_id"]) == set(rig.tenants)


async def test_linking_wakes_the_handlers(rig: LinkRig) -> None:
    """The person waits; the backfill should begin at once."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    subscription = await rig.database.listen(NOTICE_CHANNEL, heard.put_nowait)

    await rig.link(rig.tenants[0])

    async with asyncio.timeout(5):
        assert await heard.get() == rig.tenants[0]
    await subscription.close()


async def test_linking_is_announced(rig: LinkRig) -> None:
    """The control topic says who is linked."""
    await rig.link(rig.tenants[0])

    kinds = await rig.database.fetch("SELECT kind, topic, key FROM announcement")
    assert [tuple(row.values()) for row in kinds] == [("linked", "control", rig.tenants[0])]


async def test_linking_again_changes_nothing_but_tokens(rig: LinkRig) -> None:
    """People click twice."""
    await rig.link(rig.tenants[0], external_id="customer-7")
    before = await tenant(rig.database, rig.tenants[0])

    await rig.link(rig.tenants[0])

    after = await tenant(rig.database, rig.tenants[0])
    assert (before.connection_id, before.epoch, before.external_id) == (
        after.connection_id,
        after.epoch,
        after.external_id,
    )


async def test_another_user_takes_over(rig: LinkRig) -> None:
    """The accountant leaves, the owner links: same books, same records, other tokens."""
    await rig.link(rig.tenants[0], user=OTHER_USER)
    before = await tenant(rig.database, rig.tenants[0])

    await rig.link(rig.tenants[0])

    after = await tenant(rig.database, rig.tenants[0])
    assert before.authorization_id != after.authorization_id
    assert before.connection_id != after.connection_id
    assert before.epoch == after.epoch


async def test_vanished_tenant_comes_back_with_a_new_connection(rig: LinkRig) -> None:
    """Its records keep their ids, its link does not."""
    await rig.link(rig.tenants[0])
    before = await tenant(rig.database, rig.tenants[0])
    await change_state(rig.database, rig.tenants[0], "vanished", reason="test")

    await rig.link(rig.tenants[0])

    after = await tenant(rig.database, rig.tenants[0])
    assert after.state == "linked"
    assert before.connection_id != after.connection_id
    assert before.epoch == after.epoch


async def test_one_new_consent_heals_all_tenants_of_the_user(rig: LinkRig) -> None:
    """They fell together, since they share the tokens; they rise together."""
    await rig.link(rig.tenants[0])
    await rig.link(rig.tenants[1])
    held = await authorization_of(rig.database, rig.tenants[0], rig.box)
    await authorization_died(rig.database, held.id, generation=held.generation, reason="test")

    await rig.link(rig.tenants[0])

    assert [row.state for row in await tenants(rig.database)] == ["linked", "linked"]


async def test_state_works_once(rig: LinkRig) -> None:
    """A callback address that leaked is worth nothing afterwards."""
    callback = await rig.decide(await rig.start(), rig.tenants[0])
    await rig.browser.get(callback)

    again = await rig.browser.get(callback)

    assert again.status_code == 400
    assert "used before" in again.text


@pytest.mark.parametrize("query", ["", "?code=x", "?code=x&state=made-up"])
async def test_unknown_state_is_refused_without_asking_xero(rig: LinkRig, query: str) -> None:
    """Somebody else's code must not be linked in our name."""
    answer = await rig.browser.get(f"/connect/callback{query}")

    assert answer.status_code == 400
    assert await tenants(rig.database) == []


async def test_old_attempt_is_refused(rig: LinkRig) -> None:
    """Ten minutes are enough to find a password."""
    callback = await rig.decide(await rig.start(), rig.tenants[0])
    await rig.database.execute(
        "UPDATE link_attempt SET expires_at = expires_at - $1::interval", timedelta(minutes=11)
    )

    answer = await rig.browser.get(callback)

    assert answer.status_code == 400


async def test_refusal_is_told_and_returned(rig: LinkRig) -> None:
    """Saying no is an answer."""
    callback = await rig.decide(await rig.start(), rig.tenants[0], decision="deny")
    page = await rig.browser.get(callback)
    address = await rig.start(return_to="https://crm.example/done")
    returned = await rig.browser.get(await rig.decide(address, decision="deny"))

    assert (page.status_code, "Consent was not given" in page.text) == (400, True)
    assert returned.headers["location"] == "https://crm.example/done?error=access_denied"
    assert await tenants(rig.database) == []


async def test_return_to_elsewhere_is_refused_before_anything_starts(rig: LinkRig) -> None:
    """Nobody is sent to Xero in order to end on a stranger's page."""
    answer = await rig.browser.get("/connect", params={"return_to": "https://evil.example/"})

    assert answer.status_code == 400
    assert await rig.database.fetchval("SELECT count(*) FROM link_attempt") == 0


@pytest.mark.parametrize("text", ["x" * 201, "a\0b", "a\nb"])
async def test_external_id_that_cannot_be_kept_is_refused(rig: LinkRig, text: str) -> None:
    """It is stored, logged, and sent on with every message of the control topic."""
    answer = await rig.browser.get("/connect", params={"external_id": text})

    assert answer.status_code == 400


async def test_stolen_code_is_useless_without_the_verifier(rig: LinkRig) -> None:
    """That is what the proof key is for: another attempt has another verifier."""
    stolen = await rig.decide(await rig.start(), rig.tenants[0])
    code = parse_qs(urlsplit(stolen).query)["code"][0]
    own_state = parse_qs(urlsplit(await rig.start()).query)["state"][0]

    answer = await rig.browser.get("/connect/callback", params={"code": code, "state": own_state})

    assert answer.status_code == 400
    assert "no longer takes the code" in answer.text
    assert await tenants(rig.database) == []


async def test_wrong_secret_says_who_can_mend_it(rig: LinkRig) -> None:
    """The person at the browser can't; whoever runs this can."""
    callback = await rig.decide(await rig.start(), rig.tenants[0])
    wrong = XeroApp(client_id=rig.flow.oauth.app.client_id, client_secret="wrong")
    async with rig.browser_of(rig.flow_of(wrong), rig.browser.cookies) as browser:
        answer = await browser.get(callback)

    assert answer.status_code == 502
    assert "client id, secret" in answer.text


@pytest.mark.parametrize("kind", ["html", "status", "limit", "truncated", "drop"])
async def test_xero_away_is_said_in_words(rig: LinkRig, kind: str) -> None:
    """No traceback in a browser; and trying again works."""
    fault = {"kind": kind, "path": "/connect/token"}
    rig.simulator.simulation.faults.ask({"calls": [fault]})
    answer = await rig.link(rig.tenants[0])
    again = await rig.link(rig.tenants[0])

    assert (answer.status_code, again.status_code) == (503, 200)
    assert "Wait a minute" in answer.text


async def test_database_away_is_said_in_words(rig: LinkRig) -> None:
    """At either end of the way."""
    callback = await rig.decide(await rig.start(), rig.tenants[0])
    await rig.database.close()

    begun = await rig.browser.get("/connect")
    ended = await rig.browser.get(callback)

    assert (begun.status_code, ended.status_code) == (503, 503)
    assert "Traceback" not in begun.text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("error=invalid_scope", "does not allow this app one of the scopes"),
        ("error=<b>x</b>", "Consent was not given"),
        ("", "no code"),
    ],
)
async def test_xeros_own_refusals_are_explained(rig: LinkRig, query: str, said: str) -> None:
    """What Xero puts into the address is never shown as it came."""
    state = parse_qs(urlsplit(await rig.start()).query)["state"][0]

    answer = await rig.browser.get(f"/connect/callback?state={state}&{query}")

    assert answer.status_code == 400
    assert said in answer.text
    assert "<b>" not in answer.text


async def test_tenant_being_erased_is_not_linked(rig: LinkRig) -> None:
    """It would rise from its grave."""
    await rig.link(rig.tenants[0])
    await rig.database.execute("UPDATE tenant SET state = 'erasing'")

    answer = await rig.link(rig.tenants[0])

    assert answer.status_code == 409


async def test_what_was_begun_while_linking_was_open_ends_by_the_rules_of_now(rig: LinkRig) -> None:
    """Whoever closes it need not wait ten minutes: no organisation is new, and no name counts."""
    await rig.link(rig.tenants[0])
    begun = [await rig.start(external_id="mallory") for _ in rig.tenants]
    rig.rules = replace(rig.rules, bare=False)
    told = rig.simulator.announcement
    app = XeroApp(client_id=told["client_id"], client_secret=told["client_secret"])
    closed = rig.browser_of(rig.flow_of(app), rig.browser.cookies)

    callbacks = [await rig.decide(*each) for each in zip(begun, rig.tenants, strict=True)]
    answers = [await closed.get(each) for each in callbacks]

    assert [each.status_code for each in answers] == [200, 400]
    rows = await tenants(rig.database)
    assert [(row.id, row.external_id) for row in rows] == [(rig.tenants[0], None)]


async def test_secrets_stay_out_of_database_and_logs(rig: LinkRig) -> None:
    """A backup or a log file must not be a key to anybody's books."""
    with capture_logs() as logs:
        address = await rig.start()
        stored = await rig.database.fetchrow("SELECT state_hash, verifier FROM link_attempt")
        callback = await rig.decide(address, rig.tenants[0])
        await rig.browser.get(callback)

    sent = parse_qs(urlsplit(address).query)
    code = parse_qs(urlsplit(callback).query)["code"][0]
    held = await authorization_of(rig.database, rig.tenants[0], rig.box)
    shown = repr(logs)
    assert stored is not None
    assert sent["state"][0].encode() not in stored["state_hash"]
    for secret in (sent["state"][0], code, held.tokens.access_token, held.tokens.refresh_token):
        assert secret is not None
        assert secret not in shown
    tokens = await rig.database.fetchval('SELECT tokens FROM "authorization"')
    assert held.tokens.access_token.encode() not in tokens


async def test_expiry_is_what_xero_said(rig: LinkRig) -> None:
    """Half an hour from the exchange."""
    await rig.link(rig.tenants[0])

    held = await authorization_of(rig.database, rig.tenants[0], rig.box)
    left = held.tokens.expires_at - OffsetClock().now()
    assert timedelta(minutes=29) < left <= timedelta(minutes=30)
    assert "offline_access" in held.tokens.scopes


async def test_connect_is_neither_cached_nor_referred(rig: LinkRig) -> None:
    """A cached redirect would carry somebody else's state."""
    answer: httpx.Response = await rig.browser.get("/connect")

    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
