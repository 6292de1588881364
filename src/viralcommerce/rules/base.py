"""What every rule is: a frozen, validated value with a ``kind``, read from JSON and written to it.

A rule class is declared once, ``@rule("coupon")``, and is then a frozen pydantic dataclass that

- accepts positional and keyword arguments and completes or raises `InvalidRule`;
- is written as ``{"kind": "coupon", ...}`` with every field said (`dump`), so that its hash does
  not depend on what a default happens to be today;
- is read back by `load` from a closed mapping of kinds to classes, which a third party extends by
  passing a larger mapping. Nothing is looked up by dotted name and nothing registers itself.
"""

from __future__ import annotations

import dataclasses
import functools
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform, get_origin

from pydantic import ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError, core_schema

from viralcommerce.errors import InvalidRule, ViralCommerceError

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter
    from pydantic.json_schema import JsonSchemaValue

FAMILY = "x-family"
R = TypeVar("R", bound="Rule")
Kinds = Mapping[str, type["Rule"]]

_CONFIG = ConfigDict(extra="forbid", defer_build=True, arbitrary_types_allowed=True)


class _RuleType(type):
    """Makes a rule class a pydantic dataclass when the first rule of it is built, and not before.

    Making one takes a millisecond, and a process uses few of the many. It also turns what pydantic
    says of a bad argument into `InvalidRule`, for every rule class at once. (Wrapping ``__init__``
    does not hold: pydantic sets it anew when a class is completed.)
    """

    if not TYPE_CHECKING:  # checkers keep seeing the constructor itself

        def __call__(cls, *args, **kwargs):
            if cls.__dict__.get("_is_made") is False:
                made(cls)
            try:
                return super().__call__(*args, **kwargs)
            except ValidationError as error:
                raise explained(cls, cls.__name__, error) from None


class Rule(metaclass=_RuleType):
    """What an operator writes: frozen, compared by value, and written to JSON under its `kind`."""

    kind: ClassVar[str] = ""
    _is_made: ClassVar[bool] = True


@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field, Field))
def rule(kind: str) -> Callable[[type[R]], type[R]]:
    """Make a class a rule known in JSON as `kind` (snake_case, stable for ever).

    Raises:
        InvalidRule: from the constructor, for any argument that cannot be; the message names the
            rule, the field, the value and what would do.
    """

    def declare(cls: type[R]) -> type[R]:
        cls.kind = kind
        cls._is_made = False
        # what a class in a function refers to is known only there and now
        return made(cls) if "<locals>" in cls.__qualname__ else cls

    return declare


_making = threading.RLock()


def made(cls: type[R]) -> type[R]:
    """The class as the pydantic dataclass it is; whoever looks at its fields calls this first."""
    with _making:
        if cls.__dict__.get("_is_made") is False:
            from pydantic.dataclasses import dataclass  # when the first rule is built, not before

            dataclass(frozen=True, config=_CONFIG)(cls)
            cls._is_made = True
    return cls


def explained(cls: type[Rule], where: str, error: ValidationError) -> InvalidRule:
    """All that is wrong, in the house's words: where, what with values, what to do.

    Args:
        cls: the rule that cannot be.
        where: what to call it: its class in Python, its kind in JSON.
        error: what pydantic says.
    """
    problems: list[str] = []
    for problem in error.errors(include_url=False):
        cause = problem.get("ctx", {}).get("error")
        place = _place(cls, problem["loc"])
        said = _said(cls, problem, cause)
        if place:
            said = f"{place}: {said}"
        elif isinstance(cause, InvalidRule) and "where" in cause.operands:
            where = cause.operands["where"]  # a rule with a name of its own has said where
            problems += cause.operands.get("problems", (said,))
            continue
        problems.append(f"{where}: {said}")
    unique = tuple(dict.fromkeys(problems))
    return InvalidRule("; ".join(unique), where=where, problems=unique)


