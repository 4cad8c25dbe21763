"""Which Kafka partitions somebody owns, and which rows of the tables are in them.

Rows keep their tenant's hash rather than a partition, so they stay right when topics get more
partitions.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from unified.partition import murmur2

#: Rows of these partitions; the arguments are those of `Partitions`.
OWNED: Final = "(tenant_hash % $1) = ANY($2::int[])"


@dataclass(frozen=True, slots=True)
class Partitions:
    """Some partitions of topics that have `count` of them."""

    count: int
    owned: frozenset[int]

    def arguments(self) -> tuple[int, list[int]]:
        return self.count, sorted(self.owned)


@lru_cache(maxsize=65_536)
def tenant_hash(tenant_id: str) -> int:
    """Return the hash that places a tenant: its partition is the remainder by their count."""
    return murmur2(tenant_id.encode()) & 0x7FFFFFFF  # Kafka's toPositive
