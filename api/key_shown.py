"""An API key as anybody who may see it is shown it: by the api and by commands. Never its text."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from storage.api_keys import ApiKey
from unified.codecs import instant_text


def key_shown(key: ApiKey, used: Mapping[str, datetime]) -> dict[str, Any]:
    """What is known of it; `used` says when keys were last used, by id."""
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "tenants": None if key.tenants is None else list(key.tenants),
        "created_at": instant_text(key.created_at),
        "expires_at": _instant(key.expires_at),
        "revoked_at": _instant(key.revoked_at),
        "last_used_at": _instant(used.get(key.id)),
        "requests_a_minute": key.requests_a_minute,
        "made_by": key.made_by,
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else instant_text(at)
