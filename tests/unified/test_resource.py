"""A resource file that contradicts itself cannot be imported; a sound one can be found."""

import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from unified.codecs import NUMBER, Codec, CodecError, Drift, Scope, flag
from unified.model import Record
from unified.resource import COMMON, NormalizeError, Resource
from unified.resources import (
    KINDS,
    RESOURCES,
    SOURCES,
    _index,
    by_category,
    by_endpoint,
    by_name,
    by_plural,
    resource,
    source_of,
    sources,
)
from unified.resources.company_info import COMPANY_INFO
from unified.resources.contact import CONTACT
from unified.resources.invoice import INVOICE
from unified.shape import Constant, Derived, Field, ResourceDefinitionError, Shape, many, one


def _rebuilt(original: Resource, **changes: Any) -> Resource:
    names = [name for name in original.__dataclass_fields__ if not name.startswith("_")]
    return Resource(**{**{name: getattr(original, name) for name in names}, **changes})


def test_resources_are_found_by_all_their_names() -> None:
    """Routing from a webhook, an address or an endpoint needs no list of its own."""
    for each in SOURCES:
        assert each in sources(each.name)
        assert each is source_of(each.name, each.endpoint.path)
        assert by_plural(each.plural) is resource(each.name) is sources(each.name)[0]
        assert each is by_endpoint(each.endpoint.path)
        assert each.name in repr(each)
    assert by_category("INVOICE") is INVOICE
    assert by_category("CONTACT") is CONTACT
    assert by_category("SUBSCRIPTION") is None
    assert by_endpoint("Receipts") is None
    assert by_plural("cats") is None
    with pytest.raises(KeyError):
        resource("cat")
    heard = {each.name for each in RESOURCES if each.webhook_category is not None}
    left = {"credit_note", "prepayment", "overpayment"}
    assert heard == {"contact", "invoice", "payment", *left}
    assert len({each.name for each in KINDS}) == len(KINDS)
    assert {each.name for each in KINDS} == {each.name for each in SOURCES}


def test_sources_of_one_resource_are_of_one_kind() -> None:
    """Two endpoints may bring records of one name; consumers see one model under one topic."""
    elsewhere = replace(INVOICE.endpoint, path="Elsewhere")
    also = _rebuilt(INVOICE, endpoint=elsewhere)
    assert by_name((INVOICE, CONTACT, also)) == {"invoice": (INVOICE, also), "contact": (CONTACT,)}
    with pytest.raises(ResourceDefinitionError, match="invoice are not of one kind"):
        by_name((INVOICE, _rebuilt(INVOICE, endpoint=elsewhere, topic_part="others")))
    assert source_of("invoice", None) is source_of("invoice", "Elsewhere") is INVOICE


def test_two_resources_never_share_a_name() -> None:
    """One of them would silently never be reached."""
    with pytest.raises(ResourceDefinitionError, match="share a name"):
        _index([("x", INVOICE), ("x", CONTACT)])


def test_fields_and_model_agree_or_nothing_starts() -> None:
    """A field without a line, a line without a field, or one twice."""
    assert _rebuilt(INVOICE).name == "invoice"
    for fields in (
        INVOICE.fields[:-1],
        (*INVOICE.fields, Constant("colour")),
        (*INVOICE.fields, INVOICE.fields[-1]),
    ):
        with pytest.raises(ResourceDefinitionError, match="disagree"):
            _rebuilt(INVOICE, fields=fields)


def test_common_block_stands_first_and_in_order() -> None:
    """Consumers read records of every resource alike."""

    class Turned(Record):
        pass

    fields = dict(Turned.model_fields)
    Turned.__pydantic_fields__ = dict(reversed(fields.items()))
    with pytest.raises(ResourceDefinitionError, match="out of order"):
        _rebuilt(INVOICE, model=Turned)
    for each in RESOURCES:
        assert list(COMMON) == list(each.model.model_fields)[: len(COMMON)]


def test_resource_without_extensions_has_an_empty_object() -> None:
    """The key is there, so that adding one later is an addition."""
    fields = tuple(f for f in COMPANY_INFO.fields if f.name in {"status", "remote_status"})
    bare = Resource(
        name="bare",
        plural="bares",
        topic_part="bares",
        space="accounting",
        model=Record,
        endpoint=COMPANY_INFO.endpoint,
        webhook_category=None,
        fields=fields,
    )
    declared = _rebuilt(
        COMPANY_INFO, model=Record, fields=(*fields, Constant("extensions", dict)), extensions=()
    )

    assert bare.facts({}, {}) == []
    for each in (bare, declared):
        assert each._shape.decode({}, Scope("t"))["extensions"] == {}


def test_tables_refuse_what_cannot_work() -> None:
    """A field twice, a writable one that cannot be written, a name that is none."""
    mute = Codec(lambda value, _scope: value)
    for entries, word in (
        ((Field("a", "A"), Derived("a")), "declared twice"),
        ((Field("a", "A", mute, write=True),), "cannot encode"),
        ((Field("a b", "A"),), "no name"),
    ):
        with pytest.raises(ResourceDefinitionError, match=word):
            Shape("Thing", entries)


