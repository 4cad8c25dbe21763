"""Token sets: one refresh at a time, whoever asks, and what happens when a set dies."""

import asyncio
from datetime import timedelta

import pytest

from storage.authorizations import (
    Authorization,
    Tokens,
    authorization,
    authorization_of,
    save_consent,
)
from storage.database import Database
from storage.errors import GrantRefused, NeedsReauth, UnknownTenant
from storage.refresh import call_for_unsettled, refreshed
from storage.secrets import SecretBox
from storage.tenant_states import authorization_died, connections_read
from storage.tenants import tenant
from tests.storage.makers import NOW, announced, authorize, box, link, new_tenant_id, tokens


class Identity:
    """Xero's token endpoint as far as refreshing goes; lets a test hold its answers back."""

    def __init__(self, *, error: Exception | None = None) -> None:
        self.asked: list[str | None] = []
        self.error = error
        self.called = asyncio.Event()
        self.answer = asyncio.Event()
        self.answer.set()

    async def exchange(self, stale: Authorization) -> Tokens:
        """A new set for the old one's refresh token."""
        self.asked.append(stale.tokens.refresh_token)
        self.called.set()
        await self.answer.wait()
        if self.error is not None:
            raise self.error
        return tokens(f"fresh{len(self.asked)}")


async def _stored(db: Database, secrets: SecretBox) -> Authorization:
    return await authorization(db, await authorize(db, secrets), secrets)


async def test_consent_of_the_same_user_replaces_the_set(database: Database) -> None:
    """One row per app and user: a second consent is a new generation, not a second row."""
    secrets = box()
    first = await authorize(database, secrets)
    again = await save_consent(
        database, secrets, tokens("second"), client_id="app", xero_user_id="user"
    )
    other = await authorize(database, secrets, user="other")
    machine = [await authorize(database, secrets, user=None) for _ in range(2)]

    assert first == again != other
    assert machine[0] == machine[1]
    found = await authorization(database, first, secrets)
    assert (found.generation, found.tokens.access_token) == (2, "access-second")
    assert found.tokens == tokens("second")


async def test_tokens_are_found_by_tenant(database: Database) -> None:
    """A tenant's calls use the set that covers it; an unknown tenant has none."""
    secrets = box()
    saved = await authorize(database, secrets)
    tenant_id = await link(database, authorization_id=saved)

    assert (await authorization_of(database, tenant_id, secrets)).id == saved
    with pytest.raises(UnknownTenant):
        await authorization_of(database, new_tenant_id(), secrets)


async def test_many_that_find_a_stale_set_refresh_once(database: Database) -> None:
    """Ten callers, one call to Xero, and all ten leave with its new tokens."""
    secrets, xero = box(), Identity()
    stale = await _stored(database, secrets)

    fresh = await asyncio.gather(
        *(refreshed(database, secrets, stale, exchange=xero.exchange) for _ in range(10))
    )

    assert xero.asked == ["refresh-first"]
    assert {each.tokens.access_token for each in fresh} == {"access-fresh1"}
    assert {each.generation for each in fresh} == {2}


async def test_no_transaction_is_open_while_xero_is_called(database: Database) -> None:
    """The claim is committed before the call; meanwhile nothing is locked."""
    secrets, xero = box(), Identity()
    stale = await _stored(database, secrets)
    xero.answer.clear()
    refreshing = asyncio.create_task(refreshed(database, secrets, stale, exchange=xero.exchange))
    await xero.called.wait()

    claimed = await database.fetchrow(
        """SELECT refresh_claim IS NOT NULL AS claimed,
                  refresh_claimed_until BETWEEN clock_timestamp() + interval '50 s'
                                            AND clock_timestamp() + interval '60 s' AS life
             FROM "authorization" FOR UPDATE NOWAIT"""
    )
    idle = await database.fetchval(
        """SELECT count(*) FROM pg_stat_activity
            WHERE state LIKE 'idle in transaction%' AND datname = current_database()"""
    )
    xero.answer.set()
    await refreshing

    assert claimed is not None
    assert (claimed["claimed"], claimed["life"]) == (True, True)
    assert idle == 0
    assert await database.fetchval('SELECT refresh_claim FROM "authorization"') is None


