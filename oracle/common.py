"""The block that every record begins with, and references."""

from datetime import date
from typing import Any, NamedTuple

from oracle.ids import thing_id
from oracle.match import AnyOf


class Setting(NamedTuple):
    """What values of one organisation's things depend on beside the things themselves."""

    tenant: str
    base_currency: str | None
    today: date


def identity(setting: Setting, resource: str, remote_id: str) -> dict[str, Any]:
    """Who a record is about, and what no thing of these books has."""
    return {
        "id": thing_id(setting.tenant, resource, remote_id),
        "remote_id": remote_id,
        "resource": resource,
        "provider": "xero",
        "tenant_id": setting.tenant,
        "custom_fields": [],
        "completeness": "full",
    }


def removed(kind: str | None) -> dict[str, Any]:
    """Whether and how the thing is gone."""
    return {"is_deleted": kind is not None, "deletion_kind": kind}


def ref(tenant: str, resource: str, remote_id: str | None) -> dict[str, Any] | None:
    """A reference by id."""
    if remote_id is None:
        return None
    return {"id": thing_id(tenant, resource, remote_id), "remote_id": remote_id}


def code_ref(code: str | None) -> dict[str, Any] | None:
    """A reference that is known by its code only: without ids."""
    return None if code is None else {"id": None, "remote_id": None, "code": code}


def name_ref(name: str | None) -> dict[str, Any] | None:
    """A reference that is known by its name only: without ids."""
    return None if name is None else {"id": None, "remote_id": None, "name": name}


def flag(value: Any) -> Any:
    """A flag; where Xero leaves the key out, nothing was said: no, or not known."""
    return AnyOf((False, None)) if value is None else bool(value)


def iso(day: date | None) -> str | None:
    """A calendar day as text."""
    return None if day is None else day.isoformat()
