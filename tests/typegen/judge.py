"""Judges a generated package by the schema it came from, by samples made from the schema alone.

Usage: judge.py SCHEMA_DIR SOURCE_DIR, where SOURCE_DIR holds the package `codex_app_server`.
Prints one line of counts; every misfit is printed and makes the exit status 1.
"""

from __future__ import annotations

import importlib
import inspect
import json
import random
import sys
import warnings
from pathlib import Path
from typing import Any

Schema = dict[str, Any]
ENVELOPES = {"ClientNotification", "ClientRequest", "ServerNotification", "ServerRequest"}
UNHEARD_OF = "neverHeardOf"


def load(directory: Path) -> dict[str, Schema]:
    """Every definition of the full bundle, the second protocol version unfolded."""
    text = (directory / "codex_app_server_protocol.schemas.json").read_text(encoding="utf-8")
    definitions: dict[str, Any] = json.loads(text)["definitions"]
    second = definitions.pop("v2")
    return {**definitions, **second}


class Samples:
    """Makes values that a schema allows."""

    def __init__(self, definitions: dict[str, Schema]) -> None:
        self.definitions = definitions
        self.random = random.Random(0)

    def target(self, schema: Any) -> Any:
        """The schema that a chain of references ends at."""
        while isinstance(schema, dict) and "$ref" in schema:
            schema = self.definitions[schema["$ref"].rsplit("/", 1)[-1]]
        return schema

    def make(self, schema: Any, full: bool, depth: int = 0) -> Any:
        """A minimal or a full value: every field, and a random branch of each union."""
        schema = self.target(schema)
        if schema is True or not schema or not isinstance(schema, dict):
            return {"any": ["thing", 1, None]} if full else None
        if "enum" in schema:
            return self.random.choice(schema["enum"]) if full else schema["enum"][0]
        for key in ("oneOf", "anyOf"):
            if key in schema:
                branches = schema[key]
                if full and depth < 12:
                    rest = [b for b in branches if b.get("type") != "null"] or branches
                    branch = self.random.choice(rest)
                else:
                    nulls = [b for b in branches if b.get("type") == "null"]
                    branch = (nulls or branches)[0]
                value = self.make(branch, full, depth + 1)
                if "properties" in schema:
                    value = {**self.make_object(schema, full, depth), **value}
                return value
        if "allOf" in schema:
            return self.make(schema["allOf"][0], full, depth + 1)
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = (
                next((k for k in kind if k != "null"), "null")
                if full
                else ("null" if "null" in kind else kind[0])
            )
        if kind == "object" or "properties" in schema:
            return self.make_object(schema, full, depth)
        if kind == "array":
            items = schema.get("items", True)
            return (
                [self.make(items, full, depth + 1) for _ in range(2)] if full and depth < 12 else []
            )
        return {
            "string": "text",
            "integer": int(max(schema.get("minimum", 0), 3)),
            "number": 1.5,
            "boolean": True,
            "null": None,
            None: None,
        }[kind]

    def make_object(self, schema: Schema, full: bool, depth: int) -> dict[str, Any]:
        """An object with its required fields, or with all of them."""
        required = schema.get("required", [])
        value = {
            name: self.make(field, full and depth < 12, depth + 1)
            for name, field in schema.get("properties", {}).items()
            if name in required or (full and depth < 12)
        }
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict) and full and not schema.get("properties"):
            value["key"] = self.make(extra, full, depth + 1)
        return value

    def variants(self, schema: Any) -> list[Any]:
        """Minimal and full samples, each branch of a union at the top once."""
        schema = self.target(schema)
        samples = [self.make(schema, False)] + [self.make(schema, True) for _ in range(3)]
        for key in ("oneOf", "anyOf"):
            for branch in schema.get(key, []) if isinstance(schema, dict) else []:
                for full in (False, True):
                    value = self.make(branch, full)
                    if "properties" in schema:
                        value = {**self.make_object(schema, full, 0), **value}
                    samples.append(value)
        return samples

    def mutations(self, schema: Any, value: Any, depth: int = 0) -> list[Any]:
        """The value with one thing from the future: a field, an enum value, a variant."""
        schema = self.target(schema)
        if not isinstance(schema, dict) or depth > 6:
            return []
        if "enum" in schema and isinstance(value, str):
            return [UNHEARD_OF]
        found: list[Any] = []
        for key in ("oneOf", "anyOf", "allOf"):
            for branch in schema.get(key, []):
                if self.fits(branch, value):
                    inner = self.target(branch)
                    tags = [
                        name
                        for name, field in inner.get("properties", {}).items()
                        if len(field.get("enum", []) if isinstance(field, dict) else []) == 1
                    ]
                    if tags and isinstance(value, dict):
                        found.append({**value, tags[0]: UNHEARD_OF})
                        found.append({tags[0]: value.get(tags[0]), "nothing": "else"})
                        found += self.of_fields(inner, value, depth, set(tags))
                        found.append({**value, UNHEARD_OF: {"a": 1}})
                    else:
                        found += self.mutations(branch, value, depth + 1)
                    break
        if isinstance(value, dict) and ("properties" in schema or schema.get("type") == "object"):
            if "properties" in schema and "oneOf" not in schema:
                found.append({**value, UNHEARD_OF: {"a": 1}})
            found += self.of_fields(schema, value, depth, set())
        if isinstance(value, list) and value:
            items = self.mutations(schema.get("items", True), value[0], depth + 1)
            found += [[item, *value[1:]] for item in items]
        return found

    def of_fields(
        self, schema: Schema, value: dict[str, Any], depth: int, skip: set[str]
    ) -> list[Any]:
        """The mutations of an object's fields."""
        found = []
        for name, field in schema.get("properties", {}).items():
            if name in value and name not in skip:
                found += [{**value, name: m} for m in self.mutations(field, value[name], depth + 1)]
        return found

    def fits(self, schema: Any, value: Any) -> bool:
        """Whether a value made by this class came from this branch; exact enough for that."""
        schema = self.target(schema)
        if schema is True or not isinstance(schema, dict) or not schema:
            return True
        if "enum" in schema:
            return value in schema["enum"]
        for key in ("oneOf", "anyOf"):
            if key in schema:
                return any(self.fits(branch, value) for branch in schema[key])
        if "allOf" in schema:
            return self.fits(schema["allOf"][0], value)
        kinds = schema.get("type", "object" if "properties" in schema else None)
        kinds = kinds if isinstance(kinds, list) else [kinds]
        names = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array"}
        kind = "null" if value is None else names.get(type(value), "object")
        if kind not in kinds and kinds != [None]:
            return False
        if isinstance(value, dict):
            properties = schema.get("properties", {})
            if any(name not in value for name in schema.get("required", [])):
                return False
            if schema.get("additionalProperties") is False and set(value) - set(properties):
                return False
            return all(
                self.fits(properties[name], v) for name, v in value.items() if name in properties
            )
        return True


