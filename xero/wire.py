"""One request to Xero and its whole answer, as bytes: the only place that touches the network.

Judging the status is `answers.py`; tokens, limits and paging are `client.py`.
"""

import asyncio
import time
from dataclasses import dataclass

import httpx
import structlog

from xero.errors import UndecodableAnswer, XeroUnreachable
from xero.urls import shown

log = structlog.get_logger(__name__)

MIB = 1024 * 1024
MOST_BYTES = 64 * MIB  #: of one answer, after decompression
CALL_TIMEOUT_S = 60.0  #: from the request until the last byte
TOKEN_TIMEOUT_S = 20.0  #: the same for the token endpoint; a refresh claim lasts 60 s


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer. `repr` leaves the body out, since it is other people's books.

    Attributes:
        headers: looked up without regard to case.
        body: decompressed bytes.
        wire_size: bytes of the body as they were transferred, so before decompression.
        took_ms: milliseconds of real time.
    """

    status: int
    headers: httpx.Headers
    body: bytes
    wire_size: int
    took_ms: float

    def __repr__(self) -> str:
        return f"Answer(status={self.status}, {len(self.body)} bytes)"

    @property
    def content_type(self) -> str:
        """Without parameters, in lower case; Xero's servers do not always tell the truth here."""
        told: str = self.headers.get("content-type", "")
        return told.partition(";")[0].strip().lower()


async def send(
    http: httpx.AsyncClient,
    request: httpx.Request,
    *,
    timeout_s: float = CALL_TIMEOUT_S,
    most_bytes: int = MOST_BYTES,
) -> Answer:
    """Send one request, follow no redirect, and read its whole answer.

    Raises:
        XeroUnreachable: no answer, or not in time.
        UndecodableAnswer: the answer was cut short, or is larger than `most_bytes`.
    """
    started = time.perf_counter()
    path = shown(request.url.path)
    try:
        async with asyncio.timeout(timeout_s):
            answer = await _exchange(http, request, most_bytes=most_bytes, started=started)
    except TimeoutError:
        _log_failure(request, "timeout", started)
        raise XeroUnreachable(f"no whole answer within {timeout_s:g} s from {path}") from None
    except (XeroUnreachable, UndecodableAnswer) as error:
        _log_failure(request, type(error).__name__, started)
        raise
    log.info(
        "xero_answered",
        method=request.method,
        path=path,
        status=answer.status,
        took_ms=round(answer.took_ms, 1),
        size=len(answer.body),
        correlation_id=answer.headers.get("xero-correlation-id"),
        tenant_id=request.headers.get("xero-tenant-id"),
    )
    return answer


async def _exchange(
    http: httpx.AsyncClient, request: httpx.Request, *, most_bytes: int, started: float
) -> Answer:
    # "from None": httpx's errors hold the request, and that holds the Authorization header.
    path = shown(request.url.path)
    try:
        response = await http.send(request, stream=True, follow_redirects=False)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        what = f"{type(error).__name__} at {path}"
        raise XeroUnreachable(what, outcome_unknown=False) from None
    except httpx.TransportError as error:
        raise XeroUnreachable(f"{type(error).__name__} at {path}") from None
    try:
        body = await _read(response, most_bytes)
    except httpx.TimeoutException as error:
        raise XeroUnreachable(f"{type(error).__name__} while reading {path}") from None
    except (httpx.TransportError, httpx.DecodingError) as error:
        if response.status_code >= 500:
            # What matters of a 5xx is its status; a body that breaks off changes nothing.
            raise XeroUnreachable(f"{path} said 5xx", status=response.status_code) from None
        raise UndecodableAnswer("truncated", f"{type(error).__name__} at {path}") from None
    finally:
        await response.aclose()
    return Answer(
        status=response.status_code,
        headers=response.headers,
        body=body,
        wire_size=response.num_bytes_downloaded,
        took_ms=(time.perf_counter() - started) * 1000,
    )


async def _read(response: httpx.Response, most_bytes: int) -> bytes:
    chunks = bytearray()
    async for chunk in response.aiter_bytes():
        chunks += chunk
        if len(chunks) > most_bytes:
            path = shown(response.request.url.path)
            raise UndecodableAnswer("too_large", f"{path} sent more than {most_bytes} bytes")
    return bytes(chunks)


def _log_failure(request: httpx.Request, error: str, started: float) -> None:
    log.warning(
        "xero_did_not_answer",
        method=request.method,
        path=shown(request.url.path),
        error=error,
        took_ms=round((time.perf_counter() - started) * 1000, 1),
        tenant_id=request.headers.get("xero-tenant-id"),
    )
