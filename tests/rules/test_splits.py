"""Splits: what they cut, what they refuse, what they say, and their published odds."""

import copy
import itertools
import math
import pickle
from collections import Counter
from collections.abc import Callable
from fractions import Fraction

import pytest

from viralcommerce.errors import InvalidRule, InvalidValue
from viralcommerce.rules import split_odds
from viralcommerce.rules.base import adapter, dump, load
from viralcommerce.rules.splits import (
    SPLITS,
    EqualSplit,
    LadderSplit,
    LuckySplit,
    Split,
    WeightedSplit,
)
from viralcommerce.values.dice import Dice, ScriptedDice, SeededDice
from viralcommerce.values.money import CNY, GREATEST, JPY, KWD, USD, VND, Money

KINDS = {cls.kind: cls for cls in SPLITS}
NO_DICE = ScriptedDice([])
RAIN = LuckySplit(CNY(60), parts=10, least=CNY(3))
EACH_KIND = [
    RAIN,
    LuckySplit(CNY(1), parts=5, how="uniform"),
    EqualSplit(CNY(10), parts=3),
    LadderSplit((CNY(15), CNY(10), CNY(5))),
    WeightedSplit(CNY(1), weights=(3, 2, 1)),
]


class LowDice(Dice):
    """Always the first face."""

    def below(self, n: int) -> int:
        return 0


class HighDice(Dice):
    """Always the last face."""

    def below(self, n: int) -> int:
        return n - 1


def opened(split: Split, dice: Dice) -> list[int]:
    """All shares, one after the other."""
    left, shares = split.total.minor, list[int]()
    for taken in range(split.parts):
        share = split.share(left, taken, dice)
        shares.append(share)
        left -= share
    return shares


# What is cut.


def test_equal_parts_give_the_odd_units_to_the_first() -> None:
    assert opened(EqualSplit(CNY(10), parts=3), NO_DICE) == [334, 333, 333]
    assert opened(EqualSplit(JPY(7), parts=7), NO_DICE) == [1] * 7


def test_a_ladder_gives_what_it_lists() -> None:
    ladder = LadderSplit((CNY(15), CNY(10), CNY(5)))
    assert (ladder.total, ladder.parts, ladder.least) == (CNY(30), 3, CNY(5))
    assert opened(ladder, NO_DICE) == [1500, 1000, 500]


def test_weights_share_by_largest_remainder() -> None:
    assert opened(WeightedSplit(CNY(1), weights=(3, 2, 1)), NO_DICE) == [50, 33, 17]


def test_scripted_dice_say_the_shares_of_a_lucky_split() -> None:
    assert opened(RAIN, ScriptedDice([741, *[300] * 8])) == [741, *[300] * 8, 2859]
    uniform = LuckySplit(CNY(60), parts=3, least=CNY(3), how="uniform")
    assert opened(uniform, ScriptedDice([5400, 300])) == [5400, 300, 300]


def test_the_double_mean_rule_reaches_twice_the_mean_of_what_is_left() -> None:
    """60 yuan among 10, none below 3: 30 to spare, so the first gets up to 3 + 2 * 3 yuan."""
    assert RAIN.share(6000, 0, LowDice()) == 300
    assert RAIN.share(6000, 0, HighDice()) == 900
    assert RAIN.share(5000, 5, HighDice()) == 300 + 2 * (5000 - 5 * 299) // 5 - 2


def test_only_a_lucky_split_asks_the_dice_and_only_once_a_share() -> None:
    for split in EACH_KIND:
        dice = SeededDice("5eed") if split.draws else NO_DICE
        assert sum(opened(split, dice)) == split.total.minor
    dice = ScriptedDice([300] * 9)
    opened(RAIN, dice)
    assert dice.left == 0


def test_one_part_is_all_of_it_and_asks_no_dice() -> None:
    assert opened(LuckySplit(USD(3), parts=1), NO_DICE) == [300]


def test_least_is_one_minor_unit_unless_said() -> None:
    assert LuckySplit(CNY(60), parts=10).least == CNY("0.01")
    assert LuckySplit(KWD(1), parts=10).least == KWD("0.001")
    assert LuckySplit(JPY(100), parts=10).least == JPY(1)


