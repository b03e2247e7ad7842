"""Starts that fail: each ends the process, says why, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from pathlib import Path

import pytest

from codex_app_server import (
    AppServerConfig,
    AppServerError,
    AsyncCodex,
    Codex,
    TransportClosedError,
)
from codex_app_server._process import ServerProcess
from codex_app_server.errors import BinaryNotFoundError, LaunchError, StartupTimeoutError
from harness.world import Twin

from .conftest import ScriptedWorld, descriptors, eventually, own_threads


def is_gone(pid: int) -> bool:
    """Whether no process has this id, not even a zombie."""
    return not Path(f"/proc/{pid}").exists()


@pytest.fixture
def pids(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids of all servers that a test starts."""
    found: list[int] = []
    original = ServerProcess.__init__

    def spy(self: ServerProcess, config: AppServerConfig) -> None:
        original(self, config)
        found.append(self.pid)

    monkeypatch.setattr(ServerProcess, "__init__", spy)
    return found


def assert_nothing_left(pids: list[int], before: int) -> None:
    assert pids
    assert all(is_gone(pid) for pid in pids)
    assert eventually(lambda: not own_threads())
    assert eventually(lambda: descriptors() <= before)


@pytest.mark.parametrize(
    ("script", "error", "text"),
    [
        ("raise SystemExit(7)", TransportClosedError, "exit code 7"),
        ("os.kill(os.getpid(), 9)", TransportClosedError, "exit code -9"),
        ("os.close(1); wait_forever()", TransportClosedError, "standard output"),
        ("on('initialize')(lambda r: fail(r, -32600, 'no way'))", AppServerError, "no way"),
        ("on('initialize')(lambda r: reply(r, None))", AppServerError, "initialize"),
        ("on('initialize')(lambda r: reply(r, {}))", RuntimeError, "missing required metadata"),
        (
            "on('initialize')(lambda r: reply(r, {'userAgent': 'nameless'}))",
            RuntimeError,
            "missing required metadata",
        ),
    ],
)
@pytest.mark.usefixtures("little_grace")
def test_a_failing_start_leaves_nothing(
    twin: Twin, pids: list[int], script: str, error: type[Exception], text: str
) -> None:
    before = descriptors()
    with pytest.raises(error, match=text), twin.codex(script=script, close_timeout_s=0.4):
        pass
    assert_nothing_left(pids, before)


def test_the_last_lines_of_standard_error_are_told(twin: Twin) -> None:
    script = """
        for n in range(5000):
            say("line %d of a long complaint" % n)
        say("Error: the decisive one")
        raise SystemExit(3)
    """
    with pytest.raises(TransportClosedError) as caught, twin.codex(script=script):
        pass
    error = caught.value
    assert error.exit_code == 3
    assert error.stderr_tail.splitlines()[-1] == "Error: the decisive one"
    assert "line 4999" in str(error)
    assert "line 100 of" not in str(error)


def test_garbage_before_the_end_is_told(twin: Twin) -> None:
    script = "raw(b'Usage: something else entirely\\n'); raise SystemExit(2)"
    with (
        pytest.raises(TransportClosedError, match="Usage: something else"),
        twin.codex(script=script),
    ):
        pass


def test_a_silent_server_is_killed_at_the_startup_timeout(twin: Twin, pids: list[int]) -> None:
    script = """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        say("still thinking")
        wait_forever()
    """
    before, started = descriptors(), time.monotonic()
    with (
        pytest.raises(StartupTimeoutError, match="initialize") as caught,
        twin.codex(script=script, startup_timeout_s=1.0),
    ):
        pass
    assert time.monotonic() - started < 4
    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value, TransportClosedError)
    assert "still thinking" in caught.value.stderr_tail
    assert_nothing_left(pids, before)


def test_standard_error_never_blocks_the_start(twin: Twin) -> None:
    script = r"""
        os.write(2, b"\xff\xfe bad start\n")
        for _ in range(300):
            os.write(2, b"x" * 1024)
        os.write(2, b"\n\xffend\n")
    """
    with twin.codex(script=script, startup_timeout_s=20) as codex:
        assert twin.wait(codex.models()).data == []


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_start_ends_the_server(
    scripted: ScriptedWorld,
    pids: list[int],
    monkeypatch: pytest.MonkeyPatch,
    interruption: type[BaseException],
) -> None:
    def interrupt(payload: object) -> None:
        raise interruption

    monkeypatch.setattr(Codex, "_validate_initialize", staticmethod(interrupt))
    before = descriptors()
    with pytest.raises(interruption):
        scripted.codex()
    assert_nothing_left(pids, before)


