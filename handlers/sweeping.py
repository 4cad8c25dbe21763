"""Reading on from a cursor, for what no webhook told, and reading up what many webhooks told.

A sweep fixes its starting point before the first page, walks by id where the endpoint can order
so, and walks again when the count shrinks under it, or when something changed that is listed by
the time of its change: a thing that changes meanwhile can then show up twice but never be skipped.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.reading import Harvest, Reader
from unified.resource import Endpoint, Resource, TenantContext
from xero.paging import first_number, following, is_last

OVERLAP = timedelta(seconds=30)
"""A sweep starts this much before the last one's beginning, by Xero's clock: it may stamp a change
a little before it shows it."""
MOST_WALKS = 3


@dataclass(frozen=True, slots=True)
class Swept:
    """What one walk through an endpoint's changes took."""

    calls: int
    complete: bool  #: False: the list kept shrinking under it
    number: int = 1  #: of its last page, or the last number seen
    clock_lead: timedelta = timedelta(0)  #: how far our clock may be ahead of Xero's


async def walk(  # noqa: PLR0913  # whose, what, from where, for whom
    reader: Reader,
    context: TenantContext,
    resource: Resource,
    *,
    since: datetime | None,
    purpose: str,
    take: Callable[[Harvest], Awaitable[None]],
    begin: int | None = None,
) -> Swept:
    """Read everything stamped after `since`, page by page; all of it where it is None.

    `begin` is what to begin at in place of the first page.

    Each page is given to `take` before the next is asked for, so that a long list is never held
    as a whole; a page may come again, newer.
    """
    calls = 0
    lead = timedelta(0)
    first = first_number(resource.endpoint) if begin is None else begin
    number = first
    for _ in range(MOST_WALKS):
        counted: int | None = None
        began: datetime | None = None
        number = first
        while True:
            harvest, page = await reader.page(
                context, resource, number, since=since, purpose=purpose
            )
            calls += 1
            lead = max(lead, page.clock_lead)
            await take(harvest)
            if shrank(counted, page.item_count):
                break  # what followed the thing that left has moved up: walk again
            if number != first and slid(resource.endpoint, harvest, began):
                break
            began = began or page.told_at
            if is_last(page, number, resource.endpoint):
                return Swept(calls, complete=True, number=number, clock_lead=lead)
            counted = page.item_count
            number = following(page, number, resource.endpoint)
    return Swept(calls, complete=False, number=number, clock_lead=lead)


def slid(endpoint: Endpoint, harvest: Harvest, began: datetime | None) -> bool:
    """Whether pages in the order of their stamps have moved under the reading since `began`, by
    Xero's clock: what changed meanwhile stands at the end, and what followed it has moved up."""
    if endpoint.order is not None or endpoint.offset_key is not None or began is None:
        return False
    stamps = (one.normalized.updated_at for one in harvest.seen)
    return any(stamp is not None and stamp > began for stamp in stamps)


def shrank(counted: int | None, counted_now: int | None) -> bool:
    """Whether a list lost things between two of its pages."""
    return counted is not None and counted_now is not None and counted_now < counted
