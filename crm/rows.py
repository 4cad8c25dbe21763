"""States as rows of the consumer's own tables: one table for each kind of state, all alike.

A row is written only over an older version. No rules here, and no marks: see tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

import msgspec

from crm.kit import Key, Version
from crm.partitions import tenant_hash
from crm.states import CreditState, InvoiceState, PaymentState, Settlement, State
from storage.database import Connection

#: Which fields of a state this program stores. A row of a smaller shape was stored by an older
#: program: it is replaced by its own version, read again.
SHAPE: Final = 2

_TYPES: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("tenant_id", "invoice_id", "credit_id", "payment_id", "contact_id", "target_id"), "uuid"
    ),
    **dict.fromkeys(("epoch", "sequence"), "bigint"),
    **dict.fromkeys(("due_date", "paid_on"), "date"),
    **dict.fromkeys(
        (
            "total",
            "total_base",
            "amount",
            "amount_due",
            "amount_due_base",
            "amount_paid",
            "amount_credited",
            "rate",
            "remaining",
            "remaining_base",
        ),
        "numeric",
    ),
    "gone": "boolean",
    "updated_at": "timestamptz",
    "settled_by": "json",
}
_NOT_STORED = frozenset({"targets"})
_SETTLED = msgspec.json.Decoder(tuple[Settlement, ...])

S = TypeVar("S", InvoiceState, CreditState, PaymentState)


@dataclass(frozen=True)
class Rows(Generic[S]):
    """The rows of one kind of state.

    Attributes:
        entity: the column that holds the unified id.
        on_update: what else an update of a row sets.
    """

    state: type[S]
    table: str
    entity: str
    on_update: str = ""

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns that hold a state, in the order of its fields."""
        return tuple(each.name for each in fields(self.state) if each.name not in _NOT_STORED)

    @cached_property
    def selected(self) -> str:
        """Those columns of the table `r` in a SELECT from which `read` makes a state."""
        return ", ".join(
            f"r.{column}::text" if _TYPES.get(column) == "uuid" else f"r.{column}"
            for column in self.columns
        )

    @cached_property
    def _upsert(self) -> str:
        names = ", ".join(self.columns)
        arrays = ", ".join(
            f"${n}::{_TYPES.get(c, 'text')}[]" for n, c in enumerate(self.columns, 1)
        )
        updates = ", ".join(f"{c} = excluded.{c}" for c in (*self.columns[2:], "shape"))
        last = len(self.columns) + 1
        return f"""
            INSERT INTO {self.table} AS r ({names}, tenant_hash, shape)
            SELECT {names}, tenant_hash, {SHAPE}
            FROM unnest({arrays}, ${last}::int[]) AS fresh({names}, tenant_hash)
            ON CONFLICT (tenant_id, {self.entity}) DO UPDATE SET {updates}{self.on_update}
            WHERE (r.epoch, r.sequence, r.shape)
                < (excluded.epoch, excluded.sequence, excluded.shape)
        """  # noqa: S608  # made of our own column names

    def read(self, row: Mapping[str, Any]) -> S:
        """Return the state in the selected columns of a row."""
        content = {column: row[column] for column in self.columns}
        if content.get("settled_by") is not None:
            content["settled_by"] = _SETTLED.decode(content["settled_by"])
        return self.state(**content)

    async def versions(self, conn: Connection, keys: Sequence[Key]) -> dict[Key, Version]:
        """Return the version up to which each stored thing is known; not stored: not known.

        What an older program stored is known up to the version before.
        """
        found = await conn.fetch(
            f"""
            SELECT k.tenant_id::text, k.resource, k.id::text, r.epoch,
                   r.sequence - (r.shape < {SHAPE})::int AS sequence
            FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS k(tenant_id, resource, id)
            JOIN {self.table} AS r ON (r.tenant_id, r.{self.entity}) = (k.tenant_id, k.id)
            """,  # noqa: S608  # made of our own names
            [key.tenant_id for key in keys],
            [key.resource for key in keys],
            [key.entity_id for key in keys],
        )
        return {
            Key(row["tenant_id"], row["resource"], row["id"]): Version(
                row["epoch"], row["sequence"]
            )
            for row in found
        }

    async def stored(
        self, conn: Connection, column: str, states: Sequence[State]
    ) -> set[tuple[str, str]]:
        """Return what an id column holds for these things now, with the tenant."""
        found = await conn.fetch(
            f"""
            SELECT r.tenant_id::text AS tenant, r.{column}::text AS held
            FROM unnest($1::uuid[], $2::uuid[]) AS k(tenant_id, id)
            JOIN {self.table} AS r ON (r.tenant_id, r.{self.entity}) = (k.tenant_id, k.id)
            WHERE r.{column} IS NOT NULL
            """,  # noqa: S608  # made of our own names
            [state.tenant_id for state in states],
            [state.key.entity_id for state in states],
        )
        return {(row["tenant"], row["held"]) for row in found}

    async def write(self, conn: Connection, states: Sequence[S]) -> None:
        """Write newer states, one per thing; an older state than the stored one changes nothing."""
        ordered = sorted(states, key=lambda state: state.key)
        columns = [[_written(getattr(state, c)) for state in ordered] for c in self.columns]
        hashes = [tenant_hash(state.tenant_id) for state in ordered]
        await conn.execute(self._upsert, *columns, hashes)


def _written(value: Any) -> Any:
    return msgspec.json.encode(value).decode() if isinstance(value, tuple) else value


INVOICES: Final = Rows(
    InvoiceState, "crm_invoice", "invoice_id", ", dirty = true, mark = r.mark + 1"
)
CREDITS: Final = Rows(CreditState, "crm_credit", "credit_id")
PAYMENTS: Final = Rows(PaymentState, "crm_payment", "payment_id")