@pytest.mark.parametrize("how", ["double_mean", "uniform"])
@pytest.mark.parametrize(
    ("total", "parts", "least"),
    [
        (CNY("0.18"), 18, CNY("0.01")),  # rest / people is tiny: nextInt(0) threw
        (CNY("0.19"), 18, CNY("0.01")),
        (CNY(1), 18, CNY("0.01")),  # linux-do/credit#244: the last share was -0.02
        (CNY("0.02"), 2, CNY("0.01")),  # TTyb/RedEnvelop#1: 0.01 each, compared as floats
        (CNY(200), 100, CNY(2)),  # JCSprout#112: total = most * count recursed for ever
        (CNY(100), 10, CNY("9.50")),  # a high floor leaves 5 yuan to cut
    ],
)
def test_tight_packets_open_whatever_the_dice(
    how: str, total: Money, parts: int, least: Money
) -> None:
    """EC-31, EC-77, the red-packet bugs of the RQ: no throw, no recursion, no clamp."""
    split = adapter(LuckySplit).validate_python(
        {"total": total, "parts": parts, "least": least, "how": how}
    )
    for dice in (LowDice(), HighDice(), SeededDice("5eed")):
        shares = opened(split, dice)
        assert sum(shares) == total.minor
        assert min(shares) >= least.minor


def test_late_grabbers_expect_no_less() -> None:
    """EC-31, berry8838/Sakura_embyboss#28: means shrank with the position; ours only round."""
    fair = 100 + Fraction(1, 2) * sum(Fraction(1, k) for k in range(1, 19))
    for mean in LuckySplit(CNY(18), parts=18).means():
        assert abs(mean - 100) <= fair - 100


@pytest.mark.parametrize("how", ["double_mean", "uniform"])
def test_the_largest_amount_there_is_can_be_cut(how: str) -> None:
    split = adapter(LuckySplit).validate_python(
        {"total": Money(GREATEST, "CNY"), "parts": 100, "how": how}
    )
    shares = opened(split, SeededDice("5eed"))
    assert sum(shares) == GREATEST
    assert min(shares) >= 1


# What cannot be.

REFUSED: list[tuple[Callable[[], Split], str]] = [
    (
        lambda: LuckySplit(CNY(60), parts=10, least=CNY(7)),
        (
            "LuckySplit: total: CNY 60.00 does not hold 10 parts of at least CNY 7.00; "
            "cut at least CNY 70.00, or lower least to CNY 6.00, or cut into at most 8 parts"
        ),
    ),
    (
        lambda: LuckySplit(CNY(0), parts=3),
        (
            "LuckySplit: total: CNY 0.00 does not hold 3 parts of at least CNY 0.01; "
            "cut at least CNY 0.03"
        ),
    ),
    (
        lambda: LuckySplit(CNY(1), parts=3, least=USD(1)),
        (
            "LuckySplit: least: USD 1.00 is not in the currency of the total, CNY 1.00; "
            "give it in CNY"
        ),
    ),
    (
        lambda: LuckySplit(CNY(1), parts=3, least=CNY(0)),
        "LuckySplit: least: CNY 0.00 is no share; give at least CNY 0.01",
    ),
    (
        lambda: LuckySplit(Money(2**62, "CNY"), parts=3, least=Money(2**62, "CNY")),
        (
            "LuckySplit: total: CNY 46116860184273879.04 does not hold 3 parts of at least "
            "CNY 46116860184273879.04; lower least to CNY 15372286728091293.01, "
            "or cut into at most 1 part"
        ),
    ),
    (
        lambda: EqualSplit(CNY("0.02"), 3),
        (
            "EqualSplit: total: CNY 0.02 does not hold 3 parts of at least CNY 0.01; "
            "cut at least CNY 0.03, or cut into at most 2 parts"
        ),
    ),
    (
        lambda: LadderSplit((CNY(1), USD(1))),
        (
            "LadderSplit: shares[1]: USD 1.00 is not in CNY as shares[0] is; "
            "give all shares in one currency"
        ),
    ),
    (
        lambda: LadderSplit((CNY(1), CNY(0))),
        "LadderSplit: shares[1]: CNY 0.00 is nothing; leave it out",
    ),
    (
        lambda: WeightedSplit(CNY(1), weights=(1000, 1)),
        (
            "WeightedSplit: weights[1]: 1 of 1001 is too light for a share of CNY 1.00; "
            "raise it, or cut more"
        ),
    ),
    (
        lambda: WeightedSplit(CNY("0.01"), weights=(1, 1)),
        (
            "WeightedSplit: total: CNY 0.01 does not hold 2 parts of at least CNY 0.01; "
            "cut at least CNY 0.02, or cut into at most 1 part"
        ),
    ),
]


