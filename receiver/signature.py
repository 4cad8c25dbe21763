"""Is a delivery genuine? Raw body, signature header and keys in, a verdict out.

Pure: reads no request, no setting and no clock. Xero (webhooks, configuring your server): the
header is the standard base64 text, 44 characters, of the HMAC-SHA256 over the raw body, keyed with
the UTF-8 bytes of the webhook key exactly as the portal shows it. The key looks like base64 and is
not decoded. The texts are compared, not the decoded bytes: base64 has several spellings of the same
bytes, and Xero's validation sends a right signature with a single character changed.
"""

import hmac
from binascii import b2a_base64
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Protocol

SIGNATURE_HEADER = b"x-xero-signature"


class SecretText(Protocol):
    """A text that hides itself when printed, such as pydantic's SecretStr."""

    def get_secret_value(self) -> str:
        """Return the text itself."""
        ...


class Verdict(StrEnum):
    """What the signature header says about a body; only `GENUINE` may be believed."""

    GENUINE = "genuine"
    WRONG = "wrong"  # made with none of our keys, over these bytes
    MISSING = "missing"
    DOUBLED = "doubled"  # two headers: which one to believe is nobody's guess
    NO_KEYS = "no_keys"  # we hold no key, so nothing can be genuine


class WebhookKeys:
    """The active webhook keys: usually one, two while a rotation overlaps."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Iterable[str | SecretText]) -> None:
        """Take the keys as configured.

        White space around a key is dropped, since files and environments end in a newline. A blank
        key is dropped altogether: an HMAC with an empty key is one that anybody can make.
        """
        texts = [key if isinstance(key, str) else key.get_secret_value() for key in keys]
        self._keys = tuple(dict.fromkeys(text.strip().encode() for text in texts if text.strip()))

    def __len__(self) -> int:
        """How many keys are active."""
        return len(self._keys)

    def __repr__(self) -> str:
        """Say how many, never which."""
        return f"WebhookKeys({len(self._keys)} active)"

    def check(self, body: bytes, signatures: Sequence[bytes]) -> Verdict:
        """Judge the raw body by the values of every signature header it came with.

        Takes as long whichever key matches, and whether one does: each key is always tried.
        """
        if not self._keys:
            return Verdict.NO_KEYS
        if len(signatures) != 1:
            return Verdict.DOUBLED if signatures else Verdict.MISSING
        genuine = False
        for key in self._keys:
            expected = b2a_base64(hmac.digest(key, body, "sha256"), newline=False)
            genuine |= hmac.compare_digest(expected, signatures[0])
        return Verdict.GENUINE if genuine else Verdict.WRONG
