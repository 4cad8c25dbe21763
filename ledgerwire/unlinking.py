"""`ledgerwire unlink`: an organisation by its name, and whether it has a link to end."""

from api.unlinking import ENDABLE, Unlinked, Unlinker
from ledgerwire.failures import JobFailed
from ledgerwire.naming import named_tenant
from storage.database import Database
from storage.secrets import SecretBox
from xero.calling import TokenSource
from xero.connections import ConnectionsApi
from xero.oauth import OAuthClient

REASON = "unlinked by ledgerwire unlink"


async def unlink(  # its neighbours, each named where it is passed
    db: Database,
    name: str,
    *,
    tokens: TokenSource,
    connections: ConnectionsApi,
    oauth: OAuthClient,
    box: SecretBox,
) -> Unlinked:
    """Remove the connection at Xero, then stop working for the organisation.

    Raises:
        WrongUsage: no such organisation.
        JobFailed: it is not linked.
        XeroError: Xero is away; nothing was changed here.
    """
    found = await named_tenant(db, name)
    if found.state not in ENDABLE:
        raise JobFailed(f"{found.name or found.id} is {found.state}: there is no link to end")
    unlinker = Unlinker(db=db, box=box, tokens=tokens, connections=connections, oauth=oauth)
    return await unlinker.unlink(found, reason=REASON)
