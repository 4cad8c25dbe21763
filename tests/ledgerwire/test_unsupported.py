"""`ledgerwire tenants` tells what Xero does not let us read."""

from storage.cursors import unsupported
from storage.database import Database
from tests.acceptance.programs import Shell
from tests.handlers.answers import NOW
from tests.storage.makers import link


async def test_tenants_tell_what_xero_refuses(database: Database, database_url: str) -> None:
    """With the reason and since when; it is neither failing nor still backfilling."""
    tenant_id = await link(database)
    await database.execute("UPDATE cursor SET backfill_state = 'done' WHERE endpoint <> 'Contacts'")
    async with database.transaction() as conn:
        await unsupported(
            conn, tenant_id, "Contacts", reason="no such scope", now=NOW, ask_again_at=NOW
        )
    shell = Shell({}).but(database_url=database_url, kafka="127.0.0.1:1")

    table, told = [await shell.run("tenants", *options) for options in ((), ("--json",))]

    assert (table.code, told.code) == (0, 0), table.err
    assert "Contacts is unsupported: no such scope" in table.out
    [row] = told.json
    assert (row["health"], row["backfill"], row["failing"]) == ("ok", "done", [])
    assert row["unsupported"] == [
        {"endpoint": "Contacts", "reason": "no such scope", "since": f"{NOW:%Y-%m-%dT%H:%M:%SZ}"}
    ]
