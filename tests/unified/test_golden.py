"""Golden pairs: Xero's JSON as on the wire, and the record that it must become.

The expected side is written by hand. Where it and the code disagree, Xero's documentation and
the unified model say who is right; neither side is made from the other.
"""

import msgspec
import pytest

from tests.unified.books import GOLDEN, NZ, PAIRS, expected, finished, source, wire
from unified.resource import COMMON, STAMPED, TenantContext
from unified.resources import KINDS
from unified.shape import Read


@pytest.mark.parametrize(("name", "pair", "context", "read"), PAIRS)
def test_golden_pair_matches(name: str, pair: str, context: TenantContext, read: Read) -> None:
    """Every field of a record is what a person worked out from Xero's answer."""
    normalized = source(name, pair).normalize(wire(name, pair), context, read)

    assert expected(name, pair) == normalized.record
    above = context.parent.below if context.parent else ""
    assert above + normalized.record["remote_id"] == normalized.remote_id
    assert normalized.record["completeness"] == normalized.completeness


@pytest.mark.parametrize(("name", "pair", "context", "read"), PAIRS)
def test_finished_record_obeys_its_schema(
    name: str, pair: str, context: TenantContext, read: Read
) -> None:
    """What is stored and published validates strictly, keys in the schema's order."""
    resource = source(name, pair)
    record = finished(resource, resource.normalize(wire(name, pair), context, read).record)

    resource.model.model_validate(record)

    assert list(resource.model.model_fields) == list(record)
    assert list(COMMON) == list(record)[: len(COMMON)]
    assert msgspec.json.decode(msgspec.json.encode(record)) == record


def test_every_golden_file_is_used() -> None:
    """A pair that no test reads would rot unseen, and every resource has at least three."""
    on_disk = {(path.parent.name, path.name.split(".")[0]) for path in GOLDEN.glob("*/*.json")}

    assert {(name, pair) for name, pair, *_ in PAIRS} == on_disk
    for resource in KINDS:
        assert sum(name == resource.name for name, *_ in PAIRS) >= 3


@pytest.mark.parametrize(("name", "pair", "context", "read"), PAIRS)
def test_connection_clocks_and_sequence_are_no_content(
    name: str, pair: str, context: TenantContext, read: Read
) -> None:
    """A re-linked tenant's records, or records read again later, are the same content."""
    resource = source(name, pair)
    record = resource.normalize(wire(name, pair), context, read).record
    later = finished(resource, record, version=9) | {
        "connection_id": NZ.tenant_id,
        "remote_url": "https://elsewhere.example",
        "updated_at": "2031-01-01T00:00:00.000Z",
        "created_at": None,
        "completeness": "summary",
    }

    assert resource.fingerprint(record) == resource.fingerprint(later)
    assert resource.content_hash(record) == resource.content_hash(later)
    assert resource.changed_fields(record, later) == []
    assert not set(STAMPED) & set(record)
