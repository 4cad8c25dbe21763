"""Users, employees, contact groups and budgets of one organisation: plain state.

Rules live in users.py, employees.py, groups.py and budgets.py; what a new organisation begins with,
in staffing.py.
"""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from simulator.reference import ACTIVE
from simulator.shelf import Shelf

REMOVED = "REMOVED"
OVERALL, TRACKING = "OVERALL", "TRACKING"


@dataclass(slots=True)
class User:
    """Somebody with access to the books; `role` is REMOVED once that was taken away."""

    id: str
    global_id: str
    email: str
    first_name: str
    last_name: str
    role: str
    is_subscriber: bool = False
    updated_ms: int = 0


@dataclass(slots=True)
class Employee:
    """Somebody on the payroll; `end` is the last day, once that is known."""

    id: str
    first_name: str
    last_name: str
    birth: dt.date
    start: dt.date
    gender: str = "F"
    email: str | None = None
    phone: str | None = None
    job_title: str | None = None
    number: str | None = None
    address: dict[str, str] = field(default_factory=dict)
    calendar_id: str = ""
    end: dt.date | None = None
    created_ms: int = 0
    updated_ms: int = 0

    def status(self, today: dt.date) -> str:
        """ACTIVE until the last day is over, then TERMINATED."""
        return "TERMINATED" if self.end is not None and today > self.end else ACTIVE


@dataclass(slots=True)
class Group:
    """A contact group; `members` are contacts' ids in the order in which they were added."""

    id: str
    name: str
    members: list[str] = field(default_factory=list)
    updated_ms: int = 0


@dataclass(slots=True)
class Balance:
    """What is planned for one account and month; in base currency."""

    amount: Decimal
    unit_amount: Decimal | None = None
    notes: str = ""


@dataclass(slots=True)
class Budget:
    """A budget: balances by account id and month such as 2026-11."""

    id: str
    description: str
    type: str = OVERALL
    tracking: list[dict[str, str]] = field(default_factory=list)
    lines: dict[str, dict[str, Balance]] = field(default_factory=dict)
    updated_ms: int = 0


@dataclass(slots=True)
class People:
    """All of it, for one organisation."""

    users: Shelf[User] = field(default_factory=Shelf)
    employees: Shelf[Employee] = field(default_factory=Shelf)
    groups: Shelf[Group] = field(default_factory=Shelf)
    budgets: Shelf[Budget] = field(default_factory=Shelf)
