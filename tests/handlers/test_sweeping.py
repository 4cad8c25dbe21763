"""Walking a list page by page while it changes."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

import pytest

from handlers.reading import Harvest
from handlers.sweeping import MOST_WALKS, Swept, shrank, walk
from storage.database import Database
from storage.tenant_context import read_context
from tests.handlers.answers import COMPANY, CONTACT, INVOICE, NOW
from tests.handlers.rig import FEW, Rig, running
from unified.resource import Resource
from unified.resources.journal_entry import MANUAL_JOURNAL
from xero.errors import UndecodableAnswer
from xero.paging import Page, first_number, following, is_last

#: Contacts two a page, where archiving one takes it off the list.
SMALL = replace(
    CONTACT,
    endpoint=replace(CONTACT.endpoint, page_size=100, list_params={"pageSize": "2"}),
)


#: Manual journals two a page, which come in the order of their stamps.
JOURNALS = replace(
    MANUAL_JOURNAL,
    endpoint=replace(MANUAL_JOURNAL.endpoint, page_size=100, list_params={"pageSize": "2"}),
)


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """Four contacts, none of them archived."""
    async with running(database, FEW) as started:
        for each in list(started.books.ledger.contacts):
            if each.status == "ARCHIVED":
                started.books.update_contact(each.id, ContactStatus="ACTIVE")
        yield started


class Walk:
    """What a walk took, page by page; `archive` lists pages after which a contact leaves."""

    def __init__(self, rig: Rig, archive: tuple[int, ...] = ()) -> None:
        self.rig = rig
        self.pages: list[set[str]] = []
        self._archive = archive

    async def take(self, harvest: Harvest) -> None:
        """One page."""
        self.pages.append(harvest.remote_ids)
        if len(self.pages) in self._archive:
            self.rig.books.archive_contact(min(self.pages[-1]))

    async def run(self, of: Resource = SMALL, since: datetime | None = None) -> Swept:
        """Walk."""
        context = await read_context(self.rig.db, self.rig.tenant)
        return await walk(
            self.rig.shop.reader, context, of, since=since, purpose="sweep", take=self.take
        )


async def test_every_page_is_taken_once(rig: Rig) -> None:
    """Four things, two a page: the second is known to be the last."""
    going = Walk(rig)

    assert await going.run() == Swept(calls=2, complete=True, number=2)
    assert set().union(*going.pages) == {each.id for each in rig.books.ledger.contacts}


async def test_list_that_shrinks_is_walked_again(rig: Rig) -> None:
    """What moved up onto a page already read would else be missed."""
    everybody = {each.id for each in rig.books.ledger.contacts}
    going = Walk(rig, archive=(1,))

    swept = await going.run()

    assert swept == Swept(calls=4, complete=True, number=2)
    assert set().union(*going.pages) == everybody


async def test_list_that_grows_is_not(rig: Rig) -> None:
    """Ordered by id, what joins can push a thing down only: it comes twice."""
    going = Walk(rig)
    take = going.take

    async def growing(harvest: Harvest) -> None:
        await take(harvest)
        if len(going.pages) == 1:
            rig.books.create_contact(Name="Fifth Ltd")

    going.take = growing  # type: ignore[method-assign]  # a page is followed by a change

    assert (await going.run()).complete
    assert len(set().union(*going.pages)) >= 4


async def test_list_that_keeps_shrinking_is_given_up(rig: Rig) -> None:
    """Nothing is claimed to be complete then."""
    for number in range(6):
        rig.books.create_contact(Name=f"More {number} Ltd")
    going = Walk(rig, archive=tuple(range(1, 20)))

    swept = await going.run()

    assert swept == Swept(calls=2 * MOST_WALKS, complete=False, number=2)


async def test_list_by_stamps_is_walked_again_when_something_moves_to_its_end(rig: Rig) -> None:
    """Manual journals cannot be had by id: what followed the changed one has moved up a page."""
    lines = [
        {"LineAmount": 5, "AccountCode": "429"},
        {"LineAmount": -5, "AccountCode": "400"},
    ]
    rig.pass_time(minutes=5)
    since, booked = rig.clock.now(), []
    for number in range(4):
        booked.append(rig.books.create_journal(Narration=str(number), JournalLines=lines).id)
        rig.pass_time(seconds=1)
    going = Walk(rig)
    take = going.take

    async def changing(harvest: Harvest) -> None:
        await take(harvest)
        if len(going.pages) == 1:
            rig.pass_time(seconds=1)
            rig.books.update_journal(booked[0], Narration="Changed")

    going.take = changing  # type: ignore[method-assign]  # a page is followed by a change

    swept = await going.run(JOURNALS, since=since)

    assert swept == Swept(calls=4, complete=True, number=2)
    assert going.pages[:2] == [set(booked[:2]), {booked[3], booked[0]}]
    assert set().union(*going.pages) == set(booked)


async def test_endpoint_without_pages_is_read_in_one_piece(rig: Rig) -> None:
    """The organisation."""
    going = Walk(rig)

    assert await going.run(COMPANY) == Swept(calls=1, complete=True)
    assert len(going.pages) == 1


async def test_since_leaves_out_what_did_not_change(rig: Rig) -> None:
    """And what did change is there."""
    rig.pass_time(minutes=5)
    changed = rig.books.rename_contact(next(iter(rig.books.ledger.contacts)).id, "Renamed Ltd")
    going = Walk(rig)

    await going.run(since=rig.clock.now())

    assert going.pages == [{changed.id}]


@pytest.mark.parametrize(
    ("items", "page_count", "number", "last"),
    [
        (1000, 2, 1, False),
        (3, 2, 1, False),  # short, but said to have a follower
        (1000, 2, 2, True),
        (0, 0, 1, True),
        (1000, None, 1, False),
        (999, None, 1, True),
    ],
)
def test_last_page(items: int, page_count: int | None, number: int, last: bool) -> None:
    """By what the answer says, else by its length."""
    page = Page(
        items=[{}] * items, raws=[], page=number, page_count=page_count, item_count=None,
        raw_size=0, wire_size=0, asked_at=NOW, answered_at=NOW, fetched_at=NOW,
        correlation_id=None,
    )  # fmt: skip

    assert is_last(page, number, INVOICE.endpoint) is last


@pytest.mark.parametrize(
    ("counted", "now", "expected"),
    [(5, 4, True), (5, 5, False), (4, 5, False), (None, 4, False), (5, None, False)],
)
def test_shrinking_is_told_by_the_count(
    counted: int | None, now: int | None, expected: bool
) -> None:
    """Where there is one."""
    assert shrank(counted, now) is expected


NUMBERED = replace(CONTACT.endpoint, page_size=100, offset_key="JournalNumber")


def numbered(*numbers: object) -> Page:
    """A piece of a list that goes on by numbers."""
    items = [{"JournalNumber": number} for number in numbers]
    return Page(
        items=items, raws=[], page=None, page_count=None, item_count=None, raw_size=0, wire_size=0,
        asked_at=NOW, answered_at=NOW, fetched_at=NOW, correlation_id=None,
    )  # fmt: skip


def test_numbers_go_on_until_nothing_follows() -> None:
    """They may skip, and a short piece may have followers: only an empty one is the last."""
    assert first_number(NUMBERED) == 0
    assert following(numbered(1, 2, 7), 0, NUMBERED) == 7
    assert not is_last(numbered(1, 2, 7), 0, NUMBERED)
    assert is_last(numbered(), 7, NUMBERED)
    assert following(numbered(), 7, NUMBERED) == 7
    assert (first_number(CONTACT.endpoint), following(numbered(), 3, CONTACT.endpoint)) == (1, 4)


@pytest.mark.parametrize("numbers", [(7,), (3, 7), (None,), ("8",)])
def test_numbers_that_do_not_grow_are_an_error(numbers: tuple[object, ...]) -> None:
    """Asking for what follows them would never end."""
    with pytest.raises(UndecodableAnswer, match="after 7 has no JournalNumber beyond it"):
        following(numbered(*numbers), 7, NUMBERED)
