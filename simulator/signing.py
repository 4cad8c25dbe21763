"""The identity server's RSA key: signs tokens (RS256) and shows its public half as a JWKS."""

import base64
import functools

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

KEY_ID = "1CAF8E66772D6DC028D6726FD0261581570EFC19"


@functools.cache
def _key() -> rsa.RSAPrivateKey:
    # One per process: making one takes a tenth of a second, and nothing depends on which.
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def prepare() -> None:
    """Make the key now rather than during the first request."""
    _key()


def jwt(claims: dict[str, object]) -> str:
    """A signed JSON web token of these claims."""
    head = {"alg": "RS256", "kid": KEY_ID, "typ": "JWT"}
    signed = b".".join(_base64url(msgspec.json.encode(part)) for part in (head, claims))
    signature = _key().sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return (signed + b"." + _base64url(signature)).decode()


def jwks() -> dict[str, object]:
    """The public key, as /.well-known/openid-configuration/jwks shows it."""
    numbers = _key().public_key().public_numbers()
    return {
        "keys": [
            {
                "kty": "RSA",
                "use": "sig",
                "kid": KEY_ID,
                "alg": "RS256",
                "n": _number(numbers.n),
                "e": _number(numbers.e),
            }
        ]
    }


def _number(value: int) -> str:
    return _base64url(value.to_bytes((value.bit_length() + 7) // 8, "big")).decode()


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
