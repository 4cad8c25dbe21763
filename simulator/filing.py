"""What is kept with records: attached files, and their history of notes. Plain state.

The rules, and how both look on the wire, are in attachments.py and history.py. Neither moves
a record's UpdatedDateUTC (Xero does not say whether it should).
"""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file kept with a record; `online` shows it to the customer with an online invoice."""

    id: str
    name: str
    media_type: str
    content: bytes
    online: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """One line of a record's history."""

    changes: str
    details: str
    at_ms: int


@dataclass
class Filing:
    """All files and notes of an organisation by their record's id, and e-mails sent by day."""

    files: dict[str, list[Attachment]] = field(default_factory=dict)
    notes: dict[str, list[Note]] = field(default_factory=dict)
    emails: dict[date, int] = field(default_factory=dict)

    def has_files(self, record_id: str) -> bool:
        """What HasAttachments says."""
        return bool(self.files.get(record_id))
