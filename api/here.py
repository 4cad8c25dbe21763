"""What the operations of the api work with. Put together by whoever wires a process."""

from dataclasses import dataclass

import httpx

from api.absorber import Absorber
from api.consent import ConsentKeeper
from api.feed_watch import FeedWatch
from api.link_rules import LinkRules
from storage.database import Database
from storage.secrets import SecretBox
from unified.clock import Clock
from xero.calling import TokenSource, XeroCalls
from xero.client import XeroClient
from xero.connections import ConnectionsApi
from xero.oauth import OAuthClient
from xero.passing import PassedCalls
from xero.urls import XeroUrls


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The api's side of an installation.

    Attributes:
        public_url: our own address as others see it, without a slash at the end.
        clock: business time.
        webhooks: whether Xero tells us of changes, or sweeps alone find them.
    """

    db: Database
    box: SecretBox
    clock: Clock
    http: httpx.AsyncClient
    urls: XeroUrls
    oauth: OAuthClient
    connections: ConnectionsApi
    tokens: TokenSource
    consents: ConsentKeeper
    calls: XeroCalls
    passed: PassedCalls
    client: XeroClient
    absorber: Absorber
    feed: FeedWatch
    public_url: str
    linking: LinkRules
    webhooks: bool
    tier: str
    store_raw: bool = True
