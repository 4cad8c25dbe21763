"""The expected record of any thing in the books."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from oracle.common import Setting
from oracle.contacts import contact
from oracle.invoices import invoice
from oracle.organisation import organisation

_READERS: Final[Mapping[str, Callable[[Mapping[str, Any], Setting], dict[str, Any]]]] = (
    MappingProxyType({"company_info": organisation, "contact": contact, "invoice": invoice})
)
#: Resources that are judged, and the part of a topic's name that is theirs.
TOPIC_PARTS: Final[Mapping[str, str]] = MappingProxyType(
    {"company_info": "company-info", "contact": "contacts", "invoice": "invoices"}
)


def expected_record(resource: str, raw: Mapping[str, Any], setting: Setting) -> dict[str, Any]:
    """What the mirror should hold of a raw object. Raises UnreadableBooks."""
    return _READERS[resource](raw, setting)


def topic_fits(topic: str, resource: str, kind: str) -> bool:
    """Whether a topic is the one for `kind` ("events", "state") records of a resource."""
    part = TOPIC_PARTS.get(resource)
    return part is not None and topic.endswith(f".accounting.{part}.{kind}.v1")
