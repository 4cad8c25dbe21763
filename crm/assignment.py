"""Deal partitions by the members' own stable names, so that a restart changes nothing.

Kafka's usual assignors go by member ids, which are new after each start. The embedded broker lets
a returning member that leads the group deal anew without telling the others: with ids, two
members could then hold the same partitions and nobody the rest. With names the deal comes out as
it was. On Apache Kafka it saves moving partitions about.

Each member gets the same numbers of every topic, so that it has all there is of a tenant.
"""

from collections.abc import Iterable, Mapping

from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import (
    ConsumerProtocolMemberAssignment,
    ConsumerProtocolMemberMetadata,
)

_VERSION = 0


class ByName(AbstractPartitionAssignor):  # type: ignore[misc]  # aiokafka is untyped
    """One member's assignor; all members of a group have to use it, on the same topics.

    An instance where aiokafka expects a class: it calls the same methods, and a member's name has
    to be kept somewhere.
    """

    #: Another name than before topics of credits and payments were read: programs that know them
    #: and programs that do not cannot share a group, since each deals what it knows.
    name = "ledgerwire-by-name-2"

    def __init__(self, member: str) -> None:
        self._member = member.encode()

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """Tell the leader our name with our subscription."""
        return ConsumerProtocolMemberMetadata(_VERSION, sorted(topics), self._member)

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """Deal each topic's partitions in turn to the members in order of their names."""
        order = sorted(members, key=lambda member_id: (members[member_id].user_data, member_id))
        topics = sorted({topic for each in members.values() for topic in each.subscription})
        return {
            member_id: ConsumerProtocolMemberAssignment(
                _VERSION,
                [
                    (t, sorted(cluster.partitions_for_topic(t) or ())[at :: len(order)])
                    for t in topics
                ],
                b"",
            )
            for at, member_id in enumerate(order)
        }

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Nothing to remember: the deal depends on names alone."""
