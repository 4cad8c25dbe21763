"""The shape of events: value, headers, types, ids; and that docs/events.md tells all of it."""

import re
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import pytest

from tests.unified.test_envelope import AFTER, event, headers
from unified.credits import CREDIT_FACTS
from unified.envelope import event_type, state_headers
from unified.ids import NS_EVENT, NS_RECORD, event_id, record_id
from unified.resource import Resource
from unified.resources import RESOURCES

PAGE = (Path(__file__).parent.parent.parent / "docs" / "events.md").read_text(encoding="utf-8")

VALUE = {
    "schema_version", "mapping_version", "event_id", "type", "op", "facts", "tenant", "entity",
    "sequence", "epoch", "tenant_sequence", "before", "after", "changed_fields", "change_class",
    "cause", "source", "links", "timing",
}  # fmt: skip
TIMING = {
    "source_changed_at", "source_event_at", "received_at", "detected_at", "fetched_at",
    "normalized_at", "published_at",
}  # fmt: skip
HEADERS = {
    "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "ce_recordedtime",
    "ce_dataschema", "ce_partitionkey", "ce_sequence", "ce_entityseq", "ce_tenantid",
    "ce_connectionid", "ce_facts", "ce_cause", "ce_correlationid", "content-type",
}  # fmt: skip


def test_value_has_every_field_and_no_other() -> None:
    """`published_at` is the relay's to add, at the end of `timing`, which ends the value."""
    change = event()

    assert set(change) == VALUE
    assert set(change["timing"]) == TIMING - {"published_at"}
    assert list(change)[-1] == "timing"
    assert set(change["tenant"]) == {"id", "provider", "connection_id", "name"}
    assert set(change["entity"]) == {"resource", "id", "remote_id", "type", "number"}
    assert set(change["source"]) == {
        "system", "api", "endpoint", "remote_updated_at", "snapshot", "completeness", "raw_hash",
    }  # fmt: skip
    assert set(change["links"]) == {"self", "proxy"}
    assert change["sequence"] == change["after"]["version"]


def test_headers_are_cloudevents_in_kafkas_binary_mode() -> None:
    """All but the one that the relay adds when it sends."""
    told = headers(before=None, op="r", after=AFTER)
    with_facts = headers()

    assert set(with_facts) | {"ce_recordedtime"} == HEADERS
    assert set(told) <= set(with_facts)
    assert with_facts["ce_specversion"] == "1.0"
    assert with_facts["ce_source"] == f"/xero/{with_facts['ce_tenantid']}"
    assert re.fullmatch(r"\d{20}", with_facts["ce_sequence"])
    assert re.fullmatch(r"\d{20}\.\d{20}", with_facts["ce_entityseq"])


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: each.name)
def test_types_are_the_promised_ones(resource: object) -> None:
    """`io.ledgerwire.{space}.{entity}.{verb}.v1`; a state record's type says so."""
    found = next(each for each in RESOURCES if each is resource)
    verbs = {"c": "created", "u": "updated", "d": "deleted", "r": "observed"}

    space = "directory" if found.name == "user" else "accounting"
    for op, verb in verbs.items():
        assert event_type(found, op) == f"io.ledgerwire.{space}.{found.name}.{verb}.v1"
    of_state = dict(state_headers([("ce_type", event_type(found, "u").encode())]))
    assert of_state["ce_type"].decode() == f"io.ledgerwire.{space}.{found.name}.state.v1"


def test_ids_can_be_recomputed_by_anyone() -> None:
    """From the documented names and nothing else."""
    assert uuid5(NAMESPACE_URL, "urn:ledgerwire:record") == NS_RECORD
    assert uuid5(NAMESPACE_URL, "urn:ledgerwire:event") == NS_EVENT
    assert record_id("t", "invoice", "r") == str(uuid5(NS_RECORD, "xero|t|invoice|r"))
    assert event_id("t", "invoice", "r", 1, 2, "h") == str(uuid5(NS_EVENT, "t|invoice|r|1|2|h"))
    assert event_id("t", "invoice", "r", 1, 2, None) == str(
        uuid5(NS_EVENT, "t|invoice|r|1|2|deleted")
    )


@pytest.mark.parametrize("name", sorted(VALUE | TIMING | HEADERS))
def test_events_page_names_every_field_and_header(name: str) -> None:
    """docs/events.md is what consumers are written from."""
    assert f"`{name}`" in PAGE


def test_events_page_names_every_fact() -> None:
    """A fact that no page names is one that nobody filters for."""
    sources = list((Path(__file__).parent.parent.parent / "unified").rglob("*.py"))
    names = "|".join(each.name for each in RESOURCES)
    facts = {
        fact
        for source in sources
        for fact in re.findall(rf'"((?:{names}|period)\.[a-z_]+)"', source.read_text())
    }
    facts |= {f"credit_note.{fact}" for fact in CREDIT_FACTS}

    assert len(facts) > len(CREDIT_FACTS)
    assert sorted(fact for fact in facts if f"`{fact}`" not in PAGE) == []


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: each.name)
def test_events_page_lists_every_entity_with_its_topics(resource: Resource) -> None:
    """Who subscribes by the page misses nothing."""
    assert f"| `{resource.name}` | `{resource.topic_part}` |" in PAGE
