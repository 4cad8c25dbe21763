"""Whatever can be changed is changed: each operation that is claimed, through the real api, against
the simulator, and its effect is found in the answer, the mirror, the books and on Kafka.

One installation serves all of them, since it takes longer to start than to write.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import httpx
import pytest

from simulator.config import SimulatorConfig, TenantSpec
from storage.api_keys import create_api_key
from tests.acceptance.rig import QUICK, SMALL, running
from tests.acceptance.writing import documents, files, money, others, people, settings
from tests.acceptance.writing.world import World
from tests.figures import Figure
from unified.broker import BrokerSettings
from unified.ids import TenantId
from unified.resources import RESOURCES, operations_of

Proof = Callable[[World], Awaitable[None]]
PROOFS: Final[tuple[Proof, ...]] = (
    settings.prove_accounts,
    settings.prove_tax_rates,
    settings.prove_currencies,
    settings.prove_items,
    people.prove_contacts,
    people.prove_groups,
    documents.prove_invoices,
    documents.prove_credit_notes,
    documents.prove_orders,
    documents.prove_quotes,
    documents.prove_templates,
    documents.prove_journals,
    money.prove_payments,
    money.prove_batches,
    money.prove_bank,
    money.prove_transfers,
    money.prove_prepayments,
    money.prove_overpayments,
    files.prove_files,
    files.prove_notes,
    settings.prove_tracking,
    others.prove_several_at_once,
    others.prove_other_removals,
)
CONFIG: Final = SimulatorConfig(
    tenants=(TenantSpec(currency="NZD"),), opening=SMALL, delivery=QUICK, no_limits=True
)
HURRY: Final = 30.0  #: business seconds in a real one: as many calls as the budget lets through


def claimed() -> set[str]:
    """Every operation that the resource files declare, by its resource's name and its own."""
    return {
        f"{World.name_of(source)}.{command.name}"
        for source in RESOURCES
        for command in operations_of(source)
    }


@pytest.mark.timeout(600)
async def test_every_claimed_operation_does_what_it_says(
    database_url: str, embedded_broker_settings: BrokerSettings, figure: Figure
) -> None:
    """All proofs run, so that one failure does not hide another."""
    async with running(database_url, embedded_broker_settings, CONFIG) as rig:
        [tenant] = [TenantId(each) for each in rig.tenants]
        key = await create_api_key(rig.db, "proof", scopes=("read", "write"), tenants=(tenant,))
        [api] = rig.running("api")
        headers = {"Authorization": f"Bearer {key.text}"}
        async with httpx.AsyncClient(base_url=api.url, headers=headers, timeout=60) as http:
            world = World(rig, http, tenant, rig.simulator.books.tenant(tenant).ledger)
            failed = []
            async with rig.clock.hurrying(pace=HURRY):
                for proof in PROOFS:
                    try:
                        await proof(world)
                    except Exception as error:  # noqa: BLE001  # all of them are told below
                        failed.append(f"{proof.__name__}: {type(error).__name__}: {error}")

            assert not failed, "\n".join(failed)
            claims = await world.claimed()
            assert world.left_out(claims) == []
            assert claimed() == world.proven
            await rig.quiet()
            assert await world.published() == []
            figure(
                f"{len(claims)} writing operations done as claimed, {len(world.promised)} changes "
                "seen in answer, mirror, books and on Kafka"
            )
