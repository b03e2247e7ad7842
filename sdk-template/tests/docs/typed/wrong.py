"""Mistakes that both checkers must find: each line that ends in `# wrong`, and no other."""

from pydantic import BaseModel

import codex_app_server.event  # wrong
import codex_app_server.models
import codex_app_server.types
from typing_extensions import assert_never
from codex_app_server import ApprovalMode, AppServerConfig, AsyncCodex, AsyncThread
from codex_app_server import AsyncTurnHandle, Codex, CodexConfig, ExternalMessage, RunResult
from codex_app_server import Sandbox, SkillInput, Thread, TurnHandle, retry_on_overload
from codex_app_server import Codx  # wrong
from codex_app_server.errors import TurnFaildError  # wrong
from codex_app_server.events import AgentMessageDelta  # wrong
from codex_app_server.events import AgentMessageDeltaNotification, TurnStartedNotification
from codex_app_server.requests import CommandExecutionApprovalDecisionValue
from codex_app_server.requests import CommandExecutionRequestApprovalParams
from codex_app_server.requests import CommandExecutionRequestApprovalResponse
from codex_app_server.requests import FileChangeRequestApprovalParams
from codex_app_server.requests import FileChangeRequestApprovalResponse
from codex_app_server.requests import FileChangeParams  # wrong
from codex_app_server.generated.v2_all import AbsolutePathBuf, WorkspaceWriteSandboxPolicy
from codex_app_server.types import Trun  # wrong
from codex_app_server.types import TurnStatus


class Weather(BaseModel):
    degrees: int


def attributes(codex: Codex, thread: Thread, handle: TurnHandle) -> None:
    codex.no_such_method()  # wrong
    codex.metadata.userAgnt  # wrong
    thread.run("x").final_respose  # wrong
    thread.read().thred  # wrong
    thread.archive()  # wrong
    handle.run().turn.statuss  # wrong
    Sandbox.read_olny  # wrong


def words(codex: Codex, thread: Thread) -> None:
    thread.run("x", effort="hihg")  # wrong
    thread.run("x", summary="long")  # wrong
    codex.thread_start(sandbox="readonly")  # wrong
    codex.thread_start(web_search="yes")  # wrong
    codex.thread_list(sort_key="name")  # wrong
    codex.thread_list(source_kinds=["clii"])  # wrong
    codex.thread_list(source_kinds="cli")  # wrong
    codex.thread_list(model_providers="openai")  # wrong
    codex.thread_list(cwd=[5])  # wrong
    codex.thread_start(config="a=b")  # wrong
    codex.thread_start(additional_directories="/data")  # wrong
    codex.thread_resume("x", additional_directories=b"/data")  # wrong
    codex.thread_fork("x", additional_directories=["/data", 5])  # wrong
    codex.thread_start(additional_directories=AbsolutePathBuf("/data"))  # wrong
    codex.thread_start(config={1: 2})  # wrong
    thread.run("x", output_schema=["type"])  # wrong
    thread.run("x", sandbox_policy="readOnly")  # wrong
    codex.mcp_servers(detail="all")  # wrong
    thread.set_goal("x", status="done")  # wrong


def arguments(codex: Codex, thread: Thread) -> None:
    codex.thread_start(modle="x")  # wrong
    codex.thread_start("model")  # wrong
    codex.thread_start(sandbox=5)  # wrong
    codex.thread_start(tools=add)  # wrong
    codex.thread_resume()  # wrong
    codex.login_api_key(None)  # wrong
    codex.iter_threads(cursor="x")  # wrong
    thread.run(b"bytes")  # wrong
    thread.run("x", timeout="5")  # wrong
    thread.run("x", output_schema="schema")  # wrong
    thread.call_mcp_tool("server")  # wrong
    codex.login_mcp_server("web").cancel()  # wrong
    codex.login_mcp_server("web", scopes="read")  # wrong


def add(a: int) -> int:
    return a


def decide(params: FileChangeRequestApprovalParams) -> int:
    return 1


def decide_otherwise(params: CommandExecutionRequestApprovalParams) -> bool:
    return True


