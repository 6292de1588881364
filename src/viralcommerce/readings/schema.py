"""JSON Schema (draft 2020-12) of campaigns: for a host's admin page, made from the kinds it knows.

Amounts, percentages, spans and zones say their unit in ``x-unit``; a rule inside a rule is a
choice by ``kind``. What can be earned depends on the game: in the schema of all games, `if` the
mechanic is of a kind, `then` its milestones and the roles that take part in each; in the schema
of one game there is no choice, and conditions name its roles only.

A schema says what a campaign looks like. What it cannot say (amounts that add up, a budget that
covers a pack) is said by `Codec.read_campaign`, and that a number is written without a point:
to JSON Schema, ``3.0`` is an integer.

Laws:
    Every campaign that can be is valid by its schema, and by the schema of its game.
    What is invalid by its schema, no codec of these kinds reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from viralcommerce.campaign import Campaign
from viralcommerce.decider import AnyMechanic, Mechanic
from viralcommerce.errors import InvalidRule
from viralcommerce.kinds import KINDS
from viralcommerce.rules.base import FAMILY, Kinds, Rule
from viralcommerce.rules.limits import CAMPAIGN, MEMBER, PAIR, PERIODS
from viralcommerce.rules.rewards import Reward
from viralcommerce.rules.schemas import schema_of

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]

_MONEY_ONLY: Final = {"type": "string", "pattern": "^[A-Z]{3} "}
_ANY_ROLE: Final = r"^[a-z][a-z0-9_]{0,62}(\([1-9][0-9]{0,3}\))?$"


def schema(mechanic: type[AnyMechanic] | None = None, *, kinds: Kinds = KINDS) -> Schema:
    """The JSON Schema of campaigns.

    Args:
        mechanic: of campaigns that play this game only; of all games unless said.
        kinds: the closed mapping of kind to rule class, as the codec has it.

    Raises:
        InvalidRule: the mechanic is not among the kinds, or two families have one name.

    Example:
        >>> from viralcommerce.mechanics.collect import Collect
        >>> found = schema(Collect)
        >>> found["$ref"], found["$defs"]["campaign"]["properties"]["mechanic"]["$ref"]
        ('#/$defs/campaign', '#/$defs/collect')
        >>> [line["properties"]["to"]["enum"] for line in found["$defs"]["collect.grant"]["anyOf"]]
        [['collector'], ['liker', 'collector'], ['collector'], ['collector']]
    """
    games = _games(kinds)
    if mechanic is not None:
        if kinds.get(mechanic.kind) is not mechanic:
            raise InvalidRule(
                f"schema: {mechanic.__name__} is not among the kinds; choose from: "
                + ", ".join(sorted(games))
            )
        games = {mechanic.kind: mechanic}
    roles = None if mechanic is None else _roles(mechanic)
    definitions: Schema = {}
    for kind, rule in sorted(kinds.items()):
        if kind in games or not issubclass(rule, Mechanic):
            own: Schema = schema_of(rule)
            definitions |= own.pop("$defs", {})
            definitions[kind] = _with_roles(_with_families(own), roles)
    asked = set(_asked(definitions))
    families = _families(kinds, games)
    definitions |= {name: choice for name, choice in families.items() if name in asked}
    shares = [kind for kind in _rewards(kinds) if _can_be_a_share(definitions[kind])]
    for kind, game in games.items():
        definitions |= _game(kind, game, shares)
    campaign = definitions[Campaign.kind]
    if mechanic is None:
        campaign["allOf"] = [_if_game(kind) for kind in games]
    else:
        properties = campaign["properties"]
        properties["mechanic"] = _ref(mechanic.kind)
        properties["grants"]["items"] = {"allOf": [_ref("Line"), _ref(f"{mechanic.kind}.line")]}
        properties["limits"]["items"] = {"allOf": [_ref("Cap"), _ref(f"{mechanic.kind}.cap")]}
    return {
        "$schema": DRAFT,
        "title": "A campaign" if mechanic is None else f"A campaign that plays {mechanic.kind}",
        "$ref": f"#/$defs/{Campaign.kind}",
        "$defs": definitions,
    }


def _games(kinds: Kinds) -> dict[str, type[AnyMechanic]]:
    return {kind: rule for kind, rule in sorted(kinds.items()) if issubclass(rule, Mechanic)}


def _roles(mechanic: type[AnyMechanic]) -> list[str]:
    """Every role of a game, as written."""
    casts = list(mechanic.casts.values())
    casts += [carries.roles for carries in mechanic.milestones.values()]
    return sorted({str(role) for cast in casts for role in cast})


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _with_families(value: Any) -> Any:
    """A schema in which the places left open for rules are references to their families."""
    if isinstance(value, list):
        return [_with_families(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    inner = {name: _with_families(each) for name, each in value.items() if name != FAMILY}
    return inner | (_ref(value[FAMILY]) if FAMILY in value else {})


def _asked(value: Any) -> Iterator[str]:
    """The names that a schema refers to."""
    if isinstance(value, list):
        for each in value:
            yield from _asked(each)
    elif isinstance(value, Mapping):
        if "$ref" in value:
            yield str(value["$ref"]).removeprefix("#/$defs/")
        for each in value.values():
            yield from _asked(each)


def _with_roles(value: Any, roles: Sequence[str] | None) -> Any:
    """A schema in which a field for a role says which roles there are."""
    if isinstance(value, list):
        return [_with_roles(each, roles) for each in value]
    if not isinstance(value, Mapping):
        return value
    inner = {name: _with_roles(each, roles) for name, each in value.items()}
    if inner.get("title") == "role" and inner.get("type") == "string":
        blank = [""] if inner.get("default") == "" else []
        if roles is not None:
            return inner | {"enum": [*blank, *roles]}
        return inner | {"pattern": f"^$|{_ANY_ROLE}" if blank else _ANY_ROLE}
    return inner


def _families(kinds: Kinds, games: Mapping[str, type[AnyMechanic]]) -> Schema:
    """Each family as a choice by kind."""
    members: dict[str, list[str]] = {}
    classes: dict[str, type] = {}
    for kind, rule in sorted(kinds.items()):
        for family in _families_of(rule):
            if classes.setdefault(family.__name__, family) is not family:
                raise InvalidRule(
                    f"schema: two families are called {family.__name__}; rename one of them"
                )
            if kind in games or not issubclass(rule, Mechanic):
                members.setdefault(family.__name__, []).append(kind)
    return {
        name: {
            "oneOf": [_ref(kind) for kind in found],
            "discriminator": {
                "propertyName": "kind",
                "mapping": {kind: f"#/$defs/{kind}" for kind in found},
            },
        }
        for name, found in members.items()
    }


def _families_of(rule: type[Rule]) -> Iterator[type]:
    """The classes that a field can ask for and this rule is one of."""
    for each in rule.__mro__:
        if issubclass(each, Rule) and each is not Rule and not each.__name__.startswith("_"):
            yield each


def _rewards(kinds: Kinds) -> list[str]:
    return [kind for kind, rule in sorted(kinds.items()) if issubclass(rule, Reward)]


def _can_be_a_share(reward: Schema) -> bool:
    """Whether a reward's amount can be a percentage of what is carried."""
    choices = reward["properties"].get("amount", {}).get("anyOf", ())
    return any("percent" in str(choice.get("x-unit", "")) for choice in choices)


