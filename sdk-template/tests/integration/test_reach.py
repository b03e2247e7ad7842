"""Never silent: retries are events and warnings, and a model out of reach is an error in time."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from codex_app_server import ModelUnreachableError, TurnFailedError, TurnTimeoutError, _streams
from codex_app_server.events import ErrorNotification
from harness import CodexHome, Gate, Reply, Twin, World

pytestmark = pytest.mark.slow


@pytest.fixture
def closed_port() -> Iterator[str]:
    """An address that refuses every connection, as long as the test lasts."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/v1"


def with_retries(world: World, base_url: str, retries: int) -> None:
    """Lead the world's home to another address, and let the runtime repeat its requests."""
    home = CodexHome.create(world.home.path, base_url)
    path = home.path / "config.toml"
    text = path.read_text(encoding="utf-8")
    for name in ("request_max_retries", "stream_max_retries"):
        text = text.replace(f"{name} = 0", f"{name} = {retries}")
    path.write_text(text, encoding="utf-8")


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the SDK's logger said at WARNING, in order."""
    return [r.getMessage() for r in caplog.records if r.name == "codex_app_server"]


def test_a_first_run_without_a_network_says_so_and_ends(
    twin: Twin, closed_port: str, caplog: pytest.LogCaptureFixture
) -> None:
    with_retries(twin.world, closed_port, 1)
    twin.world.model.fallback = Reply.text("back again")
    begun = time.monotonic()
    with twin.codex(connect_timeout_s=0.5) as codex:
        thread = twin.wait(codex.thread_start())
        with pytest.raises(ModelUnreachableError, match="Is there a network") as caught:
            twin.wait(thread.run("x"))
        assert isinstance(caught.value, TurnTimeoutError)
        assert time.monotonic() - begun < 10
        assert any("is repeated" in text for text in warnings_of(caplog)), caplog.text
        read = twin.wait(thread.read(include_turns=True)).thread
        assert read.turns[-1].status == "interrupted"


def test_a_retry_is_an_event_and_a_warning_and_the_end_an_error(
    twin: Twin, caplog: pytest.LogCaptureFixture
) -> None:
    with_retries(twin.world, twin.world.model.base_url, 1)
    twin.world.model.fallback = Reply.http_error(503)
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        handle = twin.wait(thread.turn("x"))
        errors = [
            event.payload
            for event in twin.events(handle.stream())
            if isinstance(event.payload, ErrorNotification)
        ]
        assert [error.will_retry for error in errors] == [True, False]
        assert errors[0].turn_id == handle.id
        said = warnings_of(caplog)
        assert len(said) == 1
        assert "Reconnecting... 1/1" in said[0]
        # Retries that are counted end by themselves, however little time there is.
        with pytest.raises(TurnFailedError):
            twin.wait(thread.run("y"))


def test_a_client_that_was_answered_once_waits_as_the_runtime_does(
    twin: Twin, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_streams, "_QUIET_S", 0.2)
    first, second = Gate(), Gate()
    twin.world.model.queue(Reply.text("one").gated(first), Reply.text("two").gated(second))
    with twin.codex(connect_timeout_s=0.1) as codex:
        thread = twin.wait(codex.thread_start())
        for gate, text in ((first, "one"), (second, "two")):
            later = threading.Timer(0.8, gate.open)
            later.start()
            assert twin.wait(thread.run("x")).final_response == text
            later.join()
    said = [text for text in warnings_of(caplog) if "not answered" in text]
    assert len(said) == 1, "of the first turn alone"


def test_retries_are_shown_where_nobody_set_up_logging(
    world: World, closed_port: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with_retries(world, closed_port, 1)
    logger = logging.getLogger("codex_app_server")
    kept, logger.propagate = logger.propagate, False
    try:
        with world.codex(connect_timeout_s=0.2) as codex, pytest.raises(ModelUnreachableError):
            codex.thread_start().run("x")
    finally:
        logger.propagate = kept
    assert "the request to the model failed and is repeated" in capfd.readouterr().err
