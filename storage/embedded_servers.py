"""Who starts and who stops the servers embedded in an installation's data folder.

The first process starts them and writes their addresses to `embedded.json` there; every process
that uses them holds a shared lock on that file; whoever can take it alone when leaving stops
them. Locks are the kernel's (flock), so a killed process holds none, and whatever it left behind
is looked at anew: a server that still answers is used on, one that does not is started again.
Knows nothing of any particular server: see storage/embedded.py for PostgreSQL.
"""

import asyncio
import fcntl
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import structlog

from storage.errors import EmbeddedFailed

log = structlog.get_logger(__name__)

TURN_TIMEOUT_S = 120.0  # longest wait for another process that is starting or stopping servers


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """One server that an installation may embed.

    Attributes:
        name: its key in embedded.json, such as "database_url" or "kafka".
        start: starts it and returns (address, process id); ends leftovers of a killed one first.
        stop: stops it, given (address, process id); quietly when it is gone.
        answers: whether the server at (address, process id) works.
    """

    name: str
    start: Callable[[], Awaitable[tuple[str, int]]]
    stop: Callable[[str, int], Awaitable[None]]
    answers: Callable[[str, int], Awaitable[bool]]


class EmbeddedServers:
    """This process's share in the embedded servers of one data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir
        self._share: int | None = None
        self._servers: tuple[EmbeddedServer, ...] = ()

    @property
    def path(self) -> Path:
        """The file with the addresses: {"database_url", "kafka", "pids": {name: pid}}."""
        return self._folder / "embedded.json"

    async def enter(
        self, servers: Sequence[EmbeddedServer], *, others: Sequence[EmbeddedServer] = ()
    ) -> dict[str, str]:
        """Take part: start what does not run yet; returns addresses by server name.

        `others` are servers of the same folder that this process does not need: they are not
        started, but stopped if they still run when it is the last one to leave.

        Raises EmbeddedFailed when a server does not start; no share is kept then.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        turn = await self._take_turn()
        try:
            self._share = _opened(self.path)
            fcntl.flock(self._share, fcntl.LOCK_SH)  # never waits: it is taken alone in turn only
            self._servers = (*servers, *others)
            try:
                return await self._ensure_running(servers)
            except BaseException:
                await self._give_up_share()
                raise
        finally:
            os.close(turn)

    async def leave(self) -> None:
        """End this process's share and, if it was the last one, stop the servers."""
        if self._share is None:
            return
        turn = await self._take_turn()
        try:
            await self._give_up_share()
        finally:
            os.close(turn)

    async def _ensure_running(self, servers: Sequence[EmbeddedServer]) -> dict[str, str]:
        known = self._read()
        running: dict[str, tuple[str, int]] = {
            name: (address, known["pids"].get(name, 0))
            for name, address in known.items()
            if isinstance(address, str)
        }
        for server in servers:
            found = running.get(server.name)
            if found is not None and await server.answers(*found):
                continue
            running[server.name] = await server.start()
            self._write(running)  # at once, so that a later failure loses no running server
        return {server.name: running[server.name][0] for server in servers}

    async def _give_up_share(self) -> None:
        share, self._share = self._share, None
        if share is None:
            return
        try:
            fcntl.flock(share, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # others still use them
        else:
            await self._stop_all(share)
        finally:
            os.close(share)

    async def _stop_all(self, share: int) -> None:
        known = self._read()
        for server in reversed(self._servers):
            if isinstance(address := known.get(server.name), str):
                await server.stop(address, known["pids"].get(server.name, 0))
        os.ftruncate(share, 0)
        with suppress(FileNotFoundError):
            self.path.unlink()

    def _read(self) -> dict[str, Any]:
        """The addresses on file; none if the file is torn, as a killed writer leaves it."""
        with suppress(msgspec.DecodeError, FileNotFoundError):
            known = msgspec.json.decode(self.path.read_bytes())
            if isinstance(known, dict) and isinstance(known.get("pids"), dict):
                return known
        return {"pids": {}}

    def _write(self, running: dict[str, tuple[str, int]]) -> None:
        # In place: a renamed-in file would be another one than the one everybody has locked.
        content: dict[str, Any] = {name: address for name, (address, _) in running.items()}
        content["pids"] = {name: pid for name, (_, pid) in running.items()}
        encoded = msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"
        descriptor = os.open(self.path, os.O_WRONLY)
        with os.fdopen(descriptor, "wb") as file:
            file.write(encoded)
            file.truncate()

    async def _take_turn(self) -> int:
        """Only one process at a time starts or stops servers; returns the turn's descriptor."""
        turn = _opened(self._folder / "embedded.lock")
        try:
            async with asyncio.timeout(TURN_TIMEOUT_S):
                while not _locked(turn):  # noqa: ASYNC110  # another process has it
                    await asyncio.sleep(0.02)
        except TimeoutError:
            os.close(turn)
            raise EmbeddedFailed(
                f"another process has been starting or stopping the servers of {self._folder} "
                f"for {TURN_TIMEOUT_S:g} s"
            ) from None
        except BaseException:
            os.close(turn)
            raise
        return turn


def _opened(path: Path) -> int:
    # Addresses hold a password, so the file is for its owner alone.
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
