"""Our programs as a user starts them: real processes, their exit codes and what they print."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from ledgerwire.settings import Settings, load
from tests.acceptance.ports import neighbouring_ports

COMMAND_S = 100.0  #: for a command to end by itself, on a machine that is busy
DRAIN_S = 10.0  #: the longest that a role may take to end when told to
READY_S = 60.0
PORTS = 6  #: neighbouring ports that one installation may use


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What stands on the last line."""
        return json.loads(self.out.splitlines()[-1])


@dataclass(frozen=True, slots=True)
class Shell:
    """A user's environment."""

    variables: Mapping[str, str]

    def but(self, **changes: str | None) -> "Shell":
        """The same with other variables (named without the prefix); None leaves one out."""
        changed = {f"LEDGERWIRE_{name.upper()}": value for name, value in changes.items()}
        merged = {**self.variables, **changed}
        return Shell({name: value for name, value in merged.items() if value is not None})

    def settings(self) -> Settings:
        """What our programs read from it."""
        return load(self.variables)[0]

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        """Start `ledgerwire words…`, its output in pipes."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ledgerwire", *words),
            env={**os.environ, **self.variables},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=16 * 1024 * 1024,
            start_new_session=True,
        )

    async def run(self, *words: str) -> Ended:
        """Run a command to its end."""
        program = await self.start(*words)
        try:
            async with asyncio.timeout(COMMAND_S):
                out, err = await program.communicate()
        except TimeoutError:
            program.terminate()  # it ends what it has started
            await program.communicate()
            raise
        finally:
            with suppress(ProcessLookupError):
                program.kill()
        assert program.returncode is not None
        return Ended(program.returncode, out.decode(), err.decode())

    @asynccontextmanager
    async def running(self, *words: str, port: int | None = None) -> AsyncIterator["Running"]:
        """A program that goes on until it is told to stop; with a port: once it is ready."""
        program = Running(await self.start(*words), words)
        try:
            if port is not None:
                await program.ready(port)
            yield program
        finally:
            await program.end()


@dataclass
class Running:
    """A program that goes on until it is told to stop."""

    process: asyncio.subprocess.Process
    words: tuple[str, ...]
    log: list[str] = field(default_factory=list)
    _reading: "asyncio.Task[None] | None" = None

    def __post_init__(self) -> None:
        self._reading = asyncio.create_task(self._read_log())

    async def line(self, *, patience_s: float = READY_S) -> str:
        """The next line it prints."""
        assert self.process.stdout is not None
        async with asyncio.timeout(patience_s):
            text = (await self.process.stdout.readline()).decode()
        assert text, self.complaint("ended early")
        return text

    async def ready(self, port: int) -> None:
        """Wait until it says that it is ready."""
        async with asyncio.timeout(READY_S), httpx.AsyncClient() as client:
            while True:
                assert self.process.returncode is None, self.complaint("ended at once")
                with suppress(httpx.TransportError):
                    answer = await client.get(f"http://127.0.0.1:{port}/readyz")
                    if answer.status_code == httpx.codes.OK:
                        return
                await asyncio.sleep(0.02)

    async def stop(self) -> int:
        """SIGTERM, as a supervisor sends it; returns the exit code.

        Raises:
            TimeoutError: it took longer than a role may.
        """
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(DRAIN_S):
            return await self.process.wait()

    async def end(self) -> None:
        """End it in any case."""
        if self.process.returncode is None:
            try:
                await self.stop()
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        if self._reading is not None:
            await self._reading

    def complaint(self, what: str) -> str:
        """A failure with the program's last words."""
        return "\n".join([f"ledgerwire {' '.join(self.words)} {what}", *self.log[-20:]])

    async def _read_log(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.log.append(line.decode().rstrip())


def installation(simulated: Mapping[str, Any], folder: Path) -> tuple[Shell, int]:
    """An installation in a folder whose Xero is the simulator; returns its environment and port.

    The ports before and after it are free, too.
    """
    port = neighbouring_ports(PORTS) + 1
    base = simulated["base_url"]
    shell = Shell({}).but(
        data_dir=str(folder / "data"),
        port=str(port),
        public_url=f"http://localhost:{port}",
        xero_client_id=simulated["client_id"],
        xero_client_secret=simulated["client_secret"],
        xero_webhook_keys=simulated["webhook_key"],
        # The organisations of `simulate` pay people by Xero: only consent to it shows whom.
        xero_scopes="payroll.employees.read",
        xero_api_url=base,
        xero_identity_url=base,
        xero_login_url=base,
        log_format="json",
    )
    return shell, port
