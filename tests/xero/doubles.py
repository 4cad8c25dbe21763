"""The three neighbours that XeroClient asks for, kept in memory and open to look into."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from unified.ids import TenantId
from xero.limits import UNTOLD, Limits

NOW = datetime(2026, 11, 3, 4, 17, 52, tzinfo=UTC)
TENANT = TenantId("9d0b7a44-2e5f-4c0e-8a77-63d1c2b4e901")


@dataclass
class ListedTokens:
    """Hands out tokens in order; a refresh goes on to the next."""

    tokens: list[str] = field(default_factory=lambda: ["first", "second"])
    rejected: list[str] = field(default_factory=list)
    refused: list[TenantId] = field(default_factory=list)

    async def access_token(self, tenant_id: TenantId) -> str:
        """The current token."""
        return self.tokens[len(self.rejected)]

    async def refresh(self, tenant_id: TenantId, rejected_token: str) -> str:
        """The next token."""
        self.rejected.append(rejected_token)
        return self.tokens[len(self.rejected)]

    async def tenant_refused(self, tenant_id: TenantId) -> None:
        """Remember it."""
        self.refused.append(tenant_id)


@dataclass
class CountingBudget:
    """Lets every call through and writes down what it is told."""

    reserved: list[str] = field(default_factory=list)
    limits: list[Limits] = field(default_factory=list)
    refusals: list[tuple[str, float]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    told: list[str] = field(default_factory=list)  #: which of the two, in order

    async def reserve(self, tenant_id: TenantId, purpose: str) -> None:
        """One more call."""
        self.reserved.append(purpose)

    async def refused(
        self, tenant_id: TenantId, problem: str, *, retry_after_s: float, purpose: str
    ) -> None:
        """A 429."""
        self.told.append("refused")
        self.refusals.append((problem, retry_after_s))

    async def spent(
        self,
        tenant_id: TenantId,
        purpose: str,
        *,
        size: int,
        limits: Limits = UNTOLD,
        endpoint: str | None = None,
    ) -> None:
        """Bytes of one call, and what is left if it was told."""
        self.told.append("spent")
        self.sizes.append(size)
        if limits != UNTOLD:
            self.limits.append(limits)


@dataclass
class TickingTime:
    """A database clock that moves a second whenever it is read."""

    instant: datetime = NOW

    async def now(self) -> datetime:
        """The next second."""
        self.instant += timedelta(seconds=1)
        return self.instant
