"""One seed's history: things leave the books in every way there is, come back, or only seem gone.

Whatever is announced as removed must be gone at that moment; whatever is gone must be announced in
the end. What a step does is drawn from the seed alone.
"""

import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import msgspec

from handlers.absence import CONFIRM_AFTER
from handlers.eraser import erase_due
from oracle.report import line_of
from simulator import items, usage
from simulator.business import Business
from simulator.ledger import Change
from simulator.shelf import Shelf
from storage.audits import ask_for_audit
from storage.tenant_states import change_state
from tests.handlers.agreement import disagreements
from tests.removals.world import Organisation, World
from unified.resources import by_category, by_endpoint

STEPS = (5, 12)
MOST_ACTIONS = 5
MOST_ROUNDS = 3  #: two complete lists prove an absence, and what they bring out may lead further
ENDED = frozenset({"DELETED", "VOIDED"})

Thing = tuple[str, str]  #: endpoint path, remote id


class Wrong(Exception):
    """What was announced is not so, or what is so was not announced."""


class History:
    """The people of one organisation, and everything that hides things from us."""

    def __init__(self, seed: int, world: World) -> None:
        self.seed = seed
        self.rng = random.Random(f"{seed}|removals")  # noqa: S311  # play
        self.told: list[str] = []  #: what happened, for people
        self._world = world
        self._org: Organisation = world.open(seed, self.rng)
        self._business = Business(
            world.simulation.books,
            random.Random(f"{seed}|business"),  # noqa: S311  # play
            stamped_only=False,
        )
        self._changes: list[Change] = []
        world.simulation.books.listen(self._changed)
        self._gone: dict[Thing, Any] = {}  #: dropped for good, with what it was
        self._position = 0
        self.removals = 0

    def _changed(self, change: Change) -> None:
        if change.tenant_id == self._org.id:
            self._changes.append(change)

    async def play(self) -> None:
        """All of it.

        Raises:
            Wrong: a promise was broken.
        """
        await self._org.link()
        await self._look()
        for _ in range(self.rng.randint(*STEPS)):
            step = self.rng.choices(self._steps(), self._weights())[0]
            self.told.append(step.__name__.strip("_"))
            await step()
            await self._look()
        await self._heal()
        if self.rng.random() < 0.15:
            await self._erased()

    # --- steps

    def _steps(self) -> list[Callable[[], Awaitable[None]]]:
        return [step for step, _ in self._weighted()]

    def _weights(self) -> list[int]:
        return [weight for _, weight in self._weighted()]

    def _weighted(self) -> tuple[tuple[Callable[[], Awaitable[None]], int], ...]:
        return (
            (self._people_work, 8),
            (self._things_are_made, 4),
            (self._vanishes, 8),
            (self._comes_back, 2),
            (self._hidden_from_lists, 3),
            (self._hidden_alone, 3),
            (self._list_lacks_once, 3),
            (self._swept, 3),
            (self._audited, 5),
            (self._hinted, 3),
            (self._calls_fail, 2),
            (self._time_passes, 4),
            (self._disconnected, 1),
        )

    async def _people_work(self) -> None:
        for _ in range(self.rng.randint(1, MOST_ACTIONS)):
            self._business.act(self._org.id)
        if self.rng.random() < 0.7:
            await self._tell()

    async def _things_are_made(self) -> None:
        """Things that nothing depends on, so that they can leave without a trace."""
        books = self._org.books
        for _ in range(self.rng.randint(1, 3)):
            number = self.rng.randint(0, 10**9)
            made = books.create_contact(Name=f"Nobody {number} Ltd")
            if self.rng.random() < 0.5:
                line = {"Description": "Work", "Quantity": "1", "UnitAmount": str(number % 999)}
                books.create_invoice(
                    {"Type": "ACCREC", "Contact": {"ContactID": made.id}, "LineItems": [line]}
                )
            if "Items" in self._org.paths:
                ware = {"Code": f"W-{number}", "Name": f"Ware {number}"}
                items.create(books.ledger, ware)
        if self.rng.random() < 0.7:
            await self._tell()

    async def _vanishes(self) -> None:
        """A thing leaves without a trace: a hard delete, or a draft that aged out of lists."""
        for _ in range(self.rng.randint(1, 3)):
            found = self._droppable()
            if found is None:
                await self._things_are_made()
                return
            path, shelf, record = found
            shelf.drop(record.id)
            self._forget(path, record)
            self._gone[path, record.id] = record

    async def _comes_back(self) -> None:
        """A person restores what was gone, announced or not."""
        contacts = self._org.books.ledger.contacts.by_id
        able = [
            each
            for each, record in sorted(self._gone.items(), key=lambda gone: gone[0])
            if each[0] != "Invoices" or record.contact_id in contacts
        ]
        if able:
            thing = self.rng.choice(able)
            record = self._gone.pop(thing)
            now_ms = int(self._world.clock.now().timestamp() * 1000)
            self._shelf(thing[0]).put(record, now_ms)
            self._remember(thing[0], record)

    async def _hidden_from_lists(self) -> None:
        """Lists lack a thing for long, which answers when asked for by itself."""
        found = self._any()
        if found is None:
            return
        path, shelf, record = found
        with _unlisted(shelf, record):
            for _ in range(self.rng.randint(1, 3)):
                await self._audit(path)
                await self._look()
        await self._answered()

    async def _hidden_alone(self) -> None:
        """Xero answers 404 for a thing that its lists show, however often it is asked for."""
        found = self._any()
        if found is None:
            return
        path, _, record = found
        self._fault({"kind": "status", "status": 404, "path": f"/api.xro/2.0/{path}/{record.id}",
                     "times": None})  # fmt: skip
        for _ in range(self.rng.randint(1, 3)):
            await self._hint(path, record.id)
            if self.rng.random() < 0.5:
                await self._audit(path)
            await self._look()
        self._world.simulation.faults.clear()

    async def _list_lacks_once(self) -> None:
        """One list lacks a thing, and then it answers 404 by itself: one list is no proof."""
        found = self._droppable()
        if found is None:
            return
        path, shelf, record = found
        await self._audit(path)  # shows it, so the next list is the first that lacks it
        await self._look()
        with _unlisted(shelf, record):
            await self._audit(path, confirm=False)
            self._forget(path, record)
            held = shelf.by_id.pop(record.id)
            await self._hint(path, record.id)
            await self._look()
            shelf.by_id[record.id] = held
            self._remember(path, record)
        await self._audit(path)

    async def _swept(self) -> None:
        await self._world.db.execute(
            "UPDATE cursor SET sweep_due_at = $2 WHERE tenant_id = $1",
            self._org.id, self._world.clock.now(),
        )  # fmt: skip

    async def _audited(self) -> None:
        await self._audit(*self.rng.sample(self._org.paths, self.rng.randint(1, 3)))

    async def _hinted(self) -> None:
        """A webhook tells of what is there, or of what is gone."""
        if self._gone and self.rng.random() < 0.6:
            await self._hint(*self.rng.choice(sorted(self._gone)))
        elif (found := self._any()) is not None:
            await self._hint(found[0], found[2].id)

    async def _calls_fail(self) -> None:
        fault = self.rng.choice(
            (
                {"kind": "status", "status": 503, "times": 2},
                {"kind": "status", "status": 401},
                {"kind": "html", "status": 502},
                {"kind": "limit", "problem": "minute", "retry_after_s": 7},
            )
        )
        self._fault({**fault, "path": "/api.xro"})
        await self._audited()

    async def _time_passes(self) -> None:
        hours = self.rng.choice((0.1, 1, 7, 30))
        self._world.clock.advance(timedelta(hours=hours))

    async def _disconnected(self) -> None:
        """Nobody reads for a while; books go on, and nothing is removed by that."""
        before = await self._standing()
        await change_state(self._world.db, self._org.id, "vanished", reason="played")
        await self._people_work()
        if self.rng.random() < 0.5:
            await self._vanishes()
        self._world.clock.advance(timedelta(hours=self.rng.choice((1, 50))))
        if before != await self._standing():
            raise Wrong("the mirror moved while nothing was linked")
        await self._org.link()

    # --- the end

    async def _heal(self) -> None:
        """Everything is told truly, and complete lists are compared until all of it is known: as
        often as absences may take, and in some histories that often whatever is known before."""
        self.told.append("heal")
        self._world.simulation.faults.clear()
        self._world.clock.advance(timedelta(days=1))
        at_least = MOST_ROUNDS if self.rng.random() < 0.2 else 1
        for number in range(1, MOST_ROUNDS + 1):
            await self._audit(*self._org.paths, confirm=False)
            await self._quiet()
            self._world.clock.advance(CONFIRM_AFTER)
            left = await self._untold() if number >= at_least else []
            if number >= at_least and not left:
                return
        raise Wrong("; ".join(left))

    async def _quiet(self) -> None:
        for _ in range(20):
            await self._look()
            due = await self._world.db.fetchval(
                "SELECT min(due_at) FROM notice WHERE tenant_id = $1 AND state = 'due'",
                self._org.id,
            )
            if due is None:
                return
            self._world.clock.set(max(due, self._world.clock.now() + timedelta(seconds=1)))
        raise Wrong("notices stay due")

    async def _untold(self) -> list[str]:
        """What the mirror says otherwise than the books, and what is gone though nobody said so."""
        found = await disagreements(self._world.db, self._org.books)
        left = [line_of(each) for each in found[:5]]
        for path, remote_id in self._gone:
            of = by_endpoint(path)
            kind = None if of is None else await self._kind(of.name, remote_id)
            if of is not None and path in self._org.paths and kind == "there":
                left.append(f"{of.name} {remote_id} is gone, and nobody said so")
        return left

    async def _erased(self) -> None:
        """Everything is forgotten, one by one, and begins anew when it is linked again."""
        self.told.append("erased")
        db = self._world.db
        known = await db.fetchval("SELECT count(*) FROM record WHERE tenant_id = $1", self._org.id)
        await db.execute(
            "UPDATE event SET relayed_at = clock_timestamp() WHERE tenant_id = $1", self._org.id
        )
        await change_state(db, self._org.id, "erasing", reason="played")
        await erase_due(db)
        rows = await self._events()
        kinds = {msgspec.json.decode(row["value"])["deletion_kind"] for row in rows}
        if len(rows) != known or kinds != {"erased"} or any(row["state"] for row in rows):
            raise Wrong(f"of {known} records {len(rows)} were said to be erased: {kinds}")
        await self._org.link()
        await self._quiet()
        found = await disagreements(db, self._org.books)
        if found:
            raise Wrong("after erasing: " + "; ".join(line_of(each) for each in found[:5]))

    # --- what is announced

    async def _look(self) -> None:
        """Let the handlers work, and hold what they announce against the books of this moment."""
        await self._org.work()
        for row in await self._events():
            event = msgspec.json.decode(row["value"])
            gone = (event["after"] or {}).get("deletion_kind") in ("missing", "erased")
            if (row["state"] is None) != gone:
                raise Wrong(f"{event['entity']}: tombstone {row['state'] is None}, {gone}")
            if event["op"] == "d":
                self.removals += 1
                self._insist_on_removed(event)

    def _insist_on_removed(self, event: Mapping[str, Any]) -> None:
        """Nothing is announced as removed that still exists."""
        of = by_endpoint(event["source"]["endpoint"])
        assert of is not None
        entity, kind = event["entity"], event["deletion_kind"]
        thing = of.endpoint.path, entity["remote_id"]
        held = self._shelf(thing[0]).get(thing[1])
        status = getattr(held, "status", None)
        fits = {
            "missing": held is None,
            "deleted": held is None or status in ENDED,
            "merged": held is None or getattr(held, "merged_to", None) is not None,
        }
        if not fits.get(kind, False):
            raise Wrong(f"{entity} was announced as {kind}, and is there ({status})")

    async def _events(self) -> list[Mapping[str, Any]]:
        rows = await self._world.db.fetch(
            """SELECT position, value, state FROM event
                WHERE tenant_id = $1 AND position > $2 ORDER BY position""",
            self._org.id,
            self._position,
        )
        if rows:
            self._position = rows[-1]["position"]
        return [dict(row.items()) for row in rows]

    async def _standing(self) -> list[Any]:
        rows = await self._world.db.fetch(
            "SELECT remote_id, sequence FROM record WHERE tenant_id = $1 ORDER BY 1", self._org.id
        )
        return [tuple(row) for row in rows]

    async def _kind(self, resource: str, remote_id: str) -> str | None:
        """`there`, the kind of its removal, or None where nothing is known of it."""
        row = await self._world.db.fetchrow(
            """SELECT is_deleted, unified FROM record
                WHERE tenant_id = $1 AND resource = $2 AND remote_id = $3""",
            self._org.id,
            resource,
            remote_id,
        )
        if row is None:
            return None
        kind: str | None = msgspec.json.decode(row["unified"])["deletion_kind"]
        return kind if row["is_deleted"] else "there"

    # --- helpers

    async def _audit(self, *paths: str, confirm: bool = True) -> None:
        """Complete lists now; with `confirm` half of the time once more, as is due then."""
        await ask_for_audit(self._world.db, self._org.id, list(paths), now=self._world.clock.now())
        if confirm and self.rng.random() < 0.5:
            await self._org.work()
            self._world.clock.advance(CONFIRM_AFTER)

    async def _answered(self) -> None:
        """What is due by then is asked for while it can be seen."""
        await self._org.work()

    async def _tell(self) -> None:
        """Webhooks of what has happened, but for some that get lost."""
        changes, self._changes[:] = list(self._changes), ()
        for change in changes:
            of = by_category(change.category)
            if of is not None and of.endpoint.path in self._org.paths and self.rng.random() < 0.9:
                await self._hint(of.endpoint.path, change.record_id)

    async def _hint(self, path: str, remote_id: str) -> None:
        await self._world.hint(self._org.id, path, remote_id)

    def _fault(self, fault: Mapping[str, Any]) -> None:
        self._world.simulation.faults.ask({"calls": [dict(fault)]})

    def _forget(self, path: str, record: Any) -> None:
        """The books name a document that is gone nowhere else."""
        if path == "Invoices":
            self._org.books.ledger.contacts.by_id[record.contact_id].documents.discard(record.id)

    def _remember(self, path: str, record: Any) -> None:
        if path == "Invoices":
            self._org.books.ledger.contacts.by_id[record.contact_id].documents.add(record.id)

    def _shelf(self, path: str) -> Shelf[Any]:
        return self._world.shelf(self._org, path)

    def _any(self) -> tuple[str, Shelf[Any], Any] | None:
        """Some thing that is read."""
        path = self.rng.choice([each for each in self._org.paths if each in HIDEABLE])
        shelf = self._shelf(path)
        if not len(shelf):
            return None
        return path, shelf, shelf.by_id[self.rng.choice(shelf.ids())]

    def _droppable(self) -> tuple[str, Shelf[Any], Any] | None:
        """Some thing on which nothing in the books depends."""
        ledger = self._org.books.ledger
        found: list[tuple[str, Any]] = [
            *(("Contacts", c) for c in ledger.contacts
              if not (c.documents or c.credits or c.bank_transactions)),
            *(("Invoices", i) for i in ledger.invoices
              if i.status in {"DRAFT", "SUBMITTED", "DELETED"} and not i.is_applied),
            *(("Items", i) for i in ledger.reference.items if not usage.of_item(ledger, i)),
        ]  # fmt: skip
        whole = self._org.books.raw(reports=False)  # none is of one of these alone
        named = {
            path: msgspec.json.encode({**whole, path: []}).decode()
            for path in {f[0] for f in found}
        }
        found = [
            (path, record)
            for path, record in found
            if path in self._org.paths and record.id not in named[path]
        ]
        if not found:
            return None
        path, record = self.rng.choice(found)
        return path, self._shelf(path), record


HIDEABLE = frozenset(
    {"Contacts", "Invoices", "Items", "Accounts", "CreditNotes", "Payments", "ContactGroups"}
)


@contextmanager
def _unlisted(shelf: Shelf[Any], record: Any) -> Iterator[None]:
    """No list shows it, while it can be read by itself."""
    shelf.drop(record.id)
    shelf.by_id[record.id] = record
    try:
        yield
    finally:
        del shelf.by_id[record.id]
        shelf.put(record, record.updated_ms)
