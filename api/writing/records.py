"""Making, changing and removing things, and what can be done to them beside that: the operations of
every resource, made from what its file declares. Files have a module of their own (`uploads`)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from starlette.responses import Response

from api.here import Api
from api.openapi.naming import create_of, update_of
from api.operation import JSON, Asked, Body, Handle, Operation, Reply
from api.parameters import Parameter
from api.reading.collections import tag_of
from api.reading.records import ID
from api.writing import making
from api.writing.answers import Worded, with_record
from api.writing.bodies import body_refused
from api.writing.engine import write
from api.writing.keys import key_parameter
from api.writing.plan import Plan
from api.writing.refusals import problem_of, sent_bodies
from api.writing.schemas import (
    BATCH,
    CORRELATION,
    DRY_RUN,
    OF_THING,
    PROBLEMS,
    pending_reply,
    tried_reply,
    written_reply,
)
from api.writing.settling import Settled
from api.writing.things import IF_MATCH_PARAMETER, thing_of
from unified.commands import Command, Kind
from unified.resource import Resource
from unified.resources import operations_of, sources
from unified.writable import command_model

PATCH_TYPES: Final = ("application/merge-patch+json", JSON)
_REFUSED = 422
_MADE = 201


class Writer:
    """Writes things of one resource."""

    def __init__(self, api: Api, kind: Resource) -> None:
        self._api = api
        self._kind = kind
        self._commands = _commands_of(kind)

    def operations(self) -> list[Operation]:
        """All that is offered of it."""
        found: list[Operation] = []
        kinds = {each.kind for each in self._commands.values()}
        if Kind.CREATE in kinds:
            found.append(self._create())
            if any(each.kind is Kind.CREATE and each.summarizes for each in self._every()):
                found.append(self._create_many())
        if Kind.UPDATE in kinds:
            found.append(self._update())
        if any(each.ends is not None for each in self._every()):
            found.append(self._delete())
        plain = [each for each in self._commands.values() if each.kind is Kind.COMMAND]
        return [*found, *(self._command(each) for each in plain if not each.is_file)]

    def _every(self) -> Sequence[Command]:
        return [each for source in sources(self._kind.name) for each in source.operations]

    # --- making

    def _create(self) -> Operation:
        kind = self._kind

        async def answer(asked: Asked) -> Response:
            sent = await asked.json()

            async def prepare() -> Plan:
                return await making.creation(self._api, asked, kind, sent)

            def word(plan: Plan, settled: Settled) -> Worded:
                return self._made(asked, plan, settled)

            return await write(
                self._api, asked, sent=sent, prepare=prepare, word=word, needs_key=True
            )

        return self._operation(
            id=f"create_{kind.name}",
            method="POST",
            path=self._path(),
            summary=f"Create: {_words(kind.name)}",
            handle=answer,
            parameters=(DRY_RUN, key_parameter(required=True), CORRELATION),
            body=Body(schema=create_of(kind)),
            replies=(
                written_reply(kind, _MADE, "The record of what was made."),
                tried_reply(),
                pending_reply(),
            ),
            problems=("idempotency_key_required",),
        )

    def _made(self, asked: Asked, plan: Plan, settled: Settled) -> Worded:
        shown = settled.records[0]
        record = msgspec.json.decode(shown.unified, type=_Named)
        asked.touched.add(plan.source.name, record.id)
        return with_record(_MADE, shown, address=f"{self._path()}/{record.id}")

    def _create_many(self) -> Operation:
        kind = self._kind

        async def answer(asked: Asked) -> Response:
            sent = await asked.json()
            items = sent.get("items") if isinstance(sent, dict) else None
            if not isinstance(items, list) or not 1 <= len(items) <= making.MOST_AT_ONCE:
                said = f"holds 1 to {making.MOST_AT_ONCE} things in a list"
                raise body_refused([("/items", said)])
            if odd := sorted(sent.keys() - {"items"}):
                raise body_refused([(f"/{odd[0]}", "there is no such field to write here")])

            async def prepare() -> Plan:
                return await making.creations(self._api, asked, kind, items)

            def word(plan: Plan, settled: Settled) -> Worded:
                return _many(asked, plan, settled)

            return await write(
                self._api, asked, sent=sent, prepare=prepare, word=word, needs_key=True
            )

        return self._operation(
            id=f"create_many_{kind.plural}",
            method="POST",
            path=f"{self._path()}/batch",
            summary=f"Create several at once: {_words(kind.plural)}",
            about="Up to 50 in one call to Xero; each is judged by itself, and has a result of its "
            "own. One key names them all.",
            handle=answer,
            parameters=(DRY_RUN, key_parameter(required=True), CORRELATION),
            body=Body(
                schema={
                    "type": "object",
                    "required": ["items"],
                    "additionalProperties": False,
                    "properties": {
                        "items": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": making.MOST_AT_ONCE,
                            "items": create_of(kind),
                        }
                    },
                }
            ),
            replies=(
                Reply(about="A result for each, in their order.",
                      schema={"oneOf": [BATCH, tried_reply().schema]}),
                pending_reply(),
            ),
            problems=("idempotency_key_required",),
        )  # fmt: skip

    # --- changing and removing

    def _update(self) -> Operation:
        kind = self._kind

        async def answer(asked: Asked) -> Response:
            sent = await asked.json()

            async def prepare() -> Plan:
                thing = await thing_of(self._api, asked, kind)
                return await making.change(self._api, asked, thing, sent)

            return await write(self._api, asked, sent=sent, prepare=prepare, word=_known)

        return self._operation(
            id=f"update_{kind.name}",
            method="PATCH",
            path=f"{self._path()}/{{id}}",
            summary=f"Change: {_words(kind.name)}",
            about="A JSON merge patch (RFC 7396): fields that are not sent stay, null empties one. "
            "Elements with an `id`, such as lines, are laid over the one that has it; those "
            "without are new, and those that are not sent go.",
            handle=answer,
            parameters=self._of_thing(),
            body=Body(schema=update_of(kind), media_types=PATCH_TYPES),
            replies=(written_reply(kind, 200, "The record as it is now."), pending_reply()),
            problems=OF_THING,
        )

    def _delete(self) -> Operation:
        kind = self._kind
        ways = sorted({str(each.ends) for each in self._every() if each.ends is not None})

        async def answer(asked: Asked) -> Response:
            async def prepare() -> Plan:
                return making.removal(await thing_of(self._api, asked, kind))

            return await write(self._api, asked, sent=None, prepare=prepare, word=_removed)

        return self._operation(
            id=f"remove_{kind.name}",
            method="DELETE",
            path=f"{self._path()}/{{id}}",
            summary=f"Remove: {_words(kind.name)}",
            about="In the way that is legal in its state; `deletion_kind` says which: "
            f"{', '.join(ways)}.",
            handle=answer,
            parameters=self._of_thing(),
            replies=(
                written_reply(
                    kind, 200, "The record as it was left.", deletion_kind={"enum": ways}
                ),
                pending_reply(),
            ),
            problems=OF_THING,
        )

    # --- commands

    def _command(self, command: Command) -> Operation:
        kind = self._kind
        named = tuple(
            Parameter(name=each.name, where="path", required=True, schema=ID.schema,
                      about="Its id, or `remote:` with Xero's.")
            for each in command.named
        )  # fmt: skip

        async def answer(asked: Asked) -> Response:
            sent = await asked.json() if command.body is not None else None

            async def prepare() -> Plan:
                thing = await thing_of(self._api, asked, kind)
                own = _of_source(thing.source, command)
                return await making.command(self._api, asked, thing, own, sent)

            return await write(self._api, asked, sent=sent, prepare=prepare, word=_commanded)

        about = "" if command.legal_in is None else (
            f"Of a thing that is {', '.join(sorted(command.legal_in))}."
        )  # fmt: skip
        return self._operation(
            id=f"{command.name}_{kind.name}",
            method=command.method,
            path=f"{self._path()}/{{id}}/{command.at}",
            summary=command.summary,
            about=about,
            handle=answer,
            parameters=(*self._of_thing(), *named),
            body=_body_of(command),
            replies=(
                written_reply(kind, 200, "The record as it is now.", made={"type": "array"}),
                pending_reply(),
            ),
            problems=OF_THING,
        )

    # --- inside

    def _path(self) -> str:
        return f"/v1/{self._kind.space}/{self._kind.plural}"

    def _of_thing(self) -> tuple[Parameter, ...]:
        return (ID, DRY_RUN, key_parameter(required=False), IF_MATCH_PARAMETER, CORRELATION)

    def _operation(  # noqa: PLR0913  # an operation is what is said of it
        self,
        *,
        id: str,
        method: str,
        path: str,
        summary: str,
        handle: Handle,
        parameters: tuple[Parameter, ...],
        replies: tuple[Reply, ...],
        problems: tuple[str, ...],
        about: str = "",
        body: Body | None = None,
    ) -> Operation:
        return Operation(
            id=id,
            method=method,
            path=path,
            summary=summary,
            about=about,
            tag=tag_of(self._kind),
            scope="write",
            handle=handle,
            parameters=parameters,
            body=body,
            replies=replies,
            problems=(*PROBLEMS, *problems),
            changes=True,
        )


class _Named(msgspec.Struct):
    id: str


def writing_operations(api: Api, kinds: Sequence[Resource]) -> list[Operation]:
    """What can be written of these resources, but for files."""
    return [each for kind in kinds for each in Writer(api, kind).operations()]


def _commands_of(kind: Resource) -> Mapping[str, Command]:
    """By their names; where several sources have one, the first one's words."""
    found: dict[str, Command] = {}
    for source in sources(kind.name):
        for each in operations_of(source):
            found.setdefault(each.name, each)
    return found


