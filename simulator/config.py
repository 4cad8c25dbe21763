"""Everything that can be chosen about a simulator, as frozen values.

Not here: reading environment or files; whoever starts the simulator hands the values in.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx

from simulator.ledger import CATEGORIES, LedgerRules

Clock = Callable[[], datetime]
"""Business time as an aware UTC instant."""

CURRENCIES = ("AUD", "NZD", "GBP", "USD", "ZAR")

_DAY_LIMITS = {"starter": 1_000}
_EGRESS_GB = {"core": 10, "plus": 50, "advanced": 250}
_BULK_TIERS = frozenset({"advanced", "enterprise"})


@dataclass(frozen=True)
class TenantSpec:
    """One organisation to make; what is left out is drawn from the seed. `demo`: can be reset."""

    name: str | None = None
    currency: str | None = None
    tenant_id: str | None = None
    demo: bool = False


@dataclass(frozen=True)
class OpeningBooks:
    """How much each organisation holds at the start, and over how many past months.

    What is left out follows from the others: an order for every three bills, a quote for every
    four invoices, a template of repeating invoices for every thirty.
    """

    contacts: int = 20
    invoices: int = 60
    bills: int = 30
    months: int = 6
    purchase_orders: int | None = None
    quotes: int | None = None
    templates: int | None = None

    def promises(self) -> tuple[int, int, int]:
        """How many purchase orders, quotes and templates."""
        wished = self.purchase_orders, self.quotes, self.templates
        shares = self.bills // 3, self.invoices // 4, self.invoices // 30
        orders, quotes, templates = (
            share if number is None else number
            for number, share in zip(wished, shares, strict=True)
        )
        return orders, quotes, templates


@dataclass(frozen=True)
class DeliveryPolicy:
    """How webhooks travel. All times are real time, since a wire knows no other.

    Attributes:
        spacing_s: shortest and longest wait, drawn anew each time, before a payload is packed.
        batch_max: most events in one payload.
        event_lag_ms: an event's stamp trails its record's stamp by this much.
        retry_schedule_s: wait before each further attempt. Xero: at once, then every 15
            minutes for 24 hours (webhooks overview, newer text).
        timeout_s: how long an answer may take (Xero: 5 s).
        replay: keep what could not be delivered while disabled and send it in order once
            healthy (newer text); False forgets it (older text).
        concurrency: deliveries in flight at a time.
        hold_s: longest time a reordered delivery is held back for a later one.
    """

    spacing_s: tuple[float, float] = (0.015, 0.09)
    batch_max: int = 40
    event_lag_ms: tuple[int, int] = (35, 65)
    retry_schedule_s: tuple[float, ...] = (0.0, *([900.0] * 96))
    timeout_s: float = 5.0
    replay: bool = True
    concurrency: int = 4
    hold_s: float = 2.0


@dataclass(frozen=True)
class SimulatorConfig:
    """One simulator.

    Attributes:
        seed: the same seed makes the same organisations, ids, books and actions.
        tenants: how many organisations, or each one's wishes.
        clock: business time (stamps, limits, tokens, grace). None: real time plus the
            offset found in `clock_file`.
        clock_file: a text file with an offset in seconds; absent means none.
        webhook_url: where events go; None until set through the control API.
        webhook_key: the signing key as shown in Xero's portal; None derives one.
        intent_to_receive: nothing is delivered before a passed validation run.
        no_limits: no call is refused for its number; the headers stay at full.
        any_client: every client id may ask for tokens, with any secret.
        tier: Xero's price tier: day limit, bulk consent, journals.
        bulk_consent: several organisations in one consent; None lets the tier decide.
        redirect_uris: the app's registered ones; empty takes every well-formed one.
        categories: the categories of events that the app's subscription has chosen.
        payment_fires_invoice_update: a payment made or removed sends INVOICE UPDATE.
        payment_events: also send events of category PAYMENT (spec 20.0.0, unconfirmed).
        merge_stamps_documents: merging contacts stamps and announces the moved documents.
        allocation_moves_invoice: an allocation made or removed stamps and announces the invoice
            (unconfirmed).
        allocation_moves_credit: and the credit. That it stamps it, the published examples show:
            the prepayment and the overpayment have the time of their allocation.
        refund_moves_credit: a refund made or deleted stamps and announces the credit. The
            published example of a deletion shows the stamp.
        credits_lower_balances: open credits are taken off a contact's Balances (unconfirmed).
        groups_move_contacts: a contact put into a group or taken out of it is stamped and
            announced (unconfirmed).
        payroll: organisations of Australia, New Zealand and the United Kingdom pay by Xero.
        old_employees: the accounting API's endpoint of employees, which left the description,
            still answers for those that do not (unconfirmed).
        latency_s: shortest and longest extra time each API call takes.
        client: makes the client that webhooks leave by; None: one that uses the network.
        prerender: render every document for paged reads at the start, not at the first read.
        stamped_only: the generator makes no change that Xero would leave unstamped.
    """

    seed: int | str = 1
    tenants: int | tuple[TenantSpec, ...] = 2
    clock: Clock | None = None
    clock_file: Path | None = None
    webhook_url: str | None = None
    webhook_key: str | None = None
    intent_to_receive: bool = False
    client_id: str | None = None
    client_secret: str | None = None
    no_limits: bool = False
    any_client: bool = False
    tier: str = "core"
    bulk_consent: bool | None = None
    redirect_uris: tuple[str, ...] = ()
    provider_name: str = "Local Xero"
    opening: OpeningBooks = field(default_factory=OpeningBooks)
    delivery: DeliveryPolicy = field(default_factory=DeliveryPolicy)
    categories: frozenset[str] = CATEGORIES - {"PAYMENT"}
    payment_fires_invoice_update: bool = True
    payment_events: bool = False
    merge_stamps_documents: bool = True
    allocation_moves_invoice: bool = True
    allocation_moves_credit: bool = True
    refund_moves_credit: bool = True
    credits_lower_balances: bool = True
    groups_move_contacts: bool = True
    payroll: bool = False
    old_employees: bool = False
    latency_s: tuple[float, float] = (0.0, 0.0)
    client: Callable[[], httpx.AsyncClient] | None = None
    prerender: bool = False
    stamped_only: bool = True

    def specs(self) -> tuple[TenantSpec, ...]:
        """One spec per organisation to make."""
        if isinstance(self.tenants, int):
            return (TenantSpec(),) * self.tenants
        return self.tenants

    def ready_client_id(self) -> str:
        """Client id of the ready app: 32 capital hex digits, as Xero's look."""
        return self.client_id or self.derived("client id")[:32].upper()

    def ready_client_secret(self) -> str:
        """Client secret of the ready app."""
        return self.client_secret or self.derived("client secret")[:48]

    def key(self) -> str:
        """The webhook key: text that looks like base64 and is used as it stands."""
        return self.webhook_key or (self.derived("key a") + self.derived("key b"))[:86] + "=="

    def day_limit(self) -> int:
        """Calls a day and organisation (Xero: OAuth 2.0 API limits)."""
        return _DAY_LIMITS.get(self.tier.lower(), 5_000)

    def included_egress(self) -> int | None:
        """Bytes a month that the tier includes (Xero: "Pricing"); None: without end."""
        included = _EGRESS_GB.get(self.tier.lower())
        return None if included is None else included * 10**9

    def allows_bulk_consent(self) -> bool:
        """Whether one consent may name several organisations (Xero: tier Advanced and up)."""
        if self.bulk_consent is not None:
            return self.bulk_consent
        return self.tier.lower() in _BULK_TIERS

    def rules(self) -> LedgerRules:
        """What the books decide by."""
        categories = self.categories | ({"PAYMENT"} if self.payment_events else set())
        return LedgerRules(
            categories=categories,
            payment_fires_invoice_update=self.payment_fires_invoice_update,
            merge_stamps_documents=self.merge_stamps_documents,
            allocation_moves_invoice=self.allocation_moves_invoice,
            allocation_moves_credit=self.allocation_moves_credit,
            refund_moves_credit=self.refund_moves_credit,
            credits_lower_balances=self.credits_lower_balances,
            groups_move_contacts=self.groups_move_contacts,
            payroll=self.payroll,
            old_employees=self.old_employees,
        )

    def derived(self, purpose: str) -> str:
        """64 hex digits that depend on the seed and the purpose alone."""
        return hashlib.sha256(f"{self.seed}|{purpose}".encode()).hexdigest()
