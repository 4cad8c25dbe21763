"""Writes that callers may repeat: who is doing one, what was sent, and what was answered.

A row is one key of one API key for one organisation. It is claimed before the write leaves; while
it has no answer, its claim lives as long as the process renews it, and whoever takes an ended claim
over finds what was sent, for Xero to be asked again. `began_at` is business time, by which Xero
counts how long it remembers a key; claims are real time. Nothing is decided here.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import uuid4

import asyncpg
import msgspec

from storage.database import Database, changed_rows
from unified.ids import TenantId

CLAIM_LIFE: Final = timedelta(seconds=20)  #: after which a process that said nothing counts as gone
ANSWER_LIFE: Final = timedelta(days=7)  #: how long an answer is given again; then the key is new
_LEVEL: Final = 1  #: zlib: answers are JSON, and read seldom


@dataclass(frozen=True, slots=True)
class WriteKey:
    """One caller's key for one write.

    Attributes:
        api_key: id of the API key: its keys are nobody else's.
        text: as the caller sent it.
    """

    tenant_id: TenantId
    api_key: str
    text: str = field(repr=False)

    @property
    def digest(self) -> str:
        """64 hexadecimal digits that name it at Xero, whose keys are one set for the whole app, and
        in events: the key itself stays between the caller and us."""
        return sha256(f"{self.tenant_id}|{self.api_key}|{self.text}".encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """What was answered once, and is answered each time."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWrite:
    """What is known of a key that was seen before.

    Attributes:
        fingerprint: digest of the request that it came with.
        began_at: business time before the write left.
        in_hand: a living process is at it now.
        sent: what left, as the one who sent it keeps it; None once the answer is known.
        answer: None while nobody knows what came of it.
    """

    fingerprint: bytes
    began_at: datetime
    in_hand: bool
    sent: Mapping[str, Any] | None = field(repr=False)
    answer: StoredAnswer | None


@dataclass(frozen=True, slots=True)
class Leaving:
    """What was so before a request leaves.

    Attributes:
        at: by the database's clock.
        mark: the newest notice version: its answer finishes no hint that comes later.
    """

    at: datetime
    mark: int


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do a write and to say what came of it.

    Attributes:
        began_at: business time before the write left for the first time.
        leaving: None where somebody else began it.
    """

    key: WriteKey
    token: str
    began_at: datetime
    leaving: Leaving | None = None


_FIND = """
SELECT fingerprint, began_at, claimed_until > clock_timestamp() AS in_hand, sent, status, headers,
       body
  FROM idempotency WHERE tenant_id = $1 AND api_key = $2 AND digest = $3
"""
_CLAIM = """
INSERT INTO idempotency (tenant_id, api_key, digest, fingerprint, operation, request_id, sent,
                         began_at, claim, claimed_until)
SELECT id, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp() + $10::interval
  FROM tenant WHERE id = $1 AND state NOT IN ('erasing', 'erased')
    ON CONFLICT (tenant_id, api_key, digest) DO NOTHING
RETURNING clock_timestamp() AS at,
          (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM notice_version) AS mark
"""
_LEAVING = """
SELECT clock_timestamp() AS at, CASE WHEN is_called THEN last_value ELSE 0 END AS mark
  FROM notice_version
"""
_TAKE_OVER = """
UPDATE idempotency SET claim = $4, claimed_until = clock_timestamp() + $5::interval
 WHERE tenant_id = $1 AND api_key = $2 AND digest = $3
   AND status IS NULL AND claimed_until <= clock_timestamp()
RETURNING began_at
"""
_RENEW = """
UPDATE idempotency SET claimed_until = clock_timestamp() + $5::interval
 WHERE tenant_id = $1 AND api_key = $2 AND digest = $3 AND claim = $4 AND status IS NULL
