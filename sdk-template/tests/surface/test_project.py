"""Locks the project's own facts: one version everywhere, the exact pin, the typed marker."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import codex_app_server
import codex_app_server.types
from codex_app_server import AppServerConfig

TEMPLATE = Path(__file__).resolve().parents[2]
PROJECT = (TEMPLATE / "pyproject.toml").read_text(encoding="utf-8")
EXAMPLES = sorted((TEMPLATE / "examples").rglob("*.py"))
PUBLIC_MODULES = ("errors", "events", "requests", "types")
PRIVATE_MODULES = ("api", "client", "async_client", "generated", "models", "retry", "_")


def project_version() -> str:
    """The version in the `[project]` table."""
    match = re.search(r'^version = "([^"]+)"$', PROJECT, re.MULTILINE)
    assert match
    return match.group(1)


def test_version_is_the_projects() -> None:
    assert codex_app_server.__version__ == project_version()
    assert AppServerConfig().client_version == project_version()


def test_the_runtime_is_pinned_exactly() -> None:
    pins = re.findall(r'"openai-codex-cli-bin([^"]*)"', PROJECT.split("\n[tool.")[0])
    assert len(pins) == 1
    release = re.match(r"\d+(\.\d+)*((a|b|rc)\d+)?", project_version())
    assert release
    assert pins == [f"=={release.group(0)}"]


def test_the_package_is_marked_as_typed() -> None:
    assert (TEMPLATE / "src" / "codex_app_server" / "py.typed").is_file()


def imported_modules(source: str) -> set[str]:
    """Every module a program imports from, and every module imported by name from the root."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
            modules.update(f"{node.module}.{alias.name}" for alias in node.names)
    return modules


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 27


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(TEMPLATE)))
def test_examples_import_public_modules_only(path: Path) -> None:
    for module in imported_modules(path.read_text(encoding="utf-8")):
        package, _, rest = module.partition(".")
        if package != "codex_app_server" or not rest:
            continue
        first = rest.split(".")[0]
        assert first in PUBLIC_MODULES or first in codex_app_server.__all__, module
        if first == "types" and "." in rest:
            assert rest.split(".")[1] in codex_app_server.types.__all__, module
        assert not first.startswith(PRIVATE_MODULES) or first in codex_app_server.__all__, module
