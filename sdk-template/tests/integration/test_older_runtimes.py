"""Runtimes before the pinned one still complete a turn, though nobody promises it."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path

import pytest

from codex_app_server import AppServerError, Codex
from codex_app_server.errors import RuntimeTooOldError
from harness import Reply, World
from harness.runtime import TEMPLATE

pytestmark = pytest.mark.slow

WHEELS = TEMPLATE.parent / "target" / "payloads"
VERSIONS = ["0.133.0", "0.144.4", "0.154.0"]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the runtimes of this module lie, each in a directory of its version."""
    return tmp_path_factory.mktemp("runtimes")


def older_runtime(version: str, directory: Path) -> Path:
    """The executable out of a version's wheel; skips the test where there is none."""
    name = f"openai_codex_cli_bin-{version}-py3-none-manylinux_2_17_x86_64.whl"
    if not (WHEELS / name).is_file():
        if os.environ.get("RELKIT_REQUIRE_PAYLOADS") == "1" and TEMPLATE.name == "sdk-template":
            pytest.fail(f"there is no `{WHEELS / name}`")
        pytest.skip(f"there is no `{name}` beside the checks")
    executable = directory / version / "codex"
    if not executable.is_file():
        executable.parent.mkdir(parents=True)
        with zipfile.ZipFile(WHEELS / name) as wheel:
            executable.write_bytes(wheel.read("codex_cli_bin/bin/codex"))
        executable.chmod(executable.stat().st_mode | stat.S_IXUSR)
    return executable


@pytest.mark.parametrize("version", VERSIONS)
def test_an_older_runtime_completes_a_turn(version: str, world: World, unpacked: Path) -> None:
    # Databases of a later version are not for it: it begins with a home of its own.
    home = world.home.path.with_name("older-home")
    home.mkdir()
    (home / "config.toml").write_bytes((world.home.path / "config.toml").read_bytes())
    world.model.queue(Reply.text("one", deltas=["o", "ne"]), Reply.text("two"))
    runtime = older_runtime(version, unpacked)
    config = world.config(codex_bin=runtime, env={"CODEX_HOME": str(home)})
    with Codex(config) as codex:
        assert codex.metadata.serverInfo is not None
        assert codex.metadata.serverInfo.version == version
        thread = codex.thread_start()
        result = thread.run("x")
        assert result.final_response == "one"
        assert [item.root.type for item in result.items] == ["userMessage", "agentMessage"]
        assert result.usage is not None
        assert [event.method for event in thread.turn("y").stream()][-1] == "turn/completed"
        assert [stored.id for stored in codex.iter_threads()] == [thread.id]
        if version < "0.151.0":
            with pytest.raises(RuntimeTooOldError, match=r"0\.151\.0"):
                thread.run("z", source="a_test")
        else:
            world.model.queue(Reply.text("three"))
            assert thread.run("z", source="a_test").final_response == "three"
        with pytest.raises(AppServerError):
            codex.thread_resume("nobody")
