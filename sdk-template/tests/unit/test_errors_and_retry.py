"""The mapping of wire errors, what counts as overload, and repeating calls."""

from __future__ import annotations

import asyncio
import copy
import pickle
import time
from typing import Any

import pytest

from codex_app_server import (
    AppServerConfig,
    AppServerError,
    AppServerRpcError,
    InternalRpcError,
    InvalidParamsError,
    InvalidRequestError,
    JsonRpcError,
    MethodNotFoundError,
    ParseError,
    RetryLimitExceededError,
    ServerBusyError,
    TransportClosedError,
    is_retryable_error,
    retry,
    retry_on_overload,
)
from codex_app_server.errors import TurnFailedError, error_from_wire, map_jsonrpc_error
from codex_app_server.retry import retry_on_overload_async


@pytest.mark.parametrize(
    ("code", "message", "data", "kind"),
    [
        (-32700, "x", None, ParseError),
        (-32600, "x", None, InvalidRequestError),
        (-32601, "x", None, MethodNotFoundError),
        (-32602, "x", {"input_error_code": "input_too_large"}, InvalidParamsError),
        (-32603, "x", None, InternalRpcError),
        (-32001, "Server overloaded; retry later.", None, ServerBusyError),
        (-32001, "exceeded retry limit", None, RetryLimitExceededError),
        (-32000, "x", {"codexErrorInfo": "serverOverloaded"}, ServerBusyError),
        (-32050, "x", {"codex_error_info": "server_overloaded"}, ServerBusyError),
        (-32050, "Too many failed attempts", "server_overloaded", RetryLimitExceededError),
        (-32050, "x", None, AppServerRpcError),
        (-32099, "x", {"a": 1}, AppServerRpcError),
        (-32100, "x", None, JsonRpcError),
        (0, "x", None, JsonRpcError),
        (1, "x", {"serverOverloaded": {}}, JsonRpcError),
    ],
)
def test_each_code_has_its_exception(
    code: int, message: str, data: object, kind: type[JsonRpcError]
) -> None:
    error = map_jsonrpc_error(code, message, data)
    assert type(error) is kind
    assert (error.code, error.message, error.data) == (code, message, data)
    assert str(code) in str(error)
    assert message in str(error)


def test_the_tree() -> None:
    for kind in (ParseError, InvalidRequestError, InternalRpcError, ServerBusyError):
        assert issubclass(kind, AppServerRpcError)
    assert issubclass(RetryLimitExceededError, ServerBusyError)
    assert issubclass(AppServerRpcError, JsonRpcError)
    assert issubclass(JsonRpcError, AppServerError)
    assert issubclass(TransportClosedError, AppServerError)


@pytest.mark.parametrize(
    "spelling",
    [
        "server_overloaded",
        "serverOverloaded",
        "ServerOverloaded",
        "server-overloaded",
        "server_is_overloaded",
        {"codexErrorInfo": "serverOverloaded"},
        {"codex_error_info": {"server_overloaded": {}}},
        {"error": {"info": [{"kind": "serverOverloaded"}]}},
        [["server_overloaded"]],
    ],
)
def test_overload_is_found_in_every_spelling(spelling: Any) -> None:
    assert is_retryable_error(JsonRpcError(5, "x", spelling))
    assert is_retryable_error(TurnFailedError("x", turn_id="t", error_info=spelling))


@pytest.mark.parametrize("data", [None, "other", {"a": ["b", 1, None]}, "not overloaded at all", 5])
def test_other_data_is_no_overload(data: Any) -> None:
    assert not is_retryable_error(JsonRpcError(5, "x", data))
    assert not is_retryable_error(TurnFailedError("x", turn_id="t", error_info=data))
    assert not is_retryable_error(ValueError("server_overloaded"))


def test_endless_data_is_scanned_to_a_depth_only() -> None:
    deep: dict[str, object] = {}
    deep["again"] = deep
    assert not is_retryable_error(JsonRpcError(5, "x", deep))


@pytest.mark.parametrize("error", [None, 5, "text", [], {}, {"code": "x"}, {"code": 1.0}])
def test_any_error_object_becomes_an_exception(error: object) -> None:
    assert type(error_from_wire(error)) is JsonRpcError


