"""Runtimes before the pinned one still complete a turn, though nobody promises it."""

from __future__ import annotations

import pytest

from codex_app_server import AppServerError, Codex
from codex_app_server.errors import RuntimeTooOldError
from harness import Reply, World
from harness.runtime import OlderRuntimes

pytestmark = pytest.mark.slow

VERSIONS = ["0.133.0", "0.144.4", "0.154.0"]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_older_runtime_completes_a_turn(
    version: str, world: World, older_runtimes: OlderRuntimes
) -> None:
    world.model.queue(Reply.text("one", deltas=["o", "ne"]), Reply.text("two"))
    with Codex(world.config(**older_runtimes.settings(version, world.home))) as codex:
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
