"""An MCP server on 127.0.0.1 that wants a sign-in, together with the server that grants it.

It grants whatever is asked; `visit` does what a user's browser would do at the address of a
sign-in.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any

from harness.local_server import LocalServer

_CODE = "a-code"


class OauthServer:
    """Serves `/mcp`, and the documents and endpoints of OAuth 2.1; use as a context manager."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self._http = _Server(_Handler, "oauth-server")
        self._http.owner = self

    def __enter__(self) -> OauthServer:
        self._http.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.stop()

    @property
    def root(self) -> str:
        """The address of the server."""
        return self._http.root

    @property
    def url(self) -> str:
        """The address of the MCP server."""
        return f"{self.root}/mcp"


def visit(authorization_url: str, *, error: str | None = None) -> int:
    """Agree, or answer with an `error`, as the user's browser does; the status of the last page."""
    asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(authorization_url).query))
    told = {"error": error} if error else {"code": _CODE}
    answer = urllib.parse.urlencode({**told, "state": asked["state"]})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{asked['redirect_uri']}?{answer}", timeout=20) as page:
            status: int = page.status
    except urllib.error.HTTPError as refused:
        status = refused.code
    return status


class _Server(LocalServer):
    owner: OauthServer


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        root = self.server.owner.root
        path = urllib.parse.urlsplit(self.path).path
        self.server.owner.requests.append(path)
        if path.startswith("/.well-known/oauth-protected-resource"):
            self._send(200, {"resource": f"{root}/mcp", "authorization_servers": [root]})
        elif path.startswith("/.well-known/oauth-authorization-server"):
            self._send(
                200,
                {
                    "issuer": root,
                    "authorization_endpoint": f"{root}/authorize",
                    "token_endpoint": f"{root}/token",
                    "registration_endpoint": f"{root}/register",
                    "response_types_supported": ["code"],
                    "grant_types_supported": ["authorization_code"],
                    "code_challenge_methods_supported": ["S256"],
                    "scopes_supported": ["read"],
                },
            )
        elif path == "/mcp":
            self._refuse()
        else:
            self._send(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        self.server.owner.requests.append(self.path)
        if self.path == "/register":
            self._send(201, {**json.loads(body), "client_id": "a-client"})
        elif self.path == "/token":
            granted = urllib.parse.parse_qs(body.decode()).get("code") == [_CODE]
            token = {"access_token": "a-token", "token_type": "Bearer", "expires_in": 3600}
            self._send(200 if granted else 400, token if granted else {"error": "invalid_grant"})
        else:
            self._refuse()

    def _refuse(self) -> None:
        metadata = f"{self.server.owner.root}/.well-known/oauth-protected-resource"
        self._send(401, {}, {"www-authenticate": f'Bearer resource_metadata="{metadata}"'})

    def _send(self, status: int, value: object, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"content-type": "application/json", **(headers or {})}.items():
            self.send_header(name, text)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: pytest shows what a test asserts instead."""
