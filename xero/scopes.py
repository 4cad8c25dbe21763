"""Which scopes the consent asks for: computed from the endpoints that we carry, never a fixed list.

What is asked for by default only reads; the word `write` in the setting asks for what writes, too.

Apps made on or after 2 March 2026 know granular scopes only; older ones may still use the broad
ones until 13 September 2027 (Xero: Scopes). Journals and payroll are left out: where they are not
granted, asking for them makes the whole consent fail, so whoever has them adds them by setting.
"""

from collections.abc import Iterable

from unified.resource import Endpoint

IDENTITY = ("openid", "profile", "email", "offline_access")
JOURNALS = "accounting.journals.read"
GRANULAR = "granular"  #: the word in the setting for what is asked for anyway
BROAD = "broad"  #: the word in the setting that asks for broad scopes
WRITE = "write"  #: the word in the setting that asks for what writes


def scopes_for(
    endpoints: Iterable[Endpoint], *, broad: bool = False, write: bool = False
) -> tuple[str, ...]:
    """The scopes for a person's consent, identity first, then by name, each once."""
    return (*IDENTITY, *app_scopes_for(endpoints, broad=broad, write=write))


def app_scopes_for(
    endpoints: Iterable[Endpoint], *, broad: bool = False, write: bool = False
) -> tuple[str, ...]:
    """The scopes for client credentials: no person, so none of the identity scopes."""
    named = {e.scope_broad if broad else e.scope_granular for e in endpoints}
    found = {scope for scope in named if scope and not _is_special(_reading(scope))}
    return tuple(sorted(found if write else {_reading(scope) for scope in found}))


def chosen_scopes(setting: str | None, endpoints: Iterable[Endpoint]) -> tuple[str, ...]:
    """Turn the setting into scopes for a person's consent.

    Empty or `granular` is the default, `broad` means the old ones, `write` those that write, too;
    any other word is a scope to add. Words are separated by blanks or commas.
    """
    return (*IDENTITY, *(s for s in chosen_app_scopes(setting, endpoints) if s not in IDENTITY))


def chosen_app_scopes(setting: str | None, endpoints: Iterable[Endpoint]) -> tuple[str, ...]:
    """The same for client credentials: no person, so none of the identity scopes."""
    words = _words(setting)
    base = app_scopes_for(endpoints, broad=BROAD in words, write=WRITE in words)
    added = (word for word in words if word not in (GRANULAR, BROAD, WRITE))
    return tuple(dict.fromkeys((*base, *added)))


def asks_to_write(setting: str | None) -> bool:
    """Whether consents are asked for what writes."""
    return WRITE in _words(setting)


def _words(setting: str | None) -> list[str]:
    return (setting or "").replace(",", " ").split()


def missing_scopes(
    held: Iterable[str], endpoints: Iterable[Endpoint], *, write: bool = False
) -> tuple[str, ...]:
    """What a consent would have to add so that all these endpoints may be read, or (`write`)
    written as far as Xero lets anybody, by name.

    A scope that writes reads, too, and a broad one covers the granular ones that replace it. What
    no consent is asked for by itself is not missed: its endpoints are unsupported without it.
    """
    owned = set(held)
    wanted = set()
    for endpoint in endpoints:
        if _is_special(_reading(endpoint.scope_granular)):
            continue
        both = [each for each in (endpoint.scope_granular, endpoint.scope_broad) if each]
        good = {word for scope in both for word in (scope, *(() if write else (_reading(scope),)))}
        if endpoint.scope_granular and not good & owned:
            wanted.add(endpoint.scope_granular if write else _reading(endpoint.scope_granular))
    return tuple(sorted(wanted))


def _is_special(scope: str) -> bool:
    """Whether asking for it where it is not granted makes the whole consent fail."""
    return scope == JOURNALS or scope.startswith("payroll.")


def _reading(scope: str) -> str:
    return scope if scope.endswith(".read") else f"{scope}.read"