@pytest.mark.parametrize(("build", "said"), REFUSED)
def test_a_split_that_cannot_be_says_what_would_fit(build: Callable[[], Split], said: str) -> None:
    """EC-31: refused while the rule is built, not when the tenth friend opens."""
    with pytest.raises(InvalidRule) as told:
        build()
    assert str(told.value) == said


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({"kind": "lucky_split", "total": "CNY 60.00", "parts": 101}, "parts: .* 100, not 101"),
        ({"kind": "lucky_split", "total": "CNY 60.00", "parts": 0}, "parts: .* 1, not 0"),
        ({"kind": "lucky_split", "total": "CNY 60.00", "parts": True}, "parts: .* not True"),
        ({"kind": "lucky_split", "total": "CNY 60.00", "parts": 2.0}, "parts: .* not 2.0"),
        ({"kind": "lucky_split", "total": 60.0, "parts": 2}, "total: .*float"),
        (
            {"kind": "lucky_split", "total": "CNY 60.00", "parts": 2, "how": "fair"},
            "how: .*'fair'",
        ),
        ({"kind": "lucky_split", "total": "CNY 60.00"}, "parts: field required"),
        ({"kind": "equal_split", "total": "CNY 60.00", "parts": 101}, "parts: .* 100, not 101"),
        ({"kind": "ladder_split", "shares": []}, "shares: .*at least 1 item"),
        ({"kind": "ladder_split", "shares": ["CNY 1.00"] * 101}, "shares: .*at most 100 items"),
        ({"kind": "weighted_split", "total": "CNY 1.00", "weights": []}, "weights: .*at least 1"),
        (
            {"kind": "weighted_split", "total": "CNY 1.00", "weights": [0]},
            r"weights\[0\]: .* not 0",
        ),
        (
            {"kind": "random_split"},
            "choose from: equal_split, ladder_split, lucky_split, weighted",
        ),
    ],
)
def test_bad_json_names_the_field_and_what_fits(data: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidRule, match=named):
        load(data, Split, KINDS)


@pytest.mark.parametrize("split", EACH_KIND)
def test_a_remainder_of_another_split_is_refused(split: Split) -> None:
    """Clamping would hide that a packet was cut by another rule, or that a share is lost."""
    wrong = [(split.parts * split.least.minor - 1, 0), (0, split.parts), (1, split.parts)]
    for left, taken in wrong:
        with pytest.raises(InvalidValue, match="cannot be left of"):
            split.share(left, taken, SeededDice("5eed"))
        with pytest.raises(InvalidValue, match="cannot be left of"):
            split.chances(left, taken)


def test_a_fixed_split_knows_its_remainder_exactly() -> None:
    with pytest.raises(InvalidValue, match=r"999 minor units cannot be left of CNY 10\.00 after"):
        EqualSplit(CNY(10), parts=3).share(999, 0, NO_DICE)
    with pytest.raises(InvalidValue):
        EqualSplit(CNY(10), parts=3).share(333, -1, NO_DICE)


# What is written and read.


@pytest.mark.parametrize("split", EACH_KIND)
def test_a_split_is_written_in_full_and_read_back(split: Split) -> None:
    assert load(dump(split), Split, KINDS) == split
    assert pickle.loads(pickle.dumps(split)) == split == copy.deepcopy(split)
    assert hash(pickle.loads(pickle.dumps(split))) == hash(split)
    assert opened(pickle.loads(pickle.dumps(split)), SeededDice("5eed")) == opened(
        split, SeededDice("5eed")
    )


def test_a_default_is_said_so_that_a_hash_survives_its_change() -> None:
    assert dump(LuckySplit(CNY(60), parts=10)) == {
        "kind": "lucky_split",
        "total": "CNY 60.00",
        "parts": 10,
        "least": "CNY 0.01",
        "how": "double_mean",
    }
    assert dump(LadderSplit((CNY(2), CNY(1)))) == {
        "kind": "ladder_split",
        "shares": ["CNY 2.00", "CNY 1.00"],
    }


def test_a_split_is_frozen() -> None:
    with pytest.raises(AttributeError):
        RAIN.parts = 11  # type: ignore[misc]


# What a member reads.


