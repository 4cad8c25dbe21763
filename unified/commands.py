"""What Xero lets one do with a thing beside reading it: the words in which a resource file says it.

Values and pure functions only: a `Command` says what is asked of Xero, in which states that is
legal, and where the thing's record is to be had afterwards. Nothing is sent here. What of a record
goes into a body is the resource's own business (`Resource.denormalize`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel

from unified.entries import Entry
from unified.vocabulary import DenormalizeError, Endpoint

Record = Mapping[str, Any]
#: What a caller sent with a command: its body, and the values of its path by their names there.
Words = Mapping[str, Any]
Content = Callable[[Endpoint, Record, Words], Any]

#: Elements in one call (Xero: Requests and responses, about 50 are advised).
MOST: Final = 50
_NAMED: Final = re.compile(r"\{(\w+)\}")
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Kind(StrEnum):
    """How a command is reached through our API."""

    CREATE = "create"  #: POST to the resource
    UPDATE = "update"  #: PATCH of a thing
    COMMAND = "command"  #: below a thing, by a path of its own


class After(StrEnum):
    """Where the thing's record is to be had once Xero has done it."""

    ANSWER = "answer"  #: in the answer, as whole as a read of it alone
    SINGLE = "single"  #: by reading it alone
    LIST = "list"  #: by reading the whole list, which alone shows all of it
    GONE = "gone"  #: nowhere: Xero shows it no more
    UNMOVED = "unmoved"  #: nothing of its record moves


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent to Xero.

    Attributes:
        parts: of the address, below the API's own.
        body: plain JSON values, or bytes of `media_type`; None: no body.
    """

    method: str
    parts: tuple[str, ...]
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    media_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A part of a command's path that names something, by our id or `remote:` and Xero's.

    Attributes:
        name: as in the path: "contact_id".
        resource: what it is a thing of; None: an element of the record itself.
        within: the field of the record that holds such elements, which carry an `id`.
    """

    name: str
    resource: str | None = None
    within: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One thing that can be done.

    Attributes:
        name: unique within the resource, such as "approve".
        summary: one sentence for documents, without its full stop.
        xero: Xero's operations that it stands for, as method and template: "POST {one}/Email". The
            first is the one that is called; the others do the same in another way. `{list}` and
            `{one}` stand for the endpoint's own addresses, other names for those of `named`.
        method, at: how our API is asked for it, below the thing's address; "" is the thing itself.
        body: the schema of what a caller sends with it; None: nothing, or a record of the resource.
        is_file: a caller sends the bytes of a file, which go to Xero as they come.
        example: such a body.
        content: Xero's body of it; None: there is none.
        words: what comes of a caller's words there, to tell of which one Xero complains.
        named: what its path names.
        legal_in: statuses in which Xero takes it; None: any.
        becomes: the status that it leads to; None: that does not follow.
        ends: as which removal it counts, so that DELETE may choose it: "deleted", "void" or
            "archived"; None: it is none.
        after: where the record is to be had afterwards.
        makes: path of the endpoint whose things the answer holds, where that is another one.
        bare: Xero takes the object itself, in no list.
        most: elements in one call.
        summarizes: Xero is asked to judge each element by itself (`summarizeErrors=false`).
    """

    name: str
    summary: str
    xero: tuple[str, ...]
    kind: Kind = Kind.COMMAND
    method: str = "POST"
    at: str = ""
    body: type[BaseModel] | None = None
    is_file: bool = False
    example: Mapping[str, Any] | None = None
    content: Content | None = None
    words: tuple[Entry, ...] = ()
    named: tuple[Named, ...] = ()
    legal_in: frozenset[str] | None = None
    becomes: str | None = None
    ends: str | None = None
    after: After = After.ANSWER
    makes: str | None = None
    bare: bool = False
    most: int = MOST
    summarizes: bool = False

    def operations(self, endpoint: Endpoint) -> tuple[str, ...]:
        """Xero's operations that it stands for, as its description writes them: "PUT /Invoices"."""
        at = "/".join(endpoint.parts)
        one = f"{at}/{{{endpoint.id_key}}}"
        return tuple(
            f"{method} /{path.replace('{list}', at).replace('{one}', one)}"
            for method, _, path in (each.partition(" ") for each in self.xero)
        )

    def request(self, endpoint: Endpoint, record: Record, words: Words) -> Request:
        """What is sent for one thing that is known; `words` name remote ids where paths do.

        Raises:
            DenormalizeError: Xero would refuse it; the path is a JSON pointer into `words`.
        """
        method, _, path = self.xero[0].partition(" ")
        parts: list[str] = []
        for part in path.split("/"):
            if part == "{list}":
                parts += endpoint.parts
            elif part == "{one}":
                parts += (*endpoint.parts, record["remote_id"])
            else:
                named = _NAMED.fullmatch(part)
                parts.append(str(words[_snake(named[1])]) if named else part)
        body = None if self.content is None else self.content(endpoint, record, words)
        query = _query(endpoint) if path in {"{list}", "{one}"} and body is not None else {}
        return Request(method=method, parts=tuple(parts), body=body, query=query)

    def creation(self, endpoint: Endpoint, bodies: Sequence[Mapping[str, Any]]) -> Request:
        """What is sent to make things of these bodies, at most `most`; each is judged by itself
        where Xero does that."""
        method = self.xero[0].partition(" ")[0]
        query = _query(endpoint)
        if self.summarizes and len(bodies) > 1:
            query = {**query, "summarizeErrors": "false"}
        body = bodies[0] if self.bare else {endpoint.item_key: list(bodies)}
        return Request(method=method, parts=endpoint.parts, body=body, query=query)

    def change(self, endpoint: Endpoint, record: Record, body: Mapping[str, Any]) -> Request:
        """What is sent to change a thing, of which `body` holds what is to be other."""
        own = self.request(endpoint, record, {})
        whole = body if self.bare else {endpoint.item_key: [body]}
        return Request(method=own.method, parts=own.parts, body=whole, query=_query(endpoint))

    def is_legal(self, record: Record) -> bool:
        """Whether the record is in a state for it, as far as we know."""
        return self.legal_in is None or record.get("status") in self.legal_in


