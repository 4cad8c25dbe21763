"""Linking as people see it: our pages, the simulator's consent page, and a product's page."""

from datetime import timedelta

import pytest
from playwright.async_api import BrowserContext, Page, expect

from storage.tenant_states import change_state
from storage.tenants import tenant
from tests.browser.conftest import Stage
from unified.ids import TenantId

pytestmark = [pytest.mark.needs_chromium, pytest.mark.asyncio(loop_scope="session")]


async def _choose(page: Page, *tenants: TenantId) -> None:
    """Tick these organisations on Xero's page, and no others."""
    await expect(page.get_by_role("heading", name="Local Xero")).to_be_visible()
    boxes = page.locator("input[name=tenant]")
    for number in range(await boxes.count()):
        box = boxes.nth(number)
        await box.set_checked(await box.get_attribute("value") in tenants)


async def _allow(page: Page, *tenants: TenantId) -> None:
    await _choose(page, *tenants)
    await page.get_by_role("button", name="Allow access").click()


async def _pressed(context: BrowserContext, address: str) -> tuple[Page, Page]:
    """The product's page after its button was pressed, and the window that opened."""
    page = await context.new_page()
    await page.goto(address)
    async with page.expect_popup() as opened:
        await page.get_by_role("button", name="Link a Xero organisation").click()
    return page, await opened.value


def _name(stage: Stage, tenant_id: TenantId) -> str:
    told = stage.api.simulator.announcement["tenants"]
    return next(str(each["name"]) for each in told if each["tenant_id"] == tenant_id)


async def test_person_links_and_sees_what_was_linked(stage: Stage, context: BrowserContext) -> None:
    """Consent, and a page that says so; two organisations at once here."""
    page = await context.new_page()
    both = stage.api.tenants[:2]
    await page.goto(f"{stage.api.url}/connect?external_id=customer-7")
    await expect(page.get_by_role("heading", name="Local Xero")).to_be_visible()
    await _allow(page, *both)

    await expect(page.get_by_role("heading", name="Linked")).to_be_visible()
    for each in both:
        await expect(page.get_by_text(_name(stage, each))).to_be_visible()
    assert [(await tenant(stage.api.db, each)).state for each in both] == ["linked"] * 2


async def test_person_refuses_and_may_start_over(stage: Stage, context: BrowserContext) -> None:
    """No is an answer, and the button on the page leads back to the question."""
    page = await context.new_page()
    await page.goto(f"{stage.api.url}/connect?external_id=customer-7")
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_role("heading", name="Not linked")).to_be_visible()
    await expect(page.get_by_text("Consent was not given")).to_be_visible()

    await page.get_by_role("link", name="Start over").click()
    await _allow(page, stage.api.tenants[0])

    await expect(page.get_by_role("heading", name="Linked")).to_be_visible()
    row = await tenant(stage.api.db, stage.api.tenants[0])
    assert (row.external_id, row.external_id_verified) == ("customer-7", False)


@pytest.mark.parametrize("state", ["needs_reauth", "vanished"])
async def test_product_leads_back_to_a_linked_organisation(
    stage: Stage, context: BrowserContext, state: str
) -> None:
    """The address that the api names, opened by whoever may consent."""
    made = await stage.api.http.post(
        "/v1/link_sessions", json={"external_id": "customer-42"}, headers=await stage.api.key()
    )
    first = stage.api.tenants[0]
    page = await context.new_page()
    await page.goto(made.json()["url"])
    await _allow(page, first)
    await change_state(stage.api.db, first, state, reason="test")
    await page.goto(stage.product)

    await page.get_by_role("link", name="Link again").click()
    await _allow(page, first)

    await expect(page.get_by_role("heading", name="Linked")).to_be_visible()
    row = await tenant(stage.api.db, first)
    assert (row.state, row.external_id, row.external_id_verified) == ("linked", "customer-42", True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("expires_at = clock_timestamp() - interval '1 s'", "has expired"),
        ("linked = '[]'", "works once"),
    ],
)
async def test_link_that_is_over_says_so(
    stage: Stage, context: BrowserContext, change: str, said: str
) -> None:
    """And where to get another one."""
    made = await stage.api.http.post("/v1/link_sessions", json={}, headers=await stage.api.key())
    await stage.api.db.execute(f"UPDATE link_session SET {change}")  # noqa: S608  # ours
    page = await context.new_page()

    await page.goto(made.json()["url"])

    await expect(page.get_by_role("heading", name="Not linked")).to_be_visible()
    await expect(page.get_by_text(said)).to_be_visible()


async def test_attempt_that_took_too_long_says_so(stage: Stage, context: BrowserContext) -> None:
    """Ten minutes lie between the question and the answer at most."""
    page = await context.new_page()
    await page.goto(f"{stage.api.url}/connect")
    await _choose(page, stage.api.tenants[0])
    await stage.api.db.execute(
        "UPDATE link_attempt SET expires_at = expires_at - $1::interval", timedelta(minutes=11)
    )

    await page.get_by_role("button", name="Allow access").click()

    await expect(page.get_by_text("older than ten minutes")).to_be_visible()


