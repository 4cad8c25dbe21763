"""Where Xero lives: three base addresses, which a simulator may share as one. No settings here."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from unified.vocabulary import ACCOUNTING_API

_ID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_FILE: Final = re.compile(rf"(/attachments/)(?!{_ID}/?$).+", re.IGNORECASE | re.DOTALL)


def shown(path: str) -> str:
    """A path as logs and messages may show it, decoded: a file's name is what people wrote, and may
    tell of somebody; its id may stay."""
    return _FILE.sub(r"\1…", unquote(path))


@dataclass(frozen=True, slots=True, kw_only=True)
class XeroUrls:
    """Base addresses without a slash at the end (Xero: OAuth 2.0 auth flow, API overview)."""

    api: str = "https://api.xero.com"
    identity: str = "https://identity.xero.com"
    login: str = "https://login.xero.com"

    @classmethod
    def at(cls, base: str) -> "XeroUrls":
        """Everything below one base address, as the simulator serves it."""
        base = base.rstrip("/")
        return cls(api=base, identity=base, login=base)

    def __post_init__(self) -> None:
        for name in ("api", "identity", "login"):
            object.__setattr__(self, name, getattr(self, name).rstrip("/"))

    @property
    def authorize(self) -> str:
        """The page on which a person consents."""
        return f"{self.login}/identity/connect/authorize"

    @property
    def token(self) -> str:
        """Exchanges codes and refresh tokens."""
        return f"{self.identity}/connect/token"

    @property
    def revocation(self) -> str:
        """Ends a refresh token, and with it all connections of that user."""
        return f"{self.identity}/connect/revocation"

    @property
    def connections(self) -> str:
        """Which tenants a token may speak for."""
        return f"{self.api}/connections"

    def accounting(self, *parts: str) -> str:
        """The address of an accounting endpoint, of one item of it, or of something below."""
        return self.below(ACCOUNTING_API, *parts)

    def below(self, api: str, *parts: str) -> str:
        """The same below any of Xero's APIs, such as `payroll.xro/1.0`."""
        return "/".join((self.api, api, *(quote(part, safe="") for part in parts)))
