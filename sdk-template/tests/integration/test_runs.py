"""`Thread.run` and `TurnHandle.run`: answers, items, usage, failures, settings (37-47, 57-62)."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from codex_app_server import AppServerError, RunResult, TurnFailedError, is_retryable_error
from harness import Reply, Twin


def kinds(items: list[Any]) -> list[str]:
    """The types of thread items."""
    return [item.root.type for item in items]


def test_run_gives_text_items_and_usage(twin: Twin) -> None:
    reply = Reply.text("Hello.").with_usage(input_tokens=11, output_tokens=5, cached=3)
    twin.world.model.queue(reply)
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        result = twin.wait(thread.run("Say hello"))
    assert isinstance(result, RunResult)
    assert result.final_response == "Hello."
    assert kinds(result.items) == ["userMessage", "agentMessage"]
    assert result.status == "completed"
    assert result.turn_id
    assert twin.world.model.last_request.texts()[-1] == "Say hello"
    for counts in (result.usage.last, result.usage.total):
        assert (counts.input_tokens, counts.output_tokens) == (11, 5)
        assert (counts.cached_input_tokens, counts.cache_write_input_tokens) == (3, 0)
        assert counts.total_tokens == 16


def test_usage_adds_up_over_a_thread(twin: Twin) -> None:
    reply = Reply.text("x").with_usage(input_tokens=10, output_tokens=2)
    twin.world.model.queue(reply, reply)
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        twin.wait(thread.run("one"))
        usage = twin.wait(thread.run("two")).usage
    assert (usage.last.total_tokens, usage.total.total_tokens) == (12, 24)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        pytest.param(
            Reply.text("answer", phase="final_answer").and_text("note", phase="commentary"),
            "answer",
            id="final_answer beats a later commentary",
        ),
        pytest.param(
            Reply.text("answer", phase="final_answer").and_text("plain"),
            "answer",
            id="final_answer beats a later message without phase",
        ),
        pytest.param(Reply.text("note", phase="commentary"), None, id="only commentary"),
        pytest.param(
            Reply.text("first").and_text("second"), "second", id="last message without phase"
        ),
        pytest.param(Reply.text("first").and_text(""), "", id="an empty last message counts"),
        pytest.param(Reply.nothing(), None, id="no message at all"),
    ],
)
def test_final_response(twin: Twin, reply: Reply, expected: str | None) -> None:
    twin.world.model.queue(reply)
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        assert twin.wait(thread.run("x")).final_response == expected


def test_an_empty_input_completes_without_a_user_message(twin: Twin) -> None:
    twin.world.model.queue(Reply.nothing())
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        result = twin.wait(thread.run([]))
    assert (result.final_response, result.items) == (None, [])


def test_a_failed_turn_raises_with_all_that_is_known(twin: Twin) -> None:
    twin.world.model.queue(Reply.text("half").then_failed("server_is_overloaded"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        with pytest.raises(AppServerError) as caught:
            twin.wait(thread.run("x"))
    error: Any = caught.value
    assert isinstance(error, RuntimeError)
    assert "capacity" in str(error)
    assert error.turn_id
    assert error.error_info == "serverOverloaded"
    assert kinds(error.items) == ["userMessage", "agentMessage"]
    assert is_retryable_error(error)
    assert pickle.loads(pickle.dumps(error)).turn_id == error.turn_id


def test_a_failed_turn_names_an_http_error(twin: Twin) -> None:
    twin.world.model.queue(Reply.http_error(401, "no key"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        with pytest.raises(AppServerError, match="401") as caught:
            twin.wait(thread.run("x"))
    error: Any = caught.value
    assert error.error_info == {"httpConnectionFailed": {"httpStatusCode": 401}}
    assert not is_retryable_error(error)


def test_a_thread_goes_on_after_a_failed_turn(twin: Twin) -> None:
    twin.world.model.queue(Reply.http_error(500), Reply.text("again"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        with pytest.raises(AppServerError):
            twin.wait(thread.run("x"))
        assert twin.wait(thread.run("y")).final_response == "again"


def test_the_handles_run_gives_the_completed_turn(twin: Twin) -> None:
    twin.world.model.queue(Reply.text("done"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        handle = twin.wait(thread.turn("x"))
        turn = twin.wait(handle.run())
    assert turn.id == handle.id
    assert handle.thread_id == thread.id
    assert turn.status == "completed"
    assert turn.status.value == "completed"


def test_the_handles_run_raises_what_a_turn_failed_with(twin: Twin) -> None:
    twin.world.model.queue(Reply.http_error(400, "bad request body"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        handle = twin.wait(thread.turn("x"))
        with pytest.raises(TurnFailedError, match="bad request body") as caught:
            twin.wait(handle.run())
    assert caught.value.turn_id == handle.id


def test_results_compare_by_value_and_pickle(twin: Twin) -> None:
    twin.world.model.queue(Reply.text("hi"))
    with twin.codex() as codex:
        result = twin.wait(twin.wait(codex.thread_start()).run("x"))
    assert result == RunResult(result.final_response, result.items, result.usage)
    assert pickle.loads(pickle.dumps(result)) == result
    assert "final_response='hi'" in repr(result)


def test_turn_settings_reach_the_model_request(twin: Twin) -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    twin.world.model.queue(Reply.text("{}"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        twin.wait(
            thread.run("x", model="another-model", output_schema=schema, approval_policy="never")
        )
    body = twin.world.model.last_request.body
    assert body["model"] == "another-model"
    assert body["text"]["format"]["schema"] == schema


def test_effort_and_summary_reach_the_model_request(twin: Twin) -> None:
    twin.world.model.queue(Reply.text("x"))
    with twin.codex() as codex:
        models = twin.wait(codex.models()).data
        thread = twin.wait(codex.thread_start(model=models[0].model))
        twin.wait(thread.run("x", effort="high", summary="detailed"))
    reasoning = twin.world.model.last_request.body["reasoning"]
    assert reasoning["effort"] == "high"
    assert reasoning["summary"] == "detailed"


def test_turn_settings_stay_for_the_next_turn(twin: Twin) -> None:
    twin.world.model.queue(Reply.text("one"), Reply.text("two"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        twin.wait(thread.run("x", model="another-model"))
        twin.wait(thread.run("y"))
    assert [request.body["model"] for request in twin.world.model.requests] == [
        "another-model",
        "another-model",
    ]


def test_turn_directory_and_sandbox_reach_the_model_request(twin: Twin) -> None:
    other = twin.world.workspace.parent / "other"
    other.mkdir()
    twin.world.model.queue(Reply.text("x"), Reply.text("y"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        twin.wait(thread.run("x"))
        twin.wait(thread.run("y", cwd=other, sandbox_policy={"type": "dangerFullAccess"}))
    first, second = ("\n".join(request.texts()) for request in twin.world.model.requests)
    assert str(twin.world.workspace) in first
    assert str(other) not in first
    assert str(other) in second


def test_thread_settings_reach_the_model_request(twin: Twin) -> None:
    twin.world.model.queue(Reply.text("x"))
    with twin.codex() as codex:
        thread = twin.wait(
            codex.thread_start(
                model="third-model",
                base_instructions="You are the base.",
                developer_instructions="You are the developer's.",
                ephemeral=True,
                personality="friendly",
                sandbox="read-only",
                cwd=twin.world.workspace,
            )
        )
        twin.wait(thread.run("x"))
    request = twin.world.model.last_request
    shown = "\n".join(request.texts("developer")) + str(request.body.get("instructions"))
    assert request.body["model"] == "third-model"
    assert "You are the base." in shown
    assert "You are the developer's." in shown
