"""Parameters of a request: declared once, read and refused here, shown in the OpenAPI document."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from starlette.datastructures import QueryParams

from api.problems import Problem


def _as_text(text: str) -> Any:
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter.

    Attributes:
        where: of the address (`path`), after its question mark (`query`), or a `header`.
        schema: JSON Schema of its value; of one value, where it may be `repeated`.
        read: makes the value of its text; raises ValueError, whose text the caller is shown.
        repeated: it may stand several times; its value is then a tuple.
        default: the value where it is absent; only for query and headers.
    """

    name: str
    about: str
    where: Literal["path", "query", "header"] = "query"
    schema: Mapping[str, Any]
    read: Callable[[str], Any] = _as_text
    required: bool = False
    repeated: bool = False
    default: Any = None
    example: Any = None


def read_query(declared: Sequence[Parameter], given: QueryParams) -> dict[str, Any]:
    """The value of every declared query parameter.

    Raises:
        Problem: `bad_request` with an entry for each that is unknown, missing, wrong or said twice.
    """
    of_query = {each.name: each for each in declared if each.where == "query"}
    errors: list[dict[str, str]] = []
    for name in given:
        if name not in of_query:
            close = get_close_matches(name, of_query, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            errors.append({"path": f"?{name}", "message": f"there is no such parameter{hint}"})
    found: dict[str, Any] = {}
    for name, each in of_query.items():
        texts = given.getlist(name)
        try:
            found[name] = _value(each, texts)
        except ValueError as error:
            errors.append({"path": f"?{name}", "message": str(error)})
    if errors:
        first = f"{errors[0]['path']}: {errors[0]['message']}"
        raise Problem("bad_request", first, {"errors": errors})
    return found


def _value(declared: Parameter, texts: Sequence[str]) -> Any:
    if not texts:
        if declared.required:
            raise ValueError("is required")
        return () if declared.repeated and declared.default is None else declared.default
    if declared.repeated:
        return tuple(declared.read(text) for text in texts)
    if len(texts) > 1:
        raise ValueError("stands more than once")
    return declared.read(texts[0])
