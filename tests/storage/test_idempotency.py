"""Writes that callers may repeat: one holder at a time, one answer for good, nothing for ever."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from storage.database import Database
from storage.erasure import drop_traces
from storage.idempotency import (
    Claim,
    StoredAnswer,
    WriteKey,
    answer_write,
    claim_write,
    find_write,
    forget_write,
    leave_claim,
    renew_claim,
    take_write_over,
)
from storage.pruning import prune
from storage.tenant_states import change_state
from tests.storage.makers import NOW, link, new_tenant_id

SENT = {"method": "PUT", "body": {"Invoices": [{"Type": "ACCREC"}]}}
ANSWER = StoredAnswer(status=201, headers={"ETag": '"1.1"'}, body=b'{"result":{}}')
MONTH = timedelta(days=31)


async def key_of(db: Database, text: str = "order 17") -> WriteKey:
    """A key of a linked organisation."""
    return WriteKey(await link(db), "0a1b2c3d", text)


async def claimed(db: Database, key: WriteKey, fingerprint: bytes = b"one") -> Claim | None:
    """The claim of a write that is about to leave."""
    return await claim_write(
        db, key, fingerprint=fingerprint, operation="create_invoice", request_id="r", sent=SENT,
        now=NOW,
    )  # fmt: skip


async def let_claim_end(db: Database) -> None:
    """As when the holder was killed and its time is over."""
    await db.execute("UPDATE idempotency SET claimed_until = clock_timestamp()")


async def test_key_is_claimed_once(database: Database) -> None:
    """Of many who come at the same moment one gets it, and the others see that it is in hand."""
    key = await key_of(database)

    claims = await asyncio.gather(*(claimed(database, key) for _ in range(8)))

    assert sum(claim is not None for claim in claims) == 1
    known = await find_write(database, key)
    assert known is not None
    assert (known.in_hand, known.sent, known.answer) == (True, SENT, None)
    assert (known.fingerprint, known.began_at) == (b"one", NOW)


async def test_answer_is_kept_and_what_was_sent_is_not(database: Database) -> None:
    """The answer is given again each time; what left is needed no more."""
    key = await key_of(database)
    claim = await claimed(database, key)
    assert claim is not None

    assert await answer_write(database, claim, ANSWER)

    known = await find_write(database, key)
    assert known is not None
    assert (known.answer, known.sent) == (ANSWER, None)
    assert await claimed(database, key) is None
    assert await take_write_over(database, key) is None


async def test_claim_that_lives_is_not_taken_over(database: Database) -> None:
    """A process that renews its claim is at work, however long the write takes."""
    key = await key_of(database)
    claim = await claimed(database, key)
    assert claim is not None
    await let_claim_end(database)

    assert await renew_claim(database, claim)

    assert await take_write_over(database, key) is None


async def test_ended_claim_is_taken_over_once_with_what_was_sent(database: Database) -> None:
    """Who was killed left what it sent; it learns, should it wake, that others go on."""
    key = await key_of(database)
    killed = await claimed(database, key)
    assert killed is not None
    await let_claim_end(database)

    takers = await asyncio.gather(*(take_write_over(database, key) for _ in range(8)))

    assert sum(taker is not None for taker in takers) == 1
    assert not await renew_claim(database, killed)
    assert not await answer_write(database, killed, ANSWER)
    known = await find_write(database, key)
    assert known is not None
    assert known.sent == SENT


async def test_claim_that_was_left_is_free_at_once(database: Database) -> None:
    """Nobody has to wait for a holder that has said it knows no end."""
    key = await key_of(database)
    claim = await claimed(database, key)
    assert claim is not None

    await leave_claim(database, claim)

    assert await take_write_over(database, key) is not None


async def test_write_that_was_not_done_is_forgotten(database: Database) -> None:
    """The key is as new; but an answer that is there stays."""
    key = await key_of(database)
    claim = await claimed(database, key)
    assert claim is not None

    await forget_write(database, claim)

    assert await find_write(database, key) is None
    again = await claimed(database, key, b"other")
    assert again is not None
    await answer_write(database, again, ANSWER)
    await forget_write(database, again)
    assert await find_write(database, key) is not None


async def test_keys_of_others_are_other_keys(database: Database) -> None:
    """The same text of another API key, or for another organisation, is another write."""
    key = await key_of(database)
    others = (
        replace(key, api_key="ffffffff"),
        replace(key, tenant_id=await link(database)),
        replace(key, text="order 18"),
    )

    assert await claimed(database, key) is not None
    for other in others:
        assert await claimed(database, other) is not None
    assert len({key.digest, *(other.digest for other in others)}) == 4
    assert key.text not in repr(key)


async def test_what_is_old_goes(database: Database) -> None:
    """After a week, answered or not; what is younger stays."""
    key, young = await key_of(database), await key_of(database, "new")
    await claimed(database, key)
    await database.execute("UPDATE idempotency SET made_at = made_at - interval '8 days'")
    await claimed(database, young)

    pruned = await prune(database, events=MONTH, deliveries=MONTH)

    assert pruned.writes == 1
    assert await find_write(database, key) is None
    assert await find_write(database, young) is not None


async def test_nothing_is_kept_of_an_organisation_that_is_forgotten(database: Database) -> None:
    """What was answered goes with it, and nothing comes after."""
    key = await key_of(database)
    await claimed(database, key)
    assert await change_state(database, key.tenant_id, "erasing", reason="asked for")

    assert await claimed(database, replace(key, text="late")) is None
    await drop_traces(database, key.tenant_id)

    assert await find_write(database, key) is None
    assert await claimed(database, WriteKey(new_tenant_id(), "0a1b2c3d", "unknown")) is None
