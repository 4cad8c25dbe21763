"""Shelves: all records of one kind, in the two orders in which Xero lists them."""

import bisect
import random
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar


class Record(Protocol):
    """What a shelf needs to know of a record."""

    id: str
    updated_ms: int


R = TypeVar("R", bound=Record)


class Shelf(Generic[R]):
    """All records of one kind, kept in order of stamp and in order of id."""

    def __init__(self) -> None:
        self.by_id: dict[str, R] = {}
        self._stamped: list[tuple[int, str]] = []
        self._ids: list[str] = []

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[R]:
        """Oldest change first, then by id: Xero's own order."""
        return (self.by_id[key] for _, key in self._stamped)

    def get(self, record_id: str) -> R | None:
        """The record of that id, if there is one."""
        return self.by_id.get(record_id)

    def put(self, record: R, stamp_ms: int) -> None:
        """Add a record, or move a known one to the place of its new stamp."""
        if record.id in self.by_id:
            del self._stamped[bisect.bisect_left(self._stamped, (record.updated_ms, record.id))]
        else:
            self.by_id[record.id] = record
            bisect.insort(self._ids, record.id)
        record.updated_ms = stamp_ms
        bisect.insort(self._stamped, (stamp_ms, record.id))

    def drop(self, record_id: str) -> None:
        """Take a record away for good: it is in no list any more. Raises KeyError."""
        record = self.by_id.pop(record_id)
        del self._stamped[bisect.bisect_left(self._stamped, (record.updated_ms, record_id))]
        del self._ids[bisect.bisect_left(self._ids, record_id)]

    def stamped(self, since_ms: int | None) -> list[str]:
        """Ids in order of stamp, from that stamp on (inclusive)."""
        start = 0 if since_ms is None else bisect.bisect_left(self._stamped, (since_ms, ""))
        return [key for _, key in self._stamped[start:]]

    def ids(self) -> list[str]:
        """All ids in order."""
        return self._ids

    def pick(self, rng: random.Random, fits: Callable[[R], bool], tries: int = 40) -> R | None:
        """A random record that fits, or None when so many draws found none."""
        for _ in range(tries if self._ids else 0):
            record = self.by_id[rng.choice(self._ids)]
            if fits(record):
                return record
        return None
