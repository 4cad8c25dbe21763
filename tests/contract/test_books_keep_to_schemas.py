"""Whole books, read by the product from the simulator: every record and event keeps to its schema.

Golden pairs show what a person thought of. Here are all kinds of things that a business has, some
of them edited, some gone.
"""

import msgspec

from ledgerwire.schemas import current
from simulator.business import Business
from simulator.config import OpeningBooks
from storage.database import Database
from tests.contract.schemas import Validators
from tests.handlers.rig import running
from tests.handlers.test_people import WITH_PAYROLL
from unified.envelope import event_schema, record_schema
from unified.resources import KINDS, resource

VALIDATORS = Validators(current().values())
BOOKS = OpeningBooks(contacts=8, invoices=12, bills=8, months=3, templates=2)
ACTIONS = 120


async def test_every_record_and_event_keeps_to_its_schema(database: Database) -> None:
    """After a backfill, some business days, and another look at everything."""
    async with running(database, scopes=WITH_PAYROLL, payroll=True, opening=BOOKS) as rig:
        await rig.work()
        rig.pass_time(days=1)
        simulation = rig.simulator.simulation
        business = Business(simulation.books, simulation.rng("schemas"))
        assert sum(business.act() for _ in range(ACTIONS)) > ACTIONS / 2
        await rig.cursors_say("sweep_due_at = $1", rig.clock.now())
        await rig.work()
        rows = await rig.db.fetch("SELECT resource, value FROM event ORDER BY position")

    seen: set[str] = set()
    for row in rows:
        kind, event = resource(row["resource"]), msgspec.json.decode(row["value"])
        seen |= {kind.name, event["op"]}
        assert VALIDATORS.complaints(event_schema(kind), event) == [], kind.name
        assert VALIDATORS.complaints(record_schema(kind), event["after"]) == [], kind.name
        kind.model.model_validate(event["after"])
    assert {kind.name for kind in KINDS} - seen <= {"report"}  # these are asked for, never listed
    assert {"c", "u", "d", "r"} & seen >= {"u", "r"}
