"""Attempts to link an organisation, from our redirect to Xero until Xero's redirect back.

The state parameter itself is never stored, only its digest; each attempt is good once, for ten
minutes of real time.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

from storage.database import Database
from storage.secrets import SecretBox

ATTEMPT_LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAttempt:
    """What was asked for when the attempt began.

    Attributes:
        verifier: PKCE's code verifier.
        external_id: the caller's own name for the organisation.
        return_to: where to send the browser in the end; checked before it was stored.
    """

    verifier: str = field(repr=False)
    external_id: str | None = None
    return_to: str | None = None


async def begin_link(db: Database, box: SecretBox, state: str, attempt: LinkAttempt) -> None:
    """Remember an attempt under its state parameter."""
    await db.execute(
        """INSERT INTO link_attempt (state_hash, verifier, external_id, return_to, expires_at)
           VALUES ($1, $2, $3, $4, clock_timestamp() + $5::interval)""",
        _hash(state),
        box.encrypt(attempt.verifier.encode()),
        attempt.external_id,
        attempt.return_to,
        ATTEMPT_LIFE,
    )


async def take_link(db: Database, box: SecretBox, state: str) -> LinkAttempt | None:
    """The attempt of this state parameter, which is used up by this; None if unknown, used
    already or too old."""
    row = await db.fetchrow(
        """DELETE FROM link_attempt WHERE state_hash = $1
           RETURNING verifier, external_id, return_to, expires_at > clock_timestamp() AS alive""",
        _hash(state),
    )
    if row is None or not row["alive"]:
        return None
    return LinkAttempt(
        verifier=box.decrypt(row["verifier"]).decode(),
        external_id=row["external_id"],
        return_to=row["return_to"],
    )


def _hash(state: str) -> bytes:
    return sha256(state.encode()).digest()
