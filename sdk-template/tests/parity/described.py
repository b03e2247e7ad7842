"""Describes an SDK's public names as JSON: `described.py MODULE`. It runs on either package."""

from __future__ import annotations

import enum
import importlib
import inspect
import json
import sys
from typing import Any, ParamSpec, TypeVar


def described_function(function: Any) -> dict[str, Any]:
    """The parameters of a callable, in order, and whether it must be awaited."""
    parameters = [
        {
            "name": parameter.name,
            "kind": parameter.kind.name,
            "default": None if parameter.default is parameter.empty else repr(parameter.default),
        }
        for parameter in inspect.signature(function).parameters.values()
        if not parameter.name.startswith("_")
    ]
    waits = inspect.iscoroutinefunction(function)
    return {"parameters": parameters, "awaited": waits}


def described_class(owner: type) -> dict[str, Any]:
    """Bases, members, constructor, fields and methods of a class."""
    found: dict[str, Any] = {"bases": [base.__name__ for base in owner.__mro__[1:]]}
    # What a mock that is specified by the class has.
    found["attributes"] = [name for name in dir(owner) if not name.startswith("_")]
    if issubclass(owner, enum.Enum):
        found["values"] = {member.name: member.value for member in owner}
        return found
    fields = getattr(owner, "model_fields", None) or getattr(owner, "__dataclass_fields__", {})
    found["fields"] = [name for name in fields if not name.startswith("_")]
    found["methods"] = {
        name: described_function(member)
        for name, member in inspect.getmembers(owner, inspect.isfunction)
        if not name.startswith("_") and not hasattr(owner, "model_fields")
    }
    found["properties"] = [
        name
        for name, member in inspect.getmembers(owner, lambda value: isinstance(value, property))
        if not name.startswith("_") and not hasattr(owner, "model_fields")
    ]
    if not hasattr(owner, "model_fields") and inspect.isfunction(owner.__init__):
        found["made"] = described_function(owner)
    return found


def described(module: Any) -> dict[str, Any]:
    """The public names of a module."""
    found: dict[str, Any] = {}
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value):
            found[name] = {"class": described_class(value)}
        elif inspect.isfunction(value):
            found[name] = {"function": described_function(value)}
        else:
            found[name] = {"value": type(value).__name__}
    return found


def own_names(module: Any) -> list[str]:
    """What a module defines itself, and the notifications that `models` hands on."""
    handed_on = "Notification" if module.__name__.endswith(".models") else "\0"
    return [
        name
        for name, value in vars(module).items()
        if not isinstance(value, (ParamSpec, TypeVar))
        and (getattr(value, "__module__", "") == module.__name__ or name.endswith(handed_on))
    ]


if __name__ == "__main__":
    root = sys.argv[1]
    modules = {name: importlib.import_module(f"{root}{name}") for name in ("", ".types")}
    found = {name: described(module) for name, module in modules.items()}
    if len(sys.argv) > 2:
        inner = {name: importlib.import_module(f"{root}.{name}") for name in sys.argv[2:]}
        found = {name: {own: {} for own in own_names(module)} for name, module in inner.items()}
    json.dump(found, sys.stdout)