async def test_a_cancelled_start_ends_the_server(scripted: ScriptedWorld, pids: list[int]) -> None:
    before = descriptors()
    for delay in (0.0, 0.001, 0.01, 0.05, 0.3):
        pids.clear()
        codex = scripted.async_codex("wait_forever()")
        call = asyncio.create_task(codex.models())
        await asyncio.sleep(delay)
        started = time.monotonic()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert time.monotonic() - started < 2
        await asyncio.sleep(0.2)
        assert all(is_gone(pid) for pid in pids)
    assert eventually(lambda: descriptors() <= before)


async def test_a_failed_start_can_be_repeated(scripted: ScriptedWorld, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    script = """
        if not os.path.exists(ARGUMENTS[0]):
            open(ARGUMENTS[0], "w").close()
            raise SystemExit(1)
    """
    codex = scripted.async_codex(script, str(marker))
    with pytest.raises(TransportClosedError):
        await codex.models()
    with pytest.raises(RuntimeError, match="not initialized"):
        _ = codex.metadata
    assert (await codex.models()).data == []
    await codex.close()


async def test_one_start_for_many_first_calls(scripted: ScriptedWorld, pids: list[int]) -> None:
    async with scripted.async_codex() as codex:
        await asyncio.gather(*[codex.models() for _ in range(10)])
    assert len(pids) == 1


def started(config: AppServerConfig, kind: str) -> None:
    """Start and close a client of this kind."""
    if kind == "sync":
        Codex(config).close()
        return

    async def run() -> None:
        async with AsyncCodex(config):
            pass

    asyncio.run(run())


@pytest.mark.parametrize("kind", ["sync", "async"])
class TestWhatCannotBeLaunched:
    def test_a_missing_binary(self, kind: str, tmp_path: Path) -> None:
        missing = tmp_path / "nowhere" / "codex"
        with pytest.raises(FileNotFoundError, match="codex_bin") as caught:
            started(AppServerConfig(codex_bin=missing), kind)
        assert str(missing) in str(caught.value)
        assert isinstance(caught.value, AppServerError)

    def test_a_missing_runtime_package(self, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "codex_cli_bin", None)
        with pytest.raises(FileNotFoundError, match="openai-codex-cli-bin") as caught:
            started(AppServerConfig(), kind)
        assert "codex_bin" in str(caught.value)

    def test_a_missing_working_directory(self, kind: str, tmp_path: Path) -> None:
        missing = tmp_path / "no-such-directory"
        command = (sys.executable, "-c", "pass")
        with pytest.raises(BinaryNotFoundError, match="no-such-directory") as caught:
            started(AppServerConfig(launch_args_override=command, cwd=missing), kind)
        assert "cwd" in str(caught.value)

    @pytest.mark.parametrize("mode", [0o644, 0o755])
    def test_a_file_that_is_no_program(self, kind: str, tmp_path: Path, mode: int) -> None:
        path = tmp_path / "codex"
        path.write_bytes(b"\x00not a program")
        path.chmod(mode)
        with pytest.raises(LaunchError, match="codex"):
            started(AppServerConfig(codex_bin=path), kind)

    def test_a_script_without_its_interpreter(self, kind: str, tmp_path: Path) -> None:
        path = tmp_path / "codex"
        path.write_text("#!/no/such/interpreter\n")
        path.chmod(0o755)
        with pytest.raises(LaunchError, match="interpreter"):
            started(AppServerConfig(codex_bin=path), kind)

    def test_an_empty_command(self, kind: str) -> None:
        with pytest.raises(LaunchError):
            started(AppServerConfig(launch_args_override=()), kind)


def test_the_command_line_is_taken_verbatim(twin: Twin) -> None:
    script = "say(json.dumps(ARGUMENTS)); raise SystemExit(1)"
    config = ScriptedWorld().config(script, "a b", "", "--config", "ü")
    with pytest.raises(TransportClosedError) as caught:
        started(config, twin.kind)
    assert '["a b", "", "--config", "\\u00fc"]' in caught.value.stderr_tail


def test_the_configured_environment_wins(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELKIT_INHERITED", "inherited")
    monkeypatch.setenv("RELKIT_REPLACED", "old")
    script = """
        names = ("RELKIT_INHERITED", "RELKIT_REPLACED", "RELKIT_ADDED")
        say(" ".join(os.environ[name] for name in names))
        raise SystemExit(1)
    """
    env = {"RELKIT_REPLACED": "new", "RELKIT_ADDED": "added"}
    with (
        pytest.raises(TransportClosedError, match="inherited new added"),
        twin.codex(script=script, env=env),
    ):
        pass


def test_the_working_directory_is_the_configured_one(twin: Twin, tmp_path: Path) -> None:
    with (
        pytest.raises(TransportClosedError, match=str(tmp_path)),
        twin.codex(script="say(os.getcwd()); raise SystemExit(1)", cwd=tmp_path),
    ):
        pass


def test_the_server_gets_its_own_process_group(scripted: ScriptedWorld, pids: list[int]) -> None:
    with contextlib.closing(scripted.codex()):
        assert os.getpgid(pids[0]) == pids[0]
