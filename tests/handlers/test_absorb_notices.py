"""How absorbing settles notices: finished, kept, waiting, revived, added."""

from datetime import timedelta

import pytest

from storage.cursors import cursors
from storage.notices import (
    UNREADABLE,
    Buried,
    NewNotice,
    add_notices,
    bury_notice,
    finish_notices,
    newest_notice_version,
)
from tests.handlers.answers import INVOICE, NOW, Mirror, raw_contact, raw_invoice, remote_id
from tests.unified.books import wire

SECOND = timedelta(seconds=1)


async def test_read_asked_after_the_hint_finishes_its_notice(empty: Mirror) -> None:
    """The mark is the newest version before the request left."""
    await empty.hint()
    mark = await newest_notice_version(empty.db)

    await empty.invoice(raw_invoice(), mark=mark)

    assert await empty.notice() is None


async def test_hint_during_the_read_is_not_swallowed(empty: Mirror) -> None:
    """What it announces may have come after Xero made the answer."""
    await empty.hint()
    mark = await newest_notice_version(empty.db)
    newer = await empty.hint()  # the request is under way

    done = await empty.invoice(raw_invoice(), mark=mark)

    assert done.events == 1
    assert await empty.notice() == newer


async def test_without_the_mark_that_hint_would_be_lost(empty: Mirror) -> None:
    """Proof that the mark is what holds it: the same, with a mark taken after the answer."""
    await empty.hint()
    await empty.hint()
    mark = await newest_notice_version(empty.db)

    await empty.invoice(raw_invoice(), mark=mark)

    assert await empty.notice() is None


async def test_very_first_hint_of_an_installation_is_not_swallowed(empty: Mirror) -> None:
    """Before any version was given out, none counts as answered."""
    mark = await newest_notice_version(empty.db)
    first = await empty.hint()

    await empty.invoice(raw_invoice(), mark=mark)

    assert (mark, first.version) == (0, 1)
    assert await empty.notice() == first


async def test_hint_committed_while_absorbing_is_kept(empty: Mirror) -> None:
    """Between reading the notice and dropping it, in one transaction, it may move again."""
    old = await empty.hint()
    mark = await newest_notice_version(empty.db)
    async with empty.db.transaction() as conn:
        newer = await empty.hint()
        await finish_notices(conn, empty.id, [old])

    assert mark == old.version
    assert await empty.notice() == newer


async def test_read_that_came_too_early_waits_1_5_and_30_seconds(empty: Mirror) -> None:
    """Then it is believed: some changes are announced and never stamped."""
    await empty.hint(hinted_at=NOW)
    stale = raw_invoice(at=NOW - 3 * SECOND)
    waits = []
    for _ in range(3):
        done = await empty.invoice(stale)
        assert done.too_early == 1
        waits.append(await empty.due_in_s())

    last = await empty.invoice(stale)

    assert waits == [1.0, 5.0, 30.0]
    assert last.too_early == 0
    assert await empty.notice() is None
    assert len(await empty.events()) == 1


async def test_new_hint_starts_the_waits_anew(empty: Mirror) -> None:
    """It announces another change."""
    await empty.hint()
    await empty.invoice(raw_invoice(at=NOW - 3 * SECOND))

    again = await empty.hint(hinted_at=NOW + SECOND)

    assert again.stale_reads == 0
    assert await empty.due_in_s() == 0


async def test_older_answer_finishes_if_what_is_known_is_new_enough(empty: Mirror) -> None:
    """The change that the hint told of is in the mirror already."""
    await empty.invoice(raw_invoice(at=NOW))
    await empty.hint(hinted_at=NOW)

    done = await empty.invoice(raw_invoice(at=NOW - 60 * SECOND))

    assert (done.older, done.too_early) == (1, 0)
    assert await empty.notice() is None


async def _bury(empty: Mirror, version: int | None, code: str = "x") -> bool:
    buried = Buried(
        endpoint="Invoices", remote_id=remote_id("one"), version=version, error_code=code,
        error="x", raw=b"x",
    )  # fmt: skip
    async with empty.db.transaction() as conn:
        return await bury_notice(conn, empty.id, buried)


async def test_hint_revives_a_dead_notice(empty: Mirror) -> None:
    """With its attempts forgotten: it is another change."""
    notice = await empty.hint()
    assert await _bury(empty, notice.version)
    assert await empty.notice() is None

    revived = await empty.hint()

    assert (revived.attempts, revived.coalesced) == (0, 1)
    assert revived.version > notice.version


async def _add(empty: Mirror, origin: str) -> None:
    wanted = NewNotice(
        endpoint="Invoices", remote_id=remote_id("one"), origin=origin, wait=60 * SECOND
    )
    async with empty.db.transaction() as conn:
        await add_notices(conn, empty.id, [wanted], now=empty.clock.now())


