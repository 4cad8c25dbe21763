"""Templates of repeating invoices: making, deleting, and running them at midnight, local time.

Source: Xero's page on repeating invoices. The API makes and deletes templates; only Xero's own app
changes them. A day on which what it would make is refused (a lock date, an archived account) passes
without one. Past days of a new template are left out (Xero does not say).
"""

import calendar
import datetime as dt
from contextlib import suppress
from dataclasses import replace
from typing import Any

from simulator import contacts, invoice_fields, invoices, promising
from simulator.elements import Element, day, decimal, flag, identifier, part, text
from simulator.ledger import Ledger
from simulator.model import Line
from simulator.promises import Schedule, Template
from simulator.refusals import NotFound, Refused

_UNITS = frozenset({"WEEKLY", "MONTHLY"})
_FLAGS = (
    ("ApprovedForSending", "approved_for_sending"),
    ("SendCopy", "send_copy"),
    ("MarkAsSent", "mark_as_sent"),
    ("IncludePDF", "include_pdf"),
)


def find(ledger: Ledger, key: str) -> Template:
    """The template of an id. Raises NotFound."""
    known = ledger.promises.templates.get(key.lower())
    if known is None:
        raise NotFound(key)
    return known


def save(ledger: Ledger, element: Element, *, create_only: bool = False) -> Template:
    """Make a template, or delete the one the element names by id. Raises Refused."""
    template_id = None if create_only else identifier(element, "RepeatingInvoiceID")
    if template_id is None:
        return create(ledger, element)
    known = ledger.promises.templates.get(template_id)
    if known is None:
        raise Refused("The repeating invoice with the specified ID could not be found")
    return delete(ledger, known, element)


def create(ledger: Ledger, element: Element) -> Template:
    """Make a template. Raises Refused."""
    kind = text(element, "Type")
    if kind not in {"ACCREC", "ACCPAY"}:
        raise Refused("Invoice type must be specified: ACCREC or ACCPAY")
    known, write = promising.who(ledger, element)
    template = Template(
        id=ledger.new_id(),
        type=kind,
        contact_id="",
        currency=promising.currency_of(ledger, element, known),
        date=ledger.today(),
    )
    _fill(ledger, template, element)
    if not template.lines:
        raise Refused("One or more line items must be specified")
    template.contact_id = contacts.resolved(ledger, known, write).id
    _changed(ledger, template)
    return template


def delete(ledger: Ledger, template: Template, element: Element) -> Template:
    """Delete a template, which is all that the API may do to one. Raises Refused."""
    if template.status == "DELETED" or text(element, "Status") != "DELETED":
        raise Refused("A repeating invoice template can only be deleted")
    template.status = "DELETED"
    _changed(ledger, template)
    return template


def change(ledger: Ledger, template: Template, element: Element) -> Template:
    """Change a template, as Xero's app does. Raises Refused."""
    if template.status == "DELETED":
        raise Refused("The repeating invoice template was deleted")
    trial = invoice_fields.trial_of(template)
    _fill(ledger, trial, element)
    promising.adopt(ledger, template, trial, element)
    _changed(ledger, template)
    return template


def run_due(ledger: Ledger) -> int:
    """Make what is due by today, once a day and template; the number of documents made."""
    today, held = ledger.today(), ledger.promises
    if held.turned_on == today:
        return 0
    made = 0
    for key in list(held.templates.ids()):
        template = held.templates.by_id[key]
        while _runs_by(template, today):
            made += _run(ledger, template)
    held.turned_on = today
    return made


def _runs_by(template: Template, today: dt.date) -> bool:
    run = template.next_run
    return template.status != "DELETED" and run is not None and run <= today


def _run(ledger: Ledger, template: Template) -> int:
    """Make the next document and go on to the day after next; 1, or 0 where it was refused."""
    schedule, on = template.schedule, template.next_run
    if schedule is None or on is None:
        return 0
    made = 0
    with suppress(Refused):
        invoices.create(ledger, _document(template, schedule, on), template_id=template.id)
        made = 1
    template.next_run = _next(schedule, on + dt.timedelta(days=1))
    template.revision += 1
    ledger.stamp(ledger.promises.templates, template, None, "UPDATE")
    return made


