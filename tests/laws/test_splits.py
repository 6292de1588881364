"""The laws of rules/splits.py, by their names: one test a law."""

from collections import Counter
from fractions import Fraction
from math import comb

from hypothesis import example, given
from hypothesis import strategies as st

from viralcommerce.errors import InvalidValue
from viralcommerce.rules.base import adapter
from viralcommerce.rules.splits import EqualSplit, LadderSplit, LuckySplit, Split, WeightedSplit
from viralcommerce.values.dice import Dice, SeededDice
from viralcommerce.values.money import BHD, CNY, JPY, Currency

currencies: st.SearchStrategy[Currency] = st.sampled_from([CNY, JPY, BHD])
seeds = st.binary(min_size=1, max_size=16).map(bytes.hex)


@st.composite
def lucky_splits(draw: st.DrawFn, most_parts: int = 100, most_spare: int = 50_000) -> LuckySplit:
    """Tight packets as often as roomy ones."""
    unit = draw(currencies)
    parts = draw(st.integers(1, most_parts))
    least = draw(st.integers(1, 500))
    spare = draw(st.one_of(st.integers(0, min(3, most_spare)), st.integers(0, most_spare)))
    split = adapter(LuckySplit).validate_python(
        {
            "total": unit.minor(parts * least + spare),
            "parts": parts,
            "least": unit.minor(least),
            "how": draw(st.sampled_from(["double_mean", "uniform"])),
        }
    )
    assert isinstance(split, LuckySplit)
    return split


@st.composite
def fixed_splits(draw: st.DrawFn) -> Split:
    unit = draw(currencies)
    row = draw(st.lists(st.integers(1, 9_999), min_size=1, max_size=100))
    match draw(st.sampled_from(["equal", "ladder", "weighted"])):
        case "equal":
            return EqualSplit(unit.minor(sum(row)), parts=len(row))
        case "ladder":
            return LadderSplit(tuple(unit.minor(share) for share in row))
        case _:
            enough = -(-sum(row) // min(row)) + draw(st.integers(0, 10_000))
            return WeightedSplit(unit.minor(enough), weights=tuple(row))


splits = st.one_of(lucky_splits(), fixed_splits())


class Bent(Dice):
    """Dice that fall low, high, or as the seed has it: the edges come up often."""

    def __init__(self, seed: str, bend: int) -> None:
        self.honest = SeededDice(seed)
        self.bend = bend

    def below(self, n: int) -> int:
        match self.bend:
            case 0:
                return 0
            case 1:
                return n - 1
            case 2:
                return (0, n - 1, self.honest.below(n))[self.honest.below(3)]
            case _:
                return self.honest.below(n)


class OneFace(Dice):
    """A die that shows one face, and remembers how many it has."""

    def __init__(self, face: int) -> None:
        self.face = face
        self.sides = 1

    def below(self, n: int) -> int:
        self.sides = n
        return self.face


dice = st.builds(Bent, seeds, st.integers(0, 3))


def opened(split: Split, thrown: Dice) -> list[int]:
    left = split.total.minor
    shares: list[int] = []
    for taken in range(split.parts):
        shares.append(split.share(left, taken, thrown))
        left -= shares[-1]
    return shares


@given(splits, dice)
@example(LuckySplit(CNY(200), parts=100, least=CNY(2)), Bent("00", 1))
def test_conserves(split: Split, thrown: Dice) -> None:
    """EC-31: no share is made up, none is lost, the last is not skewed by rounding into debt."""
    assert sum(opened(split, thrown)) == split.total.minor


@given(splits, dice)
def test_none_below_least(split: Split, thrown: Dice) -> None:
    """EC-31, EC-77: the floor holds at every draw, without clamping afterwards."""
    assert min(opened(split, thrown)) >= split.least.minor >= 1


@given(splits, dice)
def test_none_above_most(split: Split, thrown: Dice) -> None:
    assert max(opened(split, thrown)) <= split.most()
    low = [max(opened(split, Bent("00", bend))) for bend in (0, 1)]
    assert split.most() in low


@given(lucky_splits(most_parts=6, most_spare=30), st.data())
def test_share_draws_its_chances(split: LuckySplit, data: st.DataObject) -> None:
    """Exact: every face of the die is shown once, so there is nothing to be alarmed about."""
    left, taken = split.total.minor, 0
    for _ in range(data.draw(st.integers(0, split.parts - 1))):
        left -= split.share(left, taken, SeededDice(data.draw(seeds)))
        taken += 1
    probe = OneFace(0)
    split.share(left, taken, probe)
    drawn = Counter(split.share(left, taken, OneFace(face)) for face in range(probe.sides))
    chances = split.chances(left, taken)
    assert {share: Fraction(times, probe.sides) for share, times in drawn.items()} == chances
    assert sum(chances.values()) == 1


@given(fixed_splits())
def test_share_draws_its_chances_when_fixed(split: Split) -> None:
    left = split.total.minor
    for taken in range(split.parts):
        share = split.share(left, taken, OneFace(0))
        assert split.chances(left, taken) == {share: 1}
        left -= share


@given(splits, seeds)
def test_same_dice_same_share(split: Split, seed: str) -> None:
    """One command, one seed: what was drawn before, and by whom, is only what is left."""
    left, taken = split.total.minor, 0
    while taken < split.parts:
        label = f"share-{taken}"
        share = split.share(left, taken, SeededDice(seed, label))
        assert split.share(left, taken, SeededDice(seed, label)) == share
        left, taken = left - share, taken + 1
    assert left == 0


@given(lucky_splits(), st.integers(0, 99), st.integers(0, 60_000))
def test_a_state_is_either_reachable_or_refused(split: LuckySplit, taken: int, left: int) -> None:
    """A remainder that can hold the least for everybody can be cut; any other is refused."""
    people = split.parts - taken
    can = people >= 1 and left >= people * split.least.minor
    try:
        share = split.share(left, taken, SeededDice("5eed"))
    except InvalidValue:
        assert not can
    else:
        assert can
        assert left - share >= (people - 1) * split.least.minor


@given(lucky_splits(most_parts=100, most_spare=200))
def test_means_add_up_to_the_total(split: LuckySplit) -> None:
    moments = split.moments()
    slack = split.parts * moments.within
    assert abs(sum(moments.means) - split.total.minor) <= slack
    assert all(variance >= -slack for variance in moments.variances)


@given(st.integers(2, 60), st.integers(0, 400))
def test_uniform_has_one_law_for_all(parts: int, spare: int) -> None:
    split = LuckySplit(JPY(parts + spare), parts=parts, how="uniform")
    assert len(set(split.means())) == len(set(split.variances())) == 1
    assert split.ways() == comb(parts + spare - 1, parts - 1)
