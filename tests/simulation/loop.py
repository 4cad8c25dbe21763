"""An event loop whose time is virtual, and programs inside it that can be killed or put to sleep.

Time jumps to the next timer whenever nothing is ready, and what is ready runs in the order in
which it became so, as asyncio promises. Each program's callbacks are told by their context: those
of a killed program never run again, those of a sleeping one run when it wakes. So a kill is a
kill: no `finally` runs, nothing is given back.
"""

import asyncio
import contextlib
import heapq
import warnings
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any, TypeVar

from tests.simulation.determinism import set_virtual_time

T = TypeVar("T")

START_S = 1_000.0


class Stuck(Exception):
    """Nothing is ready and nothing ever will be."""


class Program:
    """What would be a process of its own: its name in traces, and whether it runs."""

    def __init__(self, name: str, loop: "VirtualLoop") -> None:
        self.name = name
        self.killed = False
        self.asleep = False
        self._loop = loop
        self._held: list[asyncio.Handle] = []
        self._ends: list[Callable[[], None]] = []
        self.tasks: list[asyncio.Task[Any]] = []

    @property
    def stands_still(self) -> bool:
        """Whether its callbacks are held back."""
        return self.asleep or self.killed

    def spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Run a coroutine as a part of this program."""
        context = copy_context()
        context.run(_PROGRAM.set, self)
        task = self._loop.create_task(work, context=context)
        self.tasks.append(task)
        return task

    def at_end(self, do: Callable[[], None]) -> None:
        """What the world around does when this program is killed: cut its connections."""
        self._ends.append(do)

    def hold(self, handle: asyncio.Handle) -> None:
        """Keep a callback until the program wakes; for ever if it was killed."""
        self._held.append(handle)

    def sleep(self) -> None:
        """Stop running, as a machine that swaps or a debugger's SIGSTOP does."""
        self.asleep = True

    def wake(self) -> None:
        """Go on where it stopped; whatever came due meanwhile comes now."""
        if self.asleep and not self.killed:
            self.asleep = False
            self._loop.resume(self._held)
            self._held = []

    def kill(self) -> None:
        """End at once."""
        if self.killed:
            return
        self.killed = True
        for do in self._ends:
            do()
        self._ends.clear()


_PROGRAM: ContextVar[Program | None] = ContextVar("program", default=None)


def current_program() -> Program | None:
    """Whose code is running."""
    return _PROGRAM.get()


class _NumberedTask(asyncio.Task[Any]):
    """Hashed by its number: asyncio keeps tasks in sets, whose order must not be their address."""

    def __init__(self, coro: Any, number: int, **options: Any) -> None:
        self.number = number
        super().__init__(coro, **options)

    def __hash__(self) -> int:
        return self.number


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs until a coroutine has ended, in no time at all."""

    _ready: Any

    def __init__(self) -> None:
        super().__init__()
        self._now_s = START_S
        self._tasks_made = 0
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._timers_made = 0
        set_virtual_time(START_S)
        self.set_task_factory(self._make_task)

    def time(self) -> float:
        """Virtual seconds."""
        return self._now_s

    def call_at(  # type: ignore[override]  # asyncio's signature counts the arguments
        self, when: float, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call at this virtual time; those of one instant in the order of their making."""
        made = asyncio.TimerHandle(when, callback, args, self, context)
        self._timers_made += 1
        heapq.heappush(self._timers, (when, self._timers_made, made))
        return made

    def resume(self, handles: list[asyncio.Handle]) -> None:
        """Make held callbacks ready."""
        self._ready.extend(handles)

    def forget(self) -> None:
        """End everything that still runs, without a word: its world is gone."""
        self._ready.clear()
        self._timers.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # what it began while it was closed
            # In the order of their making: asyncio's own set has a past in earlier histories.
            for task in sorted(asyncio.all_tasks(self), key=hash):
                task._log_destroy_pending = False  # type: ignore[attr-defined]  # it was killed
                with contextlib.suppress(Exception, BaseExceptionGroup):
                    task.get_coro().close()
        self._ready.clear()
        self._timers.clear()
        self.close()

    def _make_task(self, loop: Any, coro: Any, **options: Any) -> Any:
        self._tasks_made += 1
        return _NumberedTask(coro, self._tasks_made, loop=loop, **options)

    def _write_to_self(self) -> None:
        """Nobody waits in a selector."""

    def _run_once(self) -> None:
        ready, timers = self._ready, self._timers
        if not ready:
            while timers and timers[0][2].cancelled():
                heapq.heappop(timers)
            if not timers:
                raise Stuck(Stuck.__doc__)
            self._now_s = max(self._now_s, timers[0][0])
            set_virtual_time(self._now_s)
        while timers and timers[0][0] <= self._now_s:
            ready.append(heapq.heappop(timers)[2])
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            program = handle._context.get(_PROGRAM)
            if program is not None and program.stands_still:
                program.hold(handle)
            else:
                handle._run()
