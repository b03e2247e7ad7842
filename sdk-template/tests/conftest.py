"""Fixtures of all tests: the runtime, an isolated home, the model server, and both client kinds."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.home import CodexHome
from harness.model_server import ModelServer
from harness.runtime import require_runtime
from harness.world import Twin, World


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that reaches the runtime through a fixture."""
    for item in items:
        if "runtime" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.runtime)


@pytest.fixture(scope="session")
def runtime() -> Path:
    """The pinned runtime's executable."""
    return require_runtime()


@pytest.fixture
def model() -> Iterator[ModelServer]:
    """A model server that answers only what the test queues."""
    with ModelServer() as server:
        yield server


@pytest.fixture
def home(tmp_path: Path, model: ModelServer) -> CodexHome:
    """A fresh CODEX_HOME that leads to the model server."""
    return CodexHome.create(tmp_path / "home", model.base_url)


@pytest.fixture
def world(runtime: Path, home: CodexHome, model: ModelServer, tmp_path: Path) -> World:
    """The runtime with a home, a model server and an empty workspace."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    return World(runtime, home, model, workspace)


@pytest.fixture(params=["sync", "async"])
def twin(request: pytest.FixtureRequest, world: World) -> Iterator[Twin]:
    """The world seen through the sync client, and once more through the async one."""
    if request.param == "sync":
        yield Twin("sync", world)
        return
    loop = asyncio.new_event_loop()
    try:
        yield Twin("async", world, loop)
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
        gc.collect()
