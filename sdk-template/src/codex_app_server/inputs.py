"""What a turn is given: text, images, skills and mentions."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TypeAlias

from ._json import JsonObject


@dataclass(slots=True)
class TextInput:
    """Text of the user."""

    text: str


@dataclass(slots=True)
class ImageInput:
    """An image at an address that the model can read, such as a `data:` URL."""

    url: str


@dataclass(slots=True)
class LocalImageInput:
    """An image file on this machine; the server sends its contents to the model."""

    path: str | os.PathLike[str]


@dataclass(slots=True)
class SkillInput:
    """A skill that the server knows, by its name and the path of its SKILL.md."""

    name: str
    path: str | os.PathLike[str]


@dataclass(slots=True)
class MentionInput:
    """A mention of something that the server knows by name and path, such as an app."""

    name: str
    path: str | os.PathLike[str]


InputItem: TypeAlias = TextInput | ImageInput | LocalImageInput | SkillInput | MentionInput
"""One part of what a turn is given."""

Input: TypeAlias = list[InputItem] | InputItem
"""What a turn is given: one part, or several in order."""


WireInput: TypeAlias = list[JsonObject] | JsonObject | str | Input
"""What the protocol clients take: input items, or what their wire form is."""


def wire_input(items: WireInput) -> list[JsonObject]:
    """Input items in wire form; those that are already pass through."""
    if isinstance(items, dict):
        return [items]
    if isinstance(items, list):
        return [item if isinstance(item, dict) else _to_wire_item(item) for item in items]
    return to_wire_input(items)


def to_wire_input(given: Input | str) -> list[JsonObject]:
    """The input items as the protocol spells them; TypeError for anything else."""
    if isinstance(given, (list, tuple)):
        return [_to_wire_item(item) for item in given]
    return [_to_wire_item(given)]


def _to_wire_item(item: InputItem | str) -> JsonObject:
    if isinstance(item, str):
        return {"type": "text", "text": item}
    if isinstance(item, TextInput):
        return {"type": "text", "text": item.text}
    if isinstance(item, ImageInput):
        return {"type": "image", "url": item.url}
    if isinstance(item, LocalImageInput):
        return {"type": "localImage", "path": os.fspath(item.path)}
    if isinstance(item, SkillInput):
        return {"type": "skill", "name": item.name, "path": os.fspath(item.path)}
    if isinstance(item, MentionInput):
        return {"type": "mention", "name": item.name, "path": os.fspath(item.path)}
    raise TypeError(
        "input must be a str, TextInput, ImageInput, LocalImageInput, SkillInput or MentionInput, "
        f"or a list of these, not {type(item).__name__}"
    )
