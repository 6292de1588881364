"""A decision is explained to whoever asks: with codes, in words, and no more than is theirs."""

from __future__ import annotations

import json
import typing
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from string import Formatter
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import EVERYTHING, LIKES, RAIN
from viralcommerce.campaign import Campaign
from viralcommerce.codec import as_data
from viralcommerce.errors import InvalidValue
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Accepted, Command, Refusal, Refused
from viralcommerce.readings.why import Audience, why
from viralcommerce.refusals import (
    CommonRefusal,
    FactMissing,
    LimitReached,
    NotEligible,
    NotRunning,
    OutOfBudget,
    WindowClosed,
)
from viralcommerce.runtime.shop import Shop
from viralcommerce.values.money import CNY

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
AUDIENCES: tuple[Audience, ...] = get_args(Audience)
FACTS: Mapping[str, Mapping[str, object]] = {
    "ann": {"devices": {"d1"}, "registered_at": LONG_AGO, "paid_orders": 3, "tags": ()},
    "bob": {"devices": {"d2"}, "registered_at": LONG_AGO, "paid_orders": 0, "tags": ()},
    "eve": {"devices": {"d1"}, "registered_at": LONG_AGO, "paid_orders": 2, "tags": ()},
    "new": {"devices": {"d9"}, "registered_at": NOON, "paid_orders": 0, "tags": ()},
}


class Members:
    """What this shop knows: of zed, nothing."""

    def facts(self, asked: Sequence[Any]) -> Sequence[Mapping[str, object]]:
        return [FACTS.get(each.member, {}) for each in asked]


def told(campaign: Campaign, *commands: Command) -> list[Any]:
    """The decisions of a shop, one after the other."""
    with Shop.open("memory:", campaign, members=Members()) as shop:
        return [shop.handle(campaign, command) for command in commands]


def share(by: str = "ann") -> pack.Share:
    return pack.Share(pack="p", by=by, at=NOON, key=f"share-{by}")


def grab(by: str, pack_id: str = "p") -> pack.Grab:
    return pack.Grab(pack=pack_id, by=by, at=NOON, key=f"grab-{pack_id}-{by}")


REFUSALS: list[Refusal] = [
    pack.AlreadyShared(pack="p"),
    pack.NoSuchPack(pack="p"),
    pack.OwnPack(by="bob"),
    pack.AlreadyGrabbed(by="bob", share=CNY("7.41")),
    pack.PackEmpty(parts=10),
    pack.PackOver(closes=NOON),
    WindowClosed(closes=NOON),
    NotRunning(life="draft"),
    NotEligible(unmet=("not same_device(between=[grabber, sharer])",)),
    FactMissing(facts=("grabber.devices",)),
    LimitReached(cap="cap/grabs/day", at_most=4),
    OutOfBudget(needed=CNY(60)),
]


def refused(refusal: Refusal, campaign: Campaign = RAIN) -> Refused[Any, Any]:
    return Refused(
        campaign=campaign.name,
        rules=campaign.hash,
        instance="p",
        command=grab("bob"),
        refusal=refusal,
    )


def test_a_grabber_is_told_what_they_gain_and_that_the_sharer_gains_too() -> None:
    _, decision = told(RAIN, share(), grab("bob"))
    share_of_bob = decision.events[0].share.shown()
    assert why(decision, campaign=RAIN).lines == (
        f"you get a {share_of_bob} coupon, valid until before 2026-11-29 20:00 (Asia/Shanghai)",
        "  each time a share of a pack is taken",
        "the sharer gets a ¥2 coupon",
        "9 parts left",
    )
    assert why(decision, "member", "zh", campaign=RAIN).lines[2:] == (
        "分享人获得2元优惠券",
        "还剩9份",
    )
    assert "ann" not in str(why(decision, campaign=RAIN))


def test_a_sharer_is_told_what_is_theirs_and_nothing_of_the_friend() -> None:
    _, decision = told(RAIN, share(), grab("bob"))
    said = why(decision, "holder", campaign=RAIN)
    assert said.lines[1].startswith("you get a ¥2 coupon, valid until before")
    assert "bob" not in str(said)


def test_a_percentage_names_its_base_and_its_rate() -> None:
    _, decision = told(EVERYTHING, share(), grab("bob"))
    (mine,) = (reason for reason in why(decision, campaign=EVERYTHING).reasons if reason.because)
    base = decision.events[0].share
    assert mine.because[1].code == "rate"
    assert mine.because[1].operands == {"rate": "33.3%", "base": str(base)}
    assert mine.because[1].text == f"33.3% of {base.shown()}"


