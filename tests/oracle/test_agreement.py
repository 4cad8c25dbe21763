"""What agrees is not complained about, however it was delivered, and judging is fast."""

import json
import time
from collections.abc import Callable
from copy import deepcopy

import pytest

from oracle.judge import judge
from oracle.report import report
from tests.oracle import records as r
from tests.oracle.world import World, agreeing, finished

THINGS = 5_000
LONGEST_S = 8.0  #: processor time for judging that many; about 3 s on a slow core


def test_agreeing_world_has_no_difference() -> None:
    """The world that all other tests start from is whole, and all of it was looked at."""
    verdict = agreeing().examine()

    assert verdict.differences == []
    assert dict(verdict.counts) == {
        "tenants": 1,
        "things": 17,
        "mirror": 17,
        "events": 24,
        "duplicates": 0,
        "states": 17,
        "invoice_statuses": 5,
        "contact_statuses": 2,
    }


def test_nothing_at_all_has_no_difference() -> None:
    """Before the first organisation is linked there is nothing to judge."""
    assert judge({"tenants": []}, [], [], [], [], [], today={}) == []


def test_duplicates_are_tolerated_and_counted() -> None:
    """Delivery is at least once: equal copies, also long after, are no difference."""
    world = agreeing()
    for event in list(world.events):
        world.repeat(event)

    verdict = world.examine()

    assert verdict.differences == []
    assert verdict.counts["duplicates"] == 24


def test_replayed_event_may_name_another_cause() -> None:
    """A replay publishes the same ids again and says that it is one."""
    world = agreeing()
    copy = world.repeat(world.history(r.OPEN)[1])
    copy.value["cause"] = {"kind": "replay", "coalesced": 1}
    copy.set_header("ce_cause", "replay")

    assert world.judge() == []


def test_values_may_come_as_bytes() -> None:
    """A caller may hand over what Kafka gave it, undecoded; the books likewise."""
    world = agreeing()
    for one in (*world.events, *world.states, *world.invoice_statuses, *world.contact_statuses):
        one.value = json.dumps(one.value).encode()
    world.books = json.loads(json.dumps(world.books))

    assert world.judge() == []


def test_books_may_come_as_text_and_in_other_envelopes() -> None:
    """Only the envelope's adapter knows its shape."""
    world = agreeing()
    tenant = world.books["tenants"][0]
    plain = deepcopy(world)
    plain.books = json.dumps(world.books)  # type: ignore[assignment]  # text is taken as well
    mapped = deepcopy(world)
    mapped.books = {"tenants": {r.TENANT: {**tenant, "Organisation": [tenant["Organisation"]]}}}

    assert plain.judge() == []
    assert mapped.judge() == []


VOLATILE: list[Callable[[World], object]] = [
    lambda world: world.row(r.OPEN).record.update({"verified_at": "2026-11-22T09:00:00.000Z"}),
    lambda world: world.row(r.OPEN).record.update({"updated_at": "2026-11-22T09:00:00.000Z"}),
    lambda world: world.row(r.CUSTOMER).record.update({"balances": None}),
    lambda world: world.row(r.OPEN).record["contact"].update({"name": "Renamed"}),
    lambda world: world.row(r.OPEN).record.update({"connection_id": r.VENDOR}),
    lambda world: world.row(r.OPEN).record["line_items"].reverse(),
]


@pytest.mark.parametrize("move", VOLATILE)
def test_what_moves_without_a_change_is_no_difference(move: Callable[[World], object]) -> None:
    """Clocks, balances, names inside references and the order of lines differ unannounced."""
    world = agreeing()
    move(world)

    assert world.judge() == []


def test_zone_may_have_another_name() -> None:
    """The oracle's own table and the product's may prefer different names for one zone."""
    world = agreeing()
    for target in (
        world.row(r.TENANT).record,
        world.state(r.TENANT).value,
        world.history(r.TENANT)[0].value["after"],
    ):
        target["timezone"] = "Antarctica/McMurdo"
    world.reseal(r.TENANT)

    assert world.judge() == []


