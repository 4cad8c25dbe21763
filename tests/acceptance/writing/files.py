"""Files and notes, which can be kept with many kinds of things."""

from hashlib import sha256

from tests.acceptance.writing.world import World
from unified.history import NOTE, WITH_HISTORY
from unified.resource import Resource
from unified.resources import RESOURCES
from unified.resources.attachment import PARENTS, UPLOAD

_PDF = b"%PDF-1.4 \x00\xff as it is"


async def prove_files(world: World) -> None:
    """A file with one of each kind: uploaded, replaced by another of its name, downloaded."""
    for source in RESOURCES:
        if source.endpoint.path in PARENTS:
            await _prove_upload(world, source)


async def _prove_upload(world: World, source: Resource) -> None:
    entity_id, remote_id = await world.one_of(source)
    at = f"{source.plural}/{entity_id}/attachments/receipt.pdf"
    for content in (b"first", _PDF):
        record = await world.do(
            UPLOAD.method, at, content=content, headers={"Content-Type": "application/pdf"}
        )
    name = f"{world.name_of(source)}.{UPLOAD.name}"
    [held] = world.ledger.filing.files[remote_id]
    assert held.content == _PDF, name
    assert (record["file_name"], record["size_bytes"]) == ("receipt.pdf", len(_PDF)), name
    assert record["parent"]["remote_id"] == remote_id, name
    shown = await world.read("attachments", record["id"])
    assert shown["size_bytes"] == len(_PDF), name
    fetched = await world.http.get(f"/v1/accounting/attachments/{record['id']}/content")
    assert sha256(fetched.content).digest() == sha256(_PDF).digest(), name
    world.promise(name, record)


async def prove_notes(world: World) -> None:
    """A note with one of each kind: it stands in the history, and moves no record."""
    for source in RESOURCES:
        if source.endpoint.path in WITH_HISTORY:
            await _prove_note(world, source)


async def _prove_note(world: World, source: Resource) -> None:
    entity_id, remote_id = await world.one_of(source)
    name = f"{world.name_of(source)}.{NOTE.name}"
    at = f"{source.plural}/{entity_id}/{NOTE.at}"
    before = await world.read(source.plural, entity_id)
    answered = await world.do("POST", at, {"details": f"Noted: {name}"})
    assert answered["version"] == before["version"], name
    told = await world.http.get(f"/v1/accounting/{at}")
    assert told.json()["result"][0]["details"] == f"Noted: {name}", told.text
    [note, *_] = sorted(world.ledger.filing.notes[remote_id], key=lambda each: -each.at_ms)
    assert note.details == f"Noted: {name}", name
    world.proven.add(name)
