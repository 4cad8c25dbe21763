"""Linking a custom connection: one organisation, client credentials, no person and no browser.

Xero (Custom connections): paid per organisation, 30-minute tokens, no refresh token; the
organisation was chosen when the connection was authorised in Xero's portal.
"""

from api.consent import ConsentKeeper, LinkedTenant
from xero.oauth import OAuthClient

CLIENT_CREDENTIALS = "client_credentials"


async def link_custom_connection(
    oauth: OAuthClient,
    consents: ConsentKeeper,
    *,
    scopes: tuple[str, ...],
    external_id: str | None = None,
) -> tuple[LinkedTenant, ...]:
    """Link the app's organisation; doing so again changes nothing but the tokens.

    Args:
        scopes: without identity scopes (`xero.scopes.app_scopes_for`); these are also what every
            later token asks for, so they are stored even if Xero's answer leaves them out.

    Raises:
        NothingToLink: the connection was not authorised in the portal yet.
        TenantBusy, XeroError, StorageError.
    """
    tokens = await oauth.client_credentials(scopes)
    return await consents.keep(tokens, external_id=external_id, grant_kind=CLIENT_CREDENTIALS)
