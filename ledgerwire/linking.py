"""`ledgerwire link`: the address to open, and where a name goes with it, a link of its own.

Whoever can run the command has the database, so the name counts as verified.
"""

from datetime import timedelta

from api.link_rules import CONNECT_PATH, NotAllowed
from ledgerwire.acting import commanded
from ledgerwire.failures import JobFailed, WrongUsage
from ledgerwire.installation import open_installation
from ledgerwire.naming import named_tenant
from ledgerwire.settings import Settings
from ledgerwire.wiring.api import link_rules
from storage.link_sessions import SessionAsked, make_session

LIFE = timedelta(days=1)  #: it is sent to somebody, who may sleep over it


async def link_address(settings: Settings, *, external_id: str | None, tenant: str | None) -> str:
    """An address at which a person links an organisation.

    Without a name, an organisation, or the setting that wants it so, anybody's address will do, and
    the database is not asked.

    Args:
        tenant: the only organisation that may be linked: its id, external id or name.

    Raises:
        WrongUsage: the name can't be kept, or there is no such organisation.
        JobFailed: nobody links at a browser here.
        StorageError: the database can't be asked.
    """
    rules = link_rules(settings)
    if not rules.by_browser:
        raise JobFailed("A custom connection links by itself, once it is authorised in Xero")
    if rules.bare and external_id is None and tenant is None:
        return rules.address(CONNECT_PATH)
    try:
        rules.check_external_id(external_id)
    except NotAllowed as error:
        raise WrongUsage(str(error)) from None
    async with open_installation(settings, connections=2, broker=False) as here:
        only = None if tenant is None else (await named_tenant(here.db, tenant)).id
        wanted = SessionAsked(external_id=external_id, tenant_id=only, life=LIFE)
        async with commanded(here.db, "create_link_session", only):
            made = await make_session(here.db, wanted)
    return rules.address(CONNECT_PATH, session=made.token)
