"""All operations that read: in one list, for the catalogue."""

from api.here import Api
from api.operation import Operation
from api.reading.collections import COLLECTIONS, Collection
from api.reading.files import Downloads
from api.reading.lists import Lister
from api.reading.live import LiveReader
from api.reading.notes import Historian
from api.reading.online import online_operation
from api.reading.records import Getter
from api.reading.reports import report_operation
from api.reading.texts import Texts
from unified.resources import sources


def reading_operations(api: Api) -> list[Operation]:
    """Lists, single records, histories, reports and files."""
    texts, live = Texts(api.db), LiveReader(api)
    found: list[Operation] = []
    for each in COLLECTIONS:
        getter = Getter(api, each, texts=texts, live=live)
        found.append(Lister(api, each, texts=texts, live=live).operation())
        found.append(report_operation(api, each, getter) if _is_asked(each) else getter.operation())
        if not each.clauses and Historian.knows(each):
            found.append(Historian(api, each).operation())
    return [*found, Downloads(api).operation(), online_operation(api)]


def _is_asked(collection: Collection) -> bool:
    """Whether its records are answers to questions, so that one can be asked for by its kind."""
    return any(each.endpoint.asked is not None for each in sources(collection.kind.name))
