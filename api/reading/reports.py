"""Reports: the snapshot that was taken by schedule, or what Xero computes now, with parameters.

A snapshot answers our own question (`unified.resources.report`). That question asked live is a new
snapshot, and absorbed as one; a caller's own is answered and kept nowhere, for the record of a
report can hold one answer only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from api.here import Api
from api.openapi.naming import answer_of
from api.operation import Asked, Operation, Reply
from api.parameters import Parameter
from api.problems import Problem, bad_request
from api.reading.collections import Collection
from api.reading.controls import CONSISTENCY
from api.reading.envelope import LIVE, MIRROR, Meta, one_answer
from api.reading.filters import entity_id
from api.reading.freshness import require_kept, staleness_s
from api.reading.live import LIVE_PROBLEMS
from api.reading.records import Getter
from api.reading.values import REMOTE, chosen, read_day, read_id, whole
from storage.errors import TenantNotLinked
from storage.listing import Content, contents
from storage.records import record_of as known_record
from storage.snapshots import account_types
from storage.tenant_context import read_context
from unified.ids import EntityId, TenantId, record_id
from unified.reports import ACCOUNT_TYPES, ASKED, ASKED_ID
from unified.resource import NormalizeError, Resource, TenantContext
from unified.resources import resource
from unified.resources.report import AGED, BY_TYPE, report_id
from unified.shape import Read
from xero.errors import UndecodableAnswer

_API: Final = "api"
_UNITS: Final = {"month": "MONTH", "quarter": "QUARTER", "year": "YEAR"}
_MONTHS: Final = {"month": "1", "quarter": "3", "year": "12"}


def _told(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _same(words: Mapping[str, str]) -> Any:
    return lambda value: words[value]


@dataclass(frozen=True, slots=True)
class _Word:
    """One of our parameters in Xero's words."""

    name: str
    write: Any = _told


_DATES: Final = {"start_date": _Word("fromDate"), "end_date": _Word("toDate")}
_DAY: Final = {"as_of": _Word("date")}
_BASIS: Final = {"basis": _Word("paymentsOnly", _same({"cash": "true", "accrual": "false"}))}
_LAYOUT: Final = {
    "layout": _Word("standardLayout", _same({"standard": "true", "organisation": "false"}))
}
_PERIODS: Final = {"periods": _Word("periods"), "period_unit": _Word("timeframe", _same(_UNITS))}
_PLAN: Final = {"periods": _Word("periods"), "period_unit": _Word("timeframe", _same(_MONTHS))}
_CONTACT: Final = {"contact": _Word("contactId")}
_AGED: Final = {**_CONTACT, **_DAY, **_DATES}
#: Which parameters each report takes (Xero: Reports).
TAKES: Final[Mapping[str, Mapping[str, _Word]]] = {
    "profit_and_loss": {**_DATES, **_PERIODS, **_BASIS, **_LAYOUT},
    "balance_sheet": {**_DAY, **_PERIODS, **_BASIS, **_LAYOUT},
    "trial_balance": {**_DAY, **_BASIS},
    "bank_summary": _DATES,
    "budget_summary": {**_DAY, **_PLAN},
    "executive_summary": _DAY,
    "aged_receivables": _AGED,
    "aged_payables": _AGED,
}


def _takers(name: str) -> str:
    return "Of " + ", ".join(f"`{each}`" for each, words in TAKES.items() if name in words) + "."


_DAY_SCHEMA: Final = {"type": "string", "format": "date"}
PARAMETERS: Final[tuple[Parameter, ...]] = (
    Parameter(name="start_date", about=f"First day. {_takers('start_date')}", schema=_DAY_SCHEMA,
              read=read_day, example="2026-10-01"),
    Parameter(name="end_date", about=f"Last day. {_takers('end_date')}", schema=_DAY_SCHEMA,
              read=read_day, example="2026-10-31"),
    Parameter(name="as_of", about=f"The day. {_takers('as_of')}", schema=_DAY_SCHEMA,
              read=read_day, example="2026-10-31"),
    Parameter(name="periods", about=f"Periods to compare with. {_takers('periods')}",
              schema={"type": "integer", "minimum": 1, "maximum": 12}, read=whole(1, 12)),
    Parameter(name="period_unit", about=f"How long each is. {_takers('period_unit')}",
              schema={"type": "string", "enum": [*_UNITS]}, read=chosen([*_UNITS])),
    Parameter(name="contact", about="The contact: its id, or `remote:` with Xero's. Both aged "
              "reports need it: Xero computes them of one contact at a time.",
              schema={"type": "string", "minLength": 1, "maxLength": 207}, read=read_id),
    Parameter(name="basis", about=f"Cash, or accrual. {_takers('basis')}",
              schema={"type": "string", "enum": ["accrual", "cash"]},
              read=chosen(["accrual", "cash"])),
    Parameter(name="layout", about=f"Xero's own, or the organisation's. {_takers('layout')}",
              schema={"type": "string", "enum": ["standard", "organisation"]},
              read=chosen(["standard", "organisation"])),
)  # fmt: skip


