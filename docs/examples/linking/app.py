"""A small product whose customers link their Xero organisations, by Ledgerwire's `link.js`.

Its server asks Ledgerwire for a link in the name of the customer who is signed in; its page opens
that in a window. Run it with the origin http://localhost:3000 in LEDGERWIRE_RETURN_ORIGINS:

    LEDGERWIRE_URL=http://localhost:8000 LEDGERWIRE_KEY=lw_… \\
        uvicorn --app-dir docs/examples/linking --port 3000 --factory app:from_environment
"""

import os
from html import escape
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

PAGE = Path(__file__).parent / "page.html"
CUSTOMER = "customer-42"  # a real product takes this from its own session


def create_app(ledgerwire: httpx.AsyncClient) -> Starlette:
    """The product. `ledgerwire` sends an API key with the scope `admin`, which stays here."""
    script = f"{str(ledgerwire.base_url).rstrip('/')}/connect/link.js"

    async def page(_: Request) -> Response:
        return HTMLResponse(PAGE.read_text().replace("{script}", escape(script)))

    async def begin(_: Request) -> Response:
        """A link for the customer who is signed in: nobody else's name can get into it."""
        answer = await ledgerwire.post("/v1/link_sessions", json={"external_id": CUSTOMER})
        answer.raise_for_status()
        made = answer.json()
        return JSONResponse({"id": made["id"], "url": made["url"]})

    async def organisations(_: Request) -> Response:
        """What is linked, by Ledgerwire's word and not the page's."""
        answer = await ledgerwire.get("/v1/tenants", params={"external_id": CUSTOMER})
        answer.raise_for_status()
        fields = ("tenant_id", "name", "state", "remedy")
        found = [each for each in answer.json()["result"] if each["external_id_verified"]]
        return JSONResponse([{name: each[name] for name in fields} for each in found])

    return Starlette(
        routes=[
            Route("/", page),
            Route("/link", begin, methods=["POST"]),
            Route("/organisations", organisations),
        ]
    )


def client(url: str, key: str) -> httpx.AsyncClient:
    """Ledgerwire, as this server speaks to it."""
    return httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"})


def from_environment() -> Starlette:
    """The product as the environment has it."""
    return create_app(client(os.environ["LEDGERWIRE_URL"], os.environ["LEDGERWIRE_KEY"]))
