"""Links that a program asked for: an address for one person, good for one organisation's consent.

The secret in the address is shown once and kept as a digest. Until it has linked something a
session may be tried again, within its life; then it is used up for good. Real time.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

import asyncpg
import msgspec

from storage.database import Database
from storage.links import digest
from unified.ids import TenantId

USUAL_LIFE: Final = timedelta(minutes=30)
LONGEST_LIFE: Final = timedelta(days=7)
KEPT_FOR: Final = timedelta(days=7)  #: after its end, for whoever asks how it ended
FINISHING_FOR: Final = timedelta(minutes=2)  #: a consent that is kept no sooner never will be


@dataclass(frozen=True, slots=True)
class LinkedName:
    """An organisation that a session linked."""

    tenant_id: TenantId
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionAsked:
    """What a session is to be for.

    Attributes:
        made_by: id of the API key; None: a command.
        tenant_id: the only organisation that it may link; None: any.
    """

    made_by: str | None = None
    external_id: str | None = None
    return_to: str | None = None
    tenant_id: TenantId | None = None
    life: timedelta = USUAL_LIFE


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSession:
    """One session.

    Attributes:
        state: "open", "finishing" (a consent was given and is being kept), "linked" or "expired".
        error: how its last attempt failed, a word; None where it did not, or none was made.
        linked: once its state is "linked".
    """

    id: str
    made_by: str | None
    external_id: str | None
    return_to: str | None
    tenant_id: TenantId | None
    created_at: datetime
    expires_at: datetime
    state: str
    error: str | None
    linked: tuple[LinkedName, ...]


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just made; the only moment at which its secret exists."""

    session: LinkSession
    token: str = field(repr=False)


_COLUMNS = """id, made_by, external_id, return_to, tenant_id, created_at, expires_at, error, linked,
  CASE WHEN linked IS NOT NULL THEN 'linked'
       WHEN used_at > clock_timestamp() - $2::interval THEN 'finishing'
       WHEN expires_at <= clock_timestamp() THEN 'expired' ELSE 'open' END AS state"""


async def make_session(db: Database, asked: SessionAsked) -> NewSession:
    """Make a session; its life begins now."""
    token = secrets.token_urlsafe(32)
    row = await db.fetchrow(
        f"""INSERT INTO link_session (id, token_hash, made_by, external_id, return_to, tenant_id,
                                      expires_at)
            VALUES ($1, $3, $4, $5, $6, $7, clock_timestamp() + $8::interval)
            RETURNING {_COLUMNS}""",  # noqa: S608  # constants
        str(uuid4()),
        FINISHING_FOR,
        digest(token),
        asked.made_by,
        asked.external_id,
        asked.return_to,
        asked.tenant_id,
        asked.life,
    )
    assert row is not None  # noqa: S101  # an INSERT without a condition returns its row
    return NewSession(_session(row), token)


async def session_by_id(db: Database, session_id: str) -> LinkSession | None:
    """How a session is."""
    return await _one(db, "id = $1", session_id)


async def session_by_token(db: Database, token: str) -> LinkSession | None:
    """The session of an address."""
    return await _one(db, "token_hash = $1", digest(token))


async def claim_session(db: Database, session_id: str) -> bool:
    """Take a session for one consent; False where it has linked already, or another consent of it
    is being kept just now. It may have expired since the attempt began."""
    row = await db.fetchrow(
        """UPDATE link_session SET used_at = clock_timestamp(), error = NULL
            WHERE id = $1 AND linked IS NULL
              AND (used_at IS NULL OR used_at <= clock_timestamp() - $2::interval)
            RETURNING id""",
        session_id,
        FINISHING_FOR,
    )
    return row is not None


async def session_linked(db: Database, session_id: str, linked: tuple[LinkedName, ...]) -> None:
    """Note what a claimed session has linked: it is used up."""
    told = [{"tenant_id": each.tenant_id, "name": each.name} for each in linked]
    await db.execute(
        "UPDATE link_session SET linked = $2::jsonb WHERE id = $1",
        session_id,
        msgspec.json.encode(told).decode(),
    )


async def session_failed(db: Database, session_id: str, error: str) -> None:
    """Note how an attempt failed: within its life the session may be tried again."""
    await db.execute(
        """UPDATE link_session SET error = $2, used_at = NULL WHERE id = $1 AND linked IS NULL""",
        session_id,
        error,
    )


async def _one(db: Database, condition: str, value: str | bytes) -> LinkSession | None:
    row = await db.fetchrow(
        f"SELECT {_COLUMNS} FROM link_session WHERE {condition}",  # noqa: S608  # constants
        value,
        FINISHING_FOR,
    )
    return None if row is None else _session(row)


def _session(row: asyncpg.Record) -> LinkSession:
    told = dict(row.items())
    linked = msgspec.json.decode(told.pop("linked") or "[]")
    return LinkSession(
        **told, linked=tuple(LinkedName(TenantId(e["tenant_id"]), e["name"]) for e in linked)
    )
