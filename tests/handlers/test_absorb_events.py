"""What absorbing announces: operations, envelopes, headers, thin answers, removals, timers."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from handlers.commit import MISSING, Step, commit_steps
from storage.absorbing import lock_tenant
from storage.calendars import move_business_date
from storage.records import known_records
from tests.handlers.answers import (
    BACKFILL,
    COMPANY,
    INVOICE,
    NOW,
    Mirror,
    raw_contact,
    raw_invoice,
    remote_id,
    xero_day,
    xero_time,
)
from tests.unified.books import PAIRS, source, wire
from unified.clock import local_date
from unified.envelope import event_model
from unified.resources import KINDS, resource
from unified.shape import Read
from unified.topics import MAX_RECORD_BYTES, RECORD_OVERHEAD_BYTES

SECOND = timedelta(seconds=1)
PUBLISHED = b',"published_at":"2026-11-03T04:17:53.000Z"}}'


async def backfilling(empty: Mirror) -> None:
    """As while the books are read for the first time."""
    await empty.db.execute("UPDATE cursor SET backfill_complete = false")


async def ops(empty: Mirror, resource_name: str = "invoice") -> str:
    """The operations of all events so far."""
    return "".join(event["op"] for event in await empty.events(resource_name))


async def test_appears_after_a_complete_backfill_is_created(empty: Mirror) -> None:
    """Even if no webhook said so."""
    await empty.invoice(raw_invoice())

    assert await ops(empty) == "c"


async def test_appears_in_the_backfill_is_observed(empty: Mirror) -> None:
    """First sight is not creation."""
    await backfilling(empty)

    await empty.invoice(raw_invoice(), origin=BACKFILL)

    [event] = await empty.events()
    assert (event["op"], event["type"]) == ("r", "io.ledgerwire.accounting.invoice.observed.v1")
    assert event["cause"]["backfill"] == {"job_id": "backfill:1", "page": 1}
    assert event["source"]["snapshot"] is True


async def test_webhook_that_said_create_makes_it_created(empty: Mirror) -> None:
    """Also while the backfill runs, and with the webhook as its cause."""
    await backfilling(empty)
    notice = await empty.hint(created=True)

    await empty.invoice(raw_invoice(), origin=BACKFILL)

    [event] = await empty.events()
    assert event["op"] == "c"
    assert event["cause"]["webhook"]["event_type"] == "CREATE"
    assert event["cause"]["webhook"]["delivery_id"] == notice.delivery_id
    assert event["timing"]["received_at"] is not None


async def test_creation_time_after_the_link_makes_it_created(empty: Mirror) -> None:
    """The organisation tells when it was made; the tenant here was linked at NOW."""
    await backfilling(empty)
    later = wire(
        "company_info", "new_zealand", OrganisationID=remote_id("o"),
        CreatedDateUTC=xero_time(NOW + SECOND),
    )  # fmt: skip

    await empty.absorb(COMPANY, await empty.seen(COMPANY, later, read=Read.UNPAGED))

    assert await ops(empty, "company_info") == "rc"


async def test_deleted_keeps_its_record_and_returns_as_update(empty: Mirror) -> None:
    """`after` is the last record with its flags; sequences go on."""
    await empty.invoice(raw_invoice(Status="DRAFT"))
    await empty.invoice(raw_invoice(at=NOW + SECOND, Status="DELETED"))
    deleted = await empty.record()
    await empty.invoice(raw_invoice(at=NOW + 2 * SECOND, Status="DELETED", Reference="still"))
    still = await empty.record()
    await empty.invoice(raw_invoice(at=NOW + 3 * SECOND, Status="DRAFT"))

    events = await empty.events()
    assert await ops(empty) == "cduu"
    assert events[1]["after"]["deletion_kind"] == "deleted"
    assert events[1]["after"]["deleted_at"] is not None
    assert deleted["is_deleted"] is True
    assert still["unified"]["deleted_at"] == deleted["unified"]["deleted_at"]
    assert events[3]["after"]["deleted_at"] is None
    assert [event["sequence"] for event in events] == [1, 2, 3, 4]


async def test_first_seen_deleted_is_observed(empty: Mirror) -> None:
    """Nobody knew it, so nothing was deleted before anybody's eyes."""
    await empty.invoice(raw_invoice(Status="DELETED"))

    assert await ops(empty) == "r"


