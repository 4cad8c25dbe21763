"""Encrypts what must not stand in the database in plain: tokens and link verifiers; and signs what
we hand out and take back, such as places in the change feed.

Not a place for passwords or API keys, which are hashed, never decrypted.
"""

import hmac
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from storage.errors import SecretsUnreadable

KEY_FILE = "secret.keys"  #: in the data folder; one key a line, the first encrypts
SIGNATURE_BYTES = 12  #: 96 bits, guessed over the network only


class SecretBox:
    """Encrypts and signs with the first key, decrypts and verifies with any. Its repr tells
    nothing."""

    __slots__ = ("_fernet", "_signing")

    def __init__(self, keys: Sequence[str]) -> None:
        """Take Fernet keys: 32 bytes as URL-safe base64 each.

        Raises SecretsUnreadable, without quoting anything, when a key is not of that form.
        """
        try:
            fernets = [Fernet(key.strip()) for key in keys]
        except (ValueError, TypeError):
            fernets = []
        if not fernets:
            raise SecretsUnreadable(
                "LEDGERWIRE_SECRET_KEYS must hold one or several keys, comma separated, each 32 "
                "bytes as URL-safe base64"
            )
        self._fernet = MultiFernet(fernets)
        # Of their own, so that what is signed says nothing of what encrypts.
        self._signing = tuple(
            blake2b(key.strip().encode(), person=b"ledgerwire sign").digest() for key in keys
        )

    def __repr__(self) -> str:
        return "SecretBox(…)"

    @classmethod
    def for_data_dir(cls, data_dir: Path) -> "SecretBox":
        """The keys kept in a data folder, made on first use with mode 0600."""
        path = data_dir / KEY_FILE
        data_dir.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write_first_key(path)
        return cls([line for line in path.read_text().splitlines() if line.strip()])

    def encrypt(self, plain: bytes) -> bytes:
        """Encrypt with the first key."""
        return self._fernet.encrypt(plain)

    def decrypt(self, sealed: bytes) -> bytes:
        """Decrypt with whichever key fits. Raises SecretsUnreadable when none does."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise SecretsUnreadable(SecretsUnreadable.__doc__) from None

    def rotate(self, sealed: bytes) -> bytes:
        """Encrypt again, under the first key. Raises SecretsUnreadable when no key fits."""
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken:
            raise SecretsUnreadable(SecretsUnreadable.__doc__) from None

    def sign(self, purpose: bytes, content: bytes) -> bytes:
        """A signature of SIGNATURE_BYTES under the first key; one for another purpose (up to 16
        bytes) is no use for this one."""
        return _signature(self._signing[0], purpose, content)

    def signed(self, purpose: bytes, content: bytes, signature: bytes) -> bool:
        """Whether one of the keys has signed this, for this purpose."""
        made = [_signature(key, purpose, content) for key in self._signing]
        return any([hmac.compare_digest(each, signature) for each in made])


def _signature(key: bytes, purpose: bytes, content: bytes) -> bytes:
    return blake2b(content, digest_size=SIGNATURE_BYTES, key=key, person=purpose).digest()


def new_key() -> str:
    """A fresh key for LEDGERWIRE_SECRET_KEYS."""
    return Fernet.generate_key().decode()


def _write_first_key(path: Path) -> None:
    # Written aside and linked into place, so that of two processes starting together both end up
    # with the whole of the same key.
    descriptor, name = tempfile.mkstemp(dir=path.parent)  # which makes it with mode 0600
    aside = Path(name)
    with os.fdopen(descriptor, "w") as file:
        file.write(new_key() + "\n")
        file.flush()
        os.fsync(descriptor)
    with suppress(FileExistsError):
        os.link(aside, path)
    aside.unlink()
