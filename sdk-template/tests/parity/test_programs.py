"""The same programs on the published SDK and on this one, against the same runtime and model."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from harness import CodexHome, ModelServer, Reply
from parity.published import OURS, PUBLISHED, SOURCE, output, published_wheel

pytestmark = pytest.mark.slow

START = """
import json, os, sys
from {module} import *
from {module}.types import *

config = CodexConfig(codex_bin=os.environ["CODEX_BIN"], cwd=os.environ["WORKSPACE"])
def show(*values):
    print(json.dumps(values, default=str))
def kinds(items):
    return [item.root.type for item in items]
"""

#: Programs by what they show. Each prints what must be equal.
PROGRAMS = {
    "run": """
        with Codex(config) as codex:
            result = codex.thread_start().run("hello")
            show(result.final_response, kinds(result.items), result.status.value, result.error)
            show(result.usage.last.output_tokens, isinstance(result, TurnResult))
    """,
    "run_async": """
        import asyncio
        async def main():
            async with AsyncCodex(config) as codex:
                thread = await codex.thread_start()
                result = await thread.run("hello")
                show(result.final_response, kinds(result.items))
                async for event in (await thread.turn("again")).stream():
                    if event.method in ("turn/started", "turn/completed"):
                        show(event.method, type(event.payload).__name__)
        asyncio.run(main())
    """,
    "stream": """
        with Codex(config) as codex:
            turn = codex.thread_start().turn("hello")
            events = [event for event in turn.stream()]
            show(events[-1].method, events[-1].payload.turn.status.value)
            show(sorted({event.method for event in events if event.method.startswith("item")}))
    """,
    "handle_run": """
        with Codex(config) as codex:
            result = codex.thread_start().turn(TextInput("hello")).run()
            show(result.final_response, result.id != "", result.completed_at >= result.started_at)
    """,
    "approvals": """
        with Codex(config) as codex:
            for mode in ApprovalMode:
                show(mode.value, codex.thread_start(approval_mode=mode).run("x").final_response)
    """,
    "sandboxes": """
        with Codex(config) as codex:
            for sandbox in Sandbox:
                thread = codex.thread_start(sandbox=sandbox)
                show(sandbox.value, thread.run("x", sandbox=sandbox).final_response)
    """,
    "messages": """
        with Codex(config) as codex:
            thread = codex.thread_start()
            show(thread.run(ExternalMessage("mail", "text"), source="a_test").final_response)
            try:
                thread.run(ExternalMessage("", "x"))
            except ValueError:
                show("ValueError")
    """,
    "lifecycle": """
        with Codex(config) as codex:
            thread = codex.thread_start()
            thread.run("x")
            thread.set_name("named")
            show(thread.read(include_turns=True).thread.name)
            show(len(codex.thread_list(limit=5).data), len(codex.thread_list(archived=True).data))
            fork = codex.thread_fork(thread.id, include_turns=True)
            show(fork.id != thread.id, codex.thread_resume(thread.id).id == thread.id)
            codex.thread_archive(thread.id)
            show(codex.thread_unarchive(thread.id).id == thread.id)
            show(len(codex.models(include_hidden=True).data) > 0)
    """,
    "errors": """
        with Codex(config) as codex:
            for call in (lambda: codex.thread_resume("nobody"), lambda: codex.thread_fork("x")):
                try:
                    call()
                except CodexRpcError as error:
                    show(type(error).__name__, error.code, isinstance(error, CodexError))
            show(is_retryable_error(ServerBusyError(-32001, "busy", None)))
        try:
            codex.models()
        except TransportClosedError:
            show("closed")
    """,
    "accounts": """
        with Codex(config) as codex:
            show(codex.account().account, codex.account().requires_openai_auth)
            codex.login_api_key("sk-test")
            codex.logout()
            handle = codex.login_chatgpt()
            show(handle.login_id != "", handle.auth_url.startswith("https://"))
            show(handle.cancel().status.value)
            show(handle.wait().success)
    """,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_does_the_same_on_both(name: str, runtime: Path, tmp_path: Path) -> None:
    wheel = published_wheel()
    printed = []
    for module, path in ((PUBLISHED, wheel), (OURS, SOURCE)):
        text = START.format(module=module) + textwrap.dedent(PROGRAMS[name])
        directory = tmp_path / module
        (directory / "workspace").mkdir(parents=True)
        with ModelServer(Reply.text("an answer")) as model:
            home = CodexHome.create(directory / "home", model.base_url)
            env = {**home.environment, "CODEX_BIN": str(runtime)}
            env["WORKSPACE"] = str(directory / "workspace")
            printed.append(output(path, "-c", text, env=env))
    assert printed[0] == printed[1]
    assert printed[0].strip()
