"""Lines of documents: reading what callers send into priced, taxed lines.

Not here: totals (amounts.py) and when lines may change (invoices.py).
"""

from decimal import Decimal

from simulator import amounts, items, tracking
from simulator.elements import Element, decimal, identifier, parts, text
from simulator.ledger import Ledger
from simulator.model import ZERO, Document, Line
from simulator.refusals import Refused

_TOLERANCE = Decimal("0.01")
_LARGEST = Decimal(10) ** 10
_DISCOUNTED = frozenset({"ACCREC", "QUOTE", "PURCHASEORDER"})


def read(
    ledger: Ledger, document: Document, sent: list[Element], *, decimals: int, approving: bool
) -> list[Line]:
    """The lines an element carries, new ids for those without a known LineItemID.

    Args:
        ledger: the organisation.
        document: the document; its type and LineAmountTypes decide tax.
        sent: the elements.
        decimals: 2, or 4 with unitdp=4.
        approving: the document will be SUBMITTED or AUTHORISED, so accounts are required.

    Raises:
        Refused: a line breaks a rule.
    """
    known = {line.id for line in document.lines}
    return [
        _line(ledger, document, element, known=known, decimals=decimals, approving=approving)
        for element in sent
    ]


def relabel(ledger: Ledger, document: Document, sent: list[Element]) -> None:
    """Change descriptions, accounts and tracking only: all that a paid document allows.

    Raises:
        Refused: lines are missing or added, or an amount would change.
    """
    by_id = {line.id: line for line in document.lines}
    ids = [identifier(element, "LineItemID") for element in sent]
    if set(ids) != set(by_id) or len(ids) != len(by_id):
        raise Refused(
            "This document cannot be edited as it has a payment or credit note allocated to it."
        )
    for element, line_id in zip(sent, ids, strict=True):
        line = by_id[str(line_id)]
        for key, held in (("Quantity", line.quantity), ("UnitAmount", line.unit_amount)):
            value = decimal(element, key)
            if value is not None and value != held:
                raise Refused("Line amounts of a paid document cannot be changed")
    for element, line_id in zip(sent, ids, strict=True):
        line = by_id[str(line_id)]
        line.description = text(element, "Description") or line.description
        line.account_code = _account(ledger, element, approving=False) or line.account_code
        tracked = parts(element, "Tracking")
        if tracked is not None:
            line.tracking = tracking.on_line(ledger, tracked)


def _line(
    ledger: Ledger,
    document: Document,
    element: Element,
    *,
    known: set[str],
    decimals: int,
    approving: bool,
) -> Line:
    line_id = identifier(element, "LineItemID")
    element = items.filled_in(ledger, element, is_sale=document.is_sale)
    quantity, unit = decimal(element, "Quantity"), decimal(element, "UnitAmount")
    if unit is not None:
        unit = amounts.unit(unit, decimals)
    amount = _amount(document, element, quantity, unit)
    description = text(element, "Description")
    if approving and not description:
        raise Refused("Description: The line description must be specified")
    tax_type, tax = _tax(ledger, document, element, amount)
    return Line(
        id=line_id if line_id in known and line_id else ledger.new_id(),
        description=description,
        quantity=None if unit is None and quantity is None else quantity or Decimal(1),
        unit_amount=unit,
        line_amount=amount,
        tax_type=tax_type,
        tax_amount=tax,
        account_code=_account(ledger, element, approving=approving),
        item_code=text(element, "ItemCode", 30),
        discount_rate=decimal(element, "DiscountRate"),
        discount_amount=decimal(element, "DiscountAmount"),
        tracking=tracking.on_line(ledger, parts(element, "Tracking") or []),
    )


def _amount(
    document: Document, element: Element, quantity: Decimal | None, unit: Decimal | None
) -> Decimal:
    rate, discount = decimal(element, "DiscountRate"), decimal(element, "DiscountAmount")
    if (rate is not None or discount is not None) and document.type not in _DISCOUNTED:
        raise Refused("Discounts are only supported on ACCREC invoices and quotes")
    if rate is not None and not 0 <= rate <= 100:
        raise Refused("The discount rate must be between 0 and 100")
    given = decimal(element, "LineAmount")
    if unit is None:
        return amounts.cents(given) if given is not None else ZERO
    expected = amounts.line_amount(
        quantity if quantity is not None else Decimal(1),
        unit,
        discount_rate=rate,
        discount_amount=discount,
    )
    if given is not None and abs(given - expected) > _TOLERANCE:
        raise Refused(
            f"The line total {amounts.cents(given)} does not match the expected "
            f"line total {expected}"
        )
    if abs(expected) >= _LARGEST:
        raise Refused("The line amount is too large")
    return expected


def _tax(
    ledger: Ledger, document: Document, element: Element, amount: Decimal
) -> tuple[str | None, Decimal]:
    country = ledger.country
    default = country.output if document.is_sale else country.input
    tax_type = text(element, "TaxType") or default
    if document.line_amount_types == "NoTax":
        return "NONE", ZERO
    percent = ledger.tax_percent(tax_type)
    if percent is None or not ledger.may_tax(tax_type):
        raise Refused(f"The TaxType code '{tax_type}' does not exist or cannot be used here")
    given = decimal(element, "TaxAmount")
    if given is not None:
        return tax_type, amounts.cents(given)
    return tax_type, amounts.line_tax(amount, percent, document.line_amount_types)


def _account(ledger: Ledger, element: Element, *, approving: bool) -> str | None:
    code = text(element, "AccountCode", 50)
    if code is None:
        account_id = identifier(element, "AccountID")
        named = ledger.account(account_id=account_id) if account_id else None
        code = named.code if named else None
    if code is None and not approving:
        return None
    account = ledger.account(code=code) if code else None
    if account is None or not account.is_for_lines:
        raise Refused(f"Account code '{code or ''}' is not a valid code for this document.")
    return code
