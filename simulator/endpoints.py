"""What an endpoint is made of: the types of resources.py's values, and what a request means.

`Endpoint` is a collection at Xero with its records; `Nested` is a collection below a record,
such as the allocations of a credit note. serving.py is the engine for both.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from simulator.elements import Element
from simulator.ledger import Ledger
from simulator.refusals import NotFound, PostUnreadable
from simulator.wire import Pagination

Wire = dict[str, Any]


class Attachable(Protocol):
    """What attachments and notes need to know of the record they belong to."""

    id: str


@dataclass(frozen=True)
class Query:
    """What a read was asked with: parameters by lower-case name, If-Modified-Since, the app."""

    params: Mapping[str, str]
    since_ms: int | None
    client_id: str

    @property
    def decimals(self) -> int:
        """Decimals of unit amounts: 4 with unitdp=4, else 2."""
        return 4 if self.params.get("unitdp") == "4" else 2


@dataclass(frozen=True)
class Found:
    """Rendered records and, on paged answers, where they stand."""

    fragments: Sequence[bytes]
    pagination: Pagination | None = None


@dataclass(frozen=True)
class Nested:
    """A collection below a record; every function gets the record's key first.

    Attributes:
        collection: the key of its list in answers and requests.
        read: all of the record's.
        put: make one of an element (PUT to the collection).
        post: the same by POST, where Xero takes that.
        change: a POST to one of them, by its own key.
        act: a POST to the collection without a body, answered 204.
        remove: a DELETE of one; its wire form, or None for 204 with nothing.
        clear: a DELETE of all of them, answered 204.
        bare_removal: a removal's answer is the object alone, in no envelope.
        most: how many elements one call may carry; None: as many as fit.
        error_flag: the key that marks a refused element; None: nothing does.
    """

    collection: str
    read: Callable[[Ledger, Query, str], Found] | None = None
    put: Callable[[Ledger, Query, str, Element], Wire] | None = None
    post: Callable[[Ledger, Query, str, Element], Wire] | None = None
    change: Callable[[Ledger, Query, str, str, Element], Wire] | None = None
    act: Callable[[Ledger, Query, str], None] | None = None
    remove: Callable[[Ledger, Query, str, str], Wire | None] | None = None
    clear: Callable[[Ledger, Query, str], None] | None = None
    bare_removal: bool = False
    most: int | None = None
    error_flag: str | None = None

    def methods(self, rest: str) -> list[str]:
        """What the collection (no key), or one of it, can be asked to do."""
        if rest:
            return _named(POST=self.change, DELETE=self.remove)
        return _named(GET=self.read, POST=self.post or self.act, PUT=self.put, DELETE=self.clear)


@dataclass(frozen=True)
class Endpoint:
    """One endpoint.

    Attributes:
        collection: the key of its list in answers and requests.
        id_key: the key of a record's id.
        read_list: all that a query selects.
        read_one: one record by id, number or name. Raises NotFound.
        save: create (True) or create-or-update one element; returns its wire form.
        change: a POST to one record's own path.
        remove: a DELETE of one record; its wire form, or None for 204 with nothing.
        list_methods: how `save` is called.
        one_per_post: a POST to the list takes a single element.
        most: how many elements one call may carry; None: as many as fit.
        error_flag: the key that marks a refused element; None: nothing does.
        nested: collections below a record, by lower-case name.
        files: finds the record that attachments are kept with; None: it takes none.
        printed: a record as PDF; None: there is none. Raises NotFound.
    """

    collection: str
    id_key: str
    read_list: Callable[[Ledger, Query], Found]
    read_one: Callable[[Ledger, Query, str], Found] | None = None
    save: Callable[[Ledger, Query, Element, bool], Wire] | None = None
    change: Callable[[Ledger, Query, str, Element], Wire] | None = None
    remove: Callable[[Ledger, Query, str], Wire | None] | None = None
    list_methods: frozenset[str] = frozenset({"POST", "PUT"})
    one_per_post: bool = False
    most: int | None = None
    error_flag: str | None = "HasErrors"
    nested: Mapping[str, Nested] = field(default_factory=dict)
    files: Callable[[Ledger, str], Attachable] | None = None
    printed: Callable[[Ledger, str], bytes] | None = None

    def methods(self, key: str) -> list[str]:
        """What the list (no key), or one record, can be asked to do."""
        if key:
            return _named(GET=self.read_one, POST=self.change, DELETE=self.remove)
        writes = [name for name in ("POST", "PUT") if self.save and name in self.list_methods]
        return ["GET", *writes]


ATTACHMENTS = Nested("Attachments")
"""What answers about files carry; attachments.py keeps them, serving.py takes them."""


@dataclass(frozen=True)
class Target:
    """What a path leads to: a list, a record, a collection below it, or one of that."""

    endpoint: Endpoint
    key: str = ""
    below: str = ""
    rest: str = ""

    @property
    def nested(self) -> Nested | None:
        """The collection below the record, when the path leads there and it is no file."""
        return self.endpoint.nested.get(self.below)

    @property
    def is_file(self) -> bool:
        """Whether the path leads to a record's attachments."""
        return self.below == "attachments"

    @property
    def holder(self) -> Endpoint | Nested:
        """Whose elements a body carries."""
        return ATTACHMENTS if self.is_file else self.nested or self.endpoint

    def methods(self) -> list[str]:
        """What can be asked here. Raises NotFound when the path leads nowhere."""
        found: list[str] = []
        if not self.below:
            found = self.endpoint.methods(self.key)
        elif self.is_file and self.endpoint.files is not None:
            found = ["GET", "POST", "PUT"] if self.rest else ["GET"]
        elif self.nested is not None:
            found = self.nested.methods(self.rest)
        elif self.below == "pdf" and self.endpoint.printed is not None and not self.rest:
            found = ["GET"]
        if not found:
            raise NotFound(self.below or self.key)
        return found


def elements_of(body: Any, holder: Endpoint | Nested) -> list[Element]:
    """The elements of a request body: wrapped in the collection, a bare list, or one object.

    Raises:
        PostUnreadable: it is none of these.
    """
    if isinstance(body, dict) and holder.collection in body:
        body = body[holder.collection]
    sent = body if isinstance(body, list) else [body]
    if not sent or not all(isinstance(element, dict) for element in sent):
        raise PostUnreadable(f"No {holder.collection} were found in the request")
    if holder.most is not None and len(sent) > holder.most:
        raise PostUnreadable(f"At most {holder.most} {holder.collection} can be sent at a time")
    return sent


def _named(**offered: object) -> list[str]:
    return [method for method, way in offered.items() if way is not None]