def _of_source(source: Resource, command: Command) -> Command:
    """A command as the source of a thing has it.

    Raises:
        Problem: `not_offered`.
    """
    found = next((each for each in operations_of(source) if each.name == command.name), None)
    return making.offered(found, source, command.name)


def _body_of(command: Command) -> Body | None:
    if command.body is None:
        return None
    schema = command_model(command.body).model_json_schema()
    return Body(schema=schema, example=command.example)


def _known(_plan: Plan, settled: Settled) -> Worded:
    return with_record(200, settled.records[0])


def _removed(plan: Plan, settled: Settled) -> Worded:
    return with_record(200, settled.records[0], more={"deletion_kind": plan.command.ends})


def _commanded(_plan: Plan, settled: Settled) -> Worded:
    made = [msgspec.Raw(each.unified) for each in settled.made]
    more = {"made": made} if made else {}
    return with_record(200, settled.records[0], more=more)


def _many(asked: Asked, plan: Plan, settled: Settled) -> Worded:
    """A result for each thing, in the order in which they were sent."""
    bodies = sent_bodies(plan)
    results: list[dict[str, Any]] = []
    for place in range(plan.count):
        shown = settled.records.get(place)
        if shown is not None:
            record = msgspec.json.decode(shown.unified, type=_Named)
            asked.touched.add(plan.source.name, record.id)
            results.append({"index": place, "status": _MADE, "result": msgspec.Raw(shown.unified)})
            continue
        problem = plan.refused.get(place)
        if problem is None:
            said = settled.complaints.get(place, ())
            problem = problem_of(plan, said, bodies.get(place), status=_REFUSED).document()
        results.append({"index": place, "status": problem["status"], "problem": problem})
    made = sum("result" in each for each in results)
    members = {"results": results, "created": made, "refused": len(results) - made}
    return Worded(status=200, members=members)


def _words(name: str) -> str:
    return name.replace("_", " ")
