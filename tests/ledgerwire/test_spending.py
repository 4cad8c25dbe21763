"""`ledgerwire budget`: used and left, the month's end, and Xero's bill."""

from datetime import UTC, datetime, timedelta

import pytest

from ledgerwire.failures import WrongUsage
from ledgerwire.installation import Installation
from ledgerwire.settings import Settings
from ledgerwire.spending import spending
from storage.calls import Usage, learn_limits, meter
from storage.database import Database
from tests.acceptance.programs import Shell
from tests.storage.makers import link
from unified.broker import BrokerSettings
from unified.clock import ManualClock
from unified.ids import TenantId

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TODAY = NOW.date()
MB = 10**6


def at(database: Database, tier: str = "core") -> Installation:
    """The command's installation, at that noon."""
    settings = Settings(database_url="postgresql://here/x", xero_tier=tier)
    broker = BrokerSettings(bootstrap="127.0.0.1:1")
    return Installation(settings, database, "postgresql://here/x", broker, ManualClock(NOW))


async def call(
    db: Database, tenant_id: TenantId, endpoint: str, size: int, *, days_ago: int = 0
) -> None:
    """One call of a sweep was answered."""
    day = TODAY - timedelta(days=days_ago)
    spent = Usage(tenant_id=tenant_id, day=day, purpose="sweep", calls=1, bytes=size)
    await learn_limits(
        db, tenant_id, now=NOW, minute_remaining=59, day_remaining=4_321, spent=spent,
        endpoint=endpoint,
    )  # fmt: skip


async def test_calls_and_bytes_are_told_by_day_purpose_and_endpoint(database: Database) -> None:
    """Of today and of the month; what is left is what Xero said last."""
    tenant_id = await link(database)
    await call(database, tenant_id, "Invoices", 300)
    await call(database, tenant_id, "Invoices", 200)
    await call(database, tenant_id, "Contacts", 100, days_ago=1)
    await meter(database, [Usage(tenant_id=tenant_id, day=TODAY, purpose="api", refused=2)])

    [told] = (await spending(at(database), None))["tenants"]

    today, month = told["today"], told["month"]
    assert (today["calls"], today["bytes"], today["refused"]) == (2, 500, 2)
    assert today["by_purpose"] == {"api": 0, "sweep": 2}
    assert (today["day_remaining"], today["calls_a_day"]) == (4_321, 5_000)
    assert (month["calls"], month["bytes"], month["egress_bytes"]) == (3, 600, 600)
    assert month["by_endpoint"] == {
        "Contacts": {"calls": 1, "bytes": 100}, "Invoices": {"calls": 2, "bytes": 500},
    }  # fmt: skip
    assert month["forecast_calls"] == 3 + round(9.5)


async def test_organisation_itself_is_no_egress(database: Database) -> None:
    """Xero does not count it, now or in the days to come."""
    tenant_id = await link(database)
    await call(database, tenant_id, "Organisation", 600, days_ago=1)
    await call(database, tenant_id, "Invoices", 400, days_ago=1)

    told = await spending(at(database), None)

    assert told["app"]["egress_bytes"] == 400
    assert told["app"]["forecast_egress_bytes"] == 400 + 3_800


async def test_bill_is_for_all_that_are_connected_and_all_that_was_read(
    database: Database,
) -> None:
    """One that was unlinked costs no connection any more, but its bytes were read."""
    one, left = await link(database), await link(database)
    await call(database, one, "Invoices", 20_000 * MB, days_ago=20)
    await call(database, left, "Invoices", 1_000 * MB, days_ago=20)
    await database.execute("UPDATE tenant SET state = 'disconnected' WHERE id = $1", left)

    told = await spending(at(database), one)

    assert [each["tenant_id"] for each in told["tenants"]] == [one]
    assert told["app"]["connections"] == 1
    assert told["app"]["egress_bytes"] == 21_000 * MB
    core = {each["tier"]: each for each in told["bill"]}["core"]
    assert (core["overage_gb"], core["overage"], core["total"]) == (11, "26.40", "61.40")


async def test_unknown_organisation_is_refused(database: Database) -> None:
    """As everywhere."""
    with pytest.raises(WrongUsage, match="There is no organisation nobody"):
        await spending(at(database), "nobody")


async def test_budget_is_printed_for_people_and_programs(
    database: Database, database_url: str
) -> None:
    """A table of organisations, one of endpoints for a single one, and one of tiers."""
    tenant_id = await link(database)
    now = datetime.now(UTC)
    spent = Usage(tenant_id=tenant_id, day=now.date(), purpose="sweep", calls=1, bytes=2_500)
    await learn_limits(
        database, tenant_id, now=now, day_remaining=4_999, spent=spent, endpoint="Invoices"
    )
    shell = Shell({}).but(database_url=database_url, kafka="127.0.0.1:1", xero_tier="plus")

    table, single, told = [
        await shell.run("budget", *arguments) for arguments in ((), (tenant_id,), ("--json",))
    ]

    assert (table.code, single.code, told.code) == (0, 0, 0), table.err
    assert "plus (yours)" in table.out
    assert "2.5 kB" in table.out
    assert "Invoices" in single.out
    assert "Invoices" not in table.out
    assert told.json["tenants"][0]["today"]["calls"] == 1
    assert set(told.json) == {
        "month", "at", "tenants", "app", "tier", "currency", "overage_per_gb", "bill",
    }  # fmt: skip
