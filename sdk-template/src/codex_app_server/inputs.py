"""What a turn is given: text, images, skills and mentions."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ._arguments import JsonMapping, StrPath
from ._json import JsonObject
from .errors import InvalidInputError

if TYPE_CHECKING:
    from .generated.core import FunctionCallOutputContentItem


@dataclass(slots=True)
class TextInput:
    """Text of the user."""

    text: str


@dataclass(slots=True)
class ImageInput:
    """An image as a `data:` URL; the runtime refuses addresses of other machines."""

    url: str


@dataclass(slots=True)
class LocalImageInput:
    """An image file on this machine; the server sends its contents to the model."""

    path: StrPath


@dataclass(slots=True)
class SkillInput:
    """A skill that the server knows, by its name and the path of its SKILL.md."""

    name: str
    path: StrPath


@dataclass(slots=True)
class MentionInput:
    """A mention of something that the server knows by name and path, such as an app."""

    name: str
    path: StrPath


InputItem: TypeAlias = TextInput | ImageInput | LocalImageInput | SkillInput | MentionInput
"""One part of what a turn is given."""

Input: TypeAlias = Sequence[InputItem | str] | InputItem
"""What a turn is given: one part, or several in order; a text stands for a TextInput."""


@dataclass(slots=True)
class ExternalMessage:
    """What another program says, as the output of a tool: it has no authority of the user.

    It is the whole input of `run` or `turn`. `content` is a text, or a list of content items as
    objects or models. Needs runtime 0.151.0.
    """

    tool_name: str
    content: str | Sequence[JsonMapping | FunctionCallOutputContentItem]
    namespace: str | None = None

    if not TYPE_CHECKING:

        @classmethod
        def __get_pydantic_core_schema__(cls, source: object, handler: Callable) -> object:
            # A field of a program's own model: its annotations are read now, and only now.
            from .generated.core import FunctionCallOutputContentItem

            globals().update(FunctionCallOutputContentItem=FunctionCallOutputContentItem)
            return handler(source)


RunInput: TypeAlias = Input | str | ExternalMessage
"""What a turn begins with."""

# Sequences that are no lists of input items.
_TEXTS = (str, bytes, bytearray)

WireInput: TypeAlias = list[JsonObject] | JsonObject | str | Input
"""What the protocol clients take: input items, or what their wire form is."""


def wire_input(items: WireInput) -> list[JsonObject]:
    """Input items in wire form; those that are already pass through."""
    if isinstance(items, dict):
        return [items]
    if isinstance(items, Sequence) and not isinstance(items, _TEXTS):
        return [item if isinstance(item, dict) else _to_wire_item(item) for item in items]
    return to_wire_input(items)


def to_wire_input(given: Input | str) -> list[JsonObject]:
    """The input items as the protocol spells them; TypeError for anything else."""
    if isinstance(given, Sequence) and not isinstance(given, _TEXTS):
        return [_to_wire_item(item) for item in given]
    return [_to_wire_item(given)]


def to_turn_input(given: RunInput) -> tuple[list[JsonObject], dict[str, object] | None]:
    """The input items of a turn, and the output of a tool in place of them."""
    if not isinstance(given, ExternalMessage):
        return to_wire_input(given), None
    name, content = given.tool_name, given.content
    if not isinstance(name, str) or not name.strip():
        raise InvalidInputError(
            f"ExternalMessage(tool_name=...) must be a text that is not blank, not {name!r}"
        )
    if not isinstance(content, Sequence) or isinstance(content, (bytes, bytearray)):
        raise InvalidInputError(
            "ExternalMessage(content=...) must be a text or a list of content items, "
            f"not {type(content).__name__}"
        )
    output: dict[str, object] = {
        "name": name,
        "output": content if isinstance(content, str) else list(content),
    }
    if given.namespace is not None:
        output["namespace"] = given.namespace
    return [], output


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
