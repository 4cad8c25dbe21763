"""Between the simulator's webhooks and the receiver: notes which delivery got which answer.

Carries each POST on as it came and answers what the receiver answered; where the receiver gives
no answer, none is given. What it notes is the outside view that the tables are held against.
"""

import asyncio
import hashlib
from types import TracebackType
from typing import Self

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from receiver.app import WEBHOOK_PATH
from simulator.server import LoopServer

CARRIED = ("x-xero-signature", "content-type")


class Postbox:
    """A webhook address in front of a receiver.

    Attributes:
        answered: digests of the bodies that got a 200.
        in_flight: digests of those that the receiver has been given and has not answered.
        unanswered: how often the receiver ended, or was away, without an answer.
    """

    def __init__(self, receiver_url: str) -> None:
        self.answered: set[bytes] = set()
        self.in_flight: dict[bytes, int] = {}
        self.unanswered = 0
        self._target = f"{receiver_url}{WEBHOOK_PATH}"
        self._came = asyncio.Event()
        self._http = httpx.AsyncClient(trust_env=False, timeout=30.0)
        take = Route(WEBHOOK_PATH, self._take, methods=["POST"])
        self._server = LoopServer(Starlette(routes=[take]))

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._server.__aexit__(kind, error, trace)
        await self._http.aclose()

    @property
    def url(self) -> str:
        """Where the simulator delivers to."""
        return f"{self._server.address}{WEBHOOK_PATH}"

    async def next(self) -> None:
        """Wait until another delivery has been given to the receiver."""
        self._came.clear()
        await self._came.wait()

    async def _take(self, request: Request) -> Response:
        headers = {name: request.headers[name] for name in CARRIED if name in request.headers}
        return Response(status_code=await self._carry(await request.body(), headers))

    async def _carry(self, body: bytes, headers: dict[str, str]) -> int:
        digest = hashlib.sha256(body).digest()
        self.in_flight[digest] = self.in_flight.get(digest, 0) + 1
        self._came.set()
        try:
            answer = await self._http.post(self._target, content=body, headers=headers)
        except httpx.TransportError:
            self.unanswered += 1
            return httpx.codes.BAD_GATEWAY
        finally:
            self.in_flight[digest] -= 1
            if not self.in_flight[digest]:
                del self.in_flight[digest]
        if answer.status_code == httpx.codes.OK:
            self.answered.add(digest)
        return answer.status_code
