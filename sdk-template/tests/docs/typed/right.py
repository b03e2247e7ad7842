"""What users write, with the types that they may count on; both checkers must agree, strictly."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path

from pydantic import BaseModel
from typing_extensions import assert_never, assert_type

from codex_app_server import (
    ApprovalMode,
    AppServerConfig,
    AppServerError,
    AsyncChatgptLoginHandle,
    AsyncCodex,
    AsyncThread,
    AsyncTurnHandle,
    ChatgptLoginHandle,
    Codex,
    CodexConfig,
    ExternalMessage,
    LocalImageInput,
    McpServerLoginHandle,
    RunResult,
    Sandbox,
    TextInput,
    Thread,
    TransportClosedError,
    TurnFailedError,
    TurnHandle,
    retry_on_overload,
)
from codex_app_server.client import CodexClient
from codex_app_server.errors import (
    CodexError,
    CodexRpcError,
    InvalidInputError,
    RequestTimeoutError,
)
from codex_app_server.events import (
    AgentMessageDeltaNotification,
    ErrorNotification,
    ItemCompletedNotification,
    Notification,
    TurnCompletedNotification,
    UnknownNotification,
)
from codex_app_server.generated.v2_all import (
    AbsolutePathBuf,
    FileSystemSandboxEntry,
    PathFileSystemPath,
    ReasoningSummaryValue,
    WorkspaceWriteSandboxPolicy,
)
from codex_app_server.models import TurnStartedNotification
from codex_app_server.requests import (
    CommandExecutionApprovalDecision,
    CommandExecutionApprovalDecisionValue,
    CommandExecutionRequestApprovalParams,
    CommandExecutionRequestApprovalResponse,
    FileChangeApprovalDecision,
    FileChangeRequestApprovalParams,
    FileChangeRequestApprovalResponse,
)
from codex_app_server.types import (
    CommandExecutionThreadItem,
    FileChangeThreadItem,
    GetAccountResponse,
    JsonValue,
    ListMcpServerStatusResponse,
    McpServerStatus,
    ModelListResponse,
    ReasoningSummary,
    StoredThread,
    ThreadGoal,
    ThreadItem,
    ThreadSourceKind,
    Turn,
    TurnStatus,
)


class Weather(BaseModel):
    """An answer with a shape."""

    place: str
    degrees: int


def answers(codex: Codex) -> None:
    thread = codex.thread_start(model="m", sandbox=Sandbox.read_only, approval_mode=None)
    assert_type(thread, Thread)
    plain = thread.run("x")
    assert_type(plain, RunResult)
    assert_type(plain.parsed, None)
    assert_type(plain.final_response, "str | None")
    assert_type(plain.items, list[ThreadItem])
    assert_type(plain.status, TurnStatus)
    assert_type(plain.turn, Turn)
    shaped = thread.run("x", output_schema=Weather, timeout=5)
    assert_type(shaped.parsed, Weather)
    print(shaped.parsed.degrees + 1)
    free = thread.run("x", output_schema={"type": "object"}, effort="high", summary="auto")
    assert_type(free.parsed, None)
    handle = thread.turn("x", output_schema=Weather)
    assert_type(handle, TurnHandle[Weather])
    assert_type(handle.run().parsed, Weather)
    assert_type(thread.turn("x"), TurnHandle)
    assert_type(thread.turn("x").run().parsed, None)
    assert_type(retry_on_overload(lambda: thread.run("x")), RunResult)
    thread.run([TextInput("x"), LocalImageInput("a.png")], source="mail", turn_service_tier="fast")
    thread.run(ExternalMessage("mail", "text"), approval_mode=ApprovalMode.deny_all)


def paths(codex: Codex, item: CommandExecutionThreadItem) -> str:
    """A path is a string, and read as one that is wrapped; what is made takes plain strings."""
    stored = codex.thread_list().data[0]
    assert_type(stored.cwd.root, str)
    text: str = stored.cwd
    where = {stored.cwd.root: Path(stored.cwd) / "a", item.cwd.root: Path(item.cwd.root)}
    assert_type(AbsolutePathBuf("/a").root, str)
    roots = [AbsolutePathBuf("/a"), AbsolutePathBuf(root="/b")]
    policy = WorkspaceWriteSandboxPolicy(type="workspaceWrite", writable_roots=roots)
    policy = WorkspaceWriteSandboxPolicy(type="workspaceWrite", writable_roots=["/a"])
    assert_type([root.root for root in policy.writable_roots], list[str])
    PathFileSystemPath(type="path", path=text)
    PathFileSystemPath(type="path", path=stored.cwd)
    print(ReasoningSummaryValue.auto.value)
    FileSystemSandboxEntry.model_validate({"access": "read", "path": {"type": "path"}})
    return f"{text} {item.cwd.upper()} {where}"


def directories(codex: Codex, more: Sequence[Path], either: list[str | PathLike[str]]) -> None:
    """What is widened for commands: texts or paths, in a list or what is like one."""
    texts = ["/a", "/b"]
    codex.thread_start(additional_directories=texts)
    codex.thread_start(additional_directories=["/a", Path("/b")])
    codex.thread_start(additional_directories=[Path("/b")])
    codex.thread_start(additional_directories=("/a", Path("/b")))
    codex.thread_start(additional_directories=tuple(texts))
    codex.thread_start(additional_directories=[])
    codex.thread_resume("x", additional_directories=more)
    codex.thread_fork("x", additional_directories=either)
    codex.thread_list(model_providers=texts)
    named: Sequence[str] = ("read",)
    codex.login_mcp_server("web", scopes=named)


def variables(codex: Codex, thread: Thread, handle: TurnHandle, given: Mapping[str, str]) -> None:
    """What a variable holds is narrower than what is taken, and wider than its first value."""
    texts = [TextInput("x")]
    handle.steer(texts)
    thread.run(["x", TextInput("y")])
    mixed: list[str | TextInput] = ["x", TextInput("y")]
    thread.run(mixed)
    thread.run(texts, summary=ReasoningSummary.model_validate("auto"))
    thread.turn((TextInput("x"), LocalImageInput("a.png")))
    settings = {"model_reasoning_effort": "high"}
    codex.thread_start(config=settings)
    codex.thread_resume("x", config=given)
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    thread.run("x", output_schema=schema)
    policy = {"type": "readOnly"}
    thread.run("x", sandbox_policy=policy)
    paths = [Path("a"), Path("b")]
    codex.thread_list(cwd=paths, model_providers=("a", "b"))
    kinds = [ThreadSourceKind.exec]
    codex.thread_list(source_kinds=kinds)
    codex.thread_list(source_kinds=["cli", ThreadSourceKind.exec])
    parts = [{"type": "input_text", "text": "x"}]
    thread.run(ExternalMessage("mail", parts))


def payloads(handle: TurnHandle) -> str:
    text = ""
    for event in handle.stream():
        assert_type(event, Notification)
        match event.payload:
            case AgentMessageDeltaNotification(delta=delta):
                text += delta
            case ItemCompletedNotification(item=item):
                assert_type(item, ThreadItem)
            case ErrorNotification(will_retry=True, error=error):
                print(error.message.upper())
            case TurnCompletedNotification() as ended:
                assert_type(ended.turn, Turn)
            case UnknownNotification(params=params):
                print(params.keys())
            case _:
                pass
    return text


def items(result: RunResult) -> list[str]:
    found: list[str] = []
    for item in result.items:
        if item.root.type == "agentMessage":
            found.append(item.root.text)
        match item.root:
            case CommandExecutionThreadItem(command=command, exit_code=code):
                found.append(f"{command} {code}")
            case FileChangeThreadItem(changes=changes):
                found += [change.path for change in changes]
            case _:
                pass
    return found


def nested(item: ThreadItem) -> str:
    match item:
        case ThreadItem(root=CommandExecutionThreadItem(command=command, status=status)):
            return command + status.value
        case _:
            return item.root.type


def every_member(mode: ApprovalMode, box: Sandbox, status: TurnStatus) -> str:
    match mode:
        case ApprovalMode.deny_all:
            word = "nobody"
        case ApprovalMode.auto_review:
            word = "the reviewer"
        case _:
            assert_never(mode)
    if box is Sandbox.full_access:
        return word
    match status:
        case TurnStatus.completed | TurnStatus.failed | TurnStatus.interrupted:
            return "over"
        case TurnStatus.in_progress:
            return "under way"


def other_names(client: CodexClient, error: CodexError) -> bool:
    """As programs for the published SDK find them."""
    assert_type(client.config, CodexConfig)
    begun = TurnStartedNotification.model_validate({"threadId": "a", "turn": {}})
    return isinstance(error, CodexRpcError) and begun.thread_id == "a"


def listings(codex: Codex) -> None:
    assert_type(codex.iter_threads(sort_key="created_at", limit=5), Iterator[StoredThread])
    for thread in codex.iter_threads(archived=True):
        print(thread.id.upper(), thread.name)
    assert_type(codex.models(), ModelListResponse)
    page = codex.mcp_servers(detail="full")
    assert_type(page, ListMcpServerStatusResponse)
    assert_type(page.data, list[McpServerStatus])
    assert_type(codex.notifications(), Iterator[Notification])


def goals(thread: Thread) -> None:
    assert_type(thread.set_goal("Ship it", status="active", token_budget=1000).goal, ThreadGoal)
    goal = thread.goal().goal
    assert_type(goal, "ThreadGoal | None")
    if goal is not None and goal.status == "complete":
        thread.clear_goal()
    thread.pause_goal()
    print(thread.call_mcp_tool("notes", "add", {"a": 1}).is_error)


def raw(codex: Codex) -> None:
    assert_type(codex.request("model/list", {}), JsonValue)
    assert_type(codex.request("model/list", model=ModelListResponse), ModelListResponse)


def decide(params: FileChangeRequestApprovalParams) -> FileChangeRequestApprovalResponse | None:
    if params.reason is None:
        return None
    return FileChangeRequestApprovalResponse(decision=FileChangeApprovalDecision.accept)


def allow(params: CommandExecutionRequestApprovalParams) -> CommandExecutionRequestApprovalResponse:
    decision = CommandExecutionApprovalDecision(CommandExecutionApprovalDecisionValue.accept)
    return CommandExecutionRequestApprovalResponse(decision=decision)


def handlers(codex: Codex, thread: Thread) -> None:
    codex.on_request("item/fileChange/requestApproval", decide)
    codex.on_request("item/commandExecution/requestApproval", allow)
    thread.on_request("item/fileChange/requestApproval", lambda params: {"decision": "accept"})
    thread.on_request("item/fileChange/requestApproval", None)
    FileChangeRequestApprovalResponse(decision="acceptForSession")
    CommandExecutionRequestApprovalResponse(decision="decline")
    CommandExecutionRequestApprovalResponse(decision=CommandExecutionApprovalDecisionValue.accept)


def add(a: int, b: int = 1) -> int:
    """Adds."""
    return a + b


async def look_up(name: str) -> dict[str, str]:
    """Looks a name up."""
    return {"name": name}


def tools(codex: Codex) -> None:
    codex.thread_start(tools=[add, look_up], web_search="live", network_access=True)


def accounts(codex: Codex) -> None:
    assert_type(codex.account(), GetAccountResponse)
    handle = codex.login_chatgpt()
    assert_type(handle, ChatgptLoginHandle)
    assert_type(handle.wait(timeout=1.0).success, bool)
    server = codex.login_mcp_server("web", scopes=["read"], timeout_secs=60)
    assert_type(server, McpServerLoginHandle)
    assert_type(server.authorization_url, str)
    assert_type(server.wait(timeout=1.0).error, "str | None")


def failures(thread: Thread) -> None:
    try:
        thread.run("x")
    except TurnFailedError as error:
        assert_type(error.items, list[ThreadItem])
        assert_type(error.turn_id, str)
    except TransportClosedError as error:
        assert_type(error.exit_code, "int | None")
    except (RequestTimeoutError, InvalidInputError, AppServerError):
        raise


def configured() -> CodexConfig:
    return AppServerConfig(
        codex_bin="codex",
        env={"A": "1", "B": None},
        inherit_env=False,
        api_key="sk",
        base_url="http://127.0.0.1/v1",
        connect_timeout_s=None,
    )


async def later() -> None:
    async with AsyncCodex(configured()) as codex:
        thread = await codex.thread_start()
        assert_type(thread, AsyncThread)
        assert_type((await thread.run("x", output_schema=Weather)).parsed, Weather)
        shaped = await thread.turn("x", output_schema=Weather)
        assert_type((await shaped.run()).parsed, Weather)
        handle = await thread.turn("x")
        assert_type(handle, AsyncTurnHandle)
        assert_type(handle.stream(), AsyncIterator[Notification])
        async for event in handle.stream():
            if isinstance(event.payload, AgentMessageDeltaNotification):
                print(event.payload.delta)
        assert_type(await codex.login_chatgpt(), AsyncChatgptLoginHandle)
        server = await codex.login_mcp_server("web")
        assert_type((await server.wait()).success, bool)
        async for stored in codex.iter_threads():
            assert_type(stored, StoredThread)
        assert_type((await thread.set_goal("x")).goal, ThreadGoal)
        assert_type(await retry_on_overload(lambda: thread.run("x")), RunResult)
