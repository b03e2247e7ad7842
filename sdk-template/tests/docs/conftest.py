"""Documentation programs run against a model server that has an answer to everything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.home import CodexHome
from harness.model_server import ModelServer
from harness.programs import Programs
from harness.replies import Reply
from harness.runtime import importable_runtime

ANSWER = "Hello from the model."


@pytest.fixture
def model() -> Iterator[ModelServer]:
    """A model server that answers every request with the same streamed text."""
    with ModelServer(fallback=Reply.text(ANSWER, deltas=["Hello ", "from the model."])) as server:
        yield server


@pytest.fixture
def programs(
    runtime: Path, home: CodexHome, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Programs:
    """A reader's environment: a home with the model server, the runtime package, an empty cwd."""
    del runtime  # skips the test where there is none
    packages = importable_runtime(tmp_path_factory.mktemp("packages"))
    return Programs.create(tmp_path / "elsewhere", home, packages)
