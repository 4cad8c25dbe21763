"""`/v1/link_sessions`: addresses at which one person links one customer's organisation.

The program that asks says which customer that is, so the name can be trusted, and which
organisation, if it must be that one.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from starlette.responses import Response

from api.bodies import read_body
from api.caller import Caller
from api.here import Api
from api.link_rules import CONNECT_PATH, NotAllowed
from api.link_session_schema import (
    BODY,
    BODY_EXAMPLE,
    EXAMPLE,
    LEAST_LIFE_S,
    MOST_LIFE_S,
    NEW,
    NEW_EXAMPLE,
    SESSION,
    SESSION_ID,
    USUAL_LIFE_S,
)
from api.operation import JSON, Asked, Body, Operation, Reply
from api.problems import Problem, bad_request
from storage.link_sessions import (
    LinkSession,
    SessionAsked,
    make_session,
    session_by_id,
)
from unified.codecs import instant_text
from unified.ids import TenantId


class _Asked(msgspec.Struct, forbid_unknown_fields=True):
    """What may be asked for; all of it may be left out."""

    external_id: str | None = None
    return_to: str | None = None
    tenant_id: UUID | None = None
    expires_in_s: int = USUAL_LIFE_S


def link_session_operations(api: Api) -> list[Operation]:
    """Making a session, and asking how it ended."""

    async def create(asked: Asked) -> Response:
        told = await read_body(asked, _Asked)
        wanted = _checked(told, api, asked.caller)
        made = await make_session(api.db, wanted)
        asked.touched.tenant_id = wanted.tenant_id
        asked.touched.add("link_session", made.session.id)
        shown = {
            **_told(made.session),
            "url": api.linking.address(CONNECT_PATH, session=made.token),
        }
        return Response(msgspec.json.encode(shown), status_code=201, media_type=JSON)

    async def one(asked: Asked) -> Response:
        found = await session_by_id(api.db, asked.path["session"])
        if found is None or not _may_see(asked.caller, found):
            raise Problem("link_session_unknown", "No such session is known to this key.")
        return Response(msgspec.json.encode(_told(found)), media_type=JSON)

    return [
        Operation(
            id="create_link_session",
            method="POST",
            path="/v1/link_sessions",
            summary="Make a link for a customer",
            about="`url` is shown once. Open it as a page, or in a window with `link.js`.",
            tag="Linking",
            scope="admin",
            of_tenant=False,
            handle=create,
            body=Body(schema=BODY, example=BODY_EXAMPLE, most_bytes=16 * 1024),
            replies=(Reply(status=201, about="The link.", schema=NEW, example=NEW_EXAMPLE),),
            problems=(
                "bad_request",
                "body_unreadable",
                "key_limited",
                "linking_not_offered",
                "tenant_unknown",
            ),
            changes=True,
        ),
        Operation(
            id="get_link_session",
            method="GET",
            path="/v1/link_sessions/{session}",
            summary="How a link ended",
            about="Believe this, and not what a page tells your server. Kept for a week.",
            tag="Linking",
            scope="admin",
            of_tenant=False,
            handle=one,
            parameters=(SESSION_ID,),
            replies=(Reply(about="How it is.", schema=SESSION, example=EXAMPLE),),
            problems=("link_session_unknown",),
        ),
    ]


def _checked(told: _Asked, api: Api, caller: Caller) -> SessionAsked:
    """The session that is wanted, if it may be.

    Raises:
        Problem: it may not.
    """
    rules = api.linking
    if not rules.by_browser:
        detail = "This installation's custom connection links by itself."
        raise Problem("linking_not_offered", detail)
    try:
        rules.check_external_id(told.external_id)
        rules.check_return_to(told.return_to)
    except NotAllowed as error:
        raise bad_request(f"/{error.field}", str(error)) from None
    if not LEAST_LIFE_S <= told.expires_in_s <= MOST_LIFE_S:
        message = f"is not from {LEAST_LIFE_S} to {MOST_LIFE_S}"
        raise bad_request("/expires_in_s", message)
    tenant_id = None if told.tenant_id is None else TenantId(str(told.tenant_id))
    if tenant_id is None and caller.key.tenants is not None:
        raise Problem("key_limited", f"The key {caller.key.id} may not link just any organisation.")
    if tenant_id is not None and not caller.sees(tenant_id):
        raise Problem("tenant_unknown", "No such organisation is known to this key.")
    return SessionAsked(
        made_by=caller.key.id,
        external_id=told.external_id,
        return_to=told.return_to,
        tenant_id=tenant_id,
        life=timedelta(seconds=told.expires_in_s),
    )


def _may_see(caller: Caller, found: LinkSession) -> bool:
    """A key that is limited to organisations sees its own sessions alone."""
    return caller.key.tenants is None or found.made_by == caller.key.id


def _told(each: LinkSession) -> dict[str, Any]:
    return {
        "id": each.id,
        "state": each.state,
        "error": each.error,
        "tenants": [{"tenant_id": one.tenant_id, "name": one.name} for one in each.linked],
        "external_id": each.external_id,
        "return_to": each.return_to,
        "tenant_id": each.tenant_id,
        "created_at": instant_text(each.created_at),
        "expires_at": instant_text(each.expires_at),
    }
