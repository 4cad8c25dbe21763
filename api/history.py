"""What Xero noted of one record, read on demand: a call of the organisation's budget each time."""

from storage.database import Database
from storage.records import record_of
from unified.codecs import CodecError
from unified.history import WITH_HISTORY, HistoryNote, read_notes
from unified.ids import EntityId, TenantId
from unified.resources import source_of
from xero.client import XeroClient
from xero.errors import UndecodableAnswer


class NoHistory(LookupError):
    """No such record is known, or Xero keeps no history of its kind."""


async def history_of(
    db: Database,
    client: XeroClient,
    tenant_id: TenantId,
    entity_id: EntityId,
    *,
    resource: str | None = None,
) -> list[HistoryNote]:
    """The history of a record that the mirror knows, newest first; of this resource alone, where
    one is named.

    Raises:
        NoHistory: see there.
        ResourceMissing: Xero does not know the thing any more.
        UndecodableAnswer: what Xero said is no history.
        XeroError: any other way in which a call can fail.
    """
    found = await record_of(db, tenant_id, entity_id)
    if found is None or resource not in (None, found[0]):
        raise NoHistory(f"no record {entity_id} is known")
    name, known = found
    endpoint = source_of(name, known.endpoint).endpoint
    if endpoint.path not in WITH_HISTORY:
        raise NoHistory(f"Xero keeps no history of {endpoint.path}")
    page = await client.get_history(tenant_id, endpoint, known.unified["remote_id"], purpose="api")
    try:
        return read_notes(page.items)
    except CodecError as error:
        where = "/".join(error.path)
        raise UndecodableAnswer("shape", f"history of {endpoint.path}: {where}") from None