def report_operation(api: Api, collection: Collection, getter: Getter) -> Operation:
    """One report by its type, with parameters, or by the id of its snapshot."""
    reporter = _Reporter(api, collection.kind, getter)
    plain = getter.operation()
    types = ", ".join(f"`{each}`" for each in BY_TYPE)
    return replace(
        plain,
        path=f"{collection.path}/{{id}}",
        summary="Get one report",
        about=f"By its type ({types}) or by its id. `consistency=mirror` gives the last snapshot, "
        "which `ledgerwire reports` schedules; where parameters are sent, it must have been taken "
        "with these. `consistency=live` has Xero compute it now, at one call: with parameters, "
        "nothing is kept of it; without any, it is the next snapshot.",
        handle=reporter.answer,
        asks_state=True,
        parameters=(
            replace(
                plain.parameters[0],
                about=f"One of {types}; or an id, or `remote:` with Xero's.",
                example="profit_and_loss",
            ),
            *(each for each in plain.parameters[1:] if each.name in {"fields", "include"}),
            *PARAMETERS,
            CONSISTENCY,
        ),
        replies=(Reply(about="The report.", schema=answer_of(collection.kind)), plain.replies[1]),
        problems=("capability_unavailable", "not_found", "snapshot_missing", "xero_not_found",
                  *LIVE_PROBLEMS),
    )  # fmt: skip


