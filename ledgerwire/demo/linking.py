"""Linking an organisation as a person would: our link, Xero's consent page, and back.

Only what a browser does: requests, redirects and one form, over HTTP.
"""

from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

from ledgerwire.failures import JobFailed

MOST_REDIRECTS = 5


class LinkFailed(JobFailed):
    """The flow ended somewhere else than on the page that says linked."""


async def link_all(
    public_url: str, tenant_ids: list[str], *, external_id: str, decision: str = "allow"
) -> None:
    """Consent to all these organisations at once, or (`deny`) press Cancel.

    Raises:
        LinkFailed: with the status of the page it ended on.
    """
    address = f"{public_url}/connect?{urlencode({'external_id': external_id})}"
    await consent_at(address, tenant_ids, decision=decision)


async def consent_at(address: str, tenant_ids: list[str], *, decision: str = "allow") -> None:
    """The same at an address that somebody made, such as that of a link session.

    Raises:
        LinkFailed: with the status of the page it ended on.
    """
    async with httpx.AsyncClient(timeout=30.0, follow_redirects=False) as browser:
        started = await browser.get(address)
        page_address = started.headers.get("location", "")
        page = await browser.get(page_address)
        if page.status_code != httpx.codes.OK:
            raise LinkFailed(f"The consent page answered {page.status_code}")
        form: dict[str, str | list[str]] = dict(parse_qsl(urlsplit(page_address).query))
        form |= {"tenant": tenant_ids, "decision": decision}
        scheme_and_host = "{0.scheme}://{0.netloc}".format(urlsplit(page_address))
        answer = await browser.post(f"{scheme_and_host}/identity/connect/authorize", data=form)
        for _ in range(MOST_REDIRECTS):
            if not answer.is_redirect:
                break
            answer = await browser.get(answer.headers["location"])
        if answer.status_code != httpx.codes.OK:
            raise LinkFailed(f"Linking ended with status {answer.status_code}")
