"""The JSON Schema of campaigns and messages: what is valid is read, what is invalid is not."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from campaigns import EVERYTHING, LIKES, RAIN
from strategies import campaigns
from viralcommerce.campaign import Campaign
from viralcommerce.codec import Codec, encode, messages_of
from viralcommerce.decider import AnyMechanic
from viralcommerce.errors import InvalidRule
from viralcommerce.kinds import KINDS
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.readings.schema import schema
from viralcommerce.readings.schema_of_messages import event_file_schema, message_schema
from viralcommerce.rules.base import OneOf, Rule, rule
from viralcommerce.rules.rewards import Reward
from viralcommerce.runtime.shop import Shop

GAMES: tuple[type[AnyMechanic], ...] = (pack.CouponPack, collect.Collect)
CODEC = Codec()
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*/campaign.json"))
NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)


@cache
def validator(mechanic: type[AnyMechanic] | None = None) -> Draft202012Validator:
    found = schema(mechanic)
    Draft202012Validator.check_schema(found)
    return Draft202012Validator(found)


def written(campaign: Campaign) -> Any:
    return json.loads(CODEC.campaign_json(campaign))


def is_read(data: Any, codec: Codec = CODEC) -> bool:
    try:
        codec.read_campaign(json.dumps(data))
    except InvalidRule:
        return False
    return True


# Campaigns.


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(campaigns())
def test_every_campaign_that_can_be_is_valid(campaign: Campaign) -> None:
    for game in (None, type(campaign.mechanic)):
        errors = [error.message for error in validator(game).iter_errors(written(campaign))]
        assert not errors


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_the_campaigns_of_the_examples_are_valid(path: Path) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    campaign = CODEC.read_campaign(path.read_text(encoding="utf-8"))
    validator().validate(data)
    validator(type(campaign.mechanic)).validate(data)


@pytest.mark.parametrize("campaign", [RAIN, LIKES, EVERYTHING], ids=lambda each: each.name)
def test_a_campaign_is_invalid_as_another_game(campaign: Campaign) -> None:
    for game in GAMES:
        assert validator(game).is_valid(written(campaign)) is isinstance(campaign.mechanic, game)


def changed(data: Any, place: str, value: Any) -> Any:
    """A copy with something else at a place like ``grants.0.to``; None takes it out."""
    copy = json.loads(json.dumps(data))
    *path, last = [int(step) if step.isdigit() else step for step in place.split(".")]
    target = copy
    for step in path:
        target = target[step]
    if value is None:
        del target[last]
    else:
        target[last] = value
    return copy


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("kind", "campaign2"),
        ("kind", None),
        ("name", "Rain Pack"),
        ("name", None),
        ("budget", "200000"),
        ("budget", 200_000),
        ("budget", -1),
        ("budget", "endless"),
        ("mechanic", "coupon_pack"),
        ("mechanic.kind", "os.system"),
        ("mechanic.open_for", "1 fortnight"),
        ("mechanic.open_for", 86_400),
        ("mechanic.own", "maybe"),
        ("mechanic.luck", "good"),
        ("mechanic.split.kind", "coupon"),
        ("mechanic.split.parts", 101),
        ("mechanic.split.parts", "10"),
        ("mechanic.split.parts", True),
        ("mechanic.split.least", "3 CNY"),
        ("mechanic.split.least", "CNY -3.00"),
        ("mechanic.split.total", None),
        ("grants", {}),
        ("grants.0.give.amount", "seven percent"),
        ("grants.0.give.amount", 5),
        ("grants.0.give.valid_for", "P7D"),
        ("grants.0.to", "luckiest"),
        ("grants.0.to", "nobody"),
        ("grants.0.on", "likes"),
        ("grants.1.on", "emptied!"),
        ("grants.0.if_short", "shrug"),
        ("grants.1.at_most", 0),
        ("grants.1.at_most", "5"),
        ("grants.1.at_most.0.at_most", 0),
        ("grants.1.at_most.0.per", ["ask"]),
        ("grants.1.at_most.0.per", ["member", "day", "week"]),
        ("given.kind", "exec"),
        ("given.part.between", ["grabber"]),
        ("given.part.between", ["grabber", "a stranger"]),
        ("window", "sometimes"),
        ("window", {}),
        ("window", {"opens": "2026-11-11"}),
        ("window", {"opens": "2026-11-11T00:00:00"}),
        ("window", {"opens": "2026-11-11T00:00:00Z", "shuts": "2026-11-12T00:00:00Z"}),
        ("zone", 8),
        ("zone", "UTC+8!"),
        ("rounding", "nearest"),
        ("extra", 1),
    ],
)
def test_what_has_the_wrong_shape_is_invalid_and_not_read(place: str, value: Any) -> None:
    """EC-24, EC-29: unlimited is a word, an amount has a currency and major units."""
    data = changed(written(RAIN), place, value)
    assert not validator().is_valid(data)
    assert not validator(pack.CouponPack).is_valid(data)
    assert not is_read(data)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("grants.1.at_most", 5),
        ("grants.1.at_most", []),
        ("grants.1.at_most.0.per", "pack"),
        ("mechanic.open_for", "1 day 12 hours"),
        ("mechanic.split.how", None),
        ("grants.0.give.amount", "1/3"),
        ("grants.0.given", {"kind": "new_member"}),
        ("window", {"closes": "2026-11-11T00:00:00+08:00"}),
        ("window", {"opens": "2026-11-11 00:00+08"}),
        ("budget", "unlimited"),
        ("limits", None),
        ("given", None),
    ],
)
def test_what_an_operator_may_leave_out_or_write_shorter_is_valid(place: str, value: Any) -> None:
    data = changed(written(RAIN), place, value)
    validator().validate(data)
    validator(pack.CouponPack).validate(data)
    assert is_read(data)


def test_only_the_roles_that_fit_a_milestone_are_valid() -> None:
    """The table of roles by milestone is in the schema, and it is the one of the loader."""
    for game, campaign in zip(GAMES, (RAIN, LIKES), strict=True):
        roles = {role for carries in game.milestones.values() for role in carries.roles}
        for milestone in game.milestones:
            for role in sorted(roles):
                grant = {
                    "kind": "grant",
                    "name": "x",
                    "give": {"kind": "points", "points": 1},
                    "to": str(role),
                    "on": str(milestone),
                }
                data = written(campaign)
                data["grants"].append(grant)
                fits = role in game.milestones[milestone].roles
                assert validator().is_valid(data) is fits
                assert validator(game).is_valid(data) is fits
                assert is_read(data) is fits


def test_a_percentage_needs_a_milestone_that_carries_an_amount() -> None:
    grant = {
        "kind": "grant",
        "name": "x",
        "give": {"kind": "cash", "amount": "5%"},
        "to": "sharer",
    }
    for on, fits in (("grabbed", False), ("emptied", True), ("opened", False)):
        data = written(RAIN)
        data["grants"].append({**grant, "on": on})
        # on grabbed it has the right shape; that 105 % is too much is arithmetic
        assert validator().is_valid(data) is (fits or on == "grabbed")
        assert is_read(data) is fits


def test_competing_grants_are_held_to_the_roles_of_the_game() -> None:
    data = changed(written(EVERYTHING), "grants.1.grants.0.to", "grabber")
    assert not validator().is_valid(data)
    assert not is_read(data)


def test_conditions_of_one_game_name_its_roles_only() -> None:
    data = changed(written(RAIN), "given.part.between", ["grabber", "inviter"])
    assert validator().is_valid(data), "of all games, it may be another's"
    assert not validator(pack.CouponPack).is_valid(data)
    assert not is_read(data)


junk = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 200), st.just("CNY 5.00"), st.just("5%"),
    st.text(max_size=4), st.builds(list), st.builds(dict), st.builds(lambda: {"kind": "coupon"}),
    st.just("3 days"), st.builds(lambda: ["member", "day"]), st.just("2026-11-11T00:00:00Z"),
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=150)
@given(st.sampled_from([RAIN, LIKES, EVERYTHING]), st.data())
def test_what_is_invalid_no_codec_reads(campaign: Campaign, data: st.DataObject) -> None:
    """And whatever stands anywhere, reading it says InvalidRule or nothing."""
    mutant = written(campaign)
    for _ in range(data.draw(st.integers(1, 2))):
        target: Any = mutant
        while True:
            keys = list(target) if isinstance(target, dict) else list(range(len(target)))
            if not keys:
                break
            key = data.draw(st.sampled_from(keys))
            inner = target[key]
            if isinstance(inner, dict | list) and inner and data.draw(st.integers(0, 3)):
                target = inner
                continue
            target[key] = data.draw(junk)
            break
    read = is_read(mutant)
    for game in (None, type(campaign.mechanic)):
        assert validator(game).is_valid(mutant) or not read


def test_units_are_said_and_docstrings_describe_the_fields() -> None:
    found = schema()["$defs"]
    total = found["lucky_split"]["properties"]["total"]
    assert total["x-unit"] == "money: an ISO 4217 code and an amount in major units"
    assert total["examples"] == ["CNY 60.00"]
    assert "a day is 24 hours" in found["coupon_pack"]["properties"]["open_for"]["x-unit"]
    assert found["grant"]["properties"]["to"]["description"] == "the role that gets it."
    assert found["campaign"]["properties"]["window"]["default"] == "always"
    assert found["coupon"]["description"] == "Money off a later order."


def test_no_place_is_left_open() -> None:
    assert "x-family" not in json.dumps([schema(), *map(schema, GAMES)])


# Kinds of others.


@rule("badge")
class Badge(Reward):
    """A badge of our own.

    Args:
        stars: how many.
    """

    stars: int


def test_a_kind_of_ones_own_is_in_the_schema() -> None:
    kinds = dict(KINDS) | {"badge": Badge}
    own = Draft202012Validator(schema(kinds=kinds))
    data = changed(written(LIKES), "grants.0.give", {"kind": "badge", "stars": 3})
    own.validate(data)
    assert is_read(data, Codec(kinds))
    assert not validator().is_valid(data)
    assert not is_read(data)
    assert not own.is_valid(changed(data, "grants.0.give.stars", "many"))


def test_two_families_of_one_name_are_refused() -> None:
    class Reward(Rule):  # not ours
        pass

    @rule("sticker")
    class Sticker(Reward):
        pass

    with pytest.raises(InvalidRule, match="two families are called Reward"):
        schema(kinds=dict(KINDS) | {"sticker": Sticker})


def test_a_game_that_is_not_known_has_no_schema() -> None:
    fewer = {name: kind for name, kind in KINDS.items() if name != "collect"}
    with pytest.raises(InvalidRule, match="Collect is not among the kinds; choose from: coupon"):
        schema(collect.Collect, kinds=fewer)
    assert "collect" not in json.dumps(schema(kinds=fewer)["$defs"]["Mechanic"])


def test_one_of_marks_are_found_wherever_they_stand() -> None:
    assert OneOf is not None
    assert "$ref" in schema()["$defs"]["campaign"]["properties"]["mechanic"]


# Messages.


def play() -> list[tuple[type[AnyMechanic], Any]]:
    """Decisions of both games, as data."""
    quiet = RAIN.replace(given=None)
    likes = LIKES.replace(
        given=None, limits=(), mechanic=collect.Collect(goal=2, within=LIKES.mechanic.within)
    )  # type: ignore[attr-defined]
    at = datetime(2026, 11, 11, 1, tzinfo=UTC)
    found: list[tuple[type[AnyMechanic], Any]] = []
    with Shop.open("memory:", quiet, likes) as shop:
        for by in ("ann", "bob", "bob", "cem"):
            kind: Any = pack.Share if by == "ann" else pack.Grab
            found.append((pack.CouponPack, shop.handle(quiet, kind(pack="p", by=by, at=NOON))))
        for by, asked in (
            ("ann", collect.Ask),
            ("bob", collect.Like),
            ("bob", collect.Unlike),
            ("bob", collect.Like),
            ("cem", collect.Like),
            ("dee", collect.Like),
        ):
            found.append((collect.Collect, shop.handle(likes, asked(ask="a", by=by, at=at))))
    return found


def test_every_message_of_a_game_is_valid() -> None:
    for game, decision in play():
        whole = message_schema(game)
        Draft202012Validator.check_schema(whole)
        data = json.loads(encode(decision))
        Draft202012Validator(whole).validate(data)
        Draft202012Validator(whole).validate(data["command"])
        one = Draft202012Validator({**whole, "anyOf": [{"$ref": "#/$defs/Decision"}]})
        assert not one.is_valid({**data, "decision": "maybe"})
        assert not one.is_valid({**data, "command": {"kind": "explode"}})


@pytest.mark.parametrize("game", GAMES, ids=lambda game: game.kind)
def test_the_messages_of_a_game_are_named(game: type[AnyMechanic]) -> None:
    names = message_schema(game)["$defs"]
    assert {"Command", "Event", "Refusal", "State", "Decision", "Accepted", "Refused"} <= set(
        names
    )
    for kind in game.casts:
        assert kind.__name__ in names


def test_a_message_that_is_invalid_is_not_read() -> None:
    read = messages_of(pack.CouponPack).command
    commands = Draft202012Validator(
        {**message_schema(pack.CouponPack), "anyOf": [{"$ref": "#/$defs/Command"}]}
    )
    good = {"kind": "grab", "pack": "p", "by": "bob"}
    commands.validate(good)
    assert read(json.dumps(good))
    bad: list[Mapping[str, Any]] = [
        {**good, "kind": "steal"},
        {**good, "by": 7},
        {**good, "extra": 1},
        {"kind": "grab", "pack": "p"},
        {**good, "at": 5},
    ]
    for each in bad:
        assert not commands.is_valid(each)
        with pytest.raises(ValueError, match="command: "):
            read(json.dumps(each))


# Event files.


def line(**fields: Any) -> dict[str, Any]:
    return {
        "key": "1",
        "at": "2025-11-11T08:00:00+08:00",
        "command": {"kind": "grab", "pack": "p1", "by": "bob"},
        **fields,
    }


GOOD_LINES: Sequence[Any] = [
    line(),
    line(facts={"bob": {"paid_orders": 0, "devices": ["d7"], "fields": {"score": "7.5"}}}),
    line(facts={"bob": {"spent": "CNY 60.00", "region": None}}),
    {"about": {"title": "a log", "notes": ["times are made"]}},
]
BAD_LINES: Sequence[Any] = [
    {},
    [],
    line(key=""),
    line(key=7),
    line(at="2025-11-11T08:00:00"),
    line(command={"kind": "expire", "pack": "p1"}),
    line(command={"kind": "grab", "pack": "p1", "by": "bob", "key": "2"}),
    line(command={"kind": "like", "ask": "p1", "by": "bob"}),
    line(facts={"bob": {"paid_orders": "0"}}),
    line(facts={"bob": {"devices": "d7"}}),
    line(facts={"bob": {"spent": 60.0}}),
    line(more=1),
    {"about": {"weather": "fine"}},
]


def test_lines_of_an_event_file() -> None:
    lines = Draft202012Validator(event_file_schema(pack.CouponPack))
    Draft202012Validator.check_schema(event_file_schema(pack.CouponPack))
    for good in GOOD_LINES:
        lines.validate(good)
    for bad in BAD_LINES:
        assert not lines.is_valid(bad), bad


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_the_event_files_of_the_examples_are_valid(path: Path) -> None:
    campaign = CODEC.read_campaign(path.read_text(encoding="utf-8"))
    lines = Draft202012Validator(event_file_schema(type(campaign.mechanic)))
    for events in sorted(path.parent.glob("events.jsonl*")):
        opened = gzip.open if events.suffix == ".gz" else open
        with opened(events, "rt", encoding="utf-8") as file:
            for _, text in zip(range(200), file, strict=False):
                lines.validate(json.loads(text))
