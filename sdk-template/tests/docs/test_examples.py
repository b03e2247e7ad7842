"""Every example runs from the checkout as it is, and prints what it is there to show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.model_server import ModelServer
from harness.programs import Programs
from harness.replies import Reply
from harness.runtime import TEMPLATE, pinned_version

EXAMPLES = TEMPLATE / "examples"

#: What the output of each example holds, as regular expressions.
EXPECTED: dict[str, list[str]] = {
    "01_quickstart_constructor": [
        rf"Server: \S+ {re.escape(pinned_version())}",
        r"Status: completed",
        r"Text: Hello from the model\.",
        r"Items: 2",
    ],
    "02_turn_run": [
        r"thread_id: \S+",
        r"turn_id: \S+",
        r"status: completed",
        r"persisted\.items\.count: 2",
        r"text: Hello from the model\.",
    ],
    "03_turn_stream_events": [
        r"assistant> Hello from the model\.",
        r"stream\.events: [1-9]",
        r"stream\.completed: completed",
    ],
    "04_models_and_metadata": [
        r"server: \S+ \d",
        r"metadata: \S+",
        r"models\.count: [1-9]",
        r"models: \S+",
    ],
    "05_existing_thread": [r"Created thread: (\S+)[\s\S]*Resumed thread: \1"],
    "06_thread_lifecycle_and_controls": [
        r"named: lifecycle example turns: 1",
        r"archived: 1",
        r"Lifecycle OK: \S+ \S+",
    ],
    "07_image_and_text": [r"Status: completed", r"Text: Hello from the model\."],
    "08_local_image_and_text": [r"Status: completed", r"Text: Hello from the model\."],
    "09_async_parity": [
        r"Server: \S+ \d",
        r"Thread: \S+",
        r"Turn: \S+ completed",
        r"Text: Hello from the model\.",
    ],
    "10_error_handling_and_retry": [
        r"Text: Hello from the model\.",
        r"Expected error: no rollout found",
    ],
    "11_cli_mini_app": [
        r"Thread: \S+",
        r"assistant> Hello from the model\.",
        r"assistant\.status> completed",
        r"usage> \d+ tokens",
        r"Bye\.",
    ],
    "12_turn_params_kitchen_sink": [
        r"Status: completed",
        r"Text: Hello from the model\.",
        r"Usage: \d+ tokens",
    ],
    "13_model_select_and_turn_params": [
        r"selected\.model: \S+",
        r"selected\.effort: \S+",
        r"agent\.message: Hello",
        r"items: 2",
        r"agent\.message\.params: Hello",
        r"items\.params: 2",
    ],
    "14_turn_controls": [
        r"steer\.result: \S+",
        r"steer\.final\.status: completed",
        r"interrupt\.result: sent",
        r"interrupt\.final\.status: interrupted",
    ],
}
PROGRAMS = sorted(path for path in EXAMPLES.glob("[0-9]*/*.py"))


def label(path: Path) -> str:
    """The example's name in the test report."""
    return f"{path.parent.name}/{path.name}"


def test_the_examples_are_the_documented_ones() -> None:
    kinds = {name: ["async.py", "sync.py"] for name in EXPECTED}
    kinds["09_async_parity"] = ["sync.py"]
    assert [label(path) for path in PROGRAMS] == [
        f"{name}/{kind}" for name in sorted(kinds) for kind in kinds[name]
    ]


@pytest.mark.slow
@pytest.mark.parametrize("path", PROGRAMS, ids=label)
def test_example(path: Path, programs: Programs, model: ModelServer) -> None:
    stdin = ""
    if path.parent.name == "11_cli_mini_app":
        stdin = "Hello?\n/exit\nnever read\n"
    if path.parent.name == "14_turn_controls":
        # Both turns must still run when they are steered and interrupted.
        model.fallback = Reply.text("Done.").slow(0.5)
    printed = programs.run(path, stdin=stdin)
    for pattern in EXPECTED[path.parent.name]:
        assert re.search(pattern, printed), f"{pattern!r} is not in:\n{printed}"
    assert "unknown" not in printed


def test_the_image_examples_send_the_image(programs: Programs, model: ModelServer) -> None:
    for name in ("07_image_and_text", "08_local_image_and_text"):
        programs.run(EXAMPLES / name / "sync.py")
        images = [part for part in model.last_request.content("user") if "image_url" in part]
        assert len(images) == 1
        assert images[0]["image_url"].startswith("data:image/png;base64,")


def test_a_local_build_is_used_where_codex_bin_names_one(programs: Programs, runtime: Path) -> None:
    environment = {**programs.environment, "CODEX_BIN": str(runtime), "PYTHONPATH": ""}
    local = Programs(environment, programs.directory)
    assert "Status: completed" in local.run(EXAMPLES / "01_quickstart_constructor" / "sync.py")
