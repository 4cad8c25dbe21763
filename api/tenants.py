"""`/v1/tenants`: the organisations that a key may see, how they are, and the way back for those
that are linked no more. Ending a link, and forgetting an organisation on request.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from starlette.responses import Response

from api.here import Api
from api.link_rules import LinkRules
from api.operation import JSON, Asked, Operation, Reply
from api.parameters import Parameter
from api.problems import Problem
from api.remedies import remedy_of
from api.tenant_query import ERASE, LIST_PARAMETERS, STATES, cursor_after
from api.tenant_schema import ERASING, EXAMPLE, GONE, PAGE, TENANT, TENANTS
from api.unlinking import ENDABLE, Unlinker
from storage.overview import Glance, glance
from storage.tenant_states import change_state
from storage.tenants import TenantSummary, consented_scopes, summaries, tenants_named
from unified.codecs import instant_text
from unified.ids import TenantId
from unified.resources import SOURCES
from xero.scopes import missing_scopes

FORGOTTEN: Final = "erased"


def tenant_operations(api: Api) -> list[Operation]:
    """Organisations."""
    desk = _Desk(api)
    by_id = Parameter(
        name="tenant",
        where="path",
        about="Xero's id of the organisation.",
        schema={"type": "string", "format": "uuid"},
        required=True,
        example=EXAMPLE["tenant_id"],
    )
    return [
        Operation(
            id="list_tenants",
            method="GET",
            path="/v1/tenants",
            summary="List organisations",
            about="By name. Erased ones are left out unless `state` asks for them.",
            tag="Tenants",
            scope="read",
            of_tenant=False,
            handle=desk.all,
            parameters=LIST_PARAMETERS,
            replies=(Reply(about="A page of them.", schema=TENANTS, example=PAGE),),
        ),
        Operation(
            id="get_tenant",
            method="GET",
            path="/v1/tenants/{tenant}",
            summary="One organisation",
            about="`remedy` says what to do where it is not linked, or not for everything.",
            tag="Tenants",
            scope="read",
            of_tenant=False,
            handle=desk.one,
            parameters=(by_id,),
            replies=(Reply(about="How it is.", schema=TENANT, example=EXAMPLE),),
            problems=("tenant_unknown",),
        ),
        Operation(
            id="unlink_tenant",
            method="DELETE",
            path="/v1/tenants/{tenant}",
            summary="Unlink an organisation",
            about="Its connection at Xero is removed; what was read stays until it is erased, "
            "which `erase` asks for: mirror, events, tokens and name are forgotten, each record "
            "gets a tombstone. Doing it again changes nothing.",
            tag="Tenants",
            scope="admin",
            of_tenant=False,
            handle=desk.unlink,
            parameters=(by_id, ERASE),
            replies=(
                Reply(about="It is unlinked.", schema=TENANT, example=GONE),
                Reply(status=202, about="It is being erased.", schema=TENANT, example=ERASING),
            ),
            problems=("tenant_unknown", "xero_unreachable", "app_refused", "limit_spent"),
            changes=True,
        ),
    ]


class _Desk:
    """The handlers."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._unlinker = Unlinker(
            db=api.db,
            box=api.box,
            tokens=api.tokens,
            connections=api.connections,
            oauth=api.oauth,
        )

    async def all(self, asked: Asked) -> Response:
        query = asked.query
        limit: int = query["limit"]
        found = await tenants_named(
            self._api.db,
            among=asked.caller.key.tenants,
            external_id=query["external_id"],
            states=query["state"] or [each for each in STATES if each != FORGOTTEN],
            after=query["cursor"],
            limit=limit + 1,
        )
        told = await self._told(found[:limit])
        last = told[-1] if len(found) > limit else None
        return _json(
            {
                "result": told,
                "next_cursor": None if last is None else cursor_after(last),
                "prev_cursor": None,
                "limit": limit,
                "result_count": len(told),
                "is_partial_response": False,
            }
        )

    async def one(self, asked: Asked) -> Response:
        return _json(await self._of((await self._known(asked)).id))

    async def unlink(self, asked: Asked) -> Response:
        found = await self._known(asked)
        asked.touched.tenant_id = found.id
        by = f"by key {asked.caller.key.id}"
        if found.state in ENDABLE:
            await self._unlinker.unlink(found, reason=f"unlinked {by}")
        if asked.query["erase"] and found.state != FORGOTTEN:
            await change_state(self._api.db, found.id, "erasing", reason=f"erasure asked for {by}")
        told = await self._of(found.id)
        return _json(told, status=202 if told["state"] == "erasing" else 200)

    async def _known(self, asked: Asked) -> TenantSummary:
        """The organisation of the address.

        Raises:
            Problem: `tenant_unknown`, also where it is none of this key's business.
        """
        try:
            tenant_id = TenantId(str(UUID(asked.path["tenant"])))
        except ValueError:
            tenant_id = None
        found = []
        if tenant_id is not None and asked.caller.sees(tenant_id):
            found = await summaries(self._api.db, [tenant_id])
        if not found:
            raise Problem("tenant_unknown", "No such organisation is known to this key.")
        return found[0]

    async def _of(self, tenant_id: TenantId) -> dict[str, Any]:
        [told] = await self._told([tenant_id])
        return told

    async def _told(self, tenant_ids: Sequence[TenantId]) -> list[dict[str, Any]]:
        api = self._api
        how = {each.tenant_id: each for each in await glance(api.db, tenant_ids)}
        covered = await consented_scopes(api.db, tenant_ids)
        return [
            _told(each, how[each.id], covered.get(each.id), rules=api.linking, now=api.clock.now())
            for each in await summaries(api.db, tenant_ids)
            if each.id in how
        ]


def _told(
    each: TenantSummary,
    how: Glance,
    covered: Sequence[str] | None,
    *,
    rules: LinkRules,
    now: datetime,
) -> dict[str, Any]:
    missing: tuple[str, ...] = ()
    if covered is not None:
        endpoints = [source.endpoint for source in SOURCES]
        missing = missing_scopes(covered, endpoints, write=rules.writes)
    remedy = remedy_of(each.id, each.state, missing=missing, rules=rules)
    blocked = how.blocked(now)
    return {
        "tenant_id": each.id,
        "name": each.name,
        "external_id": each.external_id,
        "external_id_verified": each.external_id_verified,
        "connection_id": each.connection_id,
        "state": each.state,
        "state_reason": each.state_reason,
        "state_since": instant_text(each.state_since),
        "health": how.health(now),
        "remedy": None
        if remedy is None
        else {"action": remedy.action, "detail": remedy.detail, "address": remedy.address},
        "missing_scopes": list(missing),
        "linked_at": instant_text(each.linked_at),
        "epoch": each.epoch,
        "base_currency": each.base_currency,
        "time_zone": each.time_zone,
        "verified_since": _instant(how.verified_since),
        "backfills": [msgspec.to_builtins(one) for one in how.backfills],
        "failing": list(how.failing),
        "unsupported": [
            {"endpoint": one.endpoint, "reason": one.reason, "since": instant_text(one.since)}
            for one in how.unsupported
        ],
        "notices_due": how.notices_due,
        "notices_dead": how.notices_dead,
        "events_unrelayed": how.events_unrelayed,
        "minute_remaining": how.minute_remaining,
        "day_remaining": how.day_remaining,
        "blocked_by": how.blocked_by if blocked else None,
        "blocked_until": _instant(how.blocked_until) if blocked else None,
    }


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else instant_text(instant)


def _json(told: object, *, status: int = 200) -> Response:
    return Response(msgspec.json.encode(told), status_code=status, media_type=JSON)
