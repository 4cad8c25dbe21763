"""A PostgreSQL of a test's own whose disk gets full and has room again, in two ways.

`full`: its database lies on a small file system, on which another program writes until nothing is
left. `quota`: no file of its processes may grow beyond a size that its tables have reached. The
first takes the right to mount; the second takes none, so that no machine has to skip this.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import asyncpg
import psutil

from storage.embedded import EmbeddedPostgres
from storage.embedded_user import Identity, ServerUser
from storage.migrate import migrate

SIZE_MB = 64
WRITE = 1024 * 1024  #: bytes at once by the program that fills the disk
GROWN = 20 * 1024 * 1024  #: bytes: above the 16 MiB of a WAL file, which the server itself needs
CAP_SYS_ADMIN = 1 << 21

_ROWS = {
    "delivery": """
        INSERT INTO delivery (id, received_at, body_digest, body, event_count, notice_count,
                              outcome)
        SELECT gen_random_uuid(), now(), '', convert_to(repeat('x', $2::int), 'UTF8'), 0, 0,
               'repeated' FROM generate_series(1, $1::int)""",
    "event": """
        INSERT INTO event (shard, tenant_id, epoch, tenant_sequence, event_id, resource,
                           entity_id, sequence, op, cause, value, headers)
        SELECT 0, gen_random_uuid(), 0, 0, gen_random_uuid(), '', gen_random_uuid(), 0, 'u', '',
               convert_to(repeat('x', $2::int), 'UTF8'), '[]'
          FROM generate_series(1, $1::int)""",
}


class Disk(Protocol):
    """What a database lies on."""

    url: str

    async def fill(self) -> None:
        """Leave no room for a row."""
        ...

    async def make_room(self) -> None:
        """Let everything grow again."""
        ...


@dataclass
class SmallDisk:
    """A file system on which somebody else writes, too."""

    url: str
    folder: Path

    async def fill(self) -> None:
        """Write until nothing more goes on it."""
        with self._file.open("wb", buffering=0) as file:
            for size in (WRITE, 4096):
                with suppress(OSError):
                    while file.write(bytes(size)):
                        pass

    async def make_room(self) -> None:
        """Delete what was written."""
        self._file.unlink()

    @property
    def _file(self) -> Path:
        return self.folder / "of another program"


@dataclass
class Quota:
    """A size that no file of the server may exceed."""

    url: str
    postmaster: int
    user: ServerUser

    async def fill(self) -> None:
        """Let the tables that every delivery and every change grow reach one size, and forbid more.

        They are grown by a transaction that is taken back: its room is not free before a vacuum.
        """
        connection = await asyncpg.connect(self.url)
        try:
            for table in _ROWS:
                await connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
                await self._grow(connection, table)
        finally:
            await connection.close()
        await self._allow(str(GROWN))

    async def make_room(self) -> None:
        """Allow everything."""
        await self._allow("unlimited")

    @staticmethod
    async def _grow(connection: "asyncpg.Connection[asyncpg.Record]", table: str) -> None:
        taken_back = connection.transaction()
        await taken_back.start()
        await connection.execute(_ROWS[table], 15_000, 1_000)
        await connection.execute(_ROWS[table], 12_000, 0)  # into what is left of those pages
        while await connection.fetchval("SELECT pg_relation_size($1::regclass)", table) < GROWN:
            await connection.execute(_ROWS[table], 40, 0)  # a page at most: ends there exactly
        await taken_back.rollback()

    async def _allow(self, size: str) -> None:
        server = psutil.Process(self.postmaster)
        for process in (server, *server.children(recursive=True)):
            # The soft limit alone, and as the server's own user: that takes no right at all.
            soft = ("prlimit", "--pid", str(process.pid), f"--fsize={size}:")
            await _run(*soft, identity=self.user.identity(), must=process is server)


def may_mount() -> bool:
    """Whether this process may mount a file system."""
    status = Path("/proc/self/status")
    if not status.exists():
        return False
    [line] = [each for each in status.read_text().splitlines() if each.startswith("CapEff:")]
    return bool(int(line.split()[1], 16) & CAP_SYS_ADMIN)


KINDS = ("full", "quota") if may_mount() else ("quota",)


@asynccontextmanager
async def small_disk(kind: str) -> AsyncIterator[Disk]:
    """A migrated, empty database on a server of its own, on a disk of that kind."""
    folder = Path(tempfile.mkdtemp(prefix="ledgerwire-tests-"))
    server = EmbeddedPostgres(folder, durable=False)
    url, pid = await server.start()
    try:
        if kind == "quota":
            await migrate(url)
            yield Quota(url, pid, ServerUser.for_cluster(server.cluster))
            return
        async with _mounted(server) as place:
            await _order(url, f"CREATE TABLESPACE small LOCATION '{place}'")
            await _order(url, "CREATE DATABASE small TABLESPACE small")
            own = f"{url.rpartition('/')[0]}/small"
            await migrate(own)
            yield SmallDisk(own, place)
            await _order(url, "DROP DATABASE small WITH (FORCE)")
            await _order(url, "DROP TABLESPACE small")
    finally:
        await server.stop()
        shutil.rmtree(folder)


@asynccontextmanager
async def _mounted(server: EmbeddedPostgres) -> AsyncIterator[Path]:
    """A small file system that belongs to the server's user."""
    user = ServerUser.for_cluster(server.cluster)
    uid = os.geteuid() if user.uid is None else user.uid
    place = Path(tempfile.mkdtemp(prefix="ledgerwire-disk-"))
    options = f"size={SIZE_MB}m,mode=0700,uid={uid}"
    await _run("mount", "-t", "tmpfs", "-o", options, "ledgerwire-tests", str(place))
    try:
        yield place
    finally:
        await _run("umount", "--lazy", str(place))
        await asyncio.to_thread(place.rmdir)


async def _run(*command: str, identity: Identity | None = None, must: bool = True) -> None:
    """Run a command, as somebody else if told so; it may fail unless it `must` not."""

    def run() -> "subprocess.CompletedProcess[str]":
        who = identity or Identity()
        return subprocess.run(command, capture_output=True, text=True, check=False, **who)

    done = await asyncio.to_thread(run)
    assert done.returncode == 0 or not must, done.stderr


async def _order(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
