"""The event topics: numbers without gaps, in order, and each event a real difference.

Copies of an event are allowed, as the delivery is at least once; they must be equal. What one
event says by itself is checked in `change`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from oracle.change import Change, EntityKey, Version, check_alone, read_change
from oracle.content import moved
from oracle.difference import Difference, Subject
from oracle.facts import check_facts
from oracle.inputs import Message, MirrorRow
from oracle.things import Thing


@dataclass(slots=True)
class Histories:
    """All events, each once, by entity and number, with what was wrong while reading."""

    entities: dict[EntityKey, dict[Version, Change]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    tenants: dict[str, dict[Version, Change]] = field(default_factory=lambda: defaultdict(dict))
    events: int = 0
    duplicates: int = 0
    differences: list[Difference] = field(default_factory=list)


def read_histories(messages: Iterable[Message]) -> Histories:
    """Sort events by entity; `messages` come in the order of each partition."""
    found = Histories()
    highest: dict[tuple[str, int, str], Version] = {}
    furthest: dict[tuple[str, int, str], Version] = {}
    for message in messages:
        change = read_change(message)
        if change is None:
            subject = Subject(message.tenant)
            problem = subject.differs("unreadable", message.topic, expected="an event", found=None)
            found.differences.append(problem)
            continue
        found.events += 1
        first = found.entities[change.entity].get(change.version)
        if first is not None:
            found.duplicates += 1
            found.differences.extend(_copies(first, change))
            continue
        found.entities[change.entity][change.version] = change
        found.differences.extend(check_alone(change))
        found.differences.extend(_tenant_number(found, change))
        place = message.topic, message.partition
        number = change.epoch, change.tenant_sequence
        if change.version < highest.get((*place, message.key), (0, 0)):
            found.differences.append(_late(change, "wrong_order", "sequence", change.sequence))
        elif number < furthest.get((*place, change.entity[0]), (0, 0)):
            found.differences.append(
                _late(change, "tenant_order", "tenant_sequence", change.tenant_sequence)
            )
        for seen, key, value in (
            (highest, message.key, change.version),
            (furthest, change.entity[0], number),
        ):
            seen[(*place, key)] = max(value, seen.get((*place, key), value))
    return found


def _late(change: Change, kind: str, name: str, number: int) -> Difference:
    return change.subject.differs(kind, name, expected="after higher ones", found=number)


def _copies(first: Change, second: Change) -> Iterator[Difference]:
    if first.event_id != second.event_id:
        yield first.subject.differs(
            "sequence_conflict", str(first.sequence), expected=first.event_id,
            found=second.event_id,
        )  # fmt: skip
        return
    (one, one_headers, *one_place), (other, other_headers, *other_place) = (
        first.copy_of(),
        second.copy_of(),
    )
    replayed = "replay" in {one.get("cause", {}).get("kind"), other.get("cause", {}).get("kind")}
    if replayed:
        for value, headers in ((one, one_headers), (other, other_headers)):
            value.pop("cause", None)
            headers.pop("ce_cause", None)
    names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    names += [
        name
        for name in {**one_headers, **other_headers}
        if one_headers.get(name) != other_headers.get(name)
    ]
    if one_place != other_place:
        names.append("topic or key")
    for name in names:
        yield first.subject.differs(
            "duplicate_differs", name, expected="as the first", found="something else"
        )


def _tenant_number(found: Histories, change: Change) -> Iterator[Difference]:
    numbers = found.tenants[change.entity[0]]
    number = change.epoch, change.tenant_sequence
    holder = numbers.setdefault(number, change)
    if holder is not change:
        yield change.subject.differs(
            "tenant_sequence_conflict",
            str(change.tenant_sequence),
            expected=holder.event_id,
            found=change.event_id,
        )


def check_histories(
    found: Histories, mirror: Mapping[Thing, MirrorRow], *, complete: bool, judged: frozenset[str]
) -> Iterator[Difference]:
    """Every history leads without a gap to what the mirror holds.

    `judged` tenants are linked: whatever they announced must still stand in the mirror, unless
    it was erased. Without `complete` the beginning of each history may have aged out.
    """
    yield from found.differences
    if complete:
        for tenant, numbers in found.tenants.items():
            for epoch, number in _gaps(numbers):
                yield Subject(tenant).differs(
                    "tenant_sequence_gap", f"epoch {epoch}", expected=number, found=None
                )
    for entity, changes in found.entities.items():
        yield from _history(entity, changes, complete=complete)
        yield from _ending(entity, changes, mirror.get(entity), linked=entity[0] in judged)
    if complete:
        for thing in mirror.keys() - found.entities.keys():
            yield Subject(*thing).differs(
                "sequence_beyond_mirror", "sequence", expected=mirror[thing].sequence, found=None
            )


def _gaps(numbers: Iterable[Version]) -> Iterator[Version]:
    """Absent numbers below the highest of each epoch; at most the first hundred of a gap."""
    by_epoch: dict[int, set[int]] = defaultdict(set)
    for epoch, number in numbers:
        by_epoch[epoch].add(number)
    for epoch, held in sorted(by_epoch.items()):
        if len(held) != max(held):
            absent = (n for n in range(1, max(held)) if n not in held)
            for number, _ in zip(absent, range(100), strict=False):
                yield epoch, number


def _history(
    entity: EntityKey, changes: Mapping[Version, Change], *, complete: bool
) -> Iterator[Difference]:
    ordered = [changes[version] for version in sorted(changes)]
    previous: Change | None = None
    for change in ordered:
        wanted = 1 if previous is None else previous.sequence + 1
        # A new epoch goes on from a restored backup, so it may repeat numbers but not skip any.
        restored = previous is not None and previous.epoch != change.epoch
        skips = change.sequence > wanted or (change.sequence < wanted and not restored)
        aged_out = previous is None and not complete
        if skips and not aged_out:
            yield Subject(*entity).differs(
                "sequence_gap", "sequence", expected=wanted, found=change.sequence
            )
        yield from _operation(change)
        yield from check_facts(change)
        chained = previous is not None and change.sequence == wanted and not restored
        if chained and previous is not None and not change.body.get("before_omitted"):
            yield from _chain(previous, change)
        previous = change


def _chain(previous: Change, change: Change) -> Iterator[Difference]:
    before, after = change.before, previous.after
    if before is None or after is None:
        if (before is None) != (after is None):
            yield change.subject.differs(
                "broken_chain", "before", expected=after and "a record", found=before and "a record"
            )
        return
    if before.get("version") != previous.sequence:
        yield change.subject.differs(
            "wrong_version", "before/version", expected=previous.sequence,
            found=before.get("version"),
        )  # fmt: skip
    for name in moved(after, before):
        yield change.subject.differs(
            "broken_chain", name, expected=after.get(name), found=before.get(name)
        )


def _operation(change: Change) -> Iterator[Difference]:
    before, after, subject = change.before, change.after, change.subject
    fitting = _fitting(change)
    if change.op not in fitting:
        yield subject.differs("wrong_op", "op", expected=" or ".join(fitting), found=change.op)
    if before is None or after is None:
        return
    fields = moved(before, after)
    if not fields:
        yield subject.differs("no_difference", expected="a difference", found=None)
    named = change.body.get("changed_fields") or []
    if not named:
        yield subject.differs("no_changed_fields", expected=", ".join(fields), found=None)
        return
    roots = {_root(path) for path in named}
    if roots != set(fields):
        yield subject.differs(
            "wrong_changed_fields",
            "changed_fields",
            expected=", ".join(sorted(fields)),
            found=", ".join(sorted(roots)),
        )


def _fitting(change: Change) -> tuple[str, ...]:
    """Operations that fit what stands before and after."""
    before, after = change.before, change.after
    if after is None:
        return ("d",)
    if before is None:
        if change.body.get("before_omitted"):
            return ("d",) if after.get("is_deleted") else ("u",)
        # A thing that is first seen deleted was observed, not created.
        return ("r",) if after.get("is_deleted") else ("c", "r")
    if not after.get("is_deleted"):
        return ("u",)
    if not before.get("is_deleted"):
        return ("d",)
    # Removed in another way than before, such as a deleted draft that is no longer listed.
    return ("u",) if after.get("deletion_kind") == before.get("deletion_kind") else ("u", "d")


def _root(path: str) -> str:
    parts = path.split("/", 2)
    return parts[1].replace("~1", "/").replace("~0", "~") if len(parts) > 1 else path


def _ending(
    entity: EntityKey, changes: Mapping[Version, Change], row: MirrorRow | None, *, linked: bool
) -> Iterator[Difference]:
    last = changes[max(changes)]
    subject = Subject(*entity)
    if row is None:
        if linked and last.after is not None:
            yield subject.differs(
                "sequence_beyond_mirror", "sequence", expected=None, found=last.sequence
            )
        return
    if last.sequence != row.sequence:
        yield subject.differs(
            "sequence_beyond_mirror", "sequence", expected=row.sequence, found=last.sequence
        )
        return
    if last.epoch > row.epoch:
        yield subject.differs(
            "sequence_beyond_mirror", "epoch", expected=row.epoch, found=last.epoch
        )
    if last.after is None:
        yield subject.differs("last_event_not_mirror", expected="a record", found=None)
        return
    for name in moved(row.record, last.after):
        yield subject.differs(
            "last_event_not_mirror",
            name,
            expected=row.record.get(name),
            found=last.after.get(name),
        )
