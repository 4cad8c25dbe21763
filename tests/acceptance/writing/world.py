"""A running installation with a caller, and what a proof looks at after each write: the answer, the
mirror through the api, the simulator's books, and at the end what Kafka was told."""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import httpx

from simulator.endpoints import Query
from simulator.ledger import Ledger
from simulator.refusals import NotFound
from simulator.resources import ENDPOINTS
from simulator.wire import decode
from storage.tenant_context import read_context
from tests.acceptance.rig import Rig
from tests.handlers.kafka import committed
from unified.ids import TenantId, record_id
from unified.resource import Resource
from unified.resources import KINDS, source_of
from unified.shape import Read

Body = Mapping[str, Any]
_numbers = itertools.count(1)
#: Only the whole list shows all of these; what is read of the books then is such a list's.
_LISTED = frozenset({"tracking_category", "repeating_transaction"})


@dataclass(frozen=True)
class Promised:
    """An event that must have been published."""

    name: str  #: of the operation
    resource: str
    entity_id: str
    version: int


@dataclass
class World:
    """Everything at hand.

    Attributes:
        http: speaks to the api with a key of its own.
        proven: names of operations, such as "invoice.approve".
        done: methods and addresses that succeeded.
    """

    rig: Rig
    http: httpx.AsyncClient
    tenant: TenantId
    ledger: Ledger
    proven: set[str] = field(default_factory=set)
    promised: list[Promised] = field(default_factory=list)
    done: set[tuple[str, str]] = field(default_factory=set)

    @property
    def today(self) -> date:
        """A day of the books on which anything may be booked."""
        return self.rig.clock.now().date()

    @property
    def next_year(self) -> date:
        """A day that is far off."""
        return self.today + timedelta(days=365)

    # --- asking

    async def ask(self, method: str, path: str, body: Body | None = None, **more: Any) -> Any:
        """What the api answers to a request that has to succeed."""
        headers = {"Idempotency-Key": f"write-{next(_numbers)}", **more.pop("headers", {})}
        answer = await self.http.request(
            method, f"/v1/accounting/{path}", json=body, headers=headers, **more
        )
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        self.done.add((method, f"/v1/accounting/{path}"))
        return answer.json()

    async def do(self, method: str, path: str, body: Body | None = None, **more: Any) -> Any:
        """The record that a write answers with."""
        return (await self.ask(method, path, body, **more))["result"]

    async def read(self, plural: str, entity_id: str) -> Any:
        """A record of the mirror, through the api."""
        answer = await self.http.get(f"/v1/accounting/{plural}/{entity_id}")
        assert answer.is_success, answer.text
        return answer.json()["result"]

    # --- looking

    async def prove(self, name: str, record: Body, /, **expected: Any) -> Any:
        """An operation did what it says: `record` is its answer, `expected` fields of it.

        The mirror shows the same, the books say the same, and an event is to follow.
        """
        source = self._source(record)
        for key, value in expected.items():
            assert record[key] == value, f"{name}: {key} is {record[key]!r}"
        shown = await self.read(source.plural, record["id"])
        # Xero's own webhook may have been looked into meanwhile: it moves clocks, nothing else.
        assert source.fingerprint(shown) == source.fingerprint(record), f"{name}: {shown}"
        if not record["is_deleted"] or self._in_books(source, record["remote_id"]):
            held = await self.in_books(record)
            differs = source.changed_fields(held, record)
            assert not differs, f"{name}: {differs}"
        self.promise(name, record)
        return record

    def promise(self, name: str, record: Body) -> None:
        """An operation was seen in the books; what is left is its event."""
        self.promised.append(Promised(name, record["resource"], record["id"], record["version"]))
        self.proven.add(name)

    async def one_of(self, source: Resource) -> tuple[str, str]:
        """(Our id, Xero's id) of something of a source that is still there."""
        row = await self.rig.db.fetchrow(
            """SELECT id, remote_id FROM record
                WHERE tenant_id = $1 AND endpoint = $2 AND NOT is_deleted
                  AND coalesce(unified ->> 'status', '') NOT IN ('archived', 'void')
                ORDER BY changed_at DESC LIMIT 1""",
            self.tenant,
            source.endpoint.path,
        )
        assert row is not None, f"no {source.endpoint.path} is left"
        return str(row["id"]), str(row["remote_id"])

    @staticmethod
    def name_of(source: Resource) -> str:
        """How operations of a source are named here: transfers apart from other transactions."""
        return "transfer" if source.endpoint.path == "BankTransfers" else source.name

    def wire(self, path: str, remote_id: str, *, listed: bool = False) -> dict[str, Any]:
        """A thing as the simulator's books have it, by Xero's endpoint.

        Raises:
            NotFound: they have no such thing.
        """
        endpoint = ENDPOINTS[path.lower()]
        query = Query({"unitdp": "4", "includearchived": "true"}, None, "tests")
        if listed or endpoint.read_one is None:
            found = endpoint.read_list(self.ledger, query)
            things = [decode(bytes(each)) for each in found.fragments]
            return next(each for each in things if each[endpoint.id_key] == remote_id)
        [fragment] = endpoint.read_one(self.ledger, query, remote_id).fragments
        raw: dict[str, Any] = decode(bytes(fragment))
        return raw

    async def in_books(self, record: Body) -> dict[str, Any]:
        """The same thing, read from the books and worded as records are."""
        source = self._source(record)
        listed = source.name in _LISTED
        raw = self.wire(source.endpoint.path, record["remote_id"], listed=listed)
        context = await read_context(self.rig.db, self.tenant)
        return source.normalize(raw, context, Read.UNPAGED if listed else Read.SINGLE).record

    def _in_books(self, source: Resource, remote_id: str) -> bool:
        try:
            self.wire(source.endpoint.path, remote_id)
        except (NotFound, StopIteration):
            return False
        return True

    @staticmethod
    def _source(record: Body) -> Resource:
        name = record["resource"]
        if name == "transaction":
            return source_of(name, "BankTransfers" if record["type"] == "transfer" else None)
        return source_of(name, "ManualJournals" if name == "journal_entry" else None)

    async def claimed(self) -> Mapping[str, tuple[str, str]]:
        """Method and address of each operation that changes something, as the api claims them."""
        told = (await self.http.get("/v1/capabilities")).json()
        return {
            each["id"]: (each["method"], each["path"])
            for resource in told["resources"]
            for each in resource["operations"]
            if each["scope"] == "write"
        }

    def left_out(self, claims: Mapping[str, tuple[str, str]]) -> list[str]:
        """The claimed operations that nobody did."""
        return [name for name, (method, path) in claims.items() if not self._did(method, path)]

    def _did(self, method: str, path: str) -> bool:
        fits = re.compile(re.sub(r"\{\w+\}", "[^/]+", path))
        return any(how == method and fits.fullmatch(where) for how, where in self.done)

    async def published(self) -> list[str]:
        """Which promised events are not on Kafka, by their operations; [] is what is wanted."""
        broker = self.rig.here.broker
        wanted: dict[str, list[Promised]] = {}
        for each in self.promised:
            wanted.setdefault(each.resource, []).append(each)
        missing = []
        for name, promises in wanted.items():
            kind = next(each for each in KINDS if each.name == name)
            topic = f"{broker.prefix}.{kind.space}.{kind.topic_part}"
            events = {
                (sent.value["entity"]["id"], sent.value["sequence"]): sent
                for sent in await committed(broker, f"{topic}.events.v1")
            }
            states = {sent.key: sent for sent in await committed(broker, f"{topic}.state.v1")}
            for each in promises:
                sent = events.get((each.entity_id, each.version))
                key = f"{self.tenant}:{name}:{each.entity_id}"
                if sent is None or key not in states:
                    missing.append(each.name)
        return missing

    def ref(self, resource: str, remote_id: str) -> dict[str, str]:
        """Another thing, by our id: anybody can compute it."""
        return {"id": record_id(self.tenant, resource, remote_id)}
