"""Following topics that nobody has made yet."""

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from ledgerwire.failures import NothingRuns
from ledgerwire.tailing import Wanted, follow_broker
from unified.broker import BrokerSettings


async def test_topics_that_nobody_has_made_are_not_made_by_looking(
    broker: BrokerSettings,
) -> None:
    """A broker may make what is asked for by name, with partitions that are not ours; so what makes
    them is named instead."""
    with pytest.raises(
        NothingRuns, match=r"no topic .*accounts.* and \d+ more yet: `ledgerwire up`"
    ):
        async for _ in follow_broker(broker, Wanted(), asyncio.Event()):
            pass

    admin = AIOKafkaAdminClient(**broker.client_options())
    await admin.start()
    try:
        known = await admin.list_topics()
    finally:
        await admin.close()
    assert not [topic for topic in known if topic.startswith(f"{broker.prefix}.")]
