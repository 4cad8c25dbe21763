"""`/v1/keys`: admin keys make, list and revoke keys, within what they may do themselves."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from starlette.responses import Response

from api.bodies import read_body
from api.here import Api
from api.key_schema import (
    BODY,
    BODY_EXAMPLE,
    EXAMPLE,
    KEY,
    KEY_ID,
    KEYS,
    NEW_EXAMPLE,
    NEW_KEY,
    PAGE,
)
from api.key_shown import key_shown
from api.operation import JSON, Asked, Body, Operation, Reply
from api.paging import CURSOR, LIMIT, page, place, position_of
from api.problems import Problem, bad_request
from storage.api_key_use import last_uses
from storage.api_keys import ApiKey, api_key, api_keys, create_api_key, revoke_api_key
from storage.tenants import summaries
from unified.codecs import instant_text
from unified.ids import TenantId

_PURPOSE: Final = b"keys"
ENTITY: Final = "api_key"
BEYOND: Final = "key_beyond_yours"


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """The key that is asked for."""

    name: str
    scopes: list[str]
    tenants: list[UUID] | None = None
    expires_at: datetime | None = None
    requests_a_minute: int | None = None


def key_operations(api: Api) -> list[Operation]:
    """Making, listing and revoking keys."""
    desk = _Desk(api)
    return [
        Operation(
            id="list_keys", method="GET", path="/v1/keys", summary="List API keys",
            about="The oldest first, revoked ones too; never their texts. A key that is limited to "
            "organisations sees those that are limited to some of the same.",
            tag="Keys", scope="admin", of_tenant=False, handle=desk.all,
            parameters=(LIMIT, CURSOR),
            replies=(Reply(about="A page of them.", schema=KEYS, example=PAGE),),
            problems=("cursor_unreadable",),
        ),
        Operation(
            id="create_key", method="POST", path="/v1/keys", summary="Make an API key",
            about="Its text is shown this once. It may name no organisation, live no longer and "
            "make no more requests than the key that asks.",
            tag="Keys", scope="admin", of_tenant=False, handle=desk.create,
            body=Body(schema=BODY, example=BODY_EXAMPLE, most_bytes=64 * 1024),
            replies=(Reply(status=201, about="The key.", schema=NEW_KEY, example=NEW_EXAMPLE),),
            problems=("body_unreadable", "body_too_large", "media_type_unsupported",
                      "tenant_unknown", BEYOND),
            changes=True,
        ),
        Operation(
            id="get_key", method="GET", path="/v1/keys/{key}", summary="One API key",
            tag="Keys", scope="admin", of_tenant=False, handle=desk.one, parameters=(KEY_ID,),
            replies=(Reply(about="What is known of it.", schema=KEY, example=EXAMPLE),),
            problems=("key_unknown",),
        ),
        Operation(
            id="revoke_key", method="DELETE", path="/v1/keys/{key}", summary="Revoke an API key",
            about="It lets nobody in from now on. Doing it again changes nothing.",
            tag="Keys", scope="admin", of_tenant=False, handle=desk.revoke, parameters=(KEY_ID,),
            replies=(Reply(about="The key as it is now.", schema=KEY, example=EXAMPLE),),
            problems=("key_unknown",),
            changes=True,
        ),
    ]  # fmt: skip


class _Desk:
    """The handlers."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def all(self, asked: Asked) -> Response:
        limit: int = asked.query["limit"]
        cursor: str | None = asked.query["cursor"]
        start = 0 if cursor is None else position_of(cursor, _PURPOSE, self._api.box)
        # Keys are never removed and the youngest are the last, so a place is a number of keys.
        keys = (await api_keys(self._api.db))[start:]
        mine = asked.caller.key
        seen = [(start + number, key) for number, key in enumerate(keys, 1) if mine.covers(key)]
        used = await last_uses(self._api.db)
        chosen = seen[:limit]
        more = None
        if len(seen) > limit:
            more = place(chosen[-1][0], _PURPOSE, self._api.box)
        return _json(page([key_shown(key, used) for _, key in chosen], more, limit))

    async def one(self, asked: Asked) -> Response:
        key = await self._known(asked)
        return _json(key_shown(key, await last_uses(self._api.db)))

    async def create(self, asked: Asked) -> Response:
        wanted = await read_body(asked, _Wanted)
        mine = asked.caller.key
        try:
            made = await create_api_key(
                self._api.db,
                wanted.name,
                scopes=wanted.scopes,
                tenants=await self._tenants(mine, wanted),
                expires_at=await self._end(mine, wanted),
                requests_a_minute=_limit(mine, wanted),
                made_by=mine.id,
            )
        except ValueError as error:
            raise bad_request("", str(error)) from None
        asked.touched.add(ENTITY, made.key.id)
        return _json({**key_shown(made.key, {}), "key": made.text}, status=201)

    async def revoke(self, asked: Asked) -> Response:
        key = await self._known(asked)
        asked.touched.add(ENTITY, key.id)
        await revoke_api_key(self._api.db, key.id)
        return await self.one(asked)

    async def _known(self, asked: Asked) -> ApiKey:
        """The key of the address.

        Raises:
            Problem: `key_unknown`, also where it is none of this caller's business.
        """
        told = asked.path["key"]
        found = await api_key(self._api.db, told) if "\0" not in told else None
        if found is None or not asked.caller.key.covers(found):
            raise Problem("key_unknown", "No such key is known to this key.")
        return found

    async def _tenants(self, mine: ApiKey, wanted: _Wanted) -> tuple[TenantId, ...] | None:
        if wanted.tenants is None:
            return mine.tenants
        told = tuple({TenantId(str(each)): None for each in wanted.tenants})
        known = {each.id for each in await summaries(self._api.db, list(told))}
        if not all(each in known and mine.sees(each) for each in told):
            raise Problem("tenant_unknown", "No such organisation is known to this key.")
        return told

    async def _end(self, mine: ApiKey, wanted: _Wanted) -> datetime | None:
        if wanted.expires_at is None:
            return mine.expires_at
        if wanted.expires_at.tzinfo is None:
            raise bad_request("/expires_at", "has no time zone")
        if wanted.expires_at <= await self._api.db.now():
            raise bad_request("/expires_at", "is over already")
        if mine.expires_at is not None and wanted.expires_at > mine.expires_at:
            detail = f"The key {mine.id} itself ends at {instant_text(mine.expires_at)}."
            raise Problem(BEYOND, detail)
        return wanted.expires_at


def _limit(mine: ApiKey, wanted: _Wanted) -> int | None:
    limit = wanted.requests_a_minute
    if limit is None:
        return mine.requests_a_minute
    if mine.requests_a_minute is not None and limit > mine.requests_a_minute:
        detail = f"The key {mine.id} itself may make {mine.requests_a_minute} requests a minute."
        raise Problem(BEYOND, detail)
    return limit


def _json(content: object, *, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status_code=status, media_type=JSON)
