"""Deliveries over a real socket into a real database: what Xero sees, and what is kept.

What happens when the database is away, slow or silent: test_outage.py.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence

import pytest
from pydantic import SecretStr

from storage.database import Database
from tests.receiver.service import (
    RECEIVED_AT,
    WEBHOOK,
    Service,
    assert_bare,
    column,
    deliveries,
    delivery,
    event,
    link,
    notices,
    serving,
    signature,
)
from tests.receiver.vectors import (
    CREDIT_NOTE_TENANT,
    EVENTS,
    EVENTS_SIGNATURE,
    INVOICE_TENANT,
    KEY,
    OTHER_KEY,
    VALIDATION,
    VALIDATION_SIGNATURE,
)

TENANT = "0f6d1c1e-6d3c-4b1e-9a55-7a1f2f1f8a11"
OTHER_TENANT = "1f6d1c1e-6d3c-4b1e-9a55-7a1f2f1f8a12"
STRANGER = "2f6d1c1e-6d3c-4b1e-9a55-7a1f2f1f8a13"
THING = "5f3c1a52-7c1e-4a0b-9d55-0b6f2f1f8a11"
MIB = 1024 * 1024


@pytest.fixture
async def service(database: Database) -> AsyncIterator[Service]:
    """A receiver with two linked organisations."""
    await link(database, TENANT, OTHER_TENANT)
    async with serving(database) as running:
        yield running


async def test_intent_to_receive_passes(service: Service, database: Database) -> None:
    """Xero's check: a right signature, two wrong by one character, a right one again."""
    text = VALIDATION_SIGNATURE.decode()
    again = VALIDATION.replace(b"QWMT", b"TMWQ")
    calls = [
        (VALIDATION, text),
        (VALIDATION, "A" + text[1:]),
        (VALIDATION, text[:21] + "A" + text[22:]),
        (again, signature(again)),
    ]
    assert len({call for _, call in calls}) == 4

    statuses = [(await service.post(body, signed)).status_code for body, signed in calls]

    assert statuses == [200, 401, 401, 200]
    assert await deliveries(database) == []
    assert service.count("deliveries_total", outcome="validation") == 2
    assert service.count("signature_failures_total", verdict="wrong") == 2


async def test_delivery_becomes_a_notice(service: Service, database: Database) -> None:
    """200 means that row and notice are in the database."""
    body = delivery(event(TENANT, resourceId=THING, eventType="CREATE"), first=7, last=7)

    answer = await service.post(body)

    assert answer.status_code == 200
    (row,) = await deliveries(database)
    assert (row["outcome"], row["event_count"], row["notice_count"]) == ("accepted", 1, 1)
    assert (row["first_sequence"], row["last_sequence"]) == (7, 7)
    assert (row["body"], row["ignored"]) == (None, None)
    assert row["received_at"] == RECEIVED_AT
    assert uuid.UUID(row["id"]).version == 7
    (notice,) = await notices(database)
    assert (notice["tenant_id"], notice["endpoint"]) == (TENANT, "Invoices")
    assert (notice["remote_id"], notice["created_hint"]) == (THING, True)
    assert (notice["delivery_id"], notice["received_at"]) == (row["id"], RECEIVED_AT)


async def test_one_delivery_for_several_organisations(service: Service, database: Database) -> None:
    """Each event counts for its own tenant; one that is not linked keeps the body, no more."""
    body = delivery(
        event(TENANT), event(STRANGER), event(OTHER_TENANT, eventCategory="CONTACT"), event(TENANT)
    )

    answer = await service.post(body)

    assert answer.status_code == 200
    found = await notices(database)
    assert column(found, "tenant_id") == [TENANT, TENANT, OTHER_TENANT]
    assert column(found, "endpoint") == ["Invoices", "Invoices", "Contacts"]
    (row,) = await deliveries(database)
    assert (row["outcome"], row["notice_count"], row["body"]) == ("accepted", 3, body)
    assert service.count("ignored_events_total", reason="tenant_not_linked") == 1


async def test_event_of_a_stranger_is_kept_and_answered(
    service: Service, database: Database
) -> None:
    """Events keep coming after an organisation left; Xero must not think us broken."""
    assert (await service.post(EVENTS, EVENTS_SIGNATURE.decode())).status_code == 200

    (row,) = await deliveries(database)
    assert (row["outcome"], row["body"]) == ("ignored", EVENTS)
    assert INVOICE_TENANT != CREDIT_NOTE_TENANT
    assert await notices(database) == []


