"""Where a path below /api.xro/2.0 leads."""

from simulator.endpoints import Target
from simulator.resources import ENDPOINTS


def target_of(path: str) -> Target | None:
    """What a path leads to, matched without regard to case; None for no endpoint of ours.

    Some endpoints have two parts, such as Organisation/Actions.
    """
    name, _, more = path.strip("/").partition("/")
    key, _, below = more.partition("/")
    double = ENDPOINTS.get(f"{name}/{key}".lower())
    if double is not None:
        return Target(double, *([below] if below else []))
    endpoint = ENDPOINTS.get(name.lower())
    if endpoint is None:
        return None
    kind, _, rest = below.partition("/")
    return Target(endpoint, key, kind.lower(), rest)


def name_of(path: str) -> str:
    """The endpoint of a path in lower case, by which scopes know it: each report has one of its
    own."""
    name, _, more = path.strip("/").lower().partition("/")
    own = f"{name}/{more}"
    return own if name == "reports" and own in ENDPOINTS else name
