"""XeroClient against a server that answers whatever Xero has been seen to answer."""

import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import httpx
import pytest
from structlog.testing import capture_logs

from tests.xero.doubles import NOW, TENANT, CountingBudget, ListedTokens, TickingTime
from tests.xero.endpoints import CONTACTS, INVOICES, ORGANISATION
from tests.xero.raw_server import NEVER, Asked, RawServer, answer, raw_server
from unified.clock import ManualClock
from xero.calling import Call, XeroCalls
from xero.client import XeroClient
from xero.errors import (
    AccessTokenRefused,
    PayloadRefused,
    RateLimited,
    ResourceMissing,
    ScopeMissing,
    TenantRefused,
    UndecodableAnswer,
    XeroError,
    XeroUnreachable,
)
from xero.limits import Limits
from xero.paging import Page
from xero.urls import XeroUrls, shown

ID = "5f3c1a52-7c1e-4a0b-9d55-0b6f2f1f8a11"
ONE = '{"Id":"x","Status":"OK","Invoices":[{"InvoiceID":"' + ID + '","Total":89.00}]}'
EXPIRED = (
    '{"Type":null,"Title":"Unauthorized","Status":401,'
    '"Detail":"TokenExpired: token expired at 11/03/2026 04:17:52","Instance":"i","Extensions":{}}'
)
INVALID = '{"title":"Unauthorized","status":401,"detail":"AuthenticationUnsuccessful"}'
NO_SCOPE = '{"Type":null,"Title":"Unauthorized","Status":401,"Detail":"AuthorizationUnsuccessful"}'
FORBIDDEN = '{"Type":null,"Title":"Forbidden","Status":403,"Detail":"AuthenticationUnsuccessful"}'
VALIDATION = """{"ErrorNumber":10,"Type":"ValidationException","Message":"A validation exception
 occurred","Elements":[{"Contact":{"ValidationErrors":[{"Message":"Name is needed"}]},
 "ValidationErrors":[{"Message":"Date is needed"},{"Message":"Date is needed"}]}]}""".replace(
    "\n", ""
)
XML = (
    "<ApiException><ErrorNumber>16</ErrorNumber><Type>QueryParseException</Type>"
    "<Message>No such field</Message></ApiException>"
)


E = TypeVar("E", bound=XeroError)


class Rig:
    """A client with its neighbours and its server in reach."""

    def __init__(self, http: httpx.AsyncClient, server: RawServer) -> None:
        self.server = server
        self.tokens = ListedTokens()
        self.budget = CountingBudget()
        self.calls = XeroCalls(
            http,
            XeroUrls.at(server.base),
            tokens=self.tokens,
            budget=self.budget,
            database_time=TickingTime(),
            clock=ManualClock(NOW),
        )
        self.client = XeroClient(self.calls)

    async def invoices(self) -> Page:
        """The read that most tests make."""
        return await self.client.get_page(TENANT, INVOICES, page=1, page_size=100)


@asynccontextmanager
async def _rig(respond: Callable[[Asked], bytes]) -> AsyncIterator[Rig]:
    async with raw_server(respond) as server, httpx.AsyncClient() as http:
        yield Rig(http, server)


async def _fails(reply: bytes, error: type[E]) -> tuple[E, Rig]:
    async with _rig(lambda _: reply) as rig:
        with pytest.raises(error) as caught:
            await rig.invoices()
    return caught.value, rig


async def test_page_carries_items_times_and_sizes() -> None:
    """What absorb needs to order reads, and the bill to forecast itself."""
    async with _rig(lambda _: answer(200, ONE, headers={"Xero-Correlation-Id": "c-1"})) as rig:
        page = await rig.invoices()

        assert [item["InvoiceID"] for item in page.items] == [ID]
        assert page.answered_at - page.asked_at == timedelta(seconds=1)
        assert (len(ONE), len(ONE), "c-1") == (page.raw_size, page.wire_size, page.correlation_id)
        assert page.fetched_at == NOW


