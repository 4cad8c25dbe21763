"""Does Xero answer, know our app, and still let us read the organisations that are linked?

Nothing is changed here: a token set that a look finds dead is marked by whoever next works with
it. Only a refresh that is due anyway is made, since the answer needs a living token.
"""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from ledgerwire.doctor.finding import Finding, Verdict
from ledgerwire.doctor.tenants import NOT_LOOKED, check_tenants
from ledgerwire.settings import Settings, variable
from ledgerwire.wiring.xero import XeroSide, readable_endpoints
from unified.clock import Clock
from xero.errors import AppRefused, ConsentRevoked, XeroError
from xero.oauth import OAuthClient
from xero.scopes import asks_to_write, chosen_app_scopes

PART = "xero"
MADE_UP = "ledgerwire-doctor-asks-with-a-token-that-never-was"
CLOCKS_APART = timedelta(minutes=1)
REDIRECT_PATH = "/connect/callback"


async def check_xero(
    settings: Settings, xero: XeroSide, http: httpx.AsyncClient, clock: Clock, *, schema: bool
) -> list[Finding]:
    """The addresses, the app, our own address, and each organisation, where the database has the
    tables of this program (`schema`)."""
    findings = [await check_api(settings, http, clock)]
    if findings[0].verdict is Verdict.AWAY:
        return findings
    findings.append(await check_app(settings, xero.oauth))
    findings.extend(check_redirect(settings))
    if findings[1].verdict is Verdict.OK:
        write = asks_to_write(settings.xero_scopes)
        findings.extend(await check_tenants(xero, write=write) if schema else [NOT_LOOKED])
    return findings


async def check_api(settings: Settings, http: httpx.AsyncClient, clock: Clock) -> Finding:
    """Whether the API answers at all: asked without a token, it says 401."""
    url = f"{settings.xero_api_url}/connections"
    try:
        answer = await http.get(url, timeout=10.0)
    except httpx.HTTPError as error:
        return _finding(
            Verdict.AWAY, f"Nobody answers at {settings.xero_api_url} ({type(error).__name__})",
            f"Check {variable('xero_api_url')}, the network, a proxy's settings and "
            "status.developer.xero.com",
        )  # fmt: skip
    if answer.status_code >= 500:
        return _finding(
            Verdict.AWAY, f"{settings.xero_api_url} answers {answer.status_code}",
            "Look at status.developer.xero.com; what was missed meanwhile is found by sweeps",
        )  # fmt: skip
    apart = _apart(answer, clock.real())
    if apart > CLOCKS_APART:
        return _finding(
            Verdict.BAD,
            f"This machine's clock and Xero's are {apart.total_seconds():.0f} s apart",
            "Keep the clock by NTP: tokens would end too early or too late",
        )  # fmt: skip
    return _finding(Verdict.OK, f"Xero answers at {settings.xero_api_url}")


def _apart(answer: httpx.Response, now: datetime) -> timedelta:
    try:
        return abs(parsedate_to_datetime(answer.headers["date"]) - now)
    except (KeyError, TypeError, ValueError):
        return timedelta(0)  # it does not say


async def check_app(settings: Settings, oauth: OAuthClient) -> Finding:
    """Whether Xero knows client id and secret: a refresh token that never was is refused as such
    only to an app that is known."""
    named = f"{variable('xero_client_id')} and {variable('xero_client_secret')}"
    try:
        if settings.xero_grant == "client_credentials":
            scopes = chosen_app_scopes(settings.xero_scopes, readable_endpoints())
            await oauth.client_credentials(scopes)
        else:
            await oauth.refresh(MADE_UP)
    except ConsentRevoked:
        pass  # it knows us, and not that token
    except AppRefused as error:
        return _refused(settings, error, named)
    except XeroError as error:
        return _finding(
            Verdict.AWAY, f"{settings.xero_identity_url} gave no usable answer "
            f"({type(error).__name__})",
            f"Check {variable('xero_identity_url')} and status.developer.xero.com",
        )  # fmt: skip
    return _finding(Verdict.OK, "Xero knows the app by its client id and secret")


def _refused(settings: Settings, error: AppRefused, named: str) -> Finding:
    said = f"Xero refuses the app ({error.code})"
    if error.code in ("unauthorized_client", "unsupported_grant_type"):
        other = (
            "client_credentials"
            if settings.xero_grant == "authorization_code"
            else "authorization_code"
        )
        return _finding(
            Verdict.BAD, said, "The app is of another kind: for a custom connection, and only for "
            f"one, {variable('xero_grant')} is client_credentials; try {other}",
        )  # fmt: skip
    if error.code == "invalid_scope":
        return _finding(
            Verdict.BAD, said, "Grant the custom connection the scopes that `ledgerwire` reads in "
            "Xero's portal, then authorise it again",
        )  # fmt: skip
    return _finding(
        Verdict.BAD, said, f"Copy {named} from the page Configuration of your app at "
        "developer.xero.com; a secret is shown once, so make a new one if it is lost",
    )  # fmt: skip


def check_redirect(settings: Settings) -> list[Finding]:
    """Whether Xero would take our address for the way back from the consent."""
    if settings.xero_grant == "client_credentials":
        return []  # nobody consents in a browser
    parts = urlsplit(settings.public_url)
    if parts.scheme == "https" or (parts.scheme, parts.hostname) == ("http", "localhost"):
        if parts.hostname == "localhost" and (parts.port or 80) != settings.port:
            return [
                _finding(Verdict.BAD, f"Browsers would look for us at {settings.public_url}, and "
                         f"HTTP listens on port {settings.port}",
                         f"Make the port in {variable('public_url')} and {variable('port')} the "
                         "same")
            ]  # fmt: skip
        return [
            _finding(Verdict.OK, "Redirect address to be entered at Xero, letter by letter: "
                     f"{settings.public_url}{REDIRECT_PATH}")
        ]  # fmt: skip
    return [
        _finding(Verdict.BAD, f"Xero takes no redirect to {settings.public_url}",
                 f"Set {variable('public_url')} to https://…, or to http://localhost:{settings.port}"
                 " (127.0.0.1 is refused, too)")
    ]  # fmt: skip


def _finding(verdict: Verdict, what: str, remedy: str = "") -> Finding:
    return Finding(PART, verdict, what, remedy)
