"""All parts of one simulator, put together, and what several kinds of routes share.

Not here: HTTP routes (identity_http.py, accounting.py, control.py) and serving (server.py).
"""

import asyncio
import random
from dataclasses import dataclass

from starlette.responses import Response

from simulator import answers
from simulator.books import Books
from simulator.clock import FileClock, ForwardClock
from simulator.config import SimulatorConfig
from simulator.deliveries import Courier
from simulator.faults import CallFault, Faults
from simulator.idempotency import Idempotency
from simulator.identity import AccessToken, Identity
from simulator.limits import Exceeded, Limits


@dataclass
class Usage:
    """What one organisation's API answered.

    `egress` is what counts as such of one calendar month (UTC): the bodies of all answers but
    those of GET Organisation. Whether answers to writes count is not known; here they do.
    """

    calls: int = 0
    bytes: int = 0
    refused: int = 0
    month: str = ""
    egress: int = 0


class Simulation:
    """One simulator's state. Books start empty: opening.py fills them."""

    def __init__(self, config: SimulatorConfig) -> None:
        self.config = config
        self.clock = ForwardClock(config.clock or FileClock(config.clock_file))
        self.books = Books(config, self.clock)
        self.identity = Identity(config, self.books, self.clock)
        self.limits = Limits(
            self.clock, day_limit=config.day_limit(), enforced=not config.no_limits
        )
        self.idempotency = Idempotency(self.clock)
        self.faults = Faults(self.rng("faults"))
        self.courier = Courier(
            config.delivery,
            self.faults,
            self.rng("deliveries"),
            key=config.key(),
            url=config.webhook_url,
            validated=not config.intent_to_receive,
            client=config.client,
        )
        self.books.listen(self.courier.announce)
        self.usage: dict[str, Usage] = {}
        self._latency = self.rng("latency")

    def rng(self, purpose: str) -> random.Random:
        """Randomness of its own for each purpose, all from the one seed."""
        return random.Random(f"{self.config.seed}|{purpose}")  # noqa: S311  # a simulation

    def used(self, tenant_id: str) -> Usage:
        """The counters of one organisation."""
        return self.usage.setdefault(tenant_id, Usage())

    def count(self, tenant_id: str, response: Response, *, metered: bool) -> None:
        """Count an answer; `metered` says whether its body is egress."""
        usage = self.used(tenant_id)
        usage.calls += 1
        usage.bytes += len(response.body)
        usage.refused += response.status_code == 429
        month = f"{self.clock():%Y-%m}"
        if usage.month != month:
            usage.month, usage.egress = month, 0
        usage.egress += len(response.body) if metered else 0

    def egress(self) -> dict[str, object]:
        """This month's egress of all organisations, and what the tier includes; None: no end."""
        month = f"{self.clock():%Y-%m}"
        used = sum(usage.egress for usage in self.usage.values() if usage.month == month)
        return {"month": month, "bytes": used, "included": self.config.included_egress()}

    async def latency(self) -> None:
        """The time a call takes beyond its work."""
        low, high = self.config.latency_s
        if high > 0:
            await asyncio.sleep(self._latency.uniform(low, high))

    def bearer(self, header: str) -> tuple[AccessToken | None, Response]:
        """The token of an Authorization header, or the 401 it deserves."""
        scheme, _, value = header.partition(" ")
        held = self.identity.access(value.strip()) if scheme.lower() == "bearer" else None
        if held is None:
            return None, answers.token_invalid(answers.random_id)
        if self.clock() >= held.expires:
            return None, answers.token_expired(held.expires, answers.random_id)
        return held, Response()

    def too_many(self, exceeded: Exceeded, client_id: str, tenant_id: str | None) -> Response:
        """The 429 of a spent limit."""
        headers = (
            self.limits.headers(client_id, tenant_id)
            if tenant_id is not None
            else self.limits.app_headers(client_id)
        )
        spent = {
            "minute": "X-MinLimit-Remaining",
            "day": "X-DayLimit-Remaining",
            "appminute": "X-AppMinLimit-Remaining",
        }.get(exceeded.problem)
        if spent is not None:
            headers[spent] = "0"
        headers["X-Rate-Limit-Problem"] = exceeded.problem
        if exceeded.retry_after_s is not None:
            headers["Retry-After"] = str(exceeded.retry_after_s)
        return Response(status_code=429, headers=headers)

    def fault_answer(self, fault: CallFault) -> Response:
        """The answer of a fault that does no work first."""
        if fault.kind == "html":
            return answers.html(fault.status)
        response = answers.plain(fault.status)
        if fault.retry_after_s is not None:
            response.headers["Retry-After"] = str(fault.retry_after_s)
        return response

    def spoil(self, response: Response, fault: CallFault | None) -> Response:
        """What is left of an answer whose work was done, after the fault."""
        if fault is None or fault.kind not in {"drop", "truncated"}:
            return response
        kind = answers.Dropped if fault.kind == "drop" else answers.Truncated
        return kind(response.body, response.status_code, dict(response.headers))
