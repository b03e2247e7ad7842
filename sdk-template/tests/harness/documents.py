"""The documents of the SDK and the programs that stand in them."""

from __future__ import annotations

import re
from pathlib import Path

from harness.runtime import TEMPLATE

DOCUMENTS = [
    TEMPLATE / "README.md",
    TEMPLATE / "examples" / "README.md",
    *sorted((TEMPLATE / "docs").glob("*.md")),
]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(path: Path) -> list[str]:
    """The Python code blocks of a document."""
    return BLOCK.findall(path.read_text(encoding="utf-8"))


def document_programs() -> dict[str, str]:
    """Every block by its place, but for those of the API reference, which are signatures."""
    return {
        f"{path.stem}-{number}": code
        for path in DOCUMENTS
        if path.name != "api-reference.md"
        for number, code in enumerate(blocks(path), start=1)
    }
