"""Rules of the books that the mirror can judge beforehand: of a dry run, before anything is sent.

Xero alone decides what it takes. These are the refusals that can be foretold: days before a lock,
accounts and contacts that are archived, tax rates that do not fit their account, too much tracking,
currencies that the organisation has not, payments between three currencies.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from api.writing.plan import Plan
from api.writing.references import KEYS, OPTION, REFERS
from storage.database import Database
from storage.naming import tracking_categories
from storage.rules import Rules, rules_of
from unified.ids import TenantId

Record = Mapping[str, Any]
Broken = dict[str, str]

MOST_TRACKED: Final = 2  #: categories on one line (Xero: Tracking categories)
MOST_CURRENCIES: Final = 2  #: in one payment (Xero: Payments)
_DAYS: Final = ("issue_date", "date")
_LINES: Final = ("line_items", "lines")
#: Resources whose things are of no use on anything new once they are not active.
_LIVING: Final = frozenset({"account", "contact", "tax_rate"})


async def broken_rules(db: Database, tenant_id: TenantId, plan: Plan) -> list[Broken]:
    """What Xero would refuse, as far as the mirror knows; each with a JSON pointer."""
    if plan.remote_id is not None and not plan.sent:
        return []  # a command: what it needs of the thing's state was asked before
    places = dict(zip(plan.left, plan.wished, strict=True))
    named = [each for wished in plan.wished for each in _refs(wished)]
    wanted = sorted({(of, str(ref["remote_id"])) for of, ref in named if ref.get("remote_id")})
    rules = await rules_of(db, tenant_id, wanted)
    tracked = await tracking_categories(db, tenant_id) if _tracks(plan) else []
    broken: list[Broken] = []
    for place, wished in places.items():
        found = [
            *_locked(wished, plan.known, rules),
            *_things(wished, rules),
            *_tracking(wished, tracked),
            *_money(wished, rules),
        ]
        at = "" if plan.count == 1 else f"/items/{place}"
        broken += [{**each, "path": f"{at}{each['path']}"} for each in found]
    return broken


def _broken(rule: str, path: str, message: str) -> Broken:
    return {"rule": rule, "path": path, "message": message}


def _refs(wished: Record) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(Resource, reference) of everything that a record names."""
    for _, of, ref in _placed(wished, ""):
        yield of, ref


def _placed(value: Any, path: str, name: str = "") -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    if isinstance(value, list):
        for place, each in enumerate(value):
            yield from _placed(each, f"{path}/{place}", name)
    elif isinstance(value, Mapping):
        if name in REFERS and value.keys() <= KEYS:
            yield path, REFERS[name], value
            return
        if value.keys() >= {"resource", "ref"} and isinstance(value["ref"], Mapping):
            yield f"{path}/ref", str(value["resource"]), value["ref"]
        for key, each in value.items():
            yield from _placed(each, f"{path}/{key}", str(key))


def _locked(wished: Record, known: Record | None, rules: Rules) -> Iterator[Broken]:
    """Nothing is written on or before the day up to which the books are locked."""
    if rules.locked_until is None:
        return
    for name in _DAYS:
        for record in (wished, known or {}):
            day = record.get(name)
            if day and str(day) <= rules.locked_until:
                said = f"{day} is locked: the books are closed until {rules.locked_until}"
                yield _broken("lock_date", f"/{name}", said)
                break


def _things(wished: Record, rules: Rules) -> Iterator[Broken]:
    """What is named exists and is in use."""
    for path, of, ref in _placed(wished, ""):
        remote_id = ref.get("remote_id")
        if of not in _LIVING or remote_id is None:
            continue
        known = rules.named.get((of, str(remote_id)))
        if known is None:
            if of in rules.known_kinds:
                yield _broken(f"{of}_exists", path, f"no {of.replace('_', ' ')} has this id")
        elif known["is_deleted"] or known.get("status") not in {"active", None}:
            said = f"the {of.replace('_', ' ')} is {known.get('status')}"
            yield _broken(f"{of}_active", path, said)
    yield from _taxes(wished, rules)


def _taxes(wished: Record, rules: Rules) -> Iterator[Broken]:
    """A tax rate fits the class of the account beside it."""
    for name in _LINES:
        for place, line in enumerate(wished.get(name) or ()):
            account = rules.named.get(
                ("account", str((line.get("account") or {}).get("remote_id")))
            )
            rate = rules.named.get(("tax_rate", str((line.get("tax_rate") or {}).get("remote_id"))))
            if account is None or rate is None:
                continue
            of, applies = account.get("classification"), rate.get("applies_to") or ()
            if of is not None and applies and of not in applies:
                said = f"{rate['code']} can't be used with accounts of class {of}"
                yield _broken("tax_fits_account", f"/{name}/{place}/tax_rate", said)


def _tracks(plan: Plan) -> bool:
    return any(_tracked(wished) for wished in plan.wished)


def _tracked(wished: Record) -> list[tuple[str, list[Mapping[str, Any]]]]:
    return [
        (f"/{name}/{place}/tracking", line["tracking"])
        for name in _LINES
        for place, line in enumerate(wished.get(name) or ())
        if line.get("tracking")
    ]


def _tracking(wished: Record, known: Any) -> Iterator[Broken]:
    """At most two categories on a line, each once, with an option of its own that is in use."""
    options = {
        option["remote_id"]: (category, option)
        for category in known
        for option in category["options"] or ()
    }
    for path, chosen in _tracked(wished):
        if len(chosen) > MOST_TRACKED:
            yield _broken("tracking_limit", path, f"a line has at most {MOST_TRACKED} categories")
        categories = [(each.get("category") or {}).get("remote_id") for each in chosen]
        if len(set(categories)) < len(categories):
            yield _broken("tracking_once", path, "a category stands on a line once")
        for place, each in enumerate(chosen):
            remote_id = (each.get(OPTION) or {}).get("remote_id")
            if remote_id not in options:
                continue
            category, option = options[remote_id]
            if categories[place] not in {None, category["remote_id"]}:
                said = f"the option is one of {category['name']}"
                yield _broken("tracking_option", f"{path}/{place}/option", said)
            if "archived" in {category["status"], option["status"]}:
                said = "the category or the option is archived"
                yield _broken("tracking_active", f"{path}/{place}", said)


def _money(wished: Record, rules: Rules) -> Iterator[Broken]:
    """A currency that the organisation has; not three of them in one payment."""
    currency = wished.get("currency")
    if currency and rules.currencies and currency not in rules.currencies:
        said = f"the organisation has no {currency}: add it to its currencies first"
        yield _broken("currency_known", "/currency", said)
    for place, target in enumerate(wished.get("applied_to") or ()):
        remote_id = str((target.get("ref") or {}).get("remote_id"))
        paid = rules.named.get((str(target.get("resource")), remote_id))
        bank = rules.named.get(("account", str((wished.get("account") or {}).get("remote_id"))))
        if paid is None or bank is None:
            continue
        told = (paid.get("currency"), bank.get("currency"), paid.get("base_currency"))
        involved = {str(each) for each in told if each is not None}
        if len(involved) > MOST_CURRENCIES:
            said = f"Xero takes no payment between three currencies: {', '.join(sorted(involved))}"
            yield _broken("three_currencies", f"/applied_to/{place}", said)
        if paid.get("status") not in {"open", None}:
            said = f"the {target['resource'].replace('_', ' ')} is {paid.get('status')}"
            yield _broken("document_open", f"/applied_to/{place}/ref", said)
