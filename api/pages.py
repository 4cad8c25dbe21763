"""Small plain pages for a person in a browser. No scripts, nothing loaded from anywhere."""

from collections.abc import Sequence
from html import escape

from starlette.responses import HTMLResponse

#: Also for redirects of the link flow: their addresses carry states and codes.
PRIVATE_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PAGE_HEADERS = {
    **PRIVATE_HEADERS,
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
    ),
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 12vh auto;
  padding: 0 1rem; color: #1b2530; background: #fff }}
@media (prefers-color-scheme: dark) {{ body {{ color: #e6ebf0; background: #14191f }} }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{paragraphs}
</main>
</body>
</html>
"""


def page(title: str, sentences: Sequence[str], *, status: int = 200) -> HTMLResponse:
    """One heading and its sentences, all of them escaped here."""
    paragraphs = "\n".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    content = _PAGE.format(title=escape(title), paragraphs=paragraphs)
    return HTMLResponse(content, status_code=status, headers=_PAGE_HEADERS)
