"""All organisations of a simulator, by tenant id.

What can be done to one organisation is in tenant.py.
"""

import random
from collections.abc import Callable, Iterator
from datetime import datetime

from simulator import repeating
from simulator.config import SimulatorConfig, TenantSpec
from simulator.countries import COUNTRIES
from simulator.furnishing import furnish
from simulator.ledger import Change, Ledger
from simulator.names import ORGANISATIONS
from simulator.staffing import staff
from simulator.tenant import Tenant
from simulator.wire import to_ms

__all__ = ["Books", "Tenant"]


class Books:
    """All organisations by tenant id, in the order they were made."""

    def __init__(self, config: SimulatorConfig, clock: Callable[[], datetime]) -> None:
        self._config = config
        self._clock = clock
        self._tenants: dict[str, Tenant] = {}
        self._made = 0
        self._listeners: list[Callable[[Change], None]] = []
        self.muted = False

    def __iter__(self) -> Iterator[Tenant]:
        return iter(self._tenants.values())

    def __len__(self) -> int:
        return len(self._tenants)

    def tenant(self, tenant_id: str) -> Tenant:
        """The organisation of that id. Raises KeyError."""
        return self._tenants[tenant_id]

    def get(self, tenant_id: str) -> Tenant | None:
        """The organisation of that id, if there is one that has not vanished."""
        found = self._tenants.get(tenant_id)
        return None if found is None or found.vanished else found

    def turn(self) -> int:
        """Run what midnights since the last look made due; the number of documents made."""
        return sum(repeating.run_due(each.ledger) for each in self if not each.vanished)

    def listen(self, listener: Callable[[Change], None]) -> None:
        """Call the listener at every announced change."""
        self._listeners.append(listener)

    def add(self, spec: TenantSpec, *, created: datetime | None = None) -> Tenant:
        """Make an empty organisation; what the spec leaves out is drawn from the seed."""
        index = self._made
        self._made += 1
        rng = random.Random(f"{self._config.seed}|books|{index}")  # noqa: S311  # play money
        default_name, default_currency = ORGANISATIONS[index % len(ORGANISATIONS)]
        if index >= len(ORGANISATIONS):
            default_name = f"{default_name} {index // len(ORGANISATIONS) + 1}"
        currency = spec.currency or default_currency
        if spec.demo:
            default_name = f"Demo Company ({COUNTRIES[currency].code})"
        config = self._config
        ledger = Ledger(
            tenant_id="",
            name=spec.name or default_name,
            country=COUNTRIES[currency],
            clock=self._clock,
            rng=rng,
            announce=self._announce,
            rules=config.rules(),
            created_ms=to_ms(created or self._clock()),
            is_demo=spec.demo,
        )
        ledger.tenant_id = spec.tenant_id or ledger.new_id()
        furnish(ledger)
        staff(ledger)
        tenant = Tenant(ledger)
        self._tenants[tenant.id] = tenant
        return tenant

    def remove(self, tenant_id: str) -> None:
        """Make an organisation vanish: it keeps its books but answers nobody."""
        self._tenants[tenant_id].vanished = True

    def _announce(self, change: Change) -> None:
        if not self.muted:
            for listener in self._listeners:
                listener(change)
