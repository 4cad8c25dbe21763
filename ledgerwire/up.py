"""`up`: every role on this machine, in two processes, watched over by this one.

What answers over HTTP runs apart from what computes, so that Xero's webhooks never wait behind
normalizing. Whichever process ends by itself ends the others: a half-running installation would
only look healthy.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import IO

import structlog

from ledgerwire.installation import open_installation
from ledgerwire.secret_keys import secret_box
from ledgerwire.settings import Settings, require_for_work, variable
from ledgerwire.settings_rules import EMBEDDED
from ledgerwire.stopping import unless_stopped
from storage.errors import LoginRefused, StorageUnavailable
from storage.migrate import migrate

GRACE_S = 15.0  #: for a child to drain after SIGTERM

log = structlog.get_logger(__name__)

PROCESSES: tuple[tuple[tuple[str, ...], int], ...] = (
    (("receiver", "api"), 0),  # on LEDGERWIRE_PORT
    (("handlers", "crm"), 1),  # health on the next one
)


async def run_up(settings: Settings, stop: asyncio.Event) -> int:
    """Run until `stop`, or until a role ends by itself; returns 0, or 1 in the latter case.

    A database that is away is waited for by each role: the receiver answers meanwhile.

    Raises:
        SettingsError: a setting that a role needs is missing or wrong.
        LoginRefused, SchemaTooNew: the database is not ours to work on.
        EmbeddedFailed, BrokerDidNotStart: an embedded server did not come up.
    """
    require_for_work(settings)
    if settings.secret_keys:
        secret_box(settings)  # a wrong key is told at once, not by a child
    if settings.kafka == EMBEDDED:
        log.warning("embedded_broker_is_not_durable", remedy=f"set {variable('kafka')}")
    # Held for as long as the children run: embedded servers start once, and no child's end stops
    # what another one needs.
    async with open_installation(settings, connections=1, patient=True) as here:
        if not await unless_stopped(stop, _look_at_schema(here.database_url)):
            return 0
        return await supervise(
            [
                (roles, {**os.environ, variable("port"): str(settings.port + offset)})
                for roles, offset in PROCESSES
            ],
            stop,
        )


async def _look_at_schema(url: str) -> None:
    """Bring the schema up to date, so that no child need; or leave it to them, and the waiting."""
    try:
        await migrate(url)
    except LoginRefused:
        raise
    except StorageUnavailable:
        log.debug("schema_left_to_the_roles")


async def supervise(
    processes: Sequence[tuple[Sequence[str], Mapping[str, str]]], stop: asyncio.Event
) -> int:
    """Run `ledgerwire run ROLES` in each entry's environment; returns 1 if one ended by itself."""
    children = [await start_roles(roles, environment) for roles, environment in processes]
    waits = [asyncio.create_task(child.wait()) for child in children]
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([*waits, stopping], return_when=asyncio.FIRST_COMPLETED)
        return 0 if stop.is_set() else 1
    finally:
        stopping.cancel()
        await asyncio.gather(*(end(child) for child in children))


async def start_roles(
    roles: Sequence[str], environment: Mapping[str, str], *, stderr: IO[bytes] | None = None
) -> asyncio.subprocess.Process:
    """Start roles in a process of their own, which inherits this environment and no other."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ledgerwire",
        "run",
        *roles,
        env=dict(environment),
        stderr=stderr,
        # Ctrl-C reaches this process alone: children drain when told, in their own time.
        start_new_session=True,
    )


async def end(child: asyncio.subprocess.Process, *, grace_s: float = GRACE_S) -> int:
    """Ask a child to stop, wait, and insist after the grace time; returns its exit code."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(child.wait(), grace_s)
        except TimeoutError:
            log.warning("child_killed", pid=child.pid)
            with contextlib.suppress(ProcessLookupError):
                child.kill()
    return await child.wait()
