"""Signing in, presets, sources, raw requests, notifications, deadlines and paging."""

from __future__ import annotations

import contextlib
import copy
import pickle
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from codex_app_server import (
    ApprovalMode,
    AppServerError,
    AsyncCodex,
    Codex,
    ExternalMessage,
    InternalRpcError,
    OutputParseError,
    Sandbox,
    TransportClosedError,
    TurnFailedError,
    TurnTimeoutError,
)
from codex_app_server._run import _advice
from codex_app_server.errors import InvalidInputError
from codex_app_server.types import ModelListResponse
from harness import Gate, Reply, Twin, World


def metadata(twin: Twin) -> str:
    """What the last model request says about its turn."""
    request = twin.world.model.requests[-1]
    return str({key.lower(): value for key, value in request.headers.items()})


def test_an_api_key_is_stored_and_forgotten(twin: Twin) -> None:
    with twin.codex() as codex:
        # This world's provider wants no sign-in, so that the runtime names no account.
        assert twin.wait(codex.account()).account is None
        assert twin.wait(codex.login_api_key("sk-test")) is None
        stored = twin.world.home.path / "auth.json"
        assert "sk-test" in stored.read_text(encoding="utf-8")
        assert twin.wait(codex.logout()) is None
        assert not stored.exists()
        assert not twin.wait(codex.account(refresh_token=False)).requires_openai_auth


@pytest.mark.usefixtures("sign_in_port")
def test_a_sign_in_by_browser_starts_and_is_cancelled(twin: Twin) -> None:
    with twin.codex() as codex:
        handle = twin.wait(codex.login_chatgpt())
        assert handle.login_id
        assert handle.auth_url.startswith("https://")
        with pytest.raises(TimeoutError) as caught:
            twin.wait(handle.wait(timeout=0.2))
        assert isinstance(caught.value, AppServerError)
        assert twin.wait(handle.cancel()).status == "canceled"
        ended = twin.wait(handle.wait(timeout=20))
        assert (ended.login_id, ended.success) == (handle.login_id, False)
        assert twin.wait(handle.wait()) is ended
        assert twin.wait(handle.cancel()).status == "notFound"


@pytest.mark.usefixtures("sign_in_port")
def test_a_sign_in_wakes_when_the_client_closes(twin: Twin) -> None:
    with twin.codex() as codex:
        handle = twin.wait(codex.login_chatgpt())
    with pytest.raises(TransportClosedError):
        twin.wait(handle.wait())


def test_a_device_code_needs_the_network(twin: Twin) -> None:
    with twin.codex() as codex:
        try:
            handle = twin.wait(codex.login_chatgpt_device_code())
        except InternalRpcError:
            return
        assert handle.user_code
        assert handle.verification_url
        twin.wait(handle.cancel())


