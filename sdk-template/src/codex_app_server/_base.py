"""The bases of the generated models: lenient on what is received, strict on what is sent.

Received models keep unknown fields, enums keep unknown values and unions keep unknown variants, so
that a newer server never breaks an older SDK. Parameters refuse what the protocol does not know, so
that a typo is an error at once.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Mapping
from enum import Enum, EnumMeta
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, RootModel, model_validator
from pydantic_core import core_schema

if TYPE_CHECKING:
    # Beside literals only, a comparison with a variant's tag narrows to that variant.
    UnknownTag: TypeAlias = Literal["<any other>"]
else:
    UnknownTag = str

_Enum = TypeVar("_Enum", bound="OpenEnum")
_Text = TypeVar("_Text", bound="WireText")

#: Unknown values of each enum, so that equal values are one object; bounded, for a server
#: chooses them.
_UNKNOWN_VALUES: dict[type[OpenEnum], dict[str, OpenEnum]] = {}
_UNKNOWN_VALUES_KEPT = 1000


def _camel(name: str) -> str:
    """The wire name of a field whose name says it."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


class OpenEnum(str, Enum):
    """A string with known values; any other becomes a member that iteration leaves out."""

    @classmethod
    def _missing_(cls: type[_Enum], value: object) -> _Enum | None:
        if not isinstance(value, str):
            return None
        known = _UNKNOWN_VALUES.setdefault(cls, {})
        member = known.get(value)
        if not isinstance(member, cls):
            text = str.__str__(value)
            member = str.__new__(cls, text)
            member._name_ = text
            member._value_ = text
            if len(known) < _UNKNOWN_VALUES_KEPT:
                known[text] = member
        return member

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, format_spec: str) -> str:
        return format(str(self.value), format_spec)

    # Equal to the plain string, so it must hash like it too.
    __hash__ = str.__hash__


class _UnionMeta(EnumMeta):
    """What makes `Kind(root=value)` the member of a value, as it makes a union."""

    if not TYPE_CHECKING:

        def __call__(cls, *values: object, **named: object) -> object:
            if not values and named.keys() == {"root"}:
                values, named = (named["root"],), {}
            return super().__call__(*values, **named)


class UnionEnum(OpenEnum, metaclass=_UnionMeta):
    """An enum that other SDKs have as a union: it is made, and read, like one as well."""

    @classmethod
    def model_validate(cls: type[_Enum], value: object) -> _Enum:
        """The member of a value."""
        return cls(value)

    @property
    def root(self: _Enum) -> _Enum:
        """The member itself."""
        return self


class WireText(str):
    """A string that other SDKs wrap, such as a path: it is made, and read, like theirs as well."""

    __slots__ = ()

    def __new__(cls: type[_Text], root: str) -> _Text:
        return str.__new__(cls, root)

    @classmethod
    def model_validate(cls: type[_Text], value: str) -> _Text:
        """The string by its name."""
        return cls(value)

    @property
    def root(self) -> str:
        """The string itself, without its name."""
        return str.__str__(self)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: object
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(
            functools.partial(str.__new__, cls),
            core_schema.str_schema(),
            # What is dumped is plain, as every tool knows it.
            serialization=core_schema.to_string_ser_schema(when_used="always"),
        )


class WireModel(BaseModel):
    """An object that the server sends: fields it does not declare are kept."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        alias_generator=_camel,
        defer_build=True,
        extra="allow",
        populate_by_name=True,
        protected_namespaces=(),
    )


class OpenModel(WireModel):
    """A received object whose type itself allows further keys."""


class UnknownVariant(WireModel):
    """A received value that fits no variant of its union; everything it holds is kept."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


class WireRoot(RootModel[Any]):
    """A received union: `root` is the value; its attributes can be read off the union itself."""

    model_config: ClassVar[ConfigDict] = ConfigDict(defer_build=True, protected_namespaces=())

    if not TYPE_CHECKING:  # a type checker that saw it would let any name pass

        def __getattr__(self, name: str) -> Any:
            # Only what the union itself lacks arrives here.
            if name.startswith("_") or name == "root":
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            return getattr(self.root, name)


class ParamsRoot(WireRoot):
    """A union that only the client sends."""


class ParamsModel(BaseModel):
    """An object that the client sends: what the protocol does not know is refused."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        alias_generator=_camel,
        defer_build=True,
        extra="forbid",
        populate_by_name=True,
        protected_namespaces=(),
    )

    @model_validator(mode="after")
    def _refuse_unknown(self) -> ParamsModel:
        # Types that travel both ways are lenient by themselves; inside parameters they are not.
        for name in self.model_fields_set:
            _refuse(getattr(self, name, None), name)
        return self


class OpenParamsModel(ParamsModel):
    """A sent object whose type itself allows further keys."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")


def _refuse(value: object, place: str) -> None:
    """Raises ValueError where a value holds what this version of the protocol does not know."""
    if isinstance(value, UnknownVariant):
        raise ValueError(f"{place}: not a known variant: {value.model_dump(by_alias=True)!r:.200}")
    if isinstance(value, WireRoot):
        _refuse(value.root, place)
    elif isinstance(value, WireModel):
        if value.model_extra and not isinstance(value, OpenModel):
            raise ValueError(f"{place}: unknown fields: {', '.join(map(repr, value.model_extra))}")
        for name in value.model_fields_set:
            _refuse(getattr(value, name, None), f"{place}.{name}")
    elif isinstance(value, list):
        for index, element in enumerate(value):
            _refuse(element, f"{place}[{index}]")
    elif isinstance(value, dict):
        for key, element in value.items():
            _refuse(element, f"{place}[{key!r}]")


def unknown_word(value: object) -> OpenEnum | None:
    """The first value of an enum, at any depth of a model, that this version does not know."""
    if isinstance(value, OpenEnum):
        return None if value.name in type(value).__members__ else value
    parts: Iterable[object] = ()
    if isinstance(value, BaseModel):
        parts = (getattr(value, name, None) for name in type(value).model_fields)
    elif isinstance(value, (list, tuple)):
        parts = value
    elif isinstance(value, dict):
        parts = value.values()
    return next((found for part in parts if (found := unknown_word(part)) is not None), None)


def wire(value: object) -> Any:
    """The JSON value of a model, or of any nesting of models, enums, paths, mappings and sequences.

    A model gives the fields that were set, by their wire names; None is left out where the key may
    be missing.
    """
    if isinstance(value, RootModel):
        return wire(value.root)
    if isinstance(value, BaseModel):
        return _wire_model(value)
    if isinstance(value, Enum):
        return wire(value.value)
    if isinstance(value, Mapping):
        return {str(wire(key)): wire(element) for key, element in value.items()}
    if isinstance(value, (list, tuple)):
        return [wire(element) for element in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value


def _wire_model(model: BaseModel) -> dict[str, Any]:
    fields = type(model).model_fields
    result: dict[str, Any] = {}
    # In the order of declaration, not of the set, so that equal values give equal bytes.
    for name, field in fields.items():
        if name not in model.model_fields_set:
            continue
        value = getattr(model, name)
        if value is None and not field.is_required():
            continue
        result[field.serialization_alias or field.alias or _camel(name)] = wire(value)
    for name, value in (model.model_extra or {}).items():
        result[name] = wire(value)
    return result
