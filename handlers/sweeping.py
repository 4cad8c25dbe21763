"""Reading on from a cursor, for what no webhook told, and reading up what many webhooks told.

A sweep fixes its starting point before the first page, walks by id where the endpoint can order
so, and walks again when the count shrinks under it: a thing that changes meanwhile can then show
up twice but never be skipped.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.reading import Harvest, Reader
from unified.resource import Resource, TenantContext

OVERLAP = timedelta(seconds=30)
"""A sweep starts this much before the last one's beginning: Xero may stamp a change a little
before it shows it, and clocks differ."""
MOST_PAGES = 200
MOST_WALKS = 3


@dataclass(frozen=True, slots=True)
class Swept:
    """All that one walk through an endpoint's changes brought."""

    harvests: tuple[Harvest, ...]
    calls: int
    complete: bool  #: False: the list kept changing, or was longer than one sweep may be


async def walk(
    reader: Reader,
    context: TenantContext,
    resource: Resource,
    *,
    since: datetime | None,
    purpose: str,
) -> Swept:
    """Read everything stamped after `since`, page by page; all of it where it is None."""
    calls = 0
    harvests: list[Harvest] = []
    for _ in range(MOST_WALKS):
        harvests.clear()
        counted: int | None = None
        for number in range(1, MOST_PAGES + 1):
            harvest, page = await reader.page(
                context, resource, number, since=since, purpose=purpose
            )
            calls += 1
            harvests.append(harvest)
            if counted is not None and page.item_count is not None and page.item_count < counted:
                break  # something left the list, so what followed it moved up: walk again
            counted = page.item_count
            size = resource.endpoint.page_size
            if size is None or len(page.items) < size:
                return Swept(tuple(harvests), calls, complete=True)
    return Swept(tuple(harvests), calls, complete=False)
