"""How much of the world a history has in it, drawn from its seed.

Most seeds are small: a few documents of one organisation are enough for most of what kills, lost
messages and broken connections can do, and many short histories reach more of it in an hour than
few long ones. The others have what small ones lack: several organisations, long days, everything
that Xero keeps.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulator.books import Tenant
from simulator.business import Business
from unified.resources import RESOURCES

FILES: Final = "attachment"
_ANNOUNCED = {each.name for each in RESOURCES if each.webhook_category is not None}
#: What no webhook tells; payments and the organisation itself are always read.
OPTIONAL: Final = sorted(
    {each.name for each in RESOURCES} - _ANNOUNCED - {"company_info", "payment"}
)
_SMALLEST: Final = {"company_info", "contact", "invoice", "payment"}

Action = Callable[[Business, Tenant], bool]

#: What people do where only contacts, invoices and payments are kept.
_SMALL_WORK: Final[tuple[Action, ...]] = (
    Business.new_invoice,
    Business.new_invoice,
    Business.new_bill,
    Business.approve,
    Business.pay,
    Business.pay,
    Business.part_pay,
    Business.unpay,
    Business.void,
    Business.delete_draft,
    Business.edit_lines,
    Business.edit_head,
    Business.new_contact,
    Business.edit_contact,
    Business.rename_contact,
)


@dataclass(frozen=True)
class Scale:
    """The size of one history.

    Attributes:
        tenants: how many organisations, drawn from these.
        contacts, invoices, bills: what is there at the beginning, from and to.
        steps: from and to.
        left_out: share of what is optional that is not read; everything but the smallest books if
            `work` is given.
        work: what people do; empty: anything.
    """

    name: str
    tenants: tuple[int, ...]
    contacts: tuple[int, int]
    invoices: tuple[int, int]
    bills: tuple[int, int]
    steps: tuple[int, int]
    left_out: float
    work: tuple[Action, ...] = ()

    @property
    def reads_everything(self) -> bool:
        """Whether nothing is left out."""
        return not self.left_out

    def unread(self, rng: random.Random) -> list[str]:
        """Resources that Xero refuses in this history: each costs time, and what goes wrong with
        one goes wrong with few. Files are played where everything is."""
        if self.work:
            return [each.name for each in RESOURCES if each.name not in _SMALLEST]
        return [each for each in OPTIONAL if each == FILES or rng.random() < self.left_out]


SMALL: Final = Scale("small", (1,), (1, 1), (0, 1), (0, 1), (3, 12), 1.0, _SMALL_WORK)
MIDDLE: Final = Scale("middle", (1, 1, 2), (1, 3), (0, 3), (0, 2), (10, 40), 0.8)
WHOLE: Final = Scale("whole", (1, 1, 2), (1, 3), (0, 3), (0, 2), (10, 40), 0.0)
SCALES: Final = {each.name: each for each in (SMALL, MIDDLE, WHOLE)}
_SHARES: Final[tuple[tuple[Scale, int], ...]] = ((SMALL, 95), (MIDDLE, 4), (WHOLE, 1))


def scale_of(seed: int) -> Scale:
    """The size of a seed's history, the same each time."""
    kinds = [each for each, _ in _SHARES]
    weights = [weight for _, weight in _SHARES]
    return random.Random(f"{seed}|scale").choices(kinds, weights)[0]  # noqa: S311  # play
