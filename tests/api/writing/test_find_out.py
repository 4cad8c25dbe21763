"""Where to look for a write of which nobody can say what came of it: what was done is there."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from api.reading.filters import filters_of
from api.writing.plan import Plan
from storage.database import Database
from tests.api.writing.rig import SOME, writing
from unified.commands import Kind, Request
from unified.resource import Resource
from unified.resources import SOURCES, operations_of
from xero.writes import KEY_LIFE

SINCE = datetime(2026, 11, 3, 4, 17, 52, tzinfo=UTC)
MAKERS = [
    source for source in SOURCES if any(each.kind is Kind.CREATE for each in operations_of(source))
]


@pytest.mark.parametrize("source", MAKERS, ids=lambda source: source.endpoint.path)
def test_new_things_are_looked_for_by_a_time_that_xero_tells_of_them(source: Resource) -> None:
    """By a time that their records have not, a filter would leave out every one of them."""
    [create] = [each for each in operations_of(source) if each.kind is Kind.CREATE]
    request = Request(method="PUT", parts=source.endpoint.parts)

    address = urlsplit(Plan(source=source, command=create, request=request).look(SINCE))

    asked = parse_qs(address.query)
    assert asked.pop("consistency") == ["live"]
    stamps = {"updated_at": source.updated_key, "created_at": source.created_key}
    fields = {each.parameter.name: each.field for each in filters_of(source)}
    assert [stamps[fields[name]] is not None for name in asked] == [True] * len(asked)
    assert bool(asked) == any(stamps.values())


async def test_lost_transfer_is_found_where_its_caller_is_told_to_look(database: Database) -> None:
    """Xero stamps no changes of transfers, so by those it would seem that none was made."""
    async with writing(database, (*SOME, "BankTransactions", "BankTransfers")) as it:
        body = {
            "type": "transfer",
            "account": {"code": "090"},
            "counter_account": {"code": "091"},
            "date": "2026-11-01",
            "total": "12.34",
        }
        it.rig.fault("drop", method="PUT", times=2)
        await it.send("POST", "transactions", body, idempotency_key="move-1")
        it.rig.pass_time(seconds=KEY_LIFE.total_seconds())

        answer = await it.send("POST", "transactions", body, idempotency_key="move-1")
        found = await it.client.get(answer.json()["find_out"])

        assert answer.json()["code"] == "write_outcome_unknown"
        listed = [(each["type"], each["total"]) for each in found.json()["result"]]
        assert listed == [("transfer", "12.34")]
