"""Everything public in the published SDK is here, by the same names, parameters and values."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from parity.published import OURS, PUBLISHED, SOURCE, output, published_wheel

DESCRIBED = Path(__file__).with_name("described.py")

#: What is meant to differ, and why. A difference that is not here fails, and so does one that is
#: here and is none.
DIFFERENCES: dict[str, str] = {
    "Codex.thread_start(approval_mode=)": "None leaves the setting to the runtime's configuration;"
    " there it replaces what the user configured",
    "AsyncCodex.thread_start(approval_mode=)": "as for Codex",
    "TurnResult: order of fields": "the first three stay as programs for earlier versions build it",
}
#: Keywords that came later stand behind those that earlier programs know.
LATER = {
    *("approval_mode", "include_turns", "sandbox", "section_id", "source", "turn_service_tier"),
}


#: The modules below the root that programs import from all the same, and what is left out of them.
INNER: dict[str, set[str]] = {
    # It leaves CODEX_HOME out of account.
    "client": {"default_codex_home"},
    "async_client": set(),
    "errors": set(),
    "models": set(),
    "retry": set(),
}


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    """The public names of the published SDK."""
    described: dict[str, Any] = json.loads(output(published_wheel(), str(DESCRIBED), PUBLISHED))
    return described


@pytest.fixture(scope="module")
def ours() -> dict[str, Any]:
    """The public names here."""
    described: dict[str, Any] = json.loads(output(SOURCE, str(DESCRIBED), OURS))
    return described


def by_kind(function: dict[str, Any], kind: str) -> list[str]:
    """The names of a callable's parameters of one kind, in order."""
    return [p["name"] for p in function["parameters"] if p["kind"] == kind]


def function_differences(place: str, theirs: dict[str, Any], own: dict[str, Any]) -> set[str]:
    """What a call that is right there would find different here."""
    found = set()
    if theirs["awaited"] != own["awaited"]:
        found.add(f"{place}: awaited")
    positional = "POSITIONAL_OR_KEYWORD"
    wanted = by_kind(theirs, positional)
    if by_kind(own, positional)[: len(wanted)] != wanted:
        found.add(f"{place}: positional parameters")
    keywords = by_kind(own, "KEYWORD_ONLY")
    missing = [name for name in by_kind(theirs, "KEYWORD_ONLY") if name not in keywords]
    found |= {f"{place}({name}): missing" for name in missing}
    known = [name for name in by_kind(theirs, "KEYWORD_ONLY") if name not in LATER]
    if [name for name in keywords if name in known] != known:
        found.add(f"{place}: order of keywords")
    defaults = {p["name"]: p["default"] for p in own["parameters"]}
    for parameter in theirs["parameters"]:
        name = parameter["name"]
        if name in defaults and defaults[name] != parameter["default"]:
            found.add(f"{place}({name}=)")
    return found


def class_differences(name: str, theirs: dict[str, Any], own: dict[str, Any]) -> set[str]:
    """What a program that uses a class of theirs would find different here."""
    found = set()
    if theirs.get("values", {}).items() - own.get("values", {}).items():
        found.add(f"{name}: members")
    fields = own.get("fields", [])
    wanted = theirs.get("fields", [])
    # A union is one value there, whatever its name says.
    found |= {f"{name}.{field}: missing" for field in wanted if field not in fields}
    if "Exception" not in theirs["bases"] and "made" in theirs:
        if name != "TurnResult":
            found |= function_differences(f"{name}()", theirs["made"], own["made"])
        elif fields[: len(wanted)] != wanted:
            found.add(f"{name}: order of fields")
    if "Enum" not in theirs["bases"]:
        attributes = set(theirs["attributes"]) - set(own["attributes"])
        found |= {f"{name}.{attribute}: no attribute of the class" for attribute in attributes}
    for method, described in theirs.get("methods", {}).items():
        if method not in own["methods"]:
            found.add(f"{name}.{method}: missing")
            continue
        found |= function_differences(f"{name}.{method}", described, own["methods"][method])
    found |= {
        f"{name}.{attribute}: missing"
        for attribute in theirs.get("properties", [])
        if attribute not in own["properties"]
    }
    return found


def differences(theirs: dict[str, Any], own: dict[str, Any]) -> set[str]:
    """What a program for them would find different here."""
    found = set()
    for name, described in theirs.items():
        here = own.get(name)
        if here is None:
            found.add(f"{name}: missing")
        elif "class" in described:
            found |= class_differences(name, described["class"], here.get("class", {"bases": []}))
        elif "function" in described:
            found |= function_differences(name, described["function"], here["function"])
    return found


def test_every_public_name_of_the_published_sdk_is_here(
    published: dict[str, Any], ours: dict[str, Any]
) -> None:
    found = differences(published[""], ours[""])
    assert sorted(found) == sorted(DIFFERENCES)


def test_the_names_of_its_inner_modules_are_here() -> None:
    theirs = json.loads(output(published_wheel(), str(DESCRIBED), PUBLISHED, *INNER))
    for module, names in theirs.items():
        here = importlib.import_module(f"{OURS}.{module}")
        public = {name for name in names if not name.startswith("_")}
        assert public, module
        assert {name for name in public if not hasattr(here, name)} == INNER[module], module


def test_every_exception_is_caught_by_the_same_names(
    published: dict[str, Any], ours: dict[str, Any]
) -> None:
    aliases = {"CodexError": "AppServerError", "CodexRpcError": "AppServerRpcError"}
    for name, described in published[""].items():
        bases = described.get("class", {}).get("bases", [])
        if "Exception" in bases:
            here = ours[""][name]["class"]["bases"]
            assert {aliases.get(base, base) for base in bases} <= set(here), name


def test_every_type_of_the_published_sdk_is_here(
    published: dict[str, Any], ours: dict[str, Any]
) -> None:
    theirs, own = published[".types"], ours[".types"]
    assert set(theirs) <= set(own)
    lacking = set()
    for name, described in theirs.items():
        there, here = described.get("class"), own[name].get("class")
        if there is None or here is None or there.get("fields") == ["root"]:
            continue
        lacking |= {
            f"{name}.{field}"
            for field in there.get("fields", [])
            if field not in here.get("fields", [])
        }
        for member, value in there.get("values", {}).items():
            if value not in here.get("values", {}).values():
                lacking.add(f"{name}.{member}")
    assert lacking == set()
