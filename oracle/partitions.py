"""All of a tenant on one partition number, on every topic: what lets topics be joined."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from oracle.difference import Difference, Subject
from oracle.inputs import Message


def check_partitions(messages: Iterable[Message]) -> Iterator[Difference]:
    """One difference for each topic on which a tenant strays from its usual partition."""
    places: dict[str, Counter[tuple[str, int]]] = defaultdict(Counter)
    for message in messages:
        places[message.tenant][message.topic, message.partition] += 1
    for tenant, counted in places.items():
        numbers: Counter[int] = Counter()
        for (_, partition), records in counted.items():
            numbers[partition] += records
        usual = max(numbers, key=lambda partition: (numbers[partition], -partition))
        for topic, partition in sorted(counted):
            if partition != usual:
                yield Subject(tenant).differs(
                    "wrong_partition", topic, expected=usual, found=partition
                )
