"""Lists as aligned columns: nothing is cut off, since ids are there to be copied."""

from collections.abc import Sequence


def columns(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """One line for the headers and one for each row; None shows as a dash."""
    cells = [list(headers)]
    cells.extend(["-" if cell is None else str(cell) for cell in row] for row in rows)
    widths = [max(len(row[place]) for row in cells) for place in range(len(headers))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )
