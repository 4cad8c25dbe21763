"""Snapshots of reports that a person turns on, off, or looks at."""

from datetime import timedelta

import pytest

from ledgerwire.failures import WrongUsage
from ledgerwire.installation import Installation
from ledgerwire.reporting import listed, turn_off, turn_on
from ledgerwire.settings import Settings
from storage.database import Database
from tests.storage.makers import link
from unified.broker import BrokerSettings
from unified.clock import OffsetClock
from unified.resources.report import AGED, BY_TYPE

DAY = timedelta(days=1)
CONTACT = "D2F7C0DE-9BC4-4BE2-9B7E-2F0C5A1B3C4D"


@pytest.fixture
async def here(database: Database, database_url: str) -> Installation:
    """An installation with one linked organisation."""
    await link(database)
    return Installation(
        Settings(database_url=database_url), database, database_url,
        BrokerSettings(bootstrap="127.0.0.1:1"), OffsetClock(),
    )  # fmt: skip


async def tenant(here: Installation) -> str:
    """The organisation's id."""
    return str(await here.db.fetchval("SELECT id FROM tenant"))


async def test_all_are_off_until_they_are_turned_on(here: Installation) -> None:
    """Whoever turns on without names gets every report that needs no contact."""
    name = await tenant(here)
    assert {each.report for each in await listed(here, name)} == set(BY_TYPE)
    assert {each.every_hours for each in await listed(here, name)} == {None}

    on = await turn_on(here, name, [], every=DAY, contacts=[])

    assert {each.report for each in on if each.every_hours == 24} == set(BY_TYPE) - AGED
    assert all(each.due_at and not each.taken_at for each in on if each.every_hours)


async def test_aged_reports_are_about_contacts(here: Installation) -> None:
    """Each contact is a call of its own, so that they have to be named."""
    name = await tenant(here)
    [aged] = [
        each
        for each in await turn_on(here, name, ["aged-payables"], every=DAY / 2, contacts=[CONTACT])
        if each.every_hours is not None
    ]

    assert (aged.report, aged.every_hours) == ("aged_payables", 12)
    assert aged.contacts == (CONTACT.lower(),)


async def test_turning_off_leaves_the_others_on(here: Installation) -> None:
    """One of them, or all of them without names."""
    name = await tenant(here)
    await turn_on(here, name, ["trial_balance", "bank_summary"], every=DAY, contacts=[])

    left = await turn_off(here, name, ["bank_summary"])
    assert [each.report for each in left if each.every_hours] == ["trial_balance"]
    assert not any(each.every_hours for each in await turn_off(here, name, []))


@pytest.mark.parametrize(
    ("reports", "every", "contacts", "says"),
    [
        (["cash_flow"], DAY, [], "There is no report cash_flow"),
        (["aged_receivables"], DAY, [], "name some with --contact"),
        (["trial_balance"], DAY, [CONTACT], "are about a contact"),
        (["aged_receivables"], DAY, ["Ana"], "Ana is no contact's id"),
        (["trial_balance"], timedelta(minutes=5), [], "every quarter of an hour at most"),
    ],
)
async def test_wrong_usage_is_said_and_nothing_is_turned_on(
    here: Installation, reports: list[str], every: timedelta, contacts: list[str], says: str
) -> None:
    """A mistake costs no call of Xero's."""
    with pytest.raises(WrongUsage, match=says):
        await turn_on(here, await tenant(here), reports, every=every, contacts=contacts)

    assert await here.db.fetchval("SELECT count(*) FROM cursor WHERE snapshot_every > '0'") == 0
