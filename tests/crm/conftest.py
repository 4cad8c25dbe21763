"""A broker for these tests."""

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import noida_db
import pytest

from unified.broker import BrokerSettings

_n = itertools.count(1)


@pytest.fixture(scope="session")
def noida() -> Iterator[str]:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    folder = tempfile.mkdtemp(prefix="lw-crm-noida-")
    binary = Path(noida_db.__file__).parent / "noida-db"
    process = subprocess.Popen(
        [str(binary), "start", "--data-dir", folder, "--host", "127.0.0.1", "--only", "kafka", "--kafka-port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 20
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        assert time.monotonic() < deadline
    yield f"127.0.0.1:{port}"
    process.send_signal(signal.SIGTERM)
    process.wait(30)


@pytest.fixture
def broker(noida: str) -> BrokerSettings:
    return BrokerSettings(bootstrap=noida, prefix=f"t{next(_n)}", partitions=4, embedded=True)
