"""Holds a generated package against datamodel-code-generator's of the same bundle, by field.

Usage: agreement.py MODELS SOURCE_DIR, where MODELS is datamodel-code-generator's module.
Every difference is listed under the reason that explains it; one without makes the exit status 1.
"""

from __future__ import annotations

import enum
import importlib
import importlib.util
import inspect
import re
import sys
import types
import typing
from collections import Counter
from typing import Any

from pydantic import BaseModel, RootModel

ENVELOPE_WORDS = ("ClientRequest", "ServerNotification", "ServerRequest", "ClientNotification")

#: Their name of a class without a title -> ours. Theirs come from a field's name, or are numbered.
RENAMED = {
    "Granular": "AskForApprovalGranular",
    "HttpConnectionFailed": "CodexErrorInfoHttpConnectionFailed",
    "ResponseStreamConnectionFailed": "CodexErrorInfoResponseStreamConnectionFailed",
    "ResponseStreamDisconnected": "CodexErrorInfoResponseStreamDisconnected",
    "ResponseTooManyFailedAttempts": "CodexErrorInfoResponseTooManyFailedAttempts",
    "ActiveTurnNotSteerable": "CodexErrorInfoActiveTurnNotSteerable",
    "ThreadSpawn": "SubAgentSourceThreadSpawn",
    "HookMetadata1": "CommandHookMetadata",
    "HookMetadata2": "McpToolHookMetadata",
    "ResourceContent1": "TextResourceContent",
    "ResourceContent2": "BlobResourceContent",
    "FileSystemSpecialPath1": "UnknownFileSystemSpecialPath",
}


