"""Sends one large wheel to a server on this machine with `relkit publish` and with curl, in turns.

Compares rate and memory. The rate is the server's: the bytes of the request's body by the time from
its head to its last byte.

usage: benches/publish.py [RELKIT [PAYLOAD]]

PAYLOAD is a static x86-64 Linux build of the product, version 0.163.0. Without it the published
wheel is repacked, and without RELKIT target/release/relkit is measured.
"""

import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

VERSION = "0.163.0"
PAIRS = 9
ROOT = Path(__file__).resolve().parent.parent
PAYLOAD = f"openai_codex_cli_bin-{VERSION}-py3-none-manylinux_2_17_x86_64.whl"

# Bytes and seconds of every body that arrived.
arrived: list[tuple[int, float]] = []


def answer(connection: socket.socket) -> None:
    """Takes a request whole, as fast as the machine does, and says yes; knows no project."""
    with connection:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        head, _, rest = head.partition(b"\r\n\r\n")
        lines = head.decode().lower().split("\r\n")
        if "expect: 100-continue" in lines:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith("content-length:")), 0)
        left, buffer, begun = length - len(rest), bytearray(1 << 20), time.monotonic()
        while left > 0 and (count := connection.recv_into(buffer)):
            left -= count
        arrived.append((length, time.monotonic() - begun))
        status = "200 OK" if lines[0].startswith("post") else "404 Not Found"
        connection.sendall(
            f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        )


def serve() -> str:
    listener = socket.create_server(("127.0.0.1", 0))

    def loop() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def rate(wheel: Path) -> float:
    """The megabytes per second at which the wheel arrived just now."""
    size, seconds = next(row for row in reversed(arrived) if row[0] > wheel.stat().st_size)
    arrived.clear()
    return size / seconds / 1e6


def main() -> None:
    given = [Path(argument).resolve() for argument in sys.argv[1:]]
    defaults: list[Path] = [
        ROOT / "target" / "release" / "relkit",
        ROOT / "target" / "payloads" / PAYLOAD,
    ]
    relkit, payload = [*given, *defaults[len(given) :]]
    stage: list[str | Path] = ["stage-runtime", "runtime", payload]
    url = serve()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        for step in (
            [*stage, "--codex-version", VERSION],
            ["stage-sdk", "sdk", "--codex-version", VERSION],
            ["build", "runtime", "sdk", "--out-dir", "dist", "--compression", "store"],
        ):
            subprocess.run([relkit, *step], cwd=root, check=True)
        wheel = next((root / "dist").glob("openai_codex_cli_bin-*.whl"))
        command: list[str | Path] = [
            relkit,
            "publish",
            "dist",
            "--codex-version",
            VERSION,
            "--upload-url",
            f"{url}/legacy/",
            "--allow-missing",
            "all",
            "--quiet",
        ]
        environment = {**os.environ, "RELKIT_TOKEN": "pypi-none"}
        rates: dict[str, list[float]] = {"relkit": [], "curl": []}
        for _ in range(PAIRS):
            subprocess.run(
                command, cwd=root, check=True, env=environment, stdout=subprocess.DEVNULL
            )
            rates["relkit"].append(rate(wheel))
            form = f"content=@{wheel}"
            subprocess.run(
                ["curl", "-sf", "-o", os.devnull, "-F", form, f"{url}/legacy/"], check=True
            )
            rates["curl"].append(rate(wheel))
        for name, measured in rates.items():
            each = ", ".join(f"{rate:.0f}" for rate in measured)
            print(f"{name}: {statistics.median(measured):.0f} MB/s ({each})")
        ratios = sorted(ours / theirs for ours, theirs in zip(*rates.values(), strict=True))
        print(
            f"relkit by curl: {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"largest resident size of any child: {peak:.0f} MiB")


main()
