"""What arguments may be, wider than what is given back: nothing that is taken is changed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TypeAlias

StrPath: TypeAlias = str | os.PathLike[str]
"""A path, as text or as an object."""

StrPaths: TypeAlias = list[str] | list[StrPath] | tuple[StrPath, ...] | Sequence[os.PathLike[str]]
"""Several paths. A `Sequence[StrPath]` would let a single text pass, as the list of its letters."""

JsonMapping: TypeAlias = Mapping[str, object]
"""What is sent as a JSON object: a JsonObject, and any mapping of narrower or mixed values."""