async def test_product_links_in_a_window_that_closes_by_itself(
    stage: Stage, context: BrowserContext
) -> None:
    """The page hears which organisations they are; the name is the server's word."""
    both = stage.api.tenants[1:]
    page, window = await _pressed(context, stage.product)
    async with window.expect_event("close"):
        await _allow(window, *both)

    await expect(page.get_by_role("status")).to_contain_text("Linked: ")
    for each in both:
        await expect(
            page.get_by_role("listitem").filter(has_text=_name(stage, each))
        ).to_be_visible()
        row = await tenant(stage.api.db, each)
        assert (row.external_id, row.external_id_verified) == ("customer-42", True)


async def test_refusal_reaches_the_product_with_its_code(
    stage: Stage, context: BrowserContext
) -> None:
    """And closes the window, too."""
    page, window = await _pressed(context, stage.product)
    async with window.expect_event("close"):
        await window.get_by_role("button", name="Cancel").click()

    await expect(page.get_by_role("status")).to_have_attribute("data-code", "access_denied")
    await expect(page.get_by_role("button")).to_be_enabled()


async def test_closed_window_is_told_from_a_refusal(stage: Stage, context: BrowserContext) -> None:
    """Nobody waits for ever."""
    page, window = await _pressed(context, stage.product)
    await expect(window.get_by_role("heading", name="Local Xero")).to_be_visible()

    await window.close()

    await expect(page.get_by_role("status")).to_have_attribute("data-code", "popup_closed")


async def test_window_that_the_browser_hides_still_brings_its_outcome(
    stage: Stage, context: BrowserContext
) -> None:
    """A page at Xero may cut the tie between window and opener: then the session is asked."""
    page, window = await _pressed(context, stage.product)
    await expect(window.get_by_role("heading", name="Local Xero")).to_be_visible()
    await window.evaluate("window.opener = null")
    await _allow(window, stage.api.tenants[0])
    await expect(window.get_by_role("heading", name="Linked")).to_be_visible()

    await window.close()

    await expect(page.get_by_role("status")).to_contain_text("Linked: ")


async def test_blocked_window_is_told(stage: Stage, context: BrowserContext) -> None:
    """Browsers open none without a click; a page can then say what to do."""
    page = await context.new_page()
    await page.add_init_script("window.open = () => null")
    await page.goto(stage.product)

    await page.get_by_role("button", name="Link a Xero organisation").click()

    await expect(page.get_by_role("status")).to_have_attribute("data-code", "popup_blocked")
    await expect(page.get_by_text("Your browser blocked the window")).to_be_visible()


async def test_page_of_another_origin_hears_nothing(stage: Stage, context: BrowserContext) -> None:
    """The window says why, and nothing begins."""
    page, window = await _pressed(context, stage.stranger)
    await expect(window.get_by_text("not among the allowed origins")).to_be_visible()

    await window.close()

    await expect(page.get_by_role("status")).to_have_attribute("data-code", "popup_closed")
    assert await stage.api.db.fetchval("SELECT count(*) FROM link_attempt") == 0


async def test_message_of_a_stranger_is_not_believed(stage: Stage, context: BrowserContext) -> None:
    """Any page may send messages; only our window's count."""
    page, window = await _pressed(context, stage.product)
    await expect(window.get_by_role("heading", name="Local Xero")).to_be_visible()
    forged = "{type: 'ledgerwire.link', tenants: [{tenant_id: 'x', name: 'Forged'}]}"
    await page.evaluate(f"window.postMessage({forged}, '*')")
    await window.evaluate(f"window.opener.postMessage({forged}, '*')")

    async with window.expect_event("close"):
        await _allow(window, stage.api.tenants[0])

    await expect(page.get_by_role("status")).to_contain_text("Linked: ")
    await expect(page.get_by_text("Forged")).to_have_count(0)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("{url: () => Promise.reject(new Error('no'))}", "address_failed"),
        ("{url: 'https://evil.example/connect?session=x'}", "address_refused"),
        ("{signal: AbortSignal.timeout(1)}", "aborted"),
    ],
)
async def test_script_rejects_with_a_code(
    stage: Stage, context: BrowserContext, options: str, code: str
) -> None:
    """So that programs can decide; no window stays open."""
    page = await context.new_page()
    await page.goto(stage.product)

    told = await page.evaluate(f"Ledgerwire.link({options}).catch((error) => error.code)")

    assert told == code
    for each in context.pages:
        if each is not page and not each.is_closed():
            await each.wait_for_event("close")


async def test_second_window_takes_the_place_of_the_first(
    stage: Stage, context: BrowserContext
) -> None:
    """Two clicks are one wish."""
    page = await context.new_page()
    await page.goto(stage.product)
    await page.evaluate("window.first = Ledgerwire.link({}).catch((error) => error.code); 0")

    async with page.expect_popup() as opened:
        await page.evaluate("window.second = Ledgerwire.link({externalId: 'x'}).catch((e) => e); 0")
    window = await opened.value
    async with window.expect_event("close"):
        await _allow(window, stage.api.tenants[0])

    assert await page.evaluate("window.first") == "superseded"
    told = await page.evaluate("window.second")
    assert told["tenant_id"] == stage.api.tenants[0]
    assert told["tenants"][0]["first"] is True