@pytest.mark.parametrize(
    "error",
    [
        ServerBusyError(-32001, "busy", {"a": 1}),
        TransportClosedError("gone", exit_code=3, stderr_tail="last"),
        TurnFailedError("failed", turn_id="t", error_info={"a": 1}, additional_details="d"),
    ],
)
def test_errors_survive_pickling_and_copying(error: Exception) -> None:
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert vars(again) == vars(error)


class Flaky:
    """Fails with the given errors, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    async def later(self) -> str:
        await asyncio.sleep(0)
        return self()


BUSY = ServerBusyError(-32001, "busy")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that are asked for, none of which is made."""
    found: list[float] = []

    async def sleep(pause: float) -> None:
        found.append(pause)

    monkeypatch.setattr(retry.time, "sleep", found.append)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    return found


def run_either(kind: str, flaky: Flaky, **settings: Any) -> str:
    """Retry the plain function, the coroutine function, or the latter through the async helper."""
    if kind == "sync":
        return retry_on_overload(flaky, **settings)
    helper: Any = retry_on_overload if kind == "awaited" else retry_on_overload_async

    async def run() -> str:
        outcome: str = await helper(flaky.later, **settings)
        return outcome

    return asyncio.run(run())


@pytest.mark.parametrize("kind", ["sync", "awaited", "async"])
class TestRetry:
    def test_it_succeeds_in_the_end(self, kind: str, pauses: list[float]) -> None:
        flaky = Flaky(BUSY, BUSY)
        assert run_either(kind, flaky, jitter_ratio=0.0) == "done"
        assert flaky.calls == 3
        assert [pause for pause in pauses if pause] == [0.25, 0.5]

    def test_the_last_error_is_raised_unchanged(self, kind: str, pauses: list[float]) -> None:
        last = ServerBusyError(-32001, "the last")
        flaky = Flaky(BUSY, BUSY, last)
        with pytest.raises(ServerBusyError) as caught:
            run_either(kind, flaky)
        assert caught.value is last
        assert flaky.calls == 3

    def test_other_errors_are_raised_at_once(self, kind: str, pauses: list[float]) -> None:
        flaky = Flaky(InvalidParamsError(-32602, "no"))
        with pytest.raises(InvalidParamsError):
            run_either(kind, flaky)
        assert flaky.calls == 1

    def test_pauses_are_bounded(self, kind: str, pauses: list[float]) -> None:
        flaky = Flaky(*[BUSY] * 199)
        run_either(
            kind, flaky, max_attempts=200, initial_delay_s=0.1, max_delay_s=1.0, jitter_ratio=0.5
        )
        asked = [pause for pause in pauses if pause]
        assert len(asked) == 199
        assert 0.05 <= asked[0] <= 0.15
        assert all(0 <= pause <= 1.0 for pause in asked)
        assert len({round(pause, 6) for pause in asked[10:]}) > 10

    def test_no_attempt_is_a_value_error(self, kind: str) -> None:
        for attempts in (0, -1):
            flaky = Flaky()
            with pytest.raises(ValueError, match="max_attempts"):
                run_either(kind, flaky, max_attempts=attempts)
            assert flaky.calls == 0


def test_a_single_attempt_is_not_followed_by_a_pause() -> None:
    started = time.monotonic()
    with pytest.raises(ServerBusyError):
        retry_on_overload(Flaky(BUSY), max_attempts=1, initial_delay_s=30)
    assert time.monotonic() - started < 1


def test_text_from_outside_does_not_reach_the_terminal_as_orders() -> None:
    said = "\x1b[31mred\x1b[0m \x1b]0;title\x07\tplain\r\n\x9b2Jdone\x00"
    for error in (
        TransportClosedError("gone", stderr_tail=said),
        JsonRpcError(1, said),
        TurnFailedError(said, turn_id="t"),
    ):
        assert "red \tplain\n2Jdone" in str(error)
        assert not set(str(error)) & set("\x1b\x07\r\x9b\x00")
    assert JsonRpcError(1, said).message == said


def test_the_configuration_shows_no_secrets() -> None:
    shown = repr(AppServerConfig(api_key="sk-secret", env={"TOKEN": "sk-other"}, cwd="here"))
    assert "sk-" not in shown
    assert "cwd='here'" in shown