def test_missing_thing_keeps_its_flagged_record_and_a_tombstone() -> None:
    """What Xero no longer lists leaves the books and the state topic, not the mirror."""
    world = agreeing()
    before = world.row(r.DRAFT).record
    after = finished({**before, "is_deleted": True, "deletion_kind": "missing"}, 2)
    world.append_event("invoice", "d", before, after, 2)
    world.row(r.DRAFT).record, world.row(r.DRAFT).sequence = after, 2
    state = world.state(r.DRAFT)
    state.value, state.headers = None, []
    world.books["tenants"][0]["Invoices"].remove(world.raw("Invoices", r.DRAFT))
    world.status(r.DRAFT).value = None

    assert world.judge() == []


def test_contact_that_was_merged_away_may_leave_the_books() -> None:
    """It was announced as removed; that Xero no longer has it either is no news."""
    world = agreeing()
    world.books["tenants"][0]["Contacts"].remove(world.raw("Contacts", r.MERGED))

    assert world.judge() == []


def test_tenant_that_is_gone_is_not_held_against_books() -> None:
    """A disconnected organisation's books move on; what is known of it must agree with itself."""
    world = agreeing()
    world.today = {}
    world.raw("Invoices", r.OPEN)["AmountDue"] = 1

    assert world.judge() == []


def test_tenant_never_linked_is_not_missed() -> None:
    """The simulator may have organisations that nobody linked."""
    world = agreeing()
    other = deepcopy(world.books["tenants"][0])
    other["tenant_id"] = other["Organisation"]["OrganisationID"] = r.VENDOR
    world.books["tenants"].append(other)

    assert world.judge() == []


def test_erased_tenant_leaves_events_behind() -> None:
    """Erasing empties mirror and state topic with tombstones; old events stay a while."""
    world = agreeing()
    world.today = {}
    world.mirror = []
    for one in (*world.states, *world.invoice_statuses, *world.contact_statuses):
        one.value, one.headers = None, []

    assert world.judge() == []


def test_old_events_may_have_aged_out() -> None:
    """Topics keep events for a time only; with `complete` their absence is a difference."""
    world = agreeing()
    for event in (*world.history(r.BILL), *world.history(r.OPEN)[:2]):
        world.events.remove(event)
    complete = {one.kind for one in world.judge()}
    world.complete = False

    assert world.judge() == []
    assert {"sequence_gap", "tenant_sequence_gap", "sequence_beyond_mirror"} == complete


def test_new_epoch_goes_on_from_a_backup() -> None:
    """After a restore numbers may repeat under a higher epoch; tenant numbers begin anew."""
    world = agreeing()
    row = world.row(r.DRAFT)
    after = finished({**row.record, "number": "INV-0099"}, 2)
    event = world.append_event("invoice", "u", row.record, after, 2)
    event.value |= {"epoch": 2, "tenant_sequence": 1}
    event.set_header("ce_sequence", f"{1:020d}")
    event.set_header("ce_entityseq", f"{2:020d}.{2:020d}")
    row.record, row.sequence = after, 2

    kinds = {(one.kind, one.field) for one in world.judge()}

    # Only what this test left behind: ids of the old epoch, an older state, other books.
    assert not {"sequence_gap", "tenant_sequence_gap"} & {kind for kind, _ in kinds}
    assert ("wrong_event_id", "event_id") in kinds


def many(count: int) -> World:
    """A world with so many invoices beside the others, each with an event and a status."""
    world = agreeing()
    bill = world.status(r.BILL)
    for number in range(count):
        remote_id = f"77777777-0000-4000-8000-{number:012d}"
        raw = {**r.RAW_BILL, "InvoiceID": remote_id}
        record = {**r.BILL_RECORD, "remote_id": remote_id, "id": r.uid("invoice", remote_id)}
        world.books["tenants"][0]["Invoices"].append(raw)
        world.publish(record, ops="r", resource="invoice")
        status = deepcopy(bill)
        status.value["invoice"] |= {"id": record["id"], "remote_id": remote_id}
        status.key = f"{r.TENANT}:invoice:{record['id']}"
        world.invoice_statuses.append(status)
    return world


def test_thousands_of_things_are_judged_in_seconds() -> None:
    """The demo waits for the verdict, so it must come soon: 5,000 things in a few seconds."""
    world = many(THINGS)
    started = time.process_time()  # what other programs take is not counted
    differences = world.judge()
    took_s = time.process_time() - started

    assert report(differences) == "no difference"
    assert took_s < LONGEST_S
