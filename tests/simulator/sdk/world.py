"""A caller with Xero's SDK, and what it needs to have made before a call means something.

The simulator runs in a thread of its own, since the SDK waits for its answers. Everything is
made through the SDK, so what a call needs is itself a use of others.
"""

import asyncio
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from xero_python.accounting import (
    Account,
    AccountingApi,
    AccountType,
    Allocation,
    Allocations,
    BankTransaction,
    BankTransactions,
    Contact,
    Contacts,
    CreditNote,
    CreditNotes,
    Invoice,
    Invoices,
    Item,
    Items,
    LineItem,
    Payment,
    PaymentService,
    PaymentServices,
    Purchase,
    TaxComponent,
    TaxRate,
    TaxRates,
    TrackingCategory,
    TrackingOption,
)
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token
from xero_python.exceptions import AccountingBadRequestException
from xero_python.identity import IdentityApi

from simulator.config import SimulatorConfig, TenantSpec
from simulator.server import RunningSimulator
from tests.simulator.callers import EMPTY, REDIRECT

SCOPES = (
    "openid profile email offline_access accounting.settings accounting.contacts "
    "accounting.invoices accounting.payments accounting.banktransactions "
    "accounting.manualjournals accounting.attachments paymentservices "
    "accounting.budgets.read payroll.employees accounting.reports.read "
    "accounting.reports.tenninetynine.read accounting.journals.read"
)
DAY = date(2026, 3, 10)

_NUMBERS = itertools.count(1)


@contextmanager
def running(currency: str = "GBP") -> Iterator[RunningSimulator]:
    """A simulator served by a thread, for as long as the `with`."""
    up, done = threading.Event(), threading.Event()
    held: list[RunningSimulator] = []
    loop = asyncio.new_event_loop()
    config = SimulatorConfig(
        tenants=(TenantSpec(currency=currency),),
        opening=EMPTY,
        no_limits=True,
        tier="advanced",  # lower ones may not read journals
        payroll=True,
    )

    async def serve() -> None:
        async with RunningSimulator(config) as simulator:
            held.append(simulator)
            up.set()
            await loop.run_in_executor(None, done.wait)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert up.wait(20)
    try:
        yield held[0]
    finally:
        done.set()
        thread.join(20)
        loop.close()


