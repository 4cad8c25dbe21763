"""Contacts, invoices, credit notes and bank transactions through the SDK."""

from xero_python.accounting import (
    Account,
    BankTransaction,
    BankTransactions,
    Contact,
    Contacts,
    CreditNote,
    CreditNotes,
    Invoice,
    Invoices,
    RequestEmpty,
)

from tests.simulator.sdk.calls import tries
from tests.simulator.sdk.world import DAY, World


@tries
def create_contacts(world: World) -> None:
    """One made, with the enumerations of the SDK's model."""
    made = world.contact(first_name="Ada")
    assert (made.first_name, made.contact_status) == ("Ada", "ACTIVE")


@tries
def update_or_create_contacts(world: World) -> None:
    """One known, one new, in one batch."""
    known = world.contact()
    sent = [
        Contact(contact_id=known.contact_id, first_name="Bo"),
        Contact(name=world.name("Contact")),
    ]
    made = world.api.update_or_create_contacts(world.tenant, Contacts(contacts=sent)).contacts
    assert [one.contact_id == known.contact_id for one in made] == [True, False]


@tries
def update_contact(world: World) -> None:
    """By its own path."""
    known = world.contact()
    sent = Contacts(contacts=[Contact(last_name="Moss")])
    (made,) = world.api.update_contact(world.tenant, known.contact_id, sent).contacts
    assert (made.name, made.last_name) == (known.name, "Moss")


@tries
def get_contacts(world: World) -> None:
    """Filtered by ids, on pages."""
    known = world.contact()
    shown = world.api.get_contacts(world.tenant, i_ds=[known.contact_id], page=1, page_size=10)
    assert [one.contact_id for one in shown.contacts] == [known.contact_id]
    assert shown.pagination.item_count == 1


@tries
def get_contact(world: World) -> None:
    """Singly, with its stamp as an aware instant."""
    known = world.contact()
    (shown,) = world.api.get_contact(world.tenant, known.contact_id).contacts
    assert shown.updated_date_utc.tzinfo is not None


@tries
def get_contact_by_contact_number(world: World) -> None:
    """By the number the caller gave."""
    number = world.name("C")
    known = world.contact(contact_number=number)
    (shown,) = world.api.get_contact_by_contact_number(world.tenant, number).contacts
    assert shown.contact_id == known.contact_id


@tries
def get_contact_cis_settings(world: World) -> None:
    """Of an organisation in the United Kingdom."""
    known = world.contact()
    (shown,) = world.api.get_contact_cis_settings(world.tenant, known.contact_id).cis_settings
    assert shown.cis_enabled is False


@tries
def create_invoices(world: World) -> None:
    """Approved, with lines and totals."""
    made = world.invoice()
    assert (made.status, made.total, len(made.line_items)) == ("AUTHORISED", 100, 1)
    assert made.date == DAY


@tries
def update_or_create_invoices(world: World) -> None:
    """A known one by its number."""
    known = world.invoice(status="DRAFT")
    sent = Invoice(type="ACCREC", invoice_number=known.invoice_number, reference="again")
    (made,) = world.api.update_or_create_invoices(
        world.tenant, Invoices(invoices=[sent]), summarize_errors=False, unitdp=4
    ).invoices
    assert (made.invoice_id, made.reference) == (known.invoice_id, "again")


@tries
def update_invoice(world: World) -> None:
    """Approved by its own path."""
    known = world.invoice(status="DRAFT")
    sent = Invoices(invoices=[Invoice(status="AUTHORISED")])
    (made,) = world.api.update_invoice(world.tenant, known.invoice_id, sent).invoices
    assert made.status == "AUTHORISED"


@tries
def get_invoices(world: World) -> None:
    """Every filter the SDK knows, at once."""
    known = world.invoice()
    shown = world.api.get_invoices(
        world.tenant,
        if_modified_since=known.updated_date_utc.replace(microsecond=0),
        where='Type=="ACCREC" AND AmountDue>0',
        order="InvoiceNumber ASC",
        i_ds=[known.invoice_id],
        invoice_numbers=[known.invoice_number],
        contact_i_ds=[known.contact.contact_id],
        statuses=["AUTHORISED"],
        page=1,
        include_archived=True,
        created_by_my_app=True,
        unitdp=4,
        summary_only=False,
        page_size=100,
        search_term=known.invoice_number,
    )
    assert [one.invoice_id for one in shown.invoices] == [known.invoice_id]


@tries
def get_invoice(world: World) -> None:
    """Singly, with its lines."""
    known = world.invoice()
    (shown,) = world.api.get_invoice(world.tenant, known.invoice_id, unitdp=4).invoices
    assert shown.line_items[0].line_item_id


