"""What documents refer to, and the organisation itself, through the SDK."""

from xero_python.accounting import (
    Account,
    Accounts,
    AccountType,
    Currency,
    CurrencyCode,
    Item,
    Items,
    PaymentService,
    PaymentServices,
    TaxComponent,
    TaxRate,
    TaxRates,
    TrackingCategory,
    TrackingOption,
)

from tests.simulator.sdk.calls import tries
from tests.simulator.sdk.world import World


@tries
def get_organisations(world: World) -> None:
    """One, whose id is the tenant's."""
    (shown,) = world.api.get_organisations(world.tenant).organisations
    assert shown.organisation_id == world.tenant


@tries
def get_organisation_actions(world: World) -> None:
    """What the app may do."""
    shown = world.api.get_organisation_actions(world.tenant).actions
    assert ("CreateApprovedInvoice", "ALLOWED") in {(one.name, one.status) for one in shown}


@tries
def get_organisation_cis_settings(world: World) -> None:
    """Of an organisation in the United Kingdom."""
    shown = world.api.get_organisation_cis_settings(world.tenant, world.tenant).cis_settings
    assert [one.cis_contractor_enabled for one in shown] == [False]


@tries
def get_invoice_reminders(world: World) -> None:
    """One switch."""
    (shown,) = world.api.get_invoice_reminders(world.tenant).invoice_reminders
    assert shown.enabled is False


@tries
def create_account(world: World) -> None:
    """A new expense account."""
    made = world.account()
    assert (made.type, made.status) == (AccountType.EXPENSE, "ACTIVE")


@tries
def update_account(world: World) -> None:
    """Renamed by its own path."""
    known, name = world.account(), world.name("Renamed")
    sent = Accounts(accounts=[Account(name=name)])
    (made,) = world.api.update_account(world.tenant, known.account_id, sent).accounts
    assert made.name == name


@tries
def delete_account(world: World) -> None:
    """One that nothing uses."""
    known = world.account()
    (gone,) = world.api.delete_account(world.tenant, known.account_id).accounts
    assert gone.status == "DELETED"


@tries
def get_accounts(world: World) -> None:
    """By where."""
    shown = world.api.get_accounts(world.tenant, where='Code=="200"').accounts
    assert [one.code for one in shown] == ["200"]


@tries
def get_account(world: World) -> None:
    """Singly."""
    known = world.account()
    (shown,) = world.api.get_account(world.tenant, known.account_id).accounts
    assert shown.code == known.code


@tries
def create_tax_rates(world: World) -> None:
    """One with its components."""
    made = world.tax_rate()
    assert (made.display_tax_rate, made.tax_components[0].name) == (7, "State")


@tries
def update_tax_rate(world: World) -> None:
    """Deleted by its status."""
    known = world.tax_rate()
    sent = TaxRate(
        name=known.name,
        tax_type=known.tax_type,
        status="DELETED",
        tax_components=[TaxComponent(name="State", rate=7)],
    )
    (made,) = world.api.update_tax_rate(world.tenant, TaxRates(tax_rates=[sent])).tax_rates
    assert made.status == "DELETED"


@tries
def get_tax_rates(world: World) -> None:
    """All that the country has."""
    assert "NONE" in {one.tax_type for one in world.api.get_tax_rates(world.tenant).tax_rates}


@tries
def get_tax_rate_by_tax_type(world: World) -> None:
    """Singly, by its code."""
    known = world.tax_rate()
    (shown,) = world.api.get_tax_rate_by_tax_type(world.tenant, known.tax_type).tax_rates
    assert shown.name == known.name


@tries
def create_items(world: World) -> None:
    """With a sales price."""
    made = world.item()
    assert made.sales_details.unit_price == 12


@tries
def update_or_create_items(world: World) -> None:
    """A known one by its code."""
    known = world.item()
    sent = Item(code=known.code, name="again")
    (made,) = world.api.update_or_create_items(world.tenant, Items(items=[sent])).items
    assert (made.item_id, made.name) == (known.item_id, "again")


@tries
def update_item(world: World) -> None:
    """By its own path."""
    known = world.item()
    sent = Items(items=[Item(code=known.code, description="Sawn")])
    (made,) = world.api.update_item(world.tenant, known.item_id, sent).items
    assert made.description == "Sawn"


@tries
def delete_item(world: World) -> None:
    """Gone without a body."""
    known = world.item()
    assert world.api.delete_item(world.tenant, known.item_id) is None
    codes = {one.code for one in world.api.get_items(world.tenant).items}
    assert known.code not in codes


@tries
def get_items(world: World) -> None:
    """By where, with four decimals."""
    known = world.item()
    shown = world.api.get_items(world.tenant, where=f'Code=="{known.code}"', unitdp=4).items
    assert [one.item_id for one in shown] == [known.item_id]