class World:
    """An organisation that was linked, and the SDK's clients for it.

    Attributes:
        api: AccountingApi; every call takes `tenant` first.
        tenant: the organisation's id.
        basic: the app's client id and secret.
        identity: IdentityApi, for connections.
        base_url: the simulator's address.
        tokens: the token set the SDK holds, as its getter and setter see it.
    """

    def __init__(self, simulator: RunningSimulator) -> None:
        self._simulator = simulator
        self.base_url = simulator.base_url
        self.tenant = next(iter(simulator.books)).id
        self.basic = (simulator.config.ready_client_id(), simulator.config.ready_client_secret())
        self.tokens = self._consent()
        token = OAuth2Token(client_id=self.basic[0], client_secret=self.basic[1])
        self.client: Any = ApiClient(
            Configuration(oauth2_token=token),
            oauth2_token_getter=lambda: self.tokens,
            oauth2_token_saver=self._save,
        )
        self.api: Any = AccountingApi(self.client, base_url=f"{self.base_url}/api.xro/2.0")
        self.identity: Any = IdentityApi(self.client, base_url=self.base_url)

    def another(self) -> "World":
        """Another caller for the same organisation."""
        return World(self._simulator)

    def name(self, word: str) -> str:
        """A name nothing else has."""
        return f"{word} {next(_NUMBERS)}"

    def contact(self, **more: Any) -> Any:
        """A new contact."""
        made = Contact(**{"name": self.name("Contact"), "email_address": "ada@example.com", **more})
        return self.api.create_contacts(self.tenant, Contacts(contacts=[made])).contacts[0]

    def line(self, amount: int = 100, **more: Any) -> Any:
        """A line of that amount on the sales account, without tax."""
        told = {"description": "Timber", "account_code": "200", "tax_type": "NONE", **more}
        return LineItem(quantity=1, unit_amount=amount, **told)

    def invoice(self, kind: str = "ACCREC", status: str = "AUTHORISED", amount: int = 100) -> Any:
        """A new invoice or bill."""
        made = Invoice(
            type=kind,
            status=status,
            contact=Contact(contact_id=self.contact().contact_id),
            date=DAY,
            due_date=DAY,
            line_items=[self.line(amount)],
        )
        return self.api.create_invoices(self.tenant, Invoices(invoices=[made])).invoices[0]

    def invoice_of(self, contact_id: str, amount: int = 100) -> Any:
        """A new invoice of a contact."""
        made = Invoice(
            type="ACCREC",
            status="AUTHORISED",
            contact=Contact(contact_id=contact_id),
            date=DAY,
            due_date=DAY,
            line_items=[self.line(amount)],
        )
        return self.api.create_invoices(self.tenant, Invoices(invoices=[made])).invoices[0]

    def credit_note(self, status: str = "AUTHORISED", amount: int = 40) -> Any:
        """A new credit note for a customer."""
        made = CreditNote(
            type="ACCRECCREDIT",
            status=status,
            contact=Contact(contact_id=self.contact().contact_id),
            date=DAY,
            line_items=[self.line(amount)],
        )
        sent = CreditNotes(credit_notes=[made])
        return self.api.create_credit_notes(self.tenant, sent).credit_notes[0]

    def bank_transaction(self, kind: str = "RECEIVE", **line: Any) -> Any:
        """Money that came in (RECEIVE, RECEIVE-PREPAYMENT, RECEIVE-OVERPAYMENT)."""
        made = BankTransaction(
            type=kind,
            contact=Contact(contact_id=self.contact().contact_id),
            bank_account=Account(code="090"),
            date=DAY,
            line_items=[self.line(60, **line)],
        )
        sent = BankTransactions(bank_transactions=[made])
        return self.api.create_bank_transactions(self.tenant, sent).bank_transactions[0]

    def overpayment(self) -> Any:
        """A new overpayment of 60."""
        made = self.bank_transaction("RECEIVE-OVERPAYMENT", account_code="610")
        return self.api.get_overpayment(self.tenant, made.overpayment_id).overpayments[0]

    def prepayment(self) -> Any:
        """A new prepayment of 60."""
        made = self.bank_transaction("RECEIVE-PREPAYMENT")
        return self.api.get_prepayment(self.tenant, made.prepayment_id).prepayments[0]

    def payment(self, amount: int = 30) -> Any:
        """A new payment of part of a new invoice."""
        made = self.part_payment(self.invoice().invoice_id, amount)
        return self.api.create_payment(self.tenant, made).payments[0]

    def part_payment(self, invoice_id: str, amount: int) -> Any:
        """A payment that is not sent yet."""
        return Payment(
            invoice=Invoice(invoice_id=invoice_id),
            account=Account(code="090"),
            date=DAY,
            amount=amount,
        )

    def allocations(self, contact_id: str, amount: int) -> Any:
        """An allocation to a new invoice of a contact, not sent yet."""
        invoice = Invoice(invoice_id=self.invoice_of(contact_id).invoice_id)
        return Allocations(allocations=[Allocation(invoice=invoice, amount=amount, date=DAY)])

    def account(self) -> Any:
        """A new expense account."""
        made = Account(
            code=f"7{next(_NUMBERS):04d}", name=self.name("Account"), type=AccountType.EXPENSE
        )
        return self.api.create_account(self.tenant, made).accounts[0]

    def tax_rate(self) -> Any:
        """A new rate of 7 %."""
        parts = [TaxComponent(name="State", rate=7)]
        made = TaxRate(name=self.name("Tax"), report_tax_type="INPUT", tax_components=parts)
        return self.api.create_tax_rates(self.tenant, TaxRates(tax_rates=[made])).tax_rates[0]

    def item(self) -> Any:
        """A new item, sold for 12."""
        sold = Purchase(unit_price=12, account_code="200")
        made = Item(code=self.name("I"), name="Plank", sales_details=sold)
        return self.api.create_items(self.tenant, Items(items=[made])).items[0]

    def tracking(self) -> Any:
        """A new tracking category, in place of all others: there is room for few."""
        held = self.api.get_tracking_categories(self.tenant, include_archived=True)
        for one in held.tracking_categories:
            self._remove(one)
        made = TrackingCategory(name=self.name("Region"))
        return self.api.create_tracking_category(self.tenant, made).tracking_categories[0]

    def _remove(self, category: Any) -> None:
        """Delete a tracking category, or archive one that something has."""
        key = category.tracking_category_id
        try:
            self.api.delete_tracking_category(self.tenant, key)
        except AccountingBadRequestException:
            archived = TrackingCategory(name=category.name, status="ARCHIVED")
            self.api.update_tracking_category(self.tenant, key, archived)

    def option(self) -> tuple[Any, Any]:
        """A new tracking category and one option of it."""
        category = self.tracking()
        made = TrackingOption(name=self.name("South"))
        (option,) = self.api.create_tracking_options(
            self.tenant, category.tracking_category_id, made
        ).options
        return category, option

    def payment_service(self) -> Any:
        """A new way to pay."""
        made = PaymentService(
            payment_service_name=self.name("Pay"),
            payment_service_url="https://example.com/pay",
            pay_now_text="Pay now",
        )
        sent = PaymentServices(payment_services=[made])
        return self.api.create_payment_service(self.tenant, sent).payment_services[0]

    def _save(self, tokens: dict[str, Any]) -> None:
        self.tokens = tokens

    def _consent(self) -> dict[str, Any]:
        """The token set of a user who agreed, as the SDK wants it: scope as a list."""
        asked = {
            "response_type": "code",
            "client_id": self.basic[0],
            "redirect_uri": REDIRECT,
            "scope": SCOPES,
            "state": "s",
            "tenant": self.tenant,
        }
        with httpx.Client(base_url=self.base_url) as http:
            back = http.post("/identity/connect/authorize", data=asked).headers["location"]
            code = parse_qs(urlsplit(back).query)["code"][0]
            form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
            tokens: dict[str, Any] = http.post("/connect/token", data=form, auth=self.basic).json()
        return {**tokens, "scope": tokens["scope"].split()}
