"""The words in which a resource is declared and asked: its endpoint, its context, its answers.

Values only. What is done with them stands in `resource`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from unified.codecs import Drift
from unified.ids import ConnectionId, Parent, RemoteId, TenantId

PROVIDER: Final = "xero"
FULL: Final = "full"
SUMMARY: Final = "summary"
SCHEMA_MAJOR: Final = 1  #: of events and records; another one means topics of other names
ENVELOPE_MINOR: Final = 0  #: how often the envelope or the common block gained fields
ACCOUNTING_API: Final = "api.xro/2.0"

#: Fields of every record, in the order in which they stand.
COMMON: Final = (
    "id",
    "remote_id",
    "resource",
    "provider",
    "tenant_id",
    "connection_id",
    "remote_url",
    "created_at",
    "updated_at",
    "first_seen_at",
    "changed_at",
    "verified_at",
    "version",
    "content_hash",
    "status",
    "remote_status",
    "is_deleted",
    "deleted_at",
    "deletion_kind",
    "merged_into",
    "custom_fields",
    "extensions",
    "completeness",
)
#: What absorbing adds to a normalized record: it alone knows the sequence and its own clocks.
STAMPED: Final = (
    "first_seen_at",
    "changed_at",
    "verified_at",
    "version",
    "content_hash",
    "deleted_at",
)


class NormalizeError(Exception):
    """A raw object that cannot be read; the message never holds a value of it.

    Attributes:
        resource: unified name of what it should be.
        remote_id: its Xero id, where that could be read.
        path: slash-separated way to the value, in Xero's words.
        reason: what is wrong with it.
    """

    def __init__(self, resource: str, remote_id: str | None, path: str, reason: str) -> None:
        super().__init__(f"{resource} {remote_id or 'without id'}: {path or 'object'}: {reason}")
        self.resource = resource
        self.remote_id = remote_id
        self.path = path
        self.reason = reason


class DenormalizeError(Exception):
    """A unified record that must not be sent to Xero; `path` is a JSON pointer into it."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often to look at what nobody announces.

    Attributes:
        changes_per_hour: what is assumed where none has been seen.
        longest: how long a change may stay unseen.
    """

    changes_per_hour: float = 0.01
    longest: timedelta = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """How Xero serves one kind of object (Xero: Accounting API, each endpoint's page).

    Attributes:
        path: last part of the address, such as "Invoices".
        item_key: key of the list in an answer.
        id_key: key of an object's id.
        coded: that id is a code, such as a TaxType, kept as Xero writes it; else a uuid.
        modified_since: If-Modified-Since is understood.
        page_size: most objects a page; None: everything comes in one piece.
        ids_filter: `IDs=` is understood.
        where_id_or: `where` with OR on the id is optimised.
        sends_unitdp: unit prices come with 4 decimals only if asked.
        list_params: sent with every list call, so that nothing is hidden.
        order: what to order by to walk by id.
        single: one object can be read alone.
        scope_granular, scope_broad: for reading, less `.read`.
        pace: how often it is swept.
        api: the API that has it, as its address begins: "api.xro/2.0".
        address: the rest of the address, where that is not `path`, which names an endpoint in
            cursors and notices and so must be unique.
        gated: not every organisation or app has it (payroll, journals): its first read is a probe,
            and a refusal is kept as an unsupported capability, never taken for an empty list.
        detail: lists show headers only: what one shows as new or moved is read by itself, and only
            that is believed; so a single read has to tell all that is mapped.
        detail_params: what to send with such a read, by the organisation's business date.
        detail_every: how often each thing is read by itself though its list shows no change.
        countries: ISO 3166 codes of the organisations that have it; empty: wherever they are.
        children: paths of the endpoints whose things each have such a list, below their own
            address, where there is no list of all.
        offset_key: key of the number by which the list goes on (`offset`, exclusive, oldest first,
            `page_size` a piece), where it has such a number in place of pages.
        asked: there is nothing to list: each read is an answer to a question of ours, such as a
            report, by its remote id and the organisation's business date. Read by schedule only.
        narrowed: filters of ours that a list takes as a parameter, and its name: several values
            with commas between them, which Xero looks up along an index.
    """

    path: str
    item_key: str
    id_key: str
    modified_since: bool
    page_size: int | None
    ids_filter: bool
    where_id_or: bool
    sends_unitdp: bool
    list_params: Mapping[str, str]
    order: str | None
    single: bool
    scope_granular: str
    scope_broad: str
    coded: bool = False
    pace: Pace = Pace()
    api: str = ACCOUNTING_API
    address: str | None = None
    gated: bool = False
    detail: bool = False
    detail_params: Callable[[date], Mapping[str, str]] | None = None
    detail_every: timedelta | None = None
    countries: frozenset[str] = frozenset()
    children: tuple[str, ...] = ()
    offset_key: str | None = None
    asked: Callable[[str, date], Mapping[str, str]] | None = None
    narrowed: Mapping[str, str] = field(default_factory=dict)

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of its address below the API's."""
        return tuple((self.address or self.path).split("/"))


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantContext:
    """What normalizing needs to know about the organisation.

    `time_zone` is an IANA name; `business_date` is today in it, None until it has been read.
    `parent` is what the things of an answer belong to, where it tells of one thing's children.
    """

    tenant_id: TenantId
    connection_id: ConnectionId
    base_currency: str | None = None
    short_code: str | None = None
    time_zone: str | None = None
    business_date: date | None = None
    parent: Parent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalized:
    """One raw object in unified words.

    Attributes:
        record: plain JSON values, without the fields of `STAMPED`.
        completeness: "full" or "summary", by the kind of read.
        carried: the fields that this answer really tells; others are null or empty in `record`.
        business_date: the day by which time-derived fields were computed.
        drift: what this version does not know, to be counted.
    """

    remote_id: RemoteId
    updated_at: datetime | None
    created_at: datetime | None
    record: dict[str, Any]
    completeness: str
    carried: frozenset[str]
    business_date: date | None
    drift: tuple[Drift, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What one record says about all others of a resource, such as a report about accounts.

    Attributes:
        resource: the others' name.
        of: what it says of one of them: fields of its record with their values.
    """

    resource: str
    of: Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Timer:
    """The next day, in the organisation's zone, at whose start a derived field changes."""

    rule: str
    on: date
