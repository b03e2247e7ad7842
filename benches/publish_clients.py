"""How twine, `uv publish` and `relkit publish` are called, what they publish, and real servers.

The distributions are made with the relkit given: executables of noise, and the SDK.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from scripted_index import TOKEN

VERSION = "0.163.0"
PASSWORD = "a-password-of-this-run"
# ELF's e_machine of x86-64 and AArch64.
MACHINES = {"x86": 62, "arm": 183}
# The bytes of the executables of each dist.
DISTS = {
    "small": {"x86": 2_000_000},
    "pair": {"x86": 2_000_000, "arm": 1_500_000},
    "other": {"x86": 2_000_000, "arm": 1_500_000},
    "large": {"x86": 24_000_000},
    "huge": {"x86": 300_000_000},
}


@dataclass
class Run:
    """A client that ran: its exit status, or None where it was stopped."""

    status: int | None
    seconds: float
    said: str
    peak: float

    def outcome(self) -> str:
        return (
            f"exit {self.status}"
            if self.status is not None
            else f"stopped after {self.seconds:.0f} s"
        )


class Where(NamedTuple):
    """What a client is told of an index."""

    upload: str
    simple: str
    user: str = "__token__"
    secret: str = TOKEN


@dataclass
class Bench:
    """What all rows share: the executables, the distributions, the certificate authority."""

    relkit: Path
    bin: Path
    scratch: Path
    authority: Path | None = None
    tls: ssl.SSLContext | None = None
    dists: dict[str, Path] = field(default_factory=dict)

    def dist(self, name: str) -> Path:
        """A dist by name, shared by all rows: nobody may change it."""
        return self.dists[name]

    def copy(self, name: str) -> Path:
        """A dist of the caller's own."""
        path = Path(tempfile.mkdtemp(dir=self.scratch)) / "dist"
        shutil.copytree(self.dists[name], path)
        return path

    def environment(self) -> dict[str, str]:
        home = Path(tempfile.mkdtemp(dir=self.scratch))
        kept = {
            name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT") if name in os.environ
        }
        return {
            **kept,
            "HOME": str(home),
            "UV_CACHE_DIR": str(home / "cache"),
            "NO_COLOR": "1",
            "COLUMNS": "400",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }


@dataclass
class Client:
    """One of the three: how it is called."""

    name: str

    def command(
        self, bench: Bench, where: Where, dist: Path, files: list[Path], options: list[str]
    ) -> list[str]:
        if self.name == "twine":
            fixed = ["upload", "--non-interactive", "--repository-url", where.upload]
            return [str(bench.bin / "twine"), *fixed, *options, *map(str, files)]
        if self.name == "uv publish":
            fixed = [
                "publish",
                "--no-config",
                "--publish-url",
                where.upload,
                "--check-url",
                where.simple,
            ]
            return [str(bench.bin / "uv"), *fixed, *options, *map(str, files)]
        upload = where.upload
        if where.user != "__token__":
            upload = upload.replace("://", f"://{where.user}@")
        fixed = [
            "publish",
            str(dist),
            "--codex-version",
            VERSION,
            "--upload-url",
            upload,
            "--index-url",
            where.simple,
        ]
        return [str(bench.relkit), *fixed, "--allow-missing", "all", *options]

    def secret(self, where: Where) -> dict[str, str]:
        """The variables that hand over user name and secret."""
        if self.name == "twine":
            return {"TWINE_USERNAME": where.user, "TWINE_PASSWORD": where.secret}
        if self.name == "uv publish":
            return {"UV_PUBLISH_USERNAME": where.user, "UV_PUBLISH_PASSWORD": where.secret}
        return {"RELKIT_TOKEN": where.secret}


CLIENTS = [Client("twine"), Client("uv publish"), Client("relkit publish")]


def start(command: list[str], environment: dict[str, str], said: Path) -> subprocess.Popen[bytes]:
    with said.open("wb") as output:
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def high_water(pid: int) -> float:
    """The peak of a process's resident memory in MiB so far, where the system tells it."""
    with suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text()
        if found := re.search(r"VmHWM:\s*(\d+) kB", status):
            return int(found[1]) / 1024
    return 0.0


def finish(process: subprocess.Popen[bytes], said: Path, begun: float, limit: float) -> Run:
    """Waits for a client, no longer than the limit; stops it then."""
    deadline, is_stopped, peak = begun + limit, False, 0.0
    while True:
        peak = max(peak, high_water(process.pid))
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        if time.monotonic() > deadline and not is_stopped:
            is_stopped = True
            os.kill(process.pid, signal.SIGKILL)
        time.sleep(0.02)
    process.returncode = os.waitstatus_to_exitcode(status)
    code = None if is_stopped else process.returncode
    # Elsewhere than on Linux, at the least that of this process, which every child starts as.
    peak = peak or usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / (1 << 20)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.read_text(errors="replace"))
    return Run(code, time.monotonic() - begun, text, peak)


