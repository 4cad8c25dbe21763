"""Our pages for whoever reads them: light or dark, on a telephone or not, by eye or by ear."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.conftest import Stage
from tests.browser.looking import NARROW, WIDE, picture, readable

pytestmark = [pytest.mark.needs_chromium, pytest.mark.asyncio(loop_scope="session")]

LONG = "Långströmsvägens Bageri-och-Konditoriaktiebolag i Göteborg mit Zweigniederlassung"


@pytest_asyncio.fixture(loop_scope="session", params=["light", "dark"])
async def page(
    request: pytest.FixtureRequest, stage: Stage, context: BrowserContext
) -> AsyncIterator[Page]:
    """A page in one of the two colour schemes."""
    page = await context.new_page()
    await page.emulate_media(color_scheme=request.param)
    yield page


async def _looks_right(page: Page, name: str) -> None:
    """At both widths; with pictures of two of the four."""
    dark = await page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    for size in (NARROW, WIDE):
        await page.set_viewport_size(size)
        assert await readable(page) == []
        if dark and size is NARROW:
            await picture(page, f"{name}-dark-narrow")
        if not dark and size is WIDE:
            await picture(page, name)


async def test_page_of_what_was_linked_is_readable(stage: Stage, page: Page) -> None:
    """The last thing a person sees of linking; names may be long."""
    await page.goto(f"{stage.api.url}/connect")
    for each in await page.locator("input[name=tenant]").all():
        await each.check()
    await page.get_by_role("button", name="Allow access").click()
    await expect(page.get_by_role("heading", name="Linked")).to_be_visible()
    await _looks_right(page, "linked")

    await page.locator("li").first.evaluate(f"(item) => {{ item.textContent = {LONG!r} }}")
    await page.set_viewport_size(NARROW)
    assert await readable(page) == []


async def test_page_of_a_refusal_is_readable_and_led_by_keyboard(stage: Stage, page: Page) -> None:
    """The button is the first thing that the Tab key finds, and shows that it is."""
    await page.goto(f"{stage.api.url}/connect?external_id=customer-42")
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_role("heading", name="Not linked")).to_be_visible()
    await _looks_right(page, "refused")

    await page.keyboard.press("Tab")

    again = page.get_by_role("link", name="Start over")
    await expect(again).to_be_focused()
    assert await again.evaluate("(it) => getComputedStyle(it).outlineStyle") == "solid"


async def test_page_of_an_expired_link_is_readable(stage: Stage, page: Page) -> None:
    """It says what to do now."""
    made = await stage.api.http.post("/v1/link_sessions", json={}, headers=await stage.api.key())
    await stage.api.db.execute("UPDATE link_session SET expires_at = clock_timestamp()")
    await page.goto(made.json()["url"])
    await expect(page.get_by_text("has expired")).to_be_visible()
    await _looks_right(page, "expired")


async def test_page_of_the_example_is_readable(stage: Stage, page: Page) -> None:
    """People copy it."""
    await page.goto(stage.product)
    async with page.expect_popup() as opened:
        await page.get_by_role("button", name="Link a Xero organisation").click()
    window = await opened.value
    async with window.expect_event("close"):
        await window.get_by_role("button", name="Allow access").click()
    await expect(page.get_by_role("status")).to_contain_text("Linked: ")
    await _looks_right(page, "example")


async def test_our_pages_load_nothing_from_elsewhere(stage: Stage, page: Page) -> None:
    """No font, no script, no picture of anybody's: who links where is nobody's business."""
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    broken: list[str] = []
    page.on("console", lambda message: broken.append(message.text))
    await page.goto(f"{stage.api.url}/connect?external_id=customer-42")
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_role("heading", name="Not linked")).to_be_visible()

    homes = (stage.api.url, stage.api.simulator.base_url)
    assert [each for each in asked if not each.startswith(homes)] == []
    assert [each for each in broken if "Content Security Policy" in each] == []
