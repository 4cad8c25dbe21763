"""What callers send, as it counts: held to its model, with its references looked up, and, of a
change, laid over the record as it is."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, get_args

from pydantic import BaseModel

from api.problems import Problem
from api.writing.references import KEYS, resolved
from storage.database import Database
from unified.ids import TenantId
from unified.model import Part
from unified.resource import DenormalizeError, Resource
from unified.writable import MOST_ELEMENTS, REMOTE_BODY, NotTaken, taken

_TAX: Final = "tax_amount"
_LINE_AMOUNT: Final = "line_amount"

Errors = Sequence[tuple[str, str]]


def body_refused(errors: Errors) -> Problem:
    """The problem of a body in which something is wrong."""
    listed = [{"path": path, "message": message} for path, message in errors]
    first = f"{errors[0][0]}: {errors[0][1]}".removeprefix(": ")
    return Problem("body_refused", first, {"errors": listed})


def split(sent: Any) -> tuple[Any, Mapping[str, Any] | None]:
    """What was sent in our words, and beside it what is to be sent as it is.

    Raises:
        Problem: `body_refused`.
    """
    if not isinstance(sent, dict) or REMOTE_BODY not in sent:
        return sent, None
    rest = {name: value for name, value in sent.items() if name != REMOTE_BODY}
    remote = sent[REMOTE_BODY]
    if remote is not None and not isinstance(remote, dict):
        raise body_refused([(f"/{REMOTE_BODY}", "must be an object")])
    if remote is not None and len(remote) > MOST_ELEMENTS:
        said = f"must have {MOST_ELEMENTS} members at most"
        raise body_refused([(f"/{REMOTE_BODY}", said)])
    return rest, remote


async def read(
    db: Database, tenant_id: TenantId, model: type[BaseModel], sent: Any
) -> dict[str, Any]:
    """A body as it counts, with references as Xero knows them.

    Raises:
        Problem: `body_refused`.
    """
    try:
        told = taken(model, sent)
    except NotTaken as refused:
        raise body_refused(refused.complaints) from None
    body, unknown = await resolved(db, tenant_id, told)
    if unknown:
        raise body_refused([(each.path, each.message) for each in unknown])
    return dict(body)


def written(make: Callable[[], Any]) -> Any:
    """What a resource makes of a record for Xero.

    Raises:
        Problem: `body_refused` where Xero would refuse or misread it.
    """
    try:
        return make()
    except DenormalizeError as error:
        raise body_refused([(error.path, error.reason)]) from None


def laid_over(
    source: Resource, record: Mapping[str, Any], change: Mapping[str, Any]
) -> dict[str, Any]:
    """A record as it should be: a JSON merge patch (RFC 7396), but for lists whose elements have
    ids: an element with the id of one that is there is laid over it, the others are new, and what
    is not in the list goes.

    Raises:
        Problem: `body_refused` where an element has the id of none.
    """
    errors: list[tuple[str, str]] = []
    wished = dict(record)
    for name, value in change.items():
        part = _part_of(source, name)
        if part is not None and "id" in part.model_fields and isinstance(value, list):
            known = {each["id"]: each for each in record.get(name) or () if each.get("id")}
            wished[name] = _elements(part, known, value, f"/{name}", errors)
        else:
            wished[name] = _patched(record.get(name), value)
    if errors:
        raise body_refused(errors)
    return wished


def _elements(
    part: type[Part],
    known: Mapping[str, Mapping[str, Any]],
    sent: Sequence[Mapping[str, Any]],
    path: str,
    errors: list[tuple[str, str]],
) -> list[dict[str, Any]]:
    made = []
    for place, each in enumerate(sent):
        own = {name: value for name, value in each.items() if name not in part.read_only}
        element_id = each.get("id")
        if element_id is None:
            made.append(own)
        elif element_id not in known:
            errors.append((f"{path}/{place}/id", "there is no such element"))
        else:
            made.append(_element(known[element_id], own))
    return made


def _element(known: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    element = {**known, **{name: _patched(known.get(name), each) for name, each in own.items()}}
    if _TAX in own and own[_TAX] != known.get(_TAX):
        # Xero computes the tax of a line that was read, but not where somebody chose it.
        element[_LINE_AMOUNT] = None
    return element


def _patched(known: Any, sent: Any) -> Any:
    """RFC 7396; a reference is one value, not an object to be mended."""
    if not isinstance(sent, dict) or not isinstance(known, dict) or sent.keys() <= KEYS:
        return sent
    return {**known, **{name: _patched(known.get(name), each) for name, each in sent.items()}}


def _part_of(source: Resource, name: str) -> type[Part] | None:
    """The kind of a list's elements; None: it is no list of such."""
    info = source.model.model_fields.get(name)
    return None if info is None else _part_in(info.annotation, within_list=False)


def _part_in(kind: Any, *, within_list: bool) -> type[Part] | None:
    if within_list and isinstance(kind, type) and issubclass(kind, Part):
        return kind
    listed = within_list or getattr(kind, "__origin__", None) is list
    found = (_part_in(each, within_list=listed) for each in get_args(kind))
    return next((each for each in found if each is not None), None)


def with_remote(body: dict[str, Any], remote: Mapping[str, Any] | None) -> dict[str, Any]:
    """Xero's body with what the caller sent in Xero's own words, which wins."""
    return body if remote is None else {**body, **remote}