def _query(endpoint: Endpoint) -> dict[str, str]:
    # Without it Xero rounds unit prices to two decimals, of writes too (Xero: Rounding).
    return {"unitdp": "4"} if endpoint.sends_unitdp else {}


def _snake(name: str) -> str:
    return _HUMP.sub("_", name.removesuffix("ID") + ("Id" if name.endswith("ID") else "")).lower()


# --- what many resources have ------------------------------------------------------------------


def creates(
    what: str,
    *xero: str,
    bare: bool = False,
    one: bool = False,
    summarizes: bool = False,
    after: After = After.ANSWER,
) -> Command:
    """Making things; `bare`: Xero takes one at a time, in no list; `one`: one, in a list."""
    return Command(
        name="create",
        summary=f"Create {what}",
        xero=xero or ("PUT {list}", *(("POST {list}",) if summarizes else ())),
        kind=Kind.CREATE,
        bare=bare,
        most=1 if bare or one else MOST,
        summarizes=summarizes,
        after=after,
    )


def updates(
    what: str,
    *xero: str,
    bare: bool = False,
    legal_in: Sequence[str] | None = None,
    after: After = After.ANSWER,
) -> Command:
    """Changing a thing; `xero` where that is no POST to it."""
    return Command(
        name="update",
        summary=f"Change {what}",
        xero=xero or ("POST {one}",),
        kind=Kind.UPDATE,
        method="PATCH",
        bare=bare,
        most=1,
        legal_in=None if legal_in is None else frozenset(legal_in),
        after=after,
    )


def moves(  # noqa: PLR0913  # what a move is made of; keywords but for its words
    name: str,
    summary: str,
    *xero: str,
    word: str,
    becomes: str,
    legal_in: Sequence[str] | None = None,
    ends: str | None = None,
    key: str = "Status",
    alone: bool = False,
    after: After = After.ANSWER,
) -> Command:
    """Moving a thing to another status of Xero's, `word`, and nothing else of it; `alone`: Xero
    takes the status itself, in no list and without the id."""

    def content(endpoint: Endpoint, record: Record, _words: Words) -> dict[str, Any]:
        if alone:
            return {key: word}
        return {endpoint.item_key: [{endpoint.id_key: record["remote_id"], key: word}]}

    return Command(
        name=name,
        summary=summary,
        xero=xero or ("POST {one}",),
        at=name,
        content=content,
        becomes=becomes,
        legal_in=None if legal_in is None else frozenset(legal_in),
        ends=ends,
        after=after,
    )


def removes(
    summary: str, *, legal_in: Sequence[str] | None = None, after: After = After.ANSWER
) -> Command:
    """Removing a thing for good, where Xero has a call of its own for that."""
    return Command(
        name="delete",
        summary=summary,
        xero=("DELETE {one}",),
        at="delete",
        becomes="deleted",
        legal_in=None if legal_in is None else frozenset(legal_in),
        ends="deleted",
        after=after,
    )


def told(words: Words, name: str) -> Any:
    """A value that a caller has to send.

    Raises:
        DenormalizeError: it is not there.
    """
    value = words.get(name)
    if value is None or value == "":
        raise DenormalizeError(f"/{name}", "missing")
    return value