async def test_request_names_tenant_format_and_time() -> None:
    """Without Accept the answer is XML; without the tenant it is 403."""
    async with _rig(lambda _: answer(200, ONE)) as rig:
        since = datetime(2026, 11, 3, 4, 0, 10, tzinfo=UTC)
        await rig.client.get_page(TENANT, INVOICES, page=3, page_size=7, modified_since=since)

        asked = rig.server.asked[0]
        assert asked.path == "/api.xro/2.0/Invoices"
        assert (asked.query["page"], asked.query["pageSize"]) == ("3", "7")
        assert asked.headers["if-modified-since"] == "2026-11-03T04:00:08"
        assert (
            asked.headers["xero-tenant-id"],
            asked.headers["accept"],
        ) == (TENANT, "application/json")
        assert asked.headers["authorization"] == "Bearer first"


async def test_compressed_answer_counts_both_sizes() -> None:
    """The wire carries less than we decode, and we do not know which of them is billed."""
    body = gzip.compress((ONE + " " * 5000).encode())
    async with _rig(lambda _: answer(200, body, headers={"Content-Encoding": "gzip"})) as rig:
        page = await rig.invoices()

        assert (len(ONE) + 5000, len(body)) == (page.raw_size, page.wire_size)
        assert [len(ONE) + 5000] == rig.budget.sizes


async def test_limits_in_headers_reach_the_budget() -> None:
    """Xero's count is right where ours has drifted."""
    headers = {"X-DayLimit-Remaining": "4539", "X-MinLimit-Remaining": "57"}
    async with _rig(lambda _: answer(200, ONE, headers=headers)) as rig:
        await rig.invoices()

        assert [Limits(minute_remaining=57, day_remaining=4539)] == rig.budget.limits
        assert rig.budget.reserved == ["handlers"]


@pytest.mark.parametrize("refused", [EXPIRED, INVALID, "", "<html>401</html>"])
async def test_refused_token_is_refreshed_once_and_the_call_repeated(refused: str) -> None:
    """Tokens end after 30 minutes; nobody should notice."""
    replies = [answer(401, refused), answer(200, ONE)]
    async with _rig(lambda _: replies.pop(0)) as rig:
        page = await rig.invoices()

        assert len(page.items) == 1
        assert rig.tokens.rejected == ["first"]
        assert rig.server.asked[1].headers["authorization"] == "Bearer second"
        assert len(rig.budget.reserved) == 2


async def test_token_refused_twice_is_given_up() -> None:
    """A third try would be a loop."""
    error, rig = await _fails(answer(401, EXPIRED), AccessTokenRefused)

    assert len(rig.server.asked) == 2
    assert "token expired at" not in str(error)


async def test_missing_scope_is_not_mistaken_for_an_old_token() -> None:
    """It answers 401 as well, and refreshing would never end it."""
    error, rig = await _fails(answer(401, NO_SCOPE), ScopeMissing)

    assert "Invoices" in str(error)
    assert rig.tokens.rejected == []


async def test_refused_tenant_makes_connections_be_read_again() -> None:
    """No webhook tells of a disconnected organisation: the first 403 does."""
    _, rig = await _fails(answer(403, FORBIDDEN), TenantRefused)

    assert rig.tokens.refused == [TENANT]


@pytest.mark.parametrize(
    ("headers", "problem", "wait_s"),
    [
        ({"X-Rate-Limit-Problem": "minute", "Retry-After": "22"}, "minute", 22.0),
        ({"X-Rate-Limit-Problem": "day", "Retry-After": "66975"}, "day", 66975.0),
        ({"X-Rate-Limit-Problem": "app-minute"}, "appminute", 60.0),
        ({}, "unknown", 15.0),
    ],
)
async def test_spent_limit_tells_which_and_how_long(
    headers: dict[str, str], problem: str, wait_s: float
) -> None:
    """The body is text or empty; everything is in the headers."""
    reply = answer(429, "slow down", content_type="text/plain", headers=headers)
    error, rig = await _fails(reply, RateLimited)

    assert (TENANT, problem, wait_s) == (error.tenant_id, error.problem, error.retry_after_s)
    assert [(problem, wait_s)] == rig.budget.refusals


