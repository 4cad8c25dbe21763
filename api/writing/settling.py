"""After a write: what Xero answered becomes the mirror's, and what the mirror then shows becomes
the answer. Where an answer does not hold the thing in full, it is read once more."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from api.absorber import ApiWrite
from api.here import Api
from api.reading.envelope import Warned
from api.writing.plan import Plan
from storage.things import Shown, shown
from unified.commands import After
from unified.ids import EntityId, Parent, TenantId
from unified.resource import Resource
from unified.resources import by_endpoint
from unified.shape import Read
from xero.errors import Complaint, UndecodableAnswer
from xero.limits import API
from xero.paging import Page
from xero.writes import Written


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of a write.

    Attributes:
        records: by the place of each thing that was asked for; a thing that Xero refused has none.
        complaints: the same, what Xero said against it.
        made: records of another resource that came of it, such as the refund of a credit.
    """

    records: dict[int, Shown]
    complaints: dict[int, Sequence[Complaint]]
    made: Sequence[Shown] = ()
    warnings: Sequence[Warned] = ()


async def settle(
    api: Api, tenant_id: TenantId, plan: Plan, written: Written, *, mark: int, write: ApiWrite
) -> Settled:
    """Absorb what Xero answered, and read what it did not say.

    Args:
        mark: taken before the write left.

    Raises:
        XeroError, StorageError: it was done, but can't be shown.
    """
    write = replace(write, sent=plan.sent)
    made: Sequence[Shown] = ()
    if plan.command.makes is not None:
        made = await _made(api, tenant_id, plan, written, mark=mark, write=write)
    done = dict(enumerate(written.complaints)) if plan.remote_id is None else {}
    complaints = {place: done.get(n, ()) for n, place in enumerate(plan.left) if done.get(n)}
    ids = await _absorbed(api, tenant_id, plan, written, mark=mark, write=write)
    places = [place for place in plan.left if place not in complaints]
    if len(ids) != len(places):
        raise UndecodableAnswer("shape", f"{len(ids)} things of {len(places)} came back")
    known = await shown(api.db, tenant_id, ids)
    records = {place: known[of] for place, of in zip(places, ids, strict=True) if of in known}
    return Settled(
        records=records, complaints=complaints, made=made, warnings=_warned(written)
    )  # fmt: skip


async def _absorbed(
    api: Api, tenant_id: TenantId, plan: Plan, written: Written, *, mark: int, write: ApiWrite
) -> list[EntityId]:
    """Ids of the things that it was about, once the mirror shows them as they are."""
    source, after = plan.source, plan.command.after
    if plan.remote_id is None:
        page = _done(written)
        if after is After.ANSWER:
            ids = await api.absorber.absorb(
                tenant_id, source, page, Read.WRITE, mark=mark, write=replace(write, creates=True)
            )
            return list(ids)
        remote_ids = [str(item[source.endpoint.id_key]) for item in page.items]
        creating = replace(write, creates=True)
        read = _listed if after is After.LIST else _alone
        return [await read(api, tenant_id, source, each, creating) for each in remote_ids]
    entity_id = plan.entity_id
    assert entity_id is not None  # noqa: S101  # goes with the remote id
    if after is After.GONE:
        asked_at = None if written.called is None else written.called.asked_at
        await api.absorber.gone(
            tenant_id, source, plan.remote_id, asked_at=asked_at, write=write
        )  # fmt: skip
    elif after is After.ANSWER and written.page is not None and written.page.items:
        await api.absorber.absorb(
            tenant_id, source, written.page, Read.WRITE, mark=mark, write=write
        )  # fmt: skip
    elif after is After.LIST:
        await _listed(api, tenant_id, source, plan.remote_id, write)
    elif after is not After.UNMOVED:
        await _alone(api, tenant_id, source, plan.remote_id, write)
    return [entity_id]


async def _made(
    api: Api, tenant_id: TenantId, plan: Plan, written: Written, *, mark: int, write: ApiWrite
) -> Sequence[Shown]:
    """Things of another kind that the answer holds."""
    source = by_endpoint(plan.command.makes or "")
    if source is None or written.page is None or plan.remote_id is None:
        return ()
    parent = None
    if source.endpoint.children:
        parent = Parent(plan.source.name, plan.source.endpoint.path, plan.remote_id)
    ids = await api.absorber.absorb(
        tenant_id, source, written.page, Read.WRITE, mark=mark, parent=parent,
        write=replace(write, creates=True, sent=frozenset()),
    )  # fmt: skip
    known = await shown(api.db, tenant_id, list(ids))
    return [known[each] for each in ids if each in known]


async def _alone(
    api: Api, tenant_id: TenantId, source: Resource, remote_id: str, write: ApiWrite
) -> EntityId:
    mark = await api.absorber.mark()
    page = await api.client.get_single(tenant_id, source.endpoint, remote_id, purpose=API)
    [found] = await api.absorber.absorb(
        tenant_id, source, page, Read.SINGLE, mark=mark, write=write
    )  # fmt: skip
    return found


async def _listed(
    api: Api, tenant_id: TenantId, source: Resource, remote_id: str, write: ApiWrite
) -> EntityId:
    """Of a list, the one thing: what else moved was not moved by this write."""
    mark, key = await api.absorber.mark(), source.endpoint.id_key
    page = await api.client.get_list(tenant_id, source.endpoint, purpose=API)
    own = [n for n, item in enumerate(page.items) if str(item.get(key)).lower() == remote_id]
    [found] = await api.absorber.absorb(
        tenant_id, source, _some(page, own), Read.UNPAGED, mark=mark, write=write
    )
    return found


def _done(written: Written) -> Page:
    """The answer without the things that Xero refused."""
    if written.page is None:
        raise UndecodableAnswer("shape", "the answer holds nothing")
    page = written.page
    return _some(page, [n for n in range(len(page.items)) if not written.complaints[n]])


def _some(page: Page, kept: Sequence[int]) -> Page:
    return replace(page, items=[page.items[n] for n in kept], raws=[page.raws[n] for n in kept])


def _warned(written: Written) -> list[Warned]:
    return [Warned("xero_warning", text) for texts in written.warnings for text in texts]
