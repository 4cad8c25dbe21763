"""What address `ledgerwire link` gives, and whose word the name in it is."""

from typing import Any

import pytest
from pydantic import SecretStr

from ledgerwire.failures import JobFailed, WrongUsage
from ledgerwire.linking import link_address
from ledgerwire.settings import Settings
from storage.database import Database
from storage.link_sessions import session_by_token
from storage.secrets import new_key
from tests.storage.makers import link


def _settings(database_url: str, **changes: Any) -> Settings:
    return Settings(
        database_url=database_url, kafka="127.0.0.1:1", public_url="https://lw.example",
        secret_keys=(SecretStr(new_key()),), **changes,
    )  # fmt: skip


async def test_plain_address_needs_no_database() -> None:
    """Anybody may open it; nothing is promised about names."""
    settings = _settings("postgresql://nobody@127.0.0.1:1/nothing")

    assert await link_address(settings, external_id=None, tenant=None) == (
        "https://lw.example/connect"
    )


async def test_name_makes_a_link_of_its_own(database: Database, database_url: str) -> None:
    """Whoever runs the command vouches for it."""
    address = await link_address(_settings(database_url), external_id="customer-42", tenant=None)

    made = await session_by_token(database, address.partition("?session=")[2])
    assert made is not None
    assert (made.external_id, made.made_by, made.tenant_id, made.state) == (
        "customer-42",
        None,
        None,
        "open",
    )
    assert (made.expires_at - made.created_at).days == 1
    act = await database.fetchrow("SELECT actor, operation, status FROM audit")
    assert act is not None
    assert tuple(act) == ("command", "create_link_session", 0)


async def test_organisation_and_setting_make_one_too(database: Database, database_url: str) -> None:
    """It then links that organisation only, or is the only way there is."""
    tenant_id = await link(database)
    again = await link_address(_settings(database_url), external_id=None, tenant=tenant_id)
    strict = _settings(database_url, linking="sessions")
    needed = await link_address(strict, external_id=None, tenant=None)

    made = [await session_by_token(database, each.partition("?session=")[2])
            for each in (again, needed)]  # fmt: skip
    assert [each and each.tenant_id for each in made] == [tenant_id, None]


async def test_what_can_not_be_is_said(database_url: str) -> None:
    """In words that name it."""
    settings = _settings(database_url)
    custom = _settings(database_url, xero_grant="client_credentials")
    with pytest.raises(WrongUsage, match="200 characters"):
        await link_address(settings, external_id="x" * 201, tenant=None)
    with pytest.raises(WrongUsage, match="There is no organisation"):
        await link_address(settings, external_id=None, tenant="nobody")
    with pytest.raises(JobFailed, match="links by itself"):
        await link_address(custom, external_id=None, tenant=None)
