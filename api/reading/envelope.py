"""The envelope of every read: the records, where to go on, and what the answer says about itself.

Records are put in as the bytes they are stored as; nothing of them is decoded on the way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec
from starlette.responses import Response

from api.operation import JSON
from unified.codecs import instant_text
from unified.envelope import MAPPING_VERSION
from unified.ids import TenantId

MIRROR: Final = "mirror"
LIVE: Final = "live"


@dataclass(frozen=True, slots=True)
class Warned:
    """What a caller should know of an answer.

    Attributes:
        code: stable: programs decide by it.
        detail: a sentence.
        endpoint: of Xero's, where it is about one.
    """

    code: str
    detail: str
    endpoint: str | None = None

    def told(self) -> dict[str, str]:
        """As JSON."""
        told = {"code": self.code, "detail": self.detail}
        return told if self.endpoint is None else {**told, "endpoint": self.endpoint}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """What an answer says about itself.

    Attributes:
        as_of: business time: what Xero had stamped up to here is in the answer; None: not known.
        max_staleness_s: how long ago that is, in whole seconds, rounded up.
        cost: calls to Xero that it took, and their bytes; None: none were to be made.
    """

    source: str
    as_of: datetime | None
    max_staleness_s: int | None
    tenant_id: TenantId
    schema_version: str
    warnings: Sequence[Warned] = ()
    cost: Mapping[str, int] | None = None

    def told(self) -> dict[str, Any]:
        """As JSON."""
        told = {
            "source": self.source,
            "as_of": None if self.as_of is None else instant_text(self.as_of),
            "max_staleness_s": self.max_staleness_s,
            "tenant_id": self.tenant_id,
            "schema_version": self.schema_version,
            "mapping_version": MAPPING_VERSION,
            "warnings": [each.told() for each in self.warnings],
        }
        return told if self.cost is None else {**told, "cost": dict(self.cost)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAnswer:
    """One page. `records` are JSON objects as bytes."""

    records: Sequence[bytes] = field(repr=False)
    next_cursor: str | None
    prev_cursor: str | None
    limit: int
    is_partial: bool
    meta: Meta

    def response(self) -> Response:
        """The page as it is sent."""
        rest = msgspec.json.encode(
            {
                "next_cursor": self.next_cursor,
                "prev_cursor": self.prev_cursor,
                "limit": self.limit,
                "result_count": len(self.records),
                "is_partial_response": self.is_partial,
                "meta": self.meta.told(),
            }
        )
        # One copy of what may be much: records and commas by turns.
        pieces = [b","] * (2 * len(self.records))
        pieces[::2] = self.records
        content = b"".join((b'{"result":[', *pieces[:-1], b"],", rest[1:]))
        return Response(content, media_type=JSON)


def one_answer(record: bytes, meta: Meta, headers: Mapping[str, str]) -> Response:
    """One record, a JSON object as bytes, as it is sent: under the same names as those of a list,
    and as what a write is answered with."""
    content = b"".join((b'{"result":', record, b',"meta":', msgspec.json.encode(meta.told()), b"}"))
    return Response(content, media_type=JSON, headers=dict(headers))
