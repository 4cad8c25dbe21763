"""How careful a consumer has to be with each field: a class for every property of a schema.

A model says it by its types (`Personal`, `BankDetail`, `FreeText`, `Label`). What can only be a
number, a date, an id or a word of a list needs no saying. The rest are free texts under names that
mean the same everywhere: those names stand here, and a text under any other name has to be
classified in its model, so that nobody forgets to think about it.
"""

from collections.abc import Mapping
from typing import Any, Final

CLASSES: Final = ("none", "free_text", "personal", "bank_detail")
"""From harmless to careful. `free_text` is what people typed, whatever it was; `personal` tells of
a person, or of an organisation that may be one; `bank_detail` belongs to an account at a bank."""

KEY: Final = "x-privacy"

_NAMED: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            # What Xero and we call things: ids, codes, words of lists that we do not know in full.
            "id", "remote_id", "resource", "code", "key", "type", "status", "kind", "version",
            "country", "country_code", "region", "area_code", "timezone", "short_code", "plan",
            "plan_class", "edition", "organisation_type", "organisation_entity_type",
            "tax_number_name", "tax_number_type", "report_tax_type", "reporting_code",
            "reporting_name", "jurisdiction_region", "state_assigned_number", "taxability",
            "repeating_line_source", "payment_method", "source", "mime_type", "source_api",
            "sha256", "parent_endpoint", "column",
            # What an event says about itself.
            "schema_version", "mapping_version", "api", "endpoint", "completeness", "raw_hash",
            "detected_by", "facts", "changed_fields", "self", "proxy", "change_class",
            # Blocks of an event's cause.
            "webhook", "poll", "backfill", "api_write", "time",
            "extensions",
        ),
        "none",
    ),
    # Xero's own JSON, with whatever it tells.
    "remote_data": "bank_detail",
    # Numbers of documents are drawn from a series, as a rule.
    "number": "none",
    # A link leads to what has its own guards.
    "remote_url": "none",
    "download_url": "none",
    "online_url": "none",
    **dict.fromkeys(
        (
            "description", "purchase_description", "reference", "memo", "notes", "note",
            "particulars", "details", "instructions", "narration", "text", "label", "file_name",
            "source_url", "url", "line_of_business", "title", "summary", "terms",
        ),
        "free_text",
    ),
    **dict.fromkeys(
        (
            "first_name", "last_name", "email", "phone", "telephone", "attention", "address",
            "legal_name", "tax_number", "registration_number", "company_number", "website",
            "employer_identification_number", "account_number", "network_key", "job_title",
            "employee_number", "external_link",
        ),
        "personal",
    ),
}  # fmt: skip
_NAMED_REMOTE: Final = "remote_"  #: Xero's own words for what an open enum of ours says


class Unclassified(Exception):
    """A free text whose privacy nobody has thought about: say it by its type in the model."""

    def __init__(self, field: str) -> None:
        super().__init__(
            f"{field}: a text under this name needs a class: Personal, BankDetail, FreeText or "
            "Label instead of str"
        )
        self.field = field


def classified(owner: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of one object with a class each; objects inside have classes of their own.

    `owner` names the object in errors.

    Raises:
        Unclassified: a text's class is neither said nor known by its name.
    """
    return {name: _with_class(owner, name, schema) for name, schema in properties.items()}


def _with_class(owner: str, name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    said, rest = _taken(schema)
    kinds = list(_leaves(rest))
    if not kinds and said is None:
        return rest  # an object, whose own properties say it
    if said is None:
        said = _by_name(owner, name) if any(map(_is_free, kinds)) else "none"
    return {**rest, KEY: said}


def _by_name(owner: str, name: str) -> str:
    if name.startswith(_NAMED_REMOTE) and name not in _NAMED:
        return "none"
    found = _NAMED.get(name)
    if found is None:
        raise Unclassified(f"{owner}.{name}")
    return found


def _taken(schema: Mapping[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """The most careful class said anywhere inside, and the schema without it."""
    said = [schema[KEY]] if KEY in schema else []
    rest = {key: value for key, value in schema.items() if key != KEY}
    if "anyOf" in rest:
        inside = [_taken(each) for each in rest["anyOf"]]
        rest["anyOf"] = [each for _, each in inside]
        said += [each for each, _ in inside if each is not None]
    if "items" in rest:
        found, rest["items"] = _taken(rest["items"])
        said += [found] if found is not None else []
    return max(said, key=CLASSES.index, default=None), rest


def _leaves(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The schemas inside that are no object."""
    if "$ref" in schema:
        return []
    if "anyOf" in schema:
        return [
            leaf for each in schema["anyOf"] if each != {"type": "null"} for leaf in _leaves(each)
        ]
    if "items" in schema:
        return _leaves(schema["items"])
    return [schema]


_BOUND: Final = ("pattern", "format", "const", "enum", "x-known-values")


def _is_free(schema: Mapping[str, Any]) -> bool:
    """Whether anything can stand there: a text without bounds, any object, any value at all."""
    if any(key in schema for key in _BOUND):
        return False
    return schema.get("type", "string") in {"string", "object"}