async def test_repetition_makes_no_second_notice(service: Service, database: Database) -> None:
    """Xero repeats a delivery whose answer it missed: the same bytes, one change."""
    body = delivery(event(TENANT))
    await service.post(body)
    before = await notices(database)

    answer = await service.post(body)

    assert answer.status_code == 200
    assert before == await notices(database)
    assert sorted(column(await deliveries(database), "outcome")) == ["accepted", "repeated"]
    assert service.count("deliveries_total", outcome="repeated") == 1


async def test_many_events_for_one_thing_are_one_notice(
    service: Service, database: Database
) -> None:
    """Ten webhooks for one invoice cost one fetch later on."""
    await service.post(delivery(*[event(TENANT, resourceId=THING) for _ in range(10)]))

    assert column(await notices(database), "coalesced") == [10]


@pytest.mark.parametrize(
    ("events", "ignored"),
    [
        ([event(TENANT, eventCategory="QUOTE")], {"unknown_category": 1}),
        (
            [event(TENANT, eventCategory="SUBSCRIPTION", tenantType="APPLICATION")],
            {"not_carried": 1},
        ),
        ([event("nobody"), {}], {"bad_event": 2}),
    ],
    ids=["category", "subscription", "bad"],
)
async def test_what_makes_no_notice_is_kept_verbatim(
    service: Service, database: Database, events: Sequence[object], ignored: dict[str, int]
) -> None:
    """Answered 200, counted by reason, and there to be read when somebody asks."""
    body = delivery(*events)

    assert (await service.post(body)).status_code == 200

    (row,) = await deliveries(database)
    assert (row["outcome"], row["body"]) == ("ignored", body)
    for reason, count in ignored.items():
        assert service.count("ignored_events_total", reason=reason) == count
    assert await notices(database) == []


async def test_unknown_type_is_a_hint_and_kept_verbatim(
    service: Service, database: Database
) -> None:
    """Whatever happened to it, reading the invoice again tells."""
    body = delivery(event(TENANT, eventType="MERGE"))
    await service.post(body)

    (row,) = await deliveries(database)
    assert (row["outcome"], row["body"], row["notice_count"]) == ("accepted", body, 1)
    assert len(await notices(database)) == 1


@pytest.mark.parametrize("body", [b"", b"not JSON", EVENTS[:-1], b"[]", b"\xff\x00\xfe"])
async def test_unreadable_but_genuine_is_kept(
    service: Service, database: Database, body: bytes
) -> None:
    """Sending it again could not mend it, so it is answered 200 and shown to a person."""
    assert (await service.post(body)).status_code == 200

    (row,) = await deliveries(database)
    assert (row["outcome"], row["body"], row["event_count"]) == ("unreadable", body, 0)
    assert service.count("deliveries_total", outcome="unreadable") == 1


async def test_delivery_without_events_that_is_no_validation_is_stored(
    service: Service, database: Database
) -> None:
    """Its numbers close a gap, perhaps."""
    await service.post(delivery(first=8, last=9))

    (row,) = await deliveries(database)
    assert (row["outcome"], row["first_sequence"], row["last_sequence"]) == ("ignored", 8, 9)


async def test_large_unicode_delivery_is_read_beside_the_event_loop(
    service: Service, database: Database
) -> None:
    """1 MB with names of all the world: the same bytes, the same signature, one notice."""
    body = delivery(event(TENANT), note="Zoë 会社 😀" * 70_000).replace(rb"\u4f1a", "会".encode())
    assert len(body) > MIB

    assert (await service.post(body)).status_code == 200

    assert len(await notices(database)) == 1
    assert column(await deliveries(database), "body") == [body]


async def test_large_forgery_is_refused(service: Service, database: Database) -> None:
    """Size changes nothing about who may be believed."""
    body = delivery(event(TENANT), note="x" * MIB)

    assert (await service.post(body, signature(body + b" "))).status_code == 401
    assert await deliveries(database) == []


@pytest.mark.parametrize("name", ["x-xero-signature", "X-Xero-Signature", "X-XERO-SIGNATURE"])
async def test_header_name_has_no_case(service: Service, name: str) -> None:
    """HTTP names have no case, and proxies change it."""
    answer = await service.client.post(
        WEBHOOK, content=VALIDATION, headers={name: VALIDATION_SIGNATURE.decode()}
    )

    assert answer.status_code == 200
    assert_bare(answer)


