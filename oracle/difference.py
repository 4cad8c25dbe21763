"""One disagreement, and the names of all kinds of them.

A difference never holds a whole record: values are cut down to what tells the two sides apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

_LONGEST = 80  #: characters of a value that are kept

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "missing_tenant": "a tenant to be judged has no books",
        "missing_in_mirror": "it stands in the books and not in the mirror",
        "wrong_content_hash": "the content hash is not that of the record's content",
        "missing_on_state": "it stands in the mirror and not on the state topic",
        "extra_in_mirror": "it stands in the mirror and not in the books",
        "extra_on_state": "it stands on the state topic and not in the mirror",
        "wrong_value": "a field of the mirror is not what the books say",
        "stale_state": "the state record's version is not the mirror's",
        "wrong_state": "a field of the state record is not the mirror's",
        "wrong_tombstone": "a state record is null, or is not, against its last event",
        "sequence_gap": "a number of the entity's sequence is absent",
        "sequence_beyond_mirror": "the last event's number is not the mirror's",
        "sequence_conflict": "two different events have one number",
        "wrong_version": "the record in an event does not carry the event's number",
        "tenant_sequence_gap": "a number of the tenant's sequence is absent",
        "tenant_sequence_conflict": "two different events have one tenant number",
        "duplicate_differs": "a second copy of an event is not equal to the first",
        "wrong_order": "a key's events do not come in the order of their numbers",
        "tenant_order": "a tenant's events of one topic do not come in the order of its numbers",
        "no_difference": "before and after are equal in all that counts",
        "no_changed_fields": "an update names no changed field",
        "wrong_changed_fields": "the changed fields are not those that differ",
        "broken_chain": "before is not the previous event's after",
        "last_event_not_mirror": "the last event's after is not the mirror",
        "wrong_facts": "the facts are not those that before and after give",
        "wrong_op": "the operation does not fit before and after",
        "wrong_event_id": "the event id is not the one its content gives",
        "wrong_entity": "the event's entity or its ids do not fit together",
        "wrong_topic": "a record stands on a topic of another resource",
        "wrong_key": "the record's key does not fit its value",
        "wrong_header": "a header does not fit the value",
        "wrong_partition": "a tenant's records stand on more than one partition number",
        "crm_missing": "a payment status is absent",
        "crm_extra": "a payment status stands for something that should have none",
        "crm_wrong_value": "a field of a payment status is not what the books say",
        "unreadable": "a record is not what its topic holds",
    }
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One disagreement.

    Attributes:
        kind: one of `KINDS`.
        tenant, resource, remote_id: what it is about; None where it is about none.
        field: slash-separated way into the record, the name of a header, or "" for the whole.
        expected, found: short values.
    """

    kind: str
    tenant: str | None
    resource: str | None
    remote_id: str | None
    field: str
    expected: Any
    found: Any

    def __post_init__(self) -> None:
        """Refuse a kind without a meaning, and cut the values short."""
        if self.kind not in KINDS:
            raise ValueError(f"no such kind of difference: {self.kind}")
        object.__setattr__(self, "expected", short(self.expected))
        object.__setattr__(self, "found", short(self.found))


@dataclass(frozen=True, slots=True)
class Subject:
    """What differences are about, so that each check says it once."""

    tenant: str | None
    resource: str | None = None
    remote_id: str | None = None

    def differs(
        self, kind: str, field: str = "", *, expected: Any = None, found: Any = None
    ) -> Difference:
        """A difference about this subject."""
        return Difference(kind, self.tenant, self.resource, self.remote_id, field, expected, found)


def short(value: Any) -> Any:
    """A value as it may be shown: scalars, cut; of anything bigger only its size."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Mapping):
        return f"object of {len(value)} fields"
    if isinstance(value, list | tuple | set | frozenset):
        if len(value) <= 4 and all(isinstance(item, str | int | None) for item in value):
            return short(", ".join(sorted(str(item) for item in value)))
        return f"list of {len(value)}"
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
