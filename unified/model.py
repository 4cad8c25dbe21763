"""The types of which the schemas of records are made.

Models are the published shape and what tests hold records against; no record is validated while
it is made. Open enums say so in JSON Schema: a value that a later version adds breaks nobody.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_after_validator_function

Amount = Annotated[
    str,
    StringConstraints(pattern=r"^-?\d+(\.\d+)?$"),
    Field(description="Plain notation, at least the currency's minor digits"),
]
Number = Annotated[
    str,
    StringConstraints(pattern=r"^-?(0|[1-9]\d*)(\.\d*[1-9])?$"),
    Field(description="Plain notation without trailing zeros"),
]
Rate = Annotated[
    str,
    StringConstraints(pattern=r"^(0|[1-9]\d*)(\.\d{0,15}[1-9])?$"),
    Field(description="At most 16 fraction digits"),
]
Day = Annotated[
    str,
    StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$"),
    Field(description="A calendar day of the organisation", json_schema_extra={"format": "date"}),
]
Instant = Annotated[
    str,
    StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$"),
    Field(description="UTC, milliseconds", json_schema_extra={"format": "date-time"}),
]
Uuid = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
    Field(json_schema_extra={"format": "uuid"}),
]
Month = Annotated[
    str,
    StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])$"),
    Field(description="A calendar month, such as 2026-11"),
]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(description="ISO 4217")]
#: Texts by the care they need; schemas/privacy.py says what each class means.
Personal = Annotated[str, Field(json_schema_extra={"x-privacy": "personal"})]
BankDetail = Annotated[str, Field(json_schema_extra={"x-privacy": "bank_detail"})]
FreeText = Annotated[str, Field(json_schema_extra={"x-privacy": "free_text"})]
Label = Annotated[str, Field(json_schema_extra={"x-privacy": "none"})]  #: of a thing of the books


class OneOf:
    """Marks a text as an open enum: one of `values`, or "unknown" for what Xero added since.

    The schema names the values without closing the list, so adding one is compatible.
    """

    def __init__(self, *values: str) -> None:
        self.values = (*values, "unknown")

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Hold a value to the list when our own output is validated."""
        return no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Name the values without closing the list."""
        return {**handler(schema), "x-known-values": list(self.values)}

    def _check(self, value: str) -> str:
        if value not in self.values:
            raise ValueError("not a known value")
        return value


class Part(BaseModel):
    """Anything inside a record or an event.

    Attributes:
        read_only: fields of it that nobody writes, where the others are written.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)
    read_only: ClassVar[frozenset[str]] = frozenset()


class Ref(Part):
    """Another thing; null ids and a code or a name where Xero names no id."""

    id: Uuid | None
    remote_id: str | None
    code: str | None = None
    name: Personal | None = None  # a contact's too


class WrittenRef(Part):
    """Another thing, as callers name it: by our id, or by Xero's; accounts by their code too."""

    id: Uuid | None = None
    remote_id: str | None = None
    code: str | None = None
    name: Personal | None = None


class CustomField(Part):
    """One value of a mapping that the user configured."""

    key: str
    name: Label
    type: str
    value: Annotated[Any, Field(json_schema_extra={"x-privacy": "free_text"})]
    source: str


class NoExtensions(Part):
    """A resource without provider-only fields."""


DeletionKind = Annotated[str, OneOf("deleted", "missing", "merged", "erased", "disconnected")]


class Record(Part):
    """The common block: what every record begins with."""

    id: Uuid
    remote_id: str
    resource: str
    provider: Literal["xero"]
    tenant_id: Uuid
    connection_id: Uuid
    remote_url: str | None
    created_at: Instant | None
    updated_at: Instant | None
    first_seen_at: Instant
    changed_at: Instant
    verified_at: Instant
    version: Annotated[int, Field(ge=1)]
    content_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    status: str | None
    remote_status: str | None
    is_deleted: bool
    deleted_at: Instant | None
    deletion_kind: DeletionKind | None
    merged_into: Ref | None
    custom_fields: list[CustomField]
    extensions: Annotated[Any, Field(json_schema_extra={"type": "object"})]
    completeness: Annotated[str, OneOf("full", "summary")]


class Address(Part):
    """A postal or street address without its kind."""

    line_1: Personal | None
    line_2: Personal | None
    line_3: Personal | None
    line_4: Personal | None
    city: Personal | None
    region: str | None
    postal_code: Personal | None
    country: str | None


class TypedAddress(Part):
    """One of a party's addresses."""

    type: Annotated[str, OneOf("postal", "street", "delivery", "registered", "other")] | None
    remote_type: str | None
    line_1: Personal | None
    line_2: Personal | None
    line_3: Personal | None
    line_4: Personal | None
    city: Personal | None
    region: str | None
    postal_code: Personal | None
    country: str | None
    attention: Personal | None


class Phone(Part):
    """One of a party's telephone numbers, in the parts in which it was entered."""

    type: Annotated[str, OneOf("default", "direct", "mobile", "fax", "office")] | None
    remote_type: str | None
    number: Personal | None
    area_code: str | None
    country_code: str | None
    e164: Personal | None


class Email(Part):
    """One of somebody's addresses; the main one is primary."""

    type: Annotated[str, OneOf("main", "person")]
    email: Personal
    is_primary: bool


class Term(Part):
    """When an invoice falls due by default."""

    days: int | None
    basis: (
        Annotated[
            str,
            OneOf(
                "days_after_bill_date",
                "days_after_bill_month",
                "of_current_month",
                "of_following_month",
            ),
        ]
        | None
    )
    remote_basis: str | None


class PaymentTerms(Part):
    """Terms for what is sold and what is bought."""

    sales: Term | None
    bills: Term | None


class Tracking(Part):
    """One category and the option chosen in it."""

    category: Ref | None
    option: Ref | None
