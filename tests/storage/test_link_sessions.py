"""Links that a program asked for, as the database keeps them."""

import asyncio
from datetime import timedelta

import pytest

from storage.database import Database
from storage.link_sessions import (
    FINISHING_FOR,
    KEPT_FOR,
    LinkedName,
    LinkSession,
    SessionAsked,
    claim_session,
    make_session,
    session_by_id,
    session_by_token,
    session_failed,
    session_linked,
)
from storage.pruning import prune
from unified.ids import TenantId

ONE = LinkedName(TenantId("9d0b7a44-2e5f-4c0e-8a77-63d1c2b4e901"), "Harbour 'Bakery' Ltd")


async def _session(database: Database, session_id: str) -> LinkSession:
    found = await session_by_id(database, session_id)
    assert found is not None
    return found


async def test_session_is_claimed_by_one_consent(database: Database) -> None:
    """Of those that come at once, one is kept; the others find it used."""
    made = await make_session(database, SessionAsked(external_id="customer-7"))

    claims = await asyncio.gather(*(claim_session(database, made.session.id) for _ in range(4)))

    assert sorted(claims) == [False, False, False, True]
    assert (await _session(database, made.session.id)).state == "finishing"
    await session_linked(database, made.session.id, (ONE,))
    ended = await _session(database, made.session.id)
    assert (ended.state, ended.linked, ended.error) == ("linked", (ONE,), None)
    assert not await claim_session(database, made.session.id)


async def test_failed_consent_gives_the_session_back(database: Database) -> None:
    """With the reason; the next claim forgets it."""
    made = await make_session(database, SessionAsked())
    assert await claim_session(database, made.session.id)

    await session_failed(database, made.session.id, "unavailable")

    given_back = await _session(database, made.session.id)
    assert (given_back.state, given_back.error) == ("open", "unavailable")
    assert await claim_session(database, made.session.id)
    assert (await _session(database, made.session.id)).error is None


async def test_consent_that_a_crash_broke_off_does_not_hold_the_session(database: Database) -> None:
    """Else a person would have to ask for another link."""
    made = await make_session(database, SessionAsked())
    await claim_session(database, made.session.id)

    await database.execute(
        "UPDATE link_session SET used_at = used_at - $1::interval", FINISHING_FOR
    )

    assert (await _session(database, made.session.id)).state == "open"
    assert await claim_session(database, made.session.id)


async def test_late_failure_takes_nothing_back(database: Database) -> None:
    """What was linked stays linked."""
    made = await make_session(database, SessionAsked())
    await session_linked(database, made.session.id, (ONE,))

    await session_failed(database, made.session.id, "unavailable")

    assert (await _session(database, made.session.id)).state == "linked"


@pytest.mark.parametrize(("age", "left"), [(KEPT_FOR - timedelta(hours=1), 1), (KEPT_FOR, 0)])
async def test_sessions_are_kept_for_a_week_after_their_end(
    database: Database, age: timedelta, left: int
) -> None:
    """For whoever asks how they ended."""
    await make_session(database, SessionAsked(life=timedelta(0)))
    await database.execute("UPDATE link_session SET expires_at = expires_at - $1::interval", age)

    pruned = await prune(database, events=timedelta(30), deliveries=timedelta(31))

    assert pruned.link_sessions == 1 - left
    assert await database.fetchval("SELECT count(*) FROM link_session") == left


async def test_secret_opens_and_id_does_not(database: Database) -> None:
    """The id stands in logs and answers; the secret is shown once."""
    made = await make_session(database, SessionAsked())

    assert await session_by_token(database, made.token) == made.session
    assert await session_by_token(database, made.session.id) is None
    assert made.token not in repr(made)
