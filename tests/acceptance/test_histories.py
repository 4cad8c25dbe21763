"""Whatever is lost, doubled, late, overtaken, refused or killed: the books win.

A failing history is named by its seed, with the command that plays it again.
"""

import os
import time
from collections.abc import Sequence

import pytest

from crm.rebuild import differences, published, rebuilt
from oracle.difference import Difference
from oracle.report import report
from tests.acceptance.histories import History, organisations, play
from tests.acceptance.rig import running
from tests.figures import Figure
from unified.broker import BrokerSettings

SEEDS = range(104)
AT_ONCE = 26  #: histories that share one rig
ONLY = "LEDGERWIRE_TEST_SEEDS"  #: such as `17`, or `13-25`: play these instead, in one rig


def batches() -> list[Sequence[int]]:
    """The seeds of each rig."""
    first, _, last = os.environ.get(ONLY, "").partition("-")
    if first:
        return [range(int(first), int(last or first) + 1)]
    return [SEEDS[start : start + AT_ONCE] for start in range(0, len(SEEDS), AT_ONCE)]


@pytest.mark.acceptance
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seeds", batches(), ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
async def test_random_histories_end_in_agreement(
    database_url: str,
    embedded_broker_settings: BrokerSettings,
    seeds: Sequence[int],
    figure: Figure,
) -> None:
    """Mirror, topics and payment statuses equal the books; numbers are without gaps; no event
    is without a difference; statuses kept up change by change are those worked out anew."""
    async with running(database_url, embedded_broker_settings, organisations(seeds)) as rig:
        began = time.monotonic()
        histories = await play(rig, seeds)
        judged = await rig.judge()
        kept = await published(rig.here.broker)
        anew = await rebuilt(rig.here.broker, rig.clock.now())

    took_s = time.monotonic() - began
    counts, deliveries = judged.verdict.counts, rig.simulator.simulation.courier.counts
    figure(
        f"histories {seeds[0]}-{seeds[-1]}: {sum(each.actions for each in histories)} actions, "
        f"{counts['events']} events, {deliveries.packed} deliveries of which {deliveries.lost} "
        f"lost, {deliveries.repeated} repeated, {deliveries.delayed + deliveries.reordered} late; "
        f"{len(seeds) / took_s * 60:.0f} histories a minute"
    )
    assert not judged.differences, explanation(histories, judged.differences)
    assert differences(anew, kept) == []
    # Each record has the event it began with, and some have been told of since.
    assert counts["events"] > counts["mirror"]


def explanation(histories: Sequence[History], differences: Sequence[Difference]) -> str:
    """Which histories went wrong, how, and how to play them again."""
    lines = []
    for history in histories:
        own = [each for each in differences if each.tenant == history.tenant_id]
        if own:
            lines += [f"seed {history.seed}, organisation {history.tenant_id}: {report(own)}"]
    others = [each for each in differences if each.tenant not in {h.tenant_id for h in histories}]
    if others:
        lines.append(report(others))
    first, last = histories[0].seed, histories[-1].seed
    lines.append(f"Again: {ONLY}={first}-{last} pytest tests/acceptance/test_histories.py")
    return "\n".join(lines)
