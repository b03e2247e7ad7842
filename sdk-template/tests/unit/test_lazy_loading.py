"""What is loaded when: the root nothing, `Codex` no models."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"


def loaded_after(statement: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after `statement`."""
    code = f"import sys; sys.path.insert(0, {str(SOURCE)!r}); {statement}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import codex_app_server",
        "import codex_app_server.types",
        "import codex_app_server; dir(codex_app_server)",
    ],
)
def test_the_root_and_types_load_nothing_heavy(statement: str) -> None:
    loaded = loaded_after(statement)
    heavy = ("pydantic", "asyncio", "importlib.metadata", "codex_app_server.generated")
    assert not [name for name in loaded if name.startswith(heavy)]


def test_codex_loads_no_model() -> None:
    loaded = loaded_after("from codex_app_server import Codex, AsyncCodex, TextInput")
    prefix = "codex_app_server.generated."
    generated = {name.removeprefix(prefix) for name in loaded if name.startswith(prefix)}
    methods = {"client_methods", "codex_methods", "thread_methods", "turn_methods"}
    assert generated <= {*methods, "registry"}
    assert not any(name.split(".")[0] in ("pydantic", "pydantic_core") for name in loaded)


def test_errors_and_inputs_load_no_client() -> None:
    loaded = loaded_after("from codex_app_server import TransportClosedError, TextInput")
    assert "codex_app_server.client" not in loaded
    assert "codex_app_server._transport" not in loaded