def test_what_is_withheld_says_why_in_words_but_not_about_somebody_else() -> None:
    _, decision = told(EVERYTHING, share(), grab("eve"))
    said = why(decision, campaign=EVERYTHING)
    assert said.codes == (
        "granted", "withheld", "not_eligible", "unmet", "unmet_of_another", "grabbed",
    )  # fmt: skip
    assert "needed: a new member, without a paid order" in str(said)
    assert "vip" not in str(said)
    assert 'the sharer: the tag "vip"' in str(why(decision, "operator", campaign=EVERYTHING))


def test_a_limit_is_told_in_the_words_of_the_terms() -> None:
    said = why(pack_of_limits(), "operator", campaign=RAIN)
    assert "sharer-grabbed-coupon/pack" in said.lines[-2]
    assert said.lines[-1].strip() == "at most 5 for each pack"


def pack_of_limits() -> Accepted[Any, Any]:
    """The sixth grab, at which the sharer gains no more."""
    everybody = {f"m{n}": {"devices": {f"x{n}"}} for n in range(6)} | dict(FACTS)

    class All:
        def facts(self, asked: Sequence[Any]) -> Sequence[Mapping[str, object]]:
            return [everybody[each.member] for each in asked]

    with Shop.open("memory:", RAIN, members=All()) as shop:
        shop.handle(RAIN, share())
        decisions: list[Any] = [shop.handle(RAIN, grab(f"m{n}")) for n in range(6)]
    found: Accepted[Any, Any] = decisions[-1]
    assert found.withheld
    return found


def test_who_is_not_eligible_hears_what_is_needed() -> None:
    """RQ-11: the reason is in the answer."""
    _, decision = told(RAIN, share(), grab("eve"))
    said = why(decision, campaign=RAIN)
    assert said.codes == ("not_eligible", "unmet")
    assert said.lines[1] == "  needed: no device shared by the opener and the sharer"
    assert why(decision, "member", "zh", campaign=RAIN).lines == (
        "不符合参与条件",
        "  须满足：领取人和分享人没有使用过同一设备",
    )


def test_a_holder_hears_that_somebody_could_not_take_part_not_who_nor_why() -> None:
    _, decision = told(RAIN, share(), grab("eve"))
    said = why(decision, "holder", campaign=RAIN)
    assert said.codes == ("not_counted",)
    assert said.reasons[0].operands == {}


def test_an_operator_hears_the_missing_fact_and_a_member_does_not() -> None:
    _, decision = told(RAIN, share(), grab("zed"))
    assert why(decision, campaign=RAIN).lines == ("this cannot be decided yet, try again later",)
    said = why(decision, "operator", campaign=RAIN)
    assert said.codes == ("refused", "fact_missing", "missing")
    assert said.reasons[1].because[0].operands == {"role": "grabber", "fact": "devices"}
    assert RAIN.hash in said.lines[0]


def test_a_cap_is_told_in_words_to_a_member_and_by_its_quota_to_an_operator() -> None:
    decision = refused(LimitReached(cap="cap/grabs/day", at_most=4), EVERYTHING)
    assert why(decision, campaign=EVERYTHING).lines == (
        "the limit of 4 is reached",
        "  at most 4 a day for each opener",
    )
    assert "cap/grabs/day" in str(why(decision, "operator", campaign=EVERYTHING))
    assert "grabs" not in str(why(decision, campaign=EVERYTHING))


def test_a_log_has_codes_and_operands_on_one_line_each() -> None:
    _, decision = told(RAIN, share(), grab("eve"))
    lines = why(decision, "log", campaign=RAIN).lines
    assert lines[0].startswith(f"refused campaign=rain-pack instance=p rules={RAIN.hash} ")
    assert lines[1:] == (
        'not_eligible unmet=["not same_device(between=[grabber, sharer])"]',
        'unmet leaf="not same_device(between=[grabber, sharer])"',
    )
    assert why(decision, "log", "zh", campaign=RAIN).lines == lines


def test_a_log_line_cannot_be_broken_by_what_is_in_it() -> None:
    decision = refused(pack.OwnPack(by='bob" code=granted\nroot'))
    (line,) = why(decision, "log").lines[1:]
    assert line == r'own_pack by="bob\" code=granted\nroot"'


# A stranger.


