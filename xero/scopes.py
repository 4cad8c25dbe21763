"""Which scopes the consent asks for: computed from the endpoints that we read, never a fixed list.

Apps made on or after 2 March 2026 know granular scopes only; older ones may still use the broad
ones until 13 September 2027 (Xero: Scopes). Journals and payroll are left out: where they are not
granted, asking for them makes the whole consent fail, so whoever has them adds them by setting.
"""

from collections.abc import Iterable

from unified.resource import Endpoint

IDENTITY = ("openid", "profile", "email", "offline_access")
JOURNALS = "accounting.journals.read"
BROAD = "broad"  #: the word in the setting that asks for broad scopes


def scopes_for(endpoints: Iterable[Endpoint], *, broad: bool = False) -> tuple[str, ...]:
    """The scopes for a person's consent, identity first, then by name, each once."""
    return (*IDENTITY, *app_scopes_for(endpoints, broad=broad))


def app_scopes_for(endpoints: Iterable[Endpoint], *, broad: bool = False) -> tuple[str, ...]:
    """The scopes for client credentials: no person, so none of the identity scopes."""
    named = {e.scope_broad if broad else e.scope_granular for e in endpoints}
    found = {_reading(scope) for scope in named if scope}
    return tuple(sorted(scope for scope in found if not _is_special(scope)))


def chosen_scopes(setting: str | None, endpoints: Iterable[Endpoint]) -> tuple[str, ...]:
    """Turn the setting into scopes: empty is the default, `broad` the old ones, others are added.

    Words are separated by blanks or commas.
    """
    words = (setting or "").replace(",", " ").split()
    base = scopes_for(endpoints, broad=BROAD in words)
    return tuple(dict.fromkeys((*base, *(word for word in words if word != BROAD))))


def missing_scopes(held: Iterable[str], endpoints: Iterable[Endpoint]) -> tuple[str, ...]:
    """What a consent would have to add so that all these endpoints may be read, by name.

    A scope that writes reads, too, and a broad one covers the granular ones that replace it. What
    no consent is asked for by itself is not missed: its endpoints are unsupported without it.
    """
    owned = set(held)
    wanted = set()
    for endpoint in endpoints:
        if _is_special(_reading(endpoint.scope_granular)):
            continue
        both = (endpoint.scope_granular, endpoint.scope_broad)
        good = {word for scope in both if scope for word in (scope, _reading(scope))}
        if endpoint.scope_granular and not good & owned:
            wanted.add(_reading(endpoint.scope_granular))
    return tuple(sorted(wanted))


def _is_special(scope: str) -> bool:
    """Whether asking for it where it is not granted makes the whole consent fail."""
    return scope == JOURNALS or scope.startswith("payroll.")


def _reading(scope: str) -> str:
    return scope if scope.endswith(".read") else f"{scope}.read"
