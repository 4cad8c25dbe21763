"""What is remembered of the mirror is never older than it, and never more than is allowed."""

import pytest

from api.reading.texts import Texts
from storage.database import Database
from storage.listing import Clause, Listing, list_heads, words
from tests.api.reading.books import many_invoices
from unified.ids import TenantId

ALL = Listing(resource="invoice")


async def _numbers(db: Database, texts: Texts, tenant: TenantId) -> list[bytes]:
    page = await list_heads(db, tenant, ALL, limit=100)
    found = await texts.of(tenant, page.heads)
    return [each.unified.partition(b'"number":"')[2][:8] for each in found]


async def test_a_record_that_changed_is_read_again(database: Database) -> None:
    """Whatever wrote it: content, or the time of its last verification alone."""
    tenant, texts = await many_invoices(database, 5), Texts(database)
    before = await _numbers(database, texts, tenant)
    assert await _numbers(database, texts, tenant) == before
    await database.execute(
        """UPDATE record SET unified = replace(unified::text, 'INV-3', 'NEW-3')::json,
                  verified_at = '2027-01-01' WHERE number = 'INV-3'"""
    )
    after = await _numbers(database, texts, tenant)
    assert [each.replace(b"INV-3", b"NEW-3") for each in before] == after
    page = await list_heads(database, tenant, ALL, limit=100)
    stamps = [each.unified for each in await texts.of(tenant, page.heads)]
    assert sum(b'"verified_at":"2027-01-01T00:00:00.000Z"' in each for each in stamps) == 1


async def test_one_that_changes_between_two_looks_is_told_as_it_is_now(
    database: Database,
) -> None:
    """With its new version, by which whoever asked knows; one that was erased is left out."""
    tenant, texts = await many_invoices(database, 5), Texts(database)
    page = await list_heads(database, tenant, ALL, limit=100)
    await database.execute("UPDATE record SET sequence = 2 WHERE id = $1", page.heads[0].id)
    await database.execute("DELETE FROM record WHERE id = $1", page.heads[1].id)
    found = await texts.of(tenant, page.heads)
    assert [each.id for each in found] == [each.id for each in page.heads if each != page.heads[1]]
    assert found[0].version != page.heads[0].version
    assert [each.version for each in found[1:]] == [each.version for each in page.heads[2:]]


async def test_the_least_lately_asked_for_is_forgotten(database: Database) -> None:
    """What is kept stays below its bound, however much goes by; answers are the same."""
    tenant = await many_invoices(database, 50)
    whole, small = Texts(database), Texts(database, most_bytes=500)
    assert await _numbers(database, whole, tenant) == await _numbers(database, small, tenant)
    assert small.size <= 500 < whole.size
    assert await _numbers(database, whole, tenant) == await _numbers(database, small, tenant)


async def test_nothing_is_shared_between_organisations(database: Database) -> None:
    """Ids of another organisation bring nothing, even where they are remembered."""
    mine, other = await many_invoices(database, 5), await many_invoices(database, 5)
    texts = Texts(database)
    page = await list_heads(database, mine, ALL, limit=100)
    assert len(await texts.of(mine, page.heads)) == 5
    assert await texts.of(other, page.heads) == []


@pytest.mark.parametrize("odd", ["", "Open", "a'b", "x; DROP TABLE record", "ü"])
def test_only_words_stand_in_a_statement(odd: str) -> None:
    """Whatever else is asked for goes beside it, as an argument."""
    with pytest.raises(ValueError, match="not words"):
        words("status", ["open", odd])
    assert words("status", ["open"]) == Clause("status = 'open'")