async def test_claim_of_a_crashed_process_is_taken_over(database: Database) -> None:
    """The answer was lost with the process: after the claim's end the old refresh token is tried
    again, which Xero's grace time allows."""
    secrets, xero = box(), Identity()
    stale = await _stored(database, secrets)
    await database.execute(
        """UPDATE "authorization" SET refresh_claim = gen_random_uuid(),
                  refresh_claimed_until = clock_timestamp() - interval '1 s'"""
    )

    fresh = await refreshed(database, secrets, stale, exchange=xero.exchange)

    assert xero.asked == ["refresh-first"]
    assert fresh.generation == 2


async def test_sleeper_that_lost_its_claim_stores_nothing(database: Database) -> None:
    """A process that slept through its claim comes back with tokens nobody needs any more."""
    secrets, slow, quick = box(), Identity(), Identity()
    stale = await _stored(database, secrets)
    slow.answer.clear()
    sleeping = asyncio.create_task(refreshed(database, secrets, stale, exchange=slow.exchange))
    await slow.called.wait()
    await database.execute(
        """UPDATE "authorization" SET refresh_claimed_until = clock_timestamp() - interval '1 s'"""
    )
    quick.asked.append("so that its tokens differ")

    taken_over = await refreshed(database, secrets, stale, exchange=quick.exchange)
    slow.answer.set()

    assert (await sleeping).tokens == taken_over.tokens == tokens("fresh2")
    assert (await authorization(database, stale.id, secrets)).generation == 2


async def test_consent_beats_a_refresh_under_way(database: Database) -> None:
    """A person's new consent is not overwritten by an older refresh, nor killed by its refusal."""
    for error in (None, GrantRefused("invalid_grant")):
        secrets, xero = box(), Identity(error=error)
        stale = await _stored(database, secrets)
        xero.answer.clear()
        refreshing = asyncio.create_task(
            refreshed(database, secrets, stale, exchange=xero.exchange)
        )
        await xero.called.wait()
        await save_consent(
            database, secrets, tokens("consent"), client_id="app", xero_user_id="user"
        )
        xero.answer.set()

        assert (await refreshing).tokens.access_token == "access-consent"


async def test_failed_refresh_frees_the_claim_at_once(database: Database) -> None:
    """Xero being away for one caller must not make the next one wait a minute."""
    secrets = box()
    stale = await _stored(database, secrets)

    with pytest.raises(ConnectionError):
        await refreshed(
            database, secrets, stale, exchange=Identity(error=ConnectionError()).exchange
        )
    fresh = await refreshed(database, secrets, stale, exchange=Identity().exchange)

    assert fresh.generation == 2


async def test_dead_grant_stops_its_tenants_and_says_so(database: Database) -> None:
    """invalid_grant: the set and its tenants wait for a person; other sets' tenants do not, and
    what was noticed stays noticed."""
    secrets = box()
    stale = await _stored(database, secrets)
    mine = [await link(database, authorization_id=stale.id) for _ in range(2)]
    other = await link(database)
    fencing = await database.fetchval("SELECT fencing FROM tenant WHERE id = $1", mine[0])

    with pytest.raises(NeedsReauth):
        await refreshed(
            database, secrets, stale, exchange=Identity(error=GrantRefused("gone")).exchange
        )

    for tenant_id in mine:
        summary = await tenant(database, tenant_id)
        assert (summary.state, summary.state_reason) == ("needs_reauth", "gone")
        assert await announced(database, tenant_id) == ["linked", "needs_reauth"]
    assert (await tenant(database, other)).state == "linked"
    assert (await authorization(database, stale.id, secrets)).state == "needs_reauth"
    assert fencing < await database.fetchval("SELECT fencing FROM tenant WHERE id = $1", mine[0])
    with pytest.raises(NeedsReauth):
        await refreshed(database, secrets, stale, exchange=Identity().exchange)


