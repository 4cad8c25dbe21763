"""Attempts to link an organisation, from our redirect to Xero until Xero's redirect back.

The state parameter itself is never stored, only its digest; each attempt is good once, for ten
minutes of real time, and in the browser that began it: by PKCE alone, whose verifier stands here,
a stranger could send somebody else to Xero and have their books linked under a name of his own
(RFC 9700, 4.7).
"""

from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

from storage.database import Database
from storage.secrets import SecretBox
from unified.ids import TenantId

ATTEMPT_LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAttempt:
    """What was asked for when the attempt began.

    Attributes:
        verifier: PKCE's code verifier.
        external_id: the caller's own name for the organisation.
        return_to: where to send the browser in the end; checked before it was stored.
        session_id: the link session it belongs to, whose word the names are; None: nobody's.
        tenant_id: the only organisation that it may link; None: any.
        opener: origin of the page that opened the window and waits for a word; checked, too.
    """

    verifier: str = field(repr=False)
    external_id: str | None = None
    return_to: str | None = None
    session_id: str | None = None
    tenant_id: TenantId | None = None
    opener: str | None = None


async def begin_link(
    db: Database, box: SecretBox, state: str, attempt: LinkAttempt, *, browser: str
) -> None:
    """Remember an attempt under its state parameter; `browser` is the secret of that browser."""
    await db.execute(
        """INSERT INTO link_attempt (state_hash, verifier, external_id, return_to, session_id,
                                     tenant_id, opener, browser_hash, expires_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp() + $9::interval)""",
        digest(state),
        box.encrypt(attempt.verifier.encode()),
        attempt.external_id,
        attempt.return_to,
        attempt.session_id,
        attempt.tenant_id,
        attempt.opener,
        digest(browser),
        ATTEMPT_LIFE,
    )


async def take_link(
    db: Database, box: SecretBox, state: str, *, browser: str
) -> LinkAttempt | None:
    """The attempt of this state parameter, which is used up by this; None if it is unknown, used
    already or too old, or if another browser began it, which may still end it."""
    row = await db.fetchrow(
        """DELETE FROM link_attempt WHERE state_hash = $1 AND browser_hash = $2
           RETURNING verifier, external_id, return_to, session_id, tenant_id, opener,
                     expires_at > clock_timestamp() AS alive""",
        digest(state),
        digest(browser),
    )
    if row is None or not row["alive"]:
        return None
    return LinkAttempt(
        verifier=box.decrypt(row["verifier"]).decode(),
        external_id=row["external_id"],
        return_to=row["return_to"],
        session_id=row["session_id"],
        tenant_id=row["tenant_id"],
        opener=row["opener"],
    )


def digest(secret: str) -> bytes:
    """What is kept of a secret with enough chance in it."""
    return sha256(secret.encode()).digest()
