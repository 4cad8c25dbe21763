"""Ending a link from our side: the connection at Xero goes, books and events that we have stay.

One connection is removed, since others of the same consent may go on; the token set is revoked
with its last organisation only (Xero: revoking removes all connections of that user).
"""

from dataclasses import dataclass

from storage.authorizations import Authorization, authorization_of, retire_authorization
from storage.database import Database
from storage.errors import SecretsUnreadable, UnknownTenant
from storage.secrets import SecretBox
from storage.tenant_states import change_state
from storage.tenants import TenantSummary
from xero.calling import TokenSource
from xero.connections import ConnectionsApi
from xero.errors import ConsentRevoked, ResourceMissing, TenantRefused, XeroError
from xero.oauth import OAuthClient

ENDABLE = ("linked", "needs_reauth", "vanished")  #: states with a link to end


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlinked:
    """What became of an organisation's link.

    Attributes:
        at_xero: the connection is gone there, too; False: Xero no longer takes our tokens, so only
            a person can remove the app there.
        revoked: it was the last organisation of its token set, which is revoked.
    """

    name: str
    at_xero: bool
    revoked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlinker:
    """Ends links."""

    db: Database
    box: SecretBox
    tokens: TokenSource
    connections: ConnectionsApi
    oauth: OAuthClient

    async def unlink(self, found: TenantSummary, *, reason: str) -> Unlinked:
        """Remove the connection of an organisation in one of the states ENDABLE at Xero, then
        stop working for it.

        Raises:
            XeroError: Xero is away; nothing was changed here.
        """
        held = await self._held(found)
        at_xero = await self._removed(found)
        await change_state(self.db, found.id, "disconnected", reason=reason)
        revoked = held is not None and await retire_authorization(
            self.db, held.id, generation=held.generation
        )
        if revoked and held is not None and held.tokens.refresh_token is not None:
            try:
                await self.oauth.revoke(held.tokens.refresh_token)
            except XeroError:
                revoked = False  # it ends by itself, unused; here nobody uses it any more
        return Unlinked(name=found.name or found.id, at_xero=at_xero, revoked=revoked)

    async def _held(self, found: TenantSummary) -> Authorization | None:
        try:
            return await authorization_of(self.db, found.id, self.box)
        except (UnknownTenant, SecretsUnreadable):
            return None

    async def _removed(self, found: TenantSummary) -> bool:
        if found.state == "vanished":
            return True  # somebody removed it there
        if found.xero_connection_id is None:
            return False
        try:
            token = await self.tokens.access_token(found.id)
            await self.connections.delete(token, found.xero_connection_id)
        except ResourceMissing:
            return True
        except (ConsentRevoked, TenantRefused, SecretsUnreadable):
            return False
        return True
