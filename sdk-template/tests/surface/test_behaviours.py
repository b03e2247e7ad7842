"""BEHAVIOURS.md names tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
ROWS = re.findall(r"`([\w/]+\.py)::(\w+)`", (TESTS / "BEHAVIOURS.md").read_text(encoding="utf-8"))


def test_the_list_names_tests() -> None:
    assert len(ROWS) > 60


@pytest.mark.parametrize("path", sorted({path for path, _ in ROWS}))
def test_every_named_test_exists(path: str) -> None:
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    defined = {node.name for node in ast.walk(tree) if isinstance(node, functions)}
    assert {name for named, name in ROWS if named == path} <= defined