async def test_how_long_to_wait_is_kept_before_what_is_left() -> None:
    """Or another call that finds nothing left ends the session, and the wait is never kept."""
    headers = {"X-Rate-Limit-Problem": "day", "Retry-After": "66975", "X-DayLimit-Remaining": "0"}
    _, rig = await _fails(answer(429, "", headers=headers), RateLimited)

    assert rig.budget.told == ["refused", "spent"]


@pytest.mark.parametrize(
    "reply",
    [
        answer(500, "<html>Unhandled</html>", content_type="text/html"),
        answer(500, '{"Message":"oops"}'),
        answer(503, "The Xero API is offline for maintenance", content_type="text/plain"),
        answer(503, "<html>", content_type="application/json"),
        answer(502, "x", claimed_length=100),
    ],
)
async def test_server_error_is_an_outage_whatever_its_body(reply: bytes) -> None:
    """Bodies of errors come in every format, some under a wrong name."""
    error, _ = await _fails(reply, XeroUnreachable)

    assert error.retriable
    assert error.status in (500, 502, 503)


async def test_maintenance_says_when_to_come_back() -> None:
    """Where Xero tells, we need not guess."""
    error, _ = await _fails(answer(503, "", headers={"Retry-After": "120"}), XeroUnreachable)

    assert error.retry_after_s == 120.0


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (answer(200, ONE[:-20]), "truncated"),
        (answer(200, ONE, claimed_length=len(ONE) + 10), "truncated"),
        (answer(200, "<html>Log in</html>", content_type="text/html"), "not_json"),
        (answer(200, '{"Contacts":[]}'), "shape"),
        (answer(302, "", headers={"Location": "https://elsewhere.example/"}), "shape"),
        (answer(200, b"no gzip", headers={"Content-Encoding": "gzip"}), "truncated"),
    ],
)
async def test_answer_that_is_none_says_why(reply: bytes, reason: str) -> None:
    """A cut or wrong answer must never pass as an empty list."""
    error, rig = await _fails(reply, UndecodableAnswer)

    assert reason == error.reason
    assert len(rig.server.asked) == 1


async def test_missing_thing_is_told_apart_from_an_empty_list() -> None:
    """A direct 404 is one half of the proof that a thing was deleted."""
    reply = answer(404, "The resource you're looking for cannot be found", content_type="text/html")
    async with _rig(lambda _: reply) as rig:
        with pytest.raises(ResourceMissing, match=f"Invoices/{ID}"):
            await rig.client.get_single(TENANT, INVOICES, ID)


async def test_single_read_of_nothing_is_missing_too() -> None:
    """An empty collection for one id means the same as 404."""
    async with _rig(lambda _: answer(200, '{"Invoices":[]}')) as rig:
        with pytest.raises(ResourceMissing):
            await rig.client.get_single(TENANT, INVOICES, ID)


@pytest.mark.parametrize("content_type", ["application/json", "text/html"])
async def test_validation_messages_are_collected_once_each(content_type: str) -> None:
    """They hang on elements and on what is inside them, under whatever Content-Type."""
    error, _ = await _fails(answer(400, VALIDATION, content_type=content_type), PayloadRefused)

    assert {"Name is needed", "Date is needed"} == set(error.messages)
    assert (
        error.error_number,
        error.error_type,
        len(error.messages),
    ) == (10, "ValidationException", 2)


@pytest.mark.parametrize("content_type", ["text/xml", "application/json"])
async def test_xml_refusal_is_read(content_type: str) -> None:
    """XML is Xero's default and shows up in errors whatever was asked for."""
    error, _ = await _fails(answer(400, XML, content_type=content_type), PayloadRefused)

    assert (
        error.error_number,
        error.error_type,
        error.messages,
    ) == (16, "QueryParseException", ("No such field",))


async def test_xml_bomb_in_a_refusal_is_not_unpacked() -> None:
    """An error body is no reason to trust a parser."""
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><E><Message>&b;</Message></E>'
    error, _ = await _fails(answer(400, bomb, content_type="text/xml"), PayloadRefused)

    assert error.messages == ()