@tries
def get_invoice_as_pdf(world: World) -> None:
    """A file that is a PDF."""
    path = world.api.get_invoice_as_pdf(world.tenant, world.invoice().invoice_id)
    with open(path, "rb") as file:  # noqa: PTH123  # the SDK gives a path as text
        assert file.read(5) == b"%PDF-"


@tries
def email_invoice(world: World) -> None:
    """Sent, which the invoice then says."""
    known = world.invoice()
    assert world.api.email_invoice(world.tenant, known.invoice_id, RequestEmpty()) is None
    (shown,) = world.api.get_invoice(world.tenant, known.invoice_id).invoices
    assert shown.sent_to_contact is True


@tries
def get_online_invoice(world: World) -> None:
    """An address for customers."""
    shown = world.api.get_online_invoice(world.tenant, world.invoice().invoice_id)
    assert shown.online_invoices[0].online_invoice_url.startswith("https://in.xero.com/")


@tries
def create_credit_notes(world: World) -> None:
    """Approved, with credit that remains."""
    made = world.credit_note()
    assert (made.status, made.remaining_credit) == ("AUTHORISED", 40)


@tries
def update_or_create_credit_notes(world: World) -> None:
    """A known one by its id."""
    known = world.credit_note(status="DRAFT")
    sent = CreditNote(credit_note_id=known.credit_note_id, reference="again")
    (made,) = world.api.update_or_create_credit_notes(
        world.tenant, CreditNotes(credit_notes=[sent])
    ).credit_notes
    assert (made.credit_note_id, made.reference) == (known.credit_note_id, "again")


@tries
def update_credit_note(world: World) -> None:
    """Approved by its own path."""
    known = world.credit_note(status="DRAFT")
    sent = CreditNotes(credit_notes=[CreditNote(status="AUTHORISED")])
    (made,) = world.api.update_credit_note(world.tenant, known.credit_note_id, sent).credit_notes
    assert made.status == "AUTHORISED"


@tries
def get_credit_notes(world: World) -> None:
    """By where, on pages."""
    known = world.credit_note()
    shown = world.api.get_credit_notes(
        world.tenant,
        where=f'Contact.ContactID==Guid("{known.contact.contact_id}")',
        order="Date DESC",
        page=1,
        unitdp=4,
        page_size=100,
    )
    assert [one.credit_note_id for one in shown.credit_notes] == [known.credit_note_id]


@tries
def get_credit_note(world: World) -> None:
    """Singly, with its lines."""
    known = world.credit_note()
    (shown,) = world.api.get_credit_note(world.tenant, known.credit_note_id).credit_notes
    assert shown.line_items[0].line_amount == 40


@tries
def get_credit_note_as_pdf(world: World) -> None:
    """A file that is a PDF."""
    path = world.api.get_credit_note_as_pdf(world.tenant, world.credit_note().credit_note_id)
    with open(path, "rb") as file:  # noqa: PTH123  # the SDK gives a path as text
        assert file.read(5) == b"%PDF-"


@tries
def create_bank_transactions(world: World) -> None:
    """Money received."""
    made = world.bank_transaction()
    assert (made.type, made.status, made.total) == ("RECEIVE", "AUTHORISED", 60)


@tries
def update_or_create_bank_transactions(world: World) -> None:
    """A new one by POST."""
    sent = BankTransaction(
        type="SPEND",
        contact=Contact(contact_id=world.contact().contact_id),
        bank_account=Account(code="090"),
        line_items=[world.line(25, account_code="429")],
    )
    (made,) = world.api.update_or_create_bank_transactions(
        world.tenant, BankTransactions(bank_transactions=[sent])
    ).bank_transactions
    assert made.total == 25


@tries
def update_bank_transaction(world: World) -> None:
    """Deleted by its own path."""
    known = world.bank_transaction()
    gone = BankTransaction(
        type=known.type,
        bank_account=Account(code="090"),
        line_items=[],
        status="DELETED",
    )
    sent = BankTransactions(bank_transactions=[gone])
    (made,) = world.api.update_bank_transaction(
        world.tenant, known.bank_transaction_id, sent
    ).bank_transactions
    assert made.status == "DELETED"


@tries
def get_bank_transactions(world: World) -> None:
    """By where."""
    known = world.bank_transaction()
    shown = world.api.get_bank_transactions(
        world.tenant, where=f'Contact.ContactID==Guid("{known.contact.contact_id}")', page=1
    )
    assert [one.bank_transaction_id for one in shown.bank_transactions] == [
        known.bank_transaction_id
    ]


@tries
def get_bank_transaction(world: World) -> None:
    """Singly."""
    known = world.bank_transaction()
    (shown,) = world.api.get_bank_transaction(
        world.tenant, known.bank_transaction_id
    ).bank_transactions
    assert shown.bank_account.code == "090"
