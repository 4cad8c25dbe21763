"""Books against mirror, and mirror against state topics: every thing, and nothing else."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from oracle.books import TenantBooks
from oracle.common import Setting
from oracle.content import content_hash, moved
from oracle.difference import Difference, Subject
from oracle.expected import expected_record, space_of, topic_fits
from oracle.ids import key_of, thing_id
from oracle.inputs import Message, MirrorRow
from oracle.match import mismatches
from oracle.reports import is_settled

Thing = tuple[str, str, str]  #: tenant, resource, remote id
#: Kinds of removal after which the thing may be absent from the books.
_MAY_BE_ABSENT = frozenset({"deleted", "merged", "missing", "erased"})
#: Kinds of removal that end a thing on its state topic.
_ENDED = frozenset({"missing", "erased"})


def check_mirror(
    books: Mapping[str, TenantBooks], mirror: Mapping[Thing, MirrorRow], today: Mapping[str, date]
) -> Iterator[Difference]:
    """Everything in the books of the judged tenants stands rightly in the mirror, alone."""
    for tenant, day in today.items():
        held = books.get(tenant)
        if held is None:
            yield Subject(tenant).differs("missing_tenant", expected="books", found=None)
            continue
        setting = Setting(tenant, held.base_currency, day)
        known = set()
        has_ledger = any(
            owner == tenant and kind == "journal_entry" and row.record.get("kind") == "system"
            for (owner, kind, _), row in mirror.items()
        )
        for resource, remote_id, raw in held.things():
            known.add((tenant, resource, remote_id))
            row = mirror.get((tenant, resource, remote_id))
            subject = Subject(tenant, resource, remote_id)
            if row is None and _may_lack(resource, raw, has_ledger=has_ledger):
                continue
            if row is None:
                yield subject.differs("missing_in_mirror", expected="a record", found=None)
                continue
            wanted = expected_record(resource, raw, setting)
            for field, expected, found in mismatches(wanted, row.record):
                yield subject.differs("wrong_value", field, expected=expected, found=found)
        yield from _extra_rows(tenant, known, mirror)


def _may_lack(resource: str, raw: Mapping[str, Any], *, has_ledger: bool) -> bool:
    """Whether a thing need not be known: reports are kept where somebody asked for them, and few
    apps may read the general ledger; who may, has all of it."""
    return resource == "report" or ("JournalID" in raw and not has_ledger)


def _extra_rows(
    tenant: str, known: set[Thing], mirror: Mapping[Thing, MirrorRow]
) -> Iterator[Difference]:
    for thing, row in mirror.items():
        if thing[0] != tenant or thing in known:
            continue
        if row.record.get("deletion_kind") not in _MAY_BE_ABSENT and not is_settled(row.record):
            yield Subject(*thing).differs("extra_in_mirror", expected=None, found="a record")


def check_states(
    mirror: Mapping[Thing, MirrorRow], states: Mapping[tuple[str, str], Message]
) -> Iterator[Difference]:
    """The latest state records are the mirror's records, at the same versions."""
    by_key: dict[str, Message] = {}
    for message in states.values():
        problem = _misplaced(message)
        if problem is not None:
            yield problem
        else:
            by_key[message.key] = message
    for thing, row in mirror.items():
        yield from _sealed(Subject(*thing), row)
        key = key_of(thing[0], thing[1], thing_id(*thing))
        yield from _state_of(Subject(*thing), row, by_key.pop(key, None))
    for message in by_key.values():
        # A tombstone of what the mirror does not hold is an erased thing's.
        if message.value is not None:
            yield _subject(message).differs("extra_on_state", expected=None, found="a record")


def _sealed(subject: Subject, row: MirrorRow) -> Iterator[Difference]:
    """The record carries its row's number and the hash that anyone can recompute."""
    version, hashed = row.record.get("version"), row.record.get("content_hash")
    if version != row.sequence:
        yield subject.differs("wrong_version", "version", expected=row.sequence, found=version)
    wanted = content_hash(row.record)
    if hashed != wanted:
        yield subject.differs("wrong_content_hash", "content_hash", expected=wanted, found=hashed)


def _state_of(subject: Subject, row: MirrorRow, message: Message | None) -> Iterator[Difference]:
    ended = row.record.get("deletion_kind") in _ENDED
    if message is None:
        if not ended:
            yield subject.differs("missing_on_state", expected="a record", found=None)
        return
    if (message.value is None) != ended:
        yield subject.differs(
            "wrong_tombstone",
            expected="a tombstone" if ended else "a record",
            found="a tombstone" if message.value is None else "a record",
        )
        return
    if message.value is None:
        yield from _headers(subject, row, message)
        return
    version = message.value.get("version")
    if version != row.sequence:
        yield subject.differs("stale_state", "version", expected=row.sequence, found=version)
    yield from _headers(subject, row, message)
    for field in moved(row.record, message.value):
        yield subject.differs(
            "wrong_state",
            field,
            expected=row.record.get(field),
            found=message.value.get(field),
        )
    if message.value.get("content_hash") != row.record.get("content_hash"):
        yield subject.differs(
            "wrong_state",
            "content_hash",
            expected=row.record.get("content_hash"),
            found=message.value.get("content_hash"),
        )


def _headers(subject: Subject, row: MirrorRow, message: Message) -> Iterator[Difference]:
    """What headers there are say the same; tombstones carry the number too."""
    found = dict(message.headers)
    tenant, resource = str(subject.tenant), str(subject.resource)
    wanted = {
        "ce_specversion": "1.0",
        "ce_source": f"/xero/{tenant}",
        "ce_type": f"io.ledgerwire.{space_of(resource)}.{resource}.state.v1",
        "ce_subject": message.key.partition(":")[2].replace(":", "/"),
        "ce_partitionkey": message.key,
        "ce_tenantid": tenant,
    }
    for name, value in wanted.items():
        if found.get(name, value) != value:
            yield subject.differs("wrong_header", name, expected=value, found=found[name])
    number = found.get("ce_entityseq")
    if number is not None and entity_number(number) != (row.epoch, row.sequence):
        value = f"{row.epoch}.{row.sequence}"
        yield subject.differs("wrong_header", "ce_entityseq", expected=value, found=number)


def _misplaced(message: Message) -> Difference | None:
    subject = _subject(message)
    if message.unreadable:
        return subject.differs("unreadable", expected="a JSON object", found="something else")
    resource = subject.resource or ""
    if not topic_fits(message.topic, resource, "state"):
        return subject.differs("wrong_topic", expected=resource, found=message.topic)
    if message.value is None:
        return None
    value = message.value
    key = key_of(*(str(value.get(name)) for name in ("tenant_id", "resource", "id")))
    if key != message.key:
        return subject.differs("wrong_key", "key", expected=key, found=message.key)
    return None


def _subject(message: Message) -> Subject:
    tenant, _, rest = message.key.partition(":")
    resource = rest.partition(":")[0]
    value: Mapping[str, Any] = message.value or {}
    return Subject(tenant, resource, value.get("remote_id") or rest.partition(":")[2])


def entity_number(text: str) -> tuple[int, int] | None:
    """(epoch, sequence) of a header; None when it is none."""
    epoch, point, sequence = text.partition(".")
    if not point or not epoch.isdecimal() or not sequence.isdecimal():
        return None
    return int(epoch), int(sequence)
