"""Budgets: what the organisation planned for its accounts, month by month, in base currency.

Read only. Lists show headers; lines stand in single reads, for at most 24 months a call (Xero:
Budgets). So a record holds the months around the day on which it was read last: those from eleven
months before to twelve months after, in which the current financial year always lies.
"""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Final

from unified.codecs import TEXT, Codec, CodecError, Scope, choice, remote_of
from unified.model import (
    Amount,
    Currency,
    FreeText,
    Label,
    Month,
    OneOf,
    Part,
    Record,
    Ref,
    Tracking,
)
from unified.money import BASE_AMOUNT
from unified.refs import brief_ref, canon_ref, read_ref
from unified.resource import Endpoint, Pace, Resource
from unified.shape import Constant, Derived, Field, Read, Shape, decode_list
from unified.tracking import TRACKING

_ALONE: Final = frozenset({Read.SINGLE})
_MONTHS_BACK: Final = 11
_MONTHS_AHEAD: Final = 12
_TYPE: Final = choice("Budget.Type", {"OVERALL": "overall", "TRACKING": "tracking"})
_MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def _window(business_date: date) -> dict[str, str]:
    """The days for which a budget is read: 24 months, the most that one call gives."""
    first = _month_of(business_date, -_MONTHS_BACK)
    last = _month_of(business_date, _MONTHS_AHEAD + 1) - timedelta(days=1)
    return {"DateFrom": first.isoformat(), "DateTo": last.isoformat()}


def _month_of(day: date, months: int) -> date:
    """The first day of the month that many months from a day's own."""
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, 1)


# --- codecs of this resource alone -------------------------------------------------------------


def _read_month(value: Any, _scope: Scope) -> str:
    if isinstance(value, str) and _MONTH.fullmatch(value[:7]):
        return value[:7]
    raise CodecError("not a month")


_PERIOD: Final = Shape(
    "BudgetBalance",
    (
        Field("period", "Period", Codec(_read_month)),
        Field("amount", "Amount", BASE_AMOUNT),
        Field("unit_amount", "UnitAmount", BASE_AMOUNT),
        Field("notes", "Notes", TEXT),
    ),
)


def _read_account(raw: Mapping[str, Any], scope: Scope) -> Any:
    return read_ref(scope, "account", raw.get("AccountID"), code=raw.get("AccountCode"))


def _read_periods(value: Any, scope: Scope) -> list[dict[str, Any]]:
    return sorted(decode_list(value, scope, _PERIOD.decode), key=lambda held: held["period"])


_LINE: Final = Shape(
    "BudgetLine",
    (
        Field(
            "account",
            ("AccountID", "AccountCode"),
            Codec(_read_account, None, canon_ref, brief_ref),
        ),
        Field("periods", "BudgetBalances", Codec(_read_periods)),
    ),
)


def _read_lines(value: Any, scope: Scope) -> list[dict[str, Any]]:
    """Lines in the order of their accounts, since Xero promises none."""
    return sorted(decode_list(value, scope, _LINE.decode), key=_account_of)


def _account_of(line: Mapping[str, Any]) -> str:
    account = line["account"] or {}
    return str(account.get("remote_id") or account.get("code") or "")


_LINES: Final = Codec(
    _read_lines,
    None,
    lambda lines: [_LINE.canon(line) for line in lines],
    lambda lines: [_LINE.brief(line) for line in lines],
)
_BASE_CURRENCY: Final = Codec(lambda _raw, scope: scope.base_currency)


# --- derived fields ---------------------------------------------------------------------------


def _derive(record: dict[str, Any]) -> None:
    record["status"] = "active"  # Xero gives budgets none that is documented
    months = [held["period"] for line in record["lines"] or () for held in line["periods"]]
    record["period_start"] = min(months, default=None)
    record["period_end"] = max(months, default=None)


# --- schema ------------------------------------------------------------------------------------


class BudgetPeriod(Part):
    """One month of one account, in base currency; the sign follows the account's class."""

    period: Month
    amount: Amount | None
    unit_amount: Amount | None
    notes: FreeText | None


class BudgetLine(Part):
    """One account's plan, oldest month first."""

    account: Ref | None
    periods: list[BudgetPeriod]


class Budget(Record):
    """A budget; `lines` is null until the budget was read by itself."""

    name: Label | None
    type: Annotated[str, OneOf("overall", "tracking")] | None
    remote_type: str | None
    tracking: list[Tracking] | None
    currency: Currency | None
    period_start: Month | None
    period_end: Month | None
    lines: list[BudgetLine] | None


BUDGET: Final = Resource(
    name="budget",
    plural="budgets",
    topic_part="budgets",
    space="accounting",
    model=Budget,
    endpoint=Endpoint(
        path="Budgets",
        item_key="Budgets",
        id_key="BudgetID",
        modified_since=False,
        page_size=None,
        ids_filter=False,  # there is one, but what it selects comes without lines
        where_id_or=False,
        sends_unitdp=False,
        list_params={},
        order=None,
        single=True,
        scope_granular="accounting.budgets.read",
        scope_broad="accounting.budgets.read",
        detail=True,
        detail_params=_window,
        detail_every=timedelta(days=30),  # new months come into reach
        gated=True,  # apps made before April 2021 have to ask Xero for it
        # Planned once a year, mended now and then.
        pace=Pace(changes_per_hour=0.001, longest=timedelta(hours=12)),
    ),
    webhook_category=None,
    gone_status="deleted",
    derive=_derive,
    fields=(
        Constant("remote_status"),
        Field("name", "Description", TEXT),
        Field("type", "Type", _TYPE),
        Field("remote_type", "Type", remote_of(_TYPE)),
        # Lists show none even of a budget by tracking.
        Field("tracking", "Tracking", TRACKING, _ALONE, always=True),
        Field("currency", (), _BASE_CURRENCY),
        Derived("period_start"),
        Derived("period_end"),
        Field("lines", "BudgetLines", _LINES, _ALONE, always=True),
    ),
    ignored=("ValidationErrors", "Status"),  # the latter in lists alone, and nothing describes it
)
