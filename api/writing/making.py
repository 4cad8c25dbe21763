"""From what a caller sent to the request that Xero gets: for things to be made, changed, removed,
and for commands. Nothing is sent here."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from api.here import Api
from api.operation import Asked
from api.problems import Problem
from api.reading.filters import entity_id
from api.reading.values import read_id
from api.writing.bodies import body_refused, laid_over, read, split, with_remote, written
from api.writing.plan import Plan
from api.writing.things import Thing
from storage.naming import by_ids
from storage.tenant_context import read_context
from unified.commands import Command, Kind, Named
from unified.entries import Constant
from unified.resource import Resource
from unified.resources import resource, sources
from unified.writable import changed_model, command_model, created_model

_RATE: Final = "exchange_rate_to_base"
MOST_AT_ONCE: Final = (
    50  #: things of one batch (Xero: Requests and responses, about 50 are advised)
)


async def creation(api: Api, asked: Asked, kind: Resource, sent: Any) -> Plan:
    """The plan that makes one thing.

    Raises:
        Problem: `body_refused`.
    """
    source, record, body = await _made(api, asked, kind, sent)
    command = _command(source, Kind.CREATE)
    return Plan(
        source=source,
        command=command,
        request=command.creation(source.endpoint, [body]),
        sent=frozenset(record),
        wished=(record,),
    )


async def creations(api: Api, asked: Asked, kind: Resource, sent: Sequence[Any]) -> Plan:
    """The plan that makes several; those that can't be sent stand aside with their problems.

    Raises:
        Problem: `body_refused` where none can be sent, or they are not of one kind at Xero.
    """
    refused: dict[int, Mapping[str, Any]] = {}
    made: list[tuple[Resource, dict[str, Any], dict[str, Any]]] = []
    for place, each in enumerate(sent):
        try:
            made.append(await _made(api, asked, kind, each))
        except Problem as problem:
            refused[place] = problem.document()
    if not made:
        raise body_refused(
            [
                (f"/items/{place}{error['path']}", error["message"])
                for place, problem in refused.items()
                for error in problem["errors"]
            ]
        )
    if len({source.endpoint.path for source, _, _ in made}) > 1:
        raise body_refused([("/items", "Xero makes these in several places: send them apart")])
    source = made[0][0]
    command = _command(source, Kind.CREATE)
    return Plan(
        source=source,
        command=command,
        request=command.creation(source.endpoint, [body for _, _, body in made]),
        sent=frozenset(name for _, record, _ in made for name in record),
        refused=refused,
        count=len(sent),
        wished=tuple(record for _, record, _ in made),
    )


async def change(api: Api, asked: Asked, thing: Thing, sent: Any) -> Plan:
    """The plan that changes a thing: only what is to be other leaves.

    Raises:
        Problem: `body_refused`, `state_forbids`.
    """
    source = thing.source
    command = _command(source, Kind.UPDATE)
    own, remote = split(sent)
    told = await read(api.db, asked.tenant_id, changed_model(source.name), own)
    wished = laid_over(source, thing.record, told)
    body = with_remote(written(lambda: source.change(thing.record, wished)), remote)
    require_legal(command, thing)
    return Plan(
        source=source,
        command=command,
        request=written(lambda: command.change(source.endpoint, thing.record, body)),
        entity_id=thing.entity_id,
        remote_id=thing.remote_id,
        sent=frozenset(told),
        wished=(wished,),
        known=thing.record,
    )


def removal(thing: Thing) -> Plan:
    """The plan that removes a thing in the way that is legal now.

    Raises:
        Problem: `state_forbids` where none is.
    """
    ways = thing.source.removals()
    legal = (
        [] if thing.record["is_deleted"] else [each for each in ways if each.is_legal(thing.record)]
    )
    if not legal:
        raise _forbidden(thing, [state for each in ways for state in each.legal_in or ()])
    return done_to(thing, legal[0], {})


async def command(api: Api, asked: Asked, thing: Thing, command: Command, sent: Any) -> Plan:
    """The plan of a command.

    Raises:
        Problem: `body_refused`, `state_forbids`, `not_found` of what its path names.
    """
    words: dict[str, Any] = {}
    if command.body is not None:
        words = await read(api.db, asked.tenant_id, command_model(command.body), sent)
    for named in command.named:
        words[named.name] = await _named(api, asked, thing, named)
    require_legal(command, thing)
    return done_to(thing, command, words)


def done_to(thing: Thing, command: Command, words: Mapping[str, Any]) -> Plan:
    """The plan of something done to a thing that is known."""
    source = thing.source
    return Plan(
        source=source,
        command=command,
        request=written(lambda: command.request(source.endpoint, thing.record, words)),
        entity_id=thing.entity_id,
        remote_id=thing.remote_id,
        wished=(thing.record,),
        known=thing.record,
    )


def require_legal(command: Command, thing: Thing) -> None:
    """Refuse what Xero does not take of a thing in this state.

    Raises:
        Problem: `state_forbids`.
    """
    if thing.record["is_deleted"] or not command.is_legal(thing.record):
        raise _forbidden(thing, sorted(command.legal_in or ()))


def _forbidden(thing: Thing, legal_in: Sequence[str]) -> Problem:
    gone = ", and is gone" if thing.record["is_deleted"] else ""
    status = thing.record.get("status")
    members = {"record_status": status, "legal_in": sorted(set(legal_in))}
    return Problem("state_forbids", f"The {thing.source.name} is {status}{gone}.", members)


# --- inside --------------------------------------------------------------------------------------


async def _made(
    api: Api, asked: Asked, kind: Resource, sent: Any
) -> tuple[Resource, dict[str, Any], dict[str, Any]]:
    """Where a thing is made, its record, and Xero's body of it.

    Raises:
        Problem: `body_refused`.
    """
    own, remote = split(sent)
    told = await read(api.db, asked.tenant_id, created_model(kind.name), own)
    told = {name: value for name, value in told.items() if value is not None}
    source = _maker(kind, told)
    missing = [name for name in source.required if name not in told]
    if missing and remote is None:
        raise body_refused([(f"/{name}", "is required") for name in missing])
    record = dict(told)
    if _RATE in told:  # whether one may be given depends on both currencies
        record["base_currency"] = (await read_context(api.db, asked.tenant_id)).base_currency
    body = with_remote(written(lambda: source.denormalize(record)), remote)
    return source, told, body


def _maker(kind: Resource, told: Mapping[str, Any]) -> Resource:
    """The source that makes such a thing.

    Raises:
        Problem: `body_refused` where what it should be is not said.
    """
    makers = [each for each in sources(kind.name) if each.operation("create") is not None]
    fitting = [each for each in makers if _fits(each, told)]
    if not fitting:
        raise body_refused([("/type", "says of no kind that can be made")])
    # A kind that is named, such as a transfer, rather than one that merely is not ruled out.
    return max(fitting, key=lambda each: len(_own(each).items() & _texts(told)))


def _own(source: Resource) -> dict[str, str]:
    """What a source's things always are, of fields that callers may name: that of a transfer."""
    made = {
        entry.name: entry.make()
        for entry in source.entries
        if isinstance(entry, Constant) and entry.make is not None
    }
    return {name: value for name, value in made.items() if isinstance(value, str)}


