"""All looks together, or one of them, with what each needs opened for it."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

import httpx

from ledgerwire.doctor.finding import Finding, Verdict
from ledgerwire.embedded_broker import BrokerDidNotStart
from ledgerwire.installation import Installation, open_installation
from ledgerwire.settings import Settings, SettingsError, require_for_work
from storage.errors import EmbeddedFailed, StorageError
from storage.migrate import newest_revision, schema_revision

PARTS = ("database", "kafka", "xero", "webhook")


async def look(
    settings: Settings, parts: Sequence[str] = (), *, url: str | None = None
) -> list[Finding]:
    """Look at these parts, all unless given; `url` is where Xero sends webhooks, if not to
    LEDGERWIRE_PUBLIC_URL. What is embedded is started for it where it does not run.

    Raises:
        SettingsError: the data folder can't be written to.
    """
    chosen = [part for part in PARTS if not parts or part in parts]
    findings: list[Finding] = []
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(follow_redirects=False))
        here = None
        if set(chosen) - {"webhook"}:
            try:
                here = await stack.enter_async_context(
                    open_installation(
                        settings, connections=2, broker="kafka" in chosen, patient=True
                    )
                )
            except (EmbeddedFailed, BrokerDidNotStart) as error:
                part = "database" if isinstance(error, EmbeddedFailed) else "kafka"
                findings.append(_not_started(part, error))
        for part in chosen:
            if part == "webhook":
                from ledgerwire.doctor.webhook import check_webhook

                findings.extend(await check_webhook(settings, http, url=url))
            elif here is not None:
                findings.extend(await _look(part, here, http))
    return findings


async def _look(part: str, here: Installation, http: httpx.AsyncClient) -> list[Finding]:
    if part == "database":
        from ledgerwire.doctor.database import check_database

        return await check_database(here)
    if part == "kafka":
        from ledgerwire.doctor.kafka import check_kafka

        return await check_kafka(here.broker)
    from ledgerwire.doctor.silence import check_silence
    from ledgerwire.doctor.xero import check_xero
    from ledgerwire.wiring.xero import xero_side

    try:
        require_for_work(here.settings)
        async with xero_side(here, lending=False) as xero:
            schema = await _has_schema(here)
            found = await check_xero(here.settings, xero, http, here.clock, schema=schema)
            return [*found, *(await check_silence(here.db) if schema else ())]
    except SettingsError as error:
        return [Finding(part, Verdict.BAD, str(error), "`ledgerwire setup` asks for all of it")]


async def _has_schema(here: Installation) -> bool:
    """Whether the tables are those that this program asks."""
    try:
        return await schema_revision(here.database_url) == newest_revision()
    except StorageError:
        return False


def _not_started(part: str, error: Exception) -> Finding:
    return Finding(part, Verdict.AWAY, str(error).splitlines()[0],
                   "Its log stands in the data folder")  # fmt: skip
