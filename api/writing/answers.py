"""What a write is answered with: the records as they are now, which states they show, and how it
went; or, of a dry run, what would have been sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec
from starlette.responses import Response

from api.here import Api
from api.operation import JSON
from api.reading.envelope import LIVE, Meta, Warned
from api.reading.records import TAG, record_tag
from api.writing.plan import Plan
from storage.idempotency import StoredAnswer
from storage.things import Shown
from unified.ids import TenantId
from unified.resource import Resource
from xero.writes import body_of

REPLAYED: Final = "Idempotency-Replayed"
_KEPT: Final = ("etag", "location", "content-type")  #: headers that belong to what was answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Worded:
    """An answer before it is written down.

    Attributes:
        members: beside `meta`.
    """

    status: int
    members: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


def meta_of(
    source: Resource, tenant_id: TenantId, at: datetime, warnings: Sequence[Warned] = ()
) -> dict[str, Any]:
    """What the answer to a write says about itself: it is as fresh as Xero's own, given at `at`
    (business time)."""
    return Meta(
        source=LIVE,
        as_of=at,
        max_staleness_s=0,
        tenant_id=tenant_id,
        schema_version=source.schema_version,
        warnings=warnings,
    ).told()


def with_record(
    status: int, shown: Shown, *, address: str | None = None, more: Mapping[str, Any] | None = None
) -> Worded:
    """An answer that holds one record; `address` where it was made."""
    headers = {TAG: record_tag(shown.epoch, shown.version)}
    if address is not None:
        headers["Location"] = address
    return Worded(status=status, members={"result": msgspec.Raw(shown.unified), **(more or {})},
                  headers=headers)  # fmt: skip


def response_of(worded: Worded, meta: Mapping[str, Any]) -> Response:
    """The answer as it is sent."""
    content = msgspec.json.encode({**worded.members, "meta": meta})
    return Response(content, worded.status, headers=dict(worded.headers), media_type=JSON)


def stored(response: Response) -> StoredAnswer:
    """An answer to be given again."""
    headers = {name: response.headers[name] for name in _KEPT if name in response.headers}
    return StoredAnswer(status=response.status_code, headers=headers, body=bytes(response.body))


def replayed(answer: StoredAnswer) -> Response:
    """An answer that was given before."""
    return Response(answer.body, answer.status, headers={**answer.headers, REPLAYED: "true"})


def dry_run(api: Api, plan: Plan, meta: Mapping[str, Any]) -> Response:
    """What would have been sent: the method, the address and the body, letter by letter."""
    request, body = plan.request, body_of(plan.request)
    url = api.urls.below(plan.source.endpoint.api, *request.parts)
    told: dict[str, Any] = {
        "method": request.method,
        "url": url,
        "path": "/" + "/".join((plan.source.endpoint.api, *request.parts)),
        "query": dict(request.query),
        "content_type": None if body is None else request.media_type or JSON,
        "body": request.body if not isinstance(request.body, bytes) else None,
        "body_bytes": 0 if body is None else len(body),
    }
    refused = [{"index": place, "problem": each} for place, each in sorted(plan.refused.items())]
    members = {"dry_run": True, "request": told, "refused": refused, "meta": meta}
    return Response(msgspec.json.encode(members), media_type=JSON)
