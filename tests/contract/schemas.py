"""The published schemas as a consumer has them: files in a folder, and a validator over them.

`python -m tests.contract.schemas` keeps an event of each version that has none yet.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft202012Validator, Registry

from tests.unified.books import CONNECTION, NOW, PAIRS, finished, source, wire
from unified.envelope import Cause, Op, build_event, event_schema
from unified.resource import Resource
from unified.schemas.committed import as_text

Document = dict[str, Any]


class Validators:
    """Validators of schemas that refer to one another, each compiled when it is first needed."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._documents = {str(each["$id"]): each for each in documents}
        self._registry = Registry(list(self._documents.items()))
        self._compiled: dict[str, Draft202012Validator] = {}

    def complaints(self, address: str, value: Any) -> list[str]:
        """What the schema of this address has against a value."""
        if address not in self._compiled:
            self._compiled[address] = Draft202012Validator(
                self._documents[address], registry=self._registry, validate_formats=True
            )
        return [
            f"{'/'.join(map(str, error.instance_path))}: {error.message}"
            for error in self._compiled[address].iter_errors(value)
        ]


def golden_records() -> list[tuple[Resource, str, dict[str, Any]]]:
    """Every golden pair's record, whole as it is stored, with its resource and name."""
    made = []
    for name, pair, context, read in PAIRS:
        resource = source(name, pair)
        normalized = resource.normalize(wire(name, pair), context, read)
        made.append((resource, pair, finished(resource, normalized.record)))
    return made


def event_of(
    resource: Resource,
    *,
    op: Op = Op.OBSERVED,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A change event with this record on one side or both."""
    record = after or before or {}
    return build_event(
        resource=resource,
        tenant_id=record["tenant_id"],
        tenant_name="Kauri Joinery",
        connection_id=CONNECTION,
        op=op,
        before=before,
        after=after,
        epoch=1_790_000_000_000_000,
        sequence=2,
        tenant_sequence=18_233,
        cause=Cause(kind="backfill", detected_by="backfill", backfill={"page": 3}).as_dict(),
        received_at=None,
        detected_at=NOW,
        fetched_at=NOW,
        normalized_at=NOW,
    )


EVENTS = Path(__file__).parent / "events"
"""An event of each published version of each resource, as it went out then."""


def keep_events() -> list[Path]:
    """Write an event of each resource's version that has none yet; older ones stay as they are."""
    EVENTS.mkdir(exist_ok=True)
    written = []
    for kind, _, record in golden_records():
        path = EVENTS / event_schema(kind).rpartition("/")[2]
        if not path.exists():
            path.write_text(as_text(event_of(kind, after=record)), encoding="utf-8")
            written.append(path)
    return written


if __name__ == "__main__":
    keep_events()