def _document(template: Template, schedule: Schedule, on: dt.date) -> dict[str, Any]:
    approved = template.status == "AUTHORISED"
    sent = template.approved_for_sending or template.mark_as_sent
    due = invoice_fields.due_after(schedule.due_kind, schedule.due_day, on)
    element: dict[str, Any] = {
        "Type": template.type,
        "Contact": {"ContactID": template.contact_id},
        "Date": on.isoformat(),
        "DueDate": due.isoformat(),
        "Status": template.status,
        "CurrencyCode": template.currency,
        "LineAmountTypes": template.line_amount_types,
        "BrandingThemeID": template.branding_theme_id,
        "LineItems": [_line(line) for line in template.lines],
    }
    if template.is_sale:
        element |= {"Reference": template.reference, "SentToContact": approved and sent}
    return element


def _line(line: Line) -> dict[str, Any]:
    return {
        "Description": line.description,
        "Quantity": line.quantity,
        "UnitAmount": line.unit_amount,
        "LineAmount": line.line_amount,
        "TaxType": line.tax_type,
        "TaxAmount": line.tax_amount,
        "AccountCode": line.account_code,
        "ItemCode": line.item_code,
        "DiscountRate": line.discount_rate,
        "DiscountAmount": line.discount_amount,
        "Tracking": line.tracking,
    }


def _fill(ledger: Ledger, template: Template, element: Element) -> None:
    status = text(element, "Status") or template.status
    if status not in {"DRAFT", "AUTHORISED"}:
        raise Refused(f"Repeating invoice status '{status}' is not valid")
    template.schedule = _schedule(part(element, "Schedule"), template.schedule)
    if template.schedule is None:
        raise Refused("A Schedule must be specified")
    reference = text(element, "Reference", 255)
    if reference is not None and template.is_sale:
        template.reference = reference
    for key, name in _FLAGS:
        sent = flag(element, key)
        if sent is not None and template.is_sale:
            setattr(template, name, sent)
    promising.price(ledger, template, element, status=status, decimals=2)
    template.status = status
    if element.get("Schedule") is not None or template.next_run is None:
        template.next_run = _next(template.schedule, ledger.today())


def _schedule(sent: Element | None, held: Schedule | None) -> Schedule | None:
    """The schedule as sent, over the one that is held. Raises Refused."""
    if sent is None:
        return held
    period, due_day = decimal(sent, "Period"), decimal(sent, "DueDate")
    start, end = day(sent, "StartDate"), day(sent, "EndDate")
    if held is None:
        if period is None or due_day is None or start is None:
            raise Refused("The Schedule needs a Period, Unit, DueDate, DueDateType and StartDate")
        held = Schedule(1, "", 0, "", start)
    found = replace(
        held,
        period=held.period if period is None else int(period),
        unit=text(sent, "Unit") or held.unit,
        due_day=held.due_day if due_day is None else int(due_day),
        due_kind=text(sent, "DueDateType") or held.due_kind,
        start=start or held.start,
        end=end or held.end,
    )
    if found.unit not in _UNITS or found.period < 1:
        raise Refused("The Schedule's Period and Unit are not valid")
    if found.due_kind not in invoice_fields.DUE_KINDS or not 0 <= found.due_day <= 365:
        raise Refused("The Schedule's DueDate and DueDateType are not valid")
    if found.end is not None and found.end < found.start:
        raise Refused("The EndDate must not be before the StartDate")
    return found


def _next(schedule: Schedule, earliest: dt.date) -> dt.date | None:
    """The first day of the schedule that is not before a day; None when it is past its end."""
    number, on = 0, schedule.start
    while on < earliest:
        number += 1
        on = _nth(schedule, number)
    return None if schedule.end is not None and on > schedule.end else on


def _nth(schedule: Schedule, number: int) -> dt.date:
    if schedule.unit == "WEEKLY":
        return schedule.start + dt.timedelta(weeks=schedule.period * number)
    # A month that is too short has its last day instead.
    months = schedule.start.month - 1 + schedule.period * number
    year, month = schedule.start.year + months // 12, months % 12 + 1
    return dt.date(year, month, min(schedule.start.day, calendar.monthrange(year, month)[1]))


def _changed(ledger: Ledger, template: Template) -> None:
    ledger.promises.turned_on = None
    promising.changed(ledger, ledger.promises.templates, template)
