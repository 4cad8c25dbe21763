"""Whether two versions of a schema can live side by side on one topic, in both directions.

Topics are read from their beginning, by consumers of any version. So old records must satisfy new
schemas, and new records old ones; inside a major version a schema can therefore only gain fields
that nobody has to have, and words of open enums. Everything else that validation looks at has to
stay as it is, whichever direction it would help: a rule that is this plain can be kept.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from unified.schemas.privacy import CLASSES, KEY

Schema = Mapping[str, Any]

_KNOWN_VALUES: Final = "x-known-values"
#: What tells people something and changes no verdict of a validator.
_ANNOTATIONS: Final = frozenset({"title", "description", "default", "deprecated", "$id"})
_HANDLED: Final = frozenset(
    {"$defs", "anyOf", "properties", "required", "items", KEY, _KNOWN_VALUES} | _ANNOTATIONS
)
_LOCAL: Final = "#/$defs/"
_VERSION: Final = re.compile(r"\.v\d+\.\d+\.\d+(?=\.json$)")


def incompatibilities(earlier: Schema, later: Schema) -> list[str]:
    """What a consumer of the one could not take of the other: sentences, each with its place.

    Empty: every value that satisfies one satisfies the other, as far as both know its fields.
    """
    return list(_Comparison(earlier, later).found("", earlier, later))


def additions(earlier: Schema, later: Schema) -> list[str]:
    """The places of what the later one has more, of fields and of words."""
    return list(_Comparison(earlier, later).added("", earlier, later))


class _Comparison:
    """Two documents, and which of their parts were compared: parts may contain themselves."""

    def __init__(self, earlier: Schema, later: Schema) -> None:
        self._parts = earlier.get("$defs", {}), later.get("$defs", {})
        self._seen: set[str] = set()

    def found(self, at: str, earlier: Schema, later: Schema) -> Iterator[str]:
        """What differs at one place and below it."""
        for old, new in self._paired(at, earlier, later):
            if isinstance(old, str):
                yield old
                continue
            yield from _verdicts(at, old, new)
            for below, of_old, of_new in _below(at, old, new):
                yield from self.found(below, of_old, of_new)

    def added(self, at: str, earlier: Schema, later: Schema) -> Iterator[str]:
        """What is new at one place and below it."""
        for old, new in self._paired(at, earlier, later):
            if isinstance(old, str):
                continue
            more = new.get("properties", {}).keys() - old.get("properties", {}).keys()
            words = set(new.get(_KNOWN_VALUES, ())) - set(old.get(_KNOWN_VALUES, ()))
            yield from sorted(f"{at}/{name}" for name in more)
            yield from sorted(f"{at}: {word}" for word in words)
            for below, of_old, of_new in _below(at, old, new):
                yield from self.added(below, of_old, of_new)

    def _paired(
        self, at: str, earlier: Schema, later: Schema
    ) -> Iterator[tuple[Schema | str, Schema]]:
        """The alternatives of both, each with its like; a sentence where one has none."""
        olds, news = self._kinds(earlier, 0), self._kinds(later, 1)
        for kind in sorted(olds.keys() | news.keys()):
            if kind not in news:
                yield f"{at or '/'}: was {kind}, which it no longer is", {}
            elif kind not in olds:
                yield f"{at or '/'}: may be {kind}, which it never was", {}
            else:
                (part, old), (new_part, new) = olds[kind], news[kind]
                if part and new_part:
                    # With what stands beside the reference, which differs from place to place.
                    pair = json.dumps((old, new), sort_keys=True)
                    if pair in self._seen:
                        continue
                    self._seen.add(pair)
                yield old, new

    def _kinds(
        self, schema: Schema, side: int, part: str = "", way: frozenset[str] = frozenset()
    ) -> dict[str, tuple[str, Schema]]:
        """The alternatives of a schema under what they are ("null", "string", "object", …), each
        with the name of the part that it is, or none; `way` has the parts that led here."""
        if isinstance(schema, bool):  # short for anything at all, and for nothing
            return {str(schema): ("", {})}
        if "anyOf" in schema:
            beside, alike = _beside(schema, "anyOf"), Counter[str]()
            kinds: dict[str, tuple[str, Schema]] = {}
            for each in schema["anyOf"]:
                for kind, (name, found) in self._kinds(each, side, way=way).items():
                    alike[kind] += 1
                    told = kind if alike[kind] == 1 else f"{kind} in {alike[kind]} ways"
                    kinds[told] = name, {**found, **beside}
            return kinds
        if "$ref" in schema:
            return self._referenced(schema["$ref"], _beside(schema, "$ref"), side, way)
        return {str(schema.get("type", "one of its values")): (part, schema)}

    def _referenced(
        self, to: str, beside: Schema, side: int, way: frozenset[str]
    ) -> dict[str, tuple[str, Schema]]:
        """The alternatives of a reference, with what the schema says beside it."""
        if not to.startswith(_LOCAL):
            return {f"a {_VERSION.sub('', to)}": ("", beside)}
        name = to.removeprefix(_LOCAL)
        held = self._parts[side].get(name)
        if held is None or name in way:
            return {f"{name}, which is described nowhere": ("", beside)}
        if isinstance(held, bool):
            return {str(held): ("", beside)}
        return self._kinds({**held, **beside}, side, name, way | {name})


def _beside(schema: Schema, than: str) -> Schema:
    """What a schema says beside its alternatives or its reference, under names of its own."""
    return {
        key if key == KEY or key in _ANNOTATIONS else f"{key} beside {than}": value
        for key, value in schema.items()
        if key != than
    }


def _verdicts(at: str, earlier: Schema, later: Schema) -> Iterator[str]:
    where = at or "/"
    yield from _of_fields(at, earlier, later)
    yield from _of_words(where, earlier, later)
    if ("items" in earlier) is not ("items" in later):
        yield f"{where}: elements are described on one side only"
    if _care(later) < _care(earlier):
        yield f"{where}: treated with less care ({later.get(KEY)})"
    # The address of a document names it; one below moves what its references mean.
    handled = _HANDLED - {"$id"} if at else _HANDLED
    for key in sorted((earlier.keys() | later.keys()) - handled):
        if earlier.get(key) != later.get(key):
            yield f"{where}: {key} was {earlier.get(key)}, is {later.get(key)}"


def _of_fields(at: str, earlier: Schema, later: Schema) -> Iterator[str]:
    left = later.get("properties", {})
    for name in earlier.get("properties", {}):
        if name not in left:
            yield f"{at}/{name}: gone"
    was, now = set(earlier.get("required", ())), set(later.get("required", ()))
    for name in sorted(was - now):
        yield f"{at}/{name}: no longer always there"
    for name in sorted(now - was):
        yield f"{at}/{name}: required, but older records need not have it"


def _of_words(where: str, earlier: Schema, later: Schema) -> Iterator[str]:
    if (_KNOWN_VALUES in earlier) is not (_KNOWN_VALUES in later):
        yield f"{where}: an open enum on one side only"
        return
    for word in earlier.get(_KNOWN_VALUES, ()):
        if word not in later[_KNOWN_VALUES]:
            yield f"{where}: the word {word} is gone"


def _care(schema: Schema) -> int:
    return CLASSES.index(schema.get(KEY, "none"))


def _below(at: str, earlier: Schema, later: Schema) -> Iterator[tuple[str, Schema, Schema]]:
    old, new = earlier.get("properties", {}), later.get("properties", {})
    for name in old:
        if name in new:
            yield f"{at}/{name}", old[name], new[name]
    if "items" in earlier and "items" in later:
        yield f"{at}/-", earlier["items"], later["items"]