def _said(cls: type[Rule], problem: Any, cause: object) -> str:
    if isinstance(cause, ViralCommerceError):
        return cause.message
    if isinstance(cause, Exception):
        return str(cause)
    if problem["type"] == "missing":
        return "field required; say it"
    if problem["type"] in ("unexpected_keyword_argument", "unexpected_positional_argument"):
        return f"is no field; choose from: {', '.join(sorted(_fields(cls)))}"
    message = f"{problem['msg'][:1].lower()}{problem['msg'][1:]}"
    return f"{message}, not {problem['input']!r:.80}"


def _fields(cls: type[Rule]) -> list[str]:
    return [field.name for field in dataclasses.fields(made(cls))]  # type: ignore[arg-type]


def _place(cls: type[Rule], steps: tuple[int | str, ...]) -> str:
    """Where in the rule: ``grants[0].to``; positions among the arguments become their names."""
    place = ""
    for index, step in enumerate(steps):
        if isinstance(step, int):
            names = _fields(cls) if index == 0 else []
            place += names[step] if step < len(names) else f"[{step}]"
        elif "[" not in step and not step.startswith("function-"):
            place += f".{step}" if place else step
    return place


@functools.cache
def adapter(cls: type[Rule]) -> TypeAdapter[Any]:
    """The validator and serializer of one rule class, built when it is first needed."""
    from pydantic import TypeAdapter  # when the first rule is read, not before

    return TypeAdapter(made(cls))


def dump(value: Rule) -> dict[str, Any]:
    """The rule as plain JSON data, with its kind first and every field said."""
    return {"kind": value.kind, **adapter(type(value)).dump_python(value, mode="json")}


def load(data: object, family: type[R], kinds: Kinds) -> R:
    """Read a rule of one family back from plain JSON data.

    Args:
        data: what `dump` gave, or what an operator wrote.
        family: the base class the result must have (`Condition`, `Reward`, ...).
        kinds: the closed mapping of kind to class.

    Raises:
        InvalidRule: no kind, an unknown kind, a kind of another family, or fields that cannot be.
    """
    if not isinstance(data, Mapping):
        raise InvalidRule(f"expected an object with a 'kind', not {data!r:.80}")
    choices = sorted(name for name, cls in kinds.items() if issubclass(cls, family))
    kind = data.get("kind")
    cls = kinds.get(kind) if isinstance(kind, str) else None
    if cls is None or not issubclass(cls, family):
        said = f"unknown kind {kind!r:.80}" if "kind" in data else "the 'kind' is missing"
        raise InvalidRule(f"{said}; choose from: {', '.join(choices)}", choices=choices)
    fields = {name: value for name, value in data.items() if name != "kind"}
    try:
        loaded = adapter(cls).validate_python(fields, context={"kinds": kinds})
    except ValidationError as error:
        raise explained(cls, cls.kind, error) from None
    assert isinstance(loaded, family)
    return loaded


class OneOf:
    """Marks a field that holds any rule of one family: ``Annotated[Reward, OneOf()]``.

    In Python an instance passes as it is; in JSON the object's ``kind`` chooses the class. The
    JSON Schema says ``{"x-family": "Reward"}``, where the codec puts the choice of its kinds.
    """

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        family: type[Rule] = get_origin(source) or source

        def read(value: object, info: core_schema.ValidationInfo[Any]) -> Rule:
            if isinstance(value, family):
                return value
            if isinstance(value, Mapping) and info.context:
                return load(value, family, info.context["kinds"])
            raise PydanticCustomError(
                "rule_family",
                "expected a {family}",
                {"family": family.__name__.lower()},
            )

        return core_schema.with_info_plain_validator_function(
            read,
            serialization=core_schema.plain_serializer_function_ser_schema(dump),
            metadata={"pydantic_js_functions": [functools.partial(_family_schema, family)]},
        )


def _family_schema(
    family: type[Rule], _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
) -> JsonSchemaValue:
    return {FAMILY: family.__name__}
