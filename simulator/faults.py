"""Faults on demand: what shall go wrong with calls and with deliveries.

Only the choosing is here; accounting.py, identity_http.py and deliveries.py act it out.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

CALL_KINDS = frozenset({"status", "limit", "slow", "truncated", "html", "drop"})
DELIVERY_KINDS = ("lose", "repeat", "delay", "reorder")
LIMIT_PROBLEMS = frozenset({"minute", "day", "concurrent", "appminute"})


class FaultUnknown(ValueError):
    """A fault was asked for that doesn't exist, or with values that make no sense."""


@dataclass
class CallFault:
    """One rule about calls.

    Attributes:
        kind: `status` (answer that status, nothing done), `limit` (429 of that problem),
            `slow` (wait, then work), `truncated` (done, but half the body arrives), `html`
            (that status with an HTML page, nothing done), `drop` (done, but the connection
            closes without an answer: an answer lost in transit).
        times: how many matching calls it strikes; None: until cleared.
        probability: of striking a matching call.
        tenant_id: only calls for this organisation.
        path: only paths that begin so, such as `/api.xro/2.0/invoices` or `/connect/token`.
        naming: only calls whose path or query names this, such as an id.
        method: only this method.
    """

    kind: str
    times: int | None = 1
    probability: float = 1.0
    tenant_id: str | None = None
    path: str | None = None
    naming: str | None = None
    method: str | None = None
    status: int = 503
    problem: str = "minute"
    retry_after_s: int | None = None
    seconds: float = 1.0

    @classmethod
    def read(cls, sent: Mapping[str, Any]) -> Self:
        """From a control request. Raises FaultUnknown."""
        known = {f.name for f in fields(cls)}
        extra = set(sent) - known
        if extra or sent.get("kind") not in CALL_KINDS:
            raise FaultUnknown(
                f"a call fault has a kind of {sorted(CALL_KINDS)} and keys of {sorted(known)}"
            )
        fault = cls(**sent)
        if fault.kind == "limit" and fault.problem not in LIMIT_PROBLEMS:
            raise FaultUnknown(f"problem is one of {sorted(LIMIT_PROBLEMS)}")
        if not (isinstance(fault.status, int) and 400 <= fault.status <= 599):
            raise FaultUnknown("status is from 400 to 599")
        return fault

    def matches(self, method: str, path: str, tenant_id: str | None, query: str = "") -> bool:
        """Whether a call is one of those this rule is about."""
        return (
            (self.times is None or self.times > 0)
            and (self.tenant_id is None or self.tenant_id == tenant_id)
            and (self.path is None or path.lower().startswith(self.path.lower()))
            and (self.naming is None or self.naming.lower() in f"{path}?{query}".lower())
            and (self.method is None or self.method.upper() == method)
        )


@dataclass
class DeliveryFaults:
    """Rules about webhook payloads: by probability, or for the next so many."""

    probability: dict[str, float] = field(default_factory=dict)
    upcoming: dict[str, int] = field(default_factory=dict)
    delay_s: float = 1.0


class Faults:
    """All faults asked for, and seeded chance for those with a probability."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.calls: list[CallFault] = []
        self.deliveries = DeliveryFaults()

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self.calls = []
        self.deliveries = DeliveryFaults()

    def ask(self, sent: Mapping[str, Any]) -> None:
        """Take a control request: `clear`, `calls`, `deliveries`. Raises FaultUnknown."""
        extra = set(sent) - {"clear", "calls", "deliveries"}
        if extra:
            raise FaultUnknown("keys are clear, calls and deliveries")
        calls = [CallFault.read(call) for call in sent.get("calls", [])]
        if sent.get("clear"):
            self.clear()
        self.calls += calls
        self._ask_deliveries(sent.get("deliveries", {}))

    def for_call(
        self, method: str, path: str, tenant_id: str | None, query: str = ""
    ) -> CallFault | None:
        """The fault that strikes this call, used up by one."""
        for fault in self.calls:
            if fault.matches(method, path, tenant_id, query) and self._chance(fault.probability):
                if fault.times is not None:
                    fault.times -= 1
                self.calls = [held for held in self.calls if held.times != 0]
                return fault
        return None

    def for_delivery(self) -> str | None:
        """What happens to the next payload: one of DELIVERY_KINDS, or None."""
        held = self.deliveries
        for kind in DELIVERY_KINDS:
            if held.upcoming.get(kind, 0) > 0:
                held.upcoming[kind] -= 1
                return kind
        for kind in DELIVERY_KINDS:
            if self._chance(held.probability.get(kind, 0.0)):
                return kind
        return None

    def _chance(self, probability: float) -> bool:
        return probability >= 1 or (probability > 0 and self._rng.random() < probability)

    def _ask_deliveries(self, sent: Mapping[str, Any]) -> None:
        extra = set(sent) - {*DELIVERY_KINDS, "next", "delay_s"}
        if extra or set(sent.get("next", {})) - set(DELIVERY_KINDS):
            raise FaultUnknown(f"deliveries take {DELIVERY_KINDS}, next and delay_s")
        held = self.deliveries
        held.probability |= {k: float(sent[k]) for k in DELIVERY_KINDS if k in sent}
        held.upcoming |= {k: int(n) for k, n in sent.get("next", {}).items()}
        held.delay_s = float(sent.get("delay_s", held.delay_s))
