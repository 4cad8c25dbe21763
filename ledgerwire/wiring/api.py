"""The api as a role: linking by a person's consent, or by the app's own where it has one."""

import asyncio

import structlog

from api.catalogue import catalogue
from api.consent import NothingToLink, TenantBusy
from api.custom_connection import link_custom_connection
from api.documents import document_routes
from api.door import Door
from api.feed_watch import FeedWatch
from api.here import Api
from api.link_files import link_file_routes
from api.link_rules import LinkRules
from api.linking import LinkFlow
from api.routing import operation_route
from handlers.metrics import DriftMetrics
from handlers.reading import Reader
from ledgerwire.installation import Installation
from ledgerwire.settings import Settings
from ledgerwire.wiring.absorber import HandlersAbsorber
from ledgerwire.wiring.role import Role
from ledgerwire.wiring.xero import XeroSide, readable_endpoints
from storage.errors import StorageError
from storage.notices import newest_notice_version
from xero.errors import XeroError
from xero.scopes import asks_to_write, chosen_app_scopes, chosen_scopes

LINK_AGAIN_S = 30.0  #: real time between attempts to link a custom connection

log = structlog.get_logger(__name__)


def api_role(here: Installation, xero: XeroSide, drift: DriftMetrics) -> Role:
    """The operations under /v1, and the link flow; for a custom connection, which nobody consents
    to in a browser, a loop."""
    settings = here.settings
    api = api_of(here, xero, drift)
    door = Door(here.db)
    versioned = operation_route(catalogue(api), door, here.clock)
    if settings.xero_grant == "client_credentials":

        async def link(stop: asyncio.Event) -> None:
            scopes = chosen_app_scopes(settings.xero_scopes, readable_endpoints())
            await _link_custom_connection(xero, stop, scopes=scopes)

        routes = (*document_routes(), versioned)
        return Role(routes=routes, loops=(door.callers.watch, api.feed.run, link))
    flow = LinkFlow(
        oauth=xero.oauth,
        database=here.db,
        box=xero.box,
        consents=xero.consents,
        rules=api.linking,
    )
    linking = (*flow.routes(), *link_file_routes(here.db, api.linking))
    routes = (*document_routes(), *linking, versioned)
    return Role(routes=routes, loops=(door.callers.watch, api.feed.run))


def link_rules(settings: Settings) -> LinkRules:
    """What linking may do here."""
    return LinkRules(
        public_url=settings.public_url,
        scopes=chosen_scopes(settings.xero_scopes, readable_endpoints()),
        return_origins=frozenset(settings.return_origins),
        bare=settings.linking == "open",
        by_browser=settings.xero_grant != "client_credentials",
        writes=asks_to_write(settings.xero_scopes),
    )


def api_of(here: Installation, xero: XeroSide, drift: DriftMetrics) -> Api:
    """What the operations work with. `drift` counts what is odd in answers that are absorbed."""

    async def newest_notice() -> int:
        return await newest_notice_version(here.db)

    reader = Reader(
        client=xero.client,
        metrics=drift,
        newest_notice=newest_notice,
        store_raw=here.settings.store_raw,
        event_raw=here.settings.event_raw,
    )
    return Api(
        db=here.db,
        box=xero.box,
        clock=here.clock,
        http=xero.http,
        urls=xero.urls,
        oauth=xero.oauth,
        connections=xero.connections,
        tokens=xero.tokens,
        consents=xero.consents,
        calls=xero.calls,
        passed=xero.passed,
        client=xero.client,
        absorber=HandlersAbsorber(here.db, reader, here.clock),
        feed=FeedWatch(here.db),
        public_url=here.settings.public_url,
        linking=link_rules(here.settings),
        webhooks=bool(here.settings.xero_webhook_keys),
        tier=here.settings.xero_tier,
        store_raw=here.settings.store_raw,
    )


async def _link_custom_connection(
    xero: XeroSide, stop: asyncio.Event, *, scopes: tuple[str, ...]
) -> None:
    """Link the organisation of a custom connection, as soon as Xero lets us."""
    while not stop.is_set():
        try:
            linked = await link_custom_connection(xero.oauth, xero.consents, scopes=scopes)
        except (XeroError, StorageError, NothingToLink, TenantBusy) as error:
            log.warning(
                "custom_connection_not_linked",
                error=type(error).__name__,
                remedy="check client id, secret and the connection in Xero's portal",
            )
            try:
                await asyncio.wait_for(stop.wait(), LINK_AGAIN_S)
            except TimeoutError:
                continue
            return
        log.info("custom_connection_linked", tenants=[each.tenant_id for each in linked])
        return
