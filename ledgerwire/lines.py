"""Records of our topics on one line each, for a person: when (UTC), whose, what, which, why."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from unified.codecs import instant_text

_VERBS = {"c": "created", "u": "updated", "d": "deleted", "r": "observed"}
_MOST_FIELDS = 4
_MOST_WORDS = 8
_DULL = ("schema_version", "provider", "completeness", "tenant_name", "at", "as_of", "epoch")
_DULL_ENDS = ("_id", "_url", "_at", "_hash")


def event_line(event: Mapping[str, Any], *, short: bool = False) -> str:
    """A change event. `short` leaves the date out, for who looks on as it happens."""
    at = event["timing"]["published_at"]
    entity, tenant = event["entity"], event["tenant"]
    resource = entity["resource"]
    kind = entity.get("type") if resource == "invoice" else resource
    record = event.get("after") or event.get("before") or {}
    name = entity.get("number") or record.get("name") or entity["id"][:8]
    return (
        f"{at[11:23] if short else at}  {tenant.get('name', tenant['id']):<18.18}  "
        f"{_VERBS.get(event['op'], event['op']):<8} {kind or resource:<14} {name:<19.19} "
        f"#{event['sequence']:<3} {event['cause']['kind']:<9}  {_what(event)}"
    ).rstrip()


def _what(event: Mapping[str, Any]) -> str:
    if event.get("facts"):
        return " ".join(event["facts"])
    moved = dict.fromkeys(path.split("/")[1] for path in event.get("changed_fields", []))
    fields = list(moved)
    return ", ".join(fields[:_MOST_FIELDS]) + (", …" if len(fields) > _MOST_FIELDS else "")


def record_line(topic: str, key: str, value: object, *, kind: str | None, at: datetime) -> str:
    """A record of a state, CRM, control or dead-letter topic; a null value is a tombstone."""
    part = topic.removesuffix(".v1").rsplit(".", 2)
    place = "-".join(part[1:]) if part[-1] == "state" else part[-1]
    words = [f"{instant_text(at)}  {place:<22}", key]
    if kind:
        words.append(kind)
    if value is None:
        words.append("(tombstone)")
    elif isinstance(value, Mapping):
        telling = [f"{name}={held}" for name, held in value.items() if _tells(name, held, key)]
        words.extend(telling[:_MOST_WORDS])
        words.extend("…" for _ in telling[_MOST_WORDS:][:1])
    return " ".join(words)


def _tells(name: str, held: object, key: str) -> bool:
    if name in _DULL or name.endswith(_DULL_ENDS) or held == "":
        return False
    return isinstance(held, int) or (isinstance(held, str) and held not in key)
