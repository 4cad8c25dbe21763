"""Dead letters as plain rows, for the command line."""

from typing import Any

from ledgerwire.installation import open_installation
from ledgerwire.settings import Settings
from storage.dead_letters import dead_letters
from unified.codecs import instant_text
from unified.ids import TenantId


async def list_dead_letters(
    settings: Settings, *, tenant_id: str | None, limit: int
) -> list[dict[str, Any]]:
    """The newest dead letters first: what, of whom, since when, why; never their content."""
    async with open_installation(settings, connections=2, broker=False) as here:
        found = await dead_letters(
            here.db, None if tenant_id is None else TenantId(tenant_id), limit=limit
        )
    return [
        {
            "died_at": instant_text(letter.died_at),
            "kind": letter.kind,
            "tenant_id": letter.tenant_id,
            "endpoint": letter.endpoint,
            "remote_id": letter.remote_id,
            "attempts": letter.attempts,
            "error_code": letter.error_code,
            "error": letter.error,
            "size_bytes": letter.size,
            "key": letter.key,
        }
        for letter in found
    ]
