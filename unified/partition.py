"""Which partition and which relay shard a tenant belongs to.

The hash is Kafka's own murmur2, so every client in every language computes the same number.
A tenant's records stay together on every topic, whatever their keys.
"""

from functools import lru_cache

from unified.topics import RELAY_SHARDS

_SEED = 0x9747B28C
_MIX = 0x5BD1E995
_WORD = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """Kafka's 32-bit MurmurHash2 of `data`, unsigned."""
    hashed = (_SEED ^ len(data)) & _WORD
    whole = len(data) & ~3
    for start in range(0, whole, 4):
        block = int.from_bytes(data[start : start + 4], "little") * _MIX & _WORD
        block = (block ^ (block >> 24)) * _MIX & _WORD
        hashed = hashed * _MIX & _WORD ^ block
    if whole != len(data):
        hashed = (hashed ^ int.from_bytes(data[whole:], "little")) * _MIX & _WORD
    hashed = (hashed ^ (hashed >> 13)) * _MIX & _WORD
    return hashed ^ (hashed >> 15)


def partition_of(tenant_id: str, partitions: int) -> int:
    """The partition, from 0, that holds everything of a tenant on a topic of `partitions`."""
    return _positive(tenant_id) % partitions


def relay_shard(tenant_id: str) -> int:
    """The relay shard, from 0 to 15, that sends everything of a tenant."""
    return _positive(tenant_id) % RELAY_SHARDS


@lru_cache(maxsize=65_536)
def _positive(tenant_id: str) -> int:
    # Kafka's toPositive clears the sign bit; taking the absolute value would differ.
    return murmur2(tenant_id.lower().encode()) & 0x7FFFFFFF
