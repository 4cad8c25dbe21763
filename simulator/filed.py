"""All files of an organisation, with what each is kept with: for whoever compares."""

from contextlib import suppress
from typing import Any

from simulator import attachments
from simulator.endpoints import Attachable
from simulator.ledger import Ledger
from simulator.refusals import NotFound
from simulator.resources import ENDPOINTS


def raw_files(ledger: Ledger) -> list[dict[str, Any]]:
    """Every file as lists show it, with the collection and the id of what it is kept with."""
    out = []
    for record_id, held in ledger.filing.files.items():
        if held:
            collection, record = holder(ledger, record_id)
            above = {"Parent": collection, "ParentID": record_id}
            out += [{**above, **attachments.wire(record, one, collection)} for one in held]
    return out


def holder(ledger: Ledger, record_id: str) -> tuple[str, Attachable]:
    """The record of that id that has files, with its collection. Raises NotFound."""
    for endpoint in ENDPOINTS.values():
        if endpoint.files is not None:
            with suppress(NotFound):
                record = endpoint.files(ledger, record_id)
                if record.id == record_id:
                    return endpoint.collection, record
    raise NotFound(record_id)
