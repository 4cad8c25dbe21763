"""Keys of those who call our own HTTP interface.

A key is shown once, when it is made, and kept as a digest only. It is 256 bits of chance, so one
round of SHA-256 is enough: there is nothing to guess. Not here: tokens of Xero's, which have to be
readable and are encrypted (storage/secrets.py).
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is known of a key.

    Attributes:
        id: eight hexadecimal digits; the key begins with them.
        tenants: the only organisations it may name; None: every one.
    """

    id: str
    name: str
    scopes: tuple[str, ...]
    tenants: tuple[TenantId, ...] | None
    created_at: datetime
    revoked_at: datetime | None

    def may(self, scope: str, tenant_id: TenantId | None = None) -> bool:
        """Whether it covers this scope, for this organisation or (None) for no one's books.

        `admin` covers everything.
        """
        if self.revoked_at is not None:
            return False
        of_tenant = tenant_id is None or self.tenants is None or tenant_id in self.tenants
        return of_tenant and (scope in self.scopes or "admin" in self.scopes)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made; the only moment at which its text exists."""

    key: ApiKey
    text: str = field(repr=False)


_COLUMNS = "id, name, scopes, tenants, created_at, revoked_at"


async def create_api_key(
    db: Database,
    name: str,
    *,
    scopes: Collection[str],
    tenants: Collection[TenantId] | None = None,
) -> NewKey:
    """Make a key and keep its digest.

    Raises:
        ValueError: a scope that there is not, or none at all.
    """
    unknown = set(scopes) - set(SCOPES)
    if unknown or not scopes:
        raise ValueError(f"scopes are some of {', '.join(SCOPES)}")
    key_id = secrets.token_hex(4)
    text = f"{PREFIX}{key_id}_{secrets.token_urlsafe(32)}"
    row = await db.fetchrow(
        f"""INSERT INTO api_key (id, name, digest, scopes, tenants)
            VALUES ($1, $2, $3, $4, $5) RETURNING {_COLUMNS}""",  # noqa: S608  # constants
        key_id,
        name,
        _digest(text),
        [scope for scope in SCOPES if scope in scopes],
        None if tenants is None else sorted(tenants),
    )
    assert row is not None  # noqa: S101  # an INSERT without a condition returns its row
    return NewKey(_key(row), text)


async def api_keys(db: Database) -> list[ApiKey]:
    """All keys, revoked ones too, the oldest first."""
    rows = await db.fetch(
        f"SELECT {_COLUMNS} FROM api_key ORDER BY created_at, id"  # noqa: S608  # constants
    )
    return [_key(row) for row in rows]


async def find_api_key(db: Database, text: str) -> ApiKey | None:
    """The living key of this text; None where it is unknown or revoked."""
    if not text.startswith(PREFIX):
        return None
    row = await db.fetchrow(
        f"SELECT {_COLUMNS} FROM api_key WHERE digest = $1 AND revoked_at IS NULL",  # noqa: S608  # ours
        _digest(text),
    )
    return None if row is None else _key(row)


async def revoke_api_key(db: Database, key_id: str) -> bool:
    """End a key for good; False where no living key has this id."""
    tag = await db.execute(
        """UPDATE api_key SET revoked_at = clock_timestamp()
            WHERE id = $1 AND revoked_at IS NULL""",
        key_id,
    )
    return bool(changed_rows(tag))


def _digest(text: str) -> bytes:
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
    )
