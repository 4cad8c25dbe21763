"""One organisation's mirror held against its books by the oracle, as far as it is read."""

from collections.abc import Sequence

import msgspec

from oracle.books import own_id, read_books
from oracle.difference import Difference
from oracle.inputs import MirrorRow
from oracle.things import check_mirror
from simulator.books import Tenant
from simulator.wire import compact
from storage.cursors import cursors
from storage.database import Database
from unified.ids import TenantId
from unified.resources import RESOURCES

_ROWS = """
SELECT r.tenant_id, r.resource, r.remote_id, r.unified, r.sequence, t.epoch
  FROM record r JOIN tenant t ON t.id = r.tenant_id WHERE t.id = $1
"""


async def disagreements(db: Database, books: Tenant) -> Sequence[Difference]:
    """What the mirror says otherwise than the books, of the endpoints that are read."""
    tenant_id = TenantId(books.id)
    read = await cursors(db, tenant_id)
    names = {each.name for each in RESOURCES if each.endpoint.path in read}
    held = read_books(compact({"tenants": [books.raw(reports="report" in names)]}))
    rows = {}
    for row in await db.fetch(_ROWS, tenant_id):
        tenant, resource, remote_id, unified, sequence, epoch = row.values()
        known = MirrorRow(
            tenant, resource, remote_id, msgspec.json.decode(unified), sequence, epoch
        )
        rows[tenant, resource, own_id(resource, remote_id)] = known
    today = await db.fetchval("SELECT business_date FROM tenant WHERE id = $1", tenant_id)
    found = check_mirror(held, rows, {tenant_id: today})
    return [each for each in found if each.resource is None or each.resource in names]
