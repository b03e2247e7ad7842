"""The JSON Schema that a pydantic model becomes, as providers with strict outputs take it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

import pytest
from pydantic import AnyUrl, BaseModel, ConfigDict, Field

from codex_app_server._output_schema import schema_of
from codex_app_server.errors import AppServerError


class Colour(enum.Enum):
    red = "red"


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    colour: Colour = Field(default=Colour.red, description="of the fur")


class Dog(BaseModel):
    kind: Literal["dog"]


class Zoo(BaseModel):
    """A model with all that pydantic writes and strict providers refuse."""

    model_config = ConfigDict(extra="allow")

    animals: list[Annotated[Cat | Dog, Field(discriminator="kind")]] = []
    names: set[str] = set()
    home: AnyUrl | None = None
    default: str = "a property of that name"
    favourite: Cat = Field(default_factory=Cat, description="whom it likes")


class Node(BaseModel):
    next: Node | None = None
    kids: list[Node] = []


class Described(BaseModel):
    me: Described = Field(description="without end")


def parts(schema: object) -> Iterator[dict[str, Any]]:
    """Every object of a schema but the maps from names to schemas."""
    if isinstance(schema, list):
        for part in schema:
            yield from parts(part)
    elif isinstance(schema, dict):
        yield schema
        for key, value in schema.items():
            named = key in ("properties", "$defs")
            yield from parts(list(value.values()) if named else value)


@pytest.mark.parametrize("model", [Zoo, Node, Cat, Described])
def test_nothing_is_sent_that_strict_providers_refuse(model: type[BaseModel]) -> None:
    schema = schema_of(model)
    assert schema["type"] == "object"
    for part in parts(schema):
        assert not {"default", "oneOf", "discriminator", "uniqueItems"} & part.keys(), part
        assert part.get("format") != "uri"
        assert "$ref" not in part or len(part) == 1, part
        if "properties" in part:
            assert part["additionalProperties"] is False
            assert part["required"] == list(part["properties"])


def test_what_a_model_says_is_kept() -> None:
    schema: Any = schema_of(Zoo)
    properties = schema["properties"]
    assert list(properties) == ["animals", "names", "home", "default", "favourite"]
    assert properties["animals"]["items"] == {
        "anyOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}]
    }
    assert properties["default"] == {"title": "Default", "type": "string"}
    assert properties["favourite"]["description"] == "whom it likes"
    assert properties["favourite"]["properties"]["colour"]["enum"] == ["red"]
    assert schema_of(Node)["$defs"]  # what refers to itself needs its definition


class Uncallable(BaseModel):
    call: Callable[[], None]


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (BaseModel, "BaseModel has no JSON Schema"),
        (Uncallable, "Uncallable has no JSON Schema"),
        (Dog(kind="dog"), "a class, not Dog"),
        (int, "a class, not <class 'int'>"),
        (list[int], "a class, not list"),
    ],
)
def test_what_has_no_schema_is_refused_by_name(model: object, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        schema_of(model)
    assert isinstance(caught.value, AppServerError)
