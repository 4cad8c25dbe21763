"""Everything that came out, read back and handed to the oracle with the simulator's raw books."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import httpx
import msgspec

from crm.snapshot import all_partitions, snapshot
from oracle.difference import Difference
from oracle.inputs import KafkaRecord, MirrorRow
from oracle.judge import Verdict, examine
from storage.database import Database
from unified.broker import BrokerSettings
from unified.resources import KINDS
from unified.topics import contact_status_topic, events_topic, invoice_status_topic, state_topic


@dataclass(frozen=True, slots=True)
class Judged:
    """The oracle's verdict and what it was given."""

    verdict: Verdict
    topics: Mapping[str, int]  #: records by topic

    @property
    def differences(self) -> list[Difference]:
        """All that disagrees; none means that mirror, topics and books agree."""
        return self.verdict.differences


async def judge_installation(db: Database, broker: BrokerSettings, control_url: str) -> Judged:
    """Compare the books with mirror, event topics, state topics and CRM topics."""
    async with httpx.AsyncClient(timeout=60.0) as http:
        books = (await http.get(f"{control_url}/books")).content
    prefix = broker.prefix
    events = await read_topics(broker, *(events_topic(prefix, each) for each in KINDS))
    states = await read_topics(broker, *(state_topic(prefix, each) for each in KINDS))
    invoices = await read_topics(broker, invoice_status_topic(prefix))
    contacts = await read_topics(broker, contact_status_topic(prefix))
    verdict = examine(
        books,
        await mirror_rows(db),
        events,
        states,
        invoices,
        contacts,
        today=await business_dates(db),
    )
    counted = Counter(record.topic for record in (*events, *states, *invoices, *contacts))
    return Judged(verdict, dict(sorted(counted.items())))


async def read_topics(broker: BrokerSettings, *topics: str) -> list[KafkaRecord]:
    """Every committed record of these topics, in the order of each partition; those, too, that were
    acknowledged only now."""
    found: list[KafkaRecord] = []
    partitions = all_partitions(broker.partitions, *topics)
    async for batch in snapshot(broker, partitions, settled=True):
        found.extend(
            KafkaRecord(r.topic, r.partition, r.offset, r.key, tuple(r.headers), r.value)
            for r in batch
        )
    return found


async def mirror_rows(db: Database) -> list[MirrorRow]:
    """The whole mirror."""
    rows = await db.fetch(
        """SELECT r.tenant_id, r.resource, r.remote_id, r.unified, r.sequence, t.epoch
             FROM record r JOIN tenant t ON t.id = r.tenant_id"""
    )
    return [
        MirrorRow(
            row["tenant_id"],
            row["resource"],
            row["remote_id"],
            msgspec.json.decode(row["unified"]),
            row["sequence"],
            row["epoch"],
        )
        for row in rows
    ]


async def business_dates(db: Database) -> dict[str, date]:
    """Each linked organisation's calendar day."""
    rows = await db.fetch(
        "SELECT id, business_date FROM tenant WHERE state = 'linked' AND business_date IS NOT NULL"
    )
    return {row["id"]: row["business_date"] for row in rows}
