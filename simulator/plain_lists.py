"""Lists without pages: what endpoints have in common whose every list is whole.

`page` is not looked at there. Lists with pages are listing.py's.
"""

from collections.abc import Callable

from simulator.endpoints import Found, Query, Wire
from simulator.listing import Catalogue, R, select
from simulator.shelf import Shelf
from simulator.wire import fragment

_PAGING = frozenset({"page", "pagesize"})


def listed(
    shelf: Shelf[R], catalogue: Catalogue[R], query: Query, wire: Callable[[R], Wire]
) -> Found:
    """All that a query selects, in one piece. Raises QueryUnreadable."""
    params = {name: value for name, value in query.params.items() if name not in _PAGING}
    chosen = select(shelf, catalogue, params, since_ms=query.since_ms)
    return Found([fragment(wire(record)) for record in chosen.records])


def timeless(query: Query) -> Query:
    """Where nothing is stamped, If-Modified-Since is not looked at."""
    return Query(query.params, None, query.client_id)


def one(wire: Wire) -> Found:
    """One record alone."""
    return Found([fragment(wire)])
