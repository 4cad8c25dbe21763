"""What this installation lets linking do, and the addresses it hands out: settings, read.

`external_id` is a program's name for its customer, and decides whose books a program takes them
for. So whose word it is counts: a session's is that of an API key, the one in a bare `/connect`
that of whoever opened it. The latter never takes the place of the former, and a setting refuses it.
"""

from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from api.origins import is_origin_of, may_return_to
from unified.ids import TenantId

LONGEST_EXTERNAL_ID = 200  #: characters
CONNECT_PATH = "/connect"
CALLBACK_PATH = "/connect/callback"


class NotAllowed(Exception):
    """What was asked for may not be: `field` says of which part, `code` why, the text in words."""

    def __init__(self, name: str, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = name
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRules:
    """What linking may do.

    Attributes:
        public_url: our own address as browsers see it; Xero must know it with CALLBACK_PATH.
        scopes: what the consent asks for.
        return_origins: `scheme://host[:port]` of pages that `return_to` may name and that may open
            `/connect` in a window of their own.
        bare: whether `/connect` may be opened without a session (and so bring unverified names).
        by_browser: false for a custom connection, which links by itself.
        writes: whether consents are asked for what writes.
    """

    public_url: str
    scopes: tuple[str, ...]
    return_origins: frozenset[str] = field(default_factory=frozenset)
    bare: bool = True
    by_browser: bool = True
    writes: bool = False

    @property
    def redirect_uri(self) -> str:
        """Where Xero sends the person back to; compared letter by letter."""
        return self.address(CALLBACK_PATH)

    @property
    def root(self) -> str:
        """The path below which browsers see us: usually empty."""
        return urlsplit(self.public_url).path.rstrip("/")

    def address(self, path: str, **query: str | None) -> str:
        """One of our own addresses."""
        named = {name: value for name, value in query.items() if value is not None}
        return f"{self.public_url.rstrip('/')}{path}{f'?{urlencode(named)}' if named else ''}"

    def again(self, tenant_id: TenantId) -> str | None:
        """The address at which a person links this organisation, and no other, again. It is good
        for ever and carries no secret: only who may consent for that organisation can use it."""
        return self.address(CONNECT_PATH, tenant_id=tenant_id) if self.by_browser else None

    def check_external_id(self, external_id: str | None) -> None:
        """It is stored, logged and sent on with messages. Raises NotAllowed."""
        if external_id is None:
            return
        if not 0 < len(external_id) <= LONGEST_EXTERNAL_ID:
            said = f"external_id may have {LONGEST_EXTERNAL_ID} characters."
            raise NotAllowed("external_id", "external_id_too_long", said)
        if not external_id.isprintable():
            said = "external_id may not hold control characters."
            raise NotAllowed("external_id", "external_id_unprintable", said)

    def check_return_to(self, return_to: str | None) -> None:
        """Only to origins the settings name. Raises NotAllowed."""
        if return_to is not None and not may_return_to(return_to, self.return_origins):
            said = "return_to names an address that is not among the allowed origins."
            raise NotAllowed("return_to", "return_to_not_allowed", said)

    def check_opener(self, opener: str | None) -> None:
        """Only pages of origins the settings name hear how linking ended. Raises NotAllowed."""
        if opener is not None and not self.may_hear(opener):
            said = "The page that opened this window is not among the allowed origins."
            raise NotAllowed("opener", "opener_not_allowed", said)

    def may_hear(self, origin: str) -> bool:
        """Whether a page of this origin may hear how linking ended."""
        return is_origin_of(origin, self.return_origins)
