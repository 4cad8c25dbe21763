"""Work for a caller who may leave before it is done."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.types import Receive

Result = TypeVar("Result")


class CallerLeft(Exception):
    """Nobody is there any more to take the answer."""


async def unless_left(receive: Receive, work: Coroutine[Any, Any, Result]) -> Result:
    """Do it, or break it off as soon as the caller leaves. The request's body must have been read.

    Raises:
        CallerLeft: it was broken off.
    """
    doing, leaving = asyncio.create_task(work), asyncio.create_task(_left(receive))
    try:
        await asyncio.wait({doing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        raise CallerLeft
    finally:
        for task in (doing, leaving):
            task.cancel()
        await asyncio.gather(doing, leaving, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
