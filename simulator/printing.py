"""Documents as PDF: one page of text lines, enough for a client to store, open and search.

Xero's own layouts are not imitated.
"""

from collections.abc import Sequence

from simulator.ledger import Ledger
from simulator.model import Document

_TOP = 800
_STEP = 16
_LINES = 45


def document(ledger: Ledger, shown: Document, title: str) -> bytes:
    """A document with its contact, lines and total as a PDF file."""
    lines = [
        title,
        ledger.name,
        f"To: {ledger.contact_of(shown).name}",
        f"Date: {shown.date.isoformat()}",
        "",
        *(f"{line.description or ''}  {line.line_amount}" for line in shown.lines),
        "",
        f"Total {shown.currency} {shown.total}",
    ]
    return page(lines[:_LINES])


def page(lines: Sequence[str]) -> bytes:
    """Lines of text, one below the other, as a PDF file of one page."""
    shown = "\n".join(
        f"1 0 0 1 50 {_TOP - _STEP * number} Tm ({_escaped(line)}) Tj"
        for number, line in enumerate(lines)
    )
    content = f"BT /F1 11 Tf\n{shown}\nET".encode("cp1252", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (size, table, size, len(out))
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
