"""Python functions that the model may call: their description for it, and their calls.

Only a thread with tools loads this module.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_core import to_jsonable_python

from ._json import JsonObject
from ._wire import problems
from .errors import InvalidInputError

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Tool:
    """A function with a model of its arguments. Raises InvalidInputError if it can have none."""

    def __init__(self, function: Callable[..., object]) -> None:
        self.name: str = getattr(function, "__name__", "")
        if not callable(function) or not self.name.isidentifier():
            raise InvalidInputError(f"a tool must be a function with a name, not {function!r}")
        if inspect.isasyncgenfunction(function):
            raise InvalidInputError(f"the tool `{self.name}` must return a value, not yield some")
        self._function = function
        self._fields, self._model = _arguments(self.name, function)
        self.waits = inspect.iscoroutinefunction(function)

    def described(self) -> dict[str, object]:
        """The function as the protocol tells the model of it."""
        return {
            "type": "function",
            "name": self.name,
            "description": inspect.getdoc(self._function) or self.name,
            "inputSchema": self._model.model_json_schema(),
        }

    def call(
        self, method: str, params: JsonObject
    ) -> dict[str, object] | Awaitable[dict[str, object]]:
        """Call the function; what goes wrong is told to the model."""
        try:
            value = self._function(**self._given(params))
            # A decorated coroutine function does not look like one.
            return _awaited(value) if isinstance(value, Awaitable) else _answer(value, True)
        except BaseException as error:  # a tool that ends its thread ends no program
            return _failed(error)

    async def call_later(self, method: str, params: JsonObject) -> dict[str, object]:
        """The same for a coroutine function."""
        answer = self.call(method, params)
        return await answer if isinstance(answer, Awaitable) else answer

    def _given(self, params: JsonObject) -> dict[str, object]:
        model = self._model.model_validate(params.get("arguments") or {})
        # What the model left out has the function's own default.
        return {
            name: getattr(model, field)
            for field, name in self._fields.items()
            if field in model.model_fields_set
        }


def _arguments(
    name: str, function: Callable[..., object]
) -> tuple[dict[str, str], type[BaseModel]]:
    try:
        hints = get_type_hints(function, include_extras=True)
        parameters = inspect.signature(function).parameters.values()
    except Exception as error:  # annotations are the user's own expressions
        raise InvalidInputError(
            f"the annotations of the tool `{name}` are unknown: {error}"
        ) from error
    fields: dict[str, str] = {}
    definitions: dict[str, Any] = {}
    for number, parameter in enumerate(parameters):
        if parameter.kind not in _NAMED:
            raise InvalidInputError(
                f"the tool `{name}` must take named arguments, not `{parameter}`"
            )
        # A parameter may be called as a method of models is, so fields have names of their own.
        field = f"argument_{number}"
        fields[field] = parameter.name
        default = ... if parameter.default is parameter.empty else parameter.default
        definitions[field] = (
            hints.get(parameter.name, Any),
            Field(default, alias=parameter.name, title=parameter.name),
        )
    try:
        config = ConfigDict(extra="forbid", arbitrary_types_allowed=False)
        model: type[BaseModel] = create_model(name, __config__=config, **definitions)
        model.model_json_schema()
    except Exception as error:
        raise InvalidInputError(
            f"the arguments of the tool `{name}` have no JSON Schema: {error}"
        ) from error
    return fields, model


def _answer(value: object, success: bool) -> dict[str, object]:
    text = value if isinstance(value, str) else json.dumps(to_jsonable_python(value))
    text.encode()  # a lone surrogate cannot be sent, which the model learns as an error
    return {"contentItems": [{"type": "inputText", "text": text}], "success": success}


def _failed(error: BaseException) -> dict[str, object]:
    if isinstance(error, ValidationError):
        return _answer(_sendable(f"invalid arguments: {problems(error)}"), False)
    return _answer(_sendable(f"{type(error).__name__}: {error}"), False)


def _sendable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


async def _awaited(waiting: Awaitable[object]) -> dict[str, object]:
    try:
        return _answer(await waiting, True)
    except (KeyboardInterrupt, GeneratorExit):
        raise  # in an event loop these are for the program
    except BaseException as error:
        return _failed(error)


def tools_of(functions: object) -> dict[str, Tool]:
    """The functions by name; InvalidInputError where two have one."""
    if not isinstance(functions, (list, tuple)):
        raise InvalidInputError(f"`tools` must be a list of functions, not {functions!r}")
    tools = [Tool(function) for function in functions]
    by_name = {tool.name: tool for tool in tools}
    if len(by_name) < len(tools):
        raise InvalidInputError("two tools have one name: give each function its own")
    return by_name
