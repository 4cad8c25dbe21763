"""Token sets: one per Xero user and app, covering every organisation that user linked.

Single flight: whoever wants to refresh claims the row, commits, calls Xero with no transaction
open, and stores the answer only if the generation is still the one it started from. The claim is
a lease of 60 s real time; after a crash the next one repeats the old refresh token, which Xero
accepts for 30 minutes after its first use (Xero: OAuth 2.0 auth flow). How Xero is called is the
caller's affair.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

import asyncpg
import msgspec

from storage.database import Connection, Database, changed_rows
from storage.errors import NeedsReauth, UnknownTenant
from storage.secrets import SecretBox
from unified.ids import TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What Xero gave; `repr` hides the tokens.

    Attributes:
        refresh_token: None for client credentials.
        expires_at: of the access token: business time.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False, default=None)
    expires_at: datetime
    scopes: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """One stored token set.

    Attributes:
        generation: grows with every new token set, by refresh or consent.
        state: "active", "needs_reauth" or "revoked".
        unsettled: a refresh was begun and nobody knows how it ended. Refresh again soon: if Xero
            has renewed the set, it takes the old refresh token for 30 minutes more.
    """

    id: str
    client_id: str
    xero_user_id: str | None
    grant_kind: str
    generation: int
    state: str
    tokens: Tokens
    unsettled: bool = False


_COLUMNS = """a.id, a.client_id, a.xero_user_id, a.grant_kind, a.scopes, a.tokens, a.generation,
       a.access_expires_at, a.state, a.state_reason,
       coalesce(a.refresh_claimed_until < clock_timestamp(), false) AS unsettled"""

_SAVE = """
INSERT INTO "authorization" AS a (id, client_id, xero_user_id, grant_kind, scopes, tokens,
                                  access_expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (client_id, xero_user_id) DO UPDATE
   SET grant_kind = excluded.grant_kind, scopes = excluded.scopes, tokens = excluded.tokens,
       access_expires_at = excluded.access_expires_at, generation = a.generation + 1,
       refresh_claim = NULL, refresh_claimed_until = NULL, state = 'active', state_reason = NULL,
       state_since = CASE a.state WHEN 'active' THEN a.state_since ELSE clock_timestamp() END
RETURNING a.id
"""


async def save_consent(
    db: Database | Connection,
    box: SecretBox,
    tokens: Tokens,
    *,
    client_id: str,
    xero_user_id: str | None,
    grant_kind: str = "authorization_code",
) -> str:
    """Store what a consent (or a client-credentials grant) gave; returns the authorization's id.

    Replaces the set of the same user and app, also over a refresh that is under way: that one
    will find its generation gone. Its tenants are healed by linking them again.
    """
    saved: str = await db.fetchval(
        _SAVE,
        str(uuid4()),
        client_id,
        xero_user_id,
        grant_kind,
        list(tokens.scopes),
        sealed(box, tokens),
        tokens.expires_at,
    )
    return saved


async def authorization_of(db: Database, tenant_id: TenantId, box: SecretBox) -> Authorization:
    """The token set that covers a tenant, fresh or not.

    Raises:
        UnknownTenant: there is no such tenant, or it was never linked to a token set.
    """
    row = await db.fetchrow(
        f"""SELECT {_COLUMNS} FROM tenant t JOIN "authorization" a ON a.id = t.authorization_id
             WHERE t.id = $1""",  # noqa: S608  # constant columns
        tenant_id,
    )
    if row is None:
        raise UnknownTenant(tenant_id)
    return _read(row, box)


async def authorization(db: Database, authorization_id: str, box: SecretBox) -> Authorization:
    """One token set by its id. Raises NeedsReauth when it is gone."""
    row = await db.fetchrow(
        f'SELECT {_COLUMNS} FROM "authorization" a WHERE a.id = $1',  # noqa: S608  # constant
        authorization_id,
    )
    if row is None:
        raise NeedsReauth(NeedsReauth.__doc__)
    return _read(row, box)


async def retire_authorization(db: Database, authorization_id: str, *, generation: int) -> bool:
    """Mark a token set as revoked where no tenant needs it any more.

    False, and nothing done, where one does, or where the set is of another generation by now: a
    consent was quicker.
    """
    tag = await db.execute(
        """UPDATE "authorization" AS a
              SET state = 'revoked', state_reason = 'its last organisation was unlinked',
                  state_since = clock_timestamp(), refresh_claim = NULL,
                  refresh_claimed_until = NULL
            WHERE id = $1 AND generation = $2 AND state <> 'revoked'
              AND NOT EXISTS (SELECT 1 FROM tenant t
                               WHERE t.authorization_id = a.id
                                 AND t.state IN ('linked', 'needs_reauth'))""",
        authorization_id,
        generation,
    )
    return bool(changed_rows(tag))


def sealed(box: SecretBox, tokens: Tokens) -> bytes:
    """The tokens as they are stored."""
    plain = {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token}
    return box.encrypt(msgspec.json.encode(plain))


def _read(row: asyncpg.Record, box: SecretBox) -> Authorization:
    plain = msgspec.json.decode(box.decrypt(row["tokens"]))
    return Authorization(
        id=row["id"],
        client_id=row["client_id"],
        xero_user_id=row["xero_user_id"],
        grant_kind=row["grant_kind"],
        generation=row["generation"],
        state=row["state"],
        unsettled=row["unsettled"],
        tokens=Tokens(
            access_token=plain["access_token"],
            refresh_token=plain["refresh_token"],
            expires_at=row["access_expires_at"],
            scopes=tuple(row["scopes"]),
        ),
    )
