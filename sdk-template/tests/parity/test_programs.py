"""The same programs on the published SDK and on this one, against the same runtime and model."""

from __future__ import annotations

import json
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness import CodexHome, Gate, ModelServer, Reply
from harness.model_server import ModelRequest
from parity.published import OURS, PUBLISHED, SOURCE, output, published_wheel

pytestmark = pytest.mark.slow

START = """
import json, os, sys, time
from {module} import *
from {module}.types import *

config = CodexConfig(codex_bin=os.environ["CODEX_BIN"], cwd=os.environ["WORKSPACE"])
def show(*values):
    print(json.dumps(values, default=str))
def kinds(items):
    return [item.root.type for item in items]
def reached():
    # Whether the model answers by now, and says no more: the test writes that file then.
    for _ in range(6000):
        if os.path.exists(os.environ["REACHED"]):
            return
        time.sleep(0.01)
    sys.exit("the model was not asked")
def outcome(call, *arguments):
    try:
        result = call(*arguments)
    except Exception as error:
        bases = ("CodexError", "CodexRpcError", "InvalidRequestError", "RuntimeError", "KeyError")
        kinds = [*bases, "ValueError", "TypeError"]
        found = [name for name in kinds if isinstance(error, eval(name))]
        # What is refused before it is sent is an error of the SDK as well, here.
        show("raised", found if "CodexRpcError" in found else found[-1])
        return None
    show("gave", type(result).__name__)
    return result
"""

