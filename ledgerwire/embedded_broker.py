"""The embedded Kafka-compatible broker: a single program that comes in a wheel.

For: trying Ledgerwire out and developing without a Kafka server. Not for: production. It is not
durable: what it received since its last snapshot is lost when it is killed; what it acknowledged
before a `stop` is kept. This module is the only one that knows which program it is (noida-db), so
that it can be replaced.
"""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import psutil
import structlog

from ledgerwire.kafka_ping import LOOPBACK, brokers_known_to, free_ports

log = structlog.get_logger(__name__)

_PACKAGE = "noida_db"
_PROGRAM = "noida-db.exe" if os.name == "nt" else "noida-db"
_LOG_FILE = "server.log"
_POLL_S = 0.005
_PORTS_TRIED = 3


class BrokerDidNotStart(Exception):
    """The embedded broker ended, or did not answer in time; the message says what it printed."""


class PortTaken(BrokerDidNotStart):
    """Somebody else listens on the port."""


@dataclass(frozen=True, slots=True)
class EmbeddedBroker:
    """One running embedded broker.

    Attributes:
        address: ``127.0.0.1:port``, as Kafka clients want it.
        pid: its process id. Whoever knows both may stop it, in this process or in another one.
    """

    address: str
    pid: int
    # Held where the broker was started, so that its exit status is collected there.
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False, compare=False)


def start(data_dir: Path, *, port: int | None = None, deadline_s: float = 30.0) -> EmbeddedBroker:
    """Start a broker on loopback and return once it answers with all its old data loaded.

    It goes on running when this process ends, until somebody calls `stop`. Blocks: call it from
    a thread where an event loop runs.

    Args:
        data_dir: folder for its data and its log; made when absent. One broker per folder.
        port: the port to listen on; a free one when None.
        deadline_s: seconds to wait for its first answer.

    Raises:
        BrokerDidNotStart: it ended at once (PortTaken: because of its port), or never answered.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    if port is not None:
        return _start_at(data_dir, port, deadline_s)
    for _ in range(_PORTS_TRIED - 1):
        # Between choosing a port and listening on it, somebody else may have taken it.
        with contextlib.suppress(PortTaken):
            return _start_at(data_dir, free_ports(1)[0], deadline_s)
    return _start_at(data_dir, free_ports(1)[0], deadline_s)


def stop(broker: EmbeddedBroker, *, deadline_s: float = 30.0) -> None:
    """Ask the broker to save its data and end; wait for it; kill it when the time is over.

    Does nothing when it has already ended. Blocks, like `start`.
    """
    process = _find(broker)
    if process is not None:
        with contextlib.suppress(psutil.NoSuchProcess):
            _save(process, deadline_s)
            process.terminate()
            if not _ends_within(process, deadline_s):
                log.warning("embedded_broker_killed", pid=broker.pid, waited_s=deadline_s)
                process.kill()
                _ends_within(process, deadline_s)
    if broker._process is not None:
        broker._process.wait()


def _save(process: psutil.Process, deadline_s: float) -> None:
    """Let it close its port, and save, before it is told to end.

    Told to end at once, it saves first, and goes on to acknowledge what it then forgets.
    """
    words = process.cmdline()
    data_dir = words[words.index("--data-dir") + 1]
    with _program() as program:
        asked = [program, "stop", "kafka", "--data-dir", data_dir]
        try:
            done = subprocess.run(asked, capture_output=True, timeout=deadline_s, check=False)  # noqa: S603  # as above
        except subprocess.TimeoutExpired:
            log.warning("embedded_broker_silent", pid=process.pid, waited_s=deadline_s)
            return
    if done.returncode:
        log.warning("embedded_broker_not_saved", pid=process.pid, exit_code=done.returncode)


def is_running(broker: EmbeddedBroker) -> bool:
    """Tell whether this very broker still runs (and not some other process with its id)."""
    return _find(broker) is not None


def _start_at(data_dir: Path, port: int, deadline_s: float) -> EmbeddedBroker:
    address = f"{LOOPBACK}:{port}"
    with _program() as program, (data_dir / _LOG_FILE).open("wb") as output:
        # A session of its own: Ctrl-C in a terminal reaches those who use it, not the broker.
        process = subprocess.Popen(  # noqa: S603  # our own dependency's program, no shell
            [program, *_arguments(data_dir, port)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        broker = EmbeddedBroker(address, process.pid, process)
        _wait_until_it_answers(broker, process, data_dir, deadline_s)
    log.info("embedded_broker_started", address=address, pid=process.pid)
    return broker


@contextlib.contextmanager
def _program() -> Iterator[str]:
    """Yield the path of the server's own binary.

    Not the command of the same name on the PATH: that is a wrapper, and ending it leaves the
    server running.
    """
    with resources.as_file(resources.files(_PACKAGE).joinpath(_PROGRAM)) as path:
        if not os.access(path, os.X_OK):
            path.chmod(0o755)  # some installers drop the mode
        yield str(path)


def _arguments(data_dir: Path, port: int) -> list[str]:
    return [
        *("start", "--data-dir", str(data_dir), "--host", LOOPBACK),
        *("--only", "kafka", "--kafka-port", str(port)),
    ]


def _wait_until_it_answers(
    broker: EmbeddedBroker, process: subprocess.Popen[bytes], data_dir: Path, deadline_s: float
) -> None:
    """Return once the broker answered; an open port alone says nothing about its old data."""
    deadline = time.monotonic() + deadline_s
    while (left_s := deadline - time.monotonic()) > 0:
        if process.poll() is not None:
            words = _last_words(data_dir)
            error = PortTaken if "already in use" in words else BrokerDidNotStart
            raise error(f"the embedded broker ended at once: {words}")
        try:
            # In this order: what answers at a port that was taken already is another server.
            if _listens(broker):
                brokers_known_to(broker.address, timeout_s=left_s)
                return
        except (OSError, psutil.NoSuchProcess):
            pass  # it is still starting, or just ended: the next round tells
        time.sleep(_POLL_S)
    stop(broker)
    raise BrokerDidNotStart(f"the embedded broker did not answer within {deadline_s:g} s")


def _listens(broker: EmbeddedBroker) -> bool:
    return any(
        f"{connection.laddr.ip}:{connection.laddr.port}" == broker.address
        for connection in psutil.Process(broker.pid).net_connections("tcp4")
        if connection.status == psutil.CONN_LISTEN
    )


def _last_words(data_dir: Path) -> str:
    lines = (data_dir / _LOG_FILE).read_text(errors="replace").strip().splitlines()
    return " / ".join(lines[-3:]) or "it printed nothing"


def _find(broker: EmbeddedBroker) -> psutil.Process | None:
    try:
        process = psutil.Process(broker.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        _, _, port = broker.address.rpartition(":")
        return process if port in process.cmdline() else None
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None


def _ends_within(process: psutil.Process, deadline_s: float) -> bool:
    """Wait for the end of a process that need not be our child: so no waitpid."""
    deadline = time.monotonic() + deadline_s
    while time.monotonic() < deadline:
        try:
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(_POLL_S)
    return False
