"""Isolation: two organisations, a key for each, and every operation asked for the other's things.

Nothing of the other may be shown, and nothing of it touched: neither its rows, nor its books, nor a
single one of its calls.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from ledgerwire.openapi import operations
from storage.database import Database
from tests.isolation.matrix import (
    Attack,
    Known,
    UnknownParameter,
    attacks,
    named,
    own,
)
from tests.isolation.rig import Side, Two, leaves, two

#: Words that both may have by chance: numbers, dates, words of choices, very short ones.
_ORDINARY = re.compile(r"[\d.,:TZ+-]*|[a-z_ ]*|[A-Z0-9_ ]*|.{0,6}")
_STREAM = "/v1/events/stream"


def secrets_of(other: Side, mine: Side) -> set[str]:
    """What nobody but the other may read."""
    told = {each for each in other.strings() - mine.strings() if not _ORDINARY.fullmatch(each)}
    return told | {other.tenant, other.key.key.id, other.key.key.name}


def shown(answer: httpx.Response, attack: Attack, secrets: set[str]) -> set[str]:
    """Secrets that an answer holds, beyond what its caller said himself."""
    said = attack.said
    words = leaves(answer.content) | set(answer.headers.values())
    found = {each for each in words & secrets if each not in said}
    text = answer.text + " ".join(answer.headers.values())
    ids = re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", text)
    return found | {each for each in set(ids) & secrets if each not in said}


#: Codes of problems that say nothing of what was asked for.
_LOST = {"key_refused", "key_missing", "tenant_not_linked", "needs_reauth"}


def _code(answer: httpx.Response) -> str | None:
    if answer.headers.get("content-type") != "application/problem+json":
        return None
    return str(answer.json()["code"])


class Attacker:
    """Sends requests with the key of `mine`, and keeps what should not have happened."""

    def __init__(self, both: Two, secrets: set[str]) -> None:
        self._both = both
        self.secrets = secrets
        self._numbers = iter(range(1_000_000))
        self.sent = 0
        self.leaks: list[str] = []

    async def send(self, attack: Attack, side: Side) -> httpx.Response:
        """One request with a side's key."""
        headers = [("Authorization", f"Bearer {side.key.text}"), *attack.headers]
        if attack.operation.changes:
            headers.append(("Idempotency-Key", f"isolation-{next(self._numbers)}"))
        if attack.content is not None and attack.operation.body is not None:
            headers.append(("Content-Type", attack.operation.body.media_types[0]))
        request = self._both.http.build_request(
            attack.operation.method, attack.path, params=dict(attack.query), headers=headers,
            content=attack.content,
        )  # fmt: skip
        answer = await self._both.http.send(request)
        while answer.status_code == 429:  # a minute's calls are spent
            self._both.clock.advance(timedelta(seconds=answer.json()["retry_after_s"]))
            answer = await self._both.http.send(request)
        return answer

    async def try_it(self, attack: Attack) -> None:
        """One attack; a leak is kept."""
        answer = await self.send(attack, self._both.mine)
        self.sent += 1
        what = f"{attack.operation.method} {attack.path} by {attack.way}: {answer.status_code}"
        found = shown(answer, attack, self.secrets)
        if found:
            self.leaks.append(f"{what} shows {sorted(found)[:3]}")
        if _code(answer) in _LOST:
            self.leaks.append(f"{what} was not asked: the attacker has lost its means")
        if answer.status_code >= 500 and answer.status_code != 501:
            self.leaks.append(f"{what} is a mistake: {answer.text[:200]}")
        if attack.refused and answer.status_code < 400:
            self.leaks.append(f"{what} was done")


@pytest.fixture
async def both(database: Database) -> AsyncIterator[Two]:
    """Two organisations under one consent."""
    async with two(database) as made:
        yield made


