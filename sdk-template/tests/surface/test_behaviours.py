"""BEHAVIOURS.md and docs/capabilities.md name tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
CAPABILITIES = (TESTS.parent / "docs" / "capabilities.md").read_text(encoding="utf-8")
BEHAVIOURS = (TESTS / "BEHAVIOURS.md").read_text(encoding="utf-8")
ROWS = re.findall(r"`([\w/]+\.py)::(\w+)`", BEHAVIOURS + CAPABILITIES)


def test_the_list_names_tests() -> None:
    assert len(ROWS) > 60


@pytest.mark.parametrize("path", sorted({path for path, _ in ROWS}))
def test_every_named_test_exists(path: str) -> None:
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    defined = {node.name for node in ast.walk(tree) if isinstance(node, functions)}
    assert {name for named, name in ROWS if named == path} <= defined


def test_every_capability_names_its_test() -> None:
    rows = [line for line in CAPABILITIES.split("## What is meant")[0].splitlines() if "|" in line]
    rows = [row for row in rows if not row.startswith(("| ---", "| capability"))]
    assert len(rows) > 40
    for row in rows:
        assert len(row.split("|")) == 7, row
        assert re.search(r"`[\w/]+\.py::\w+`", row), row
