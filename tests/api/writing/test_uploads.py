"""Keeping files with things: what is sent, what is refused beforehand, and what replaces what."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api.writing.uploads import MOST_BYTES
from simulator.filing import Attachment
from storage.database import Database
from tests.api.writing.rig import Writing, writing

PATHS = ("Organisation", "Accounts", "Contacts", "Invoices", "Attachments")
PNG = b"\x89PNG\r\n\x1a\n\x00 a receipt"


@pytest.fixture
async def it(database: Database) -> AsyncIterator[Writing]:
    """An organisation whose books have been read."""
    async with writing(database, PATHS) as made:
        yield made


async def put(
    it: Writing, name: str, content: bytes = PNG, **more: Any
) -> tuple[httpx.Response, list[Attachment]]:
    """A file sent for the contact, and what the books then keep with it."""
    entity = it.id_of("contact", it.contact.id)
    answer = await it.client.put(
        f"/v1/accounting/contacts/{entity}/attachments/{name}",
        content=content,
        headers={"Content-Type": "image/png", **more.pop("headers", {})},
        **more,
    )
    return answer, it.ledger.filing.files.get(it.contact.id, [])


async def test_file_is_kept_as_it_was_sent(it: Writing) -> None:
    """Byte by byte, with its type; the answer is its record, and the contact shows that it has
    one."""
    answer, [held] = await put(it, "Receipt 118 (ä).png")

    told = answer.json()["result"]
    assert answer.status_code == 201
    assert (held.name, held.content, held.media_type) == ("Receipt 118 (ä).png", PNG, "image/png")
    assert (told["file_name"], told["size_bytes"]) == ("Receipt 118 (ä).png", len(PNG))
    assert told["parent"]["id"] == it.id_of("contact", it.contact.id)
    assert answer.headers["Location"] == f"/v1/accounting/attachments/{told['id']}"
    contact = await it.client.get(f"/v1/accounting/contacts/{it.id_of('contact', it.contact.id)}")
    assert contact.json()["result"]["has_attachments"] is True


async def test_file_of_the_same_name_takes_its_place(it: Writing) -> None:
    """There is one still, and it is the newer one."""
    first, _ = await put(it, "receipt.png")
    second, [held] = await put(it, "receipt.png", b"another")

    assert (held.content, second.json()["result"]["size_bytes"]) == (b"another", 7)
    assert first.json()["result"]["file_name"] == second.json()["result"]["file_name"]


async def test_same_key_sends_the_same_file_once(it: Writing) -> None:
    """And another file under that key is refused."""
    key = {"Idempotency-Key": "upload-1"}
    first, _ = await put(it, "receipt.png", headers=key)
    calls = it.rig.calls
    again, _ = await put(it, "receipt.png", headers=key)
    other, held = await put(it, "receipt.png", b"another", headers=key)

    assert again.json() == first.json()
    assert it.rig.calls == calls
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert [each.content for each in held] == [PNG]


async def test_what_xero_would_refuse_costs_no_call(it: Writing) -> None:
    """Names that it does not take, nothing at all, and more than 10 MB."""
    calls = it.rig.calls

    for name in ("a%3Ab.png", "a%3Cb", "a%2Ab", "n" * 256, "a%0Ab"):
        answer, _ = await put(it, name)
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "file_name")
    empty, _ = await put(it, "receipt.png", b"")
    large, held = await put(it, "receipt.png", b"x" * (MOST_BYTES + 1))

    assert (empty.status_code, empty.json()["code"]) == (400, "bad_request")
    assert (large.status_code, large.json()["code"]) == (413, "body_too_large")
    assert large.json()["most_bytes"] == MOST_BYTES
    assert held == []
    assert it.rig.calls == calls


async def test_dry_run_keeps_nothing(it: Writing) -> None:
    """And says what would be sent."""
    answer, held = await put(it, "receipt.png", params={"dry_run": "true"})

    request = answer.json()["request"]
    assert held == []
    assert (request["method"], request["body_bytes"]) == ("PUT", len(PNG))
    assert request["path"].endswith(f"/Contacts/{it.contact.id}/Attachments/receipt.png")


async def test_file_may_be_shown_with_a_sale_and_with_nothing_else(it: Writing) -> None:
    """Xero's refusal names the parameter."""
    refused, _ = await put(it, "receipt.png", params={"include_with_document": "true"})
    invoice = (await it.done("POST", "invoices", it.invoice(status="open")))["result"]
    shown = await it.client.put(
        f"/v1/accounting/invoices/{invoice['id']}/attachments/terms.pdf",
        content=PNG,
        params={"include_with_document": "true"},
    )

    assert refused.json()["provider_errors"][0]["path"] == "/include_with_document"
    assert shown.json()["result"]["include_with_document"] is True


async def test_online_address_of_an_approved_sale_is_told(it: Writing) -> None:
    """That of others is refused by Xero, and what nobody knows is not found."""
    approved = (await it.done("POST", "invoices", it.invoice(status="open")))["result"]["id"]
    draft = (await it.done("POST", "invoices", it.invoice()))["result"]["id"]

    told = await it.send("GET", f"invoices/{approved}/online_url")
    refused = await it.problem("GET", f"invoices/{draft}/online_url")
    contact = it.id_of("contact", it.contact.id)
    missing = await it.problem("GET", f"invoices/{contact}/online_url")

    assert told.json()["online_url"].startswith("https://in.xero.com/")
    assert (refused[0], refused[1]) == (422, "xero_refused")
    assert (missing[0], missing[1]) == (404, "not_found")
