"""Identity: apps, users, codes, tokens and connections, without HTTP.

One token set belongs to one user and app and covers all organisations that user linked.
Lifetimes run on business time. Source: Xero's "OAuth 2.0 auth flow", "Scopes", "Custom
connections"; identity_http.py gives it its URLs, consent.py its page.
"""

import base64
import hashlib
import hmac
import random
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from simulator import claims, scopes, signing
from simulator.books import Books
from simulator.claims import ACCESS_LIFE, Asked, Consent, User
from simulator.config import SimulatorConfig

CODE_LIFE = timedelta(minutes=5)
REFRESH_LIFE = timedelta(days=60)
GRACE = timedelta(minutes=30)


class IdentityRefused(Exception):
    """OAuth's error word, and the HTTP status of a token answer that carries it."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


@dataclass(frozen=True)
class Connection:
    """One organisation linked by one user to one app."""

    id: str
    auth_event_id: str
    tenant_id: str
    client_id: str
    user_id: str
    created: datetime
    updated: datetime


@dataclass(frozen=True)
class AccessToken:
    """What an access token stands for; `user` is None for client credentials."""

    client_id: str
    user: User | None
    scope: frozenset[str]
    expires: datetime


@dataclass
class _RefreshToken:
    consent: Consent
    last_used: datetime
    retired: datetime | None = None


class Identity:
    """The state of the identity server."""

    def __init__(
        self, config: SimulatorConfig, books: Books, clock: Callable[[], datetime]
    ) -> None:
        self._config = config
        self._books = books
        self._clock = clock
        self._rng = random.Random(f"{config.seed}|identity")  # noqa: S311  # seeded ids
        self._codes: dict[str, Consent] = {}
        self._access: dict[str, AccessToken] = {}
        self._refresh: dict[str, _RefreshToken] = {}
        self.connections: dict[str, Connection] = {}

    def user(self, email: str) -> User:
        """The person of that address; the id follows from seed and address."""
        digest = self._config.derived(f"user {email.lower()}")
        return User(id=str(uuid.UUID(digest[:32], version=4)), email=email)

    def known_client(self, client_id: str) -> bool:
        """Whether an app has that id."""
        return self._config.any_client or client_id == self._config.ready_client_id()

    def check_client(self, client_id: str, secret: str | None) -> None:
        """Refuse an unknown app or a wrong secret. Raises IdentityRefused invalid_client."""
        if self._config.any_client and client_id:
            return
        right = hmac.compare_digest(
            (secret or "").encode(), self._config.ready_client_secret().encode()
        )
        if client_id != self._config.ready_client_id() or not right:
            raise IdentityRefused("invalid_client", 401)

    def consent(self, asked: Asked, tenants: list[str]) -> str:
        """Link the organisations and give a code: 5 minutes, single use."""
        now = self._clock()
        event = self._new_id()
        for tenant_id in tenants:
            self._connect(asked.client_id, asked.user, tenant_id, event=event, now=now)
        code = self._secret(32)
        self._codes[code] = Consent(
            asked.client_id,
            asked.user,
            asked.redirect_uri,
            asked.scope,
            asked.challenge,
            asked.nonce,
            auth_event_id=event,
            at=now,
        )
        return code

    def by_code(
        self, client_id: str, code: str, redirect_uri: str, *, verifier: str | None
    ) -> dict[str, object]:
        """The token answer for a code. Raises IdentityRefused invalid_grant."""
        consent = self._codes.pop(code, None)
        if (
            consent is None
            or consent.client_id != client_id
            or consent.redirect_uri != redirect_uri
            or self._clock() - consent.at > CODE_LIFE
            or not _verified(consent.challenge, verifier)
        ):
            raise IdentityRefused("invalid_grant")
        return self._answer(consent)

    def by_refresh(self, client_id: str, token: str) -> dict[str, object]:
        """The token answer for a refresh token; the old one lives on for the grace time.

        Raises:
            IdentityRefused: invalid_grant.
        """
        now = self._clock()
        held = self._refresh.get(token)
        if held is None or held.consent.client_id != client_id:
            raise IdentityRefused("invalid_grant")
        dead = held.retired is not None and now - held.retired > GRACE
        if dead or now - held.last_used > REFRESH_LIFE:
            del self._refresh[token]
            raise IdentityRefused("invalid_grant")
        if held.retired is None:
            held.retired = now
        return self._answer(held.consent)

    def by_client(self, client_id: str, scope: frozenset[str]) -> dict[str, object]:
        """The token answer of a custom connection: no user, no refresh token."""
        if scopes.refused(scope, self._config.tier):
            raise IdentityRefused("invalid_scope")
        now = self._clock()
        token = signing.jwt(claims.of_client(client_id, scope, now))
        self._access[token] = AccessToken(client_id, None, scope, now + ACCESS_LIFE)
        return {
            "access_token": token,
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "token_type": "Bearer",
            "scope": " ".join(sorted(scope)),
        }

    def revoke(self, client_id: str, token: str) -> None:
        """Forget a user's tokens for the app and remove all their connections."""
        held = self._refresh.get(token)
        if held is not None and held.consent.client_id == client_id:
            self.revoke_user(client_id, held.consent.user)

    def revoke_user(self, client_id: str, user: User) -> None:
        """The user withdraws the app: refresh tokens and connections go."""
        self._refresh = {
            key: held
            for key, held in self._refresh.items()
            if held.consent.client_id != client_id or held.consent.user != user
        }
        self.connections = {
            key: held
            for key, held in self.connections.items()
            if held.client_id != client_id or held.user_id != user.id
        }

    def access(self, token: str) -> AccessToken | None:
        """What a bearer token stands for, expired ones too; None when it is none of ours."""
        return self._access.get(token)

    def visible(self, token: AccessToken) -> list[Connection]:
        """The connections a token's GET /connections shows."""
        held = [c for c in self.connections.values() if c.client_id == token.client_id]
        if token.user is not None:
            held = [c for c in held if c.user_id == token.user.id]
        elif "app.connections" not in token.scope:
            held = [c for c in [self._custom(token.client_id)] if c is not None]
        return [c for c in held if self._books.get(c.tenant_id) is not None]

    def linked(self, token: AccessToken, tenant_id: str) -> bool:
        """Whether a token may call for an organisation."""
        return any(c.tenant_id == tenant_id for c in self.visible(token))

    def disconnect(self, tenant_id: str) -> int:
        """The organisation's users disconnect the app in Xero; returns how many links went."""
        gone = [key for key, c in self.connections.items() if c.tenant_id == tenant_id]
        for key in gone:
            del self.connections[key]
        return len(gone)

    def _custom(self, client_id: str) -> Connection | None:
        """A custom connection has one organisation: the first."""
        tenant = next((t for t in self._books if not t.vanished), None)
        if tenant is None:
            return None
        made = uuid.UUID(self._config.derived(f"custom {client_id} {tenant.id}")[:32], version=4)
        created = datetime.fromtimestamp(tenant.ledger.created_ms / 1000, self._clock().tzinfo)
        return Connection(
            id=str(made),
            auth_event_id=str(made),
            tenant_id=tenant.id,
            client_id=client_id,
            user_id="",
            created=created,
            updated=created,
        )

    def _connect(
        self, client_id: str, user: User, tenant_id: str, *, event: str, now: datetime
    ) -> None:
        for key, held in self.connections.items():
            if (held.client_id, held.user_id, held.tenant_id) == (client_id, user.id, tenant_id):
                self.connections[key] = replace(held, auth_event_id=event, updated=now)
                return
        connection = Connection(
            id=self._new_id(),
            auth_event_id=event,
            tenant_id=tenant_id,
            client_id=client_id,
            user_id=user.id,
            created=now,
            updated=now,
        )
        self.connections[connection.id] = connection

    def _answer(self, consent: Consent) -> dict[str, object]:
        now = self._clock()
        token = signing.jwt(claims.of_access(consent, now))
        self._access[token] = AccessToken(
            consent.client_id, consent.user, consent.scope, now + ACCESS_LIFE
        )
        answer: dict[str, object] = {}
        if "openid" in consent.scope:
            answer["id_token"] = signing.jwt(claims.of_identity(consent, now, token))
        answer |= {
            "access_token": token,
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "token_type": "Bearer",
        }
        if "offline_access" in consent.scope:
            refresh = self._secret(43)
            self._refresh[refresh] = _RefreshToken(consent, last_used=now)
            answer["refresh_token"] = refresh
        answer["scope"] = " ".join(sorted(consent.scope))
        return answer

    def _new_id(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    @staticmethod
    def _secret(characters: int) -> str:
        # Never from the seed: two simulators of one seed must not share live secrets.
        return secrets.token_urlsafe(characters)[:characters]


def _verified(challenge: str | None, verifier: str | None) -> bool:
    if challenge is None:
        return True
    if verifier is None or not 43 <= len(verifier) <= 128:
        return False
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    return hmac.compare_digest(digest.rstrip(b"=").decode(), challenge)