@pytest.mark.parametrize("origin", ["sweep", "write", "linked", "stale"])
async def test_whatever_asks_for_a_dead_notice_revives_it(empty: Mirror, origin: str) -> None:
    """No webhook may ever come: a deletion, a report and a file have none. It is due when it is
    asked for, not when it was before it died, and what was kept of it is out of date."""
    notice = await empty.hint()
    assert await _bury(empty, notice.version)

    await _add(empty, origin)

    revived = await empty.notice()
    assert revived is not None
    assert (revived.origin, revived.attempts, revived.coalesced) == (origin, 0, 1)
    assert revived.version > notice.version
    assert await empty.due_in_s() == 60
    assert await empty.db.fetchval("SELECT raw FROM notice") is None


@pytest.mark.parametrize(
    ("origin", "revives"), [("sweep", True), ("write", True), ("linked", False), ("stale", False)]
)
async def test_poison_is_not_read_again_whenever_it_is_named(
    empty: Mirror, origin: str, revives: bool
) -> None:
    """It would read the same, and be announced as dead anew, at each payment of a busy day."""
    notice = await empty.hint()
    assert await _bury(empty, notice.version, code=UNREADABLE)

    await _add(empty, origin)

    assert (await empty.notice() is not None) == revives


async def test_newer_hint_is_not_buried(empty: Mirror) -> None:
    """It gets its own chance."""
    old = await empty.hint()
    newer = await empty.hint()

    assert not await _bury(empty, old.version)
    assert await empty.notice() == newer


async def test_dead_letter_is_healed_by_a_good_read(empty: Mirror) -> None:
    """A later sweep that can read the thing leaves nothing to do."""
    notice = await empty.hint()
    await _bury(empty, notice.version)

    await empty.invoice(raw_invoice())

    assert await empty.db.fetchval("SELECT count(*) FROM notice") == 0


async def test_contact_that_takes_a_role_is_read_again(empty: Mirror) -> None:
    """Its first sale turns it into a customer without moving its stamp."""
    customer = wire("invoice", "part_paid_with_credit_note")["Contact"]["ContactID"].lower()
    await empty.contact(raw_contact("x", ContactID=customer, IsCustomer=False, IsSupplier=False))

    await empty.invoice(raw_invoice())

    row = await empty.db.fetchrow("SELECT endpoint, remote_id, origin, hinted_at FROM notice")
    assert row is not None
    assert tuple(row.values()) == ("Contacts", customer, "linked", None)


async def test_contact_that_has_the_role_is_left_alone(empty: Mirror) -> None:
    """And so is one that the mirror does not know yet: its own backfill will bring it."""
    customer = wire("invoice", "part_paid_with_credit_note")["Contact"]["ContactID"].lower()
    await empty.invoice(raw_invoice("before"))
    await empty.contact(raw_contact("x", ContactID=customer))

    await empty.invoice(raw_invoice("after"))

    assert await empty.db.fetchval("SELECT count(*) FROM notice") == 0


async def test_role_that_turned_on_becomes_an_event(empty: Mirror) -> None:
    """Although the stamp did not move."""
    await empty.contact(raw_contact(IsCustomer=False))

    done = await empty.contact(raw_contact(IsCustomer=True))

    assert done.changed == 1
    [_, event] = await empty.events("contact")
    assert "customer" in event["after"]["roles"]


async def test_merged_contact_asks_for_the_one_it_went_into(empty: Mirror) -> None:
    """Linked things deserve a look when they appear; once the books are complete."""
    into = remote_id("into")
    await empty.contact(raw_contact())

    await empty.contact(
        raw_contact(at=NOW + SECOND, ContactStatus="ARCHIVED", MergedToContactID=into)
    )

    assert await empty.notice("into", endpoint="Contacts") is not None


async def test_what_is_merely_observed_asks_for_nothing(empty: Mirror) -> None:
    """A backfill reads the rest itself."""
    await empty.db.execute("UPDATE cursor SET backfill_complete = false")
    into = remote_id("into")

    await empty.contact(raw_contact(ContactStatus="ARCHIVED", MergedToContactID=into))

    assert [event["op"] for event in await empty.events("contact")] == ["r"]
    assert await empty.notice("into", endpoint="Contacts") is None


async def test_unannounced_counts_what_no_notice_had_asked_for(empty: Mirror) -> None:
    """From which the next sweep's time follows."""
    await empty.hint("one")
    two = [await empty.seen(INVOICE, raw_invoice(name)) for name in ("one", "two")]

    assert (await empty.absorb(INVOICE, *two)).unannounced == 1
    assert set(await cursors(empty.db, empty.id)) == {"Contacts", "Invoices"}
