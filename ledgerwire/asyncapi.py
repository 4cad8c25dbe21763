"""The AsyncAPI 3 document: every topic with its key, headers, settings and schema of values.

The schemas are the published ones; AsyncAPI has a place of its own for what several of them share.
"""

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any, Final

from unified.announcements import CONTROL
from unified.resource import Resource
from unified.resources import KINDS
from unified.schemas.writing import Document
from unified.topics import (
    all_topics,
    contact_status_topic,
    control_topic,
    dead_topic,
    events_topic,
    invoice_status_topic,
    state_topic,
)

_PREFIX: Final = "{prefix}"
_DEFS: Final = "#/$defs/"
_PARTITIONS: Final = 12
_BINDING: Final = "0.5.0"
_UUID: Final = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def asyncapi_document(schemas: Mapping[str, Document]) -> Document:
    """What this version publishes on Kafka; `schemas` by the names of their files."""
    channels, operations, messages = {}, {}, dict(_messages())
    for name, (address, tells, of) in sorted(_channels().items()):
        channels[name] = _channel(address, tells, of)
        operations[f"publish.{name}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{name}"},
            "messages": [{"$ref": f"#/channels/{name}/messages/{each}"} for each in of],
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Ledgerwire",
            "version": version("ledgerwire"),
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages,
            "schemas": {**_HEADERS, **components(schemas)},
            "parameters": {
                "prefix": {
                    "description": "First part of every topic, LEDGERWIRE_TOPIC_PREFIX",
                    "default": "xero",
                }
            },
        },
    }


_ABOUT: Final = (
    "Every change in a Xero organisation as a unified event, and the newest record of each thing. "
    "The partition of every topic is Kafka's murmur2 of the lower-case tenant id. Read with "
    "isolation.level=read_committed, and keep the highest (epoch, sequence) of each key."
)
_HEADERS: Final[Mapping[str, Any]] = {
    "headers.event": {
        "type": "object",
        "description": "CloudEvents 1.0 attributes in Kafka's binary mode, all of them texts",
        "properties": {
            "ce_specversion": {"const": "1.0"},
            "ce_id": {"type": "string", "description": "The event's id; a state's ends in -state"},
            "ce_source": {"type": "string", "pattern": f"^/xero/{_UUID}$"},
            "ce_type": {"type": "string"},
            "ce_subject": {"type": "string", "description": "Entity and unified id"},
            "ce_time": {"type": "string", "format": "date-time"},
            "ce_recordedtime": {"type": "string", "format": "date-time"},
            "ce_dataschema": {"type": "string", "format": "uri"},
            "ce_partitionkey": {"type": "string"},
            "ce_sequence": {"type": "string", "pattern": "^[0-9]{20}$"},
            "ce_entityseq": {"type": "string", "pattern": "^[0-9]{20}\\.[0-9]{20}$"},
            "ce_tenantid": {"type": "string"},
            "ce_connectionid": {"type": "string"},
            "ce_cause": {"type": "string"},
            "ce_facts": {"type": "string"},
            "ce_correlationid": {"type": "string"},
            "content-type": {"const": "application/json"},
        },
        "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_sequence"],
    },
    "headers.announcement": {
        "type": "object",
        "properties": {"kind": {"type": "string"}, "content-type": {"const": "application/json"}},
        "required": ["kind"],
    },
}

Channels = dict[str, tuple[str, str, list[str]]]


def _channels() -> Channels:
    """Address, what stands there, and the messages, by the channel's name."""
    found: Channels = {}
    for resource in KINDS:
        name = f"{resource.space}.{resource.topic_part}"
        found[f"{name}.events"] = (
            events_topic(_PREFIX, resource),
            f"Every change of {_plural(resource)}",
            [_name(resource)],
        )
        found[f"{name}.state"] = (
            state_topic(_PREFIX, resource),
            f"The newest record of each of the {_plural(resource)}",
            [f"{_name(resource)}.record", "tombstone"],
        )
    found["crm.invoice-payment-status"] = (
        invoice_status_topic(_PREFIX),
        "Where each invoice or bill stands, what is due, and what settled it",
        ["crm.invoice-payment-status", "tombstone"],
    )
    found["crm.contact-payment-status"] = (
        contact_status_topic(_PREFIX),
        "How each contact stands with us, and we with it",
        ["crm.contact-payment-status", "tombstone"],
    )
    found["control"] = (
        control_topic(_PREFIX),
        "What happens to organisations and to their reading; more kinds may appear at any time",
        [f"control.{name}" for name in CONTROL],
    )
    found["dead"] = (dead_topic(_PREFIX), "What could not be read", ["dead.dead_letter"])
    return found


