"""What a caller may send of a resource's records: models made from its table and its schema.

A record says more than Xero takes. Here each field that a source writes keeps its type, read-only
ones are left out, and everything gets a bound, so that what is described is what is checked. Of
things inside a record, such as lines, the read-only fields may come back as they were read and are
ignored: who changes one line sends all of them. Rules of the books, such as lock dates, are not
here; nor is anything sent.
"""

import types
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Context, Decimal
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    ValidationError,
    create_model,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_before_validator_function

from unified.codecs import UNKNOWN, Choice, plain
from unified.commands import Kind
from unified.entries import Constant
from unified.entries import Field as Entry
from unified.model import OneOf, Part, Ref
from unified.resource import Resource
from unified.resources import sources

MOST_ELEMENTS: Final = 1_000  #: of any list inside a record, and of what is sent in Xero's words
MOST_LETTERS: Final = 4_000  #: of any text; Xero's own bounds are lower and told by Xero
#: No control characters but those that break lines: neither Xero nor PostgreSQL takes them.
_TEXT_PATTERN: Final = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$"
_DIGITS: Final = r"[0-9]{1,20}"
#: By patterns of records, which say what we send: what we take is bounded, and in ASCII digits.
_PATTERNS: Final[Mapping[str, str]] = {
    r"^-?\d+(\.\d+)?$": rf"^-?{_DIGITS}(\.{_DIGITS})?$",
    r"^-?(0|[1-9]\d*)(\.\d*[1-9])?$": rf"^-?{_DIGITS}(\.{_DIGITS})?$",
    r"^(0|[1-9]\d*)(\.\d{0,15}[1-9])?$": rf"^{_DIGITS}(\.{_DIGITS})?$",
    r"^\d{4}-\d{2}-\d{2}$": r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
    r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$": (
        r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
        r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z$"
    ),
}
_DECIMALS: Final = frozenset(each for each in _PATTERNS if each.endswith(r")?$"))
MOST_NUMBER: Final = 10**15  #: of a decimal that is sent as a number: a double is exact up to here
_LEAST_FRACTION: Final = Decimal("1E-16")
_EXACT: Final = Context(prec=40)  #: enough for the largest number with the smallest fraction
_IGNORED: Final = "Only read: it may come back as it was, and is ignored"
Text = Annotated[str, StringConstraints(max_length=MOST_LETTERS, pattern=_TEXT_PATTERN)]


