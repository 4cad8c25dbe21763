"""What people call things on the command line: organisations and resources, and what is meant."""

from collections.abc import Sequence

import click

from ledgerwire.failures import WrongUsage
from storage.database import Database
from storage.tenants import TenantSummary, tenants
from unified.resource import Resource
from unified.resources import KINDS, RESOURCES


async def named_tenant(db: Database, name: str) -> TenantSummary:
    """The organisation of this id, external id or name.

    An id is taken before an external id that a program vouches for, and that before all others:
    those were written by whoever linked the organisation, or keeps its books. Taking one of them is
    said on stderr.

    Raises:
        WrongUsage: there is none, or several have the name.
    """
    wanted = name.strip()
    known = await tenants(db)
    by_id = [each for each in known if each.id == wanted.lower()]
    vouched = [each for each in known if each.external_id_verified and each.external_id == wanted]
    anybodys = [each for each in known if wanted in (each.external_id, each.name)]
    found = by_id or vouched or anybodys
    if not found:
        raise WrongUsage(f"There is no organisation {wanted}: `ledgerwire tenants` lists them")
    if len(found) > 1:
        raise WrongUsage(
            f"{len(found)} organisations are called {wanted}: take an id from `ledgerwire tenants`"
        )
    if found is anybodys:
        click.echo(f"Nobody vouches for the name {wanted}: taking {found[0].id} for it.", err=True)
    return found[0]


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
