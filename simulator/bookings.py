"""What banks and accountants book beside documents: transfers, batches, manual journals.

Plain state, as in model.py; rules stand in transfers.py, batches.py and manual_journals.py.
"""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from simulator.model import ZERO


@dataclass(slots=True)
class Transfer:
    """Money from one bank account to another; each side is a bank transaction of its own.

    `updated_ms` is the time of its creation and never moves: Xero keeps no other time of it.
    """

    id: str
    from_account_id: str
    to_account_id: str
    amount: Decimal
    date: dt.date
    from_transaction_id: str
    to_transaction_id: str
    rate: Decimal = Decimal(1)
    reference: str = ""
    status: str = "AUTHORISED"
    from_tracking: list[dict[str, Any]] = field(default_factory=list)
    to_tracking: list[dict[str, Any]] = field(default_factory=list)
    updated_ms: int = 0
    revision: int = 0


@dataclass(slots=True)
class Batch:
    """Payments made or received as one; `total` is in the bank account's currency.

    `kind` is PAYBATCH or RECBATCH; `texts` are what some countries' bank statements show, by
    Xero's key.
    """

    id: str
    kind: str
    account_id: str
    date: dt.date
    payments: list[str]
    total: Decimal
    texts: dict[str, str] = field(default_factory=dict)
    status: str = "AUTHORISED"
    is_reconciled: bool = False
    updated_ms: int = 0
    revision: int = 0


@dataclass(slots=True)
class JournalLine:
    """A line of a manual journal: debit above zero, in the journal's tax mode."""

    line_amount: Decimal
    account_code: str
    tax_type: str
    tax_amount: Decimal = ZERO
    description: str | None = None
    tracking: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class ManualJournal:
    """What an accountant booked by hand; its lines add up to zero, tax included."""

    id: str
    narration: str
    date: dt.date
    status: str = "DRAFT"
    line_amount_types: str = "NoTax"
    lines: list[JournalLine] = field(default_factory=list)
    on_cash_basis: bool = True
    url: str | None = None
    updated_ms: int = 0
    revision: int = 0
