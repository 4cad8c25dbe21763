"""The embedded servers: shared by processes, surviving kills, stopped by the last one out."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from storage.embedded import EmbeddedPostgres, answers, embedded_database
from storage.embedded_servers import EmbeddedServer, EmbeddedServers
from storage.embedded_user import ServerUser, runnable_binaries
from storage.errors import EmbeddedFailed


@pytest.fixture
async def folder() -> AsyncIterator[Path]:
    """A data folder that only its owner may enter; its server is ended at last."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)
        await EmbeddedPostgres(Path(name)).stop()


class Lamp:
    """A server of the simplest kind: it counts how often it was started and stopped."""

    def __init__(self, name: str, *, broken: bool = False) -> None:
        self.name = name
        self.broken = broken
        self.starts = self.stops = 0

    @property
    def lit(self) -> bool:
        """Whether it runs."""
        return self.starts > self.stops

    def server(self) -> EmbeddedServer:
        """The lamp as an embedded server."""
        return EmbeddedServer(self.name, self._start, self._stop, self._answers)

    async def _start(self) -> tuple[str, int]:
        if self.broken:
            raise EmbeddedFailed("no light")
        self.starts += 1
        return f"{self.name}:{self.starts}", 1

    async def _stop(self, _address: str, _pid: int) -> None:
        self.stops += 1

    async def _answers(self, address: str, _pid: int) -> bool:
        return self.lit and address == f"{self.name}:{self.starts}"


async def test_data_survive_a_restart(folder: Path) -> None:
    """What was committed is there after the server was stopped and started."""
    server = EmbeddedPostgres(folder)
    url, _ = await server.start()
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    await connection.close()

    await server.stop()
    assert not await answers(url)
    url, _ = await server.start()

    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT number FROM kept") == 7
    await connection.close()


async def test_server_asks_for_the_password_and_stays_on_loopback(folder: Path) -> None:
    """Other users of the machine can't come in, and other machines can't even knock."""
    url, _ = await EmbeddedPostgres(folder, durable=False).start()
    password = (folder / "postgres.password").read_text()

    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(url.replace(password, "guessed"))
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SHOW listen_addresses") == "127.0.0.1"
    assert await connection.fetchval("SHOW unix_socket_directories") == ""
    await connection.close()
    assert (folder / "postgres.password").stat().st_mode & 0o077 == 0


async def test_killed_server_starts_again(folder: Path) -> None:
    """After kill -9 of the server its folder is usable: the stale pid file is no obstacle."""
    server = EmbeddedPostgres(folder)
    url, pid = await server.start()
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE kept AS SELECT 7 AS number")

    os.kill(pid, signal.SIGKILL)
    url, again = await server.start()

    assert again != pid
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT number FROM kept") == 7
    await connection.close()


async def test_foreign_process_number_in_the_pid_file_is_no_obstacle(folder: Path) -> None:
    """After a power cut the pid on file may belong to any program: it is left alone."""
    server = EmbeddedPostgres(folder, durable=False)
    await server.start()
    await server.stop()
    (server.cluster / "postmaster.pid").write_text(f"{os.getpid()}\n{server.cluster}\n")

    url, _ = await server.start()

    assert await answers(url)


async def test_interrupted_first_start_is_repeated(folder: Path) -> None:
    """A folder that initdb had only half filled when it was killed is made anew."""
    server = EmbeddedPostgres(folder, durable=False)
    server.cluster.mkdir()
    (server.cluster / "base").mkdir()
    (server.cluster / "postgresql.conf").write_text("torn")

    url, _ = await server.start()

    assert await answers(url)


async def test_broken_folder_is_told_with_the_servers_own_words(folder: Path) -> None:
    """A server that can't start is an error that quotes its log."""
    server = EmbeddedPostgres(folder, durable=False)
    await server.start()
    await server.stop()
    (server.cluster / "PG_VERSION").write_text("9\n")

    with pytest.raises(EmbeddedFailed, match=r"(?i)version"):
        await server.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends a user")
