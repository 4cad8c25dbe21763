"""What people call things on the command line: organisations and resources, and what is meant."""

from collections.abc import Sequence

from ledgerwire.failures import WrongUsage
from storage.database import Database
from storage.tenants import TenantSummary, tenants
from unified.resource import Resource
from unified.resources import KINDS, RESOURCES


async def named_tenant(db: Database, name: str) -> TenantSummary:
    """The organisation of this id, external id or name.

    Raises:
        WrongUsage: there is none, or several have the name.
    """
    wanted = name.strip()
    found = [
        each
        for each in await tenants(db)
        if each.id == wanted.lower() or wanted in (each.external_id, each.name)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise WrongUsage(
            f"{len(found)} organisations are called {wanted}: take an id from `ledgerwire tenants`"
        )
    raise WrongUsage(f"There is no organisation {wanted}: `ledgerwire tenants` lists them")


def named_resources(names: Sequence[str]) -> tuple[Resource, ...]:
    """The resources of these names (`invoices`, `invoice` or Xero's `Invoices`), each with all its
    sources; without a name all there are, in the order in which they are read.

    Raises:
        WrongUsage: one is none of ours.
    """
    if not names:
        return RESOURCES
    known: dict[str, Resource] = {}
    for each in RESOURCES:
        for alias in (each.name, each.plural, each.topic_part, each.endpoint.path.lower()):
            known[alias] = each
    chosen = set()
    for name in names:
        resource = known.get(name.strip().lower())
        if resource is None:
            plurals = ", ".join(sorted(each.plural for each in KINDS))
            raise WrongUsage(f"There is no resource {name}: take one of {plurals}")
        chosen.add(resource.name)
    return tuple(each for each in RESOURCES if each.name in chosen)
