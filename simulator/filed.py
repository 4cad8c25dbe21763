"""All files of an organisation, with what each is kept with: for whoever compares."""

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
        for collection, record in _holders(ledger, record_id):
            out += [
                {
                    "Parent": collection,
                    "ParentID": record_id,
                    **attachments.wire(record, one, collection),
                }
                for one in held
            ]
    return out


def _holders(ledger: Ledger, record_id: str) -> list[tuple[str, Attachable]]:
    """The one record of that id, with its collection."""
    for endpoint in ENDPOINTS.values():
        if endpoint.files is not None:
            try:
                record = endpoint.files(ledger, record_id)
            except NotFound:
                continue
            if record.id == record_id:
                return [(endpoint.collection, record)]
    return []
