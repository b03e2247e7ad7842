"""The JSON Schema of a pydantic model, in the part of the language that models are held to.

Model providers with strict outputs (OpenAI's guide to structured outputs) ask for every property,
take no others, and refuse `default`, `oneOf`, `uniqueItems`, a `$ref` with anything beside it or in
the place of the root, and formats that they do not know. What is left out here pydantic checks in
the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from .errors import InvalidInputError

_REFUSED = ("default", "discriminator", "uniqueItems")

_FORMATS = (
    "date-time",
    "time",
    "date",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uuid",
)

# Keywords whose value is a schema, a list of schemas, or schemas by name; all others hold data.
_SCHEMAS = ("items", "additionalProperties", "not")
_LISTS = ("anyOf", "allOf", "prefixItems")
_BY_NAME = ("properties", "patternProperties", "$defs")

_DEFINITIONS = "#/$defs/"


def schema_of(model: object) -> dict[str, object]:
    """The schema of a model; InvalidInputError where it is none, or none can be made of it."""
    make = getattr(model, "model_json_schema", None)
    if not isinstance(model, type) or not callable(make):
        raise InvalidInputError(
            f"`output_schema` must be a JSON Schema or a pydantic model, a class, not {model!r:.99}"
        )
    try:
        schema = cast("dict[str, Any]", make())
    except Exception as error:
        raise InvalidInputError(
            f"`output_schema`: {model.__name__} has no JSON Schema: {error}"
        ) from error
    return _Strict(schema.get("$defs") or {}).schema(schema, ())


class _Strict:
    def __init__(self, definitions: Mapping[str, object]) -> None:
        self._definitions = definitions

    def schema(self, given: Mapping[str, object], within: tuple[str, ...]) -> dict[str, object]:
        """The strict form; `within` are the definitions in whose place this is written."""
        kept = {key: value for key, value in given.items() if key not in _REFUSED}
        if "oneOf" in kept:
            kept = {"anyOf" if key == "oneOf" else key: value for key, value in kept.items()}
        if kept.get("format") not in _FORMATS:
            kept.pop("format", None)
        reference = kept.get("$ref")
        if isinstance(reference, str) and len(kept) > 1:
            name = reference.removeprefix(_DEFINITIONS)
            definition = self._definitions.get(name)
            if not isinstance(definition, Mapping) or name in within:
                return {"$ref": reference}
            del kept["$ref"]
            return self.schema({**definition, **kept}, (*within, name))
        strict = {key: self._part(key, value, within) for key, value in kept.items()}
        properties = strict.get("properties")
        if strict.get("type") == "object" and isinstance(properties, dict):
            strict["additionalProperties"] = False
            strict["required"] = list(properties)
        return strict

    def _part(self, key: str, value: object, within: tuple[str, ...]) -> object:
        if key in _SCHEMAS:
            return self._any(value, within)
        if key in _LISTS and isinstance(value, list):
            return [self._any(part, within) for part in value]
        if key in _BY_NAME and isinstance(value, Mapping):
            return {name: self._any(part, within) for name, part in value.items()}
        return value

    def _any(self, value: object, within: tuple[str, ...]) -> object:
        return self.schema(value, within) if isinstance(value, Mapping) else value
