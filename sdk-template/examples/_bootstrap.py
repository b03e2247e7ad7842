"""Makes a checkout ready to run the examples: the SDK's source, its dependencies, its runtime.

Which runtime that is, is read from the SDK's own dependency, which pins one version exactly.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import importlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codex_app_server import AppServerConfig
    from codex_app_server.types import InitializeResponse, Turn

SDK_DIR = Path(__file__).resolve().parents[1]
SDK_SOURCE = SDK_DIR / "src"


def sdk_dependencies() -> list[str]:
    """What the SDK requires: from the checkout's pyproject.toml, else from installed metadata."""
    project = SDK_DIR / "pyproject.toml"
    if project.is_file():
        table = project.read_text(encoding="utf-8").split("[project]", 1)[-1]
        found = re.search(r"^dependencies = (\[.*?^\])", table, re.MULTILINE | re.DOTALL)
        if found is None:
            raise SystemExit(f"{project} lists no dependencies")
        # A TOML array of strings, with its comments, is a Python list too.
        return [str(item) for item in ast.literal_eval(found.group(1))]
    name = importlib.metadata.packages_distributions()["codex_app_server"][0]
    requires = importlib.metadata.requires(name) or []
    return [item for item in requires if "extra ==" not in item]


def runtime_pin() -> tuple[str, str]:
    """The runtime's distribution and version: the one dependency that is pinned exactly."""
    for requirement in sdk_dependencies():
        name, pinned, version = requirement.partition("==")
        if pinned:
            return name.strip(), version.split(";")[0].strip()
    raise SystemExit("the SDK pins no runtime package; use a staged or released SDK")


def installed_version(distribution: str) -> str | None:
    """The version of an installed distribution, or None."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def missing_dependencies() -> list[str]:
    """The requirements that must be installed before an example can run."""
    runtime, version = runtime_pin()
    missing: list[str] = []
    for requirement in sdk_dependencies():
        found = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", requirement)
        name = found.group(0) if found else requirement
        if name == runtime:
            # A build named by CODEX_BIN is used instead of the package.
            if not os.environ.get("CODEX_BIN") and installed_version(name) != version:
                missing.append(f"{runtime}=={version}")
        elif installed_version(name) is None:
            missing.append(requirement)
    return missing


def install(requirements: list[str]) -> None:
    """Install by name into the running environment, with pip or, where it has none, with uv."""
    if importlib.util.find_spec("pip") is not None:
        command = [sys.executable, "-m", "pip", "install", "--quiet", *requirements]
    elif uv := shutil.which("uv"):
        command = [uv, "pip", "install", "--quiet", "--python", sys.executable, *requirements]
    else:
        raise SystemExit(f"neither pip nor uv is here to install: {' '.join(requirements)}")
    print(f"Installing {', '.join(requirements)} into {sys.prefix}", file=sys.stderr)
    if subprocess.run(command).returncode != 0:
        raise SystemExit(
            f"could not install {', '.join(requirements)} into {sys.prefix}; create a virtual "
            "environment and run this again with its Python"
        )
    importlib.invalidate_caches()


def prepare() -> None:
    """Make `import codex_app_server` work from here, with the pinned runtime beside it."""
    if (SDK_SOURCE / "codex_app_server").is_dir() and str(SDK_SOURCE) not in sys.path:
        sys.path.insert(0, str(SDK_SOURCE))
    if missing := missing_dependencies():
        install(missing)


def client_config() -> AppServerConfig:
    """The default configuration, or one for the build that CODEX_BIN names."""
    from codex_app_server import AppServerConfig

    return AppServerConfig(codex_bin=os.environ.get("CODEX_BIN") or None)


def server_label(metadata: InitializeResponse) -> str:
    """Name and version of the server that answered."""
    server = metadata.serverInfo
    return f"{server.name} {server.version}" if server else "unknown"


def assistant_text(turn: Turn | None) -> str:
    """What the assistant wrote in a turn that was read back from a thread."""
    texts: list[str] = []
    for item in turn.items if turn else []:
        if item.root.type == "agentMessage":
            texts.append(item.root.text)
    return "\n".join(texts)


def find_turn(turns: list[Turn], turn_id: str) -> Turn | None:
    """The turn with this id among the turns of a thread."""
    return next((turn for turn in turns if turn.id == turn_id), None)


def sample_image() -> bytes:
    """A PNG of 64 by 64 pixels: red above, blue below."""
    rows = b"".join(
        b"\x00" + (b"\xd0\x20\x20" if row < 32 else b"\x20\x40\xd0") * 64 for row in range(64)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def sample_image_url() -> str:
    """The sample image as a data URL, which is what the runtime takes."""
    return "data:image/png;base64," + base64.b64encode(sample_image()).decode("ascii")


@contextlib.contextmanager
def sample_image_file() -> Generator[Path]:
    """The sample image as a file that is gone afterwards."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "sample.png"
        path.write_bytes(sample_image())
        yield path
