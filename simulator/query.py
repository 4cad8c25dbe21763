"""The `where` language: text in, a test on records out.

Comparisons with == = != > >= < <=, AND OR && ||, brackets, null, true, false, text in double
quotes, numbers, Guid("…"), DateTime(y,m,d), DateTime.Parse("…"), and .Contains .StartsWith
.EndsWith on text, also after .ToLower() .ToUpper() .Trim(). What can't be read raises
QueryUnreadable (Xero: QueryParseException). Field names are matched without regard to case.
"""

import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, TypeVar

from simulator.elements import as_uuid
from simulator.refusals import QueryUnreadable

T = TypeVar("T")
Getter = Callable[[T], Any]
Test = Callable[[T], bool]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*") |
        (?P<number>-?\d+(?:\.\d+)?[mMdDlL]?) |
        (?P<name>[A-Za-z_][A-Za-z0-9_.]*) |
        (?P<op>==|!=|>=|<=|&&|\|\||=|>|<|\(|\)|,|\.)
    )""",
    re.VERBOSE,
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_METHODS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda value, part: part in value,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
_TRANSFORMS: dict[str, Callable[[str], str]] = {
    "tolower": str.lower,
    "toupper": str.upper,
    "trim": str.strip,
}
_WORDS: dict[str, object] = {"null": None, "true": True, "false": False}


def parse(text: str, fields: Mapping[str, Getter[T]]) -> Test[T]:
    """Read a where text.

    Args:
        text: the query.
        fields: how to get each field, by its name in lower case.

    Raises:
        QueryUnreadable: the text isn't one, or names an unknown field.
    """
    reader = _Reader(_tokens(text), fields)
    test = reader.either()
    reader.end()
    return test


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    stripped = text.rstrip()
    while at < len(stripped):
        found = _TOKEN.match(stripped, at)
        if found is None:
            raise QueryUnreadable(f"Syntax error at position {at}")
        tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
        at = found.end()
    return tokens


class _Reader:
    """Recursive descent over the tokens: either → both → comparison."""

    def __init__(self, tokens: list[tuple[str, str]], fields: Mapping[str, Getter[Any]]) -> None:
        self._tokens = tokens
        self._fields = fields
        self._at = 0

    def either(self) -> Test[Any]:
        tests = [self._both()]
        while self._take_word("or", "||"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda record: any(t(record) for t in tests)

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise QueryUnreadable(f"Unexpected '{self._tokens[self._at][1]}'")

    def _both(self) -> Test[Any]:
        tests = [self._comparison()]
        while self._take_word("and", "&&"):
            tests.append(self._comparison())
        return tests[0] if len(tests) == 1 else lambda record: all(t(record) for t in tests)

    def _comparison(self) -> Test[Any]:
        if self._take("("):
            inner = self.either()
            self._need(")")
            return inner
        kind, name = self._next()
        if kind != "name":
            raise QueryUnreadable(f"Expression expected, found '{name}'")
        get, method = self._getter(name)
        if method:
            return self._method(get, method)
        operator_token = self._next()[1]
        if operator_token not in _COMPARE:
            raise QueryUnreadable(f"Operator expected after '{name}'")
        return _compare(get, operator_token, self._value())

    def _getter(self, name: str) -> tuple[Getter[Any], str]:
        """How to get a field, changed by .ToLower() and the like, and the test called on it."""
        field, _, method = name.rpartition(".")
        if method.lower() not in {*_METHODS, *_TRANSFORMS}:
            return self._field(name), ""
        get, word = self._field(field), method.lower()
        while word in _TRANSFORMS:
            self._need("(")
            self._need(")")
            get = _changed(get, _TRANSFORMS[word])
            if not self._take("."):
                return get, ""
            word = self._next()[1].lower()
        if word not in _METHODS:
            raise QueryUnreadable(f"No applicable method '{word}' exists")
        return get, word

    def _method(self, get: Getter[Any], method: str) -> Test[Any]:
        apply = _METHODS[method]
        self._need("(")
        value = self._value()
        self._need(")")
        if self._take("==") or self._take("="):
            wanted = self._value()
            return lambda record: apply(get(record) or "", str(value)) == wanted
        return lambda record: apply(get(record) or "", str(value))

    def _field(self, name: str) -> Getter[Any]:
        get = self._fields.get(name.lower())
        if get is None:
            raise QueryUnreadable(f"No property or field '{name}' exists")
        return get

    def _value(self) -> object:
        kind, token = self._next()
        if kind == "text":
            return token[1:-1].replace('\\"', '"')
        if kind == "number":
            return Decimal(token.rstrip("mMdDlL"))
        if kind == "name":
            word = token.lower()
            if word in _WORDS:
                return _WORDS[word]
            if word in {"guid", "datetime", "datetime.parse"}:
                return self._call(word)
        raise QueryUnreadable(f"Value expected, found '{token}'")

    def _call(self, word: str) -> object:
        self._need("(")
        arguments = [self._next()[1]]
        while self._take(","):
            arguments.append(self._next()[1])
        self._need(")")
        try:
            if word == "guid":
                found = as_uuid(arguments[0].strip('"'))
                if found is None:
                    raise QueryUnreadable(f"{arguments[0]} is not a Guid")
                return found
            if word == "datetime":
                year, month, day, *more = (int(argument) for argument in arguments)
                hour, minute, second = [*more, 0, 0, 0][:3]
                at = datetime.combine(date(year, month, day), time(hour, minute, second))
                return _day_or_moment(at, not more)
            text = arguments[0].strip('"')
            return _day_or_moment(datetime.fromisoformat(text), len(text) == 10)
        except ValueError:
            raise QueryUnreadable(f"{word} cannot read {', '.join(arguments)}") from None

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise QueryUnreadable("Unexpected end of query")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, token: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == ("op", token):
            self._at += 1
            return True
        return False

    def _take_word(self, word: str, sign: str) -> bool:
        if self._take(sign):
            return True
        if self._at < len(self._tokens):
            kind, token = self._tokens[self._at]
            if kind == "name" and token.lower() == word:
                self._at += 1
                return True
        return False

    def _need(self, token: str) -> None:
        if not self._take(token):
            raise QueryUnreadable(f"'{token}' expected")


def _changed(get: Getter[Any], change: Callable[[str], str]) -> Getter[Any]:
    return lambda record: None if (held := get(record)) is None else change(str(held))


def _compare(get: Getter[Any], token: str, value: object) -> Test[Any]:
    compare = _COMPARE[token]
    if value is None and token not in {"==", "=", "!="}:
        raise QueryUnreadable("null can only be compared for equality")

    def test(record: Any) -> bool:
        held, wanted = _alike(get(record), value)
        if token in {"==", "=", "!="}:
            return compare(held, wanted)
        if held is None:
            return False
        try:
            return compare(held, wanted)
        except TypeError:
            raise QueryUnreadable(f"Operator '{token}' incompatible with the operands") from None

    return test


def _day_or_moment(found: datetime, is_day: bool) -> date | datetime:
    """A calendar day, or a moment of UTC without a zone."""
    if is_day:
        return found.date()
    return found if found.tzinfo is None else found.astimezone(UTC).replace(tzinfo=None)


def _alike(held: Any, wanted: Any) -> tuple[Any, Any]:
    """Both as moments where one is: a day begins at midnight."""
    if isinstance(held, datetime) or isinstance(wanted, datetime):
        return _moment(held), _moment(wanted)
    return held, wanted


def _moment(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time())
    return value
