"""Terms are printed from the campaign alone, and say all of it (EC-4, EC-2; style: no prose
beside the predicate)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns import EVERYTHING, FRIENDS, LIKES, RAIN
from strategies import campaigns
from viralcommerce.campaign import Campaign
from viralcommerce.codec import Codec
from viralcommerce.errors import InvalidRule, InvalidValue
from viralcommerce.kinds import KINDS
from viralcommerce.mechanics import collect
from viralcommerce.readings import clauses
from viralcommerce.readings.terms import terms
from viralcommerce.rules.base import dump, rule
from viralcommerce.rules.grants import Grant
from viralcommerce.rules.limits import UNLIMITED
from viralcommerce.rules.rewards import Cash, Reward
from viralcommerce.rules.wording import Language, in_chinese, span_zh
from viralcommerce.values.money import CNY, Money
from viralcommerce.values.spans import hours, read_span, write_span
from viralcommerce.values.zones import Zone

GOLDEN: Final = Path(__file__).parents[1] / "golden" / "terms"
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
MONEY = re.compile(r"[A-Z]{3} [0-9]+(\.[0-9]+)?")
SHARE = re.compile(r"([0-9.]+)%|([0-9]+)/([0-9]+)")
SPAN = re.compile(r"[0-9.]+ (second|minute|hour|day)")
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T")
VERBATIM = frozenset({"name", "sku", "to_buy", "campaign", "title", "tag", "field"})
CODEC = Codec()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "campaign", [RAIN, LIKES, EVERYTHING, FRIENDS], ids=lambda each: each.name
)
def test_terms_read_as_they_did(campaign: Campaign, language: Language) -> None:
    golden = GOLDEN / f"{campaign.name}.{language}.txt"
    assert str(terms(campaign, language)) == golden.read_text(encoding="utf-8")


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(campaigns())
def test_every_number_of_a_campaign_stands_in_its_terms(campaign: Campaign) -> None:
    for language in LANGUAGES:
        text = without_version(campaign, language)
        numbers = numbers_in(text.replace(",", ""))
        for key, value in scalars(dump(campaign)):
            for said in as_said(key, value, campaign.zone, language):
                assert said in (text if isinstance(said, str) else numbers), (key, value, text)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(campaigns(), st.data())
def test_a_changed_field_changes_the_terms(campaign: Campaign, data: st.DataObject) -> None:
    """Equal terms, equal decisions: what changes no word can change no decision."""
    written = json.loads(CODEC.campaign_json(campaign))
    places = list(changes(written))
    place, new = data.draw(st.sampled_from(places))
    changed = changed_at(written, place, new)
    if changed is None or changed == campaign or is_inert(campaign, written, place):
        return
    for language in LANGUAGES:
        assert without_version(changed, language) != without_version(campaign, language), place


@pytest.mark.parametrize(
    "campaign", [RAIN, LIKES, EVERYTHING, FRIENDS], ids=lambda each: each.name
)
def test_every_change_of_a_known_campaign_is_told(campaign: Campaign) -> None:
    written = json.loads(CODEC.campaign_json(campaign))
    told = 0
    for place, new in changes(written):
        changed = changed_at(written, place, new)
        if changed is None or is_inert(campaign, written, place):
            continue
        for language in LANGUAGES:
            assert without_version(changed, language) != without_version(campaign, language), place
        assert terms(changed).version != terms(campaign).version
        told += 1
    assert told > 10


def test_a_day_ends_at_midnight_of_the_zone_that_is_named() -> None:
    """EC-4: whose midnight ends a day is said."""
    assert "Asia/Shanghai; a day begins and ends at midnight there" in str(terms(LIKES, "en"))
    assert "Asia/Shanghai时区为准，每天以零点为界" in str(terms(LIKES, "zh"))


def test_a_day_of_validity_is_said_to_be_24_hours() -> None:
    """EC-2: elapsed time, whatever the clocks do."""
    assert "a day is 24 hours" in str(terms(RAIN, "en"))
    assert "1天为24小时" in str(terms(RAIN, "zh"))


def test_nobody_is_refused_for_what_the_clock_earns() -> None:
    """A deadline cannot be refused: a reward that is short then is not given."""
    campaign = LIKES.replace(
        budget=CNY(50),
        grants=(
            Grant(Cash(CNY(1)), to=collect.COLLECTOR, on=collect.LAPSED),
            Grant(Cash(CNY(2)), to=collect.COLLECTOR, on=collect.REACHED),
        ),
    )
    lapsed, reached = next(
        section.clauses for section in terms(campaign).sections if section.heading == "Rewards"
    )
    assert lapsed.endswith("When the budget no longer covers it, it is not given.")
    assert reached.endswith("the action that would earn it is refused.")


def test_no_third_language_is_made_up() -> None:
    with pytest.raises(InvalidValue, match="no language 'fr'; choose from: en, zh"):
        terms(RAIN, "fr")  # type: ignore[arg-type]


def test_a_reward_that_says_nothing_of_itself_is_spelled_out() -> None:
    @rule("parking")
    class Parking(Reward):
        hours: int

    campaign = Campaign(
        "parking",
        collect.Collect(goal=3, within=hours(2)),
        grants=(Grant(Parking(9), to=collect.COLLECTOR, on=collect.REACHED),),
        budget=UNLIMITED,
    )
    assert "the collector gets parking (hours: 9)." in str(terms(campaign, "en"))
    assert "发起人可获得parking（hours: 9）。" in str(terms(campaign, "zh"))
    codec = Codec(dict(KINDS) | {"parking": Parking})
    assert codec.read_campaign(codec.campaign_json(campaign)) == campaign


def without_version(campaign: Campaign, language: Language) -> str:
    return str(terms(campaign, language)).replace(campaign.hash, "")


def scalars(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name != "kind":
                yield from scalars(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from scalars(inner, key)
    else:
        yield key, value


def as_said(key: str, value: Any, zone: str, language: Language) -> list[str | Decimal]:
    """What of a value must stand in the terms: texts, or numbers by their value."""
    if isinstance(value, int):
        return [Decimal(value)]
    if not isinstance(value, str):
        return []
    if key in VERBATIM:
        return [value]
    if MONEY.fullmatch(value):
        money = Money.parse(value)
        return [in_chinese(money) if language == "zh" else money.shown()]
    if SHARE.fullmatch(value):
        return [] if value == "100%" else [value]
    if SPAN.match(value):
        span = read_span(value)
        return [span_zh(span) if language == "zh" else write_span(span)] if span else []
    if TIME.match(value):
        at = datetime.fromisoformat(value)
        wall = at if at.tzinfo is None else Zone.of(zone).wall(at)
        return [
            Decimal(part) for part in (wall.year, wall.month, wall.day, wall.hour, wall.minute)
        ]
    return []


def numbers_in(text: str) -> set[Decimal]:
    return {Decimal(found) for found in re.findall(r"-?[0-9]+(?:\.[0-9]+)?", text)} | {
        Decimal(found) for found in re.findall(r"[0-9]+", text)
    }


Place = tuple[str | int, ...]
CHOICES: dict[str, tuple[Any, ...]] = {
    "own": ("refused", "allowed"),
    "counts_from": ("order", "receipt"),
    "base": ("list", "paid", "paid_without_shipping", "paid_without_tax", "goods"),
    "deeper": ("", "more_than_two"),
    "levels": (1, 2, 3, 4),
    "code_uses": ("unlimited", 1),
    "rebinds": ("never", "until_order", "better", "always"),
    "prefers": ("code", "link"),
    "owing": ("carry", "write_off", "net", "block"),
    "payouts": (None,),
    "least": (None,),
    "owes_at_most": (None,),
    "how": ("double_mean", "uniform"),
    "if_short": ("refuse", "drop", "clip"),
    "zone": ("UTC", "Asia/Tokyo"),
    "rounding": ("up", "down", "half_up", "half_down", "half_even", "ceiling", "floor"),
    "budget": ("unlimited", "CNY 99999999.00", "USD 99999999.00", "JPY 99999999"),
    "stock": ("unlimited", 7),
    "window": ("always", {"opens": "2026-02-03T00:00:00+00:00"}),
    "given": (None, {"kind": "has_tag", "tag": "night owl"}),
    "key": ("member", "household"),
    "to": ("sharer", "grabber", "luckiest", "collector", "liker"),
    "on": ("opened", "grabbed", "emptied", "asked", "liked", "reached", "lapsed"),
    "of": ("", "sharer", "grabber", "collector", "liker"),
}


def changes(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Places in a written campaign, each with something else that may stand there."""
    key = next((str(step) for step in reversed(place) if isinstance(step, str)), "")
    if key in CHOICES and not isinstance(place[-1], int):
        yield from ((place, new) for new in CHOICES[key] if new != value)
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in ("kind", "per"):
                yield from changes(inner, (*place, name))
        return
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from changes(inner, (*place, index))
        if len(value) > 1 and key in ("grants", "limits", "at_most", "shares", "weights", "tiers"):
            yield place, value[1:]
        return
    if isinstance(value, int):
        yield place, value + 1
    elif isinstance(value, str) and MONEY.fullmatch(value):
        money = Money.parse(value)
        yield place, str(money + Money(1, money.currency))
    elif isinstance(value, str) and SHARE.fullmatch(value):
        yield place, "2/7"
    elif isinstance(value, str) and SPAN.match(value):
        yield place, "5 days 3 hours"
    elif isinstance(value, str) and TIME.match(value):
        yield place, value.replace("2026-", "2029-").replace("2027-", "2029-")
    elif isinstance(value, str) and key in VERBATIM:
        yield place, f"{value}9"


