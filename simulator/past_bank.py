"""What opening books hold of money moved and booked without documents: a plan of live actions.

The actions are those of bank_actions.py; opening.py plays them in their time.
"""

import random
from collections.abc import Callable, Iterator
from datetime import datetime

from simulator.bank_actions import BankActions
from simulator.config import OpeningBooks
from simulator.tenant import Tenant

#: How many documents there are to one of each action.
_SHARES: tuple[tuple[Callable[[BankActions, Tenant], bool], int], ...] = (
    (BankActions.spend_or_receive, 5),
    (BankActions.transfer, 8),
    (BankActions.pay_together, 10),
    (BankActions.book, 8),
    (BankActions.reconcile, 6),
    (BankActions.edit_money, 20),
    (BankActions.delete_money, 25),
    (BankActions.delete_transfer, 30),
    (BankActions.delete_batch, 30),
    (BankActions.edit_journal, 20),
    (BankActions.end_journal, 15),
)


def steps(
    actor: BankActions, tenant: Tenant, sizes: OpeningBooks, *, since: datetime, until: datetime
) -> Iterator[tuple[datetime, Callable[[], object]]]:
    """When to do what, by the actor's chance."""
    rng: random.Random = actor.rng
    documents = sizes.invoices + sizes.bills
    for action, share in _SHARES:
        for _ in range(documents // share):
            at = since + (until - since) * rng.random()
            yield at, lambda action=action: action(actor, tenant)  # type: ignore[misc]  # bound default