class _Reporter:
    """Answers reports."""

    def __init__(self, api: Api, kind: Resource, getter: Getter) -> None:
        self._api = api
        self._kind = kind
        self._getter = getter

    async def answer(self, asked: Asked) -> Response:
        """One report."""
        source = BY_TYPE.get(asked.path["id"])
        if source is None:
            if any(asked.query[each.name] is not None for each in PARAMETERS):
                raise bad_request("id", "parameters go with a type of report, not with an id")
            return await self._getter.answer(asked)
        require_kept(asked.tenant_state)
        name = asked.path["id"]
        given = {
            each.name: asked.query[each.name]
            for each in PARAMETERS
            if asked.query[each.name] is not None
        }
        for each in given:
            if each not in TAKES[name]:
                raise bad_request(f"?{each}", f"{name} does not take it")
        contact = await self._contact(asked.tenant_id, name, given)
        if asked.query["consistency"] == LIVE:
            return await self._live(asked, source, name, given, contact)
        return await self._snapshot(asked, source, given, contact)

    async def _contact(
        self, tenant_id: TenantId, name: str, given: Mapping[str, Any]
    ) -> str | None:
        """Xero's id of the contact that the report is about."""
        if name not in AGED:
            return None
        told = given.get("contact")
        if told is None:
            raise bad_request("?contact", "is required: Xero computes it of one contact at a time")
        if told.startswith(REMOTE):
            return str(told.removeprefix(REMOTE).lower())
        known = await known_record(
            self._api.db, tenant_id, entity_id(tenant_id, resource("contact"), told)
        )
        if known is None or known[0] != "contact":
            raise bad_request("?contact", "no contact has this id")
        return str(known[1].unified["remote_id"])

    async def _snapshot(
        self, asked: Asked, source: Resource, given: Mapping[str, Any], contact: str | None
    ) -> Response:
        wanted = record_id(asked.tenant_id, self._kind.name, report_id(source, contact))
        found = (await contents(self._api.db, asked.tenant_id, [wanted])).get(wanted)
        if found is None:
            raise Problem("snapshot_missing", "No snapshot of this report was taken.")
        taken = msgspec.json.decode(found.unified)
        sent = taken["parameters"]
        for name, value in given.items():
            if name != "contact" and str(sent.get(name)) != _told(value):
                detail = f"The snapshot was taken with {name} {sent.get(name)}."
                raise Problem("snapshot_missing", detail)
        told = taken["generated_at"] or taken["verified_at"]
        return self._sent(found, asked, as_of=datetime.fromisoformat(told))

    async def _live(
        self,
        asked: Asked,
        source: Resource,
        name: str,
        given: Mapping[str, Any],
        contact: str | None,
    ) -> Response:
        if asked.tenant_state != "linked":
            raise TenantNotLinked(asked.tenant_id, asked.tenant_state or "unknown")
        context = await read_context(self._api.db, asked.tenant_id)
        ours, question = self._question(context, source, name, given, contact)
        mark, asked_at = await self._api.absorber.mark(), self._api.clock.now()
        page = await self._api.client.get_list(
            asked.tenant_id, source.endpoint, params=question, purpose=_API
        )
        beside = {
            ASKED_ID: report_id(source, contact),
            ASKED: question,
            ACCOUNT_TYPES: await account_types(self._api.db, asked.tenant_id),
        }
        cost = {"calls": 1, "bytes": page.raw_size}
        page = replace(page, items=[{**item, **beside} for item in page.items])
        if ours:
            [entity] = await self._api.absorber.absorb(
                asked.tenant_id, source, page, Read.SINGLE, mark=mark
            )
            found = (await contents(self._api.db, asked.tenant_id, [entity]))[entity]
            return self._sent(found, asked, as_of=asked_at, cost=cost)
        record = _answered(source, context, page.items[0], question, at=page.answered_at)
        content = Content(
            EntityId(record["id"]), 0, self._kind.name, 1, msgspec.json.encode(record)
        )
        return self._sent(content, asked, as_of=asked_at, cost=cost)

    def _question(
        self,
        context: TenantContext,
        source: Resource,
        name: str,
        given: Mapping[str, Any],
        contact: str | None,
    ) -> tuple[bool, dict[str, str]]:
        """Xero's parameters, and whether they are those of our own snapshots."""
        beyond = {each: value for each, value in given.items() if each != "contact"}
        if not beyond and source.endpoint.asked is not None and context.business_date is not None:
            remote_id = report_id(source, contact)
            return True, dict(source.endpoint.asked(remote_id, context.business_date))
        words = TAKES[name]
        question = {words[each].name: words[each].write(value) for each, value in beyond.items()}
        if contact is not None:
            question[words["contact"].name] = contact
        if "layout" in words:
            question.setdefault(words["layout"].name, "true")
        return False, question

    def _sent(
        self,
        found: Content,
        asked: Asked,
        *,
        as_of: datetime,
        cost: Mapping[str, int] | None = None,
    ) -> Response:
        """With the fields that are wanted; `as_of` is when Xero computed it."""
        record, wanted = found.unified, {"id", *asked.query["fields"]}
        if asked.query["fields"]:
            fields = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
            shown = {name: value for name, value in fields.items() if name in wanted}
            record = msgspec.json.encode(shown)
        meta = Meta(
            source=MIRROR if cost is None else LIVE,
            as_of=as_of,
            max_staleness_s=staleness_s(as_of, self._api.clock.now()),
            tenant_id=asked.tenant_id,
            schema_version=self._kind.schema_version,
            cost=cost,
        )
        return one_answer(record, meta, {})


def _answered(
    source: Resource,
    context: TenantContext,
    item: Mapping[str, Any],
    question: Mapping[str, str],
    *,
    at: Any,
) -> dict[str, Any]:
    """The answer to a question of a caller's own, as a record that is kept nowhere: its id is of
    the question.

    Raises:
        UndecodableAnswer: it is no report.
    """
    remote_id = f"{item[ASKED_ID]}?{urlencode(sorted(question.items()))}"
    try:
        normalized = source.normalize({**item, ASKED_ID: remote_id}, context, Read.SINGLE)
    except NormalizeError as error:
        raise UndecodableAnswer("shape", f"{source.endpoint.path}: {error.path}") from None
    record = source.overlay(None, normalized)
    return source.finish(
        record,
        first_seen_at=at,
        changed_at=at,
        verified_at=at,
        version=1,
        content_hash=source.content_hash(record),
        deleted_at=None,
    )