def load(path: str) -> Any:
    """A module from a file."""
    spec = importlib.util.spec_from_file_location("their_models", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["their_models"] = module
    spec.loader.exec_module(module)
    return module


def form(annotation: Any) -> frozenset[str]:
    """A type as its alternatives; enums, literals and constrained strings are all `str`."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return form(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return frozenset().union(*(form(part) for part in typing.get_args(annotation)))
    if origin is typing.Literal:
        return frozenset({"str"})
    if origin is list:
        return frozenset({f"list[{name(form(typing.get_args(annotation)[0]))}]"})
    if origin is dict:
        return frozenset({f"dict[{name(form(typing.get_args(annotation)[1]))}]"})
    if annotation is None or annotation is type(None):
        return frozenset({"None"})
    if annotation is Any or annotation is object:
        return frozenset({"Any"})
    if inspect.isclass(annotation):
        if issubclass(annotation, (enum.Enum, str)):
            return frozenset({"str"})
        if issubclass(annotation, RootModel):
            inner = annotation.model_fields["root"].annotation
            plain = form(inner)
            if plain <= {"str", "int", "None", "list[str]"}:
                return plain
            return frozenset({annotation.__name__})
        if issubclass(annotation, BaseModel):
            return frozenset({RENAMED.get(annotation.__name__, annotation.__name__)})
        return frozenset({"dict[Any]" if annotation is dict else annotation.__name__})
    return frozenset({str(annotation)})


def name(alternatives: frozenset[str]) -> str:
    """One name for a set of alternatives."""
    return " | ".join(sorted(alternatives))


def fields(model: type[BaseModel]) -> dict[str, tuple[str, bool, frozenset[str]]]:
    """Wire name -> Python name, required, form."""
    model.model_rebuild()
    return {
        (field.validation_alias or field.alias or python): (
            python,
            field.is_required(),
            form(field.annotation),
        )
        for python, field in model.model_fields.items()
    }


def main() -> int:
    theirs = load(sys.argv[1])
    sys.path.insert(0, sys.argv[2])
    ours = importlib.import_module("codex_app_server.generated.v2_all")
    base = importlib.import_module("codex_app_server._base")
    mine = {n: getattr(ours, n) for n in ours.__all__}
    models = {
        n: m
        for n, m in mine.items()
        if inspect.isclass(m) and issubclass(m, BaseModel) and not issubclass(m, RootModel)
    }
    explained: Counter[str] = Counter()
    examples: dict[str, list[str]] = {}
    unexplained: list[str] = []
    compared = 0

    def explain(reason: str, what: str) -> None:
        explained[reason] += 1
        examples.setdefault(reason, []).append(what)

    their_models = {
        n: m
        for n, m in vars(theirs).items()
        if inspect.isclass(m) and issubclass(m, BaseModel) and m.__module__ == "their_models"
    }
    seen: set[str] = set()
    for their_name, model in their_models.items():
        our_name = RENAMED.get(their_name, re.sub("v2(?=[A-Z])", "", their_name))
        if our_name != their_name and their_name not in RENAMED:
            explain("the path of a module is not part of a name", their_name)
        if their_name == "CodexAppServerProtocolV2":
            explain("whole messages are in the registry, not in models", their_name)
            continue
        if issubclass(model, RootModel):
            if our_name in mine:
                explain("a union or alias is a class of its own in both", their_name)
                seen.add(our_name)
            elif any(word in their_name for word in ENVELOPE_WORDS):
                explain("whole messages are in the registry, not in models", their_name)
            else:
                explain("inline constraints get no class", their_name)
            continue
        if our_name not in models:
            if {"method", "params"} <= set(model.model_fields) or {"id", "method"} <= set(
                model.model_fields
            ):
                explain("whole messages are in the registry, not in models", their_name)
            elif our_name in mine:
                explain("a union or alias is a class of its own in both", their_name)
                seen.add(our_name)
            elif any(
                set(fields(model)) <= set(fields(m)) and their_name.endswith(union)
                for n, m in models.items()
                for union in ("UserInput", "ContentItem")
                if n.endswith(union)
            ):
                explain("alternatives inside a variant are fields of one class", their_name)
            else:
                unexplained.append(f"they have a class {their_name}, we have none")
            continue
        seen.add(our_name)
        compared += 1
        own, other = fields(models[our_name]), fields(model)
        for wire in sorted(set(own) | set(other)):
            place = f"{our_name}.{wire}"
            if wire not in other or wire not in own:
                unexplained.append(f"{place} is only {'ours' if wire in own else 'theirs'}")
                continue
            (our_python, our_need, our_form), (their_python, their_need, their_form) = (
                own[wire],
                other[wire],
            )
            if our_python != their_python:
                if our_python.rstrip("_") == their_python.rstrip("_"):
                    explain(
                        "a name that Python or pydantic uses has an underscore behind it", place
                    )
                elif their_python.startswith("field_") or their_python.lstrip("_") == our_python:
                    explain("a leading underscore is dropped, not spelled out", place)
                else:
                    unexplained.append(f"{place} is {our_python} for us, {their_python} for them")
            if our_need != their_need:
                unexplained.append(f"{place} required: {our_need} for us, {their_need} for them")
            if our_form == their_form:
                continue
            if their_form - our_form == {"None"} and not our_need:
                explain("a field with a default is never null", place)
            elif their_form == {"dict[Any]", "None"} and any(
                f.startswith("dict[") for f in our_form
            ):
                explain("values of a map that may be null have their type, not any", place)
            elif "Any" in our_form and their_form <= {"Any", "None"}:
                explain("any value includes null", place)
            else:
                unexplained.append(f"{place}: {name(our_form)} for us, {name(their_form)} for them")
    for our_name, model in models.items():
        if our_name in seen:
            continue
        if issubclass(model, base.UnknownVariant):
            explain("received unions have a class for unknown variants", our_name)
        elif their_bundle_lacks(theirs, our_name):
            explain("types of server requests are only in the full bundle", our_name)
        else:
            unexplained.append(f"we have a class {our_name}, they have none")
    for reason, count in sorted(explained.items()):
        print(f"{count:5} {reason}: {', '.join(examples[reason][:4])}")
    print(
        f"{compared} classes compared field by field,"
        f" {len(unexplained)} differences without a reason"
    )
    for difference in unexplained[:60]:
        print("  ", difference)
    return 1 if unexplained else 0


def their_bundle_lacks(theirs: Any, our_name: str) -> bool:
    """Whether no class of theirs could be ours: the flat bundle has no such definition."""
    return not any(n.startswith(our_name) for n in vars(theirs))


if __name__ == "__main__":
    sys.exit(main())
