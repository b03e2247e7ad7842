"""The programs in README and docs run as printed; links lead somewhere; no name is invented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import codex_app_server
import codex_app_server.events
import codex_app_server.requests
import codex_app_server.types
from harness.documents import DOCUMENTS, blocks, document_programs
from harness.model_server import ModelServer
from harness.programs import Programs
from harness.replies import Reply
from harness.runtime import TEMPLATE


def source_tree(programs: Programs) -> Programs:
    """The environment of a reader who has installed the SDK."""
    path = f"{TEMPLATE / 'src'}:{programs.environment['PYTHONPATH']}"
    return Programs({**programs.environment, "PYTHONPATH": path}, programs.directory)


def test_the_quickstart_is_the_documented_one() -> None:
    quickstart = blocks(TEMPLATE / "README.md")[0]
    assert quickstart == (
        "from codex_app_server import Codex\n"
        "\n"
        "with Codex() as codex:\n"
        "    thread = codex.thread_start()\n"
        '    result = thread.run("Say hello in one sentence.")\n'
        "    print(result.final_response)\n"
        "    print(len(result.items))\n"
    )


def test_the_quickstart_runs_as_printed(programs: Programs) -> None:
    program = programs.directory / "quickstart.py"
    program.write_text(blocks(TEMPLATE / "README.md")[0], encoding="utf-8")
    assert source_tree(programs).run(program) == "Hello from the model.\n2\n"


@pytest.mark.slow
@pytest.mark.parametrize("place", document_programs())
def test_every_program_runs(place: str, programs: Programs, model: ModelServer) -> None:
    code = document_programs()[place]
    if ".steer(" in code:
        model.fallback = Reply.text("Done.").slow(0.5)
    program = programs.directory / "program.py"
    program.write_text(code, encoding="utf-8")
    printed = source_tree(programs).run(program)
    assert printed
    assert "failed:" not in printed


def test_the_documents_hold_programs() -> None:
    assert len(document_programs()) >= 14


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(TEMPLATE)))
def test_links_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        linked = (path.parent / name).resolve() if name else path
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = [re.sub(r"[^\w\- ]", "", head).lower().replace(" ", "-") for head in headings]
            assert anchor in slugs, target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(TEMPLATE)))
def test_imported_names_exist(path: Path) -> None:
    homes = {
        "codex_app_server": set(codex_app_server.__all__),
        "codex_app_server.events": set(codex_app_server.events.__all__),
        "codex_app_server.requests": set(codex_app_server.requests.__all__),
        "codex_app_server.types": set(codex_app_server.types.__all__),
    }
    pattern = re.compile(r"^from (codex_app_server(?:\.\w+)*) import \(?([\w, \n]+)", re.MULTILINE)
    for code in blocks(path):
        for module, names in pattern.findall(code):
            assert module in homes, module
            for name in re.findall(r"\w+", names.split("\n\n")[0]):
                assert name in homes[module] or not name[0].isupper(), f"{module}.{name}"