async def test_ids_come_in_one_call_with_lines() -> None:
    """Forty invoices for the price of one."""
    async with _rig(lambda _: answer(200, ONE)) as rig:
        await rig.client.get_by_ids(TENANT, INVOICES, [ID] * 40)

        query = rig.server.asked[0].query
        assert (query["IDs"].count(ID), query["page"], query["unitdp"]) == (40, "1", "4")
        assert len(rig.server.asked[0].target) < 2048


async def test_unpaged_list_asks_for_no_page() -> None:
    """There is one organisation per tenant."""
    async with _rig(lambda _: answer(200, '{"Organisations":[{"Name":"A"}]}')) as rig:
        page = await rig.client.get_list(TENANT, ORGANISATION)

        assert rig.server.asked[0].query == {}
        assert page.items == [{"Name": "A"}]


async def test_page_in_the_api_counts_for_the_api() -> None:
    """The budget keeps the two apart."""
    async with _rig(lambda _: answer(200, '{"Contacts":[]}')) as rig:
        await rig.client.get_page(TENANT, CONTACTS, page=1, page_size=100, purpose="api")

        assert rig.budget.reserved == ["api"]


async def test_logs_hold_neither_token_nor_books() -> None:
    """Logs travel further than databases."""
    with capture_logs() as logs:
        async with _rig(lambda _: answer(200, ONE, headers={"Xero-Correlation-Id": "c-9"})) as rig:
            await rig.invoices()

    line = next(each for each in logs if each["event"] == "xero_answered")
    assert (line["status"], line["correlation_id"], line["tenant_id"]) == (200, "c-9", TENANT)
    assert "first" not in repr(logs)
    assert "89" not in repr([each for each in logs if each["event"] != "xero_answered"])
    assert ID not in repr(logs)


@pytest.mark.parametrize(
    "reply",
    [
        answer(200, ONE),
        answer(404, "{}"),
        answer(400, VALIDATION),
        answer(503, ""),
        answer(200, ONE, claimed_length=10_000),
        answer(503, "", claimed_length=10_000),
        NEVER,
    ],
    ids=["done", "missing", "refused", "away", "cut", "away_and_cut", "silent"],
)
async def test_neither_logs_nor_errors_name_a_file(reply: bytes) -> None:
    """People name files, and whom they are about; what an error says may reach a dead letter."""
    parts = ("Invoices", ID, "Attachments", "100% sick, Jané Doe.pdf")
    query = {"IncludeOnline": "true"}
    upload = Call(endpoint="Attachments", api="api.xro/2.0", parts=parts, method="PUT", query=query,
                  timeout_s=0.5 if reply == NEVER else 20)  # fmt: skip
    said: object = None
    with capture_logs() as logs:
        async with _rig(lambda _: reply) as rig:
            try:
                said = await rig.calls.call(TENANT, upload)
            except XeroError as error:
                said = error

    [line] = [each for each in logs if "path" in each]
    assert line["path"] == f"/api.xro/2.0/Invoices/{ID}/Attachments/…"
    assert "Jan" not in f"{logs} {said} {said!r}"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"/api.xro/2.0/Invoices/{ID}/Attachments", None),
        (f"/api.xro/2.0/Invoices/{ID}/Attachments/{ID}", None),
        (f"/api.xro/2.0/Invoices/{ID}/History", None),
        (f"/api.xro/2.0/Invoices/{ID}/Attachments/{ID}.pdf", "/api.xro/2.0/Invoices/…/…"),
        (f"invoices/{ID}/attachments/a%20b.pdf/", "invoices/…/…"),
        (f"Invoices/{ID}/%41ttachments/%61.pdf", "Invoices/…/…"),
    ],
)
def test_path_is_shown_without_the_name_of_a_file(path: str, expected: str | None) -> None:
    """However it is written; ids stay, for without them a log tells nothing."""
    told = shown(path)

    if expected is None:
        assert told == path
    else:
        assert told.lower() == expected.lower().replace("…/…", f"{ID}/attachments/…")
