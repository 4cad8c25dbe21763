"""Who consented to what, and the claims of the tokens that say so.

Source: Xero's "OAuth 2.0 auth flow": access tokens carry authentication_event_id, which ties
them to the connections of one consent; id tokens may lack it. Lifetimes of everything else
are in identity.py.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

ISSUER = "https://identity.xero.com"
ACCESS_LIFE = timedelta(minutes=30)
ID_LIFE = timedelta(minutes=5)


@dataclass(frozen=True)
class User:
    """A person with a Xero login."""

    id: str
    email: str


@dataclass(frozen=True)
class Asked:
    """What an app asked for and a user agreed to; `challenge` is PKCE's, by S256."""

    client_id: str
    user: User
    redirect_uri: str
    scope: frozenset[str]
    challenge: str | None = None
    nonce: str | None = None


@dataclass(frozen=True)
class Consent(Asked):
    """The same, when it happened, and the id that ties it to its connections."""

    auth_event_id: str = field(kw_only=True)
    at: datetime = field(kw_only=True)


def of_client(client_id: str, scope: frozenset[str], now: datetime) -> dict[str, object]:
    """Claims of an access token for the app itself."""
    seconds = int(now.timestamp())
    return {
        "nbf": seconds,
        "exp": seconds + int(ACCESS_LIFE.total_seconds()),
        "iss": ISSUER,
        "aud": f"{ISSUER}/resources",
        "client_id": client_id,
        "jti": secrets.token_hex(16).upper(),
        "scope": sorted(scope),
    }


def of_access(consent: Consent, now: datetime) -> dict[str, object]:
    """Claims of an access token for a user."""
    return {
        **of_client(consent.client_id, consent.scope, now),
        "sub": consent.user.id,
        "auth_time": int(consent.at.timestamp()),
        "xero_userid": consent.user.id,
        "global_session_id": _session(consent),
        "authentication_event_id": consent.auth_event_id,
    }


def of_identity(consent: Consent, now: datetime, access_token: str) -> dict[str, object]:
    """Claims of an id token."""
    seconds = int(now.timestamp())
    half = hashlib.sha256(access_token.encode()).digest()[:16]
    claims: dict[str, object] = {
        "nbf": seconds,
        "exp": seconds + int(ID_LIFE.total_seconds()),
        "iss": ISSUER,
        "aud": consent.client_id,
        "iat": seconds,
        "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
        "sid": _session(consent),
        "sub": consent.user.id,
        "auth_time": int(consent.at.timestamp()),
        "xero_userid": consent.user.id,
        "global_session_id": _session(consent),
    }
    if consent.nonce:
        claims["nonce"] = consent.nonce
    if consent.scope & {"email", "profile"}:
        claims |= {
            "preferred_username": consent.user.email,
            "email": consent.user.email,
            "given_name": consent.user.email.split("@")[0].title(),
            "family_name": "Example",
        }
    return claims


def _session(consent: Consent) -> str:
    return consent.auth_event_id.replace("-", "")