@dataclass
class Try:
    """A client and what it is to do; options are by the client's name."""

    bench: Bench
    client: Client
    where: Where
    dist: Path
    files: list[Path]
    options: dict[str, list[str]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    is_secret_given: bool = True
    limit: float = 25.0

    def start(self) -> tuple[subprocess.Popen[bytes], Path, float]:
        options = self.options.get(self.client.name, [])
        command = self.client.command(self.bench, self.where, self.dist, self.files, options)
        environment = {**self.bench.environment(), **self.variables}
        if self.is_secret_given:
            environment |= self.client.secret(self.where)
        handle, name = tempfile.mkstemp(dir=self.bench.scratch)
        os.close(handle)
        return start(command, environment, Path(name)), Path(name), time.monotonic()

    def run(self) -> Run:
        process, said, begun = self.start()
        return finish(process, said, begun, self.limit)


def known_hosts(bench: Bench) -> list[str]:
    """The upload URL that twine knows, and the others that it asks; from twine itself."""
    code = (
        "from twine import repository as r, utils as u; "
        "print(u.DEFAULT_REPOSITORY, r.LEGACY_PYPI, r.WAREHOUSE)"
    )
    done = subprocess.run(
        [bench.bin / "python", "-c", code], check=True, capture_output=True, text=True
    )
    return done.stdout.split()


def make_authority(bench: Bench) -> None:
    """An authority of this run, and its certificate for this machine and the hosts of twine."""
    home = bench.scratch / "authority"
    home.mkdir()
    hosts = sorted({re.sub(r"^https://|/.*$", "", url) for url in known_hosts(bench)})
    names = ",".join(["IP:127.0.0.1", "DNS:localhost", *(f"DNS:{host}" for host in hosts)])
    (home / "leaf.cnf").write_text(f"basicConstraints=critical,CA:FALSE\nsubjectAltName={names}\n")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=home, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl(
        "req",
        "-x509",
        *key,
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-days",
        "2",
        "-subj",
        "/CN=publish faults",
    )
    openssl("req", *key, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=127.0.0.1")
    signer = [
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        "leaf.cnf",
    ]
    openssl("x509", "-req", "-in", "leaf.csr", *signer, "-out", "leaf.pem")
    bench.authority = home / "ca.pem"
    bench.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    bench.tls.load_cert_chain(home / "leaf.pem", home / "leaf.key")


def write_executable(path: Path, machine: int, size: int) -> None:
    """A static ELF executable of noise (System V ABI): one segment over the whole file."""
    head = bytearray(128)
    head[:7] = b"\x7fELF\x02\x01\x01"
    struct.pack_into(
        "<HHIQQQIHHHHHH", head, 16, 2, machine, 1, 0x400078, 64, 0, 0, 64, 56, 1, 64, 0, 0
    )
    struct.pack_into("<IIQQQQQQ", head, 64, 1, 5, 0, 0x400000, 0x400000, size, size, 0x1000)
    # In parts, so that no child starts as a copy of a large process.
    noise = os.urandom(1 << 20)
    with path.open("wb") as file:
        file.write(head)
        left = size - len(head)
        while left > 0:
            left -= file.write(noise[:left])


def make_dist(bench: Bench, name: str, sizes: dict[str, int]) -> None:
    home = bench.scratch / name
    home.mkdir()

    def relkit(*arguments: str) -> None:
        subprocess.run([bench.relkit, *arguments], cwd=home, check=True, capture_output=True)

    release = ["--codex-version", VERSION]
    for machine, size in sizes.items():
        write_executable(home / f"codex-{machine}", MACHINES[machine], size)
        relkit("stage-runtime", f"runtime-{machine}", f"codex-{machine}", *release)
    relkit("stage-sdk", "sdk", *release)
    stages = [*(f"runtime-{machine}" for machine in sizes), "sdk"]
    relkit("build", *stages, "--out-dir", "dist", "--compression", "store")
    bench.dists[name] = home / "dist"


def distributions(dist: Path) -> list[Path]:
    """What `dist/*` is to a shell: everything, sorted."""
    return sorted(dist.iterdir())


def runtime(dist: Path) -> Path:
    return next(
        path for path in distributions(dist) if "cli_bin" in path.name and "x86_64" in path.name
    )


@contextmanager
def server(
    command: list[str], environment: dict[str, str], port: int, scratch: Path
) -> Iterator[str]:
    with (scratch / f"server-{port}").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        deadline = time.monotonic() + 120
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]} does not answer")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def pypiserver(bench: Bench) -> Iterator[Where]:
    home = Path(tempfile.mkdtemp(dir=bench.scratch))
    (home / "packages").mkdir()
    code = (
        "import sys; from passlib.apache import HtpasswdFile as H; h = H(sys.argv[1], new=True); "
        "h.set_password('up', sys.argv[2]); h.save()"
    )
    subprocess.run([bench.bin / "python", "-c", code, home / "passwords", PASSWORD], check=True)
    port = free_port()
    command = [
        str(bench.bin / "pypi-server"),
        "run",
        "-p",
        str(port),
        "-i",
        "127.0.0.1",
        "-a",
        "update",
    ]
    command += ["-P", str(home / "passwords"), "--disable-fallback", str(home / "packages")]
    with server(command, bench.environment(), port, home) as url:
        yield Where(f"{url}/", f"{url}/simple/", "up", PASSWORD)


@contextmanager
def devpi(bench: Bench) -> Iterator[Where]:
    home = Path(tempfile.mkdtemp(dir=bench.scratch))
    environment = {**bench.environment(), "HOME": str(home)}

    def run(name: str, *arguments: str) -> None:
        subprocess.run(
            [bench.bin / name, *arguments], env=environment, check=True, capture_output=True
        )

    run("devpi-init", "--serverdir", str(home / "data"), "--root-passwd", "rootpw")
    port = free_port()
    command = [
        str(bench.bin / "devpi-server"),
        "--serverdir",
        str(home / "data"),
        "--host",
        "127.0.0.1",
    ]
    with server([*command, "--port", str(port), "--offline-mode"], environment, port, home) as url:
        run("devpi", "use", url)
        run("devpi", "login", "root", "--password", "rootpw")
        run("devpi", "user", "-c", "up", f"password={PASSWORD}")
        run("devpi", "index", "-c", "up/locked", "bases=", "volatile=False")
        yield Where(f"{url}/up/locked/", f"{url}/up/locked/+simple/", "up", PASSWORD)
