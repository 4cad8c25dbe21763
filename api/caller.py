"""Who asks: the API key behind `Authorization: Bearer lw_…`, and what it may do."""

from dataclasses import dataclass

from starlette.requests import Request

from api.problems import Problem
from storage.api_keys import ApiKey, find_api_key
from storage.database import Database
from unified.ids import TenantId


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent the request."""

    key: ApiKey

    @property
    def name(self) -> str:
        """How audit and events name it: never the key itself."""
        return f"key:{self.key.id}"

    def sees(self, tenant_id: TenantId) -> bool:
        """Whether the organisation exists for this caller."""
        return self.key.tenants is None or tenant_id in self.key.tenants

    def require(self, scope: str) -> None:
        """Raises Problem `scope_missing` where the key does not cover it."""
        if not self.key.may(scope):
            detail = f"The key {self.key.id} has no scope {scope!r}."
            raise Problem("scope_missing", detail, {"needed_scope": scope})


async def caller_of(db: Database, request: Request) -> Caller:
    """Find the key.

    Raises:
        Problem: `key_missing`, `key_refused`.
    """
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    told = {"WWW-Authenticate": 'Bearer realm="ledgerwire"'}
    if kind.lower() != "bearer" or not text.strip():
        raise Problem("key_missing", "The request carries no API key.", headers=told)
    key = await find_api_key(db, text.strip())
    if key is None:
        raise Problem("key_refused", "No living key has this text.", headers=told)
    return Caller(key)
