"""Topics as they stand on a broker, and where a tenant's records lie."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.partitioner import murmur2 as kafkas_murmur2

from crm.topics import ensure_topics
from unified.broker import BrokerSettings
from unified.partition import partition_of, relay_shard
from unified.topics import all_topics, key

EVENTS = (
    "accounting.invoices.events.v1",
    "accounting.contacts.events.v1",
    "accounting.company-info.events.v1",
    "accounting.credit-notes.events.v1",
    "accounting.prepayments.events.v1",
    "accounting.overpayments.events.v1",
    "accounting.payments.events.v1",
    "accounting.accounts.events.v1",
    "accounting.tax-rates.events.v1",
    "accounting.items.events.v1",
    "accounting.tracking-categories.events.v1",
    "accounting.currencies.events.v1",
    "accounting.purchase-orders.events.v1",
    "accounting.quotes.events.v1",
    "accounting.repeating-transactions.events.v1",
    "accounting.transactions.events.v1",
    "accounting.batch-payments.events.v1",
    "accounting.journal-entries.events.v1",
    "accounting.contact-groups.events.v1",
    "accounting.budgets.events.v1",
    "accounting.employees.events.v1",
    "accounting.attachments.events.v1",
    "accounting.reports.events.v1",
    "directory.users.events.v1",
)
STATES = tuple(name.replace(".events.", ".state.") for name in EVENTS)
STATUSES = ("crm.invoice-payment-status.v1", "crm.contact-payment-status.v1")
OTHERS = ("control.v1", "dead.v1")
TENANT = "2b5acf8a-bcfd-4664-9110-367c150ffabe"


async def test_topics_on_the_broker_are_the_promised_ones(
    embedded_broker_settings: BrokerSettings,
) -> None:
    """Made when absent: names, twelve partitions each, and what is kept how long."""
    broker = embedded_broker_settings
    await ensure_topics(broker, all_topics(broker.prefix))
    admin = AIOKafkaAdminClient(**broker.client_options())
    await admin.start()
    try:
        ours = [t for t in await admin.list_topics() if t.startswith(f"{broker.prefix}.")]
        described = {each["topic"]: each for each in await admin.describe_topics(ours)}
        policies = await _policies(admin, ours)
    finally:
        await admin.close()

    names = {f"{broker.prefix}.{name}" for name in (*EVENTS, *STATES, *STATUSES, *OTHERS)}
    assert set(described) == names
    assert {len(each["partitions"]) for each in described.values()} == {12}
    compacted = {f"{broker.prefix}.{name}" for name in (*STATES, *STATUSES)}
    assert {name for name, policy in policies.items() if policy == "compact"} == compacted
    assert {name for name, policy in policies.items() if policy == "delete"} == names - compacted


async def _policies(admin: AIOKafkaAdminClient, topics: list[str]) -> dict[str, str]:
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
    found: dict[str, str] = {}
    for answer in await admin.describe_configs(asked):
        for _, _, _, topic, entries in answer.resources:
            found[topic] = next(entry[1] for entry in entries if entry[0] == "cleanup.policy")
    return found


def test_events_are_kept_for_thirty_days_and_states_for_good() -> None:
    """What a consumer that was away may count on."""
    kept = {
        topic.name.removeprefix("x."): topic.config["retention.ms"] for topic in all_topics("x")
    }

    assert {kept[name] for name in EVENTS} == {str(30 * 24 * 3600 * 1000)}
    assert {kept[name] for name in (*STATES, *STATUSES)} == {"-1"}


@pytest.mark.parametrize("number", range(20))
def test_partition_and_shard_are_kafkas_hash_of_the_tenant(number: int) -> None:
    """Against another implementation of murmur2; capital letters lead to the same place."""
    tenant = f"{number:08x}{TENANT[8:]}"
    positive = kafkas_murmur2(tenant.encode()) & 0x7FFFFFFF

    assert partition_of(tenant, 12) == partition_of(tenant.upper(), 12) == positive % 12
    assert relay_shard(tenant) == relay_shard(tenant.upper()) == positive % 16


def test_key_is_tenant_entity_and_id() -> None:
    """As text, never a JSON object."""
    assert key(TENANT, "company_info", "9c11") == f"{TENANT}:company_info:9c11".encode()
