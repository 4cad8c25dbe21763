"""What a consent means: which organisations it covers, stored with the tokens and announced.

The browser's side of it is `linking.py`; here is nothing of HTTP routes, so a custom connection,
which needs no browser, ends here too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from storage.authorizations import Tokens, save_consent
from storage.database import Database
from storage.errors import TenantNotLinked
from storage.notices import NOTICE_CHANNEL
from storage.secrets import SecretBox
from storage.tenant_states import state_of
from storage.tenants import NewLink, link_tenant, living_tenants, tenants_of_authorization
from unified.clock import Clock
from unified.ids import TenantId
from xero.connections import ORGANISATION, Connection, ConnectionsApi
from xero.errors import XeroError
from xero.oauth import Claims, TokenSet, claims_of

log = structlog.get_logger(__name__)

AUTHORIZATION_CODE = "authorization_code"


class NothingToLink(Exception):
    """No organisation was chosen: Xero lists none for this consent."""


class TenantBusy(Exception):
    """The organisation's data are just being erased, so it can't be linked now."""


class UnknownOrganisation(Exception):
    """This link only brings back what was linked here: ask for a new one where you got it."""


class WrongOrganisation(Exception):
    """Another organisation was chosen than the one this link is for, so nothing was linked."""


@dataclass(frozen=True, slots=True)
class LinkedTenant:
    """One organisation that a consent linked; `first` says that it was not known before."""

    tenant_id: TenantId
    name: str | None
    first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentKeeper:
    """Turns tokens into linked tenants.

    Attributes:
        client_id: of the app that the tokens were given to.
        endpoints: paths to read for each tenant, such as `Invoices`; each gets a cursor.
    """

    database: Database
    box: SecretBox
    connections: ConnectionsApi
    clock: Clock
    client_id: str
    endpoints: tuple[str, ...]

    async def keep(
        self,
        tokens: TokenSet,
        *,
        external_id: str | None,
        verified: bool = False,
        only: TenantId | None = None,
        known_only: bool = False,
        grant_kind: str = AUTHORIZATION_CODE,
    ) -> tuple[LinkedTenant, ...]:
        """Store the tokens and link what was chosen; backfills begin by themselves.

        Other organisations of the same user that wait for a new consent come back with it. One
        that was linked before keeps its records and their ids, whoever links it now; the tokens of
        the newest consent are used for it from here on.

        Args:
            verified: the external id is the word of whoever runs this.
            only: the one organisation that may be linked. What else was chosen, and nobody linked
                here before, is disconnected at Xero again, where it would count as one of ours.
            known_only: organisations that are not known here are not linked, but given back so.

        Returns:
            The chosen organisations, without those that only came back.

        Raises:
            NothingToLink, TenantBusy, UnknownOrganisation, WrongOrganisation, XeroError,
            StorageError.
        """
        claims = claims_of(tokens.access_token)
        found = [
            each
            for each in await self.connections.list(tokens.access_token)
            if each.tenant_type == ORGANISATION
        ]
        chosen = _chosen(found, claims)
        if not chosen:
            raise NothingToLink(NothingToLink.__doc__)
        if only is not None:
            surplus = [each for each in chosen if each.tenant_id != only]
            await self._give_back(tokens.access_token, surplus)
            # Xero's list is of all that the user ever linked: consenting again is enough.
            chosen = [each for each in found if each.tenant_id == only]
            if not chosen:
                raise WrongOrganisation(WrongOrganisation.__doc__)
        if known_only:
            chosen = await self._known(tokens.access_token, chosen)
        authorization_id = await save_consent(
            self.database,
            self.box,
            _stored(tokens, claims),
            client_id=self.client_id,
            xero_user_id=claims.xero_user_id,
            grant_kind=grant_kind,
        )
        linked = [
            await self._link(each, authorization_id, external_id=external_id, verified=verified)
            for each in chosen
        ]
        await self._heal(found, chosen, authorization_id)
        return tuple(linked)

    async def _known(self, access_token: str, chosen: Sequence[Connection]) -> list[Connection]:
        """Those that are known here; the others are given back.

        Raises:
            UnknownOrganisation: none is.
        """
        known = [each for each in chosen if await is_known(self.database, each.tenant_id)]
        await self._give_back(access_token, [each for each in chosen if each not in known])
        if not known:
            raise UnknownOrganisation(UnknownOrganisation.__doc__)
        return known

    async def _heal(
        self, found: Sequence[Connection], chosen: Sequence[Connection], authorization_id: str
    ) -> None:
        """Bring back what the same tokens cover and what Xero still lists."""
        waiting = set(await tenants_of_authorization(self.database, authorization_id))
        waiting -= {each.tenant_id for each in chosen}
        for each in found:
            if each.tenant_id in waiting:
                await self._link(each, authorization_id)

    async def _give_back(self, access_token: str, surplus: Sequence[Connection]) -> None:
        """Disconnect what this consent was not for. It costs a place of the app's, no more, so
        trouble on the way stops nothing."""
        known = await living_tenants(self.database, [each.tenant_id for each in surplus])
        for each in surplus:
            if each.tenant_id in known:
                continue
            try:
                await self.connections.delete(access_token, each.id)
            except XeroError as error:
                log.warning("surplus_stays", tenant_id=each.tenant_id, error=type(error).__name__)

    async def _link(
        self,
        connection: Connection,
        authorization_id: str,
        *,
        external_id: str | None = None,
        verified: bool = False,
    ) -> LinkedTenant:
        link = NewLink(
            tenant_id=connection.tenant_id,
            authorization_id=authorization_id,
            name=connection.tenant_name,
            xero_connection_id=connection.id,
            external_id=external_id,
            verified=verified,
        )
        try:
            done = await link_tenant(
                self.database, link, endpoints=self.endpoints, now=self.clock.now()
            )
        except TenantNotLinked:
            raise TenantBusy(TenantBusy.__doc__) from None
        # Whoever works for tenants looks at this one now, not at the next poll.
        await self.database.execute(
            "SELECT pg_notify($1, $2)", NOTICE_CHANNEL, connection.tenant_id
        )
        log.info("tenant_linked", tenant_id=connection.tenant_id, first=done.first)
        return LinkedTenant(connection.tenant_id, connection.tenant_name, done.first)


async def is_known(db: Database, tenant_id: TenantId) -> bool:
    """Whether an organisation was linked here, and not forgotten since."""
    return await state_of(db, tenant_id) not in (None, "erased")


def _chosen(found: Sequence[Connection], claims: Claims) -> list[Connection]:
    """Those of this very consent; without a word on which consent it was, all of them."""
    event = claims.authentication_event_id
    if event is None:
        return list(found)
    return [each for each in found if each.auth_event_id == event]


def _stored(tokens: TokenSet, claims: Claims) -> Tokens:
    return Tokens(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_at=tokens.expires_at,
        scopes=tokens.scopes or claims.scopes,
    )