def changed_at(written: Any, place: Place, new: Any) -> Campaign | None:
    """The campaign with another value at a place; None where that cannot be."""
    copy = json.loads(json.dumps(written))
    target = copy
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = new
    try:
        return CODEC.read_campaign(json.dumps(copy))
    except InvalidRule:
        return None


def is_inert(campaign: Campaign, written: Any, place: Place) -> bool:
    """Whether what stands at a place can change no decision of this campaign."""
    if place == ("rounding",):
        return not clauses.rounds(campaign)
    if place[-1] == "of" and place[0] == "limits":
        return written["limits"][place[1]]["per"][0] != "member"
    if place[-1] == "if_short":
        names = [written]
        for step in place[:-1]:
            names.append(names[-1][step])
        grant = next(g for _, g in campaign.every_grant() if g.name == names[-1]["name"])
        if campaign.mechanic.milestones[grant.on].clock:
            return True
        return not (clauses.short_of_stock(grant) or clauses.short_of_budget(campaign, grant))
    return False


def write_golden() -> None:
    """Run this file to write them anew: ``python tests/readings/test_terms.py``."""
    for campaign in (RAIN, LIKES, EVERYTHING, FRIENDS):
        for language in LANGUAGES:
            file = GOLDEN / f"{campaign.name}.{language}.txt"
            file.write_text(str(terms(campaign, language)), encoding="utf-8")


if __name__ == "__main__":
    write_golden()