@pytest.mark.parametrize(
    ("split", "en", "zh"),
    [
        (
            RAIN,
            "¥60 cut at random into 10 parts, none below ¥3 (the double-mean rule)",
            "60元拼手气红包，共10份，每份不低于3元（二倍均值法）",
        ),
        (
            LuckySplit(USD("9.99"), parts=3, how="uniform"),
            "$9.99 cut at random into 3 parts, none below $0.01 (all cuts equally likely)",
            "9.99美元拼手气红包，共3份，每份不低于0.01美元（各种分法机会均等）",
        ),
        (
            EqualSplit(CNY(60), parts=10),
            "¥60 cut into 10 parts of ¥6 each",
            "60元平均分成10份，每份6元",
        ),
        (
            EqualSplit(CNY(10), parts=3),
            "¥10 cut evenly into 3 parts: ¥3.34, then 2 of ¥3.33",
            "10元平均分成3份，按领取先后依次为3.34元、3.33元（2份）",
        ),
        (
            LadderSplit((CNY(15), CNY(10), CNY(5))),
            ("¥30 in 3 parts, in the order of opening: ¥15, then ¥10, then ¥5"),
            "30元，共3份，按领取先后依次为15元、10元、5元",
        ),
        (
            WeightedSplit(JPY(600), weights=(3, 2, 1)),
            (
                "JP¥600 in 3 parts weighted 3:2:1, in the order of opening: "
                "JP¥300, then JP¥200, then JP¥100"
            ),
            "600日元按3:2:1分成3份，按领取先后依次为300日元、200日元、100日元",
        ),
        (
            EqualSplit(KWD("0.5"), parts=1),
            "KWD 0.500 cut into 1 part of KWD 0.500 each",
            "KWD 0.500平均分成1份，每份KWD 0.500",
        ),
    ],
)
def test_a_split_says_itself_in_two_languages(split: Split, en: str, zh: str) -> None:
    assert split.phrase_en() == en
    assert split.phrase_zh() == zh


@pytest.mark.parametrize(
    ("split", "en", "zh"),
    [
        (
            RAIN,
            "a share is at least ¥3 and at most ¥33, on average ¥6",
            "每份最低3元，最高33元，平均6元",
        ),
        (
            LuckySplit(CNY(1), parts=3),
            "a share is at least ¥0.01 and at most ¥0.98, on average about ¥0.33",
            "每份最低0.01元，最高0.98元，平均约0.33元",
        ),
        (
            LadderSplit((CNY(5), CNY(3))),
            (
                "a share is at least ¥3 and at most ¥5, on average ¥4; "
                "by the order of opening, ¥3 to ¥5 on average"
            ),
            "每份最低3元，最高5元，平均4元；按领取先后，各份平均在3元至5元之间",
        ),
    ],
)
def test_a_split_tells_its_odds_in_two_languages(split: Split, en: str, zh: str) -> None:
    assert split.odds() == (en, zh)


# The published odds.


def chances_of(outcomes: list[tuple[int, Fraction]]) -> dict[int, Fraction]:
    """The chance of each share, from a list of outcomes in which it may stand often."""
    law: dict[int, Fraction] = {}
    for share, chance in outcomes:
        law[share] = law.get(share, Fraction(0)) + chance
    return law


@pytest.mark.parametrize("how", ["double_mean", "uniform"])
@pytest.mark.parametrize(
    ("total", "parts", "least"),
    [(6, 3, 1), (7, 2, 1), (9, 4, 1), (12, 5, 2), (20, 4, 3), (13, 4, 3), (5, 5, 1), (4, 1, 1)],
)
def test_moments_are_those_of_the_listed_outcomes(
    how: str, total: int, parts: int, least: int
) -> None:
    """Exact: every outcome is listed, with its chance."""
    split = adapter(LuckySplit).validate_python(
        {"total": JPY(total), "parts": parts, "least": JPY(least), "how": how}
    )
    listed = list(split_odds.outcomes(split))
    assert sum(chance for _, chance in listed) == 1
    assert len({shares for shares, _ in listed}) == len(listed) <= split.ways()
    for at, amount in enumerate(split.amounts()):
        law = amount.law()
        assert law == chances_of([(shares[at], chance) for shares, chance in listed])
        assert amount.least <= min(law)
        assert max(law) <= amount.most
    greatest = split.greatest()
    law = chances_of([(max(shares), chance) for shares, chance in listed])
    assert greatest.least <= min(law)
    assert max(law) <= greatest.most
    assert greatest.mean == sum(share * chance for share, chance in law.items())
    assert greatest.within == 0
    means = [sum(chance * shares[at] for shares, chance in listed) for at in range(parts)]
    squares = [sum(chance * shares[at] ** 2 for shares, chance in listed) for at in range(parts)]
    assert list(split.means()) == means
    assert list(split.variances()) == [s - m * m for s, m in zip(squares, means, strict=True)]
    assert split.moments().within == 0


