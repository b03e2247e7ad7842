"""What arguments may be, wider than what is given back: nothing that is taken is changed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Protocol, TypeAlias, TypeVar

_Item = TypeVar("_Item", covariant=True)

StrPath: TypeAlias = str | os.PathLike[str]
"""A path, as text or as an object."""

JsonMapping: TypeAlias = Mapping[str, object]
"""What is sent as a JSON object: a JsonObject, and any mapping of narrower or mixed values."""


class SequenceNotStr(Protocol[_Item]):
    """Several values in order; a lone string, the sequence of its letters, is a mistake."""

    # A string knows no other members than strings.
    def __contains__(self, value: object, /) -> bool: ...

    def __getitem__(self, index: int, /) -> _Item: ...

    def __iter__(self) -> Iterator[_Item]: ...