async def test_merged_contact_is_deleted_as_merged(empty: Mirror) -> None:
    """And says into which; its state stays as a flagged record."""
    await empty.contact(raw_contact())
    into = remote_id("into")

    await empty.contact(
        raw_contact(at=NOW + SECOND, ContactStatus="ARCHIVED", MergedToContactID=into)
    )

    [_, event] = await empty.events("contact")
    assert (event["op"], event["after"]["deletion_kind"]) == ("d", "merged")
    assert event["after"]["merged_into"]["remote_id"] == into
    assert "contact.merged" in event["facts"]
    assert await empty.db.fetchval("SELECT count(*) FROM event WHERE state IS NULL") == 0


async def test_what_xero_no_longer_has_leaves_a_tombstone(empty: Mirror) -> None:
    """Its event carries the flagged record, its state is empty."""
    await empty.invoice(raw_invoice())
    async with empty.db.transaction() as conn:
        tenant = await lock_tenant(conn, empty.id, fencing=None)
        known = (await known_records(conn, empty.id, "invoice", [remote_id("one")]))[
            remote_id("one")
        ]
        after = INVOICE.missing(known.unified)
        step = Step(
            resource=INVOICE, known=known, before=known.unified, after=after,
            fingerprint=INVOICE.fingerprint(after), op="d",
            cause={"kind": "reconcile", "detected_by": "audit", "coalesced": 1},
            seen=None, received_at=None, at=NOW,
        )  # fmt: skip
        await commit_steps(conn, tenant, [step])

    row = await empty.db.fetchrow("SELECT value, state FROM event ORDER BY position DESC LIMIT 1")
    assert row is not None
    assert row["state"] is None
    assert msgspec.json.decode(row["value"])["after"]["deletion_kind"] == MISSING


async def test_void_and_archive_are_updates(empty: Mirror) -> None:
    """They stay on the books."""
    await empty.invoice(raw_invoice())
    await empty.invoice(raw_invoice(at=NOW + SECOND, Status="VOIDED"))
    await empty.contact(raw_contact())
    await empty.contact(raw_contact(at=NOW + SECOND, ContactStatus="ARCHIVED"))

    assert await ops(empty) == await ops(empty, "contact") == "cu"


async def test_thin_answer_never_erases(empty: Mirror) -> None:
    """A list without lines changes what it carries and nothing else."""
    await empty.invoice(raw_invoice())
    whole = (await empty.record())["unified"]

    await empty.invoice(
        raw_invoice(at=NOW + SECOND, LineItems=..., InvoiceNumber="INV-9"), read=Read.UNPAGED
    )

    after = (await empty.record())["unified"]
    assert after["number"] == "INV-9"
    assert after["line_items"] == whole["line_items"]
    assert after["completeness"] == "full"
    assert (await empty.events())[-1]["changed_fields"] == ["/number"]


async def test_thin_first_sight_is_filled_up_by_a_full_one(empty: Mirror) -> None:
    """That is a change: what was not known now is."""
    await empty.invoice(raw_invoice(LineItems=...), read=Read.UNPAGED)
    thin = await empty.record()

    await empty.invoice(raw_invoice())

    assert thin["completeness"] == "summary"
    assert (await empty.record())["completeness"] == "full"
    assert await ops(empty) == "cu"


async def test_timers_follow_the_record(empty: Mirror) -> None:
    """One rule waits per record at most; paid or voided ones have none."""

    async def timer() -> tuple[Any, ...] | None:
        row = await empty.db.fetchrow("SELECT rule, due_on FROM timer")
        return None if row is None else tuple(row.values())

    due = date(2026, 11, 20)
    await empty.invoice(raw_invoice())
    open_timer = await timer()
    await empty.invoice(raw_invoice(at=NOW + SECOND, DueDate=xero_day(date(2026, 11, 3))))
    due_today = await timer()
    await empty.invoice(raw_invoice(at=NOW + 2 * SECOND, DueDate=xero_day(date(2026, 11, 1))))
    overdue = await timer()
    await empty.invoice(raw_invoice(at=NOW + 3 * SECOND, DueDate=xero_day(due)))
    moved = await timer()
    await empty.invoice(raw_invoice(at=NOW + 4 * SECOND, Status="VOIDED"))

    assert open_timer == moved == ("invoice.due", due)
    assert due_today == ("invoice.overdue", date(2026, 11, 4))
    assert overdue is None
    assert await timer() is None