def handlers(codex: Codex) -> None:
    codex.on_request("item/commandExecution/requestApproval", decide_otherwise)  # wrong
    CommandExecutionApprovalDecisionValue.acept  # wrong
    codex.on_request("item/fileChange/requestApproval", decide)  # wrong
    codex.on_request("item/tool/call", len)  # wrong
    codex.on_request("item/tool/cal", lambda params: None)  # wrong
    FileChangeRequestApprovalResponse(decision="acept")  # wrong
    CommandExecutionRequestApprovalResponse(decision="allow")  # wrong
    codex.on_request("item/tool/call", lambda params: params.no_such_field)  # wrong


def results(thread: Thread) -> None:
    result = thread.run("x", output_schema=Weather)
    number: str = result.parsed.degrees  # wrong
    result.parsed.place  # wrong
    thread.run("x").parsed.degrees  # wrong
    text: str = thread.run("x").final_response  # wrong
    for item in result.items:
        item.roott.type  # wrong
        item.text  # wrong
        item.root.txet  # wrong
        if item.root.type == "agentMessage":
            item.root.txet  # wrong


def unions(codex: Codex) -> None:
    codex.account().account.email  # wrong
    codex.thread_list().data[0].cwd.roott  # wrong
    number: int = codex.thread_list().data[0].cwd  # wrong
    WorkspaceWriteSandboxPolicy(type="workspaceWrite", writable_roots="/data")  # wrong
    WorkspaceWriteSandboxPolicy(type="workspaceWrite", writable_roots=[5])  # wrong
    WorkspaceWriteSandboxPolicy(type="workspaceWrite", writable_root=["/data"])  # wrong
    WorkspaceWriteSandboxPolicy(writable_roots=["/data"])  # wrong
    codex.thread_list().data[0].status.typ  # wrong
    codex.thread_list().data[0].source.nothing  # wrong


def payloads(handle: TurnHandle) -> None:
    for event in handle.stream():
        event.payload.delta  # wrong
        if isinstance(event.payload, AgentMessageDeltaNotification):
            length: str = len(event.payload.delta)  # wrong
        match event.payload:
            case TurnStartedNotification() as begun:
                begun.delta  # wrong


def modules() -> None:
    codex_app_server.Codx  # wrong
    codex_app_server.types.Thred  # wrong
    codex_app_server.errors.CodexErr  # wrong
    codex_app_server.models.TurnComplete  # wrong


def made() -> None:
    Codex(codex_bin="x")  # wrong
    CodexConfig(env={"A": 1})  # wrong
    AppServerConfig(config_overrides="a=1")  # wrong
    ExternalMessage("mail", 5)  # wrong
    SkillInput("a")  # wrong


def word_of(mode: ApprovalMode) -> str:
    match mode:
        case ApprovalMode.deny_all:
            return "nobody"
        case _:
            assert_never(mode)  # wrong


def end_of(status: TurnStatus) -> str:
    if status is TurnStatus.completed:
        return "over"
    assert_never(status)  # wrong


def nothing(thread: Thread, handle: TurnHandle) -> None:
    result = thread.run("x")
    result.final_response.upper()  # wrong
    result.usage.total.total_tokens  # wrong
    result.error.message  # wrong
    shaped: RunResult[Weather] = thread.run("x")  # wrong
    thread.run("x", output_schema=Weather(degrees=1))  # wrong
    handle.steer(ExternalMessage("a", "b"))  # wrong
    retry_on_overload(result)  # wrong
    for event in handle:  # wrong
        pass


async def coming(codex: AsyncCodex, thread: AsyncThread, handle: AsyncTurnHandle) -> None:
    codex.close()  # wrong
    handle.interrupt()  # wrong
    await handle.stream()  # wrong
    for event in handle.stream():  # wrong
        pass
    async for event in thread.turn("x").stream():  # wrong
        pass
    await codex.login_chatgpt().wait()  # wrong
    sync: Thread = await codex.thread_start()  # wrong
    (await thread.run("x", output_schema=Weather)).parsed.place  # wrong


async def waiting(codex: Codex, later: AsyncCodex) -> None:
    await codex.models()  # wrong
    later.models().data  # wrong
    with later:  # wrong
        pass
    for thread in later.iter_threads():  # wrong
        pass
    thread_ = later.thread_start()
    thread_.run("x")  # wrong
