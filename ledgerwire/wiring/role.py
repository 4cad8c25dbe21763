"""What one role brings into the process that runs it. How each is built stands beside this."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.routing import Route

from api.health import Check, Measure

#: Works until the event is set, then ends what is under way and returns.
Loop = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role, put together.

    Attributes:
        routes: what it serves beside the health of the process.
        checks: what must hold for it to be ready, by name.
        measures: figures that `/metrics` asks for at each scrape, by name.
        loops: its work; begun once the schema is up to date.
    """

    routes: tuple[Route, ...] = ()
    checks: Mapping[str, Check] = field(default_factory=dict)
    measures: Mapping[str, Measure] = field(default_factory=dict)
    loops: tuple[Loop, ...] = ()
