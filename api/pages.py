"""Small plain pages for a person in a browser. Nothing is loaded from anywhere else."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files

from starlette.responses import HTMLResponse

#: Also for redirects of the link flow: their addresses carry states and codes.
PRIVATE_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{heading} · Ledgerwire</title>
<link rel="icon" href="{icon}">
<style>{style}</style>
</head>
<body>
<main class="{kind}">
<div class="sign"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="{sign}"/></svg></div>
<h1>{heading}</h1>
{content}
</main>
<footer>Ledgerwire</footer>
{script}</body>
</html>
"""
#: In the page itself: a browser that finds none asks for one, where there is none.
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E"
    "%3Crect width='24' height='24' rx='5' fill='%230b5cad'/%3E"
    "%3Cpath d='M7 6v12h10' fill='none' stroke='%23fff' stroke-width='3'/%3E%3C/svg%3E"
)
_TICK, _CROSS = "M4 12.5l5.5 5.5L20 6.5", "M6 6l12 12M18 6L6 18"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a page says.

    Attributes:
        names: of organisations, as a list.
        again: where a button leads that starts over.
    """

    heading: str
    sentences: Sequence[str]
    good: bool
    names: Sequence[str] = ()
    again: str | None = None


@cache
def static_file(name: str) -> bytes:
    """A file of ours that browsers get."""
    return (files("api") / "static" / name).read_bytes()


def page(told: Told, *, status: int = 200, script: Mapping[str, str] | None = None) -> HTMLResponse:
    """One heading and what belongs to it, all of it escaped here.

    Args:
        script: one script of our own origin: its `src`, and data attributes for it.
    """
    style = static_file("page.css").decode()
    content = _PAGE.format(
        heading=escape(told.heading),
        icon=_ICON,
        style=style,
        kind="good" if told.good else "bad",
        sign=_TICK if told.good else _CROSS,
        content="\n".join(_content(told)),
        script="" if script is None else _script(script),
    )
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; frame-ancestors 'none'; "
        "base-uri 'none'; form-action 'none'"
    )
    if script is not None:
        policy += "; script-src 'self'"
    headers = {**PRIVATE_HEADERS, "Content-Security-Policy": policy}
    return HTMLResponse(content, status_code=status, headers=headers)


def _content(told: Told) -> list[str]:
    names = [f"<li>{escape(name)}</li>" for name in told.names]
    listed = [f"<ul>{''.join(names)}</ul>"] if names else []
    again = [f'<a href="{escape(told.again)}">Start over</a>'] if told.again else []
    return [*listed, *(f"<p>{escape(sentence)}</p>" for sentence in told.sentences), *again]


def _script(script: Mapping[str, str]) -> str:
    data = "".join(f' data-{name}="{escape(text)}"' for name, text in script.items()
                   if name != "src")  # fmt: skip
    return f'<script src="{escape(script["src"])}"{data}></script>\n'
