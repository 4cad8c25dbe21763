"""The demo's processes: a simulator, what listens over HTTP, and what computes."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from cryptography.fernet import Fernet

from ledgerwire.failures import JobFailed, listening
from ledgerwire.settings import Settings, as_environment, load, without_settings
from ledgerwire.up import end, start_roles

READY_S = 60.0  #: for a program to become ready; a cold disk is slow
LOOPBACK = "127.0.0.1"


class StageError(JobFailed):
    """One of the demo's programs did not start; the message says which, and its last words."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """The running simulator, as its own announcement tells."""

    base_url: str
    control_url: str
    client_id: str
    client_secret: str = field(repr=False)
    webhook_key: str = field(repr=False)
    tenants: tuple[tuple[str, str], ...]  #: id and name


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that runs."""

    settings: Settings
    simulated: Simulated
    url: str  #: of receiver and api
    health_url: str  #: of handlers and crm
    logs: Path


def free_ports(count: int) -> list[int]:
    """Loopback ports that were free a moment ago."""
    sockets = [socket.create_server((LOOPBACK, 0)) for _ in range(count)]
    ports = [held.getsockname()[1] for held in sockets]
    for held in sockets:
        held.close()
    return ports


@asynccontextmanager
async def simulator_process(
    environment: Mapping[str, str], *, seed: int, tenants: int, logs: Path
) -> AsyncIterator[Simulated]:
    """`ledgerwire simulate` in a process of its own.

    Raises:
        StageError: it did not come up.
    """
    with (logs / "simulator.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ledgerwire", "simulate", "--json", "--port", "0",
            "--seed", str(seed), "--tenants", str(tenants),
            env={**without_settings(os.environ), **environment},
            stdout=asyncio.subprocess.PIPE, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        try:
            assert process.stdout is not None  # noqa: S101  # asked for above
            async with asyncio.timeout(READY_S):
                line = await process.stdout.readline()
            if not line:
                raise StageError(f"The simulator did not start: {_last_words(logs)}")
            told = json.loads(line)
            yield Simulated(
                base_url=told["base_url"],
                control_url=told["control_url"],
                client_id=told["client_id"],
                client_secret=told["client_secret"],
                webhook_key=told["webhook_key"],
                tenants=tuple((each["tenant_id"], each["name"]) for each in told["tenants"]),
            )
        finally:
            await end(process)


@asynccontextmanager
async def staged(
    folder: Path, *, seed: int, tenants: int, port: int | None
) -> AsyncIterator[Stage]:
    """Start all programs in this order and stop them in the other.

    Raises:
        CannotListen: `port` or the one after it is taken.
        StageError: one of them did not become ready.
    """
    if port:
        for number in (port, port + 1):
            listening(LOOPBACK, number).close()
    logs = folder / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    clock_file = folder / "clock"
    own = {
        "LEDGERWIRE_CLOCK_FILE": str(clock_file),
        "LEDGERWIRE_LOG_FORMAT": "json",
        "LEDGERWIRE_XERO_TIER": "advanced",  # lower ones may not read journals
        "LEDGERWIRE_LOG_LEVEL": os.environ.get("LEDGERWIRE_LOG_LEVEL", "info"),
    }
    async with AsyncExitStack() as stack:
        simulated = await stack.enter_async_context(
            simulator_process(own, seed=seed, tenants=tenants, logs=logs)
        )
        http_port, health_port = (port, port + 1) if port else free_ports(2)
        own |= {
            "LEDGERWIRE_DATA_DIR": str(folder / "data"),
            "LEDGERWIRE_SECRET_KEYS": Fernet.generate_key().decode(),
            "LEDGERWIRE_HOST": LOOPBACK,
            "LEDGERWIRE_PUBLIC_URL": f"http://localhost:{http_port}",
            "LEDGERWIRE_XERO_CLIENT_ID": simulated.client_id,
            "LEDGERWIRE_XERO_CLIENT_SECRET": simulated.client_secret,
            "LEDGERWIRE_XERO_WEBHOOK_KEYS": simulated.webhook_key,
            # Left out of the usual consent, which fails where it is not granted; here it is.
            "LEDGERWIRE_XERO_SCOPES": "write payroll.employees.read accounting.journals.read",
            "LEDGERWIRE_XERO_API_URL": simulated.base_url,
            "LEDGERWIRE_XERO_IDENTITY_URL": simulated.base_url,
            "LEDGERWIRE_XERO_LOGIN_URL": simulated.base_url,
        }
        settings, _ = load({**own, "LEDGERWIRE_PORT": str(http_port)})
        yield Stage(
            settings=settings,
            simulated=simulated,
            url=f"http://localhost:{http_port}",
            health_url=f"http://{LOOPBACK}:{health_port}",
            logs=logs,
        )


@asynccontextmanager
async def programs(stage: Stage) -> AsyncIterator[None]:
    """Receiver and api in one process, handlers and crm in another, until the block ends.

    Raises:
        StageError: one of them did not become ready.
    """
    # Whoever shows the demo may have an installation of their own in this shell's settings.
    environment = {**without_settings(os.environ), **as_environment(stage.settings)}
    ports = (stage.settings.port, int(stage.health_url.rsplit(":", 1)[1]))
    roles = (("receiver", "api"), ("handlers", "crm"))
    children: list[asyncio.subprocess.Process] = []
    async with AsyncExitStack() as stack:
        for names, number in zip(roles, ports, strict=True):
            log = stack.enter_context((stage.logs / f"{'-'.join(names)}.log").open("wb"))
            child = await start_roles(
                names, {**environment, "LEDGERWIRE_PORT": str(number)}, stderr=log
            )
            stack.push_async_callback(end, child)
            children.append(child)
        for child, url in zip(children, (stage.url, stage.health_url), strict=True):
            await _ready(child, f"{url}/readyz", stage.logs)
        yield


async def _ready(child: asyncio.subprocess.Process, url: str, logs: Path) -> None:
    async with httpx.AsyncClient() as client:
        try:
            async with asyncio.timeout(READY_S):
                while True:
                    if child.returncode is not None:
                        raise StageError(f"A program ended at once: {_last_words(logs)}")
                    try:
                        if (await client.get(url)).status_code == httpx.codes.OK:
                            return
                    except httpx.TransportError:
                        pass
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise StageError(
                f"{url} did not become ready within {READY_S:g} s: {_last_words(logs)}"
            ) from None


def _last_words(logs: Path) -> str:
    """What the programs said last to a person, since their logs may be gone with the folder."""
    said = [
        line.removeprefix("ledgerwire: ")
        for log in sorted(logs.glob("*.log"))
        for line in log.read_text(errors="replace").splitlines()
        if line.startswith("ledgerwire: ")
    ]
    return said[-1] if said else "it said nothing; `--keep DIR` keeps the logs"
