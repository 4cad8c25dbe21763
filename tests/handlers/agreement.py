"""Mirror and events of one organisation, held against its books by the oracle."""

from collections.abc import Sequence

import msgspec

from oracle.books import own_id, read_books
from oracle.difference import Difference
from oracle.inputs import MirrorRow
from oracle.things import check_mirror
from simulator.wire import compact
from storage.cursors import cursors
from tests.handlers.rig import Rig
from unified.resources import RESOURCES

_ROWS = """
SELECT r.tenant_id, r.resource, r.remote_id, r.unified, r.sequence, t.epoch
  FROM record r JOIN tenant t ON t.id = r.tenant_id
"""


async def differences(rig: Rig) -> Sequence[Difference]:
    """What the mirror says otherwise than the books, of what is read of them."""
    books = read_books(compact({"tenants": [rig.books.raw()]}))
    read = await cursors(rig.db, rig.tenant)
    names = {each.name for each in RESOURCES if each.endpoint.path in read}
    rows = {}
    for row in await rig.db.fetch(_ROWS):
        tenant, resource, remote_id, unified, sequence, epoch = row.values()
        held = MirrorRow(tenant, resource, remote_id, msgspec.json.decode(unified), sequence, epoch)
        rows[tenant, resource, own_id(resource, remote_id)] = held
    today = await rig.db.fetchval("SELECT business_date FROM tenant")
    found = check_mirror(books, rows, {rig.tenant: today})
    return [each for each in found if each.resource is None or each.resource in names]