#: What the model says to the programs that need something else than an answer each time.
REPLIES: dict[str, list[Reply]] = {
    "steer": [Reply.text("first").slow(0.3)],
    "steer_async": [Reply.text("first").slow(0.3)],
    "interrupt": [Reply.text("never whole")],
    "interrupt_async": [Reply.text("never whole")],
    "deltas": [Reply.text("one two", deltas=["one ", "two"])],
    "failures": [Reply.failed("invalid_prompt", "bad words"), Reply.http_error(400, "no")],
}

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
    "steer": """
        with Codex(config) as codex:
            turn = codex.thread_start().turn("hello")
            show(type(turn.steer("more")).__name__, turn.steer(TextInput("x")).turn_id == turn.id)
            show(turn.steer([TextInput("and"), TextInput("more")]).turn_id == turn.id)
            result = turn.run()
            show(result.final_response, kinds(result.items))
            for late in ("late", TextInput("late"), [TextInput("late")]):
                outcome(turn.steer, late)
            for wrong in (5, None, [5], ExternalMessage("mail", "x")):
                outcome(turn.steer, wrong)
    """,
    "steer_async": """
        import asyncio
        async def main():
            async with AsyncCodex(config) as codex:
                turn = await (await codex.thread_start()).turn("hello")
                show((await turn.steer("more")).turn_id == turn.id)
                result = await turn.run()
                show(result.final_response, kinds(result.items))
        asyncio.run(main())
    """,
    "interrupt": """
        import threading
        with Codex(config) as codex:
            thread = codex.thread_start()
            turn = thread.turn("hello")
            other = threading.Thread(target=lambda: (reached(), turn.interrupt()))
            other.start()
            result = turn.run()
            other.join()
            show(result.status.value, result.final_response, result.error, kinds(result.items))
            outcome(turn.steer, "late")
            again = thread.turn("again")
            show(again.run().final_response)
            outcome(again.interrupt)
    """,
    "interrupt_async": """
        import asyncio
        async def main():
            async with AsyncCodex(config) as codex:
                turn = await (await codex.thread_start()).turn("hello")
                running = asyncio.ensure_future(turn.run())
                await asyncio.to_thread(reached)
                show(type(await turn.interrupt()).__name__)
                result = await running
                show(result.status.value, result.final_response, kinds(result.items))
        asyncio.run(main())
    """,
    "deltas": """
        with Codex(config) as codex:
            text = ""
            for event in codex.thread_start().turn("hello").stream():
                if event.method == "item/agentMessage/delta":
                    text += event.payload.delta
            show(text)
    """,
    "inputs": """
        import base64
        pixel = base64.b64decode(
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJg"
            "gg=="
        )
        path = os.path.join(os.environ["WORKSPACE"], "pixel.png")
        open(path, "wb").write(pixel)
        url = "data:image/png;base64," + base64.b64encode(pixel).decode()
        skill = os.path.join(os.environ["CODEX_HOME"], "skills/brew/SKILL.md")
        os.makedirs(os.path.dirname(skill))
        lines = ["---", "name: brew", "description: tea", "---", "Boil it.", ""]
        open(skill, "w").write(chr(10).join(lines))
        with Codex(config) as codex:
            thread = codex.thread_start()
            for given in (
                "text", "", [], TextInput("one"), [TextInput("one"), TextInput("two")],
                ImageInput(url), LocalImageInput(path), LocalImageInput(path + ".none"),
                [TextInput("look"), ImageInput(url), LocalImageInput(path)],
                [TextInput("use $brew"), SkillInput("brew", skill)],
                [TextInput("ask"), MentionInput("mail", "app://mail")],
                ImageInput("https://127.0.0.1/a.png"), ImageInput("nonsense"),
                5, None, [5], {"type": "text", "text": "x"}, b"bytes", [ExternalMessage("a", "b")],
            ):
                result = outcome(thread.run, given)
                if result is not None:
                    contents = [getattr(item.root, "content", []) for item in result.items]
                    show([part.root.type for content in contents for part in content])
    """,
    "output_schema": """
        schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"],
                  "additionalProperties": False}
        with Codex(config) as codex:
            thread = codex.thread_start()
            show(thread.run("x", output_schema=schema).final_response)
            show(thread.run("x").final_response)
            show(thread.turn("x", output_schema=schema).run().final_response)
    """,
    "settings": """
        with Codex(config) as codex:
            thread = codex.thread_start(model="a-model", developer_instructions="Be brief.",
                                        approval_mode=ApprovalMode.deny_all, ephemeral=True)
            thread.run("x", effort=ReasoningEffort.high, source="a_test",
                       summary=ReasoningSummary.model_validate("concise"),
                       personality=Personality.pragmatic, turn_service_tier="priority")
            thread.run("y", model="another")
            for name, wrong in (("approval_mode", "never"), ("sandbox", "read-only"),
                                ("sandbox", 5), ("nonsense", 1), ("model", 5)):
                outcome(lambda: thread.run("x", **{name: wrong}))
    """,
    "retry": """
        calls = []
        def busy(times, error):
            def call():
                calls.append(1)
                if len(calls) <= times:
                    raise error
                return len(calls)
            calls.clear()
            return call
        overloaded = ServerBusyError(-32001, "busy", None)
        told = JsonRpcError(1, "m", {"codexErrorInfo": "server_overloaded"})
        quick = {"initial_delay_s": 0.01, "max_delay_s": 0.02, "jitter_ratio": 0.0}
        for error in (overloaded, told, RetryLimitExceededError(-32001, "x"), KeyError("x")):
            outcome(lambda: retry_on_overload(busy(2, error), **quick))
            show(len(calls))
        outcome(lambda: retry_on_overload(busy(9, overloaded), max_attempts=2, **quick))
        outcome(lambda: retry_on_overload(busy(0, overloaded), max_attempts=0))
        with Codex(config) as codex:
            show(type(retry_on_overload(codex.thread_start)).__name__)
    """,
    "failures": """
        with Codex(config) as codex:
            thread = codex.thread_start()
            for _ in range(2):
                try:
                    thread.run("x")
                except RuntimeError as error:
                    show(str(error))
            for event in thread.turn("x").stream():
                if event.method == "turn/completed":
                    show(event.payload.turn.status.value, event.payload.turn.error)
    """,
    "again": """
        import asyncio
        async def main():
            codex = AsyncCodex(config)
            for _ in range(2):
                try:
                    codex.metadata
                except RuntimeError:
                    show("RuntimeError")
                async with codex:
                    show(codex.metadata.serverInfo.name, (await codex.models()).data != [])
            try:
                codex.metadata
            except RuntimeError:
                show("RuntimeError")
        asyncio.run(main())
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
    "records": """
        from pydantic import BaseModel, TypeAdapter
        class Task(BaseModel):
            given: Input
            config: CodexConfig
            result: TurnResult
        with Codex(config) as codex:
            result = codex.thread_start().run("hello")
        task = Task(given=[TextInput("x"), SkillInput("a", "b")], config=config, result=result)
        dumped = json.loads(task.model_dump_json())
        show(dumped["given"], dumped["config"]["client_name"], dumped["result"]["final_response"])
        show(dumped["result"]["status"], [sorted(item) for item in dumped["result"]["items"]])
        again = TypeAdapter(TurnResult).validate_python(dumped["result"])
        show(again.id == result.id, again.items == result.items, again.usage == result.usage)
        wanted = ("id", "status", "error", "items", "final_response", "duration_ms")
        described = TypeAdapter(TurnResult).json_schema(mode="serialization")["properties"]
        show([name in described for name in wanted])
    """,
    "lower": """
        import importlib
        module = TextInput.__module__.partition(".")[0]
        client = importlib.import_module(module + ".client")
        models = importlib.import_module(module + ".models")
        errors = importlib.import_module(module + ".errors")
        generated = importlib.import_module(module + ".generated.v2_all")
        show(client.CodexConfig is CodexConfig, errors.CodexError is CodexError)
        show(models.TurnCompletedNotification is TurnCompletedNotification)
        def decline(method, params):
            return {"decision": "decline"}
        with client.CodexClient(config, approval_handler=decline) as lower:
            lower.initialize()
            thread = lower.thread_start().thread
            turn = lower.turn_start(thread.id, "hello").turn
            show(lower.wait_for_turn_completed(turn.id).turn.status.value)
            read = lower.request("thread/read", {"threadId": thread.id},
                                 response_model=ThreadReadResponse)
            show(read.thread.id == thread.id)
            show(type(lower.thread_goal_clear(thread.id)).__name__)
            for given in ((), (None,), ({"refreshToken": False},),
                          (generated.GetAccountParams(refresh_token=False),)):
                show(lower.account_read(*given).requires_openai_auth)
            begun = lower.account_login_start(generated.LoginAccountParams(
                root={"type": "apiKey", "apiKey": "sk-test"}))
            show(begun.root.type)
            begun = lower.account_login_start({"type": "chatgpt"}).root
            lower.register_login_notifications(begun.login_id)
            lower.account_login_cancel(begun.login_id)
            ended = lower.next_login_notification(begun.login_id)
            show(ended.method, ended.payload.success)
            lower.unregister_login_notifications(begun.login_id)
            try:
                lower.thread_read("nobody")
            except errors.CodexRpcError as error:
                show(error.code, errors.is_retryable_error(error))
    """,
    "paths": """
        import importlib
        module = TextInput.__module__.partition(".")[0]
        generated = importlib.import_module(module + ".generated.v2_all")
        with Codex(config) as codex:
            thread = codex.thread_start(cwd=os.environ["WORKSPACE"])
            thread.run("hello")
            stored = thread.read().thread
            show(stored.cwd.root == os.environ["WORKSPACE"])
            show(stored.model_dump()["cwd"] == stored.cwd.root)
        item = ThreadItem.model_validate({"type": "commandExecution", "id": "i", "command": "ls",
            "cwd": "/w", "status": "completed", "commandActions": []})
        show(item.root.cwd.root, json.loads(item.model_dump_json(by_alias=True))["cwd"])
        policy = generated.WorkspaceWriteSandboxPolicy(type="workspaceWrite", writable_roots=[
            generated.AbsolutePathBuf("/a"), generated.AbsolutePathBuf(root="/b"),
            generated.AbsolutePathBuf.model_validate("/c"), "/d"])
        show([root.root for root in policy.writable_roots])
        show(generated.ThreadId("x").root, generated.ReasoningSummaryValue("auto").value)
    """,
    "summaries": """
        for summary in (ReasoningSummary("auto"), ReasoningSummary(root="detailed"),
                        ReasoningSummary.model_validate("none")):
            show(getattr(summary.root, "value", summary.root))
        with Codex(config) as codex:
            codex.thread_start().run("x", summary=ReasoningSummary(root="concise"))
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


