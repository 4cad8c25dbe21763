"""Cursors as text: what we hand out and take back, signed, so that nobody makes one by himself.

What stands in one is its owner's business; it is no secret.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64

from api.problems import Problem
from storage.secrets import SIGNATURE_BYTES, SecretBox


def seal(content: bytes, purpose: bytes, box: SecretBox) -> str:
    """The text for callers; `purpose` (up to 16 bytes) tells kinds of cursors apart."""
    return _text(content + box.sign(purpose, content))


def unseal(text: str, purpose: bytes, box: SecretBox) -> bytes:
    """What was sealed for this purpose.

    Raises:
        Problem: `cursor_unreadable`.
    """
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (NotBase64, ValueError):
        raw = b""
    content, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
    # Text that decodes to the same and is written otherwise is refused: one place has one text.
    if not box.signed(purpose, content, signature) or _text(raw) != text:
        raise Problem("cursor_unreadable", "This is no cursor that was made here.")
    return content


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