def _texts(told: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(name, value) for name, value in told.items() if isinstance(value, str)}


def _fits(source: Resource, told: Mapping[str, Any]) -> bool:
    """Whether a source makes things that are what these words say: some fill a field themselves."""
    if any(told.get(name, value) != value for name, value in _own(source).items()):
        return False
    writes = {each.name for each in source.writable}
    constant = {each.name for each in source.entries if isinstance(each, Constant)}
    return told.keys() <= writes | constant


def _command(source: Resource, way: Kind) -> Command:
    found = next((each for each in source.operations if each.kind is way), None)
    return offered(found, source, str(way))


def offered(found: Command | None, source: Resource, name: str) -> Command:
    """What Xero offers of the things of a source.

    Raises:
        Problem: `not_offered`.
    """
    if found is None:
        detail = f"Xero does not offer to {name.replace('_', ' ')} what {source.endpoint.path} has."
        raise Problem("not_offered", detail)
    return found


async def _named(api: Api, asked: Asked, thing: Thing, named: Named) -> str:
    """Xero's id of what a path names.

    Raises:
        Problem: `not_found`.
    """
    try:
        given = read_id(asked.path[named.name])
    except ValueError as error:
        raise Problem("not_found", f"{named.name} {error}.") from None
    remote = given.removeprefix("remote:") if given.startswith("remote:") else None
    if named.resource is not None:
        if remote is not None:
            return remote
        of = entity_id(asked.tenant_id, resource(named.resource), given)
        meant = (await by_ids(api.db, asked.tenant_id, [of])).get(of)
        if meant is not None and meant.resource == named.resource:
            return meant.remote_id
    else:
        for each in thing.record.get(named.within or "") or ():
            own = {str(each.get(key)).lower() for key in ("id", "remote_id")}
            if (remote or given).lower() in own:
                return str(each.get("remote_id") or each["id"])
    raise Problem("not_found", f"{named.name} names nothing that is known.")
