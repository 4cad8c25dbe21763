"""Rows that tests of the wiring start from."""

from datetime import datetime, timedelta

from storage.authorizations import Tokens, save_consent
from storage.database import Database
from storage.secrets import SecretBox, new_key
from unified.ids import TenantId

TENANT = TenantId("9d0b7a44-2e5f-4c0e-8a77-63d1c2b4e901")
BOX = SecretBox([new_key()])


async def save_tokens(
    database: Database,
    now: datetime,
    *,
    life: timedelta = timedelta(minutes=30),
    grant_kind: str = "authorization_code",
    refresh_token: str | None = "refresh-0",  # noqa: S107  # made up
) -> str:
    """A token set whose access token is `access-0`; returns the authorization's id."""
    tokens = Tokens(
        access_token="access-0",
        refresh_token=refresh_token,
        expires_at=now + life,
        scopes=("accounting.contacts.read",),
    )
    return await save_consent(
        database, BOX, tokens, client_id="app-1", xero_user_id="user-1", grant_kind=grant_kind
    )