def test_nested_tables_encode_and_canonize() -> None:
    """One or many, with or without ids; nothing of a volatile field."""
    shape = Shape("Thing", (Field("id", "ID", write=True), Field("v", "V", volatile=True)))
    single, several = one(shape), many(shape, keyed=True)
    scope = Scope("t")
    things = several.decode([{"ID": "b", "V": "1"}, {"ID": "a"}, {}], scope)

    assert [thing["id"] for thing in things] == ["b", "a", None]
    assert single.decode({}, scope) is None
    assert several.decode(None, scope) == []
    for codec, value, written, canon, brief in (
        (single, things[0], {"ID": "b"}, {"id": "b"}, ["b"]),
        (
            several,
            things,
            [{"ID": "b"}, {"ID": "a"}, {}],
            [{"id": None}, {"id": "a"}, {"id": "b"}],
            [[None], ["a"], ["b"]],
        ),
        (
            many(shape),
            things[:2],
            [{"ID": "b"}, {"ID": "a"}],
            [{"id": "b"}, {"id": "a"}],
            [["b"], ["a"]],
        ),
    ):
        assert codec.encode is not None
        assert codec.canon is not None
        assert codec.brief is not None
        assert written == codec.encode(value, {})
        assert canon == codec.canon(value)
        assert brief == codec.brief(value)
    for wrong in ("x", {"a": 1}):
        with pytest.raises(CodecError, match="not a list"):
            several.decode(wrong, scope)
    with pytest.raises(CodecError) as caught:
        several.decode([{}, 5], scope)
    assert caught.value.path == ("1",)


def test_an_error_that_does_not_come_again_keeps_its_reason() -> None:
    """The culprit is found by asking again; a codec that forgot its error loses only the path."""
    calls = []

    def fickle(value: object, _scope: Scope) -> object:
        calls.append(value)
        if value == "x" and calls.count("x") == 1:
            raise CodecError("once")
        return value

    shape = Shape("Thing", (Field("a", "A", Codec(fickle)),))
    with pytest.raises(CodecError, match=r"^once$"):
        shape.decode({"A": "x"}, Scope("t"))


def test_absent_keys_become_what_their_codec_makes_of_nothing() -> None:
    """It is asked once, but what can be changed is made anew for each record."""
    scope = Scope("t", "NZD")
    several = Codec(lambda raw, _scope: [raw["B"]] if "B" in raw else [])
    at_home = Codec(lambda value, scope: value or scope.base_currency)
    shape = Shape(
        "Thing",
        (
            Field("text", "A"),
            Field("sent", "C", flag(absent=False)),
            Field("items", "D", many(Shape("Item", (Field("id", "ID"),)))),
            Field("several", ("B", "BB"), several),
            Field("currency", "E", at_home),
            Constant("made", dict),
        ),
    )
    nothing: dict[str, Any] = {
        "text": None,
        "sent": False,
        "items": [],
        "several": [],
        "currency": "NZD",
    }
    first, second = shape.decode({}, scope), shape.decode({"D": [], "C": None}, scope)
    full = {"A": "a", "B": 1, "C": True, "D": [{"ID": "i"}], "E": "JPY"}

    assert nothing | {"made": {}} == first == second
    for name in ("items", "several", "made"):
        assert first[name] is not second[name]
    assert shape.decode(full, scope) == {
        "text": "a",
        "sent": True,
        "items": [{"id": "i"}],
        "several": [1],
        "currency": "JPY",
        "made": {},
    }


def test_empty_values_count_as_absent_only_where_the_codec_says_so() -> None:
    """An empty list is no list, but a zero is a number."""
    shape = Shape(
        "Thing",
        (
            Field("number", "N", NUMBER),
            Field("code", "C"),
            Field("flag", "F", flag()),
            Field("choosy", "X", Codec(lambda value, _scope: value or (0 if value == 0 else None))),
            Field("items", "I", many(Shape("Item", ()))),
        ),
    )
    scope = Scope("t")

    assert shape.decode({"N": Decimal("0.0"), "C": 0, "F": False, "X": 0, "I": 0}, scope) == {
        "number": "0",
        "code": "0",
        "flag": False,
        "choosy": 0,
        "items": [],
    }
    with pytest.raises(CodecError) as caught:
        shape.decode({"C": []}, scope)
    assert caught.value.path == ("C",)


def test_unknown_keys_are_noted_in_every_kind_of_table() -> None:
    """Wherever Xero adds a key it is counted; a partial table leaves that to the whole one."""
    entries = (Field("a", "A"), Field("b", ("B", "BB"), Codec(lambda _raw, _scope: None)))
    scope = Scope("t")
    Shape("Thing", entries, ignored=("Old",)).decode({"New": 1, "BB": 1, "Old": 1}, scope)
    Shape("Part", entries, partial=True).decode({"New": 1}, scope)

    assert [Drift("field", "Thing.New")] == scope.drift


def test_importing_resources_builds_no_validators() -> None:
    """Every program imports them at its start, and only tests and documents validate."""
    script = (
        "from unified.resources import RESOURCES\n"
        "raise SystemExit(any(each.model.__pydantic_complete__ for each in RESOURCES))"
    )

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_endpoints_can_be_walked() -> None:
    """What the client and the sweeper rely on."""
    for each in RESOURCES:
        endpoint = each.endpoint
        assert endpoint.page_size in {None, 100, 1000}
        assert endpoint.scope_granular.startswith(("accounting.", "payroll."))
        assert endpoint.order is None or endpoint.page_size is not None
        assert replace(endpoint) == endpoint


def test_normalize_error_names_the_object() -> None:
    """For a person who looks at a dead letter."""
    error = NormalizeError("invoice", "ab", "LineItems/0/Quantity", "not a number")

    assert str(error) == "invoice ab: LineItems/0/Quantity: not a number"