@tries
def get_item(world: World) -> None:
    """Singly."""
    known = world.item()
    (shown,) = world.api.get_item(world.tenant, known.item_id).items
    assert shown.code == known.code


@tries
def create_currency(world: World) -> None:
    """One the organisation did not have."""
    sent = Currency(code=CurrencyCode.JPY)
    (made,) = world.api.create_currency(world.tenant, sent).currencies
    assert made.code == CurrencyCode.JPY


@tries
def get_currencies(world: World) -> None:
    """The base among them."""
    shown = world.api.get_currencies(world.tenant).currencies
    assert CurrencyCode.GBP in {one.code for one in shown}


@tries
def create_tracking_category(world: World) -> None:
    """A new one, once there is room for it."""
    made = world.tracking()
    assert made.status == "ACTIVE"


@tries
def update_tracking_category(world: World) -> None:
    """Renamed."""
    known, name = world.tracking(), world.name("Area")
    sent = TrackingCategory(name=name)
    (made,) = world.api.update_tracking_category(
        world.tenant, known.tracking_category_id, sent
    ).tracking_categories
    assert made.name == name


@tries
def delete_tracking_category(world: World) -> None:
    """One that nothing uses."""
    known = world.tracking()
    (gone,) = world.api.delete_tracking_category(
        world.tenant, known.tracking_category_id
    ).tracking_categories
    assert gone.status == "DELETED"


@tries
def get_tracking_categories(world: World) -> None:
    """Archived ones as well."""
    known = world.tracking()
    shown = world.api.get_tracking_categories(world.tenant, include_archived=True)
    ids = {one.tracking_category_id for one in shown.tracking_categories}
    assert known.tracking_category_id in ids


@tries
def get_tracking_category(world: World) -> None:
    """Singly."""
    known = world.tracking()
    (shown,) = world.api.get_tracking_category(
        world.tenant, known.tracking_category_id
    ).tracking_categories
    assert shown.name == known.name


@tries
def create_tracking_options(world: World) -> None:
    """One choice more."""
    _, made = world.option()
    assert made.status == "ACTIVE"


@tries
def update_tracking_options(world: World) -> None:
    """Renamed."""
    category, known = world.option()
    name = world.name("North")
    (made,) = world.api.update_tracking_options(
        world.tenant,
        category.tracking_category_id,
        known.tracking_option_id,
        TrackingOption(name=name),
    ).options
    assert made.name == name


@tries
def delete_tracking_options(world: World) -> None:
    """One that nothing uses."""
    category, known = world.option()
    (gone,) = world.api.delete_tracking_options(
        world.tenant, category.tracking_category_id, known.tracking_option_id
    ).options
    assert gone.tracking_option_id == known.tracking_option_id


@tries
def get_branding_themes(world: World) -> None:
    """At least the standard one."""
    assert world.api.get_branding_themes(world.tenant).branding_themes


@tries
def get_branding_theme(world: World) -> None:
    """Singly."""
    known = world.api.get_branding_themes(world.tenant).branding_themes[0]
    (shown,) = world.api.get_branding_theme(world.tenant, known.branding_theme_id).branding_themes
    assert shown.name == known.name


@tries
def create_payment_service(world: World) -> None:
    """A way to pay on invoices."""
    made = world.payment_service()
    assert made.payment_service_type == "Custom"


@tries
def get_payment_services(world: World) -> None:
    """All of them."""
    known = world.payment_service()
    shown = world.api.get_payment_services(world.tenant).payment_services
    assert known.payment_service_id in {one.payment_service_id for one in shown}


@tries
def create_branding_theme_payment_services(world: World) -> None:
    """Offered with a theme."""
    theme = world.api.get_branding_themes(world.tenant).branding_themes[0]
    known = world.payment_service()
    sent = PaymentServices(
        payment_services=[PaymentService(payment_service_id=known.payment_service_id)]
    )
    made = world.api.create_branding_theme_payment_services(
        world.tenant, theme.branding_theme_id, sent
    ).payment_services
    assert [one.payment_service_id for one in made] == [known.payment_service_id]


@tries
def get_branding_theme_payment_services(world: World) -> None:
    """Those of a theme."""
    theme = world.api.get_branding_themes(world.tenant).branding_themes[0]
    known = world.payment_service()
    sent = PaymentServices(
        payment_services=[PaymentService(payment_service_id=known.payment_service_id)]
    )
    world.api.create_branding_theme_payment_services(world.tenant, theme.branding_theme_id, sent)
    shown = world.api.get_branding_theme_payment_services(world.tenant, theme.branding_theme_id)
    assert known.payment_service_id in {one.payment_service_id for one in shown.payment_services}
