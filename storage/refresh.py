"""Refresh a token set once, however many processes find it stale at the same moment.

See storage/authorizations.py for the rules. No transaction is open while Xero is called.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import uuid4

import structlog

from storage.authorizations import Authorization, Tokens, authorization, sealed
from storage.database import Database, changed_rows
from storage.errors import GrantRefused, NeedsReauth, StorageError
from storage.secrets import SecretBox
from storage.tenant_states import authorization_died

log = structlog.get_logger(__name__)

CLAIM_LIFE = timedelta(seconds=60)  # real time: three times what a call may take
EXCHANGE_TIMEOUT_S = 20.0
POLL_S = 0.1  # how often a waiting process looks whether the claim has ended

Exchange = Callable[[Authorization], Awaitable[Tokens]]

_CLAIM = """
UPDATE "authorization"
   SET refresh_claim = $3, refresh_claimed_until = clock_timestamp() + $4::interval
 WHERE id = $1 AND generation = $2 AND state = 'active'
   AND (refresh_claim IS NULL OR refresh_claimed_until < clock_timestamp())
"""

# A scope list may shrink in no refresh, but some answers leave it out.
_STORE = """
UPDATE "authorization"
   SET tokens = $4, access_expires_at = $5, generation = generation + 1,
       scopes = CASE WHEN cardinality($6::text[]) = 0 THEN scopes ELSE $6 END,
       refresh_claim = NULL, refresh_claimed_until = NULL
 WHERE id = $1 AND generation = $2 AND refresh_claim = $3
"""

# The claim ends and its mark stays: Xero may have renewed the set, and only its answer got lost.
_RELEASE = """
UPDATE "authorization" SET refresh_claimed_until = clock_timestamp()
 WHERE id = $1 AND refresh_claim = $2
"""


async def refreshed(
    db: Database, box: SecretBox, stale: Authorization, *, exchange: Exchange
) -> Authorization:
    """A token set newer than `stale`, refreshed by us or by whoever was quicker.

    `exchange` calls Xero with the set it is given and returns the new tokens. It raises
    GrantRefused when Xero says that the refresh token is dead: then the set and all its tenants
    are marked needs_reauth. Any other error passes through and leaves the set unsettled: the next
    one should try soon, while Xero still takes the old refresh token.

    Raises:
        NeedsReauth: a person has to consent again.
        TimeoutError: Xero did not answer within 20 s.
    """
    while True:
        claim = str(uuid4())
        tag = await db.execute(_CLAIM, stale.id, stale.generation, claim, CLAIM_LIFE)
        if changed_rows(tag) and await _exchanged(db, box, stale, claim=claim, exchange=exchange):
            log.info("tokens_refreshed", authorization_id=stale.id)
        current = await authorization(db, stale.id, box)
        if current.state != "active":
            raise NeedsReauth(NeedsReauth.__doc__)
        if current.generation > stale.generation:
            return current
        await asyncio.sleep(POLL_S)


async def _exchanged(
    db: Database, box: SecretBox, stale: Authorization, *, claim: str, exchange: Exchange
) -> bool:
    """Call Xero under our claim and store what it gave; False if nothing was stored."""
    try:
        async with asyncio.timeout(EXCHANGE_TIMEOUT_S):
            tokens = await exchange(stale)
    except GrantRefused as refusal:
        reason = str(refusal) or "invalid_grant"
        await authorization_died(db, stale.id, generation=stale.generation, reason=reason)
        return False
    except BaseException:
        with suppress(StorageError):  # without it the claim ends by itself
            await db.execute(_RELEASE, stale.id, claim)
        raise
    tag = await db.execute(
        _STORE,
        stale.id,
        stale.generation,
        claim,
        sealed(box, tokens),
        tokens.expires_at,
        list(tokens.scopes),
    )
    return changed_rows(tag) == 1


# One organisation for each token set, and none that was called within the minute or whose sweeps
# fail and are tried again anyway: a token endpoint that stays away is not asked all the time.
_CALL_SOON = """
WITH unsettled AS (
  SELECT DISTINCT ON (a.id) t.id
    FROM "authorization" a JOIN tenant t ON t.authorization_id = a.id
   WHERE a.state = 'active' AND a.refresh_claimed_until < clock_timestamp()
     AND t.state = 'linked' AND (t.blocked_until IS NULL OR t.blocked_until <= $1)
   ORDER BY a.id, t.served_at, t.id
), chosen AS (
  SELECT DISTINCT ON (c.tenant_id) c.tenant_id, c.endpoint, c.last_swept_at
    FROM cursor c JOIN unsettled u ON u.id = c.tenant_id
   ORDER BY c.tenant_id, c.last_swept_at DESC NULLS LAST, c.endpoint
)
UPDATE cursor SET sweep_due_at = $1
  FROM chosen
 WHERE cursor.tenant_id = chosen.tenant_id AND cursor.endpoint = chosen.endpoint
   AND cursor.sweep_due_at > $1 AND cursor.failures = 0
   AND coalesce(chosen.last_swept_at < $1 - interval '1 minute', true)
"""


async def call_for_unsettled(db: Database, *, now: datetime) -> int:
    """Let a sweep be due where a refresh came to no known end, so that it is tried again soon.

    A process that dies between Xero's answer and our commit leaves a refresh token that Xero
    takes for half an hour only, and a quiet organisation may be called for in six hours. `now` is
    business time; returns how many sweeps were brought forward.
    """
    return changed_rows(await db.execute(_CALL_SOON, now))
