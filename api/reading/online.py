"""Where a customer reads an invoice: Xero's public address of it, asked for each time, at a call.

Whoever has the address can read the invoice, so it is in no record and nothing here keeps it.
"""

from typing import Any, Final

import msgspec
from starlette.responses import Response

from api.here import Api
from api.operation import JSON, Asked, Operation, Reply
from api.problems import Problem
from api.reading.collections import collection
from api.reading.filters import entity_id
from api.reading.freshness import require_kept
from api.reading.live import LIVE_PROBLEMS
from api.reading.records import ID, given_id
from storage.records import record_of
from unified.resources.invoice import INVOICE
from xero.errors import UndecodableAnswer
from xero.limits import API

_ANSWER: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "online_url": {
            "type": "string",
            "format": "uri",
            "description": "Whoever has it can read the invoice",
        }
    },
    "required": ["online_url"],
    "additionalProperties": False,
}


def online_operation(api: Api) -> Operation:
    """Asking for the address."""
    invoices = collection("invoices")

    async def answer(asked: Asked) -> Response:
        require_kept(asked.tenant_state)
        wanted = entity_id(asked.tenant_id, INVOICE, given_id(asked))
        found = await record_of(api.db, asked.tenant_id, wanted)
        if found is None or found[0] != INVOICE.name:
            raise Problem("not_found", "No invoice has this id.")
        page = await api.client.get_online_invoice(
            asked.tenant_id, INVOICE.endpoint, found[1].unified["remote_id"], purpose=API
        )
        told = page.items[0].get("OnlineInvoiceUrl") if page.items else None
        if not isinstance(told, str):
            raise UndecodableAnswer("shape", "OnlineInvoices: no address")
        return Response(msgspec.json.encode({"online_url": told}), media_type=JSON)

    return Operation(
        id="get_invoice_online_url",
        method="GET",
        path=f"{invoices.path}/{{id}}/online_url",
        summary="Where a customer reads one invoice",
        about=(
            "Xero's public address of an approved sales invoice; others have none. "
            "Costs one call."
        ),
        tag=invoices.tag,
        scope="read",
        handle=answer,
        parameters=(ID,),
        replies=(Reply(about="The address.", schema=_ANSWER,
                       example={"online_url": "https://in.xero.com/iztKMjyAEJT7MVnmruxgCdIJ"}),),
        problems=("not_found", "xero_not_found", *LIVE_PROBLEMS),
    )  # fmt: skip
