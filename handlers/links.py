"""What a change of one thing says about others: notices for things that nobody else announces.

Documents, payments and credits name each other; what one of them shows, the other has to say too.
Only wanting is here: reading what is wanted is the worker's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.commit import Step
from storage.cursors import Cursor, cursors
from storage.database import Connection
from storage.notices import NewNotice
from storage.records import contacts_lacking_role, known_records
from unified.ids import Parent, RemoteId, TenantId
from unified.resource import Resource
from unified.resources import RESOURCES, by_endpoint, resource

_ROLE_OF_TYPE = {"invoice": "customer", "bill": "vendor"}
_PAYMENTS = resource("payment")
_PARENTS = frozenset(path for each in RESOURCES for path in each.endpoint.children)
FLAG = "has_attachments"  #: of a parent: it has children
_Link = tuple[str, str]  #: endpoint path, remote id


@dataclass(frozen=True, slots=True)
class _Moved:
    """A link that appeared in a record (it is `there`) or vanished from it."""

    path: str  #: with the remote id: what it leads to
    remote_id: str
    at: _Link  #: whose link it is
    there: bool


async def linked_notices(
    conn: Connection, tenant_id: TenantId, steps: Sequence[Step], *, stamped: Sequence[Parent] = ()
) -> list[NewNotice]:
    """Notices for things that these changes touch although Xero stamps no change on them.

    What appears in or vanishes from a record (a payment of an invoice) is read, but not what a
    record merely observed holds: reading that is its own backfill's work. And a contact's first
    sale or purchase turns a role on without moving its stamp (Xero: contacts, unstamped flags),
    so a contact that lacks the role is read too. Nor are payments stamped whose document went to
    another contact, as all documents of a merged contact do.

    `stamped` are parents whose stamp alone moved: what else might it be than what they have.
    """
    moved = [
        _Moved(path, remote_id, at=at, there=(path, remote_id) in after)
        for step in steps
        if step.op != "r"
        for at, before, after in [_links(step)]
        for path, remote_id in before ^ after
    ]
    wanted = {
        (each.path, each.remote_id): _wanted(each.path, each.remote_id)
        for each in await _unknown_there(conn, tenant_id, moved)
    }
    for path, remote_id in await _left_behind(conn, tenant_id, steps):
        wanted[path, remote_id] = _wanted(path, remote_id)
    for remote_id in await contacts_lacking_role(conn, tenant_id, _roles(steps)):
        wanted["Contacts", remote_id] = _wanted("Contacts", remote_id)
    for path, remote_id in await _with_children(conn, tenant_id, steps, stamped):
        wanted[path, remote_id] = _wanted(path, remote_id)
    return list(wanted.values())


def with_children(resource: Resource, *sides: Mapping[str, Any] | None) -> Parent | None:
    """A record as a parent, where its flag says that it has children, or said so before.

    Quotes have no flag (Xero: Quotes), so each of them may.
    """
    path = resource.endpoint.path
    known = [side for side in sides if side is not None]
    if path not in _PARENTS or not any(side.get(FLAG, True) for side in known):
        return None
    return Parent(resource.name, path, known[-1]["remote_id"])


async def _with_children(
    conn: Connection, tenant_id: TenantId, steps: Sequence[Step], stamped: Sequence[Parent]
) -> list[_Link]:
    """Parents whose children may be others than before.

    What is merely observed is read by the children's own backfill where that has yet to list the
    parents; else nobody but us would ask.
    """
    found = [(with_children(step.resource, step.before, step.after), step.op) for step in steps]
    parents = [(each, op) for each, op in found if each is not None]
    parents += [(each, "u") for each in stamped]
    if not parents:
        return []
    states = await cursors(conn, tenant_id)
    return [
        (below.path, parent.key)
        for below in (each.endpoint for each in RESOURCES)
        if below.path in states and states[below.path].unsupported_reason is None
        for parent, op in parents
        if parent.endpoint in below.children and _asks(states[below.path], op)
    ]


def _asks(children: Cursor, op: str) -> bool:
    """Whether nobody else will ask for the children of what was observed (`r`) or moved."""
    if op == "r":
        return children.backfill_listed or children.backfill_state == "done"
    return children.backfill_state != "pending"


def _links(step: Step) -> tuple[_Link, set[_Link], set[_Link]]:
    """Whose links they are, and what they were and are."""
    at = (step.resource.endpoint.path, step.after["remote_id"])
    before = set(step.resource.linked(step.before)) if step.before else set()
    return at, before, set(step.resource.linked(step.after))


async def _unknown_there(
    conn: Connection, tenant_id: TenantId, moved: Sequence[_Moved]
) -> list[_Moved]:
    """Those of which the other end does not say the same yet.

    An invoice that shows a payment and the payment that names the invoice say one thing: whichever
    was read last has nothing more to ask for, else each payment would cost a read too many. Nor is
    anything asked of an endpoint that has not been read yet: its backfill, or the sweep behind it,
    brings all of it, and where consent does not cover it every read would be refused.
    """
    if not moved:
        return []
    read = await cursors(conn, tenant_id)
    news: list[_Moved] = []
    for path in sorted({each.path for each in moved}):
        of = by_endpoint(path)
        if of is None or path not in read or read[path].backfill_state != "done":
            continue
        links = [each for each in moved if each.path == path]
        ids = sorted({each.remote_id for each in links})
        known = await known_records(conn, tenant_id, of.name, ids)
        for each in links:
            there = known.get(RemoteId(each.remote_id))
            if there is None or (each.at in of.linked(there.unified)) != each.there:
                news.append(each)
    return news


async def _left_behind(conn: Connection, tenant_id: TenantId, steps: Sequence[Step]) -> list[_Link]:
    """Payments that still name the contact that their document had."""
    path = _PAYMENTS.endpoint.path
    owner = {
        remote_id: _contact(step.after)
        for step in steps
        if step.before is not None and _contact(step.before) != _contact(step.after)
        for place, remote_id in step.resource.linked(step.after)
        if place == path
    }
    known = await known_records(conn, tenant_id, _PAYMENTS.name, sorted(owner)) if owner else {}
    return [
        (path, str(remote_id))
        for remote_id, there in known.items()
        if _contact(there.unified) != owner[remote_id]
    ]


def _contact(record: Mapping[str, Any]) -> str | None:
    contact = record.get("contact")
    return None if contact is None else contact["remote_id"]


def _roles(steps: Sequence[Step]) -> list[tuple[str, str]]:
    """(Remote id, role) of the contacts of documents that are new or in another status."""
    roles = {
        (step.after["contact"]["remote_id"], _ROLE_OF_TYPE[step.after["type"]])
        for step in steps
        if step.resource.name == "invoice"
        and step.after["type"] in _ROLE_OF_TYPE
        and step.after["contact"]
        and (step.before is None or step.before["status"] != step.after["status"])
    }
    return sorted(roles)


def _wanted(path: str, remote_id: str) -> NewNotice:
    return NewNotice(endpoint=path, remote_id=RemoteId(remote_id), origin="linked")
