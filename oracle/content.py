"""What counts of a record, and what does not: the one place where that is written down.

Two records are the same content when what is left after `content` is equal. The lists below are
part of the verdict: whatever stands in them, nobody checks there.
"""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

#: Fields that may differ between two records of one content, and why.
VOLATILE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "connection_id": "changes when the organisation is linked again",
        "remote_url": "a link, made from the organisation's short code once that is known",
        "created_at": "Xero's clock; constant where Xero tells it at all",
        "updated_at": "Xero's clock; a stamp moves without content, and content without a stamp",
        "first_seen_at": "our clock",
        "changed_at": "our clock",
        "verified_at": "our clock",
        "deleted_at": "our clock",
        "version": "compared by itself",
        "content_hash": "follows the content",
        "completeness": "a fuller read tells more of the same",
        "quantity_on_hand": "moves with every document that names the item, without a stamp",
        "total_cost_pool": "moves with the quantity",
        "sha256": "known once somebody fetched the bytes: what is said of the file stays",
        "balance_as_of": "Xero's clock, of the report that the balance is from",
        "parameters": "days that a snapshot was asked for: they pass without figures moving",
        "columns": "days again, as heads of columns",
        "title_lines": "days again, in words",
        "generated_at": "Xero's clock",
        "balances": "move with other things' changes, without a stamp; payment status has them",
    }
)

#: Fields that no expected record names, and why; for every resource, also inside nested objects.
NOT_JUDGED: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{name: why for name, why in VOLATILE.items() if name != "completeness"},
        "online_url": "read on request only; always null here",
        "remote_type": "Xero's word where ours is unknown: follows the type",
        "remote_classification": "follows the classification",
        "remote_kind": "follows the kind of the bank account",
        "remote_resource": "Xero's word for a document whose kind is not known: follows that",
        "remote_system_role": "follows the system role",
        "remote_tax_mode": "follows the tax mode",
        "remote_tax_basis": "follows the tax basis",
        "remote_tax_period": "follows the tax period",
        "remote_timezone": "follows the time zone",
        "remote_basis": "follows the basis of the payment term",
        "remote_unit": "follows the unit of the schedule",
        "remote_sales": "follows the default tax mode",
        "remote_purchases": "follows the default tax mode",
        "current_balance": "judged with the trial balance that it is from (oracle.reports)",
        "e164": "ours, from the parts beside it, which are judged; null where in doubt",
        "period_start": "follows the lines, which are judged where they are sure",
        "period_end": "follows the lines",
        "tax_breakdown": "US automated sales tax: no books that are judged have it",
    }
)

#: Names inside a reference with an id: they change with the thing referred to, unannounced.
_LABELS = frozenset({"name", "code"})
_REFERENCE = frozenset({"id", "remote_id", "resource"}) | _LABELS
#: A position is not content: a line put on top would else change all lines below it.
_POSITION = "line_number"
#: And what stands in rows of reports in words: names and days, which move without figures.
_SAID = frozenset({_POSITION, "label", "text"})


def content(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record without what does not count; lists whose elements have ids in order of ids."""
    return {name: _kept(value) for name, value in record.items() if name not in VOLATILE}


def content_hash(record: Mapping[str, Any]) -> str:
    """SHA-256, in hexadecimal, of the content as compact JSON with keys sorted at every level."""
    return hashlib.sha256(msgspec.json.encode(content(record), order="sorted")).hexdigest()


def moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Names of the record's fields whose content differs."""
    names = dict.fromkeys((*after, *before))
    return [
        name
        for name in names
        if name not in VOLATILE and not _same(before.get(name), after.get(name))
    ]


def _same(before: Any, after: Any) -> bool:
    return bool(before == after) or bool(_kept(before) == _kept(after))


def _kept(value: Any) -> Any:
    if isinstance(value, Mapping):
        if value.get("remote_id") is not None and value.keys() <= _REFERENCE:
            return {name: held for name, held in value.items() if name not in _LABELS}
        return {name: _kept(held) for name, held in value.items() if name not in _SAID}
    if isinstance(value, list):
        kept = [_kept(held) for held in value]
        if kept and all(isinstance(held, Mapping) and held.get("id") for held in kept):
            kept.sort(key=lambda held: str(held["id"]))
        return kept
    return value
