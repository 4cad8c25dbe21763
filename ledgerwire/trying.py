"""Answers to `setup` tried out at once, so that a wrong one is asked for again, not found later."""

from collections.abc import Mapping

import httpx

from ledgerwire.doctor.finding import Finding, Verdict
from ledgerwire.doctor.kafka import check_kafka
from ledgerwire.doctor.xero import check_app
from ledgerwire.installation import broker_settings, clock_of
from ledgerwire.settings import Settings, load
from storage.errors import LoginRefused, StorageError
from storage.migrate import schema_revision
from xero.oauth import OAuthClient, XeroApp
from xero.urls import XeroUrls


async def try_app(variables: Mapping[str, str]) -> Finding:
    """Whether Xero knows the app."""
    settings = _settings(variables)
    secret = settings.xero_client_secret
    app = XeroApp(
        client_id=settings.xero_client_id or "",
        client_secret=None if secret is None else secret.get_secret_value(),
    )
    urls = XeroUrls(
        api=settings.xero_api_url,
        identity=settings.xero_identity_url,
        login=settings.xero_login_url,
    )
    async with httpx.AsyncClient(follow_redirects=False) as http:
        oauth = OAuthClient(http, urls, app=app, clock=clock_of(settings))
        return await check_app(settings, oauth)


async def try_database(variables: Mapping[str, str]) -> Finding:
    """Whether the database lets us in; one that does not answer may still be started."""
    try:
        await schema_revision(_settings(variables).database_url)
    except LoginRefused as error:
        return Finding("database", Verdict.BAD, str(error).splitlines()[0])
    except StorageError:
        return Finding("database", Verdict.AWAY, "It does not answer now",
                       "`ledgerwire doctor database` tries again")  # fmt: skip
    return Finding("database", Verdict.OK, "It answers")


async def try_kafka(variables: Mapping[str, str]) -> Finding:
    """What is worst of Kafka."""
    found = await check_kafka(broker_settings(_settings(variables), None))
    order = (Verdict.AWAY, Verdict.BAD, Verdict.OK, Verdict.NOTE)
    return min(found, key=lambda each: order.index(each.verdict))


def _settings(variables: Mapping[str, str]) -> Settings:
    return load(variables)[0]