def _whole_number(value: Any) -> Any:
    """JSON knows one kind of number: 2.0 is a whole one."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_BOUNDED: Final[Mapping[Any, Any]] = {
    str: Text,
    int: Annotated[int, Field(ge=0, le=1_000_000), BeforeValidator(_whole_number)],
}
Short = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=_TEXT_PATTERN)]

REMOTE_BODY: Final = "remote_body"  #: whose members go into Xero's body last, in Xero's own words
_RemoteBody = Annotated[
    dict[str, Any],
    Field(
        max_length=MOST_ELEMENTS,
        description="Members of Xero's own body, in Xero's words: put into it last, they win",
    ),
]


class _Sent(BaseModel):
    """Anything that a caller sends: nothing unknown, and no type for another."""

    model_config = ConfigDict(extra="forbid", strict=True)


class SentRef(_Sent):
    """Another thing: by our `id`, by Xero's `remote_id`, or by its `code` or `name` where Xero
    takes those. The first of these that is there counts; without any, nothing stands there."""

    id: (
        Annotated[
            str,
            StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
            Field(json_schema_extra={"format": "uuid"}),
        ]
        | None
    ) = None
    remote_id: Short | None = None
    code: Short | None = None
    name: Short | None = None


@cache
def writable_names(name: str) -> frozenset[str]:
    """Fields that may be sent to make or change a thing of this resource; none, if it can be
    neither made nor changed."""
    return frozenset(_entries(name, Kind.CREATE)) | frozenset(_entries(name, Kind.UPDATE))


@cache
def created_model(name: str) -> type[BaseModel]:
    """What makes a thing of this resource.

    Raises:
        LookupError: none can be made.
    """
    makers = [each for each in sources(name) if _does(each, Kind.CREATE)]
    required = [set(each.required) for each in makers]
    return _record_model(name, Kind.CREATE, set[str]().union(*required[:1]).intersection(*required))


@cache
def changed_model(name: str) -> type[BaseModel]:
    """What changes a thing of this resource: only what is to be other.

    Raises:
        LookupError: none can be changed.
    """
    return _record_model(name, Kind.UPDATE, set())


@cache
def command_model(body: type[Part]) -> type[BaseModel]:
    """What is sent with a command, with the bounds of everything that is sent."""
    made: dict[str, Any] = {}
    for name, info in body.model_fields.items():
        kind = _sent(_whole(info))
        if info.is_required():  # and an empty text says nothing
            made[name] = (Annotated[kind, Field(min_length=1)] if kind is Text else kind, ...)
        else:
            made[name] = (kind, info.get_default())
    return create_model(f"Sent{body.__name__}", __base__=_Sent, __doc__=body.__doc__, **made)


def _record_model(name: str, way: Kind, required: set[str]) -> type[BaseModel]:
    kind = sources(name)[0]
    entries = _entries(name, way)
    if not entries:
        raise LookupError(f"nothing of {name} is sent to {way} one")
    made: dict[str, Any] = {}
    for field, entry in entries.items():
        declared = _sent(_declared(kind.model.model_fields[field], entry), entry)
        whole: Any = Union[(declared, *_constants(name, field))]
        made[field] = (_without_null(whole), ...) if field in required else _optional(whole)
    made[REMOTE_BODY] = (_RemoteBody | None, None)
    doing = {Kind.CREATE: "makes", Kind.UPDATE: "changes"}[way]
    return create_model(
        f"{kind.model.__name__}{way.capitalize()}",
        __base__=_Sent,
        __doc__=f"What {doing} {_article(kind.name)}.",
        **made,
    )


class NotTaken(ValueError):
    """A body is not as its model has it.

    Attributes:
        complaints: a JSON pointer and a sentence for each thing that is wrong.
    """

    def __init__(self, complaints: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{path}: {said}" for path, said in complaints))
        self.complaints = complaints


def taken(model: type[BaseModel], body: Any) -> dict[str, Any]:
    """A body as it counts: what was sent and nothing else, with numbers as texts.

    Raises:
        NotTaken: it is not as the model has it.
    """
    try:
        made = model.model_validate(body)
    except ValidationError as error:
        raise NotTaken(list(_told(model, error))) from None
    return made.model_dump(exclude_unset=True)


def complaints(model: type[BaseModel], body: Any) -> list[tuple[str, str]]:
    """What is wrong with a body: a JSON pointer and a sentence for each; nothing, if nothing is."""
    try:
        taken(model, body)
    except NotTaken as refused:
        return refused.complaints
    return []


def _told(model: type[BaseModel], error: ValidationError) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for each in error.errors(include_url=False, include_input=False, include_context=False):
        steps = [step for step in each["loc"] if not _is_branch(step)]
        path = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)
        if path not in seen:  # of several alternatives that failed, one sentence is enough
            seen.add(path)
            said = _SAID.get(each["type"], each["msg"].removeprefix("Value error, "))
            hint = _near(model, steps) if each["type"] == "extra_forbidden" else ""
            yield path, said[0].lower() + said[1:] + hint


def _near(model: type[BaseModel], steps: list[int | str]) -> str:
    """Which field somebody may have meant who wrote one that there is not."""
    held: Any = model
    for step in steps[:-1]:
        if isinstance(step, str):
            field = held.model_fields.get(step) if held is not None else None
            held = None if field is None else _model_in(field.annotation)
    close = [] if held is None else get_close_matches(str(steps[-1]), held.model_fields, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _model_in(kind: Any) -> type[BaseModel] | None:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    return next((found for each in get_args(kind) if (found := _model_in(each))), None)


_SAID: Final[Mapping[str, str]] = {
    "extra_forbidden": "there is no such field to write here",
    "model_type": "must be an object",
    "list_type": "must be a list",
    "string_type": "must be a text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
}


def _is_branch(step: int | str) -> bool:
    """Whether pydantic names an alternative here, and no place in the body."""
    return isinstance(step, str) and (step.startswith("Sent") or "[" in step or step == "str")


def _entries(name: str, way: Kind) -> dict[str, Entry]:
    """The line of each field that is sent this way, of the first source that takes it."""
    found: dict[str, Entry] = {}
    for source in sources(name):
        if _does(source, way):
            for entry in source.writable:
                if way is Kind.CREATE or not entry.once:
                    found.setdefault(entry.name, entry)
    ordered = sources(name)[0].model.model_fields
    return {field: found[field] for field in ordered if field in found}


def _does(source: Resource, way: Kind) -> bool:
    return any(each.kind is way for each in source.operations)


def _constants(name: str, field: str) -> list[Any]:
    """What a field always is in sources that fill it themselves, such as a transfer's type."""
    made = [
        entry.make()
        for source in sources(name)
        for entry in source.entries
        if entry.name == field and isinstance(entry, Constant) and entry.make is not None
    ]
    return [Literal[each] for each in made if isinstance(each, str)]


