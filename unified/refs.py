"""References: how one record names another, and what of that counts when records are compared.

The codecs that read them from Xero's many ways of writing one stand in `parts`, `lines` and
`applied`.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from unified.codecs import Scope, read_guid, read_text
from unified.ids import record_id

Ref = dict[str, Any]
_REMEMBERED = 16_384  #: references; a tenant's accounts, items, rates and busiest contacts


def make_ref(
    scope: Scope,
    resource: str,
    remote_id: str | None,
    *,
    code: str | None = None,
    name: str | None = None,
) -> Ref | None:
    """A reference; labels that are unknown are left out.

    Something known only by a label has null ids and is never looked up. None: nothing is known.
    References are shared between records, so nobody may change one in place.
    """
    return _ref(scope.tenant_id, resource, remote_id, code, name)


def read_ref(
    scope: Scope, resource: str, remote_id: Any, *, code: Any = None, name: Any = None
) -> Ref | None:
    """`make_ref` of Xero's own values: an id and labels that have not been read yet.

    Raises:
        CodecError: one of them is no text.
    """
    try:
        return _ref_of_texts(scope.tenant_id, resource, remote_id, code, name)
    except TypeError:  # one is something else: a number can be a code, a list is an error
        read_id, read_code = read_guid(remote_id, scope), read_text(code, scope)
        return make_ref(scope, resource, read_id, code=read_code, name=read_text(name, scope))


# Cached: documents name the same contacts, accounts and items again and again.


@lru_cache(maxsize=_REMEMBERED)
def _ref(
    tenant_id: str, resource: str, remote_id: str | None, code: str | None, name: str | None
) -> Ref | None:
    ref: Ref
    if remote_id is not None:
        ref = {"id": record_id(tenant_id, resource, remote_id), "remote_id": remote_id}
    elif code is None and name is None:
        return None
    else:
        ref = {"id": None, "remote_id": None}
    if code is not None:
        ref["code"] = code
    if name is not None:
        ref["name"] = name
    return ref


@lru_cache(maxsize=_REMEMBERED)
def _ref_of_texts(
    tenant_id: str, resource: str, remote_id: Any, code: Any, name: Any
) -> Ref | None:
    """A reference of values as Xero wrote them.

    Raises:
        TypeError: one is no text, so that nothing is remembered under a key that equals another:
            1, 1.0 and true are one key.
    """
    if any(value is not None and value.__class__ is not str for value in (remote_id, code, name)):
        raise TypeError
    lower = remote_id.lower() if remote_id else None
    return _ref(tenant_id, resource, lower, code or None, name or None)


def canon_ref(ref: Mapping[str, Any]) -> Mapping[str, Any]:
    """A reference as it counts: its ids; names and codes only where there is no id."""
    remote_id = ref.get("remote_id")
    if remote_id is None:
        return ref
    return {"id": ref.get("id"), "remote_id": remote_id}


def brief_ref(ref: Mapping[str, Any]) -> Any:
    """A reference as it counts, in the fewest words."""
    remote_id = ref.get("remote_id")
    return [ref.get("code"), ref.get("name")] if remote_id is None else remote_id