"""
# An answer that is lost in a power cut is had again from Xero, while it remembers it; only the
# claim has to last, since without it a repetition would be taken for the first.
_ANSWER = """
WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
UPDATE idempotency
   SET status = $5, headers = $6, body = $7, answered_at = clock_timestamp(), sent = NULL
  FROM quick
 WHERE tenant_id = $1 AND api_key = $2 AND digest = $3 AND claim = $4 AND status IS NULL
"""
_FORGET = """
DELETE FROM idempotency
 WHERE tenant_id = $1 AND api_key = $2 AND digest = $3 AND claim = $4 AND status IS NULL
"""


async def find_write(db: Database, key: WriteKey) -> KnownWrite | None:
    """What is known of the key; None: it was never seen, or that was long ago."""
    row = await db.fetchrow(_FIND, *_of(key))
    if row is None:
        return None
    sent = None if row["sent"] is None else msgspec.json.decode(row["sent"])
    return KnownWrite(
        fingerprint=row["fingerprint"],
        began_at=row["began_at"],
        in_hand=row["in_hand"],
        sent=sent,
        answer=_answer(row),
    )


async def claim_write(  # noqa: PLR0913  # what is kept of a write; all keywords
    db: Database,
    key: WriteKey,
    *,
    fingerprint: bytes,
    operation: str,
    request_id: str,
    sent: Mapping[str, Any],
    now: datetime,
) -> Claim | None:
    """Take a key that was never seen, and keep what is about to leave; `now` is business time.

    None: somebody else was quicker, or the organisation is being forgotten.
    """
    token = uuid4().hex
    row = await db.fetchrow(
        _CLAIM,
        *_of(key),
        fingerprint,
        operation,
        request_id,
        msgspec.json.encode(sent),  # as it is: it is there for milliseconds
        now,
        token,
        CLAIM_LIFE,
    )
    return None if row is None else Claim(key, token, now, Leaving(row["at"], row["mark"]))


async def before_leaving(db: Database) -> Leaving:
    """What to remember of the moment before a request leaves."""
    row = await db.fetchrow(_LEAVING)
    assert row is not None  # noqa: S101  # a sequence has one row
    return Leaving(row["at"], row["mark"])


async def take_write_over(db: Database, key: WriteKey) -> Claim | None:
    """Take a key whose holder is gone without an answer; None: it is not, or somebody was
    quicker."""
    token = uuid4().hex
    began_at = await db.fetchval(_TAKE_OVER, *_of(key), token, CLAIM_LIFE)
    return None if began_at is None else Claim(key, token, began_at)


async def renew_claim(db: Database, claim: Claim) -> bool:
    """Go on holding it; False: somebody else has it."""
    return bool(changed_rows(await db.execute(_RENEW, *_of(claim.key), claim.token, CLAIM_LIFE)))


async def leave_claim(db: Database, claim: Claim) -> None:
    """Let the next one who asks take it over at once: nobody knows yet what came of the write."""
    await db.execute(_RENEW, *_of(claim.key), claim.token, timedelta(0))


async def answer_write(db: Database, claim: Claim, answer: StoredAnswer) -> bool:
    """Keep what is answered, for good; False: somebody else has the claim and will answer."""
    tag = await db.execute(
        _ANSWER,
        *_of(claim.key),
        claim.token,
        answer.status,
        msgspec.json.encode(dict(answer.headers)).decode(),
        zlib.compress(answer.body, _LEVEL),
    )
    return bool(changed_rows(tag))


async def forget_write(db: Database, claim: Claim) -> None:
    """Let the key be as if never seen: the write was not done and may be sent again."""
    await db.execute(_FORGET, *_of(claim.key), claim.token)


def _of(key: WriteKey) -> tuple[str, str, bytes]:
    return key.tenant_id, key.api_key, bytes.fromhex(key.digest)


def _answer(row: asyncpg.Record) -> StoredAnswer | None:
    if row["status"] is None:
        return None
    return StoredAnswer(
        status=row["status"],
        headers=msgspec.json.decode(row["headers"]),
        body=zlib.decompress(row["body"]),
    )
