"""JSON values as the SDK's signatures name them."""

from __future__ import annotations

from typing import TypeAlias

JsonValue: TypeAlias = str | int | float | bool | list["JsonValue"] | dict[str, "JsonValue"] | None
"""Any value that JSON can carry."""

JsonObject: TypeAlias = dict[str, JsonValue]
"""A JSON object."""
