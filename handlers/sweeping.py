"""Reading on from a cursor, for what no webhook told, and reading up what many webhooks told.

A sweep fixes its starting point before the first page, walks by id where the endpoint can order
so, and walks again when the count shrinks under it: a thing that changes meanwhile can then show
up twice but never be skipped.
"""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.reading import Harvest, Reader, is_last
from unified.resource import Resource, TenantContext

OVERLAP = timedelta(seconds=30)
"""A sweep starts this much before the last one's beginning, by Xero's clock: it may stamp a change
a little before it shows it."""
MOST_WALKS = 3


@dataclass(frozen=True, slots=True)
class Swept:
    """What one walk through an endpoint's changes took."""

    calls: int
    complete: bool  #: False: the list kept shrinking under it
    clock_lead: timedelta = timedelta(0)  #: how far our clock may be ahead of Xero's


async def walk(
    reader: Reader,
    context: TenantContext,
    resource: Resource,
    *,
    since: datetime | None,
    purpose: str,
    take: Callable[[Harvest], Awaitable[None]],
) -> Swept:
    """Read everything stamped after `since`, page by page; all of it where it is None.

    Each page is given to `take` before the next is asked for, so that a long list is never held
    as a whole; a page may come again, newer.
    """
    calls = 0
    lead = timedelta(0)
    for _ in range(MOST_WALKS):
        counted: int | None = None
        for number in itertools.count(1):
            harvest, page = await reader.page(
                context, resource, number, since=since, purpose=purpose
            )
            calls += 1
            lead = max(lead, page.clock_lead)
            await take(harvest)
            if shrank(counted, page.item_count):
                break  # what followed the thing that left has moved up: walk again
            if is_last(page, number, resource.endpoint):
                return Swept(calls, complete=True, clock_lead=lead)
            counted = page.item_count
    return Swept(calls, complete=False, clock_lead=lead)


def shrank(counted: int | None, counted_now: int | None) -> bool:
    """Whether a list lost things between two of its pages."""
    return counted is not None and counted_now is not None and counted_now < counted