def _plural(resource: Resource) -> str:
    return resource.plural.replace("_", " ")


def _name(resource: Resource) -> str:
    return f"{resource.space}.{resource.name}"


def _messages() -> Iterable[tuple[str, Document]]:
    yield (
        "tombstone",
        {
            "title": "Nothing is left of this key",
            "payload": {"type": "null"},
            "bindings": _KEY,
        },
    )
    for resource in KINDS:
        yield _name(resource), _message(_name(resource), "headers.event", correlated=True)
        yield (
            f"{_name(resource)}.record",
            _message(f"{_name(resource)}.record", "headers.event", correlated=True),
        )
    for name in ("crm.invoice-payment-status", "crm.contact-payment-status"):
        yield name, _message(name, None)
    for name in (*(f"control.{each}" for each in CONTROL), "dead.dead_letter"):
        yield name, _message(name, "headers.announcement")


def _message(schema: str, headers: str | None, *, correlated: bool = False) -> Document:
    made: Document = {
        "payload": {"$ref": f"#/components/schemas/{schema}"},
        "bindings": _KEY,
    }
    if headers is not None:
        made["headers"] = {"$ref": f"#/components/schemas/{headers}"}
    if correlated:
        made["correlationId"] = {"location": "$message.header#/ce_correlationid"}
    return made


_KEY: Final[Mapping[str, Any]] = {
    "kafka": {
        "key": {
            "type": "string",
            "description": "{tenant}:{entity}:{id}; of the control topic, {tenant}",
        },
        "bindingVersion": _BINDING,
    }
}
_CONFIGS: Final = {topic.name: topic.config for topic in all_topics(_PREFIX)}


def _channel(address: str, tells: str, messages: list[str]) -> Document:
    config: Document = {
        key: int(value) if value.lstrip("-").isdigit() else [value]
        for key, value in _CONFIGS[address].items()
    }
    return {
        "address": address,
        "description": tells,
        "parameters": {"prefix": {"$ref": "#/components/parameters/prefix"}},
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {
            "kafka": {
                "partitions": _PARTITIONS,
                "topicConfiguration": config,
                "bindingVersion": _BINDING,
            }
        },
    }


def components(schemas: Mapping[str, Document]) -> Document:
    """The schemas and their parts under names of their own, all references among these.

    A part that several schemas have alike stands here once, by its own name.
    """
    made: Document = {}
    for file, document in schemas.items():
        family = _family(file)
        names = {
            part: part if made.get(part, of) == of else f"{family}.{part}"
            for part, of in _rewritten_parts(document).items()
        }
        for part, of in document.get("$defs", {}).items():
            made[names[part]] = _rewritten(of, names)
        body = {key: value for key, value in document.items() if key not in {"$schema", "$defs"}}
        body.pop("$id")
        made[family] = _rewritten(body, names)
    return dict(sorted(made.items()))


def _rewritten_parts(document: Document) -> Document:
    parts = document.get("$defs", {})
    return {name: _rewritten(of, {each: each for each in parts}) for name, of in parts.items()}


def _rewritten(schema: Any, names: Mapping[str, str]) -> Any:
    if isinstance(schema, list):
        return [_rewritten(each, names) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _reference(value, names)
        if key == "$ref" and isinstance(value, str)
        else _rewritten(value, names)
        for key, value in schema.items()
    }


def _reference(to: str, names: Mapping[str, str]) -> str:
    name = names[to.removeprefix(_DEFS)] if to.startswith(_DEFS) else _family(to)
    return f"#/components/schemas/{name}"


def _family(file: str) -> str:
    return file.rpartition(".v")[0]
