"""API keys: shown once, kept as digests, found by their text alone."""

import pytest

from storage.api_keys import (
    PREFIX,
    api_keys,
    create_api_key,
    find_api_key,
    revoke_api_key,
)
from storage.database import Database
from tests.storage.makers import new_tenant_id


async def test_key_is_found_by_its_text_and_kept_as_a_digest(database: Database) -> None:
    """A dump of the table lets nobody in."""
    made = await create_api_key(database, "reports", scopes={"read"})

    row = await database.fetchrow("SELECT * FROM api_key")

    assert made.text.startswith(f"{PREFIX}{made.key.id}_")
    assert row is not None
    secret = made.text.rsplit("_", 1)[0]
    assert made.text not in str(dict(row.items()))
    assert secret != made.text
    assert made.text not in repr(made)
    assert await find_api_key(database, made.text) == made.key
    assert await api_keys(database) == [made.key]


@pytest.mark.parametrize("spoil", ["{}x", "x{}", "{}"])
async def test_other_texts_find_nothing(database: Database, spoil: str) -> None:
    """Neither a longer text, nor one without the prefix, nor a key that was never made."""
    made = await create_api_key(database, "reports", scopes={"read"})
    text = spoil.format(made.text) if spoil != "{}" else f"{PREFIX}{made.key.id}_{'A' * 43}"

    assert await find_api_key(database, text) is None


async def test_revoked_key_lets_nobody_in_and_stays_in_the_list(database: Database) -> None:
    """Once is enough; the second time says that there is nothing to revoke."""
    made = await create_api_key(database, "reports", scopes={"read"})

    assert await revoke_api_key(database, made.key.id)

    assert await find_api_key(database, made.text) is None
    assert not await revoke_api_key(database, made.key.id)
    [kept] = await api_keys(database)
    assert kept.revoked_at is not None
    assert not kept.may("read")


async def test_key_covers_its_scopes_and_organisations_only(database: Database) -> None:
    """`admin` covers every scope, still for its organisations alone."""
    mine, other = new_tenant_id(), new_tenant_id()
    reader = (await create_api_key(database, "r", scopes={"read"}, tenants={mine})).key
    admin = (await create_api_key(database, "a", scopes={"admin"}, tenants={mine})).key
    everywhere = (await create_api_key(database, "e", scopes={"read", "proxy"})).key

    assert reader.may("read", mine)
    assert not reader.may("write", mine)
    assert not reader.may("read", other)
    assert admin.may("proxy", mine)
    assert not admin.may("proxy", other)
    assert everywhere.scopes == ("read", "proxy")
    assert everywhere.may("proxy", other)


@pytest.mark.parametrize("scopes", [set[str](), {"read", "everything"}])
async def test_scopes_that_there_are_not_are_refused(database: Database, scopes: set[str]) -> None:
    """A key that may do nothing, or nobody knows what, is a mistake."""
    with pytest.raises(ValueError, match="read, write, proxy, admin"):
        await create_api_key(database, "x", scopes=scopes)
    assert await api_keys(database) == []
