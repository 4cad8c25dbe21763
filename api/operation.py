"""One operation of the api: a method at an address, with all that its caller may know beforehand.

Routes, the OpenAPI document, capabilities and the tests that hold each operation to its promises
are made from the same list (`catalogue`), so nothing is served that is not described.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from api.caller import Caller
from api.parameters import Parameter
from api.problems import Problem
from unified.ids import TenantId

JSON = "application/json"
MOST_JSON_BYTES = 4 * 1024 * 1024  #: of a JSON body; Xero takes 3.5 MB (Xero: API limits)

BODY_TIMEOUT_S = 60.0  #: from the headers to the last byte


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a request carries.

    Attributes:
        schema: JSON Schema of it, or `{"$ref": …}` of a named one; None: any bytes.
        media_types: those that are taken, the usual one first.
        longest_s: real time for all of it to come.
    """

    schema: Mapping[str, Any] | None
    example: Any = None
    media_types: tuple[str, ...] = (JSON,)
    required: bool = True
    about: str = ""
    most_bytes: int = MOST_JSON_BYTES
    longest_s: float = BODY_TIMEOUT_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A good answer.

    Attributes:
        schema: as of `Body`; None: no body.
        headers: names of headers worth telling of, with what they say.
    """

    status: int = 200
    about: str
    schema: Mapping[str, Any] | None = None
    example: Any = None
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Touched:
    """What a change turned out to be about, for the log of acts; its handler says so."""

    entity: str | None = None
    ids: list[str] = field(default_factory=list)
    tenant_id: TenantId | None = None  #: where the operation is not of one organisation by itself

    def add(self, entity: str, *ids: str) -> None:
        """These things, of this kind; of several kinds the last one is named."""
        self.entity = entity
        self.ids += ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, let in.

    Attributes:
        touched: filled by the handler of an operation that changes something.
        request_id: names it in logs, answers, the audit and the cause of what it changes.
        tenant_id: the organisation; for operations of one organisation always there.
        tenant_state: how that is: "linked" and the like; None where the operation `asks_state` not.
        query: the declared query parameters, read.
    """

    request: Request
    request_id: str
    caller: Caller
    operation: "Operation"
    tenant: TenantId | None = None
    tenant_state: str | None = None
    query: Mapping[str, Any] = field(default_factory=dict)
    touched: Touched = field(default_factory=Touched)

    @property
    def tenant_id(self) -> TenantId:
        """The organisation of an operation that is of one."""
        assert self.tenant is not None  # noqa: S101  # the door saw to it
        return self.tenant

    @property
    def path(self) -> Mapping[str, str]:
        """The parameters of the address."""
        return self.request.path_params

    async def body(self) -> bytes:
        """The whole body, up to what the operation takes.

        Raises:
            Problem: `body_too_large`, `body_too_slow`.
        """
        body = self.operation.body or Body(schema=None, most_bytes=0)
        found = bytearray()
        try:
            async with asyncio.timeout(body.longest_s):
                async for chunk in self.request.stream():
                    found += chunk
                    if len(found) > body.most_bytes:
                        detail = f"This takes {body.most_bytes} bytes at most."
                        raise Problem("body_too_large", detail, {"most_bytes": body.most_bytes})
        except TimeoutError:
            detail = f"The body did not come within {body.longest_s:g} s."
            raise Problem("body_too_slow", detail) from None
        return bytes(found)

    async def json(self) -> Any:
        """The body as JSON, with exact numbers where they are written as text.

        Raises:
            Problem: `body_too_large`, `body_unreadable`, `media_type_unsupported`.
        """
        accepted = self.operation.body.media_types if self.operation.body else (JSON,)
        told = self.request.headers.get("content-type", accepted[0])
        if told.partition(";")[0].strip().lower() not in accepted:
            detail = f"{told!r} is not taken here."
            raise Problem("media_type_unsupported", detail, {"accepted": list(accepted)})
        content = await self.body()
        try:
            return msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Problem("body_unreadable", f"The body is no JSON: {error}") from None


Handle = Callable[[Asked], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation.

    Attributes:
        id: unique, stable, in snake case: clients name their functions by it.
        path: from the root, with `{names}` of parameters; `{name:path}` takes the rest.
        scope: what the key must cover; None: any key will do.
        of_tenant: it is about one organisation, named by X-Tenant-Id.
        asks_state: the door asks how that organisation is; False: what is asked of the database
            anyway tells it, and it refuses those that are not known.
        problems: codes that it may answer beside those that every operation may.
        any_query: names of query parameters are somebody else's and pass as they are.
        changes: it changes something, here or at Xero: it stands in the audit.
    """

    id: str
    method: str
    path: str
    summary: str
    handle: Handle
    tag: str
    scope: str | None
    of_tenant: bool = True
    asks_state: bool = True
    about: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    replies: tuple[Reply, ...]
    problems: tuple[str, ...] = ()
    any_query: bool = False
    changes: bool = False