async def known_of(both: Two, side: Side) -> Known:
    """What an attacker may have got hold of: cursors, and names of things."""
    cursors: dict[str, str] = {}
    for each in both.operations:
        names = {parameter.name for parameter in each.parameters}
        if each.method != "GET" or "{" in each.path or not names & {"cursor", "after"}:
            continue
        if each.path == _STREAM:
            continue
        answer = await both.http.get(each.path, params={"limit": "1"}, headers=side.headers)
        assert answer.status_code in (200, 501), answer.text  # not every organisation has payroll
        if answer.status_code == 200 and answer.json()["next_cursor"]:
            cursors[each.id] = answer.json()["next_cursor"]
    cursors["stream_events"] = cursors["list_events"]
    session = await both.http.post(
        "/v1/link_sessions", json={"tenant_id": side.tenant}, headers=side.headers
    )
    invoice, contact = side.records["invoice"][0], side.records["contact"][0]
    return Known(
        cursors,
        {
            "remote_id": invoice["remote_id"],
            "contact": contact["id"],
            "parent": invoice["id"],
            "number": next(each["number"] for each in side.records["invoice"] if each["number"]),
            "tenant": side.tenant,
            "tenants": side.tenant,
            "key": side.key.key.id,
            "external_id": "customer-of-the-other",
            "path": f"api.xro/2.0/Invoices/{invoice['remote_id']}",
            "session": session.json()["id"],
        },
    )


async def asked_for_is_there(both: Two, attacker: Attacker) -> None:
    """The addresses of the attacks answer the other's own key, and what they answer is known to be
    its secret: attacks do ask for something."""
    answered, told = set(), 0
    for operation in both.operations:
        good = own(operation, both.other) if operation.method == "GET" else None
        if good is None or operation.path == _STREAM:
            continue
        of = replace(good, headers=(("X-Tenant-Id", both.other.tenant),))
        answer = await attacker.send(of, both.other)
        if answer.status_code == 200:
            answered.add(operation.id)
            told += bool(shown(answer, of, attacker.secrets))
    reads = {each.id for each in both.operations if each.method == "GET" and each.of_tenant}
    assert len(answered & reads) > 0.7 * len(reads), sorted(reads - answered)
    assert told > 30


async def _made(both: Two, side: Side) -> dict[str, Any]:
    """The answer to the same write, under the same Idempotency-Key, of each of them."""
    answer = await both.http.post(
        "/v1/accounting/contacts",
        json={"name": "Common Ltd"},
        headers={**side.headers, "Idempotency-Key": "order-1"},
    )
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()["result"]
    return told


@pytest.mark.timeout(400)
async def test_nothing_of_the_other_is_shown_or_touched(both: Two) -> None:
    """Every path, filter, cursor, id, header and reference in a body, of every operation."""
    known = await known_of(both, both.other)
    attacker = Attacker(both, secrets_of(both.other, both.mine))
    await asked_for_is_there(both, attacker)
    theirs = await _made(both, both.other)
    before = await both.state_of(both.other)

    for operation in both.operations:
        if operation.path == _STREAM:
            continue  # it has no end: below
        for attack in attacks(operation, both.mine, both.other, known):
            await attacker.try_it(attack)

    assert "\n".join(attacker.leaks) == ""
    assert await both.state_of(both.other) == before
    mine = await _made(both, both.mine)
    assert (mine["name"], mine["id"] == theirs["id"]) == (theirs["name"], False)
    assert await both.state_of(both.other) == before
    assert len(attacker.secrets) > 100
    assert attacker.sent > 4 * len(both.operations)


@pytest.mark.timeout(400)
async def test_stream_tells_nothing_of_the_other(both: Two) -> None:
    """Though it changes while one listens, and first."""
    secrets = secrets_of(both.other, both.mine)
    opened = asyncio.Event()
    listening = asyncio.create_task(both.stream(both.mine, until="Mine and Sons", opened=opened))
    await asyncio.wait_for(opened.wait(), 60)

    await both.change(both.other, "Theirs and Daughters")
    await both.change(both.mine, "Mine and Sons")
    told = (await listening).decode()

    assert "Mine and Sons" in told
    assert "Theirs and Daughters" not in told
    assert [each for each in secrets if each in told] == []
    theirs = await both.http.get("/v1/events?limit=500", headers=both.other.headers)
    assert "Theirs and Daughters" in theirs.text


def test_every_parameter_is_known_to_the_matrix() -> None:
    """A new parameter is attacked, too, or said to lead nowhere."""
    side = Known({}, dict.fromkeys(
        ("remote_id", "contact", "parent", "number", "tenant", "tenants", "key", "external_id",
         "session"), "x",
    ))  # fmt: skip

    unknown = set()
    for operation in operations():
        try:
            list(named(operation.parameters, side))
        except UnknownParameter as error:
            unknown.add(str(error))

    assert unknown == set()
