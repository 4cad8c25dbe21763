"""How things name an account: a line by id and code beside its amounts, others by an object.

The id counts wherever there is one, since codes can be reused (Xero: Accounts).
"""

from collections.abc import Mapping
from typing import Any, Final

from unified.codecs import Codec, CodecError, Scope
from unified.refs import brief_ref, canon_ref, read_ref


def object_of(value: Any) -> Mapping[str, Any] | None:
    """An object, or None where nothing stands there.

    Raises:
        CodecError: something else stands there.
    """
    if not value:
        return None
    if value.__class__ is not dict:
        raise CodecError("not an object")
    found: Mapping[str, Any] = value
    return found


def _read_object(value: Any, scope: Scope) -> dict[str, Any] | None:
    held = object_of(value)
    if held is None:
        return None
    return read_ref(
        scope, "account", held.get("AccountID"), code=held.get("Code"), name=held.get("Name")
    )


def write_account(ref: Any, _record: Mapping[str, Any]) -> dict[str, Any]:
    """Encode an account as an object of its own: by its id, else by its code."""
    if ref.get("remote_id") is not None:
        return {"AccountID": ref["remote_id"]}
    return {"Code": ref.get("code")}


def _read_keys(raw: Mapping[str, Any], scope: Scope) -> dict[str, Any] | None:
    return read_ref(scope, "account", raw.get("AccountID"), code=raw.get("AccountCode"))


def _write_keys(ref: Any, _record: Mapping[str, Any]) -> dict[str, Any]:
    if ref.get("remote_id") is not None:
        return {"AccountID": ref["remote_id"]}
    return {"AccountCode": ref.get("code")}


#: An account as an object of its own: `Account`, `BankAccount`.
ACCOUNT_OBJECT: Final = Codec(_read_object, write_account, canon_ref, brief_ref)
ACCOUNT_KEYS: Final = ("AccountID", "AccountCode")
#: An account by the keys of a line, `ACCOUNT_KEYS`.
LINE_ACCOUNT: Final = Codec(_read_keys, _write_keys, canon_ref, brief_ref)