async def test_stale_death_notice_is_ignored(database: Database) -> None:
    """Whoever reports the death of an old generation is too late to do harm."""
    secrets = box()
    stale = await _stored(database, secrets)
    await save_consent(database, secrets, tokens(), client_id="app", xero_user_id="user")

    dead = await authorization_died(database, stale.id, generation=stale.generation, reason="x")

    assert dead == []
    assert (await authorization(database, stale.id, secrets)).state == "active"


async def test_linking_again_heals(database: Database) -> None:
    """After a new consent the tenant is linked again, under the same link, and that is said."""
    secrets = box()
    stale = await _stored(database, secrets)
    tenant_id = await link(database, authorization_id=stale.id)
    before = await tenant(database, tenant_id)
    await authorization_died(database, stale.id, generation=1, reason="invalid_grant")

    await save_consent(database, secrets, tokens("new"), client_id="app", xero_user_id="user")
    await link(database, tenant_id, authorization_id=stale.id)

    after = await tenant(database, tenant_id)
    assert (after.state, after.connection_id, after.epoch) == (
        "linked", before.connection_id, before.epoch
    )  # fmt: skip
    assert await announced(database, tenant_id) == ["linked", "needs_reauth", "linked"]
    assert (await authorization_of(database, tenant_id, secrets)).state == "active"


async def test_tenants_missing_from_the_connections_have_vanished(database: Database) -> None:
    """Xero's list is believed for the tenants of the token set it was read with, no others."""
    saved = await authorize(database, box())
    living, gone = [await link(database, authorization_id=saved) for _ in range(2)]
    other = await link(database)

    assert await connections_read(database, saved, generation=1, living={living}) == [gone]
    assert await connections_read(database, saved, generation=1, living={living}) == []

    states = [(await tenant(database, each)).state for each in (living, gone, other)]
    assert states == ["linked", "vanished", "linked"]
    assert await announced(database, gone) == ["linked", "vanished"]


async def test_refresh_without_a_known_end_is_tried_again_soon(database: Database) -> None:
    """Xero takes the old refresh token for half an hour, and a quiet organisation may not be
    called for in six: a sweep is brought forward, once a minute at most and nobody else's."""
    secrets = box()
    other = await link(database)
    stale = await _stored(database, secrets)
    quiet = await link(database, authorization_id=stale.id)
    with pytest.raises(ConnectionError):
        await refreshed(
            database, secrets, stale, exchange=Identity(error=ConnectionError()).exchange
        )

    assert await call_for_unsettled(database, now=NOW) == 1
    due = await database.fetch("SELECT tenant_id FROM cursor WHERE sweep_due_at <= $1", NOW)
    assert [row["tenant_id"] for row in due] == [quiet] != [other]
    assert await call_for_unsettled(database, now=NOW) == 0
    await database.execute(
        "UPDATE cursor SET last_swept_at = $1, sweep_due_at = $1::timestamptz + interval '1 hour'",
        NOW,
    )
    assert await call_for_unsettled(database, now=NOW + timedelta(seconds=59)) == 0
    assert await call_for_unsettled(database, now=NOW + timedelta(seconds=61)) == 1


async def test_settled_refresh_brings_no_sweep_forward(database: Database) -> None:
    """Neither a set that nobody refreshes nor one that is being refreshed just now."""
    secrets, identity = box(), Identity()
    stale = await _stored(database, secrets)
    await link(database, authorization_id=stale.id)
    identity.answer.clear()
    refreshing = asyncio.create_task(
        refreshed(database, secrets, stale, exchange=identity.exchange)
    )
    await identity.called.wait()

    meanwhile = await call_for_unsettled(database, now=NOW)
    identity.answer.set()
    await refreshing

    assert (meanwhile, await call_for_unsettled(database, now=NOW)) == (0, 0)
