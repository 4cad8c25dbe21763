"""The contracts over HTTP: to be had by anybody, asked for again cheaply, and loading nothing."""

import gzip
import re
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from api.app import create_app
from api.documents import document_routes
from unified.schemas.committed import published


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    """Whoever asks, without a key."""
    transport = httpx.ASGITransport(app=create_app(document_routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://ledgerwire") as client:
        yield client


@pytest.mark.parametrize(
    ("path", "names"), [("/openapi.json", "openapi"), ("/asyncapi.json", "asyncapi")]
)
async def test_documents_are_served_packed_and_by_etag(
    browser: httpx.AsyncClient, path: str, names: str
) -> None:
    """Whoever has the newest is told so in a few bytes; whoever has not gets it packed."""
    async with browser.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as packed:
        raw = b"".join([chunk async for chunk in packed.aiter_raw()])
    plain = await browser.get(path, headers={"Accept-Encoding": "identity"})
    again = await browser.get(path, headers={"If-None-Match": f'"x", W/{plain.headers["etag"]}'})

    assert names in msgspec.json.decode(plain.content)
    assert gzip.decompress(raw) == plain.content
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert plain.headers["content-type"] == "application/json"
    assert "max-age" in plain.headers["cache-control"]
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == plain.headers["etag"]


async def test_every_published_schema_is_where_events_say(browser: httpx.AsyncClient) -> None:
    """Under the last part of its address, with all its earlier versions."""
    listed = (await browser.get("/schemas")).json()["schemas"]

    assert listed == sorted(each.name for each in published())
    for name in (listed[0], listed[-1]):
        answer = await browser.get(f"/schemas/{name}")
        assert answer.json()["$id"].endswith(f"/{name}")


@pytest.mark.parametrize("name", ["nothing.json", "..%2fopenapi.json", "%2e%2e", "x" * 300])
async def test_no_other_file_is_served(browser: httpx.AsyncClient, name: str) -> None:
    """Only what was published; any other name is answered in a problem document."""
    answer = await browser.get(f"/schemas/{name}")

    assert answer.status_code == 404
    assert "paths" not in answer.text


async def test_page_of_docs_loads_nothing_from_elsewhere(browser: httpx.AsyncClient) -> None:
    """Neither by its markup, nor by style or script; and the browser is told to hold it to that."""
    page = await browser.get("/docs")
    files = re.findall(r'(?:src|href)="([^"#]+)"', page.text)

    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "unsafe" not in page.headers["content-security-policy"]
    assert {"/docs/docs.js", "/docs/docs.css"} <= set(files)
    for path in files:
        if path.startswith("data:"):
            continue
        assert path.startswith("/")
        answer = await browser.get(path)
        assert answer.status_code == 200
        if "/docs/" in path:
            assert "//" not in re.sub(r"/\*.*?\*/|(?<=[^:])//.*", "", answer.text, flags=re.DOTALL)
            assert "http:" not in answer.text
            assert "https:" not in answer.text


async def test_documents_take_no_other_method(browser: httpx.AsyncClient) -> None:
    """They are there to be read."""
    assert (await browser.post("/openapi.json")).status_code == 405
    assert (await browser.head("/docs")).content == b""
