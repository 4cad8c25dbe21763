"""Everything that speaks to Xero, over what the database keeps: shared by api and handlers."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from api.consent import ConsentKeeper
from ledgerwire.installation import Installation
from ledgerwire.secret_keys import secret_box
from ledgerwire.wiring.budget import StoredBudget
from ledgerwire.wiring.tokens import StoredTokens
from storage.call_budget import Kept
from storage.database import Database
from storage.secrets import SecretBox
from unified.resource import Endpoint
from unified.resources import RESOURCES, SOURCES
from xero.calling import XeroCalls
from xero.client import XeroClient
from xero.connections import ConnectionsApi
from xero.limits import ConcurrentCalls
from xero.oauth import OAuthClient, XeroApp
from xero.passing import PassedCalls
from xero.tiers import tier_named
from xero.urls import XeroUrls

HTTP_TIMEOUT = httpx.Timeout(30.0, connect=10.0)  #: seconds; Xero's slowest lists take many
KEPT_SHARE = 0.05  #: of a tenant's day, kept for callers, and as much for the handlers


@dataclass(frozen=True, slots=True, kw_only=True)
class XeroSide:
    """Consent, tokens, limits and calls of one installation."""

    database: Database
    oauth: OAuthClient
    connections: ConnectionsApi
    tokens: StoredTokens
    box: SecretBox
    consents: ConsentKeeper
    budget: StoredBudget
    urls: XeroUrls
    http: httpx.AsyncClient
    calls: XeroCalls
    passed: PassedCalls
    client: XeroClient

    @classmethod
    def build(cls, here: Installation, http: httpx.AsyncClient, *, lending: bool) -> "XeroSide":
        """Put it together; `lending` where api and handlers share the process."""
        settings = here.settings
        assert settings.xero_client_id is not None  # noqa: S101  # required before
        secret = settings.xero_client_secret
        app = XeroApp(
            client_id=settings.xero_client_id,
            client_secret=None if secret is None else secret.get_secret_value(),
        )
        urls = XeroUrls(
            api=settings.xero_api_url,
            identity=settings.xero_identity_url,
            login=settings.xero_login_url,
        )
        oauth = OAuthClient(http, urls, app=app, clock=here.clock)
        connections = ConnectionsApi(http, urls)
        box = secret_box(settings)
        tokens = StoredTokens(here.db, box, oauth=oauth, connections=connections, clock=here.clock)
        share = round(tier_named(settings.xero_tier).calls_a_day * KEPT_SHARE)
        kept = Kept(api=share, handlers=share)
        budget = StoredBudget(here.db, here.clock, kept=kept, pause=here.pause)
        places = ConcurrentCalls(lending=lending)
        calls = XeroCalls(
            http,
            urls,
            tokens=tokens,
            budget=budget,
            database_time=here.db,
            clock=here.clock,
            places=places,
        )
        consents = ConsentKeeper(
            database=here.db,
            box=box,
            connections=connections,
            clock=here.clock,
            client_id=app.client_id,
            endpoints=tuple(resource.endpoint.path for resource in RESOURCES),
        )
        return cls(
            database=here.db,
            oauth=oauth,
            connections=connections,
            tokens=tokens,
            box=box,
            consents=consents,
            budget=budget,
            urls=urls,
            http=http,
            calls=calls,
            passed=PassedCalls(http, urls, tokens=tokens, budget=budget, places=places),
            client=XeroClient(calls),
        )


@asynccontextmanager
async def xero_side(here: Installation, *, lending: bool) -> AsyncIterator[XeroSide]:
    """Xero's side with connections of its own, which end with the block."""
    # httpcore tries to import a package that is not installed (sniffio) several times a request,
    # searching all folders each time; None says at once that there is none.
    sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]  # as Python's manual has it
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
    async with httpx.AsyncClient(
        timeout=HTTP_TIMEOUT, limits=limits, follow_redirects=False
    ) as http:
        yield XeroSide.build(here, http, lending=lending)


def readable_endpoints() -> list[Endpoint]:
    """The endpoints whose scopes a consent must cover."""
    return [resource.endpoint for resource in SOURCES]
