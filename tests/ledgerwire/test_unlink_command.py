"""`ledgerwire unlink` as a person types it."""

import asyncio

from click.testing import CliRunner

from ledgerwire.cli import cli
from storage.database import Database
from storage.secrets import new_key
from storage.tenant_states import state_of
from tests.storage.makers import link


async def test_erasure_asks_about_the_organisation_that_is_meant(
    database: Database, database_url: str
) -> None:
    """A name may be anybody's word, so the question holds the id; and no means no."""
    tenant_id = await link(database)
    await database.execute("UPDATE tenant SET name = 'Kea' WHERE id = $1", tenant_id)
    settings = {
        "LEDGERWIRE_DATABASE_URL": database_url,
        "LEDGERWIRE_SECRET_KEYS": new_key(),
        "LEDGERWIRE_XERO_CLIENT_ID": "id",
        "LEDGERWIRE_XERO_CLIENT_SECRET": "secret",
    }

    ended = await asyncio.to_thread(
        CliRunner().invoke, cli, ["unlink", "Kea", "--erase"], input="n\n", env=settings
    )

    assert f"Forget all that is kept of Kea ({tenant_id}), for good?" in ended.output
    assert ended.exit_code == 1
    assert await state_of(database, tenant_id) == "linked"
