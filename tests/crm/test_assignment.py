"""Dealing partitions by name: what a restart may not change."""

from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata

from crm.assignment import ByName

TOPIC = "xero.accounting.invoices.events.v1"
OTHER = "xero.accounting.payments.events.v1"


class Cluster:
    """As much of Kafka's metadata as an assignor asks for: two topics of 12 partitions."""

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        """Return the partitions' numbers; None for an unknown topic."""
        return set(range(12)) if topic in {TOPIC, OTHER} else None


def deal(**names: str) -> dict[str, list[int]]:
    """Return what each named member gets; the arguments are member ids and their names."""
    members = {
        member_id: ConsumerProtocolMemberMetadata.decode(ByName(name).metadata([TOPIC]).encode())
        for member_id, name in names.items()
    }
    dealt = ByName("crm-0").assign(Cluster(), members)
    return {
        names[member_id]: [tp.partition for tp in assignment.partitions()]
        for member_id, assignment in dealt.items()
    }


def test_deal_goes_by_names_and_not_by_ids() -> None:
    """A member that returns under a new id gets what it had, and so do all others."""
    before = deal(id_a="crm-0", id_b="crm-1")
    after = deal(id_c="crm-0", id_b="crm-1")

    assert before == after
    assert before == {"crm-0": [0, 2, 4, 6, 8, 10], "crm-1": [1, 3, 5, 7, 9, 11]}


def test_every_partition_is_dealt_once() -> None:
    """However many members there are, more than partitions included."""
    for count in range(1, 15):
        dealt = deal(**{f"id_{n}": f"crm-{n}" for n in range(count)})

        assert list(range(12)) == sorted(p for partitions in dealt.values() for p in partitions)


def test_member_gets_the_same_numbers_of_every_topic() -> None:
    """All that is known of a tenant lies in one number: one member has it all."""
    members = {
        name: ConsumerProtocolMemberMetadata.decode(ByName(name).metadata([TOPIC, OTHER]).encode())
        for name in ("crm-0", "crm-1", "crm-2")
    }

    for assignment in ByName("crm-0").assign(Cluster(), members).values():
        dealt = dict(assignment.assignment)
        assert dealt[TOPIC] == dealt[OTHER]
