"""The verdict: books, mirror, events, states and payment statuses, held against each other.

A pure function over plain data. What it leaves out stands in `oracle.content` (NOT_JUDGED) and
`oracle.crm` (CRM_NOT_JUDGED), each with its reason; beyond those it does not judge
`cause`, `change_class`, `source`, `timing` and `links` of events, which are not in the books.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any

from oracle.books import own_id, read_books
from oracle.crm import check_crm
from oracle.difference import Difference
from oracle.histories import check_histories, read_histories
from oracle.inputs import MirrorRow, latest, message
from oracle.partitions import check_partitions
from oracle.reports import check_balances
from oracle.things import Thing, check_mirror, check_states


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found.

    Attributes:
        differences: all of them; none means that everything agrees.
        counts: how much was looked at, by name: tenants, things, mirror, events, duplicates,
            states, invoice_statuses, contact_statuses.
    """

    differences: list[Difference]
    counts: Mapping[str, int]


def judge(  # noqa: PLR0913  # the six things that must agree
    books: Any,
    mirror: Iterable[Iterable[Any]],
    events: Iterable[Iterable[Any]],
    states: Iterable[Iterable[Any]],
    invoice_statuses: Iterable[Iterable[Any]],
    contact_statuses: Iterable[Iterable[Any]],
    *,
    today: Mapping[str, date],
    complete: bool = True,
) -> list[Difference]:
    """The differences alone; see `examine`."""
    return examine(
        books,
        mirror,
        events,
        states,
        invoice_statuses,
        contact_statuses,
        today=today,
        complete=complete,
    ).differences


def examine(  # noqa: PLR0913  # the six things that must agree
    books: Any,
    mirror: Iterable[Iterable[Any]],
    events: Iterable[Iterable[Any]],
    states: Iterable[Iterable[Any]],
    invoice_statuses: Iterable[Iterable[Any]],
    contact_statuses: Iterable[Iterable[Any]],
    *,
    today: Mapping[str, date],
    complete: bool = True,
) -> Verdict:
    """Hold everything against everything.

    Args:
        books: the simulator's raw books, as JSON text or decoded (numbers as Decimal, not float).
        mirror: rows as `MirrorRow`.
        events: records of the event topics as `KafkaRecord`, in the order of each partition.
        states: records of the state topics; the latest of each key counts.
        invoice_statuses: records of the topic of payment status per invoice; likewise.
        contact_statuses: records of the topic of payment status per contact; likewise.
        today: the calendar day of each linked organisation, in its own zone. Tenants not named
            (never linked, or gone) are not held against books; what is known of them must still
            agree with itself.
        complete: the event topics were read whole; else the first events may have aged out.

    Raises:
        UnreadableBooks: the books hold what Xero would not send.
    """
    days = {tenant.lower(): day for tenant, day in today.items()}
    held = read_books(books)
    rows: dict[Thing, MirrorRow] = {}
    for row in map(MirrorRow._make, mirror):
        rows[row.tenant_id.lower(), row.resource, own_id(row.resource, row.remote_id)] = row
    event_records = [message(record) for record in events]
    state_records = [message(record) for record in states]
    invoice_records = [message(record) for record in invoice_statuses]
    contact_records = [message(record) for record in contact_statuses]
    newest = latest(state_records)
    histories = read_histories(event_records)
    everything = chain(event_records, state_records, invoice_records, contact_records)
    differences = [
        *check_mirror(held, rows, days),
        *check_balances(held, rows, days),
        *check_states(rows, newest),
        *check_histories(histories, rows, complete=complete, judged=frozenset(days)),
        *check_partitions(everything),
        *check_crm(held, rows, latest(invoice_records), latest(contact_records), today=days),
    ]
    counts = {
        "tenants": len(days),
        "things": sum(1 for tenant in days if tenant in held for _ in held[tenant].things()),
        "mirror": len(rows),
        "events": histories.events,
        "duplicates": histories.duplicates,
        "states": len(newest),
        "invoice_statuses": len({record.key for record in invoice_records}),
        "contact_statuses": len({record.key for record in contact_records}),
    }
    return Verdict(differences, counts)
