"""What each resource came to in a demo: records, events, calls, bytes, and how fresh events were.

Freshness is the time from Xero's stamp of a change until Kafka acknowledged its event, by business
time: what a webhook tells is seconds old, what only a sweep finds may be as old as a night.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from storage.database import Database
from unified.resource import Resource
from unified.resources import SOURCES

_HEAD = ("resource", "records", "events", "calls", "kB", "fresh p50", "fresh p99")

# Business time is real time plus how far it was ahead by then. What moved without Xero's stamp, as
# an account's balance does, has no age.
_PER_RESOURCE = """
WITH aged AS (
  SELECT resource,
         extract(epoch FROM relayed_at - stamped_at)
           + coalesce((SELECT max(seconds) FROM unnest($1::timestamptz[], $2::float8[])
                                             AS ahead(at, seconds)
                        WHERE ahead.at <= relayed_at), 0) AS seconds
    FROM (SELECT resource, relayed_at,
                 (convert_from(value, 'UTF8')::json #>> '{timing,source_changed_at}')::timestamptz
                   AS stamped_at
            FROM event
           WHERE cause NOT IN ('backfill', 'time')
             AND convert_from(value, 'UTF8')::json #>> '{before,updated_at}'
                 IS DISTINCT FROM convert_from(value, 'UTF8')::json #>> '{after,updated_at}'
         ) AS told
), fresh AS (
  SELECT resource, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS p50,
         percentile_cont(0.99) WITHIN GROUP (ORDER BY seconds) AS p99
    FROM aged WHERE seconds IS NOT NULL GROUP BY resource
), recorded AS (
  SELECT resource, count(*) AS records FROM record GROUP BY resource
), told AS (
  SELECT resource, count(*) AS events FROM event GROUP BY resource
)
SELECT resource, coalesce(records, 0) AS records, coalesce(events, 0) AS events, p50, p99
  FROM recorded FULL JOIN told USING (resource) FULL JOIN fresh USING (resource)
"""
_PER_ENDPOINT = """
SELECT endpoint, sum(calls)::bigint AS calls, sum(bytes)::bigint AS bytes
  FROM endpoint_usage GROUP BY endpoint
"""


@dataclass(frozen=True, slots=True)
class ResourceFigures:
    """One resource of all organisations together."""

    records: int
    events: int
    calls: int
    bytes: int
    fresh_p50_s: float | None  #: seconds; None where Xero stamps nothing, or nothing changed
    fresh_p99_s: float | None


@dataclass(frozen=True, slots=True)
class Ahead:
    """From an instant (real time) on, business time was so much ahead."""

    at: datetime
    offset: timedelta


async def per_resource(
    db: Database, history: Sequence[Ahead], resources: Iterable[Resource] = SOURCES
) -> dict[str, ResourceFigures]:
    """Figures by plural, in the order of the resources; one of no record has a row, too."""
    rows = await db.fetch(
        _PER_RESOURCE,
        [each.at for each in history],
        [each.offset.total_seconds() for each in history],
    )
    told = {row["resource"]: row for row in rows}
    calls: Counter[str] = Counter()
    size: Counter[str] = Counter()
    spent = {row["endpoint"]: row for row in await db.fetch(_PER_ENDPOINT)}
    plurals: dict[str, str] = {}
    for each in resources:
        plurals[each.name] = each.plural
        if (row := spent.get(each.endpoint.path)) is not None:
            calls[each.name] += row["calls"]
            size[each.name] += row["bytes"]
    found = {}
    for name, plural in plurals.items():
        row = told.get(name)
        found[plural] = ResourceFigures(
            records=row["records"] if row else 0,
            events=row["events"] if row else 0,
            calls=calls[name],
            bytes=size[name],
            fresh_p50_s=_rounded(row["p50"] if row else None),
            fresh_p99_s=_rounded(row["p99"] if row else None),
        )
    return found


def table(figures: dict[str, ResourceFigures]) -> list[str]:
    """Lines to print, a head first."""
    rows = [
        _HEAD,
        *(
            (
                plural,
                f"{each.records:,}",
                f"{each.events:,}",
                f"{each.calls:,}",
                f"{each.bytes / 1000:,.0f}",
                _age(each.fresh_p50_s),
                _age(each.fresh_p99_s),
            )
            for plural, each in figures.items()
        ),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    return [
        "  ".join(
            text.ljust(width) if column == 0 else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def as_json(figures: dict[str, ResourceFigures]) -> dict[str, dict[str, float | None]]:
    """The same for `--json`."""
    return {plural: asdict(each) for plural, each in figures.items()}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _age(seconds: float | None) -> str:
    """With the unit in which a person would say it."""
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
