"""The walkthrough notebook: its first cells as plain code from any directory, and as a whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.model_server import ModelServer
from harness.programs import Programs
from harness.runtime import TEMPLATE, pinned_version

NOTEBOOK = TEMPLATE / "notebooks" / "sdk_walkthrough.ipynb"


def cells() -> list[dict[str, object]]:
    """The cells of the notebook."""
    loaded: list[dict[str, object]] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return loaded


def source(*numbers: int) -> str:
    """The code of these cells, as one program."""
    texts = []
    for number in numbers:
        cell = cells()[number]
        assert cell["cell_type"] == "code"
        lines = cell["source"]
        assert isinstance(lines, list)
        texts.append("".join(lines))
    return "\n\n".join(texts)


def test_the_notebook_is_stored_without_outputs() -> None:
    for cell in cells():
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


def test_the_first_cell_finds_sdk_and_runtime_from_the_notebooks_directory(
    programs: Programs,
) -> None:
    beside = Programs(programs.environment, NOTEBOOK.parent)
    printed = beside.run("-c", source(1))
    assert "SDK source:" in printed
    assert str(TEMPLATE) in printed
    assert f"Runtime package: {pinned_version()}" in printed


def test_the_first_cell_finds_sdk_and_runtime_from_any_directory(programs: Programs) -> None:
    named = {**programs.environment, "CODEX_PYTHON_SDK_DIR": str(TEMPLATE)}
    printed = Programs(named, programs.directory).run("-c", source(1))
    assert "SDK source:" in printed
    assert f"Runtime package: {pinned_version()}" in printed


def test_the_first_cell_uses_an_importable_sdk_from_any_directory(programs: Programs) -> None:
    path = f"{TEMPLATE / 'src'}:{programs.environment['PYTHONPATH']}"
    installed = Programs({**programs.environment, "PYTHONPATH": path}, programs.directory)
    printed = installed.run("-c", source(1))
    assert "SDK source:" in printed
    assert f"Runtime package: {pinned_version()}" in printed


def test_the_first_three_cells_run_a_turn(programs: Programs) -> None:
    beside = Programs(programs.environment, NOTEBOOK.parent)
    printed = beside.run("-c", source(1, 2, 3))
    assert "status: completed" in printed
    assert "server:" in printed
    assert pinned_version() in printed


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_whole_notebook_runs(
    programs: Programs, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    # The kernel inherits the environment; Jupyter's own files stay in the test's directory.
    for name, value in programs.environment.items():
        if name != "PYTHONWARNINGS":
            monkeypatch.setenv(name, value)
    monkeypatch.delenv("CODEX_BIN", raising=False)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    resources = {"metadata": {"path": str(NOTEBOOK.parent)}}
    client = nbclient.NotebookClient(notebook, timeout=90, resources=resources)
    assert model.fallback is not None
    model.fallback = model.fallback.slow(0.1)  # slow enough to be interrupted
    client.execute()
    printed = "".join(
        output.get("text", "")
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )
    assert "status: completed" in printed
    assert "async status: completed" in printed
    assert "interrupt: interrupted" in printed


def test_the_notebook_lies_where_the_readme_says() -> None:
    assert f"notebooks/{NOTEBOOK.name}" in (TEMPLATE / "README.md").read_text(encoding="utf-8")
    assert Path(NOTEBOOK).is_file()
