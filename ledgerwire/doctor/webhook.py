"""The whole intent-to-receive exchange against the running receiver, as Xero's portal makes it.

Xero (webhooks, configuring your server): POSTs without events, rightly signed ones answered 200 and
ones with a single wrong character 401, each within 5 s, with no body and no cookie. The portal
tells one sentence for a whole run; here each wrong answer has its own, with what usually causes it.
"""

import hmac
import secrets
import string
from binascii import b2a_base64
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx

from ledgerwire.doctor.finding import Finding, Verdict
from ledgerwire.settings import Settings, variable

PART = "webhook"
PATH = "/webhooks/xero"
ANSWER_S = 5.0  #: Xero waits no longer
_LOCAL = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104  # compared, not listened on

SWEEPS_ALONE = (
    "No webhook key is set, so Ledgerwire runs on sweeps alone: changes are found within minutes"
)


async def check_webhook(
    settings: Settings, http: httpx.AsyncClient, *, url: str | None = None
) -> list[Finding]:
    """Try the receiver of this machine, and the address that Xero is to call, where it differs.

    Args:
        url: the address given to Xero, such as a tunnel's; by default it follows from the settings.
    """
    keys = [key.get_secret_value().strip() for key in settings.xero_webhook_keys]
    if not keys:
        setting = variable("xero_webhook_keys")
        return [_finding(Verdict.NOTE, SWEEPS_ALONE,
                         f"To hear of them within a second, set {setting}")]  # fmt: skip
    here = f"http://{_reachable(settings.host)}:{settings.port}{PATH}"
    told = url or f"{settings.public_url}{PATH}"
    findings = await _exchange(http, here, keys)
    is_local = urlsplit(told).hostname in _LOCAL
    if is_local:
        findings.append(
            _finding(
                Verdict.NOTE,
                f"Xero can't reach {told}: that is this machine alone",
                "Open a tunnel and check it by `ledgerwire doctor webhook --url "
                f"https://YOUR-TUNNEL{PATH}`, or run on sweeps alone, without webhook keys",
            )
        )
    elif not told.startswith("https://"):
        findings.append(
            _finding(Verdict.BAD, f"Xero calls https only, and not {told}",
                     f"Put TLS before it and set {variable('public_url')} to https://…")
        )  # fmt: skip
    else:
        findings.extend(await _exchange(http, told, keys))
    return findings


async def _exchange(http: httpx.AsyncClient, url: str, keys: Sequence[str]) -> list[Finding]:
    """Both kinds of calls for each key; ends at the first wrong answer."""
    for number, key in enumerate(keys, start=1):
        for spoiled_at in (None, 0, 22):  # Xero changes the first or a middle character
            found = await _call(http, url, key, spoiled_at=spoiled_at, number=number)
            if found is not None:
                return [found]
    several = f" with each of {len(keys)} keys" if len(keys) > 1 else ""
    return [_finding(Verdict.OK, f"Intent to receive passes at {url}{several}")]


async def _call(
    http: httpx.AsyncClient, url: str, key: str, *, spoiled_at: int | None, number: int
) -> Finding | None:
    body = validation_body()
    signature = b2a_base64(hmac.digest(key.encode(), body, "sha256"), newline=False).decode()
    if spoiled_at is not None:
        other = "B" if signature[spoiled_at] == "A" else "A"
        signature = f"{signature[:spoiled_at]}{other}{signature[spoiled_at + 1 :]}"
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "x-xero-signature": signature,
    }
    try:
        answer = await http.post(
            url, content=body, headers=headers, timeout=ANSWER_S, follow_redirects=False
        )
    except httpx.TimeoutException:
        return _finding(
            Verdict.AWAY, f"{url} gave no answer within {ANSWER_S:g} s, and Xero waits no longer",
            "Look at `/readyz` of the receiver and at what stands before it",
        )  # fmt: skip
    except httpx.HTTPError as error:
        return _unreachable(url, error)
    return _judged(url, answer, right=spoiled_at is None, number=number)


def _unreachable(url: str, error: httpx.HTTPError) -> Finding:
    if "CERTIFICATE" in str(error).upper():
        return _finding(
            Verdict.BAD, f"The certificate of {url} is not trusted",
            "Xero needs one of a public authority, with the whole chain",
        )  # fmt: skip
    return _finding(
        Verdict.AWAY, f"Nobody answers at {url} ({type(error).__name__})",
        "Start `ledgerwire up`, or `ledgerwire run receiver`; for a tunnel, open it",
    )  # fmt: skip


def _judged(url: str, answer: httpx.Response, *, right: bool, number: int) -> Finding | None:
    """What is wrong with one answer; None: nothing."""
    status = answer.status_code
    if answer.is_redirect:
        return _finding(
            Verdict.BAD, f"{url} redirects ({status}), which Xero takes for a failure",
            "Give Xero the address that it leads to, and let no login stand before it",
        )  # fmt: skip
    if status != (200 if right else 401):
        return _status(url, status, right=right, number=number)
    if answer.content:
        return _finding(
            Verdict.BAD, f"The answer of {url} has a body, and Xero wants none",
            "Something before the receiver adds it, such as a proxy's own error page",
        )  # fmt: skip
    if "set-cookie" in answer.headers:
        return _finding(
            Verdict.BAD, f"The answer of {url} sets a cookie, and Xero wants none",
            "Switch off the sessions or sticky cookies of what stands before the receiver",
        )  # fmt: skip
    return None


def _status(url: str, status: int, *, right: bool, number: int) -> Finding:
    if not right:
        what = f"{url} answers a wrong signature with {status} instead of 401"
        if status == 200:
            return _finding(Verdict.BAD, what, "That is not our receiver: anybody could lie to it")
        return _finding(
            Verdict.BAD, what,
            "Something before the receiver refuses by itself: let it pass everything under this "
            "path",
        )  # fmt: skip
    causes = {
        401: f"Key {number} of {variable('xero_webhook_keys')} is not the one it runs with "
        "(restart it), or something before it changes the body",
        403: "Something before it refuses, such as a CSRF check or a filter of addresses: Xero "
        "publishes no list of its own",
        404: f"Another program listens there: set {variable('port')} and the path {PATH}",
        405: f"Another program listens there: set {variable('port')} and the path {PATH}",
        502: "What stands before the receiver does not reach it: start `ledgerwire up`",
        503: "What stands before the receiver does not reach it, or it is just ending",
    }
    return _finding(
        Verdict.BAD, f"{url} answers a right signature with {status} instead of 200",
        causes.get(status, "Look into the log of the receiver and of what stands before it"),
    )  # fmt: skip


def validation_body() -> bytes:
    """A body as Xero's validation sends it: no events, both numbers 0, fresh entropy."""
    entropy = "".join(secrets.choice(string.ascii_uppercase) for _ in range(20))
    return (
        f'{{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": "{entropy}"}}'
    ).encode()


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  # compared


def _finding(verdict: Verdict, what: str, remedy: str = "") -> Finding:
    return Finding(PART, verdict, what, remedy)
