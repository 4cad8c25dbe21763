"""Keys of those who call our own HTTP interface.

A key is shown once, when it is made, and kept as a digest only. It is 256 bits of chance, so one
round of SHA-256 is enough: there is nothing to guess. Not here: how often a key is used
(storage/api_key_use.py), and tokens of Xero's, which have to be readable and are encrypted
(storage/secrets.py).
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

import asyncpg

from storage.database import Database, changed_rows
from unified.ids import TenantId

PREFIX: Final = "lw_"
SCOPES: Final = ("read", "write", "proxy", "admin")
KEY_CHANNEL: Final = "ledgerwire_api_key"  #: NOTIFY payload: the id of a key that was revoked
LONGEST_NAME: Final = 100  #: characters
LONGEST_TEXT: Final = 100  #: characters of a key; ours have 55
MOST_REQUESTS: Final = 1_000_000  #: a minute; beyond that a limit says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is known of a key.

    Attributes:
        id: eight hexadecimal digits; the key begins with them.
        tenants: the only organisations it may name; None: every one.
        expires_at: real time from which it lets nobody in; None: never.
        requests_a_minute: how many requests a minute it may make; None: any number.
        made_by: id of the admin key that made it; None: it was made by a command.
    """

    id: str
    name: str
    scopes: tuple[str, ...]
    tenants: tuple[TenantId, ...] | None
    created_at: datetime
    revoked_at: datetime | None
    expires_at: datetime | None = None
    requests_a_minute: int | None = None
    made_by: str | None = None

    def may(self, scope: str, tenant_id: TenantId | None = None) -> bool:
        """Whether it covers this scope, for this organisation or (None) for no one's books.

        `admin` covers everything. Whether the key has expired is not asked here.
        """
        if self.revoked_at is not None:
            return False
        return self.sees(tenant_id) and (scope in self.scopes or "admin" in self.scopes)

    def sees(self, tenant_id: TenantId | None) -> bool:
        """Whether this organisation (None: no one's books) exists for who holds the key."""
        return tenant_id is None or self.tenants is None or tenant_id in self.tenants

    def covers(self, other: "ApiKey") -> bool:
        """Whether all that the other key may name is among what this one may: it may see and end
        it then."""
        if self.tenants is None:
            return True
        return other.tenants is not None and set(other.tenants) <= set(self.tenants)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made; the only moment at which its text exists."""

    key: ApiKey
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FoundKey:
    """The key of a text, and whether it still lets its holder in.

    Attributes:
        ended: `revoked` or `expired`; None: it lives.
        lives_s: seconds until it expires; None: it does not, or has ended.
    """

    key: ApiKey
    ended: str | None
    lives_s: float | None


_COLUMNS = (
    "id, name, scopes, tenants, created_at, revoked_at, expires_at, requests_a_minute, made_by"
)


async def create_api_key(  # noqa: PLR0913  # what a key is made of; all keywords
    db: Database,
    name: str,
    *,
    scopes: Collection[str],
    tenants: Collection[TenantId] | None = None,
    expires_at: datetime | None = None,
    requests_a_minute: int | None = None,
    made_by: str | None = None,
) -> NewKey:
    """Make a key and keep its digest.

    Raises:
        ValueError: a scope that there is not, or none at all; no organisation; no name, or one
            that is too long; a limit below 1.
    """
    _check(name, scopes, tenants, requests_a_minute)
    key_id = secrets.token_hex(4)
    text = f"{PREFIX}{key_id}_{secrets.token_urlsafe(32)}"
    row = await db.fetchrow(
        f"""INSERT INTO api_key (id, name, digest, scopes, tenants, expires_at, requests_a_minute,
                                 made_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING {_COLUMNS}""",  # noqa: S608  # constants
        key_id,
        name,
        digest_of(text),
        [scope for scope in SCOPES if scope in scopes],
        None if tenants is None else sorted(tenants),
        expires_at,
        requests_a_minute,
        made_by,
    )
    assert row is not None  # noqa: S101  # an INSERT without a condition returns its row
    return NewKey(_key(row), text)


def _check(
    name: str,
    scopes: Collection[str],
    tenants: Collection[TenantId] | None,
    requests_a_minute: int | None,
) -> None:
    if set(scopes) - set(SCOPES) or not scopes:
        raise ValueError(f"scopes are some of {', '.join(SCOPES)}")
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise ValueError(f"a name has 1 to {LONGEST_NAME} characters that can be printed")
    if tenants is not None and not tenants:
        raise ValueError("a key for no organisation would open nothing")
    if requests_a_minute is not None and not 1 <= requests_a_minute <= MOST_REQUESTS:
        raise ValueError(f"a limit is 1 to {MOST_REQUESTS} requests a minute")


async def api_keys(db: Database) -> list[ApiKey]:
    """All keys, revoked ones too, the oldest first."""
    rows = await db.fetch(
        f"SELECT {_COLUMNS} FROM api_key ORDER BY created_at, id"  # noqa: S608  # constants
    )
    return [_key(row) for row in rows]


async def api_key(db: Database, key_id: str) -> ApiKey | None:
    """The key of this id, revoked or not."""
    row = await db.fetchrow(
        f"SELECT {_COLUMNS} FROM api_key WHERE id = $1",  # noqa: S608  # constants
        key_id,
    )
    return None if row is None else _key(row)


async def find_api_key(db: Database, text: str) -> ApiKey | None:
    """The living key of this text; None where it is unknown, revoked or expired."""
    found = await look_up_api_key(db, text)
    return None if found is None or found.ended else found.key


async def look_up_api_key(db: Database, text: str) -> FoundKey | None:
    """The key of this text, even one that has ended; None where there never was one."""
    if not well_formed(text):
        return None
    row = await db.fetchrow(
        f"""SELECT {_COLUMNS}, extract(epoch FROM expires_at - clock_timestamp())::float8 AS lives_s
              FROM api_key WHERE digest = $1""",  # noqa: S608  # constants
        digest_of(text),
    )
    if row is None:
        return None
    lives_s: float | None = row["lives_s"]
    expired = lives_s is not None and lives_s <= 0
    ended = "revoked" if row["revoked_at"] is not None else "expired" if expired else None
    return FoundKey(_key(row), ended, None if ended else lives_s)


async def revoke_api_key(db: Database, key_id: str) -> bool:
    """End a key for good and tell all processes; False where no living key has this id."""
    async with db.transaction() as conn:
        tag = await conn.execute(
            """UPDATE api_key SET revoked_at = clock_timestamp()
                WHERE id = $1 AND revoked_at IS NULL""",
            key_id,
        )
        await conn.execute("SELECT pg_notify($1, $2)", KEY_CHANNEL, key_id)
    return bool(changed_rows(tag))


def well_formed(text: str) -> bool:
    """Whether this could be the text of a key at all, so that it is worth looking up."""
    return text.startswith(PREFIX) and text.isascii() and len(text) <= LONGEST_TEXT


def digest_of(text: str) -> bytes:
    """What is kept of a key's text."""
    return sha256(text.encode()).digest()


def _key(row: asyncpg.Record) -> ApiKey:
    tenants = row["tenants"]
    return ApiKey(
        id=row["id"],
        name=row["name"],
        scopes=tuple(row["scopes"]),
        tenants=None if tenants is None else tuple(TenantId(each) for each in tenants),
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
        expires_at=row["expires_at"],
        requests_a_minute=row["requests_a_minute"],
        made_by=row["made_by"],
    )
