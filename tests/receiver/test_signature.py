"""Signatures: what is believed and what is not. On the wire: test_exchange.py.

The vectors VALIDATION and EVENTS were computed from Xero's rules with a made-up key, independently
of this code.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from receiver.signature import Verdict, WebhookKeys
from tests.receiver.vectors import (
    EVENTS,
    EVENTS_REENCODED,
    EVENTS_SIGNATURE,
    KEY,
    OTHER_KEY,
    VALIDATION,
    VALIDATION_KEY_DECODED,
    VALIDATION_SIGNATURE,
)

RIGHT = EVENTS_SIGNATURE


def signed(body: bytes, key: str = KEY) -> bytes:
    """Sign as Xero does."""
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest())


def verdict(body: bytes, *signatures: bytes, keys: Sequence[str | SecretStr] = (KEY,)) -> Verdict:
    """Judge a body with these header values."""
    return WebhookKeys(keys).check(body, signatures)


def swapped(text: bytes, position: int) -> bytes:
    """Change the one character at `position` for another of base64's."""
    other = b"A" if text[position : position + 1] != b"A" else b"B"
    return text[:position] + other + text[position + 1 :]


GENUINE = {
    "validation call": (VALIDATION, VALIDATION_SIGNATURE),
    "delivery": (EVENTS, EVENTS_SIGNATURE),
    "no body at all": (b"", signed(b"")),
    "unicode": ('{"events":[],"note":"Zoë, 会社 😀"}'.encode(), None),
    "not UTF-8": (b"\xff\xfe\x00\x80", None),
    "1 MB": (b"x" * 1_000_000, None),
    "trailing newline that was signed": (VALIDATION + b"\n", None),
    "not JSON": (b"nothing of the sort", None),
    "NUL bytes": (b"\x00" * 64, None),
    "CRLF": (EVENTS.replace(b",", b",\r\n"), None),
}


@pytest.mark.parametrize(("body", "signature"), GENUINE.values(), ids=GENUINE)
def test_right_signature_is_genuine(body: bytes, signature: bytes | None) -> None:
    """Whatever the bytes are, the signature over exactly them is believed."""
    assert verdict(body, signature or signed(body)) == Verdict.GENUINE


WRONG_BODY = {
    "first byte": b"[" + EVENTS[1:],
    "a byte of the first event": EVENTS.replace(b"5f3c1a52", b"6f3c1a52", 1),
    "a byte of a tenant": EVENTS.replace(b"c47a1e90", b"c47a1e91", 1),
    "a byte of the category": EVENTS.replace(b"INVOICE", b"INVOICF", 1),
    "a byte of the type": EVENTS.replace(b"UPDATE", b"UPDATF", 1),
    "a byte of the date": EVENTS.replace(b"52.310", b"52.311", 1),
    "a byte of a sequence number": EVENTS.replace(b"1208", b"1209", 1),
    "a byte of the entropy": EVENTS.replace(b"ZHRQ", b"ZHRR", 1),
    "last byte": EVENTS[:-1] + b"]",
    "one byte short": EVENTS[:-1],
    "one byte long": EVENTS + b" ",
    "trailing newline": EVENTS + b"\n",
    "leading white space": b" " + EVENTS,
    "byte order mark": b"\xef\xbb\xbf" + EVENTS,
    "compact re-serialised": json.dumps(json.loads(EVENTS), separators=(",", ":")).encode(),
    "re-serialised with blanks": json.dumps(json.loads(EVENTS)).encode(),
    "a blank removed": EVENTS.replace(b": 1207", b":1207", 1),
    "other case": EVENTS.lower(),
    "UTF-16": EVENTS.decode().encode("utf-16"),
    "empty": b"",
    "another delivery": VALIDATION,
}


@pytest.mark.parametrize("body", WRONG_BODY.values(), ids=WRONG_BODY)
def test_changed_body_is_not_genuine(body: bytes) -> None:
    """A signature covers the raw bytes: any other spelling of the same JSON fails too."""
    assert body != EVENTS

    assert verdict(body, RIGHT) == Verdict.WRONG


WRONG_SIGNATURE = {
    "first character": swapped(RIGHT, 0),
    "middle character": swapped(RIGHT, 21),
    "last character before the padding": swapped(RIGHT, 42),
    "padding": RIGHT[:-1] + b"A",
    "padding missing": RIGHT[:-1],
    "padding doubled": RIGHT + b"=",
    "one character short in front": RIGHT[1:],
    "a blank in front": b" " + RIGHT,
    "a newline behind": RIGHT + b"\n",
    "in quotes": b'"' + RIGHT + b'"',
    "upper case": RIGHT.upper(),
    "lower case": RIGHT.lower(),
    "URL-safe alphabet": RIGHT.replace(b"+", b"-").replace(b"/", b"_"),
    "two joined by a comma": RIGHT + b", " + RIGHT,
    "with a scheme": b"sha256=" + RIGHT,
    "hex digest": hmac.new(KEY.encode(), EVENTS, hashlib.sha256).hexdigest().encode(),
    "raw digest": hmac.new(KEY.encode(), EVENTS, hashlib.sha256).digest(),
    "hex digest in base64": base64.b64encode(
        hmac.new(KEY.encode(), EVENTS, hashlib.sha256).hexdigest().encode()
    ),
    "key base64-decoded first": base64.b64encode(
        hmac.new(base64.b64decode(KEY), EVENTS, hashlib.sha256).digest()
    ),
    "key with a newline": signed(EVENTS, KEY + "\n"),
    "empty key": signed(EVENTS, ""),
    "SHA-1": base64.b64encode(hmac.new(KEY.encode(), EVENTS, hashlib.sha1).digest()),
    "SHA-512": base64.b64encode(hmac.new(KEY.encode(), EVENTS, hashlib.sha512).digest()),
    "no HMAC, only SHA-256": base64.b64encode(hashlib.sha256(KEY.encode() + EVENTS).digest()),
    "another app's key": signed(EVENTS, OTHER_KEY),
    "another body's": VALIDATION_SIGNATURE,
    "over the compact form": EVENTS_REENCODED,
    "empty text": b"",
    "not ASCII": "é".encode() * 22,
    "8 KB": b"A" * 8192,
}


