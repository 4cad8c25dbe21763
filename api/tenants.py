"""`/v1/tenants`: the organisations that a key may see."""

import msgspec
from starlette.responses import Response

from api.here import Api
from api.operation import JSON, Asked, Operation, Reply
from storage.tenants import TenantSummary, tenants
from unified.codecs import instant_text


def tenant_operations(api: Api) -> list[Operation]:
    """Listing organisations."""

    async def list_tenants(asked: Asked) -> Response:
        found = [_told(each) for each in await tenants(api.db) if asked.caller.sees(each.id)]
        return Response(msgspec.json.encode({"result": found}), media_type=JSON)

    return [
        Operation(
            id="list_tenants",
            method="GET",
            path="/v1/tenants",
            summary="Organisations",
            tag="Tenants",
            scope="read",
            of_tenant=False,
            handle=list_tenants,
            replies=(Reply(about="The organisations that the key may see, by name."),),
        ),
    ]


def _told(each: TenantSummary) -> dict[str, object]:
    return {
        "tenant_id": each.id,
        "name": each.name,
        "external_id": each.external_id,
        "state": each.state,
        "state_reason": each.state_reason,
        "state_since": instant_text(each.state_since),
        "linked_at": instant_text(each.linked_at),
        "base_currency": each.base_currency,
        "time_zone": each.time_zone,
    }