async def test_overdue_follows_the_business_date_not_the_clock(empty: Mirror) -> None:
    """Which only the calendar moves, whatever time it is while normalizing."""
    raw = raw_invoice(DueDate=xero_day(date(2026, 11, 3)))
    stale = await empty.seen(INVOICE, raw)
    empty.clock.advance(timedelta(days=2))
    await empty.absorb(INVOICE, stale)
    async with empty.db.transaction() as conn:
        await move_business_date(conn, empty.id, date(2026, 11, 5))

    before = await empty.record()
    await empty.absorb(
        INVOICE, await empty.seen(INVOICE, raw_invoice("two", DueDate=raw["DueDate"]))
    )

    assert before["unified"]["timing"] == "due"
    assert (await empty.record("two"))["unified"]["timing"] == "overdue"


async def test_organisation_starts_the_calendar_and_is_learnt(empty: Mirror) -> None:
    """Currency, zone and name shape every other record."""
    row = await empty.db.fetchrow(
        "SELECT base_currency, time_zone, business_date, name FROM tenant"
    )
    assert row is not None
    assert row["base_currency"] == "NZD"
    assert row["time_zone"] == "Pacific/Auckland"
    assert row["business_date"] == local_date(NOW, "Pacific/Auckland")
    assert row["name"] == (await empty.events("company_info"))[0]["after"]["name"]


@pytest.mark.parametrize("name", [each.name for each in KINDS])
async def test_events_are_what_the_schema_says(empty: Mirror, name: str) -> None:
    """With the time of sending spliced in, as the relay does."""
    of = resource(name)
    for pair, context, read in [each[1:] for each in PAIRS if each[0] == name]:
        origin = source(name, pair)
        raw = wire(name, pair)
        answer = await empty.seen(origin, raw, read=read, parent=context.parent)
        await empty.absorb(origin, answer)
    await empty.invoice(raw_invoice())
    await empty.invoice(raw_invoice(at=NOW + SECOND, Status="PAID"))
    rows = await empty.db.fetch("SELECT resource, value, state, headers FROM event")
    model = event_model(of)

    mine = [row for row in rows if row["resource"] == name]
    for row in mine:
        value = row["value"][:-2] + PUBLISHED
        event = model.model_validate_json(value)
        assert event.timing.published_at is not None
        headers = dict(msgspec.json.decode(row["headers"]))
        decoded = msgspec.json.decode(value)
        assert headers["ce_id"] == decoded["event_id"]
        assert headers["ce_subject"] == f"{name}/{decoded['entity']['id']}"
        assert headers["ce_sequence"] == f"{decoded['tenant_sequence']:020d}"
        assert all(isinstance(text, str) and text for text in headers.values())
        assert msgspec.json.decode(row["state"]) == decoded["after"]
    assert mine


async def test_same_history_has_the_same_ids(empty: Mirror) -> None:
    """An id depends on what happened alone."""
    await empty.invoice(raw_invoice())
    [event] = await empty.events()
    epoch = await empty.db.fetchval("SELECT epoch FROM tenant")

    assert event["epoch"] == epoch
    assert event["event_id"] == await empty.db.fetchval(
        "SELECT event_id FROM event WHERE resource = 'invoice'"
    )
    assert event["after"]["version"] == event["sequence"] == 1
    assert event["after"]["content_hash"] == INVOICE.content_hash(event["after"])


async def test_columns_are_what_queries_ask_for(empty: Mirror) -> None:
    """The record's own words, beside the JSON."""
    await empty.invoice(raw_invoice())
    row = await empty.record()

    assert (row["status"], row["type"], row["number"]) == ("open", "invoice", "INV-0042")
    assert row["due_date"] == date(2026, 11, 20)
    assert row["contact_remote_id"] == row["unified"]["contact"]["remote_id"]
    assert row["raw_read"] == "paged"


async def test_event_that_would_pass_the_topics_limit_says_less(empty: Mirror) -> None:
    """A relay that can't send it would stand still for good, and all tenants of its shard too."""
    lines = [{"LineItemID": remote_id(f"l{n}"), "Description": "x" * 4000} for n in range(1100)]
    await empty.invoice(raw_invoice(LineItems=lines, Reference="long"))
    await empty.invoice(raw_invoice(at=NOW + SECOND, LineItems=lines, Reference="changed"))

    first, second = await empty.events()
    sizes = await empty.db.fetch("SELECT octet_length(value) AS size FROM event ORDER BY position")

    assert max(row["size"] for row in sizes) < MAX_RECORD_BYTES - RECORD_OVERHEAD_BYTES
    assert (second["before"], second["before_omitted"]) == (None, True)
    assert second["changed_fields"] == ["/reference"]
    assert len(second["after"]["line_items"]) == len(first["after"]["line_items"]) == 1100
