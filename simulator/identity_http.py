"""The URLs of the identity server: authorize, token, revocation, discovery, connections.

State and rules are in identity.py. Source: Xero's "OAuth 2.0 auth flow" and "Connections".
"""

import asyncio
import base64
import binascii
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from simulator import answers, consent, scopes, signing
from simulator.claims import ISSUER, Asked
from simulator.identity import AccessToken, Connection, IdentityRefused
from simulator.simulation import Simulation
from simulator.wire import compact, seven_digits

_DEFAULT_USER = "owner@example.com"


class IdentityHttp:
    """Routes of the identity server and of /connections."""

    def __init__(self, simulation: Simulation) -> None:
        self._sim = simulation
        self._identity = simulation.identity

    def routes(self) -> list[Route]:
        """All of them."""
        discovery = "/.well-known/openid-configuration"
        return [
            Route("/identity/connect/authorize", self.ask, methods=["GET"]),
            Route("/identity/connect/authorize", self.decide, methods=["POST"]),
            Route("/connect/token", self.token, methods=["POST"]),
            Route("/connect/revocation", self.revoke, methods=["POST"]),
            Route(discovery, self.discovery, methods=["GET"]),
            Route(f"{discovery}/jwks", self.jwks, methods=["GET"]),
            *(
                route
                for name in ("connections", "Connections")
                for route in (
                    Route(f"/{name}", self.connections, methods=["GET"]),
                    Route(f"/{name}/{{connection_id}}", self.disconnect, methods=["DELETE"]),
                )
            ),
        ]

    async def ask(self, request: Request) -> Response:
        """Show the consent page."""
        sent = dict(request.query_params)
        wrong = self._wrong(sent)
        if wrong is not None:
            return wrong
        tenants = [(tenant.id, tenant.name) for tenant in self._sim.books if not tenant.vanished]
        page = consent.page(sent, tenants, many=self._many(sent), user=_DEFAULT_USER)
        return HTMLResponse(page, headers={"X-Frame-Options": "DENY"})

    async def decide(self, request: Request) -> Response:
        """Take the form: link what was chosen and send the browser back with a code."""
        form = await _form(request)
        sent = dict(form)
        chosen = list(dict.fromkeys(value for key, value in form if key == "tenant"))
        wrong = self._wrong(sent)
        if wrong is not None:
            return wrong
        back = {"state": sent["state"]} if "state" in sent else {}
        if sent.get("decision", "allow") != "allow":
            return _back(sent["redirect_uri"], {"error": "access_denied", **back})
        living = [tenant.id for tenant in self._sim.books if not tenant.vanished]
        tenants = living if chosen == ["all"] else chosen
        if not tenants or not set(tenants) <= set(living):
            return _failed("invalid_request", "Choose an organisation you belong to.")
        if len(tenants) > 1 and not self._many(sent):
            return _failed(
                "invalid_request", "Several organisations in one consent need tier Advanced."
            )
        user = self._identity.user(sent.get("user") or _DEFAULT_USER)
        asked = Asked(
            sent["client_id"],
            user,
            sent["redirect_uri"],
            frozenset(sent.get("scope", "").split()),
            sent.get("code_challenge"),
            sent.get("nonce"),
        )
        code = self._identity.consent(asked, tenants)
        session = self._sim.config.derived(f"session {user.id}")[:43]
        answer = {"code": code, "scope": sent.get("scope", ""), **back, "session_state": session}
        return _back(sent["redirect_uri"], answer)

    async def token(self, request: Request) -> Response:
        """Give tokens for a code, a refresh token, or the app itself."""
        fault = self._sim.faults.for_call("POST", "/connect/token", None)
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.kind in {"status", "html"}:
            return self._sim.fault_answer(fault)
        if fault is not None and fault.kind == "limit":
            return Response(status_code=429, headers={"X-Rate-Limit-Problem": fault.problem})
        sent = dict(await _form(request))
        try:
            response: Response = JSONResponse(
                self._granted(request, sent), headers={"Cache-Control": "no-store"}
            )
        except IdentityRefused as refused:
            response = JSONResponse({"error": refused.error}, refused.status)
        return self._sim.spoil(response, fault)

    async def revoke(self, request: Request) -> Response:
        """Revoke a refresh token: 200 with nothing in it, known or not."""
        sent = dict(await _form(request))
        try:
            client_id = self._client(request, sent)
        except IdentityRefused as refused:
            return JSONResponse({"error": refused.error}, refused.status)
        self._identity.revoke(client_id, sent.get("token", ""))
        return Response()

    async def discovery(self, request: Request) -> Response:
        """The OpenID configuration, with this server's own addresses."""
        base = str(request.base_url).rstrip("/")
        return JSONResponse(
            {
                "issuer": ISSUER,
                "jwks_uri": f"{base}/.well-known/openid-configuration/jwks",
                "authorization_endpoint": f"{base}/identity/connect/authorize",
                "token_endpoint": f"{base}/connect/token",
                "revocation_endpoint": f"{base}/connect/revocation",
                "scopes_supported": sorted(scopes.KNOWN),
                "response_types_supported": ["code"],
                "grant_types_supported": [
                    "authorization_code",
                    "client_credentials",
                    "refresh_token",
                ],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            }
        )

    async def jwks(self, request: Request) -> Response:
        """The signing key's public half."""
        del request
        return JSONResponse(signing.jwks())

    async def connections(self, request: Request) -> Response:
        """Everything the token's user linked, or of one consent with authEventId."""
        fault = self._sim.faults.for_call("GET", "/connections", None)
        if fault is not None and fault.kind in {"status", "html"}:
            return self._sim.fault_answer(fault)
        token, refused = self._bearer(request)
        if token is None:
            return refused
        event = request.query_params.get("authEventId")
        shown = [
            self._shown(held)
            for held in self._identity.visible(token)
            if event is None or held.auth_event_id == event
        ]
        response = Response(
            compact(shown),
            media_type=answers.JSON,
            headers=self._sim.limits.app_headers(token.client_id),
        )
        return self._sim.spoil(response, fault)

    async def disconnect(self, request: Request) -> Response:
        """Remove one connection by its own id; the tenant's id is refused."""
        asked = request.path_params["connection_id"].lower()
        fault = self._sim.faults.for_call("DELETE", f"/connections/{asked}", None)
        if fault is not None and fault.kind in {"status", "html"}:
            return self._sim.fault_answer(fault)
        token, refused = self._bearer(request)
        if token is None:
            return refused
        visible = self._identity.visible(token)
        headers = self._sim.limits.app_headers(token.client_id)
        if any(held.id == asked for held in visible):
            self._identity.connections.pop(asked, None)
            return self._sim.spoil(Response(status_code=204, headers=headers), fault)
        if any(held.tenant_id == asked for held in visible):
            return answers.problem(
                403, "Forbidden", "AuthenticationUnsuccessful", answers.random_id
            )
        return Response(status_code=404, headers=headers)

    def _granted(self, request: Request, sent: Mapping[str, str]) -> dict[str, object]:
        client_id = self._client(request, sent)
        grant = sent.get("grant_type")
        if grant == "authorization_code":
            return self._identity.by_code(
                client_id,
                sent.get("code", ""),
                sent.get("redirect_uri", ""),
                verifier=sent.get("code_verifier"),
            )
        if grant == "refresh_token":
            return self._identity.by_refresh(client_id, sent.get("refresh_token", ""))
        if grant == "client_credentials":
            return self._identity.by_client(client_id, frozenset(sent.get("scope", "").split()))
        raise IdentityRefused("unsupported_grant_type")

    def _client(self, request: Request, sent: Mapping[str, str]) -> str:
        """The app that asks: by Basic auth, else by form fields."""
        client_id, secret = sent.get("client_id", ""), sent.get("client_secret")
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                text = base64.b64decode(value, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                raise IdentityRefused("invalid_client", 401) from None
            left, _, right = text.partition(":")
            client_id, secret = unquote(left), unquote(right)
        self._identity.check_client(client_id, secret)
        return client_id

    def _bearer(self, request: Request) -> tuple[AccessToken | None, Response]:
        held, refused = self._sim.bearer(request.headers.get("authorization", ""))
        if held is None:
            return None, refused
        exceeded = self._sim.limits.enter_app(held.client_id)
        if exceeded is not None:
            return None, self._sim.too_many(exceeded, held.client_id, None)
        return held, refused

    def _shown(self, held: Connection) -> dict[str, str]:
        return {
            "id": held.id,
            "authEventId": held.auth_event_id,
            "tenantId": held.tenant_id,
            "tenantType": "ORGANISATION",
            "tenantName": self._sim.books.tenant(held.tenant_id).name,
            "createdDateUtc": seven_digits(held.created),
            "updatedDateUtc": seven_digits(held.updated),
        }

    def _many(self, sent: Mapping[str, str]) -> bool:
        refused = "bulk_connect:false" in sent.get("acr_values", "")
        return self._sim.config.allows_bulk_consent() and not refused

    def _wrong(self, sent: Mapping[str, str]) -> Response | None:
        """Why an authorisation request can't be served; None when it can."""
        redirect_uri = sent.get("redirect_uri", "")
        if not self._identity.known_client(sent.get("client_id", "")):
            return _failed("unauthorized_client", "Unknown client or client not enabled.")
        if not self._allowed(redirect_uri):
            return _failed("unauthorized_client", "Invalid redirect_uri.")
        if sent.get("response_type") != "code":
            return _failed("unsupported_response_type", "Only response_type=code is supported.")
        bad = scopes.refused(frozenset(sent.get("scope", "").split()), self._sim.config.tier)
        if bad or not sent.get("scope", "").strip():
            return _failed("invalid_scope", f"Invalid scope for client: {' '.join(sorted(bad))}")
        if "code_challenge" in sent and sent.get("code_challenge_method") != "S256":
            return _failed("invalid_request", "Transform algorithm not supported.")
        return None

    def _allowed(self, redirect_uri: str) -> bool:
        """https anywhere or http on localhost; 127.0.0.1 and other schemes are refused."""
        registered = self._sim.config.redirect_uris
        if registered and redirect_uri not in registered:
            return False
        parts = urlsplit(redirect_uri)
        if parts.hostname in {None, "127.0.0.1"} or "*" in redirect_uri:
            return False
        return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname == "localhost")


async def _form(request: Request) -> list[tuple[str, str]]:
    """A URL-encoded body's pairs; anything else reads as an empty form."""
    body = await request.body()
    return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=False)


def _back(redirect_uri: str, answer: Mapping[str, str]) -> Response:
    joint = "&" if urlsplit(redirect_uri).query else "?"
    return RedirectResponse(f"{redirect_uri}{joint}{urlencode(answer)}", 302)


def _failed(error: str, why: str) -> Response:
    return HTMLResponse(consent.failure(error, why), 400, headers={"X-Frame-Options": "DENY"})
