"""One role as a process that is started, frozen, killed and started again."""

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.crash.nursery import Nursery
from tests.acceptance.crash.proxy import DatabaseProxy, Question, Trap
from tests.acceptance.crash.wire import Moment

READY_S = 120.0  #: on a machine that does much else
LAST_WORDS = 30  #: lines of its log in a complaint


class Victim:
    """A role's process, and its way to the database.

    Attributes:
        role: what it is told to run.
        port: where it serves.
        pid: of the process that runs, or ran last.
        starts: how often it was started.
    """

    def __init__(
        self,
        role: str,
        proxy: DatabaseProxy,
        *,
        nursery: Nursery,
        port: int,
        environment: Mapping[str, str],
        log: Path,
    ) -> None:
        self.role = role
        self.proxy = proxy
        self.port = port
        self.pid = 0
        self.starts = 0
        self._nursery = nursery
        self._environment = {
            **environment,
            "LEDGERWIRE_PORT": str(port),
            "LEDGERWIRE_DATABASE_URL": proxy.url,
        }
        self._log = log
        self._descriptor: int | None = None
        self._ended = asyncio.Event()
        self._ended.set()

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start it; returns before it is ready."""
        assert self._ended.is_set()
        self.pid = await self._nursery.fork(("run", self.role), self._environment, self._log)
        self.starts += 1
        self._descriptor = os.pidfd_open(self.pid)
        self._ended.clear()
        asyncio.get_running_loop().add_reader(self._descriptor, self._note_end)

    async def ready(self) -> None:
        """Wait until it says that it is ready."""
        async with asyncio.timeout(READY_S), httpx.AsyncClient() as client:
            while True:
                assert not self._ended.is_set(), self.complaint("ended by itself")
                with suppress(httpx.TransportError):
                    answer = await client.get(f"{self.url}/readyz")
                    if answer.status_code == httpx.codes.OK:
                        return
                await asyncio.sleep(0.02)

    def freeze(self) -> None:
        """Let it do nothing more, for now."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on as if nothing had happened."""
        self.proxy.go_on()
        self._signal(signal.SIGCONT)

    async def kill(self) -> None:
        """kill -9; what it has not committed is rolled back when this returns."""
        self._signal(signal.SIGKILL)
        await self._ended.wait()
        self.proxy.cut()

    async def end(self) -> None:
        """SIGTERM, and wait; nothing where it does not run."""
        if not self._ended.is_set():
            self._signal(signal.SIGTERM)
            await self._ended.wait()

    async def reaches(self, question: Question, *, patience_s: float, holds: bool = True) -> Moment:
        """Wait until it takes a step that the question fits; with `holds` it is frozen there.

        Raises:
            TimeoutError: it took no such step in time.
        """
        trap = Trap(question, stop=self.freeze, holds=holds)
        self.proxy.set(trap)
        ended = asyncio.ensure_future(self._ended.wait())
        either: set[asyncio.Future[Any]] = {ended, trap.sprung}
        try:
            async with asyncio.timeout(patience_s):
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            assert trap.sprung.done(), self.complaint("ended by itself")
            return trap.sprung.result()
        finally:
            self.proxy.clear()
            ended.cancel()

    def complaint(self, what: str) -> str:
        """A failure with the program's last words."""
        words = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return "\n".join([f"{self.role} {what}", *words[-LAST_WORDS:]])

    def _signal(self, number: signal.Signals) -> None:
        if self._descriptor is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, number)

    def _note_end(self) -> None:
        if self._descriptor is not None:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None
        self._ended.set()