@pytest.mark.parametrize(
    ("mode", "expected"), [(ApprovalMode.auto_review, "true"), (ApprovalMode.deny_all, "false")]
)
def test_an_approval_mode_reaches_the_turn(twin: Twin, mode: ApprovalMode, expected: str) -> None:
    twin.world.model.queue(Reply.text("hi"), Reply.text("hi"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start(approval_mode=mode))
        twin.wait(thread.run("x"))
        assert f'"auto_review_enabled":{expected}' in metadata(twin)
        twin.wait(twin.wait(codex.thread_start()).run("x", approval_mode=mode))
        assert f'"auto_review_enabled":{expected}' in metadata(twin)


@pytest.mark.parametrize("sandbox", list(Sandbox))
def test_a_sandbox_preset_reaches_thread_and_turn(twin: Twin, sandbox: Sandbox) -> None:
    twin.world.model.queue(Reply.text("hi"), Reply.text("hi"))
    with twin.codex() as codex:
        twin.wait(twin.wait(codex.thread_start(sandbox=sandbox)).run("x"))
        of_thread = metadata(twin)
        twin.wait(twin.wait(codex.thread_start()).run("x", sandbox=sandbox))
        of_turn = metadata(twin)
    wire = {"full-access": "danger-full-access"}.get(sandbox.value, sandbox.value)
    for seen in (of_thread, of_turn):
        assert f'"sandbox_mode":"{wire}"' in seen


@pytest.mark.parametrize(
    "settings",
    [
        {"approval_mode": ApprovalMode.deny_all, "approval_policy": "never"},
        {"approval_mode": "everything"},
        {"sandbox": "everything"},
    ],
)
def test_settings_that_contradict_or_do_not_exist_are_refused(
    twin: Twin, settings: dict[str, Any]
) -> None:
    with twin.codex() as codex:
        with pytest.raises(ValueError, match="not"):
            twin.wait(codex.thread_start(**settings))
        thread = twin.wait(codex.thread_start())
        with pytest.raises(ValueError, match="not"):
            twin.wait(thread.run("x", **settings))
        with pytest.raises(ValueError, match="`include_turns` must be True or False"):
            twin.wait(codex.thread_resume(thread.id, include_turns="no"))
        both = {"sandbox": Sandbox.read_only, "sandbox_policy": {"type": "readOnly"}}
        with pytest.raises(ValueError, match="not both"):
            twin.wait(thread.run("x", **both))


def test_a_source_and_a_message_of_another_program(twin: Twin) -> None:
    twin.world.model.queue(Reply.text("hi"), Reply.text("hi"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        twin.wait(thread.run("x", source="a_test"))
        assert '"turn_trigger":"a_test"' in metadata(twin)
        result = twin.wait(thread.run(ExternalMessage("mail", "the parcel has come")))
        assert "the parcel has come" in str(twin.world.model.requests[-1].body)
        with pytest.raises(ValueError, match="tool_name"):
            twin.wait(thread.run(ExternalMessage("", "x")))
    assert result.final_response == "hi"
    assert result.id == result.turn_id
    assert result.error is None
    assert result.completed_at >= result.started_at


def test_a_turn_in_time_and_a_thread_that_stays_usable(twin: Twin) -> None:
    gate = Gate()
    twin.world.model.queue(Reply.text("late").gated(gate), Reply.text("second"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        with pytest.raises(TurnTimeoutError) as caught:
            twin.wait(thread.run("x", timeout=1.0))
        again = pickle.loads(pickle.dumps(caught.value))
        assert (again.thread_id, again.turn_id) == (thread.id, caught.value.turn_id)
        assert again.turn_id in str(again)
        assert twin.wait(thread.run("y")).final_response == "second"
        gate.open()


class Weather(BaseModel):
    """What the model is asked for."""

    place: str
    degrees: int


def test_a_model_is_the_schema_of_the_output(twin: Twin) -> None:
    twin.world.model.queue(Reply.text('{"place": "Bern", "degrees": 3}'), Reply.text("no JSON"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        result = twin.wait(thread.run("x", output_schema=Weather))
        assert result.parsed == Weather(place="Bern", degrees=3)
        sent = twin.world.model.requests[-1].body["text"]["format"]["schema"]
        assert sent["required"] == ["place", "degrees"]
        with pytest.raises(OutputParseError) as caught:
            twin.wait(thread.run("x", output_schema=Weather))
    assert caught.value.text == "no JSON"


def test_the_handle_of_a_turn_knows_the_model_too(twin: Twin) -> None:
    twin.world.model.queue(Reply.text('{"place": "Bern", "degrees": 3}'), Reply.text("no JSON"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        handle = twin.wait(thread.turn("x", output_schema=Weather))
        assert twin.wait(handle.run()).parsed == Weather(place="Bern", degrees=3)
        handle = twin.wait(thread.turn("x", output_schema=Weather))
        with pytest.raises(OutputParseError, match="Weather"):
            twin.wait(handle.run())


def test_an_interrupted_turn_has_no_value_and_says_so_where_it_is_read(twin: Twin) -> None:
    gate = Gate()
    twin.world.model.queue(Reply.text('{"place": "Bern", "degrees": 3}').gated(gate))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        handle = twin.wait(thread.turn("x", output_schema=Weather))
        twin.wait(handle.interrupt())
        result = twin.wait(handle.run())
        gate.open()
    assert result.status == "interrupted"
    assert "interrupted" in repr(result)
    for copied in (result, copy.copy(result), pickle.loads(pickle.dumps(result))):
        with pytest.raises(OutputParseError, match="interrupted"):
            copied.parsed  # noqa: B018 - what is read is what is tested


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"config_overrides": 'model="x"'}, ValueError, "tuple of texts"),
        ({"launch_args_override": "codex app-server"}, ValueError, "tuple of texts"),
        ({"env": {"A": 1}}, ValueError, "variable `A`"),
        ({"startup_timeout_s": "5"}, ValueError, "number of seconds"),
        ({"api_key": " "}, ValueError, "API key is empty"),
        ({"client_name": ""}, ValueError, "`client_name` is empty"),
    ],
)
def test_a_wrong_configuration_is_named(
    world: World, settings: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        world.codex(**settings)
    assert isinstance(caught.value, AppServerError)
    wrong: Any = "codex"
    for client in (Codex, AsyncCodex):
        with pytest.raises(TypeError, match="must be an AppServerConfig"):
            client(wrong)


def test_wrong_arguments_of_a_run_leave_no_turn_behind(twin: Twin) -> None:
    twin.world.model.queue(Reply.text("next"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        for wrong in ("a text", int, BaseModel, Weather(place="Bern", degrees=3)):
            with pytest.raises(ValueError, match="output_schema"):
                twin.wait(thread.run("x", output_schema=wrong))
        with pytest.raises(ValueError, match="number of seconds"):
            twin.wait(thread.run("x", timeout="5"))
        # By its own name, not the one on the wire.
        with pytest.raises(ValueError, match="thread_id: Field required"):
            twin.wait(codex.thread_resume(None))
        with pytest.raises(ValueError, match="API key is empty"):
            twin.wait(codex.login_api_key(""))
        assert twin.wait(thread.run("y")).final_response == "next"


def test_any_request_and_all_notifications(twin: Twin) -> None:
    twin.world.model.queue(Reply.text("hi"))
    with twin.codex() as codex:
        heard = codex.notifications()
        assert "data" in twin.wait(codex.request("model/list", {}))
        typed = twin.wait(codex.request("model/list", model=ModelListResponse, timeout=10))
        assert isinstance(typed, ModelListResponse)
        none: Any = int
        for give in (codex.request, partial(codex._client.request, params={})):
            word = "model" if give == codex.request else "response_model"
            with pytest.raises(InvalidInputError, match=f"`{word}` must be a pydantic model"):
                twin.wait(give("thread/start", **{word: none}))
        twin.wait(twin.wait(codex.thread_start()).run("x"))
    methods = [event.method for event in twin.events(heard)]
    assert {"thread/started", "turn/started", "turn/completed"} <= set(methods)


def test_every_thread_is_listed_though_the_cursor_is_cut(twin: Twin) -> None:
    with twin.codex() as codex:
        made = set()
        for number in range(5):
            twin.world.model.queue(Reply.text("hi"))
            thread = twin.wait(codex.thread_start())
            twin.wait(thread.run(f"x{number}"))
            made.add(thread.id)
        found = [thread.id for thread in twin.events(codex.iter_threads(limit=1))]
    assert len(found) == len(set(found))
    assert set(found) == made


def test_an_async_client_is_entered_again(world: World) -> None:
    import asyncio

    async def twice() -> None:
        codex = world.async_codex()
        async with codex:
            await codex.models()
        with contextlib.suppress(TransportClosedError):
            await codex.models()
            raise AssertionError("a closed client must not answer")
        with pytest.raises(RuntimeError, match="not initialized"):
            codex.metadata  # noqa: B018
        async with codex, codex:
            assert (await codex.models()).data is not None

    asyncio.run(twice())


def test_the_environment_is_unset_and_not_inherited(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from codex_app_server import AppServerConfig
    from codex_app_server._binary import launch_environment

    monkeypatch.setenv("A_SECRET", "1")
    assert "A_SECRET" not in launch_environment(AppServerConfig(env={"A_SECRET": None}))
    config = AppServerConfig(codex_bin=world.runtime, inherit_env=False, env={"ONLY": "1"})
    assert launch_environment(config) == {"ONLY": "1"}


def test_the_last_words_can_be_read(twin: Twin) -> None:
    with twin.codex() as codex:
        time.sleep(0.1)
        assert isinstance(codex.stderr_tail, str)


def test_a_turn_without_a_sign_in_names_the_ways_to_sign_in(twin: Twin) -> None:
    twin.world.model.queue(*[Reply.http_error(401, "who are you?")] * 8)
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        with pytest.raises(TurnFailedError) as caught:
            twin.wait(thread.run("x"))
    for way in ("login_api_key", "login_chatgpt()", "login_chatgpt_device_code"):
        assert way in str(caught.value)
    # The test's provider is none of OpenAI's.
    assert "`env_key`" in str(caught.value)
    assert "Nobody is signed in" not in str(caught.value)


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        (
            "unexpected status 401 Unauthorized: , url: https://api.openai.com/v1/responses",
            "Nobody",
        ),
        ("unexpected status 401 Unauthorized: , url: https://my.example/v1/responses", "env_key"),
        ("unexpected status 403 Forbidden: , url: https://api.openai.com/v1/responses", ""),
        ("stream disconnected before completion", ""),
    ],
)
def test_a_sign_in_is_advised_where_it_helps(message: str, advice: str) -> None:
    found = _advice(None, message)
    assert advice in found
    assert bool(found) == bool(advice)


def test_directories_network_and_web_search_of_a_thread(twin: Twin, tmp_path: Path) -> None:
    more = tmp_path / "more"
    more.mkdir()
    twin.world.model.queue(Reply.text("a"), Reply.text("b"))
    with twin.codex() as codex:
        thread = twin.wait(
            codex.thread_start(
                sandbox=Sandbox.workspace_write,
                additional_directories=[more],
                network_access=True,
                web_search="live",
            )
        )
        assert twin.wait(thread.run("x")).final_response == "a"
        seen = twin.world.model.requests[-1].body
        assert str(more) in str(seen["input"])
        assert "web_search" in str(seen["tools"])
        plain = twin.wait(codex.thread_start(web_search="disabled"))
        twin.wait(plain.run("x"))
        assert "web_search" not in str(twin.world.model.requests[-1].body["tools"])
        with pytest.raises(ValueError, match="list of directories"):
            twin.wait(codex.thread_start(additional_directories=str(more)))
        with pytest.raises(ValueError, match="give it once"):
            twin.wait(codex.thread_start(web_search="live", config={"web_search": "disabled"}))


def test_what_only_one_sandbox_heeds_is_said_beside_another(
    twin: Twin, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    with twin.codex() as codex:
        for sandbox in (Sandbox.read_only, "danger-full-access"):
            with pytest.raises(ValueError, match=r"`network_access` counts in .*workspace-write"):
                twin.wait(codex.thread_start(sandbox=sandbox, network_access=True))
        twin.wait(codex.thread_start(sandbox=Sandbox.read_only, network_access=False))
        twin.wait(
            codex.thread_start(
                sandbox="workspace-write", network_access=True, additional_directories=[tmp_path]
            )
        )
        assert "workspace-write" not in caplog.text
        # The configuration of the tests has `read-only`.
        thread = twin.wait(codex.thread_start(additional_directories=[tmp_path]))
        assert "`additional_directories` counts in the sandbox `workspace-write`" in caplog.text
        with pytest.raises(ValueError, match=r"Sandbox\.read_only.*not 'read-only'"):
            twin.wait(thread.run("x", sandbox="read-only"))


async def test_notifications_of_a_client_that_is_not_started_start_it(world: World) -> None:
    codex = world.async_codex()
    heard = codex.notifications()
    assert codex.stderr_tail == ""
    first = await anext(heard)
    assert first.method
    await codex.close()
    assert [event async for event in heard if event.method == "no/such"] == []
