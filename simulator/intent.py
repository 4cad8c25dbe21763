"""Intent to receive: the portal's validation run against a webhook URL.

Four POSTs with no events; at least one is rightly signed, the others wrong by a single
character. All must be answered within 5 s: 200 for right, 401 for wrong, no body, no cookie.
Source: Xero's "Configuring your server" and users' reports of the portal's messages.
"""

import random
from dataclasses import dataclass

import httpx

from simulator import webhooks

CALLS = 4
OK = "OK"
REQUIRED = "Intent to receive required"
NOT_200 = "Response not 200"
HAS_BODY = "Response contains a body"
NOT_401 = "Response to incorrectly signed payload not 401"


@dataclass(frozen=True)
class IntentResult:
    """The portal's message, and in our own words which call brought it."""

    message: str
    detail: str = ""


async def run(
    http: httpx.AsyncClient, url: str, key: str, *, rng: random.Random, timeout_s: float = 5.0
) -> IntentResult:
    """Make the whole run and judge it by its first wrong answer."""
    right = {rng.randrange(CALLS)}
    right |= {call for call in range(CALLS) if rng.random() < 0.25}
    if len(right) == CALLS:
        right.discard(rng.choice(sorted(right)))
    for call in range(CALLS):
        body = webhooks.serialise([], 0, 0, webhooks.entropy(rng))
        signature = webhooks.sign(key, body)
        sent = signature if call in right else spoiled(signature, rng)
        try:
            answer = await http.post(
                url, content=body, headers=webhooks.headers(sent), timeout=timeout_s
            )
        except httpx.HTTPError as error:
            return IntentResult(NOT_200, f"call {call + 1}: {type(error).__name__}")
        message = _judge(answer, rightly_signed=call in right)
        if message != OK:
            return IntentResult(message, f"call {call + 1}: status {answer.status_code}")
    return IntentResult(OK)


def spoiled(signature: str, rng: random.Random) -> str:
    """The signature with one character changed, the first or a middle one; still 44 long."""
    at = rng.choice((0, len(signature) // 2))
    other = "B" if signature[at] == "A" else "A"
    return signature[:at] + other + signature[at + 1 :]


def _judge(answer: httpx.Response, *, rightly_signed: bool) -> str:
    if rightly_signed and answer.status_code != 200:
        return NOT_200
    if not rightly_signed and answer.status_code != 401:
        return NOT_401
    if answer.content or "set-cookie" in answer.headers:
        return HAS_BODY
    return OK