@given(st.sampled_from(REFUSALS), st.sampled_from(["en", "zh"]), st.booleans())
def test_a_stranger_hears_one_and_the_same_answer_to_every_decision(
    refusal: Refusal, language: Any, known: bool
) -> None:
    """RQ-12: whether a pack exists, is empty, over or not for them cannot be told apart."""
    campaign = RAIN if known else None
    said = why(refused(refusal), "stranger", language, campaign=campaign)
    assert said == why(refused(pack.NoSuchPack(pack="other")), "stranger", language)
    assert said.codes == ("not_available",)
    assert said.reasons[0].operands == {}


def test_a_stranger_cannot_tell_an_unknown_pack_from_a_known_one() -> None:
    """RQ-12: not even from the decision about somebody who took a share."""
    _, taken, nowhere, not_theirs = told(RAIN, share(), grab("bob"), grab("bob", "q"), grab("eve"))
    answers = {
        msgspec.json.encode(why(each, "stranger", campaign=RAIN))
        for each in (taken, nowhere, not_theirs)
    }
    assert len(answers) == 1


# Everybody.


def every_refusal() -> list[type[Refusal]]:
    """Every way to say no that ships."""
    unions = (CommonRefusal, pack.Refusals, collect.Refusals)
    return [kind for union in unions for kind in typing.get_args(union)]


@pytest.mark.parametrize("kind", every_refusal(), ids=lambda kind: kind.__name__)
def test_both_sentences_of_a_refusal_are_made_from_its_operands(kind: type[Refusal]) -> None:
    fields = set(kind.__struct_fields__)
    for text in (kind.en, kind.zh):
        said = {name for _, name, _, _ in Formatter().parse(text) if name}
        assert said <= fields


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda each: each.code)
def test_no_answer_to_a_member_or_a_holder_has_an_operand_its_sentence_does_not_say(
    refusal: Refusal,
) -> None:
    for audience in ("member", "holder"):
        for reason in why(refused(refusal), audience, campaign=RAIN).reasons:  # type: ignore[arg-type]
            said = {name for _, name, _, _ in Formatter().parse(refusal.en + refusal.zh)}
            assert set(reason.operands) <= said


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda each: each.code)
def test_an_operator_hears_every_operand_of_a_refusal(refusal: Refusal) -> None:
    reason = why(refused(refusal), "operator", campaign=RAIN).reasons[1]
    assert reason.code == refusal.code
    assert set(reason.operands) == set(refusal.__struct_fields__)
    json.dumps(as_data(reason))


def test_an_operator_hears_of_every_award_and_of_everything_withheld() -> None:
    decision = pack_of_limits()
    for campaign in (RAIN, None):
        codes = why(decision, "operator", campaign=campaign).codes
        assert codes.count("granted") == len(decision.awards)
        assert codes.count("withheld") == len(decision.withheld)


@pytest.mark.parametrize("audience", AUDIENCES)
def test_without_the_campaign_less_is_said_and_nothing_fails(audience: Audience) -> None:
    decisions = told(EVERYTHING, share(), grab("bob"), grab("eve"), grab("zed"), grab("bob", "q"))
    for decision in [*decisions, *map(refused, REFUSALS)]:
        for language in ("en", "zh"):
            said = why(decision, audience, language)  # type: ignore[arg-type]
            assert said.lines
            assert all(line.strip() for line in said.lines)


def test_likes_are_explained_too() -> None:
    at = datetime.fromisoformat("2026-11-11T09:00:00+08:00")
    decisions = told(
        LIKES,
        collect.Ask(ask="a", by="ann", at=at),
        collect.Like(ask="a", by="bob", at=at),
        collect.Like(ask="a", by="new", at=at),
        collect.Like(ask="a", by="bob", at=at),
    )
    assert [str(why(each, "member", "zh", campaign=LIKES)) for each in decisions] == [
        "2026-11-13 09:00 (Asia/Shanghai)前集满38个赞",
        "已集1个赞，还差37个",
        "不符合参与条件\n  须满足：账号注册满7天",
        "您已点过赞",
    ]


def test_another_version_of_the_campaign_explains_nothing() -> None:
    with pytest.raises(InvalidValue, match=r"decided by rain-pack .*, not by everything"):
        why(refused(REFUSALS[0]), campaign=EVERYTHING)


def test_unknown_audiences_and_languages_are_refused() -> None:
    with pytest.raises(InvalidValue, match="no audience 'boss'; choose from: holder, log, member"):
        why(refused(REFUSALS[0]), "boss")  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="no language 'fr'; choose from: en, zh"):
        why(refused(REFUSALS[0]), "member", "fr")  # type: ignore[arg-type]