@contextmanager
def beside(gate: Gate, reached: Path) -> Iterator[None]:
    """Writes the file as soon as the model stands at the gate, if it ever does."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.is_set():
            if gate.is_reached(0.02):
                reached.touch()
                return

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        ended.set()
        watching.join()


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_does_the_same_on_both(
    name: str, runtime: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    wheel = published_wheel()
    if name in ("accounts", "lower"):
        request.getfixturevalue("sign_in_port")
    printed = []
    for module, path in ((PUBLISHED, wheel), (OURS, SOURCE)):
        text = START.format(module=module) + textwrap.dedent(PROGRAMS[name])
        directory = tmp_path / module
        (directory / "workspace").mkdir(parents=True)
        gate, reached = Gate(), directory / "reached"
        replies = REPLIES.get(name, [])
        if name.startswith("interrupt"):
            replies = [reply.gated(gate) for reply in replies]
        with ModelServer(Reply.text("an answer")) as model, beside(gate, reached):
            model.queue(*replies)
            home = CodexHome.create(directory / "home", model.base_url)
            env = {**home.environment, "CODEX_BIN": str(runtime)}
            env |= {"WORKSPACE": str(directory / "workspace"), "REACHED": str(reached)}
            said = output(path, "-c", text, env=env).replace("RunResult", "TurnResult")
            printed.append([said, *(asked(sent, directory) for sent in model.requests)])
    assert printed[0] == printed[1]
    assert str(printed[0][0]).strip()


def asked(request: ModelRequest, directory: Path) -> dict[str, object]:
    """What a program let the model be asked, but for what is different in each run."""
    metadata = json.loads(request.headers.get("x-codex-turn-metadata", "{}"))
    told = {key: metadata.get(key) for key in ("sandbox_mode", "turn_trigger")}
    body = {key: request.body.get(key) for key in ("model", "reasoning", "text", "service_tier")}
    shown = [part.get("text", part.get("image_url")) for part in request.content("user")]
    return {**told, **body, "shown": [str(text).replace(str(directory), "") for text in shown]}
