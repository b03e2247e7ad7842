"""mypy and pyright are content with the package, and strictly with every program that we show."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import codex_app_server
from harness.documents import document_programs
from harness.runtime import TEMPLATE

USER_PROGRAM = '''
"""Plain strings where enums are, paths, lists, and the results with their types."""

import asyncio
from pathlib import Path
from typing import Any

from codex_app_server import AppServerConfig, AsyncCodex, Codex, ImageInput, RunResult, TextInput
from codex_app_server import retry_on_overload
from codex_app_server.requests import CommandExecutionRequestApprovalParams
from codex_app_server.requests import CommandExecutionRequestApprovalResponse
from codex_app_server.types import JsonObject, SandboxMode, SandboxPolicy, ThreadItem, Turn

config = AppServerConfig(codex_bin=Path("codex"), cwd=Path("."), config_overrides=("a=1",))
with Codex(config) as codex:
    listed = codex.thread_list(cwd="/tmp", sort_direction="asc", sort_key="created_at")
    codex.thread_list(cwd=["/tmp", "/var"], source_kinds=["cli"])
    names: list[str | None] = [entry.name for entry in listed.data]
    thread = codex.thread_start(
        sandbox="read-only",
        approval_policy="never",
        approvals_reviewer="user",
        personality="friendly",
        config={"model_reasoning_effort": "high", "nested": {"list": [1, None, True]}},
    )
    codex.thread_start(sandbox=SandboxMode.read_only)
    result: RunResult = thread.run("x", effort="high", summary="auto", output_schema={"a": []})
    again: RunResult = retry_on_overload(lambda: thread.run("x"))
    items: list[ThreadItem] = result.items
    text: str | None = again.final_response
    policy = SandboxPolicy.model_validate({"type": "readOnly"})
    handle = thread.turn([TextInput("x"), ImageInput("y")], sandbox_policy=policy)
    turn: Turn = handle.run().turn
    status: str = turn.status.value
    for item in [*items, *turn.items]:
        if item.root.type == "agentMessage":
            message: str = item.root.text
        if item.root.type == "commandExecution":
            command: str = item.root.command
    for event in thread.turn("x").stream():
        method: str = event.method
    if result.usage is not None:
        total: int = result.usage.total.total_tokens


def decide(
    params: CommandExecutionRequestApprovalParams,
) -> CommandExecutionRequestApprovalResponse | None:
    if params.command is None:
        return None
    return CommandExecutionRequestApprovalResponse.model_validate({"decision": "accept"})


async def decide_later(params: JsonObject) -> dict[str, object]:
    return dict(params)


async def main() -> None:
    async with AsyncCodex(config) as client:
        client.on_request("item/commandExecution/requestApproval", decide)
        client.on_request("item/commandExecution/requestApproval", lambda params: None)
        newer: Any = "brand/new"  # a literal that is none of the protocol's is a mistake
        later: Any = decide_later
        client.on_request(newer, later)
        started = await client.thread_start(sandbox="read-only")
        answer: RunResult = await retry_on_overload(lambda: started.run("x"))
        handle = await started.turn("x")
        async for event in handle.stream():
            print(event.method, answer.final_response)
        ended: Turn = (await handle.run()).turn
        print(ended.id)


asyncio.run(main())
'''

TYPED = Path(__file__).with_name("typed")
WRONG = TYPED / "wrong.py"
#: The lines of it that are mistakes.
MISTAKES = {
    number
    for number, line in enumerate(WRONG.read_text(encoding="utf-8").splitlines(), start=1)
    if line.endswith("# wrong")
}


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every example and every program of a document under a name of its own, and a user's program.

    mypy wants one name for each.
    """
    directory = tmp_path_factory.mktemp("programs")
    for path in (TEMPLATE / "examples").glob("[0-9]*/*.py"):
        shutil.copy(path, directory / f"example_{path.parent.name}_{path.stem}.py")
    shutil.copy(TEMPLATE / "examples" / "_bootstrap.py", directory)
    for place, code in document_programs().items():
        name = f"document_{place.replace('-', '_')}.py".lower()
        (directory / name).write_text(code, encoding="utf-8")
    (directory / "user_program.py").write_text(USER_PROGRAM, encoding="utf-8")
    shutil.copy(TYPED / "right.py", directory / "typed_right.py")
    return directory


def run_tool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A type checker's run in the template's directory, under its configuration."""
    return subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=TEMPLATE,
        capture_output=True,
        text=True,
        timeout=300,
    )


def mypy(cache: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """mypy with its cache outside of the source tree."""
    return run_tool("mypy", "--cache-dir", cache, "--no-error-summary", *arguments)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_mypy_strict(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    pytest.importorskip("mypy")
    cache = tmp_path_factory.getbasetemp() / "mypy"
    checked = mypy(cache, "src", *sorted(programs.glob("*.py")))
    assert checked.returncode == 0, checked.stdout + checked.stderr

    found = mypy(cache, WRONG)
    lines = [line for line in found.stdout.splitlines() if ": error:" in line]
    assert {int(line.rsplit("wrong.py:", 1)[1].split(":")[0]) for line in lines} == MISTAKES


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("python", ["3.10", "3.14"])
def test_pyright(programs: Path, python: str) -> None:
    """Under the oldest Python, and under the newest, where what it removed or deprecates is one."""
    errors, files = pyright(programs, python=python)
    assert errors == []
    assert files > 50


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_pyright_finds_every_mistake(tmp_path: Path) -> None:
    shutil.copy(WRONG, tmp_path)
    errors, _ = pyright(tmp_path, source=False)
    assert {line for _, line, _ in errors} == MISTAKES


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_public_symbol_has_a_known_type() -> None:
    pytest.importorskip("pyright")
    checked = run_tool(
        *("pyright", "--pythonpath", sys.executable, "--outputjson"),
        *("--verifytypes", codex_app_server.__name__, "--ignoreexternal"),
    )
    if checked.returncode not in (0, 1):
        pytest.skip(f"pyright could not be run: {checked.stderr[-300:]}")
    assert json.loads(checked.stdout)["typeCompleteness"]["completenessScore"] == 1


def pyright(
    programs: Path, *, source: bool = True, python: str = "3.10"
) -> tuple[list[tuple[str, int, str]], int]:
    """What pyright finds in programs, strictly, and in the source; and how many files it read."""
    pytest.importorskip("pyright")
    # pyright takes paths relative to its configuration file only.
    path = os.path.relpath(TEMPLATE / "src", programs)
    settings = {
        "include": [path, "."] if source else ["."],
        "extraPaths": [path],
        "pythonVersion": python,
        "typeCheckingMode": "standard",
        "reportDeprecated": "error",
        "reportMissingImports": "warning" if source else "error",
        "strict": ["."] if source else [],
    }
    (programs / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    checked = run_tool(
        "pyright", "--project", programs, "--pythonpath", sys.executable, "--outputjson"
    )
    if checked.returncode not in (0, 1):
        pytest.skip(f"pyright could not be run: {checked.stderr[-300:]}")
    report = json.loads(checked.stdout)
    errors = [
        (found["file"], found["range"]["start"]["line"] + 1, found["message"])
        for found in report["generalDiagnostics"]
        if found["severity"] == "error"
    ]
    return errors, report["summary"]["filesAnalyzed"]
