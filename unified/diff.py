"""What counts as a change between two records, and how it is named.

Works on canonical forms only (records less what may move without a change), so that digests and
`changed_fields` can never disagree. It does not decide what a change means: `facts` do, in each
resource's file.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

FINGERPRINT_BYTES = 16
_REF_KEYS = frozenset({"id", "remote_id", "name", "code", "resource"})


def canonical_json(canonical: Mapping[str, Any]) -> bytes:
    """Compact JSON with keys sorted at every level: one text for one content."""
    return msgspec.json.encode(canonical, order="sorted")


def fingerprint_of(brief: list[Any]) -> bytes:
    """A 16-byte digest of a record's values in the table's order, for our own comparisons."""
    text = msgspec.json.encode(brief)
    return hashlib.blake2b(text, digest_size=FINGERPRINT_BYTES).digest()


def content_hash_of(canonical: Mapping[str, Any]) -> str:
    """SHA-256 of a canonical record in hexadecimal, which anyone can recompute."""
    return hashlib.sha256(canonical_json(canonical)).hexdigest()


def changed_paths(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """JSON pointers (RFC 6901) of what differs, in the order of `after`.

    One deviation: elements that carry an id are addressed by it, not by index
    (`/line_items/{id}/quantity`), so that re-ordering is no change. What appeared or vanished is
    named once, as a whole.
    """
    found: list[str] = []
    _compare_objects(before, after, "", found)
    return found


def is_same(before: Any, after: Any) -> bool:
    """Whether two JSON values are equal; 1 is not true."""
    return before is after or (type(before) is type(after) and bool(before == after))


def _compare(before: Any, after: Any, path: str, found: list[str]) -> None:
    """Name what makes two values differ that are not the same."""
    if isinstance(before, dict) and isinstance(after, dict) and not _is_ref(after):
        _compare_objects(before, after, path, found)
    elif isinstance(before, list) and isinstance(after, list):
        _compare_lists(before, after, path, found)
    else:
        found.append(path)


def _compare_objects(
    before: Mapping[str, Any], after: Mapping[str, Any], path: str, found: list[str]
) -> None:
    for key in (*after, *(key for key in before if key not in after)):
        old, new = before.get(key), after.get(key)
        if not is_same(old, new):
            _compare(old, new, f"{path}/{_escaped(key)}", found)


def _compare_lists(before: list[Any], after: list[Any], path: str, found: list[str]) -> None:
    old, new = _by_id(before), _by_id(after)
    if old is None or new is None:
        old = {str(index): item for index, item in enumerate(before)}
        new = {str(index): item for index, item in enumerate(after)}
    for key in (*new, *(key for key in old if key not in new)):
        place = f"{path}/{_escaped(key)}"
        if key not in old or key not in new:
            found.append(place)
        elif not is_same(old[key], new[key]):
            _compare(old[key], new[key], place, found)


def _by_id(items: list[Any]) -> dict[str, Any] | None:
    """Elements by their ids; None where one has none or two share one."""
    found: dict[str, Any] = {}
    for item in items:
        key = item.get("id") if isinstance(item, dict) else None
        if key is None or key in found:
            return None
        found[key] = item
    return found


def _is_ref(value: Mapping[str, Any]) -> bool:
    return "remote_id" in value and "id" in value and value.keys() <= _REF_KEYS


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
