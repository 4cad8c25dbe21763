"""Lines of journal entries: an account and an amount, debit above zero and credit below.

Documents have lines of another kind, with quantities and prices: those stand in `lines`.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import Field as Described

from unified.account_refs import ACCOUNT_KEYS, LINE_ACCOUNT
from unified.codecs import TEXT, Codec, CodecError, Scope, read_text, to_decimal
from unified.model import Amount, FreeText, OneOf, Part, Ref, Tracking
from unified.money import AMOUNT, amount_text
from unified.parts import id_ref
from unified.shape import Constant, Derived, Field, Shape, decode_list
from unified.tracking import TRACKING
from unified.vocabulary import DenormalizeError

_ZERO: Final = Decimal(0)


def side_of(amount: Decimal | None) -> str | None:
    """Which side of its account a signed amount stands on; nothing stands on none."""
    if not amount:
        return None
    return "debit" if amount > 0 else "credit"


def _write_tax(value: Any, line: Mapping[str, Any]) -> Any:
    # As on documents: a line that we read has its number, and its tax would freeze what a caller
    # changed beside it.
    return None if line.get("line_number") is not None else value


_LINE: Final = Shape(
    "ManualJournalLine",
    (
        Constant("id"),
        Derived("line_number", volatile=True),
        Derived("side"),
        Field("description", "Description", TEXT, write=True),
        Field("account", ACCOUNT_KEYS, LINE_ACCOUNT, write=True),
        Derived("net_amount"),
        Field("tax_rate", "TaxType", id_ref("tax_rate", read_text), write=True),
        Field("tax_amount", "TaxAmount", Codec(AMOUNT.decode, _write_tax), write=True),
        Derived("gross_amount"),
        Field("tracking", "Tracking", TRACKING, write=True),
    ),
    ignored=("LineAmount", "IsBlank", "ValidationErrors"),
)


def _read_lines(value: Any, scope: Scope) -> list[dict[str, Any]]:
    lines = decode_list(value, scope, _LINE.decode)
    for number, line in enumerate(lines):
        raw = value[number]
        try:
            amount, tax = to_decimal(raw.get("LineAmount")), to_decimal(raw.get("TaxAmount"))
        except CodecError as error:
            raise error.under("LineAmount").under(str(number)) from None
        line["line_number"] = number + 1
        line["side"] = side_of(amount)
        line["net_amount"] = line["gross_amount"] = None
        if amount is not None:
            tax = tax or _ZERO
            net, gross = (amount - tax, amount) if scope.inclusive else (amount, amount + tax)
            line["net_amount"] = amount_text(net, scope.digits)
            line["gross_amount"] = amount_text(gross, scope.digits)
    return lines


def _write_lines(lines: list[Mapping[str, Any]], record: Mapping[str, Any]) -> list[dict[str, Any]]:
    whole = "gross_amount" if record.get("tax_mode") == "inclusive" else "net_amount"
    written = []
    for number, line in enumerate(lines):
        if line.get(whole) is None:
            raise DenormalizeError(f"/lines/{number}/{whole}", "a line must have its amount")
        written.append({"LineAmount": line[whole], **_LINE.encode(line)})
    return written


#: Lines of manual journals. They have no ids, so their order counts.
MANUAL_LINES: Final = Codec(
    _read_lines,
    _write_lines,
    lambda lines: [_LINE.canon(line) for line in lines],
    lambda lines: [_LINE.brief(line) for line in lines],
    _LINE.entries,
)


class JournalLine(Part):
    """One line of a journal entry; `net_amount` is without tax, debit above zero."""

    read_only = frozenset({"id", "line_number", "side"})

    id: str | None
    line_number: Annotated[int, Described(ge=1)]
    side: Annotated[str, OneOf("debit", "credit")] | None
    description: FreeText | None
    account: Ref | None
    net_amount: Amount | None
    tax_rate: Ref | None
    tax_amount: Amount | None
    gross_amount: Amount | None
    tracking: list[Tracking]
