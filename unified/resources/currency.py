"""Currencies: those that the organisation may use, its own among them.

A currency that was added stays for good, so one that is not listed was not read: never a deletion.
"""

from datetime import timedelta
from typing import Any, Final

from unified.codecs import CURRENCY as CODE
from unified.codecs import TEXT, Codec, CodecError, Scope, read_currency
from unified.commands import creates
from unified.model import Currency as CurrencyCode
from unified.model import Label, Record
from unified.money import minor_digits
from unified.resource import Endpoint, Pace, Resource
from unified.shape import ALL, Derived, Field


def _read_code(value: Any, scope: Scope) -> str:
    code = read_currency(value, scope)
    if code is None:
        raise CodecError("missing")
    return code


def _read_is_base(value: Any, scope: Scope) -> bool | None:
    return None if scope.base_currency is None else value == scope.base_currency


def _derive(record: dict[str, Any]) -> None:
    record["status"] = "active"  # Xero gives currencies none, and takes none away
    record["minor_units"] = minor_digits(record["remote_id"])


class Currency(Record):
    """A currency of the organisation; `code` is its remote id too."""

    code: CurrencyCode
    name: Label | None
    is_base: bool | None
    minor_units: int


CURRENCY: Final = Resource(
    name="currency",
    plural="currencies",
    topic_part="currencies",
    space="accounting",
    model=Currency,
    endpoint=Endpoint(
        path="Currencies",
        item_key="Currencies",
        id_key="Code",
        coded=True,
        modified_since=False,
        page_size=None,
        ids_filter=False,
        where_id_or=False,
        sends_unitdp=False,
        list_params={},
        order=None,
        single=False,
        scope_granular="accounting.settings",
        scope_broad="accounting.settings",
        # Once in a year or never, and nothing can be taken away.
        pace=Pace(changes_per_hour=0.0001, longest=timedelta(hours=24)),
    ),
    webhook_category=None,
    updated_key=None,
    permanent=True,
    derive=_derive,
    operations=(creates("a currency", bare=True),),
    required=("code",),
    fields=(
        Field("code", "Code", Codec(_read_code, CODE.encode), ALL, write=True, once=True),
        Field("name", "Description", TEXT),
        Field("is_base", "Code", Codec(_read_is_base)),
        Derived("minor_units"),
    ),
)
