"""The two sides of a transfer between bank accounts: one pays out, the other receives.

Xero keeps each side as a bank transaction of its own, so whoever adds up transactions meets the
money of one transfer three times: `is_leg` and `legs` say which records belong together.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from unified.account_refs import ACCOUNT_OBJECT
from unified.codecs import FLAG, Codec, CodecError, Scope, read_guid
from unified.model import OneOf, Part, Ref, Tracking
from unified.refs import brief_ref, canon_ref, make_ref
from unified.tracking import TRACKING, brief_tracking, canon_tracking

#: Xero's word for a side, with the direction of its money.
_SIDES: Final[Mapping[str, str]] = {"From": "outbound", "To": "inbound"}
#: What Xero tells of a side, behind its word.
_PARTS: Final = ("BankTransactionID", "IsReconciled", "Tracking", "BankAccount")
LEG_KEYS: Final = tuple(f"{side}{part}" for side in _SIDES for part in _PARTS)
RECONCILED_KEYS: Final = tuple(f"{side}IsReconciled" for side in _SIDES)


def _read_part(codec: Codec, raw: Mapping[str, Any], key: str, scope: Scope) -> Any:
    try:
        return codec.decode(raw.get(key), scope)
    except CodecError as error:
        raise error.under(key) from None


_ID: Final = Codec(
    lambda value, scope: make_ref(scope, "transaction", read_guid(value, scope)), None
)


def _read_legs(raw: Mapping[str, Any], scope: Scope) -> list[dict[str, Any]]:
    return [
        {
            "direction": direction,
            "ref": _read_part(_ID, raw, f"{side}BankTransactionID", scope),
            "account": _read_part(ACCOUNT_OBJECT, raw, f"{side}BankAccount", scope),
            "is_reconciled": _read_part(FLAG, raw, f"{side}IsReconciled", scope),
            "tracking": _read_part(TRACKING, raw, f"{side}Tracking", scope),
        }
        for side, direction in _SIDES.items()
        if any(raw.get(f"{side}{part}") is not None for part in _PARTS)
    ]


def _write_legs(legs: list[Mapping[str, Any]], _record: Mapping[str, Any]) -> dict[str, Any]:
    """What a caller chooses of the sides; accounts go out with the transfer itself."""
    by_direction = {leg.get("direction"): leg for leg in legs}
    body: dict[str, Any] = {}
    for side, direction in _SIDES.items():
        leg = by_direction.get(direction) or {}
        if leg.get("is_reconciled") is not None:
            body[f"{side}IsReconciled"] = leg["is_reconciled"]
        if leg.get("tracking"):
            chosen = TRACKING.encode(leg["tracking"], leg) if TRACKING.encode else []
            ids = ("TrackingCategoryID", "TrackingOptionID")  # a transfer names them no other way
            body[f"{side}Tracking"] = [
                {key: each[key] for key in ids if key in each} for each in chosen
            ]
    return body


def _canon_legs(legs: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            **leg,
            "ref": leg["ref"] and canon_ref(leg["ref"]),
            "account": leg["account"] and canon_ref(leg["account"]),
            "tracking": canon_tracking(leg["tracking"]),
        }
        for leg in legs
    ]


def _brief_legs(legs: list[Mapping[str, Any]]) -> list[Any]:
    return [
        [
            leg["direction"],
            leg["ref"] and brief_ref(leg["ref"]),
            leg["account"] and brief_ref(leg["account"]),
            leg["is_reconciled"],
            brief_tracking(leg["tracking"]),
        ]
        for leg in legs
    ]


LEGS: Final = Codec(_read_legs, _write_legs, _canon_legs, _brief_legs)


def _read_reconciled(raw: Mapping[str, Any], scope: Scope) -> bool | None:
    told = [_read_part(FLAG, raw, key, scope) for key in RECONCILED_KEYS]
    return None if None in told else all(told)


#: Whether both sides are matched with bank statements.
BOTH_RECONCILED: Final = Codec(_read_reconciled)


class TransferLeg(Part):
    """One side of a transfer; `ref` is the bank transaction by which Xero keeps it."""

    direction: Annotated[str, OneOf("outbound", "inbound")]
    ref: Ref | None
    account: Ref | None
    is_reconciled: bool | None
    tracking: list[Tracking]