@pytest.mark.parametrize("position", range(4))
def test_the_whole_law_of_a_position_is_that_of_the_listed_outcomes(position: int) -> None:
    law: Counter[int] = Counter()
    for shares, chance in split_odds.outcomes(LuckySplit(JPY(14), parts=4)):
        law[shares[position]] += chance  # type: ignore[assignment]
    assert split_odds.double_mean_shares(14, 4, position) == law


@pytest.mark.parametrize("split", [s for s in EACH_KIND if not s.draws])
def test_the_odds_of_a_fixed_split_are_certain(split: Split) -> None:
    ((shares, chance),) = split_odds.outcomes(split)
    assert chance == split.ways() == 1
    assert split.means() == shares
    assert set(split.variances()) == {0} == {split.moments().within}


def test_uniform_gives_every_way_to_cut_the_same_chance() -> None:
    split = LuckySplit(JPY(11), parts=4, least=JPY(2), how="uniform")
    listed = dict(split_odds.outcomes(split))
    ways = [cut for cut in itertools.product(range(2, 6), repeat=4) if sum(cut) == 11]
    assert listed == dict.fromkeys(ways, Fraction(1, split.ways()))


def test_fixed_point_moments_agree_with_exact_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = split_odds.double_mean_moments.__wrapped__(300, 7)
    monkeypatch.setattr(split_odds, "_EXACT", 0)
    fixed = split_odds.double_mean_moments.__wrapped__(300, 7)
    assert exact.within == 0 < fixed.within
    for one, two in zip(exact.means, fixed.means, strict=True):
        assert abs(one - two) <= fixed.within
    for one, two in zip(exact.variances, fixed.variances, strict=True):
        assert abs(one - two) <= fixed.within**2


def test_a_packet_too_large_to_count_has_the_moments_of_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted = split_odds.double_mean_moments.__wrapped__(20_000, 10)
    monkeypatch.setattr(split_odds, "_STATES", 0)
    limit = split_odds.double_mean_moments.__wrapped__(20_000, 10)
    assert limit.within == 20
    for one, two in zip(counted.means, limit.means, strict=True):
        assert abs(one - two) < 2
    for one, two in zip(counted.variances, limit.variances, strict=True):
        assert abs(math.sqrt(one) - math.sqrt(two)) < 2


def test_too_many_outcomes_are_not_listed() -> None:
    with pytest.raises(InvalidValue, match="too many to list; ask for a smaller packet"):
        split_odds.luckiest(RAIN)
    with pytest.raises(InvalidValue, match="too many for exact odds"):
        split_odds.double_mean_shares(20_000, 100, 3)
    with pytest.raises(InvalidValue, match="no position 3; choose from 0 to 2"):
        split_odds.double_mean_shares(6, 3, 3)


def test_of_equal_shares_the_earliest_is_the_luckiest() -> None:
    assert split_odds.luckiest(EqualSplit(CNY(3), parts=3)) == (1, 0, 0)
    assert split_odds.luckiest(LadderSplit((CNY(1), CNY(5), CNY(5)))) == (0, 1, 0)


def test_a_smaller_alpha_is_wilder() -> None:
    alphas = (Fraction(1, 2), Fraction(1), Fraction(2), Fraction(10))
    spread = [split_odds.dirichlet_variance(10, alpha) for alpha in alphas]
    assert spread == sorted(spread, reverse=True)
    assert split_odds.uniform_moments(10**9, 10).variances[0] / 10**18 == pytest.approx(
        float(split_odds.dirichlet_variance(10, Fraction(1))), rel=1e-7
    )


def test_odds_of_unusual_currencies_count_their_own_units() -> None:
    assert LuckySplit(VND(6), parts=3).means() == LuckySplit(CNY("0.06"), parts=3).means()


def test_some_share_reaches_the_mean_and_one_part_is_all() -> None:
    """Nobody can stay below the mean together; a single share is exactly the total."""
    for parts in (2, 3, 10):
        for bound in (Fraction(1, parts), Fraction(1, parts + 1), Fraction(0)):
            assert split_odds.uniform_none_above_limit(parts, bound) == 0
        assert split_odds.uniform_none_above_limit(parts, Fraction(1)) == 1
    assert split_odds.uniform_none_above_limit(1, Fraction(1)) == 1
    assert split_odds.uniform_none_above_limit(1, Fraction(1, 2)) == 0