async def test_root_lends_a_user_and_opens_no_folder(folder: Path) -> None:
    """As root the server runs unprivileged though the folder above stays closed to it."""
    _, pid = await EmbeddedPostgres(folder, durable=False).start()

    assert os.stat(f"/proc/{pid}").st_uid != 0  # noqa: PTH116  # nothing to wait for
    assert os.stat(folder).st_mode & 0o777 == 0o700  # noqa: PTH116  # nothing to wait for


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends a user")
async def test_folder_keeps_its_user(folder: Path) -> None:
    """A folder that was made for one lent user goes on with it, whoever else exists by now."""
    server = EmbeddedPostgres(folder, durable=False)
    server.cluster.mkdir(mode=0o700)
    os.chown(server.cluster, 65534, 65534)

    _, pid = await server.start()

    assert os.stat(f"/proc/{pid}").st_uid == 65534  # noqa: PTH116  # nothing to wait for


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends a user")
def test_unreachable_binaries_are_copied_once(folder: Path) -> None:
    """Where the lent user can't reach the wheel (a clone below /root), it gets a copy."""
    binaries = folder / "wheel" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "postgres").write_text("x")
    user = ServerUser(uid=65534, gid=65534)

    first, second = (runnable_binaries(binaries, user) for _ in range(2))

    try:
        assert first == second != binaries
        assert (first / "postgres").read_text() == "x"
        assert first.parent.stat().st_mode & 0o777 == 0o755
    finally:
        (first / "postgres").unlink()
        first.rmdir()
        first.parent.rmdir()


async def test_first_one_starts_and_last_one_stops(folder: Path) -> None:
    """Servers start once and live until nobody uses them."""
    lamp = Lamp("database_url")
    first, second = EmbeddedServers(folder), EmbeddedServers(folder)

    addresses = await asyncio.gather(first.enter([lamp.server()]), second.enter([lamp.server()]))
    assert [*addresses] == [{"database_url": "database_url:1"}] * 2
    on_file = msgspec.json.decode(first.path.read_bytes())
    assert on_file == {"database_url": "database_url:1", "pids": {"database_url": 1}}
    assert first.path.stat().st_mode & 0o077 == 0

    await first.leave()
    assert lamp.lit
    await second.leave()
    await second.leave()
    assert (lamp.starts, lamp.stops) == (1, 1)
    assert not first.path.exists()


async def test_stale_file_of_a_killed_installation_is_overcome(folder: Path) -> None:
    """Addresses where nobody answers, or half a file, only mean that servers have to start."""
    lamp = Lamp("kafka")
    for left in ('{"kafka": "gone:9", "pids": {"kafka": 9}}', '{"kafka": "tor', ""):
        (folder / "embedded.json").write_text(left)
        servers = EmbeddedServers(folder)

        assert await servers.enter([lamp.server()]) == {"kafka": f"kafka:{lamp.starts}"}
        await servers.leave()

    assert lamp.starts == lamp.stops == 3


async def test_failed_start_leaves_nothing_running(folder: Path) -> None:
    """When the second server fails, the first is stopped again and the next try is free."""
    lamp, broken = Lamp("database_url"), Lamp("kafka", broken=True)
    servers = EmbeddedServers(folder)

    with pytest.raises(EmbeddedFailed):
        await servers.enter([lamp.server(), broken.server()])

    assert not lamp.lit
    broken.broken = False
    await servers.enter([lamp.server(), broken.server()])
    assert (lamp.starts, broken.starts) == (2, 1)
    await servers.leave()


_HOLDER = """
import asyncio, pathlib, sys
from storage.embedded import embedded_database
from storage.embedded_servers import EmbeddedServers

async def main():
    folder = pathlib.Path(sys.argv[1])
    print((await EmbeddedServers(folder).enter([embedded_database(folder)]))["database_url"])
    sys.stdout.flush()
    sys.stdin.read()

asyncio.run(main())
"""


@pytest.fixture
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that started the embedded PostgreSQL and holds its share."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


async def test_killed_holder_leaves_a_server_that_the_next_one_uses(
    folder: Path, holder: subprocess.Popen[str]
) -> None:
    """kill -9 of the process that started the server: the server goes on, and is stopped by the
    next process that leaves."""
    assert holder.stdout is not None
    url = ""
    while not url.startswith("postgresql://"):  # log lines come first
        url = (await asyncio.to_thread(holder.stdout.readline)).strip()
    servers = EmbeddedServers(folder)

    holder.send_signal(signal.SIGKILL)
    holder.wait()

    assert await servers.enter([embedded_database(folder)]) == {"database_url": url}
    await servers.leave()
    assert not await answers(url)
