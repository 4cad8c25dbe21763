"""A write that is ready to leave, and how it is kept so that another process can go on with it.

What is kept is what the outcome depends on: the request as Xero gets it, byte for byte, and which
things it is about. Whatever was only needed to make the request is not kept.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from unified.codecs import instant_text
from unified.commands import After, Command, Request
from unified.ids import EntityId
from unified.resource import Resource
from unified.resources import by_endpoint, operations_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done.

    Attributes:
        source: the source whose things it is about.
        entity_id, remote_id: of the thing it is about; None: it makes things.
        sent: fields of the record that it writes; what Xero then leaves out of its answer is gone.
        refused: of many things, by their place, the problem of each that does not leave.
        count: how many things were asked for.
        wished: the records as they should be, in the order in which they leave; not kept.
        known: the record as it was; not kept.
    """

    source: Resource
    command: Command
    request: Request
    entity_id: EntityId | None = None
    remote_id: str | None = None
    sent: frozenset[str] = frozenset()
    refused: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    count: int = 1
    wished: Sequence[Mapping[str, Any]] = ()
    known: Mapping[str, Any] | None = None

    @property
    def left(self) -> tuple[int, ...]:
        """The places of the things that leave, in their order."""
        return tuple(place for place in range(self.count) if place not in self.refused)

    @property
    def answer_key(self) -> str | None:
        """Under which Xero's answer lists what is absorbed of it; None: nothing is."""
        made = None if self.command.makes is None else by_endpoint(self.command.makes)
        if made is not None:
            return made.endpoint.item_key
        if self.command.after is After.ANSWER or self.remote_id is None:
            return self.source.endpoint.item_key
        return None

    def look(self, since: datetime) -> str:
        """The address at which to see whether it was done: the thing itself, or what Xero has
        stamped since then (made since then, where it stamps no changes), read from Xero."""
        kind = self.source
        path = f"/v1/{kind.space}/{kind.plural}"
        if self.entity_id is not None:
            return f"{path}/{self.entity_id}?consistency=live"
        stamped = ""
        if kind.updated_key is not None:
            stamped = f"&updated_after={instant_text(since)}"
        elif kind.created_key is not None:
            stamped = f"&created_after={instant_text(since)}"
        return f"{path}?consistency=live{stamped}"

    def kept(self) -> dict[str, Any]:
        """It as plain JSON values, for `load`."""
        body = self.request.body
        as_bytes = isinstance(body, bytes)
        return {
            "endpoint": self.source.endpoint.path,
            "command": self.command.name,
            "method": self.request.method,
            "parts": list(self.request.parts),
            "query": dict(self.request.query),
            "body": b64encode(body).decode() if as_bytes else body,
            "is_bytes": as_bytes,
            "media_type": self.request.media_type,
            "entity_id": self.entity_id,
            "remote_id": self.remote_id,
            "sent": sorted(self.sent),
            "refused": {str(place): dict(problem) for place, problem in self.refused.items()},
            "count": self.count,
        }

    @classmethod
    def load(cls, kept: Mapping[str, Any]) -> "Plan":
        """What `kept` made.

        Raises:
            LookupError: it was made by another version, which knew what this one does not.
        """
        source = by_endpoint(kept["endpoint"])
        if source is None:
            raise LookupError(kept["endpoint"])
        commands = {each.name: each for each in operations_of(source)}
        body = kept["body"]
        return cls(
            source=source,
            command=commands[kept["command"]],
            request=Request(
                method=kept["method"],
                parts=tuple(kept["parts"]),
                query=kept["query"],
                body=b64decode(body) if kept["is_bytes"] else body,
                media_type=kept["media_type"],
            ),
            entity_id=kept["entity_id"],
            remote_id=kept["remote_id"],
            sent=frozenset(kept["sent"]),
            refused={int(place): problem for place, problem in kept["refused"].items()},
            count=kept["count"],
        )