def _game(kind: str, mechanic: type[AnyMechanic], shares: Sequence[str]) -> Schema:
    """The lines, grants and caps of one game: which roles fit which milestone."""
    subjects = [MEMBER, PAIR, CAMPAIGN, str(mechanic.scope), *sorted(PERIODS)]
    per = {
        "properties": {
            "per": {"anyOf": [{"enum": subjects}, {"type": "array", "items": {"enum": subjects}}]}
        }
    }
    no_share = {
        "if": {"properties": {"kind": {"enum": list(shares)}}},
        "then": {"properties": {"amount": _MONEY_ONLY}},
    }
    earned: list[Schema] = []
    for milestone, carries in mechanic.milestones.items():
        fits: Schema = {
            "on": {"const": str(milestone)},
            "to": {"enum": [str(role) for role in carries.roles]},
        }
        if not carries.amount:
            fits |= {"give": no_share, "instead": no_share}
        earned.append({"properties": fits})
    counted = [
        {
            "properties": {
                "on": {"const": str(milestone)},
                "of": {"enum": [str(role) for role in carries.roles]},
            }
        }
        for milestone, carries in mechanic.milestones.items()
    ]
    grant = {"anyOf": earned, "properties": {"at_most": {"items": per}}}
    grants_of_best = {"properties": {"grants": {"items": _ref(f"{kind}.grant")}}}
    return {
        f"{kind}.line": {
            "if": {"properties": {"kind": {"const": "grant"}}},
            "then": _ref(f"{kind}.grant"),
            "else": grants_of_best,
        },
        f"{kind}.grant": grant,
        f"{kind}.cap": {"anyOf": counted, **per},
    }


def _if_game(kind: str) -> Schema:
    """What a campaign of all games must be if it plays this one."""
    plays = {"properties": {"kind": {"const": kind}}, "required": ["kind"]}
    lines = {"items": _ref(f"{kind}.line")}
    caps = {"items": _ref(f"{kind}.cap")}
    return {
        "if": {"properties": {"mechanic": plays}, "required": ["mechanic"]},
        "then": {"properties": {"grants": lines, "limits": caps}},
    }
