"""docs/resources.md: every resource with what Xero lets one know and do, made from its file.

Nothing is said here of one resource alone; what a page needs to say stands in the resource file.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from ledgerwire.resource_changes import changes_chapter
from unified.codecs import Choice
from unified.entries import Constant, Derived, Entry, Field, keys_of
from unified.model import Record
from unified.resource import COMMON, Resource
from unified.resources import KINDS, RESOURCES, operations_of, sources
from unified.schemas.privacy import KEY
from unified.schemas.writing import pieces, record_document
from unified.vocabulary import ACCOUNTING_API, Endpoint

_INTRODUCTION: Final = """\
# Resources

Made from the resource files by `python -m ledgerwire.documents`: what Ledgerwire mirrors and
publishes, where it comes from at Xero, and every field. Events are told in [events.md](events.md);
how one more comes in, in [adding-a-resource.md](adding-a-resource.md).
"""
_LEGEND: Final = """\
Reading needs the scope with `.read` behind it (or the same without). *Webhook*: Xero announces
changes; everything else is found by sweeps, audits and looks at linked things. *Incremental*:
`If-Modified-Since` tells what changed; else whole lists are compared. *Removal*: how a thing can
go; `missing` means that two complete lists and a read of its own did not show it. *Operations* are
what can be done through the api beside reading; the chapter [What can be
changed](#what-can-be-changed) says how each is asked for, and what of Xero's is not offered.
"""
_FIELDS: Final = """\
In the tables of fields, `?` behind a type means that it may be null; words of open enums may be
joined by new ones at any time, and what we do not know yet reads `unknown`. **W** marks what Xero
takes in a write, **s** what only reads of single things carry, **p** what lists without pages leave
out, **v** what may move without an event (it is no content), **c** what is cosmetic, **t** what
moves with the calendar, **d** what we work out, **x** what Xero does not hold. *Care* is the
privacy class, where it is not `none`.
"""


def resources_page() -> str:
    """The whole page."""
    documents = {kind.name: record_document(kind) for kind in KINDS}
    parts: dict[str, Mapping[str, Any]] = {}
    for document in documents.values():
        for name, part in document.get("$defs", {}).items():
            parts.setdefault(name, part)
    chapters = [
        _INTRODUCTION,
        _LEGEND,
        "\n".join(_overview()),
        "\n## Fields of every record\n",
        _FIELDS,
        "\n".join(_common()),
    ]
    named = sorted(KINDS, key=lambda each: each.name)
    chapters += ["\n".join(_chapter(kind, documents[kind.name])) for kind in named]
    chapters += ["\n".join(changes_chapter())]
    return "\n".join([*chapters, *_parts(parts)]).rstrip() + "\n"


def _overview() -> Iterator[str]:
    yield "| Resource | At Xero | Scope | Webhook | Incremental | Pages | Removal |"
    yield "|---|---|---|---|---|---|---|"
    for kind in sorted(KINDS, key=lambda each: each.name):
        for source in sources(kind.name):
            at = source.endpoint
            link = f"[`{kind.name}`](#{kind.name})"
            cells = (
                link,
                _address(at),
                f"`{at.scope_granular}`",
                f"`{source.webhook_category}`" if source.webhook_category else "",
                "yes" if at.modified_since else "",
                _paging(at) if source in RESOURCES else "on demand",
                ", ".join(_removals(source)),
            )
            yield f"| {' | '.join(cells)} |"


def _address(at: Endpoint) -> str:
    """Where it is; the API only where that is not the accounting one."""
    path = "/".join(at.parts)
    whole = path if at.api == ACCOUNTING_API else f"{at.api}/{path}"
    return f"`{whole}`" + (f" ({', '.join(sorted(at.countries))})" if at.countries else "")


def _paging(at: Endpoint) -> str:
    if at.children:
        return "a list for each parent"
    if at.offset_key is not None:
        return f"{at.page_size}, from a `{at.offset_key}` on"
    return "one piece" if at.page_size is None else f"{at.page_size} a page"


def _removals(source: Resource) -> list[str]:
    """The ways in which the thing can go: by a status, merged into another, or just missing."""
    if source.permanent:
        return ["never"]
    blank = dict.fromkeys(entry.name for entry in source.entries)
    found = [
        f"status `{word}`"
        for word in dict.fromkeys(ours for _, ours in _statuses(source))
        if source.removed_as({**blank, "status": word}) is not None
    ]
    if not found and source.removed_as({**blank, "remote_status": "DELETED"}) is not None:
        found.append("status `deleted`")  # ours is another one, such as that of a schedule's days
    merged = {**blank, "status": "archived", "merged_into": {"remote_id": "x"}}
    if source.removed_as(merged) is not None and source.removed_as(blank) is None:
        found.append("merged")
    return [*found, "missing"]


def _statuses(source: Resource) -> tuple[tuple[str, str], ...]:
    for entry in source.entries:
        if entry.name == "status" and isinstance(entry, Field) and isinstance(entry.codec, Choice):
            return entry.codec.words
    return ()


def _common() -> Iterator[str]:
    block, _ = pieces(Record.model_json_schema())
    yield "| Field | Type | Care |"
    yield "|---|---|---|"
    for name, schema in block["properties"].items():
        yield f"| `{name}` | {_type(schema)} | {_care(schema)} |"


def _chapter(kind: Resource, document: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n## {kind.name}\n"
    yield " ".join((kind.model.__doc__ or "").split())
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield f"| Topics | `…{kind.space}.{kind.topic_part}.events.v1`, `….state.v1` |"
    yield f"| Schema | version {kind.schema_version} |"
    for source in sources(kind.name):
        yield from _facts(source)
    yield ""
    yield "| Field | Type | Xero's | | Care |"
    yield "|---|---|---|---|---|"
    entries = {entry.name: entry for entry in kind.entries}
    others = [{entry.name: entry for entry in each.entries} for each in sources(kind.name)]
    for name, schema in document["properties"].items():
        filled = isinstance(entries.get(name), Field) or _is_timed(entries, name)
        told = name not in COMMON or filled
        if not told or (name == "extensions" and not keys_of(_field(entries[name]))):
            continue
        entry = entries[name]
        told_by = next((each[name] for each in others if isinstance(each[name], Field)), entry)
        keys = dict.fromkeys(_keys(each[name]) for each in others if _keys(each[name]))
        cells = (f"`{name}`", _type(schema), " / ".join(keys), _marks(told_by), _care(schema))
        yield f"| {' | '.join(cells)} |"


def _is_timed(entries: Mapping[str, Entry], name: str) -> bool:
    """Whether a field of the common block follows from this resource's days."""
    entry = entries.get(name)
    return isinstance(entry, Derived) and entry.timed


def _field(entry: Entry) -> Field:
    assert isinstance(entry, Field)  # noqa: S101  # the caller looked
    return entry


def _facts(source: Resource) -> Iterator[str]:
    at = source.endpoint
    yield f"| **{_address(at)}** | {_ways(source)} |"
    yield f"| Scope | `{at.scope_granular}`, before March 2026 `{at.scope_broad}` |"
    hours = at.pace.longest.total_seconds() / 3600
    often = f"at least every {hours:g} hours" if source in RESOURCES else "on demand"
    yield f"| Looked at | {often} |"
    yield f"| Removal | {', '.join(_removals(source))} |"
    does = ", ".join(f"`{each.name}`" for each in operations_of(source))
    yield f"| Operations | {does or 'reading alone'} |"
    words = _statuses(source)
    if words:
        told = ", ".join(f"{theirs} → `{ours}`" for theirs, ours in words)
        yield f"| `status` | {told} |"


def _ways(source: Resource) -> str:
    at = source.endpoint
    if source not in RESOURCES:
        return "worked out by Xero for each question"
    ways = [_paging(at)]
    ways.append("`If-Modified-Since`" if at.modified_since else "whole lists are compared")
    if source.webhook_category:
        ways.append(f"webhook `{source.webhook_category}`")
    if at.ids_filter:
        ways.append("`IDs=`")
    if at.where_id_or:
        ways.append("`where` with ids")
    if at.detail:
        ways.append("headers in lists, the rest by single reads")
    elif not at.single:
        ways.append("never alone")
    if at.gated:
        ways.append("not open to every app or organisation: probed, else `unsupported`")
    return "; ".join(ways)


def _parts(parts: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "\n## Parts\n"
    yield "What several fields are made of."
    for name, part in sorted(parts.items()):
        yield f"\n### {name}\n"
        yield " ".join(part.get("description", "").split())
        yield ""
        yield "| Field | Type | Care |"
        yield "|---|---|---|"
        for field, schema in part["properties"].items():
            yield f"| `{field}` | {_type(schema)} | {_care(schema)} |"


def _keys(entry: Entry) -> str:
    keys = keys_of(entry) if isinstance(entry, Field) else ()
    return ", ".join(f"`{key}`" for key in keys)


def _marks(entry: Entry) -> str:
    if isinstance(entry, Constant):
        return "x" if entry.make is None else "d"
    if isinstance(entry, Derived):
        return "t" if entry.timed else "d"
    reads = {str(read) for read in entry.reads}
    marks = (
        ("W", entry.write),
        ("s", "single" in reads and not reads & {"paged", "unpaged"}),
        ("p", "paged" in reads and "unpaged" not in reads),
        ("v", entry.volatile),
        ("c", entry.cosmetic),
        ("d", not keys_of(entry)),
    )
    return " ".join(mark for mark, holds in marks if holds)


def _care(schema: Mapping[str, Any]) -> str:
    said = schema.get(KEY, "none")
    return "" if said == "none" else str(said).replace("_", " ")


_BY_FORMAT: Final = {"uuid": "uuid", "date": "day", "date-time": "instant"}
_BY_TYPE: Final = {"string": "text", "boolean": "flag", "integer": "whole number"}
_BY_DESCRIPTION: Final = {
    "Plain notation, at least the currency's minor digits": "amount",
    "Plain notation without trailing zeros": "number",
    "At most 16 fraction digits": "rate",
    "ISO 4217": "currency",
}


def _type(schema: Mapping[str, Any]) -> str:
    """A type in a few words."""
    if "anyOf" in schema:
        kinds = [each for each in schema["anyOf"] if each.get("type") != "null"]
        null = "?" if len(kinds) < len(schema["anyOf"]) else ""
        return " or ".join(_type(each) for each in kinds) + null
    if "items" in schema:
        return f"list of {_type(schema['items'])}"
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in schema:
        return f"`{schema['const']}`"
    if "x-known-values" in schema:
        return _words(schema["x-known-values"])
    return _plain(schema)


def _plain(schema: Mapping[str, Any]) -> str:
    for table, key in ((_BY_FORMAT, "format"), (_BY_DESCRIPTION, "description")):
        if schema.get(key) in table:
            return table[schema[key]]
    kind: str = schema.get("type", "anything")
    return _BY_TYPE.get(kind, kind)


def _words(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in values if value != "unknown")
