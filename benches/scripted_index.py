"""An index that misbehaves as it is told: upload API, simple API and trusted publishing.

Speaks the legacy upload API, the JSON form of the simple API (PEP 691) and the three calls of
trusted publishing, over http or over TLS, and keeps account of everything that it is asked. Used by
`publish_faults.py`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

ALL = 1 << 62
TOKEN = "pypi-token-of-the-scripted-index"
REQUEST_TOKEN = "request-secret-of-the-job"
# The bytes of a body that are kept at each end: the fields before the file, and those behind it.
KEPT = 1 << 20


@dataclass(frozen=True)
class Fault:
    """What happens to one upload instead of the usual; without a status the connection ends."""

    status: str = ""
    headers: str = ""
    body: str = ""
    # Bytes of the body that are read before anything else happens.
    read: int = ALL
    # Whether the file is stored; needs the whole body.
    store: bool = False
    # Closes with a reset.
    reset: bool = False
    # Seconds in which the server does nothing at all, after what it reads.
    hang: float = 0.0
    # Bytes per second at which it reads.
    rate: int | None = None


@dataclass
class Upload:
    """One request to the upload API, and what came of it."""

    began: float
    authorization: str
    length: int
    name: str = ""
    project: str = ""
    sha256: str = ""
    attestations: str = ""
    read: int = 0
    # The names that the simple API listed when it began.
    listed: list[str] = field(default_factory=list)


@dataclass
class Stored:
    project: str
    sha256: str
    since: float
    # As the simple API tells it; empty where it does not.
    upload_time: str = ""


# Says no to an upload, or lets it pass.
Rule = Callable[[Upload], Fault | None]


class ScriptedIndex:
    """One server; it ends with the process. Over TLS it is a proxy too, and plays every host."""

    def __init__(
        self,
        *,
        faults: list[Fault] | None = None,
        always: Fault | None = None,
        rules: list[Rule] | None = None,
        tls: ssl.SSLContext | None = None,
        lag: float = 0.0,
        duplicates: str = "compared",
    ) -> None:
        self.faults = list(faults or [])
        self.always = always
        self.rules = list(rules or [])
        self.tls = tls
        self.lag = lag
        self.duplicates = duplicates
        self.files: dict[str, Stored] = {}
        self.uploads: list[Upload] = []
        self.lines: list[str] = []
        self.tokens = {TOKEN}
        self.expired: set[str] = set()
        self.uses: dict[str, int] = {}
        # How many uploads a minted token serves for.
        self.serves_for: int | None = None
        # The life of a minted token, as the server tells it.
        self.life = 900
        self.mint_answers: list[tuple[str, str]] = []
        self.minted = 0
        self.claims: dict[str, str] = {}
        self.identities: list[str] = []
        self.handed_out = 0
        # Every secret that was used or handed out.
        self.secrets = [TOKEN, REQUEST_TOKEN]
        # What a project's page says otherwise: its JSON, changed, or another answer altogether.
        self.retold: Callable[[dict[str, object]], object] | None = None
        self.page: Callable[[str], bytes | None] | None = None
        self.lock = threading.Lock()
        self.listener = socket.socket()
        # Small, so that what a client sent is what this server read.
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(64)
        self.port = int(self.listener.getsockname()[1])
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self._connection, args=(connection,), daemon=True).start()

    def _connection(self, connection: socket.socket) -> None:
        # Broken connections are what much of this is about.
        try:
            with connection:
                if self.tls is None or connection.recv(7, socket.MSG_PEEK) == b"CONNECT":
                    self._serve(connection)
                else:
                    with self.tls.wrap_socket(connection, server_side=True) as secure:
                        self._serve(secure)
        except OSError:
            pass

    def _serve(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            part = connection.recv(65536)
            if not part:
                return
            head += part
        head, _, rest = head.partition(b"\r\n\r\n")
        line, *rows = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (row.partition(":") for row in rows)
        }
        method, target = line.split(" ")[:2]
        self.lines.append(line)
        if method == "CONNECT" and self.tls is not None:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with self.tls.wrap_socket(connection, server_side=True) as secure:
                self._serve(secure)
            return
        length = int(headers.get("content-length", 0))
        path = target.partition("?")[0]
        if method == "POST" and path in ("/legacy/", "/elsewhere/"):
            self._upload(connection, headers, length, rest)
            return
        while len(rest) < length and (part := connection.recv(65536)):
            rest += part
        connection.sendall(self._answer(method, path, target, headers, rest))

    def _answer(
        self, method: str, path: str, target: str, headers: dict[str, str], body: bytes
    ) -> bytes:
        if path == "/_/oidc/audience":
            return response("200 OK", "", json.dumps({"audience": "scripted-index"}))
        if path == "/id-token":
            return self._identity(target, headers)
        if path == "/_/oidc/mint-token":
            return self._mint(body)
        if self.page and path.startswith("/simple") and (answer := self.page(path)) is not None:
            return answer
        if path == "/simple/":
            return self._root()
        if path.startswith("/simple/"):
            return self._page(normalised(path.split("/")[2]))
        if path.startswith("/pypi/"):
            # The older JSON API, by which one client looks for names.
            names = [{"filename": name} for name in self.listed(normalised(path.split("/")[2]))]
            versions = {name["filename"].split("-")[1].removesuffix(".tar.gz") for name in names}
            return response("200 OK", "", json.dumps({"releases": dict.fromkeys(versions, names)}))
        return response("404 Not Found", "", "nothing here")

    def _identity(self, target: str, headers: dict[str, str]) -> bytes:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        is_allowed = scheme.lower() == "bearer" and token == REQUEST_TOKEN
        if not is_allowed or "audience=scripted-index" not in target:
            return response("400 Bad Request", "", "wrong request")
        with self.lock:
            self.handed_out += 1
            claims = {**self.claims, "aud": "scripted-index", "jti": f"identity-{self.handed_out}"}
            payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
            identity = f"eyJhbGciOiJSUzI1NiJ9.{payload}.c2lnbmF0dXJl"
            self.identities.append(identity)
            self.secrets.append(identity)
        return response("200 OK", "", json.dumps({"count": 1, "value": identity}))

    def _mint(self, body: bytes) -> bytes:
        with self.lock:
            if self.mint_answers:
                status, text = self.mint_answers.pop(0)
                return response(status, "", text)
            identity = json.loads(body).get("token")
            if identity not in self.identities:
                errors = [
                    {"code": "invalid-reuse-token", "description": "the identity was used already"}
                ]
                text = json.dumps({"message": "Token request failed", "errors": errors})
                return response("422 Unprocessable Entity", "", text)
            self.identities.remove(identity)
            self.minted += 1
            token = f"pypi-minted-secret-{self.minted}"
            self.tokens.add(token)
            self.secrets.append(token)
        expires = int(time.time()) + self.life
        return response(
            "200 OK", "", json.dumps({"success": True, "token": token, "expires": expires})
        )

    def listed(self, project: str | None = None) -> list[str]:
        """The names that the simple API shows, of one project or of all."""
        now = time.monotonic()
        with self.lock:
            files = list(self.files.items())
        return [
            name
            for name, stored in files
            if (project is None or stored.project == project) and now - stored.since >= self.lag
        ]

    def _root(self) -> bytes:
        with self.lock:
            projects = sorted({stored.project for stored in self.files.values()})
        names = [{"name": project} for project in projects]
        page = {"meta": {"api-version": "1.1"}, "projects": names}
        return response(
            "200 OK", "Content-Type: application/vnd.pypi.simple.v1+json\r\n", json.dumps(page)
        )

    def _page(self, project: str) -> bytes:
        names = self.listed(project)
        if not names:
            return response("404 Not Found", "", "<h1>not here</h1>")
        files = [
            {
                "filename": name,
                "url": f"{self.url}/files/{name}",
                "hashes": {"sha256": self.files[name].sha256},
                **({"upload-time": told} if (told := self.files[name].upload_time) else {}),
            }
            for name in names
        ]
        page: dict[str, object] = {
            "meta": {"api-version": "1.1"},
            "name": project,
            "files": files,
            "versions": [],
        }
        if self.retold:
            self.retold(page)
        return response(
            "200 OK", "Content-Type: application/vnd.pypi.simple.v1+json\r\n", json.dumps(page)
        )

    def _upload(
        self, connection: socket.socket, headers: dict[str, str], length: int, rest: bytes
    ) -> None:
        upload = Upload(
            time.monotonic(), headers.get("authorization", ""), length, listed=self.listed()
        )
        with self.lock:
            self.uploads.append(upload)
            fault = self.faults.pop(0) if self.faults else self.always
        start, end = self._read(connection, upload, fault or Fault(), rest)
        describe(upload, start, end)
        if fault is not None:
            time.sleep(fault.hang)
            if fault.store:
                self._store(upload)
            answer = fault
        else:
            answer = next((no for rule in self.rules if (no := rule(upload))), None) or self._usual(
                upload
            )
        if answer.status:
            connection.sendall(response(answer.status, answer.headers, answer.body))
        if answer.reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _read(
        self, connection: socket.socket, upload: Upload, fault: Fault, start: bytes
    ) -> tuple[bytes, bytes]:
        """Reads what the fault lets it read; the body's start and its end."""
        upload.read = len(start)
        end = start
        limit = min(upload.length, fault.read)
        while upload.read < limit:
            part = connection.recv(min(65536, limit - upload.read))
            if not part:
                raise ConnectionError("cut by the client")
            upload.read += len(part)
            start = start if len(start) >= KEPT else start + part
            end = (end + part)[-KEPT:] if len(end) < 2 * KEPT else end[-KEPT:] + part
            if fault.rate:
                time.sleep(len(part) / fault.rate)
        return start, end

    def _store(self, upload: Upload) -> None:
        with self.lock:
            self.files[upload.name] = Stored(
                normalised(upload.project), upload.sha256, time.monotonic()
            )

    def _usual(self, upload: Upload) -> Fault:
        basic = base64.b64decode(upload.authorization.removeprefix("Basic ")).decode()
        token = basic.partition(":")[2]
        if token in self.expired:
            return Fault("403 Forbidden", "", refusal("403 Invalid API Token: token is expired"))
        if token not in self.tokens:
            words = "403 Invalid or non-existent authentication information."
            return Fault("403 Forbidden", "", refusal(words))
        self.uses[token] = self.uses.get(token, 0) + 1
        if self.uses[token] == self.serves_for:
            self.expired.add(token)
        there = self.files.get(upload.name)
        if there is None:
            self._store(upload)
            return Fault("200 OK")
        if self.duplicates == "refused":
            return Fault(
                "409 Conflict", "", "<html><body><h1>Package already exists!</h1></body></html>"
            )
        if there.sha256 == upload.sha256:
            return Fault("200 OK")
        words = (
            f"400 File already exists ('{upload.name}', with blake2_256 hash 'x'). See the help."
        )
        return Fault("400 Bad Request", "", refusal(words))

    def plant(self, name: str, project: str, sha256: str, upload_time: str = "") -> None:
        """Has a file as if another publisher had sent it long ago."""
        self.files[name] = Stored(project, sha256, float("-inf"), upload_time)


def describe(upload: Upload, start: bytes, end: bytes) -> None:
    """Reads the form's fields as far as they were sent."""

    def text(name: str) -> str:
        pattern = rb'name="' + name.encode() + rb'"(?:\r\n[^\r\n]+)*\r\n\r\n(.*?)\r\n--'
        found = re.search(pattern, start, re.DOTALL) or re.search(pattern, end, re.DOTALL)
        return found[1].decode("utf-8", "replace") if found else ""

    if found := re.search(rb'filename="([^"]+)"', start):
        upload.name = found[1].decode()
    upload.project = text("name")
    upload.sha256 = text("sha256_digest")
    upload.attestations = text("attestations")


def response(status: str, headers: str, body: str) -> bytes:
    head = f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body.encode())}\r\n"
    head += "Connection: close\r\n\r\n"
    return (head + body).encode()


def refusal(words: str) -> str:
    """A refusal as the index writes it for those who accept JSON."""
    return json.dumps(
        {"message": "The server could not comply.", "code": words, "title": words[:3]}
    )


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
