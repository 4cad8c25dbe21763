"""Roles as one process runs them, over a real database and no Kafka."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from pydantic import SecretStr

from ledgerwire.installation import Installation
from ledgerwire.roles import Prepare, Process
from ledgerwire.settings import Settings
from receiver.server import listen
from storage.database import Database
from storage.secrets import new_key
from unified.broker import BrokerSettings
from unified.clock import OffsetClock

NOWHERE = "127.0.0.1:1"  #: nobody listens there


@asynccontextmanager
async def process_of(
    *roles: str, database_url: str, prepare: Prepare | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """Run these roles, with Kafka and Xero away; gives a client of their HTTP."""
    settings = Settings(
        database_url=database_url,
        kafka=NOWHERE,
        secret_keys=(SecretStr(new_key()),),
        xero_client_id="id",
        xero_client_secret=SecretStr("secret"),
        xero_webhook_keys=(SecretStr("key"),),
        xero_api_url=f"http://{NOWHERE}",
        xero_identity_url=f"http://{NOWHERE}",
        xero_login_url=f"http://{NOWHERE}",
    )
    db = await Database.connect(database_url, min_size=0, max_size=16)
    here = Installation(
        settings, db, database_url, BrokerSettings(bootstrap=NOWHERE), OffsetClock()
    )
    listening, stop = listen("127.0.0.1", 0), asyncio.Event()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    running = asyncio.create_task(
        Process(here).run(frozenset(roles), listening, stop, prepare=prepare)
    )
    try:
        async with httpx.AsyncClient(base_url=url, timeout=30) as client:
            yield client
    finally:
        stop.set()
        try:
            await running
        finally:
            await db.close()
