"""The organisation: its zone, its locks, and the words of tomorrow."""

import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.unified.books import JP, TODAY, normalized, wire
from unified.codecs import Drift
from unified.resource import NormalizeError
from unified.resources.company_info import COMPANY_INFO
from unified.shape import Read
from unified.timezones import _ZONES, zone_of


def company(**changes: Any) -> dict[str, Any]:
    """The record of an organisation, with some of Xero's keys changed."""
    return normalized("company_info", "new_zealand", read=Read.UNPAGED, **changes).record


def test_every_zone_is_known_to_the_zone_database() -> None:
    """A zone that cannot be opened would stop an organisation's calendar."""
    assert len(_ZONES) == 141
    for squeezed, zone in _ZONES.items():
        assert re.fullmatch(r"[A-Z0-9+()]+", squeezed)
        assert str(ZoneInfo(zone)) == zone == zone_of(squeezed.lower())


def test_every_zone_of_xero_is_mapped() -> None:
    """Checked against Xero's own description where it lies beside the project."""
    description = Path(__file__).parents[3] / "shared/reference/openapi/xero_accounting.yaml"
    if not description.exists():
        pytest.skip("Xero's API description is not here")
    text = description.read_text(encoding="utf-8")
    listed = text[text.index("    TimeZone:\n") :].split("enum:\n", 1)[1]
    names = re.match(r"(?:\s+- .+\n)+", listed)
    assert names is not None
    zones = {line.strip().removeprefix("- ").strip("'\"") for line in names[0].splitlines()}

    assert len(zones) == 141
    assert {zone for zone in zones if zone_of(zone) is None} == set()


def test_unknown_words_pass_and_are_counted() -> None:
    """An organisation that speaks of tomorrow is still read."""
    seen = normalized("company_info", "words_of_tomorrow", context=JP, read=Read.UNPAGED)

    assert set(seen.drift) == {
        Drift("field", "Organisations.TideTable"),
        Drift("value", "Organisation.OrganisationStatus", "HIBERNATING"),
        Drift("value", "Organisation.OrganisationEntityType", "SUBMARINE"),
        Drift("value", "Organisation.SalesTaxBasis", "TIDAL"),
        Drift("value", "Organisation.SalesTaxPeriod", "WEEKLY"),
        Drift("value", "Organisation.DefaultTax", "Tax Rounded"),
        Drift("value", "Organisation.Timezone", "ATLANTISSTANDARDTIME"),
        Drift("value", "PaymentTerms.Type", "ONFULLMOON"),
        Drift("value", "ExternalLink.LinkType", "Mastodon"),
    }
    assert seen.completeness == "full"
    assert seen.created_at is not None


def test_type_falls_back_to_the_older_key() -> None:
    """Old organisations have no entity type."""
    assert company(OrganisationEntityType=..., OrganisationType="CHARITY")["type"] == "charity"
    assert company(OrganisationEntityType="", OrganisationType=...)["type"] is None
    assert company(Timezone=...)["timezone"] is None
    assert company(Class=..., Edition=...)["plan"] is None


@pytest.mark.parametrize(
    ("before", "after", "facts"),
    [
        ({}, {"PeriodLockDate": "/Date(1777507200000)/"}, ["period.locked"]),
        ({"PeriodLockDate": ..., "EndOfYearLockDate": ...}, {}, ["period.locked"]),
        ({}, {"PeriodLockDate": ...}, ["period.unlocked"]),
        ({}, {"EndOfYearLockDate": ...}, []),
        ({}, {"Name": "x"}, []),
    ],
)
def test_facts_follow_the_later_lock_date(
    before: dict[str, Any], after: dict[str, Any], facts: list[str]
) -> None:
    """Writes dated on or before the later of both fail at Xero."""
    assert facts == COMPANY_INFO.facts(company(**before), company(**after))


def test_nothing_of_it_is_written_timed_or_linked() -> None:
    """It is read only, has no timers and refers to nothing."""
    record = company()

    assert COMPANY_INFO.denormalize(record) == {"OrganisationID": record["remote_id"]}
    assert COMPANY_INFO.next_timer(record) is None
    assert COMPANY_INFO.linked(record) == []
    assert COMPANY_INFO.removal(record) is None
    assert COMPANY_INFO.at_date(record, TODAY) is record
    assert record["remote_url"] is None


def test_what_is_no_object_is_refused() -> None:
    """Also where a list or a text stands in its place."""
    wrongs: tuple[Any, ...] = ([], "x", None, 5)
    for wrong in wrongs:
        with pytest.raises(NormalizeError, match="without id: object: not an object"):
            COMPANY_INFO.normalize(wrong, JP, Read.UNPAGED)
    with pytest.raises(NormalizeError) as caught:
        company(FinancialYearEndDay="31.5")
    assert (caught.value.path, caught.value.reason) == ("FinancialYearEndDay", "not a whole number")
    with pytest.raises(NormalizeError) as caught:
        company(CreatedDateUTC="then")
    assert caught.value.path == "CreatedDateUTC"
    assert wire("company_info", "new_zealand")["ShortCode"] == "!mK9qT"
