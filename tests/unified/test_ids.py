"""Ids that anyone can compute, and the hash that says where a tenant lives."""

from uuid import NAMESPACE_URL, UUID, uuid5

import pytest
from aiokafka.partitioner import murmur2 as aiokafkas_murmur2
from hypothesis import given
from hypothesis import strategies as st

from unified.ids import NS_EVENT, NS_RECORD, event_id, record_id
from unified.partition import murmur2, partition_of, relay_shard

TENANT = "2f6c1d7e-9a53-4f0e-8a63-0b3a6a526a5c"
INVOICE = "4f7c9a10-3b52-4a5e-9d1c-7a6b5c4d3e2f"


def test_ids_are_what_the_contract_says() -> None:
    """A consumer that follows the contract finds the same ids without asking us."""
    records = uuid5(NAMESPACE_URL, "urn:ledgerwire:record")
    events = uuid5(NAMESPACE_URL, "urn:ledgerwire:event")

    assert (records, events) == (NS_RECORD, NS_EVENT)
    assert str(NS_RECORD) == "15caa4c0-9610-5a99-a33c-57d750f4924b"
    assert record_id(TENANT, "invoice", INVOICE) == str(
        uuid5(records, f"xero|{TENANT}|invoice|{INVOICE}")
    )
    assert event_id(TENANT, "invoice", INVOICE, 1_790_000_000_000_000, 7, "ab") == str(
        uuid5(events, f"{TENANT}|invoice|{INVOICE}|1790000000000000|7|ab")
    )
    assert event_id(TENANT, "invoice", INVOICE, 1, 8, None) == str(
        uuid5(events, f"{TENANT}|invoice|{INVOICE}|1|8|deleted")
    )


@given(st.text(), st.text())
def test_ids_are_uuids_of_version_five(tenant: str, remote: str) -> None:
    """Computed by hand for speed, equal to the library's for any text."""
    computed = record_id(tenant, "tax_rate", remote)

    assert str(uuid5(NS_RECORD, f"xero|{tenant}|tax_rate|{remote}")) == computed
    assert UUID(computed).version == 5


@given(st.binary(max_size=64))
def test_murmur2_is_kafkas(data: bytes) -> None:
    """Every client in every language must agree on the partition."""
    assert aiokafkas_murmur2(data) == murmur2(data)


@pytest.mark.parametrize(
    ("text", "hashed"),
    [(b"21", -973932308), (b"foobar", -790332482), (b"a-little-bit-long-string", -985981536)],
)
def test_murmur2_gives_kafkas_own_test_values(text: bytes, hashed: int) -> None:
    """Those that Kafka's client is tested with, as signed numbers."""
    assert hashed % 2**32 == murmur2(text)


def test_partitions_and_shards_come_from_the_tenant_alone() -> None:
    """All topics put a tenant into the same partition, however its id is written."""
    hashed = aiokafkas_murmur2(TENANT.encode()) & 0x7FFFFFFF

    assert partition_of(TENANT, 12) == hashed % 12 == partition_of(TENANT.upper(), 12)
    assert relay_shard(TENANT) == hashed % 16
