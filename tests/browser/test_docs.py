"""`/docs` as people use it: find an operation, read of it, try it; with nobody else's help."""

import json

import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect

from tests.browser.conftest import Stage
from tests.browser.looking import NARROW, WIDE, picture, readable

pytestmark = [pytest.mark.needs_chromium, pytest.mark.asyncio(loop_scope="session")]


async def _opened(stage: Stage, context: BrowserContext) -> Page:
    page = await context.new_page()
    await page.set_viewport_size({"width": 1000, "height": 700})
    await page.goto(f"{stage.api.url}/docs")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    return page


async def _operation(page: Page, name: str) -> Locator:
    """An operation, found by searching and opened."""
    await page.get_by_label("Search operations").fill(name)
    operation = page.locator(f"details#{name}")
    await operation.locator("> summary").click()
    return operation


async def test_every_operation_is_shown_and_found(stage: Stage, context: BrowserContext) -> None:
    """As many as the document has; a search leaves those that it is about."""
    page = await _opened(stage, context)
    document = (await stage.api.http.get("/openapi.json")).json()
    served = {
        each["operationId"]
        for path in document["paths"].values()
        for method, each in path.items()
        if method != "parameters"
    }
    shown = await page.locator("details.op").evaluate_all("(all) => all.map((e) => e.id)")

    assert set(shown) == served
    assert len(shown) == len(served)
    await page.get_by_label("Search operations").fill("link_session")
    await expect(page.locator("details.op:visible")).to_have_count(2)
    await page.get_by_label("Search operations").fill("no such words")
    await expect(page.get_by_text("No operation has these words.")).to_be_visible()


async def test_operation_tells_what_it_takes_and_answers(
    stage: Stage, context: BrowserContext
) -> None:
    """Scope, body with an example, each answer with its problems and their remedies."""
    page = await _opened(stage, context)
    operation = await _operation(page, "create_link_session")

    await expect(operation.get_by_text("scope: admin")).to_be_visible()
    await operation.get_by_text("Example").first.click()
    await expect(operation.locator("pre").first).to_contain_text("customer-42")
    await operation.locator("summary").filter(has_text="403").click()
    await expect(operation.get_by_text("key_limited", exact=True).first).to_be_visible()


async def test_address_of_an_operation_opens_it(stage: Stage, context: BrowserContext) -> None:
    """So that people can send each other where they mean."""
    page = await context.new_page()

    await page.goto(f"{stage.api.url}/docs#unlink_tenant")

    await expect(page.locator("details#unlink_tenant")).to_have_attribute("open", "")
    await expect(page.locator("details#unlink_tenant")).to_be_in_viewport()


async def test_operation_can_be_tried_with_a_key(stage: Stage, context: BrowserContext) -> None:
    """Its answer is the api's own; without a key it says what is missing."""
    page = await _opened(stage, context)
    operation = await _operation(page, "list_tenants")
    await operation.get_by_text("Try it").click()
    await operation.get_by_role("button", name="Send").click()
    answer = operation.locator(".answer")
    await expect(answer).to_contain_text("key_missing")
    key = (await stage.api.key("read"))["Authorization"].removeprefix("Bearer ")
    await page.get_by_text("Try it with a key").click()
    await page.get_by_label("API key").fill(key)

    await operation.get_by_role("button", name="Send").click()

    await expect(answer).to_contain_text("200 GET /v1/tenants")
    told = json.loads(await answer.locator("pre").inner_text())
    assert (told["result"], told["limit"]) == ([], 100)


async def test_key_is_kept_nowhere(stage: Stage, context: BrowserContext) -> None:
    """Whoever opens the page next finds it empty."""
    page = await _opened(stage, context)
    await page.get_by_text("Try it with a key").click()
    await page.get_by_label("API key").fill("lw_secret")
    operation = await _operation(page, "list_tenants")
    await operation.get_by_text("Try it").click()
    await operation.get_by_role("button", name="Send").click()
    await expect(operation.locator(".answer")).to_contain_text("401")

    kept = await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    await page.reload()

    assert "lw_secret" not in kept + json.dumps(await context.cookies())
    await page.get_by_text("Try it with a key").click()
    await expect(page.get_by_label("API key")).to_have_value("")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_page_is_readable_and_loads_nothing_from_elsewhere(
    stage: Stage, context: BrowserContext, scheme: str
) -> None:
    """On a telephone, too; no font and no script of anybody's."""
    asked: list[str] = []
    said: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.on(
        "console",
        lambda message: said.append(message.text) if message.type in ("error", "warning") else None,
    )
    page = await _opened(stage, context)
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await picture(page, "docs" if scheme == "light" else "docs-dark")
    operation = await _operation(page, "create_link_session")
    await operation.get_by_text("Example").first.click()

    for size in (NARROW, WIDE):
        await page.set_viewport_size(size)
        assert await readable(page) == []
    await picture(page, f"docs-operation-{scheme}")
    assert [each for each in asked if not each.startswith(stage.api.url)] == []
    assert said == []
