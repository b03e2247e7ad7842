"""docs/api-reference.md says exactly the signatures that the package has, and leaves none out."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from collections.abc import Iterator

import pytest

import codex_app_server
import codex_app_server.types
from codex_app_server import errors
from harness.runtime import TEMPLATE

REFERENCE = (TEMPLATE / "docs" / "api-reference.md").read_text(encoding="utf-8")
CLASSES = [
    *("Codex", "AsyncCodex", "Thread", "AsyncThread", "TurnHandle", "AsyncTurnHandle"),
    *("ChatgptLoginHandle", "DeviceCodeLoginHandle", "McpServerLoginHandle"),
]
DATA_CLASSES = [
    "AppServerConfig",
    "RunResult",
    "ExternalMessage",
    "TextInput",
    "ImageInput",
    "LocalImageInput",
    "SkillInput",
    "MentionInput",
]


def plain(text: str) -> str:
    """Text without the blanks and trailing commas by which two layouts of a signature differ."""
    return re.sub(r",?([)\]])", r"\1", re.sub(r"\s+", "", text).replace('"', "'"))


def annotation(value: object) -> str:
    """An annotation as it stands in the source."""
    if isinstance(value, str):
        return value
    return "None" if value is type(None) or value is None else inspect.formatannotation(value)


def rendered(name: str, function: object) -> str:
    """The signature of a method or function as the reference prints it."""
    signature = inspect.signature(function)  # type: ignore[arg-type]
    parts = []
    star = False
    for parameter in signature.parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            parts.append("*")
            star = True
        text = f"{parameter.name}: {annotation(parameter.annotation)}"
        if parameter.default is not parameter.empty:
            text += f" = {parameter.default!r}"
        parts.append(text)
    prefix = "async def" if inspect.iscoroutinefunction(function) else "def"
    result = annotation(signature.return_annotation)
    return f"{prefix} {name}({', '.join(parts)}) -> {result}"


def public_methods(owner: type) -> Iterator[tuple[str, object]]:
    """The public methods and properties of a class, with the functions behind them."""
    for name, member in inspect.getmembers(owner):
        function = member.fget if isinstance(member, property) else member
        if not name.startswith("_") and inspect.isfunction(function):
            yield name, function


def section(heading: str) -> str:
    """The text under a heading, up to the next one of its level or above."""
    found = re.search(
        rf"^(#+) `?{re.escape(heading)}`?$\n(.*?)(?=^#{{1,3}} |\Z)", REFERENCE, re.M | re.S
    )
    assert found, f"docs/api-reference.md has no heading for {heading}"
    return found.group(2)


METHODS = [
    (owner, name)
    for owner in CLASSES
    for name, _ in public_methods(getattr(codex_app_server, owner))
]


@pytest.mark.parametrize(("owner", "name"), METHODS)
def test_every_method_is_documented_with_its_signature(owner: str, name: str) -> None:
    function = dict(public_methods(getattr(codex_app_server, owner)))[name]
    expected = rendered(name, function)
    assert plain(expected) in plain(section(owner)), f"write in section {owner}:\n{expected}"


def declared(name: str) -> list[str]:
    """The signatures of a function as declared: each overload, or the only one."""
    module = inspect.getmodule(getattr(codex_app_server, name))
    assert module is not None
    found = [
        node
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    overloads = [node for node in found if node.decorator_list]
    for node in found:
        node.body, node.decorator_list = [], []
    return [ast.unparse(node).strip().rstrip(":") for node in overloads or found]


@pytest.mark.parametrize("name", ["retry_on_overload", "is_retryable_error"])
def test_functions_are_documented_with_their_signatures(name: str) -> None:
    signatures = declared(name)
    assert signatures
    for expected in signatures:
        assert plain(expected) in plain(REFERENCE), f"write:\n{expected}"


@pytest.mark.parametrize("owner", CLASSES)
def test_no_documented_method_is_invented(owner: str) -> None:
    known = {name for name, _ in public_methods(getattr(codex_app_server, owner))}
    documented = re.findall(r"^(?:async )?def (\w+)\(", section(owner), re.MULTILINE)
    # That none is left out is the test of the signatures.
    invented = set(documented) - {"__init__"} - known
    assert not invented, f"section {owner} has what the class has not"
    assert len(documented) == len(set(documented))


@pytest.mark.parametrize("name", DATA_CLASSES)
def test_every_field_is_documented(name: str) -> None:
    text = section(name)
    for field in dataclasses.fields(getattr(codex_app_server, name)):
        assert re.search(rf"\b{field.name}: ", text), f"{name}.{field.name}"
    documented = re.findall(r"^    (\w+): ", text, re.MULTILINE)
    assert documented == [
        field.name for field in dataclasses.fields(getattr(codex_app_server, name))
    ]


def test_every_public_name_is_mentioned() -> None:
    for name in (*codex_app_server.__all__, *codex_app_server.types.__all__):
        assert f"`{name}`" in REFERENCE, f"name `{name}` in a table of docs/api-reference.md"


def error_tree() -> Iterator[tuple[str, str | None, str]]:
    """Each exception of the reference's tree: its name, its parent's, and the words beside it."""
    tree = section("Errors").split("```")[1].removeprefix("text\n")
    parents: list[tuple[int, str]] = []
    for entry in re.split(r"\n(?= *[A-Z]\w+\b)", tree):
        found = re.match(r"( *)(\w+)\b(.*)", entry, re.DOTALL)
        assert found, entry
        while parents and parents[-1][0] >= len(found[1]):
            parents.pop()
        yield found[2], parents[-1][1] if parents else None, found[3]
        parents.append((len(found[1]), found[2]))


def test_the_error_tree_is_the_real_one() -> None:
    public = {
        name: value
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, Exception) and value.__name__ == name
    }
    assert sorted(name for name, _, _ in error_tree()) == sorted(public)
    for name, parent, words in error_tree():
        bases = [base.__name__ for base in public[name].__bases__]
        assert (parent or "Exception") == bases[0], name
        assert re.findall(r"also an? (\w+)", words) == bases[1:], name
    at_the_root = [name for name in codex_app_server.__all__ if name in public]
    assert all(getattr(codex_app_server, name) is public[name] for name in at_the_root)
    outside = section("Errors").split("```")[2]
    assert re.findall(r"`(\w+Error)`", outside) == at_the_root
