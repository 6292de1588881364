"""Campaigns to JSON and back: nothing lost, and whatever comes from outside does no harm."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from campaigns import EVERYTHING, LIKES, RAIN
from strategies import campaigns
from viralcommerce.campaign import Campaign, content_hash
from viralcommerce.codec import MOST_BYTES, Codec
from viralcommerce.errors import InvalidRule
from viralcommerce.kinds import KINDS
from viralcommerce.mechanics import collect
from viralcommerce.rules.base import OneOf, rule
from viralcommerce.rules.grants import Grant
from viralcommerce.rules.rewards import Reward

CODEC = Codec()
TEXT = CODEC.campaign_json(RAIN)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(campaigns())
@example(RAIN)
@example(LIKES)
@example(EVERYTHING)
def test_round_trip(campaign: Campaign) -> None:
    text = CODEC.campaign_json(campaign)
    again = CODEC.read_campaign(text)
    assert again == campaign
    assert again.hash == campaign.hash == content_hash(again)
    assert hash(again) == hash(campaign)
    assert CODEC.campaign_json(again) == text


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(campaigns())
def test_the_order_and_the_blanks_of_the_json_change_nothing(campaign: Campaign) -> None:
    data = json.loads(CODEC.campaign_json(campaign))
    turned = json.dumps(upside_down(data), indent=3, ensure_ascii=True)
    assert CODEC.read_campaign(turned).hash == campaign.hash


def upside_down(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: upside_down(value[name]) for name in reversed(value)}
    return [upside_down(each) for each in value] if isinstance(value, list) else value


def test_what_python_writes_differently_may_be_the_same_campaign() -> None:
    """A default that is said, and an instant told by another clock."""
    assert RAIN.replace(window=RAIN.window, limits=()) == RAIN
    text = CODEC.campaign_json(LIKES).decode()
    assert "2026-11-10T16:00:00+00:00" in text
    local = text.replace("2026-11-10T16:00:00+00:00", "2026-11-11T00:00:00+08:00")
    assert CODEC.read_campaign(local).hash == LIKES.hash


# Kinds of others.


@rule("badge")
class Badge(Reward):
    """A badge, with another reward on it."""

    stars: int
    pinned: Annotated[Reward, OneOf()] | None = None


BADGES = LIKES.replace(
    grants=(Grant(Badge(3, Badge(1)), to=collect.COLLECTOR, on=collect.REACHED, name="badge"),)
)


def test_a_kind_of_ones_own_is_read_back_by_a_codec_that_is_given_it() -> None:
    codec = Codec(KINDS | {"badge": Badge})
    again = codec.read_campaign(codec.campaign_json(BADGES))
    assert again == BADGES
    assert again.hash == BADGES.hash


def test_a_codec_does_not_write_what_it_could_not_read() -> None:
    with pytest.raises(InvalidRule, match="38-likes: this codec does not know Badge as 'badge'"):
        CODEC.campaign_json(BADGES)
    impostor = Codec(KINDS | {"badge": type("Badge", (Badge,), {})})
    with pytest.raises(InvalidRule, match="does not know Badge"):
        impostor.campaign_json(BADGES)


def test_a_codec_does_not_read_what_it_does_not_know() -> None:
    text = Codec(KINDS | {"badge": Badge}).campaign_json(BADGES)
    with pytest.raises(InvalidRule, match="unknown kind 'badge'; choose from: cash, coupon"):
        CODEC.read_campaign(text)
    fewer = Codec({kind: cls for kind, cls in KINDS.items() if kind != "same_device"})
    with pytest.raises(InvalidRule, match="unknown kind 'same_device'"):
        fewer.read_campaign(TEXT)


def test_a_kind_stands_under_its_own_name() -> None:
    with pytest.raises(InvalidRule, match="Badge stands under 'medal' but is written as 'badge'"):
        Codec(KINDS | {"medal": Badge})


def test_kinds_cannot_be_added_behind_a_codecs_back() -> None:
    with pytest.raises(TypeError):
        KINDS["badge"] = Badge  # type: ignore[index]


# Hostile JSON.


def at(place: str, value: str) -> bytes:
    """The text of a good campaign with raw JSON in the place of something."""
    assert TEXT.count(place.encode()) >= 1
    return TEXT.replace(place.encode(), value.encode(), 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[]", r"rain.json: expected an object with a 'kind', not \[\]"),
        (b"null", "expected an object with a 'kind'"),
        (b'"campaign"', "expected an object with a 'kind'"),
        (b"{}", "the 'kind' is missing; choose from: campaign"),
        (b'{"kind": 7}', "unknown kind 7; choose from: campaign"),
        (b'{"kind": "coupon", "amount": "CNY 1.00"}', "unknown kind 'coupon'; choose from: camp"),
        (TEXT + b"x", "not JSON: Extra data"),
        (TEXT[:-1], "not JSON"),
        (b"\xff\xfe" + "{}".encode("utf-16-le"), "not UTF-8"),
        (b'{"kind": "\xff"}', "not UTF-8"),
        (at('"parts":10', '"parts":10.0'), "10.0 is a float; write amounts like 'CNY 7.41'"),
        (at('"parts":10', '"parts":1e1'), "1e1 is a float"),
        (at('"parts":10', '"parts":NaN'), "NaN is a float"),
        (at('"parts":10', '"parts":-Infinity'), "-Infinity is a float"),
        (at('"parts":10', f'"parts":{"9" * 5000}'), "has more than 20 digits"),
        (at('"parts":10', '"parts":10,"parts":10'), "'parts' is said twice in one object"),
        (at('"budget":"CNY 200000.00"', '"budget":"unlimited","budget":"CNY 1.00"'), "said twice"),
        (at('"parts":10', '"parts":true'), "parts"),
        (at('"rain-pack"', '"../../etc/passwd"'), "name"),
        (at('"rain-pack"', r'"\ud800"'), "half a character"),
        (at('"kind":"campaign"', r'"kind":"campaign","\udfff":1'), "half a character"),
        (at('"kind":"coupon_pack"', '"kind":"os.system"'), "unknown kind 'os.system'"),
        (at('"kind":"coupon_pack"', '"kind":"viralcommerce.cli.app"'), "choose from: collect, co"),
        (at('"kind":"coupon_pack"', '"kind":"__import__"'), "unknown kind '__import__'"),
        (at('"kind":"coupon_pack"', '"kind":["coupon_pack"]'), "unknown kind"),
        (at('"kind":"coupon_pack"', '"py/object":"os.system","kind":"coupon_pack"'), "py/object"),
        (at('"kind":"coupon_pack"', '"__class__":"x","kind":"coupon_pack"'), "__class__"),
        (at('"kind":"coupon_pack"', '"_hash":"x","kind":"coupon_pack"'), "_hash"),
    ],
)
def test_hostile(text: bytes, said: str) -> None:
    """The message begins with the file, and says what and what to do."""
    with pytest.raises(InvalidRule, match=said) as caught:
        CODEC.read_campaign(text, "rain.json")
    assert caught.value.message.startswith("rain.json: ")
    assert len(caught.value.message) < 1_000


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"kind":"not","part":'])
@pytest.mark.parametrize("depth", [65, 500, 100_000])
def test_nesting_is_bounded_long_before_the_stack_is(opening: str, depth: int) -> None:
    closing = "]" if opening == "[" else "}"
    nested = opening * depth + "1" + closing * depth
    for text in (nested, at('"given":', f'"given":{nested},"was":').decode()):
        with pytest.raises(
            InvalidRule, match=r"nested too deeply|nested more than 16 deep|longer than"
        ):
            CODEC.read_campaign(text)


def test_a_very_long_text_is_not_even_parsed() -> None:
    with pytest.raises(InvalidRule, match=f"longer than {MOST_BYTES} bytes"):
        CODEC.read_campaign(b" " * (MOST_BYTES + 1))


def test_a_mark_of_the_byte_order_is_no_harm() -> None:
    assert CODEC.read_campaign(b"\xef\xbb\xbf" + TEXT) == RAIN
    assert CODEC.read_campaign("\ufeff" + TEXT.decode()) == RAIN


def test_reading_imports_nothing() -> None:
    before = set(sys.modules)
    for kind in ("antigravity", "antigravity.fly", "this"):
        with pytest.raises(InvalidRule):
            CODEC.read_campaign(at('"kind":"coupon_pack"', f'"kind":"{kind}"'))
    assert {"antigravity", "this"}.isdisjoint(set(sys.modules) - before)


json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=8),
        st.sampled_from([*KINDS, "CNY 5.00", "5%", "7 days", "always", "unlimited", "UTC"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["kind", "name", "parts", "part", "give", "to", "on", "opens", "x"]),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@given(json_values)
def test_whatever_the_json_a_campaign_or_invalid_rule(value: Any) -> None:
    with pytest.raises(InvalidRule, match="campaign: "):
        CODEC.read_campaign(json.dumps(value))


@given(st.binary(max_size=60))
def test_whatever_the_bytes_a_campaign_or_invalid_rule(data: bytes) -> None:
    with pytest.raises(InvalidRule):
        CODEC.read_campaign(data)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=200)
@given(st.sampled_from([RAIN, LIKES, EVERYTHING]), json_values, st.data())
def test_whatever_stands_anywhere_in_a_campaign(
    campaign: Campaign, value: Any, data: st.DataObject
) -> None:
    mutant = json.loads(CODEC.campaign_json(campaign))
    places = list(walk(mutant))
    *path, last = data.draw(st.sampled_from(places))
    target = mutant
    for step in path:
        target = target[step]
    target[last] = value
    with suppress(InvalidRule):  # and nothing else
        CODEC.read_campaign(json.dumps(mutant))


def walk(value: Any, place: tuple[Any, ...] = ()) -> Any:
    steps = list(value) if isinstance(value, dict) else list(range(len(value)))
    for step in steps:
        yield (*place, step)
        if isinstance(value[step], dict | list):
            yield from walk(value[step], (*place, step))


def test_a_decimal_is_not_a_way_around_floats() -> None:
    text = json.dumps({"kind": "campaign", "name": str(Decimal("1.5"))})
    with pytest.raises(InvalidRule, match="budget: field required"):
        CODEC.read_campaign(text)


def test_the_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    file.write_bytes(TEXT[:40])
    with pytest.raises(InvalidRule, match=r"broken\.json: not JSON: .* line 1 column \d+"):
        CODEC.read_campaign(file.read_bytes(), file.name)
