"""Which problems an operation may answer with: what its door refuses, and what it declares."""

from api.operation import Operation
from api.problems import PROBLEMS

#: Of every operation: who asks, and ourselves.
_ALWAYS = ("key_missing", "key_refused", "limit_spent", "storage_unavailable", "internal_error")
_OF_TENANT = ("bad_request", "tenant_required", "tenant_unknown")
_OF_BODY = ("bad_request", "body_unreadable", "body_too_large", "media_type_unsupported")


def problems_of(operation: Operation) -> tuple[str, ...]:
    """The codes, in the registry's order.

    Raises:
        KeyError: it declares a code that nobody registered.
    """
    found = {*_ALWAYS, *operation.problems}
    if operation.scope is not None:
        found.add("scope_missing")
    if operation.of_tenant:
        found.update(_OF_TENANT)
    if operation.body is not None:
        found.update(_OF_BODY)
    if not operation.any_query:
        found.add("bad_request")  # a parameter that is unknown, or that can't be read
    for code in found:
        PROBLEMS[code]
    return tuple(code for code in PROBLEMS if code in found)


def by_status(operation: Operation) -> dict[int, tuple[str, ...]]:
    """The same by HTTP status, in its order."""
    found: dict[int, list[str]] = {}
    for code in problems_of(operation):
        found.setdefault(PROBLEMS[code].status, []).append(code)
    return {status: tuple(codes) for status, codes in sorted(found.items())}