# --- types -------------------------------------------------------------------------------------


def _declared(info: FieldInfo, entry: Entry) -> Any:
    """A field's type; of a status, which is any text in records, the words of its table."""
    if info.annotation == (str | None) and not info.metadata and isinstance(entry.codec, Choice):
        return Annotated[str, OneOf(*(ours for _, ours in entry.codec.words))] | None
    return _whole(info)


def _whole(info: FieldInfo) -> Any:
    """A field's type as it was declared: pydantic keeps what annotates it apart."""
    return Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation


def _optional(kind: Any) -> Any:
    return (kind | None, None)


def _without_null(kind: Any) -> Any:
    """A type of what has to be there."""
    if get_origin(kind) not in {Union, types.UnionType}:
        return kind
    return Union[tuple(each for each in get_args(kind) if each is not type(None))]  # noqa: UP007  # made


def _sent(kind: Any, entry: Entry | None = None) -> Any:
    """A type of a record's field as it may be sent; null says that nothing stands there."""
    origin = get_origin(kind)
    if origin is Annotated:
        inner, *notes = get_args(kind)
        return _annotated(inner, notes, entry)
    if origin in {Union, types.UnionType}:
        return Union[tuple(_sent(each, entry) for each in get_args(kind))]  # noqa: UP007  # made
    if origin is list:
        [element] = get_args(kind)
        return Annotated[list[_sent(element, entry)], Field(max_length=MOST_ELEMENTS)]  # type: ignore[misc]  # made
    return _sent_class(kind)


def _sent_class(kind: Any) -> Any:
    if kind in _BOUNDED:
        return _BOUNDED[kind]
    if isinstance(kind, type) and issubclass(kind, Part):
        return SentRef if issubclass(kind, Ref) else _part(kind)
    return kind


def _annotated(inner: Any, notes: list[Any], entry: Entry | None) -> Any:
    words = next((note.values for note in notes if isinstance(note, OneOf)), None)
    if words is not None:
        return Literal[_written_words(words, entry)]
    pattern = next((n.pattern for n in notes if isinstance(n, StringConstraints)), None)
    if pattern is None:
        return _sent(inner, entry)
    bounded = StringConstraints(pattern=_PATTERNS.get(str(pattern), str(pattern)))
    if str(pattern) in _DECIMALS:
        notes = [*notes, _AsNumber(signed=str(pattern).startswith("^-"))]
    others = [note for note in notes if not isinstance(note, StringConstraints)]
    real = [AfterValidator(_real) for note in others if "date" in str(_format(note))]
    return Annotated[inner, bounded, *real, *others]


class _AsNumber:
    """Lets a decimal text be sent as a JSON number too; it counts as the text of that number."""

    def __init__(self, *, signed: bool) -> None:
        self._least = -MOST_NUMBER if signed else 0

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Turn numbers into texts before anything else is asked of them."""
        return no_info_before_validator_function(_number_text, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Say so."""
        number = {"type": "number", "minimum": self._least, "maximum": MOST_NUMBER}
        return {"anyOf": [handler(schema), number]}


def _number_text(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if not -MOST_NUMBER <= value <= MOST_NUMBER:
        raise ValueError("is beyond what any books hold")
    return plain(Decimal(repr(value)).quantize(_LEAST_FRACTION, context=_EXACT))


def _format(note: Any) -> Any:
    extra = note.json_schema_extra if isinstance(note, FieldInfo) else None
    return extra.get("format") if isinstance(extra, dict) else None


def _real(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("there is no such day") from None
    return text


def _written_words(words: tuple[str, ...], entry: Entry | None) -> tuple[str, ...]:
    """The words of an open enum that Xero takes: those that its codec can write. Things inside a
    record may come back with a word that we do not know ourselves."""
    if entry is None:
        return words
    known = tuple(dict.fromkeys(word for word in words if word != UNKNOWN))
    if not isinstance(entry.codec, Choice) or entry.codec.encode is None:
        return known
    encode = entry.codec.encode
    return tuple(word for word in known if encode(word, {}) is not None) or known


@cache
def _part(part: type[Part]) -> type[BaseModel]:
    """A thing inside a record: all its fields, since read-only ones may come back and count for
    nothing; none is required."""
    made: dict[str, Any] = {}
    for name, info in part.model_fields.items():
        kind = _sent(_whole(info))
        if name in part.read_only:
            kind = Annotated[kind, Field(description=_IGNORED)]
        made[name] = _optional(kind)
    return create_model(f"Sent{part.__name__}", __base__=_Sent, __doc__=part.__doc__, **made)


def _article(name: str) -> str:
    words = name.replace("_", " ")
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
