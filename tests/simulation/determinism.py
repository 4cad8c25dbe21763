"""Everything that two runs of one seed could not agree on, held still: clocks, chance, hashes.

For a process of its own: imported before anything of the product, so that whoever takes a clock or
a source of chance from the standard library is given these. Nothing of the product is touched.
"""

import gc
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HASH_SEED = "0"

real_monotonic: Callable[[], float] = time.monotonic
real_process_time: Callable[[], float] = time.process_time

_virtual_s = 0.0
_chance = random.Random(0)  # noqa: S311  # play


def hashes_are_fixed() -> bool:
    """Whether sets of texts have the same order in every run; decided when Python starts."""
    return os.environ.get("PYTHONHASHSEED") == HASH_SEED


def restart_with_fixed_hashes() -> None:
    """Start this very program again, with PYTHONHASHSEED set."""
    arguments = [sys.executable, "-m", "tests.simulation", *sys.argv[1:]]
    os.execve(sys.executable, arguments, {**os.environ, "PYTHONHASHSEED": HASH_SEED})  # noqa: S606  # ourselves


def install() -> None:
    """Replace the standard library's clocks and its source of chance in this process."""
    time.monotonic = virtual_time
    time.perf_counter = virtual_time
    os.urandom = _urandom
    random._urandom = _urandom  # type: ignore[attr-defined]  # what `secrets` takes its bytes from


def begin(seed: str) -> None:
    """Start all chance over from this seed, and keep the collector from running inside."""
    gc.disable()  # a finalizer that runs at another moment would be another history
    _chance.seed(f"{seed}|system")
    random.seed(f"{seed}|jitter")


def virtual_time() -> float:
    """Seconds since the virtual clock's start, as last set."""
    return _virtual_s


def set_virtual_time(seconds: float) -> None:
    """Move the clock of the whole process."""
    global _virtual_s  # noqa: PLW0603  # a process has one clock
    _virtual_s = seconds


def _urandom(size: int) -> bytes:
    return _chance.randbytes(size)


@contextmanager
def outside() -> Iterator[None]:
    """For what happens in some runs of a seed and not in others: it uses up no chance."""
    state = _chance.getstate()
    try:
        yield
    finally:
        _chance.setstate(state)
