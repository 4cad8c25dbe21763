"""A process that has imported our programs and forks one whenever it is asked to.

For: starting programs often. Importing costs more than a second of CPU, and it is the same each
time; everything else of a start is the programs' own, from `main` on, in a process of its own.
Run as `python -m tests.acceptance.crash.nursery`; speaks JSON, one line for each program.
"""

import asyncio
import gc
import importlib
import json
import os
import pkgutil
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ledgerwire import wiring

#: What `ledgerwire run` imports on its way to work, the late ones too.
_IMPORTED = (
    "aiokafka.admin",
    "alembic.runtime.environment",
    "alembic.script",
    "ledgerwire.cli",
    "ledgerwire.roles",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.ext.asyncio",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.httptools_impl",
    "uvloop",
)


class Nursery:
    """The forking process, seen by whoever asks it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._asking = asyncio.Lock()

    async def fork(self, words: Sequence[str], environment: Mapping[str, str], log: Path) -> int:
        """Start `ledgerwire words…`, its output appended to `log`; returns its process id."""
        order = {"words": list(words), "environment": dict(environment), "log": str(log)}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async with self._asking:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            return int(await self._process.stdout.readline())


@asynccontextmanager
async def nursery() -> AsyncIterator[Nursery]:
    """Run one; when it ends, however that comes, it kills the programs that still run."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.acceptance.crash.nursery"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield Nursery(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def _serve() -> None:
    roles = [each.name for each in pkgutil.iter_modules(wiring.__path__, f"{wiring.__name__}.")]
    for name in (*_IMPORTED, *roles):
        importlib.import_module(name)
    gc.freeze()  # pages that no collector touches stay shared
    children: set[int] = set()
    for line in sys.stdin.buffer:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(order)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        # A child keeps its number until it is collected, so none of these is somebody else's.
        children = {pid} | {each for each in children if os.waitpid(each, os.WNOHANG) == (0, 0)}
    for each in children:
        os.kill(each, signal.SIGKILL)


def _become(order: dict[str, Any]) -> None:
    """Be the program; never returns."""
    from ledgerwire.cli import main

    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor, number in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, number)
    os.environ.update(order["environment"])
    sys.argv = ["ledgerwire", *order["words"]]
    code = 1
    try:
        main()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
