"""The columns by which records are listed say what the records say, also of those stored before."""

from importlib import import_module
from typing import Any

import msgspec
import pytest

from storage.database import Database
from tests.handlers.rig import running
from unified.facets import facet_of

_COLUMNS = (
    "contact_id", "parent_id", "payment_status", "is_overdue", "facet", "created_at", "issue_date"
)  # fmt: skip


async def _columns(db: Database) -> list[dict[str, Any]]:
    rows = await db.fetch(
        f"SELECT {', '.join(_COLUMNS)} FROM record ORDER BY id"  # noqa: S608  # constant columns
    )
    return [dict(row.items()) for row in rows]


async def test_records_of_before_get_the_columns_that_are_written_now(database: Database) -> None:
    """Whatever books hold: filling by the migration's statement and absorbing agree."""
    async with running(database) as rig:
        for _ in range(12):
            await rig.work()
    now = await _columns(database)
    for name in _COLUMNS:
        assert any(each[name] for each in now), f"no record shows what {name} would be"
    await database.execute(
        """UPDATE record SET contact_id = NULL, parent_id = NULL, payment_status = NULL,
                  is_overdue = false, facet = NULL, created_at = NULL,
                  issue_date = CASE WHEN unified->>'issue_date' IS NULL THEN NULL
                                    ELSE issue_date END"""
    )
    module = import_module("storage.migrations.versions.0013_listing")
    [fill] = [each for each in module.STATEMENTS if "UPDATE record" in each]

    await database.execute(fill)

    assert now == await _columns(database)
    for row in await database.fetch("SELECT unified, facet FROM record"):
        assert row["facet"] == facet_of(msgspec.json.decode(row["unified"]))


@pytest.mark.parametrize(
    ("record", "facet"),
    [
        ({"kind": "manual"}, "manual"),
        ({"is_leg": True, "type": "spend"}, "leg"),
        ({"is_leg": False}, None),
        ({"roles": ["vendor", "customer"]}, "customer_vendor"),
        ({"roles": []}, None),
        ({"roles": [{"key": "adviser", "name": None}]}, None),
    ],
)
def test_facet_is_the_word_beside_status_and_type(
    record: dict[str, Any], facet: str | None
) -> None:
    """Of a payment, a leg, a contact; of others there is none."""
    assert facet_of(record) == facet