def same(one: Any, other: Any) -> bool:
    """JSON equality: 1 and True differ, objects have no order."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def main() -> int:
    warnings.simplefilter("error")
    definitions = load(Path(sys.argv[1]))
    sys.path.insert(0, sys.argv[2])
    v2_all = importlib.import_module("codex_app_server.generated.v2_all")
    base = importlib.import_module("codex_app_server._base")
    from pydantic import BaseModel, TypeAdapter, ValidationError

    make = Samples(definitions)
    counts = {"definitions": 0, "samples": 0, "mutations": 0, "refused when sent": 0}
    problems: list[str] = []
    for name, schema in sorted(definitions.items()):
        if name in ENVELOPES:
            continue
        counts["definitions"] += 1
        kind = getattr(v2_all, name)
        adapter = TypeAdapter(kind)
        is_model = inspect.isclass(kind) and issubclass(kind, BaseModel)
        sent = is_model and issubclass(kind, (base.ParamsModel, base.ParamsRoot))
        for sample in make.variants(schema):
            counts["samples"] += 1
            try:
                value = adapter.validate_python(sample)
                dumped = adapter.dump_python(value, mode="json", by_alias=True, exclude_unset=True)
                if not same(dumped, sample):
                    problems.append(
                        f"{name}: {json.dumps(sample)} came back as {json.dumps(dumped)}"
                    )
                again = adapter.validate_json(adapter.dump_json(value, by_alias=True))
                whole = [adapter.dump_python(v, mode="json", by_alias=True) for v in (value, again)]
                if not same(*whole):
                    problems.append(f"{name}: {json.dumps(sample)} is not stable with its defaults")
                if json.loads(json.dumps(base.wire(value))) != without_nulls(make, schema, sample):
                    problems.append(
                        f"{name}: wire of {json.dumps(sample)} is {json.dumps(base.wire(value))}"
                    )
            except (ValidationError, Warning) as error:
                problems.append(f"{name}: {json.dumps(sample)}: {error}")
                continue
            for mutation in make.mutations(schema, sample):
                counts["mutations"] += 1
                try:
                    value = adapter.validate_python(mutation)
                except ValidationError as error:
                    if sent:
                        counts["refused when sent"] += 1
                    else:
                        problems.append(f"{name}: mutated {json.dumps(mutation)}: {error}")
                    continue
                dumped = adapter.dump_python(value, mode="json", by_alias=True, exclude_unset=True)
                if not same(dumped, mutation):
                    problems.append(
                        f"{name}: mutated {json.dumps(mutation)} came back as {json.dumps(dumped)}"
                    )
    for problem in problems[:40]:
        print(problem[:1500])
    if len(problems) > 40:
        print(f"... and {len(problems) - 40} more")
    print(json.dumps(counts))
    return 1 if problems else 0


def without_nulls(make: Samples, schema: Any, value: Any) -> Any:
    """The sample as `wire` writes it: null fields that may be missing are left out."""
    schema = make.target(schema)
    if not isinstance(schema, dict):
        return value
    if "allOf" in schema:
        return without_nulls(make, schema["allOf"][0], value)
    for key in ("oneOf", "anyOf"):
        for branch in schema.get(key, []):
            if make.fits(branch, value):
                inner = make.target(branch)
                if "properties" in schema and isinstance(inner, dict):
                    inner = {
                        **inner,
                        "properties": {**schema["properties"], **inner.get("properties", {})},
                        "required": schema.get("required", []) + inner.get("required", []),
                    }
                return without_nulls(make, inner, value)
    if isinstance(value, list):
        return [without_nulls(make, schema.get("items", True), item) for item in value]
    if isinstance(value, dict):
        fields = schema.get("properties")
        if not fields:
            values = schema.get("additionalProperties", True)
            return {key: without_nulls(make, values, item) for key, item in value.items()}
        return {
            key: without_nulls(make, fields.get(key, True), item)
            for key, item in value.items()
            if item is not None or key in schema.get("required", []) or key not in fields
        }
    return value


if __name__ == "__main__":
    sys.exit(main())
