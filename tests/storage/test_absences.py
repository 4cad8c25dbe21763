"""Counting what complete lists lack: per endpoint, and below one parent."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import uuid4

from storage.absences import has_missed, note_missed
from storage.database import Database
from storage.records import RecordRow, known_records, write_records
from tests.storage.makers import NOW, link
from unified.ids import EntityId, RemoteId, TenantId

SECOND = timedelta(seconds=1)
APART = timedelta(minutes=5)


async def known(db: Database, rows: Mapping[str, str | None]) -> tuple[TenantId, datetime]:
    """A tenant with these transactions, (remote id: endpoint), and a moment after their reads."""
    tenant_id, read = await link(db), await db.now()
    records = [
        RecordRow(
            remote_id=RemoteId(remote_id), id=EntityId(str(uuid4())), unified=b"{}", raw=None,
            raw_read=None, fingerprint=b"", sequence=1, completeness="full", updated_at=None,
            asked_at=read, answered_at=read, first_seen_at=read, changed_at=read, status=None,
            type=None, number=None, contact_remote_id=None, issue_date=None, due_date=None,
            is_deleted=False, endpoint=endpoint or "",
        )
        for remote_id, endpoint in rows.items()
    ]  # fmt: skip
    async with db.transaction() as conn:
        await write_records(conn, tenant_id, "transaction", records)
    await db.execute("UPDATE record SET endpoint = NULL WHERE endpoint = ''")
    return tenant_id, read + SECOND


async def missed(
    db: Database, tenant_id: TenantId, at: datetime, listed: list[str], *, endpoint: str,
    below: str = "", now: datetime = NOW,
) -> dict[RemoteId, int]:  # fmt: skip
    """Count one list, begun at `now`."""
    async with db.transaction() as conn:
        return await note_missed(
            conn, tenant_id, "transaction", listed, endpoint=endpoint, asked_at=at, below=below,
            now=now, apart=APART,
        )  # fmt: skip


async def test_list_says_nothing_of_another_endpoints_records(database: Database) -> None:
    """Transfers are in no list of bank transactions, and gone for all that they are not."""
    rows = {"a": "BankTransactions", "b": "BankTransactions", "c": "BankTransfers"}
    tenant_id, at = await known(database, rows)

    for lists in (1, 2):
        found = await missed(
            database, tenant_id, at, ["a"], endpoint="BankTransactions", now=NOW + lists * APART
        )
        assert found == {"b": lists}

    async def has(endpoint: str) -> bool:
        return await has_missed(database, tenant_id, "transaction", endpoint=endpoint)

    assert await has("BankTransactions")
    assert not await has("BankTransfers")


async def test_records_of_before_endpoints_were_kept_count(database: Database) -> None:
    """Their resource had one endpoint then, so any complete list of it is about them."""
    tenant_id, at = await known(database, {"a": None, "b": None})

    assert await missed(database, tenant_id, at, ["a"], endpoint="Invoices") == {"b": 1}
    assert await has_missed(database, tenant_id, "transaction", endpoint="Invoices")
    async with database.transaction() as conn:
        found = await known_records(conn, tenant_id, "transaction", ["a"])
    assert found[RemoteId("a")].endpoint is None


async def test_list_below_a_parent_is_about_its_children_alone(database: Database) -> None:
    """However alike the ids of others begin, and whatever characters they hold."""
    rows = dict.fromkeys(("x:1:a", "x:1:b", "x:10:a", "x_1:a", "y:1:a"), "Attachments")
    tenant_id, at = await known(database, rows)

    found = await missed(database, tenant_id, at, ["x:1:a"], endpoint="Attachments", below="x:1:")

    assert found == {"x:1:b": 1}


async def test_what_was_read_after_the_list_is_not_missed(database: Database) -> None:
    """It was only not there yet when the list was asked for."""
    tenant_id, at = await known(database, {"a": "BankTransfers"})

    assert await missed(database, tenant_id, at - SECOND, [], endpoint="BankTransfers") == {}


async def test_list_counts_again_only_some_time_after_the_first_that_lacked_it(
    database: Database,
) -> None:
    """Not after each: lists that come ever sooner would never count. One that shows the thing ends
    it; a clock that was set back begins the wait anew, and a miss of before times were kept has
    waited."""
    tenant_id, at = await known(database, {"a": "Invoices"})
    counts = list[int]()
    for after in (0, 2, 4, 5, 6, -60, -56, -55):
        now = NOW + timedelta(minutes=after)
        found = await missed(database, tenant_id, at, [], endpoint="Invoices", now=now)
        counts.append(found[RemoteId("a")])
    await database.execute("UPDATE record SET missed_lists = 0")
    now = NOW + timedelta(minutes=7)
    shown = await missed(database, tenant_id, at, [], endpoint="Invoices", now=now)
    await database.execute("UPDATE record SET missed_since = NULL")
    before = await missed(database, tenant_id, at, [], endpoint="Invoices", now=now)

    assert counts == [1, 1, 1, 2, 3, 3, 3, 4]
    assert (shown, before) == ({"a": 1}, {"a": 2})
