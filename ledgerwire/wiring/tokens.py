"""Access tokens for tenants: what `xero` asks for, out of what `storage` keeps.

One token set covers many tenants and is refreshed once, however many calls and processes find it
old (`storage.refresh`). What dies here dies for its authorization only: `invalid_grant` ends the
token set and asks all its tenants for a new consent; a 403 makes the connections be read again.
"""

import time
from collections.abc import Callable
from datetime import timedelta

import structlog

from storage.authorizations import Authorization, Tokens, authorization_of
from storage.database import Database
from storage.errors import GrantRefused, NeedsReauth, UnknownTenant
from storage.refresh import refreshed
from storage.secrets import SecretBox
from storage.tenant_states import connections_read
from unified.clock import Clock
from unified.ids import TenantId
from xero.connections import ConnectionsApi
from xero.errors import (
    AccessTokenRefused,
    ConsentRevoked,
    TenantRefused,
    XeroError,
    XeroUnreachable,
)
from xero.oauth import OAuthClient, TokenSet

log = structlog.get_logger(__name__)

MARGIN = timedelta(seconds=60)  #: business time; tokens that end sooner are refreshed first
RECHECK_AFTER_S = 60.0  #: real time; a tenant that answers 403 is looked up this often at most


class StoredTokens:
    """The `TokenSource` of a process. Keeps no token itself, so none grows old here."""

    def __init__(  # its neighbours, each named where it is passed
        self,
        database: Database,
        box: SecretBox,
        *,
        oauth: OAuthClient,
        connections: ConnectionsApi,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._box = box
        self._oauth = oauth
        self._connections = connections
        self._clock = clock
        self._monotonic = monotonic
        self._rechecked: dict[TenantId, float] = {}

    async def access_token(self, tenant_id: TenantId) -> str:
        """A token that lives another minute at least.

        Raises:
            ConsentRevoked: a person must consent again.
            TenantRefused: the tenant is unknown or was never linked.
            AppRefused, RateLimited, XeroUnreachable, UndecodableAnswer: refreshing failed.
            StorageUnavailable.
        """
        return (await self._living(tenant_id)).tokens.access_token

    async def refresh(self, tenant_id: TenantId, rejected_token: str) -> str:
        """A token other than the rejected one: a stored newer one, else a fresh one.

        Raises: as `access_token`.
        """
        return (await self._other(tenant_id, rejected_token)).tokens.access_token

    async def tenant_refused(self, tenant_id: TenantId) -> None:
        """Read the connections again; tenants that are not among them have vanished.

        At most once a minute and tenant, since some 403s only mean that the user who linked may
        not see one endpoint. Trouble on the way is logged: the 403 itself is what the caller
        has to tell.
        """
        now_s = self._monotonic()
        if now_s - self._rechecked.get(tenant_id, -RECHECK_AFTER_S) < RECHECK_AFTER_S:
            return
        self._rechecked[tenant_id] = now_s
        try:
            await self.recheck(tenant_id)
        except XeroError as error:
            log.warning("recheck_failed", tenant_id=tenant_id, error=type(error).__name__)

    async def recheck(self, tenant_id: TenantId) -> tuple[TenantId, ...]:
        """Compare all tenants of this tenant's authorization with Xero's list of connections.

        Returns:
            Those that the user disconnected in Xero, found just now.

        Raises: as `access_token`.
        """
        used = await self._living(tenant_id)
        try:
            listed = await self._connections.list(used.tokens.access_token)
        except AccessTokenRefused:
            used = await self._other(tenant_id, used.tokens.access_token)
            listed = await self._connections.list(used.tokens.access_token)
        living = {each.tenant_id for each in listed}
        gone = await connections_read(
            self._database, used.id, generation=used.generation, living=living
        )
        for each in gone:
            log.warning("tenant_vanished", tenant_id=each)
        return tuple(gone)

    async def _living(self, tenant_id: TenantId) -> Authorization:
        """The tenant's token set, refreshed if it ends soon, or if a refresh came to no known end.

        The latter must not wait until the set ends: by then Xero may have forgotten the refresh
        token that we still hold (30 minutes after its first use).
        """
        found = await self._stored(tenant_id)
        if found.tokens.expires_at - self._clock.now() <= MARGIN:
            return await self._renewed(found)
        if found.unsettled:
            return await self._settled(found)
        return found

    async def _settled(self, unsettled: Authorization) -> Authorization:
        """The token set after another try; the one we hold while it is still good for calls."""
        try:
            return await self._renewed(unsettled)
        except ConsentRevoked:
            raise
        except XeroError as error:
            log.warning("refresh_unsettled", error=type(error).__name__)
            return unsettled

    async def _other(self, tenant_id: TenantId, rejected_token: str) -> Authorization:
        """The tenant's token set, refreshed if it still holds the rejected token."""
        found = await self._stored(tenant_id)
        if found.tokens.access_token == rejected_token:
            found = await self._renewed(found)
        return found

    async def _stored(self, tenant_id: TenantId) -> Authorization:
        try:
            found = await authorization_of(self._database, tenant_id, self._box)
        except UnknownTenant:
            raise TenantRefused(tenant_id) from None
        if found.state != "active":
            raise ConsentRevoked
        return found

    async def _renewed(self, stale: Authorization) -> Authorization:
        try:
            return await refreshed(self._database, self._box, stale, exchange=self._exchange)
        except NeedsReauth:
            raise ConsentRevoked from None
        except TimeoutError:
            raise XeroUnreachable("the token endpoint did not answer in time") from None

    async def _exchange(self, stale: Authorization) -> Tokens:
        """Call Xero for new tokens; `storage` holds the claim meanwhile."""
        old = stale.tokens
        try:
            if stale.grant_kind == "client_credentials":
                return stored_form(await self._oauth.client_credentials(tuple(old.scopes)))
            if old.refresh_token is None:
                raise GrantRefused("no_refresh_token")
            return stored_form(await self._oauth.refresh(old.refresh_token), keep=old)
        except ConsentRevoked:
            raise GrantRefused("invalid_grant") from None


def stored_form(given: TokenSet, *, keep: Tokens | None = None) -> Tokens:
    """What Xero gave, as storage keeps it; a refresh token it did not renew stays."""
    kept = keep.refresh_token if keep else None
    return Tokens(
        access_token=given.access_token,
        refresh_token=given.refresh_token or kept,
        expires_at=given.expires_at,
        scopes=given.scopes,
    )
