"""What answers to `setup` must look like, and how to tell a person that one does not.

Pure rules: each takes the answer and returns the setting's text, or raises ValueError with a
sentence that says what is wrong and where the right thing is found. None quotes the answer.
"""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from pydantic import ValidationError

from ledgerwire.settings import Settings
from ledgerwire.settings_rules import why

TIERS = ("starter", "core", "plus", "advanced", "enterprise")
WEB, CUSTOM = "web", "custom"

#: Takes an answer, returns the setting; raises ValueError with a sentence.
Rule = Callable[[str], str]

_CLIENT_ID = re.compile(r"[0-9A-Za-z]{32}")
_WEBHOOK_KEY = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}")
_SHORTEST_SECRET = 20


def public_url(answer: str) -> str:
    """Where browsers reach us: https, or http://localhost with a port (Xero: redirect URIs)."""
    text = answer.strip().rstrip("/")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("That is no address. Such as http://localhost:8000") from None
    if parts.hostname in ("127.0.0.1", "::1"):
        raise ValueError(f"Xero refuses that: write http://localhost:{port or 8000} instead")
    if parts.scheme == "http" and parts.hostname != "localhost":
        raise ValueError("Xero takes http for localhost only: a server needs https://…")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("An address begins with https://, or is http://localhost:8000")
    if parts.path or parts.query or parts.fragment:
        raise ValueError("Only scheme, name and port, such as https://ledgerwire.example")
    return text


def local_port(address: str) -> str | None:
    """The port to listen on where the address is this machine's own; None: it does not say."""
    parts = urlsplit(address)
    return str(parts.port or 80) if parts.hostname == "localhost" else None


def kind(answer: str) -> str:
    """`web` or `custom`."""
    return _one_of(answer, (WEB, CUSTOM))


def client_id(answer: str) -> str:
    """32 letters and digits."""
    text = answer.strip()
    if not _CLIENT_ID.fullmatch(text):
        raise ValueError(
            "A client id is 32 letters and digits: copy it from the page Configuration of your app"
        )
    return text


def client_secret(answer: str) -> str:
    """One long word."""
    text = answer.strip()
    if len(text) < _SHORTEST_SECRET or not text.isascii() or len(text.split()) != 1:
        raise ValueError(
            "A client secret is one long word: on the page Configuration, press Generate a secret "
            "and copy it at once, since it is shown once"
        )
    return text


def webhook_keys(answer: str) -> str:
    """One key or several, comma separated; empty, or a dash, for none."""
    if answer.strip() == "-":
        return ""
    found = [part.strip() for part in answer.split(",") if part.strip()]
    if not all(_WEBHOOK_KEY.fullmatch(part) for part in found):
        raise ValueError(
            "A webhook key is one long word of letters, digits, + and /, mostly ending in ==: copy "
            "it from the page Webhooks of your app, or leave it empty"
        )
    return ",".join(found)


def tier(answer: str) -> str:
    """One of Xero's price tiers."""
    return _one_of(answer, TIERS)


def database_url(answer: str) -> str:
    """`embedded`, or postgresql://…."""
    return _as_setting("database_url", answer)


def kafka(answer: str) -> str:
    """`embedded`, or host:port, several comma separated."""
    return _as_setting("kafka", answer)


def kafka_security(answer: str) -> str:
    """One of Kafka's own words for it."""
    return _one_of(answer.upper(), ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"))


def sasl_mechanism(answer: str) -> str:
    """One of those that we know."""
    return _one_of(answer.upper(), ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"))


def word(answer: str) -> str:
    """Anything but nothing, on one line."""
    text = answer.strip()
    if not text or "\n" in text:
        raise ValueError("Something must stand here")
    return text


def _one_of(answer: str, words: tuple[str, ...]) -> str:
    text = answer.strip()
    for each in words:
        if text.lower() == each.lower():
            return each
    raise ValueError(f"Answer {', '.join(words[:-1])} or {words[-1]}")


def _as_setting(name: str, answer: str) -> str:
    """What the setting itself takes."""
    text = answer.strip()
    try:
        Settings.model_validate({name: text})
    except ValidationError as error:
        example = (Settings.model_fields[name].examples or [""])[0]
        reason = why(dict(error.errors()[0]))
        raise ValueError(f"It {reason}. Such as {example}") from None
    return text
