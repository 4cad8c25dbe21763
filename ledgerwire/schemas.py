"""Everything that consumers can validate with: the schemas of all that is published, by version.

Made from the models, compared with the files that were published before. `unified.schemas` knows
how; here is what, since only this package may know every part.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from crm.payment_status import SCHEMA_VERSION as STATUS_VERSION
from crm.schema import ContactPaymentStatus, InvoicePaymentStatus
from ledgerwire.asyncapi import asyncapi_document
from ledgerwire.openapi import openapi
from unified import announcements
from unified.resources import KINDS
from unified.schemas.committed import Published, as_text, parsed, published
from unified.schemas.compatibility import additions, incompatibilities
from unified.schemas.writing import Document, documents, model_document

INVOICE_STATUS = "crm.invoice-payment-status"
CONTACT_STATUS = "crm.contact-payment-status"
ASYNCAPI = "asyncapi.json"
OPENAPI = "openapi.json"


@cache
def current() -> Mapping[str, Document]:
    """The schemas as this version publishes, by the names of their files."""
    others = [
        model_document(INVOICE_STATUS, STATUS_VERSION, InvoicePaymentStatus),
        model_document(CONTACT_STATUS, STATUS_VERSION, ContactPaymentStatus),
        *(
            model_document(f"control.{name}", announcements.VERSION, model)
            for name, model in announcements.CONTROL.items()
        ),
        model_document("dead.dead_letter", announcements.VERSION, announcements.DeadLetter),
    ]
    named = {each["$id"].rpartition("/")[2]: each for each in others}
    return {**documents(KINDS), **named}


def refusals(now: Mapping[str, Document], before: Iterable[Published]) -> list[str]:
    """Why these schemas can't follow on what was published: nothing, if they can."""
    newest = [parsed(name, as_text(document).encode()) for name, document in now.items()]
    of_family = {each.family: each for each in newest}
    found: list[str] = []
    for old in before:
        new = of_family.get(old.family)
        if new is None:
            found.append(f"{old.name}: nothing is published by this name any more")
        elif new.version < old.version:
            found.append(f"{old.name}: newer than {new.name}, which the models give")
        elif new.version[0] == old.version[0]:
            found += [f"{old.name}: {each}" for each in _steps(old, new)]
    return found


def _steps(old: Published, new: Published) -> list[str]:
    reasons = incompatibilities(old.document, new.document)
    if new.version == old.version:
        reasons += [
            f"{each} is new: raise schema_minor of the resource"
            for each in additions(old.document, new.document)
        ]
    return reasons


def export(folder: Path) -> list[Path]:
    """Write every schema, those of earlier versions too, and the AsyncAPI and OpenAPI documents
    into a folder.

    Raises:
        OSError: the folder can't be made or written.
    """
    made: dict[str, dict[str, Any]] = {each.name: each.document for each in published()}
    made |= {**current(), ASYNCAPI: asyncapi_document(current()), OPENAPI: openapi()}
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, document in sorted(made.items()):
        path = folder / name
        path.write_text(as_text(document), encoding="utf-8")
        paths.append(path)
    return paths
