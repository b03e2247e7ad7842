"""No module of the package needs itself in the end: its imports lead in one direction.

Every `import` statement counts wherever it stands: at the top, under TYPE_CHECKING, or inside of a
function, so none of these places can hide a circle. What is not an edge: the lists by which the
root and `generated.v2_all` tell type checkers what they look up by name when it is first used.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = "codex_app_server"
SOURCE = Path(__file__).resolve().parents[2] / "src"
FACADES = {ROOT, f"{ROOT}.generated.v2_all"}


def module_names() -> dict[str, Path]:
    """Every module of the package and its file."""
    found = {}
    for path in (SOURCE / ROOT).rglob("*.py"):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = module_names()


def statements(name: str, tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """The import statements of a module, but for those that only list what a facade looks up."""
    for node in ast.iter_child_nodes(tree):
        if name in FACADES and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        yield from statements(name, node)


def imported(name: str, source: str) -> set[str]:
    """The modules of the package that a module's source imports."""
    found: set[str] = set()
    package = name if MODULES[name].stem == "__init__" else name.rpartition(".")[0]
    for node in statements(name, ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
            continue
        home = node.module or ""
        if node.level:
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            home = ".".join([*base, *filter(None, [node.module])])
        for alias in node.names:
            inner = f"{home}.{alias.name}"
            found.add(inner if inner in MODULES else home)
    return {module for module in found if module in MODULES} - {name}


def circle(edges: dict[str, set[str]]) -> list[str]:
    """The modules that lead back to themselves, and those between; none if there is no circle."""
    left = {name: set(needs) for name, needs in edges.items()}
    while True:
        free = {name for name, needs in left.items() if not needs & left.keys()}
        if not free:
            break
        left = {name: needs for name, needs in left.items() if name not in free}
    wanted = set().union(*left.values()) if left else set()
    return sorted(name for name in left if name in wanted)


def test_the_imports_of_the_package_have_no_circle() -> None:
    edges = {name: imported(name, path.read_text("utf-8")) for name, path in MODULES.items()}
    assert len(edges) > 35
    assert edges[f"{ROOT}._handles"] >= {f"{ROOT}._streams", f"{ROOT}.client"}
    assert circle(edges) == []


@pytest.mark.parametrize(
    "line",
    [
        "from .api import Codex",
        "from . import api",
        "import codex_app_server.api",
        "if TYPE_CHECKING:\n    from .api import Codex",
        "def late():\n    from .api import Codex",
    ],
)
def test_a_circle_is_seen_wherever_it_is_imported(line: str) -> None:
    edges = {name: imported(name, path.read_text("utf-8")) for name, path in MODULES.items()}
    edges[f"{ROOT}._streams"] |= imported(f"{ROOT}._streams", line)
    found = circle(edges)
    assert f"{ROOT}._streams" in found
    assert f"{ROOT}.api" in found