async def test_missing_and_doubled_headers_are_refused(service: Service) -> None:
    """401 and nothing else; each is counted for what it was."""
    right = ("x-xero-signature", VALIDATION_SIGNATURE.decode())
    for headers, verdict in (([], "missing"), ([right, right], "doubled")):
        answer = await service.client.post(WEBHOOK, content=VALIDATION, headers=headers)

        assert answer.status_code == 401
        assert_bare(answer)
        assert service.count("signature_failures_total", verdict=verdict) == 1


async def test_forged_body_is_never_parsed_or_stored(service: Service, database: Database) -> None:
    """Signed for other bytes: refused before a single one is understood."""
    changed = EVENTS.replace(b"1208", b"1209")

    assert (await service.post(changed, EVENTS_SIGNATURE.decode())).status_code == 401
    assert (await service.post(b"\xff", EVENTS_SIGNATURE.decode())).status_code == 401
    assert await deliveries(database) == []


async def test_old_and_new_key_both_pass_while_a_rotation_overlaps(database: Database) -> None:
    """Keys come from files and environments, as secrets with a newline at their end."""
    async with serving(database, [SecretStr(f"{OTHER_KEY}\n"), f"{KEY}\r\n"]) as service:
        assert (await service.post(VALIDATION)).status_code == 200
        assert (await service.post(VALIDATION, signature(VALIDATION, OTHER_KEY))).status_code == 200
        assert (await service.post(VALIDATION, signature(VALIDATION, "old"))).status_code == 401
        assert service.count("webhook_keys") == 2


async def test_without_keys_everything_is_refused_and_a_metric_says_so(database: Database) -> None:
    """Sweeps alone carry such an installation; nobody can slip a delivery in."""
    async with serving(database, [" \n"]) as service:
        assert (await service.post(VALIDATION)).status_code == 401
        assert (await service.post(VALIDATION, signature(VALIDATION, ""))).status_code == 401
        assert service.count("webhook_keys") == 0
        assert service.count("signature_failures_total", verdict="no_keys") == 2


async def test_declared_size_over_the_cap_is_refused_before_it_is_sent(service: Service) -> None:
    """The answer comes while the body is still at the sender's."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(
        f"POST {WEBHOOK} HTTP/1.1\r\nHost: x\r\nContent-Length: {8 * MIB + 1}\r\n\r\n".encode()
    )

    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)

    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"content-length: 0" in head
    writer.close()
    await writer.wait_closed()


async def test_body_over_the_cap_is_refused_however_it_comes(service: Service) -> None:
    """With a length, the sender reads 413 after sending it all; without one, on the way."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(9):
            yield b"x" * MIB

    declared = await service.post(b"x" * (8 * MIB + 1))
    chunked = await service.client.post(WEBHOOK, content=chunks())

    assert (declared.status_code, chunked.status_code) == (413, 413)
    assert_bare(chunked)
    assert service.count("deliveries_total", outcome="too_large") == 2
    assert (await service.post(VALIDATION)).status_code == 200


async def test_body_of_exactly_the_cap_is_taken(service: Service, database: Database) -> None:
    """8 MiB are allowed; one byte more is not."""
    body = delivery(event(TENANT))
    body += b" " * (8 * MIB - len(body))

    assert (await service.post(body)).status_code == 200
    assert column(await deliveries(database), "outcome") == ["accepted"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", WEBHOOK, 405),
        ("HEAD", WEBHOOK, 405),
        ("PUT", WEBHOOK, 405),
        ("POST", f"{WEBHOOK}/", 404),
        ("POST", "//webhooks/xero", 404),
        ("POST", "/webhooks", 404),
        ("GET", "/", 404),
        ("POST", "/livez", 405),
        ("GET", "/readyz/", 404),
    ],
)
async def test_other_paths_and_methods_are_bare(
    service: Service, method: str, path: str, status: int
) -> None:
    """No redirect, no page, no cookie, whatever was asked and whoever was logged in where."""
    answer = await service.client.request(method, path, headers={"cookie": "session=1"})

    assert answer.status_code == status
    assert_bare(answer)


async def test_health_and_metrics_are_told(service: Service) -> None:
    """For probes and for Prometheus."""
    await service.post(VALIDATION)

    assert (await service.client.get("/livez")).status_code == 200
    ready = await service.client.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "reason": None})
    metrics = await service.client.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    assert 'ledgerwire_deliveries_total{outcome="validation"} 1.0' in metrics.text
    assert "ledgerwire_delivery_answer_seconds_bucket" in metrics.text
