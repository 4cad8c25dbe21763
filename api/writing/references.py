"""What a caller's references mean: the mirror turns our ids, names and codes into Xero's ids.

A reference by Xero's own id passes whether the mirror knows it or not: Xero will say. One by our
id, or by a name, that the mirror does not know can't be sent, since Xero knows neither. Codes pass
as they are, since Xero takes them.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from storage.database import Database
from storage.naming import Label, Meant, by_ids, by_labels, by_remote_ids, tracking_categories
from unified.ids import EntityId, TenantId
from unified.resources import resource

KEYS: Final = frozenset({"id", "remote_id", "code", "name"})
OPTION: Final = "option"
_CATEGORY: Final = "tracking_category"
#: What is meant by fields that hold references, where that is not the field's own name.
REFERS: Final[Mapping[str, str]] = {
    "account": "account",
    "category": _CATEGORY,
    "contact": "contact",
    "counter_account": "account",
    "credit_note": "credit_note",
    "default_tax_rate": "tax_rate",
    "inventory_account": "account",
    "invoice": "invoice",
    "item": "item",
    "members": "contact",
    OPTION: OPTION,
    "overpayment": "overpayment",
    "prepayment": "prepayment",
    "target": "invoice",
    "tax_rate": "tax_rate",
}
#: Fields whose references say by their neighbour `resource` what they are of, and what Xero has and
#: we do not carry: only Xero's own ids name these.
ELSEWHERE: Final = frozenset({"branding_theme", "ref"})
_BY_CODE: Final = frozenset({"account", "item"})
_CODED: Final = frozenset({"tax_rate", "currency"})  #: their code is their remote id


@dataclass(frozen=True, slots=True)
class Unknown:
    """A reference that means nothing, at a JSON pointer."""

    path: str
    message: str


@dataclass(slots=True)
class _Place:
    path: str
    of: str | None
    ref: Mapping[str, Any]
    put: Any
    key: str | int
    beside: Mapping[str, Any]


async def resolved(db: Database, tenant_id: TenantId, body: Any) -> tuple[Any, list[Unknown]]:
    """The body with each reference as Xero knows it, and those that mean nothing.

    Each that is known is `{id, remote_id, code?, name?}` then.
    """
    copied = _copy(body)
    places = list(_places(copied, ""))
    if not places:
        return copied, []
    found = await _Found.of(db, tenant_id, places)
    unknown: list[Unknown] = []
    for place in places:
        meant = found.meant(place)
        if isinstance(meant, str):
            unknown.append(Unknown(place.path, meant))
        else:
            place.put[place.key] = meant
    return copied, unknown


async def _none() -> Sequence[Mapping[str, Any]]:
    return ()


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(each) for key, each in value.items()}
    return [_copy(each) for each in value] if isinstance(value, list) else value


def _places(value: Any, path: str, name: str = "") -> Iterator[_Place]:
    """Every reference in a value; `name` is that of the field that holds it."""
    pairs: Iterator[tuple[Any, Any]]
    if isinstance(value, dict):
        pairs = iter(value.items())
    elif isinstance(value, list):
        pairs = iter(enumerate(value))
    else:
        return
    beside = value if isinstance(value, dict) else {}
    for key, each in pairs:
        at, field = f"{path}/{key}", key if isinstance(key, str) else name
        if isinstance(each, dict) and _is_ref(field, each):
            of = REFERS.get(field) or (beside.get("resource") if field == "ref" else None)
            yield _Place(at, of, each, value, key, beside)
        else:
            yield from _places(each, at, field)


def _is_ref(field: str, value: Mapping[str, Any]) -> bool:
    return (field in REFERS or field in ELSEWHERE) and value.keys() <= KEYS


@dataclass(frozen=True, slots=True)
class _Found:
    """What the mirror knows of all references of a body."""

    ids: Mapping[str, Meant]
    remote_ids: Mapping[tuple[str, str], Meant]
    labels: Mapping[Label, Sequence[Meant]]
    categories: Sequence[Mapping[str, Any]]

    @classmethod
    async def of(cls, db: Database, tenant_id: TenantId, places: Sequence[_Place]) -> "_Found":
        own = [place for place in places if place.of not in {_CATEGORY, OPTION}]
        ids = [EntityId(place.ref["id"]) for place in own if place.ref.get("id")]
        remote_ids = [
            (place.of, _remote(place.of, place.ref["remote_id"]))
            for place in own
            if place.of and place.ref.get("remote_id") and not place.ref.get("id")
        ]
        labels = [label for place in own if (label := _label(place)) is not None]
        tracked = len(own) < len(places)
        return cls(
            *await asyncio.gather(  # each is a round trip, for which a caller waits
                by_ids(db, tenant_id, ids),
                by_remote_ids(db, tenant_id, remote_ids),
                by_labels(db, tenant_id, labels),
                tracking_categories(db, tenant_id) if tracked else _none(),
            )
        )

    def meant(self, place: _Place) -> dict[str, Any] | str | None:
        """The reference as Xero knows it, a sentence about why it means nothing, or nothing."""
        ref = {key: value for key, value in place.ref.items() if value is not None}
        if not ref:
            return None
        if place.of in {_CATEGORY, OPTION}:
            return self._tracking(place, ref)
        if "id" in ref:
            return self._own(place, ref["id"])
        if "remote_id" in ref:
            remote_id = _remote(place.of, ref["remote_id"])
            known = self.remote_ids.get((place.of or "", remote_id))
            return {**ref, "remote_id": remote_id} if known is None else known.ref()
        return self._labelled(place, ref)

    def _own(self, place: _Place, entity_id: str) -> dict[str, Any] | str:
        meant = self.ids.get(entity_id)
        if meant is None:
            return "no such thing is known"
        if place.of is not None and meant.resource != place.of:
            return f"names {_an(meant.resource)}, not {_an(place.of)}"
        return meant.ref()

    def _labelled(self, place: _Place, ref: dict[str, Any]) -> dict[str, Any] | str:
        label = _label(place)
        if label is None:
            return f"{place.of or place.key} is named by `id` or `remote_id`"
        meant = self.labels.get(label, ())
        if len(meant) == 1:
            return meant[0].ref()
        if len(meant) > 1:
            return f"{len(meant)} things have this {label.kind}: name it by its id"
        if label.kind == "code":
            return ref if place.of in _BY_CODE else {**ref, "remote_id": ref["code"]}
        return "no such thing is known"

    def _tracking(self, place: _Place, ref: dict[str, Any]) -> dict[str, Any] | str:
        """Tracking by id or name; an option is looked for in the category beside it."""
        if place.of == _CATEGORY:
            named = [each for each in self.categories if _fits(each, ref)]
            return _tracked(named, ref, "tracking category")
        beside = place.beside.get("category") or {}
        within = [each for each in self.categories if _fits(each, beside)]
        options = [option for each in within for option in each["options"] or ()]
        return _tracked([each for each in options if _fits(each, ref)], ref, "tracking option")


def _tracked(
    found: Sequence[Mapping[str, Any]], ref: dict[str, Any], what: str
) -> dict[str, Any] | str:
    living = [each for each in found if each.get("status") == "active"] or found
    if len(living) == 1:
        [one] = living
        return {"id": one["id"], "remote_id": one["remote_id"], "name": one["name"]}
    if len(living) > 1:
        return f"{len(living)} {what}s have this name: name one by its id"
    return ref if "remote_id" in ref and "id" not in ref else f"no such {what} is known"


def _fits(known: Mapping[str, Any], ref: Mapping[str, Any]) -> bool:
    """Whether a reference names this: by the first of its words that counts."""
    for key in ("id", "remote_id", "name"):
        if ref.get(key) is not None:
            return bool(str(known.get(key)).lower() == str(ref[key]).lower())
    return False


def _label(place: _Place) -> Label | None:
    """By which label it has to be looked up; None: by none."""
    ref = place.ref
    if place.of is None or ref.get("id") or ref.get("remote_id"):
        return None
    if ref.get("code") and place.of in (_BY_CODE | _CODED):
        return Label(place.of, "code", ref["code"])
    if ref.get("name") and place.of not in {"invoice", "credit_note"}:
        return Label(place.of, "name", ref["name"])
    return None


def _remote(of: str | None, remote_id: str) -> str:
    """Xero writes uuids in either case; codes mean what they say."""
    return remote_id if of in _CODED else remote_id.lower()


def _an(name: str) -> str:
    kind = resource(name).name.replace("_", " ")
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
