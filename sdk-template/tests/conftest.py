"""Fixtures of all tests: the runtime, an isolated home, the model server, and both client kinds."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from codex_app_server import AppServerConfig, Codex
from codex_app_server._wire import preload
from harness.home import CodexHome
from harness.model_server import ModelServer
from harness.runtime import OlderRuntimes, require_runtime
from harness.sign_in import alone_with_the_sign_in_port
from harness.world import Twin, World


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that reaches the runtime through a fixture."""
    for item in items:
        if "runtime" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.runtime)


#: A disk in memory that is large enough: each new home has databases, which wait for the disk.
FAST_DISK = Path("/dev/shm")
FAST_DISK_BYTES = 2 << 30


def pytest_configure() -> None:
    """Keep the tests' files in memory where there is room for them."""
    if os.access(FAST_DISK, os.W_OK) and shutil.disk_usage(FAST_DISK).free > FAST_DISK_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(FAST_DISK))


def pytest_collection_finish() -> None:
    """Leave what is in memory anyway out of the garbage collections that many tests ask for."""
    preload()
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def runtime() -> Path:
    """The pinned runtime's executable."""
    return require_runtime()


@pytest.fixture(scope="session")
def older_runtimes(tmp_path_factory: pytest.TempPathFactory) -> OlderRuntimes:
    """Runtimes before the pinned one."""
    return OlderRuntimes(tmp_path_factory.mktemp("runtimes"))


@pytest.fixture
def model() -> Iterator[ModelServer]:
    """A model server that answers only what the test queues."""
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="session")
def used_home(runtime: Path, tmp_path_factory: pytest.TempPathFactory) -> CodexHome:
    """A home that a runtime has started in: its databases are there, and nothing is in them."""
    home = CodexHome.create(tmp_path_factory.mktemp("used") / "home", "http://127.0.0.1:9/v1")
    with Codex(AppServerConfig(codex_bin=runtime, env=dict(home.environment))):
        pass
    return home


@pytest.fixture
def home(tmp_path: Path, model: ModelServer, used_home: CodexHome) -> CodexHome:
    """A CODEX_HOME without any thread that leads to the model server.

    Setting a home up takes the runtime longer than most tests, so it is done once.
    """
    shutil.copytree(used_home.path, tmp_path / "home")
    return CodexHome.create(tmp_path / "home", model.base_url)


@pytest.fixture
def new_home(tmp_path: Path, model: ModelServer) -> CodexHome:
    """A CODEX_HOME that no runtime has seen yet."""
    return CodexHome.create(tmp_path / "new-home", model.base_url)


@pytest.fixture
def sign_in_port() -> Iterator[None]:
    """The port that a sign-in by browser takes is this test's alone."""
    with alone_with_the_sign_in_port():
        yield


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