@pytest.mark.parametrize("signature", WRONG_SIGNATURE.values(), ids=WRONG_SIGNATURE)
def test_wrong_signature_is_not_genuine(signature: bytes) -> None:
    """Only the exact 44 characters count; nothing near them does."""
    assert signature != RIGHT

    assert verdict(EVENTS, signature) == Verdict.WRONG


def test_key_is_not_decoded_first() -> None:
    """The key looks like base64; whoever decodes it gets this other signature."""
    assert verdict(VALIDATION, VALIDATION_KEY_DECODED) == Verdict.WRONG


def test_other_spelling_of_the_same_digest_is_not_genuine() -> None:
    """The last base64 character has two unused bits: four texts decode to the same 32 bytes."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    twin = RIGHT[:42] + bytes([alphabet[alphabet.index(RIGHT[42]) + 1]]) + b"="

    assert base64.b64decode(RIGHT) == base64.b64decode(twin)
    assert verdict(EVENTS, twin) == Verdict.WRONG


def test_missing_header_is_not_genuine() -> None:
    """No signature is a bad signature."""
    assert verdict(EVENTS) == Verdict.MISSING


def test_doubled_header_is_not_genuine_even_if_both_are_right() -> None:
    """Two headers mean that somebody on the way is confused; nobody has to choose."""
    assert verdict(EVENTS, RIGHT, RIGHT) == Verdict.DOUBLED
    assert verdict(EVENTS, RIGHT, swapped(RIGHT, 0)) == Verdict.DOUBLED


@pytest.mark.parametrize("spelling", [f"{KEY}\n", f"{KEY}\r\n", f"  {KEY}", f"\t{KEY} \n"])
def test_white_space_around_a_configured_key_is_dropped(spelling: str) -> None:
    """A key read from a file ends in a newline, which Xero did not sign with."""
    assert verdict(EVENTS, RIGHT, keys=[spelling]) == Verdict.GENUINE
    assert verdict(EVENTS, RIGHT, keys=[SecretStr(spelling)]) == Verdict.GENUINE


@pytest.mark.parametrize("keys", [(KEY, OTHER_KEY), (OTHER_KEY, KEY), (KEY, KEY, OTHER_KEY)])
def test_any_active_key_is_enough(keys: Sequence[str]) -> None:
    """While a rotation overlaps, deliveries signed with the old and the new key are genuine."""
    assert verdict(EVENTS, RIGHT, keys=keys) == Verdict.GENUINE
    assert verdict(EVENTS, signed(EVENTS, OTHER_KEY), keys=keys) == Verdict.GENUINE
    assert verdict(EVENTS, signed(EVENTS, "retired"), keys=keys) == Verdict.WRONG


@pytest.mark.parametrize("keys", [(), ("",), (" \n",)])
def test_without_keys_nothing_is_genuine(keys: Sequence[str]) -> None:
    """A blank key is no key: anybody can sign with it."""
    assert verdict(EVENTS, signed(EVENTS, ""), keys=keys) == Verdict.NO_KEYS
    assert len(WebhookKeys(keys)) == 0


def test_keys_do_not_show_when_printed() -> None:
    """A key in a log is a key lost."""
    keys = WebhookKeys([SecretStr(KEY), OTHER_KEY, KEY])

    assert repr(keys) == "WebhookKeys(2 active)"
    assert KEY not in f"{keys} {keys!r}"


@given(position=st.integers(0, len(EVENTS) - 1), other=st.integers(0, 255))
@example(position=0, other=0)
@example(position=len(EVENTS) - 1, other=255)
def test_any_changed_byte_fails(position: int, other: int) -> None:
    """No byte of a delivery is outside the signature."""
    changed = EVENTS[:position] + bytes([other]) + EVENTS[position + 1 :]

    expected = Verdict.GENUINE if changed == EVENTS else Verdict.WRONG
    assert expected == verdict(changed, RIGHT)


@given(body=st.binary(max_size=2000), key=st.text(min_size=1).filter(lambda key: key.strip()))
def test_whoever_signs_like_xero_is_believed(body: bytes, key: str) -> None:
    """Any bytes and any key text, as long as both sides have the same."""
    key = key.strip()

    assert verdict(body, signed(body, key), keys=[key]) == Verdict.GENUINE
