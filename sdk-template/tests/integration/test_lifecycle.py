"""Thread lifecycle calls and models (63-71)."""

from __future__ import annotations

import pytest

from codex_app_server import AppServerConfig, InvalidRequestError
from codex_app_server.types import SandboxMode, SortDirection, ThreadSortKey
from harness import Reply, Twin

pytestmark = pytest.mark.slow


def answers(twin: Twin, *texts: str) -> None:
    """Queue one answer for each text."""
    twin.world.model.queue(*(Reply.text(text) for text in texts))


def test_list_filters_archived_threads(twin: Twin) -> None:
    answers(twin, "a", "b")
    with twin.codex() as codex:
        kept = twin.wait(codex.thread_start())
        gone = twin.wait(codex.thread_start())
        twin.wait(kept.run("x"))
        twin.wait(gone.run("y"))
        twin.wait(codex.thread_archive(gone.id))
        listed = [thread.id for thread in twin.wait(codex.thread_list()).data]
        archived = [thread.id for thread in twin.wait(codex.thread_list(archived=True)).data]
    assert kept.id in listed
    assert gone.id not in listed
    assert archived == [gone.id]


def test_list_takes_filters_as_enums_and_as_strings(twin: Twin) -> None:
    answers(twin, "a", "b")
    with twin.codex() as codex:
        first = twin.wait(codex.thread_start())
        twin.wait(first.run("x"))
        second = twin.wait(codex.thread_start())
        twin.wait(second.run("y"))
        by_enum = twin.wait(
            codex.thread_list(
                sort_key=ThreadSortKey.created_at,
                sort_direction=SortDirection.asc,
                cwd=str(twin.world.workspace),
            )
        )
        by_text = twin.wait(
            codex.thread_list(
                sort_key="created_at", sort_direction="asc", cwd=[str(twin.world.workspace)]
            )
        )
        page = twin.wait(codex.thread_list(limit=1))
        elsewhere = twin.wait(codex.thread_list(cwd="/nowhere"))
    assert [thread.id for thread in by_enum.data] == [first.id, second.id]
    assert [thread.id for thread in by_text.data] == [first.id, second.id]
    assert len(page.data) == 1
    assert page.next_cursor
    assert elsewhere.data == []


def test_read_gives_the_turns_in_order(twin: Twin) -> None:
    answers(twin, "one", "two")
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        twin.wait(thread.run("first"))
        twin.wait(thread.run("second"))
        stored = twin.wait(thread.read(include_turns=True)).thread
        bare = twin.wait(thread.read()).thread
    spoken = []
    for turn in stored.turns:
        for item in turn.items:
            if item.root.type == "userMessage":
                spoken.append(item.root.content[0].text)
            elif item.root.type == "agentMessage":
                spoken.append(item.root.text)
    assert spoken == ["first", "one", "second", "two"]
    assert bare.id == thread.id
    assert bare.turns == []


def test_set_name_round_trip(twin: Twin) -> None:
    answers(twin, "a")
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        twin.wait(thread.run("x"))
        twin.wait(thread.set_name("a name with ümlaut"))
        assert twin.wait(thread.read()).thread.name == "a name with ümlaut"


def test_compact_asks_the_model(twin: Twin) -> None:
    answers(twin, "a", "summary")
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        twin.wait(thread.run("x"))
        twin.wait(thread.compact())
        twin.world.model.wait_for_requests(2)


def test_resume_keeps_the_id_and_the_history(twin: Twin) -> None:
    answers(twin, "a", "b")
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        twin.wait(thread.run("remember me"))
    with twin.codex() as codex:
        resumed = twin.wait(codex.thread_resume(thread.id))
        assert resumed.id == thread.id
        assert twin.wait(resumed.run("and now?")).final_response == "b"
    assert "remember me" in twin.world.model.last_request.texts()


def test_resume_changes_settings(twin: Twin) -> None:
    answers(twin, "a", "b")
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        twin.wait(thread.run("x"))
    with twin.codex() as codex:
        resumed = twin.wait(codex.thread_resume(thread.id, model="other-model"))
        twin.wait(resumed.run("y"))
    assert twin.world.model.last_request.body["model"] == "other-model"


def test_resume_of_an_unknown_thread_is_an_invalid_request(twin: Twin) -> None:
    with twin.codex() as codex, pytest.raises(InvalidRequestError, match="no rollout"):
        twin.wait(codex.thread_resume("00000000-0000-0000-0000-000000000000"))


def test_fork_has_its_own_id_and_the_history(twin: Twin) -> None:
    answers(twin, "a", "b")
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        twin.wait(thread.run("common past"))
        fork = twin.wait(codex.thread_fork(thread.id))
        assert fork.id != thread.id
        assert twin.wait(fork.run("x")).final_response == "b"
        assert len(twin.wait(thread.read(include_turns=True)).thread.turns) == 1
    assert "common past" in twin.world.model.last_request.texts()


def test_fork_of_a_thread_that_never_ran_is_an_invalid_request(twin: Twin) -> None:
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        with pytest.raises(InvalidRequestError, match="no rollout"):
            twin.wait(codex.thread_fork(thread.id))


def test_archive_and_unarchive_round_trip(twin: Twin) -> None:
    answers(twin, "a", "b")
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        twin.wait(thread.run("x"))
        twin.wait(codex.thread_archive(thread.id))
        back = twin.wait(codex.thread_unarchive(thread.id))
        assert type(back) is type(thread)
        assert back.id == thread.id
        again = twin.wait(codex.thread_resume(back.id))
        assert twin.wait(again.run("y")).final_response == "b"


def test_models(twin: Twin) -> None:
    with twin.codex() as codex:
        shown = twin.wait(codex.models()).data
        every = twin.wait(codex.models(include_hidden=True)).data
    assert shown
    assert len(every) >= len(shown)
    assert all(not model.hidden for model in shown)
    assert all(model.id and model.display_name for model in every)


@pytest.mark.parametrize("sandbox", ["read-only", SandboxMode.read_only])
def test_enums_may_be_given_as_plain_strings(twin: Twin, sandbox: SandboxMode) -> None:
    answers(twin, "a")
    with twin.codex() as codex:
        thread = twin.wait(
            codex.thread_start(sandbox=sandbox, approval_policy="never", cwd=twin.world.workspace)
        )
        assert twin.wait(thread.run("x")).final_response == "a"


def test_a_wrong_value_is_an_error_and_the_client_goes_on(twin: Twin) -> None:
    from codex_app_server import AppServerError

    answers(twin, "a")
    with twin.codex() as codex:
        with pytest.raises(AppServerError):
            twin.wait(codex.thread_start(cwd=object()))
        thread = twin.wait(codex.thread_start())
        assert twin.wait(thread.run("x")).final_response == "a"


def test_config_paths_may_be_path_objects(twin: Twin) -> None:
    answers(twin, "a")
    settings = {"codex_bin": twin.world.runtime, "cwd": twin.world.workspace}
    assert isinstance(twin.world.config(**settings), AppServerConfig)
    with twin.codex(**settings) as codex:
        assert twin.wait(twin.wait(codex.thread_start()).run("x")).final_response == "a"
