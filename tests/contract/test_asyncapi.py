"""The AsyncAPI document: valid by AsyncAPI's own parser, and as the topics and schemas are.

The parser is a Node.js package, locked beside these tests and fetched once into `.asyncapi/`;
without Node.js and npm that one test is skipped, as the run's last lines say.
"""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledgerwire.asyncapi import asyncapi_document
from ledgerwire.schemas import ASYNCAPI, current
from tests.contract.schemas import event_of, golden_records
from unified.envelope import event_headers
from unified.resources import KINDS
from unified.topics import all_topics

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PARSER = HERE / "asyncapi"

DOCUMENT = asyncapi_document(current())


@pytest.fixture
def parser() -> Path:
    """A folder with the parser and the script that asks it."""
    locked = (PARSER / "package-lock.json").read_bytes()
    folder = ROOT / ".asyncapi" / hashlib.sha256(locked).hexdigest()[:12]
    if not (folder / "ready").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", "check.mjs"):
            shutil.copy(PARSER / name, folder / name)
        _ran("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)
        (folder / "ready").touch()
    shutil.copy(PARSER / "check.mjs", folder / "check.mjs")
    return folder


def _ran(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.needs_npm
@pytest.mark.timeout(300)
def test_asyncapis_own_parser_finds_nothing_wrong(parser: Path, tmp_path: Path) -> None:
    """Neither an error nor a warning; and a small document with one mistake is refused by it."""
    lost = {"address": "control", "messages": {"lost": {"$ref": "#/components/messages/lost"}}}
    broken = {"asyncapi": "3.0.0", "info": DOCUMENT["info"], "channels": {"control": lost}}
    (tmp_path / "broken.json").write_text(json.dumps(broken))
    (tmp_path / ASYNCAPI).write_text(json.dumps(DOCUMENT))

    told = _ran(
        "node", "check.mjs", str(tmp_path / ASYNCAPI), str(tmp_path / "broken.json"), cwd=parser
    )

    assert f"{tmp_path / ASYNCAPI} {len(DOCUMENT['channels'])} channels" in told, told
    assert f"{tmp_path / 'broken.json'} refused" in told, told


def test_channels_are_the_topics_with_their_settings() -> None:
    """Each topic that we make, and no other."""
    topics = {topic.name: topic.config for topic in all_topics("{prefix}")}
    told = {channel["address"]: channel for channel in DOCUMENT["channels"].values()}

    assert set(told) == set(topics)
    for name, channel in told.items():
        kafka = channel["bindings"]["kafka"]
        assert kafka["partitions"] == 12
        said = {
            key: value[0] if isinstance(value, list) else str(value)
            for key, value in kafka["topicConfiguration"].items()
        }
        assert said == dict(topics[name])


def test_every_channel_has_an_operation_that_sends() -> None:
    """From where we stand: we publish, others subscribe."""
    sent = {each["channel"]["$ref"]: each["action"] for each in DOCUMENT["operations"].values()}

    assert sent == dict.fromkeys((f"#/channels/{name}" for name in DOCUMENT["channels"]), "send")


def test_every_reference_leads_somewhere() -> None:
    """Parts of the same name in several schemas were told apart."""
    references = set(_references(DOCUMENT))

    assert len(references) > 100
    for reference in references:
        place: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from _references(each)
    if isinstance(value, list):
        for each in value:
            yield from _references(each)


@pytest.mark.parametrize("kind", KINDS, ids=lambda each: each.name)
def test_schemas_are_the_published_ones(kind: Any) -> None:
    """Field by field: what differs is where references lead."""
    [name] = [f for f in current() if f.startswith(f"{kind.space}.{kind.name}.record.v")]
    there = DOCUMENT["components"]["schemas"][f"{kind.space}.{kind.name}.record"]

    assert list(there["properties"]) == list(current()[name]["properties"])
    assert there["required"] == current()[name]["required"]


def test_headers_are_those_that_events_carry() -> None:
    """`ce_recordedtime` is the relay's to add."""
    kind, _, record = golden_records()[0]
    carried = {name for name, _ in event_headers(event_of(kind, after=record))}
    told = DOCUMENT["components"]["schemas"]["headers.event"]

    assert carried <= set(told["properties"])
    assert set(told["required"]) <= carried
    assert set(told["properties"]) - carried <= {"ce_recordedtime", "ce_facts", "ce_correlationid"}
