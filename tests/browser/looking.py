"""What makes a page readable, measured in the browser; and pictures of it for the documents.

Pictures are written into docs/images where PICTURES is set, and looked at by a person then.
"""

import os
from pathlib import Path

from playwright.async_api import Page, ViewportSize

IMAGES = Path(__file__).parents[2] / "docs" / "images"
NARROW, WIDE = ViewportSize(width=320, height=640), ViewportSize(width=720, height=480)
LEAST_CONTRAST = 4.5  #: WCAG 2.2, 1.4.3, for text

#: Every text with the ratio of its colour to the first ground behind it that is not transparent.
_CONTRASTS = """() => {
  const parts = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([red, green, blue]) => [red, green, blue].map((each) => each / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
  };
  return [...document.body.querySelectorAll("*")]
    .filter((each) => [...each.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
    .filter((each) => each.checkVisibility() && !["SCRIPT", "STYLE"].includes(each.tagName))
    .map((each) => {
      const pair = [light(parts(getComputedStyle(each).color)), light(ground(each))];
      const [low, high] = pair.sort((one, two) => one - two);
      return [each.textContent.trim().slice(0, 40), (high + 0.05) / (low + 0.05)];
    });
}"""


async def readable(page: Page) -> list[str]:
    """What is wrong with the page as it stands, in words; empty where nothing is."""
    wrong = [
        f"{text!r} has a contrast of {ratio:.1f}"
        for text, ratio in await page.evaluate(_CONTRASTS)
        if ratio < LEAST_CONTRAST
    ]
    wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if wide > 0:
        wrong.append(f"{wide} px stand out on the right")
    for what, count in (("main", 1), ("h1", 1), ("html[lang=en]", 1)):
        found = await page.locator(what).count()
        if found != count:
            wrong.append(f"{found} of {what}")
    if not await page.title():
        wrong.append("no title")
    nameless = await page.locator("button, a, input").evaluate_all(
        "(all) => all.filter((each) =>"
        " !(each.textContent.trim() || each.ariaLabel || each.labels?.length)).length"
    )
    if nameless:
        wrong.append(f"{nameless} controls without a name")
    return wrong


async def picture(page: Page, name: str) -> None:
    """Keep the page as docs/images/{name}.png, where somebody asked for it."""
    if os.environ.get("PICTURES"):
        IMAGES.mkdir(exist_ok=True)
        await page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")
