"""The dice: what a recorded seed repeats, and what a script makes of them."""

import hashlib
from collections import Counter
from itertools import combinations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viralcommerce.errors import InvalidValue
from viralcommerce.values.dice import Dice, ScriptedDice, SeededDice, script
from viralcommerce.values.dice import dice as dice_of

SEED = "00112233445566778899aabbccddeeff"
seeds = st.text("0123456789abcdef", min_size=1, max_size=64)
labels = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
sides = st.one_of(
    st.integers(1, 10),
    st.integers(1, 2**64),
    st.sampled_from([2**63 + 1, 2**64, 2**64 + 1, 2**127 + 1]),
    st.integers(1, 2**300),
)


class OneFace(Dice):
    """A die that always shows the same face, and remembers how many it has."""

    def __init__(self, face: int) -> None:
        self.face = face
        self.sides = 0

    def below(self, n: int) -> int:
        self.sides = n
        return self.face


def by_the_book(seed: str, label: str, asked: list[int]) -> list[int]:
    """The documented algorithm once more, slowly, from the digits that ``sha256sum`` prints."""
    digits, block = "", 0

    def take(words: int) -> int:
        nonlocal digits, block
        while len(digits) < 16 * words:
            text = ":".join(("viralcommerce.dice.1", seed, label, str(block)))
            digits += hashlib.sha256(text.encode()).hexdigest()
            block += 1
        number, digits = int(digits[: 16 * words], 16), digits[16 * words :]
        return number

    answers: list[int] = []
    for n in asked:
        words = next(k for k in range(1, 20) if n <= 2 ** (64 * k))
        fair = 2 ** (64 * words) // n * n  # the greatest multiple of n that the words reach
        number = take(words)
        while number >= fair:
            number = take(words)
        answers.append(number % n)
    return answers


def test_a_die_of_six_falls_as_published() -> None:
    dice = SeededDice(SEED, "split")
    assert [dice.between(1, 6) for _ in range(12)] == [4, 3, 5, 5, 1, 2, 5, 6, 4, 1, 2, 4]


def test_the_first_word_is_what_sha256sum_prints() -> None:
    digest = hashlib.sha256(f"viralcommerce.dice.1:{SEED}:split:0".encode()).hexdigest()
    assert digest == "e3e394cc23c17f218e299fd52e35e62493e24dfde07a4f6a4965abe7bc843cfe"
    assert SeededDice(SEED, "split").below(2**64) == 0xE3E394CC23C17F21


def test_a_wide_draw_reads_several_words_as_one_number() -> None:
    assert SeededDice(SEED, "split").below(2**128) == 0xE3E394CC23C17F218E299FD52E35E624


@given(seeds, labels, st.lists(sides, max_size=12))
def test_dice_follow_their_book_byte_for_byte(seed: str, label: str, asked: list[int]) -> None:
    dice = SeededDice(seed, label)
    assert [dice.below(n) for n in asked] == by_the_book(seed, label, asked)


@pytest.mark.parametrize("seed", ["", "xyz", "AB12", "0x12", "12 34", "12\n", "１２"])
def test_a_seed_is_lower_case_hexadecimal(seed: str) -> None:
    with pytest.raises(InvalidValue, match="lower-case hexadecimal"):
        SeededDice(seed)


@pytest.mark.parametrize("sides", [0, -1, 2.0, True])
def test_a_die_has_a_whole_number_of_sides(sides: int) -> None:
    with pytest.raises(InvalidValue, match="whole number of sides, at least 1"):
        SeededDice(SEED).below(sides)


@pytest.mark.parametrize("dice", [SeededDice(SEED), ScriptedDice([3])])
def test_an_empty_range_is_refused(dice: Dice) -> None:
    with pytest.raises(InvalidValue, match=r"3\.\.2 holds no number"):
        dice.between(3, 2)
    with pytest.raises(InvalidValue, match=r"3\.\.2 holds no number"):
        dice.least_of(1, 3, 2)


def test_faces_come_equally_often() -> None:
    """Chi-square with 9 degrees of freedom: above 44.811 once in a million honest dice.

    43,034 draws see a bias of a tenth on one face with a power of 99.9 %.
    """
    draws = 43_034
    dice = SeededDice(SEED, "faces")
    seen = Counter(dice.below(10) for _ in range(draws))
    assert sum((seen[face] - draws / 10) ** 2 for face in range(10)) / (draws / 10) < 44.811


@pytest.mark.parametrize(("size", "count"), [(5, 1), (5, 2), (6, 3), (7, 7), (8, 5), (9, 4)])
def test_the_least_of_several_is_as_likely_as_counting_says(size: int, count: int) -> None:
    """Exact: every rank is drawn once; every set of numbers has to turn up exactly once."""
    counted = Counter(min(chosen) for chosen in combinations(range(10, 10 + size), count))
    drawn = Counter(
        OneFace(rank).least_of(count, 10, 9 + size) for rank in range(comb(size, count))
    )
    assert drawn == counted


@given(st.integers(1, 99), st.integers(0, 20_000_000) | st.integers(2**56, 2**58), st.data())
def test_the_least_of_many_inverts_its_law_exactly(
    count: int, more: int, data: st.DataObject
) -> None:
    """P(least > k) = C(size - k, count) / C(size, count), to the last rank, whatever the size."""
    size = count + more
    rank = data.draw(st.integers(0, comb(size, count) - 1))
    die = OneFace(rank)
    least = die.least_of(count, 1, size)
    assert die.sides == comb(size, count)
    assert comb(size - least, count) <= rank < comb(size - least + 1, count)


@pytest.mark.parametrize("count", [0, 4])
def test_more_numbers_than_there_are_cannot_be_drawn(count: int) -> None:
    with pytest.raises(InvalidValue, match=r"cannot be drawn from 1\.\.3; draw 1 to 3"):
        SeededDice(SEED).least_of(count, 1, 3)


def test_scripted_dice_fall_as_written() -> None:
    dice = ScriptedDice([741, 0, 5])
    assert dice.left == 3
    assert [dice.between(300, 1199), dice.below(1), dice.least_of(2, 1, 6)] == [741, 0, 5]
    assert dice.left == 0
    assert ScriptedDice([3]).between(3, 3) == 3


def test_a_script_outside_of_the_draw_says_what_the_draw_can_give() -> None:
    with pytest.raises(InvalidValue, match=r"value 1 is 299, outside of 300\.\.1199"):
        ScriptedDice([299]).between(300, 1199)
    with pytest.raises(InvalidValue, match=r"value 1 is 10, outside of 0\.\.9"):
        ScriptedDice([10]).below(10)
    with pytest.raises(InvalidValue, match=r"value 1 is 6, outside of 1\.\.5"):
        ScriptedDice([6]).least_of(2, 1, 6)


def test_a_script_that_has_run_out_says_so() -> None:
    dice = ScriptedDice([1])
    dice.below(2)
    with pytest.raises(InvalidValue, match="all 1 values are drawn"):
        dice.below(2)


def test_scripted_dice_have_sides_too() -> None:
    with pytest.raises(InvalidValue, match="whole number of sides"):
        ScriptedDice([0]).below(0)


def test_entropy_is_a_seed_a_script_or_nothing() -> None:
    assert dice_of(SEED, "split").below(2**64) == SeededDice(SEED, "split").below(2**64)
    scripted = dice_of(script(741, 0))
    assert (scripted.between(300, 1199), scripted.below(1)) == (741, 0)
    for bad in ("=", "=a", "=1;2"):
        with pytest.raises(InvalidValue, match="is no script; write whole numbers like"):
            dice_of(bad)
    with pytest.raises(InvalidValue, match="lower-case hexadecimal"):
        dice_of("741,300")


def test_without_entropy_there_is_nothing_to_throw() -> None:
    nothing = dice_of("")
    for throw in (
        lambda: nothing.below(6),
        lambda: nothing.between(1, 6),
        lambda: nothing.least_of(2, 1, 6),
    ):
        with pytest.raises(InvalidValue, match="the command has no entropy; let the shop stamp"):
            throw()


# The laws of values/dice.py, by their names.


@given(seeds, labels, st.integers(-(10**9), 10**9), st.integers(0, 2**70))
def test_dice_in_bounds(seed: str, label: str, lo: int, more: int) -> None:
    dice = SeededDice(seed, label)
    assert 0 <= dice.below(more + 1) <= more
    assert lo <= dice.between(lo, lo + more) <= lo + more


@given(seeds, labels, st.lists(sides, max_size=8))
def test_dice_repeat(seed: str, label: str, asked: list[int]) -> None:
    one, two = SeededDice(seed, label), SeededDice(seed, label)
    assert [one.below(n) for n in asked] == [two.below(n) for n in asked]


@given(seeds, labels, labels)
def test_labels_part(seed: str, label: str, other: str) -> None:
    """Two labels share a row of 64-bit words once in 2^64 pairs: the false-alarm rate."""
    same = SeededDice(seed, label).below(2**64) == SeededDice(seed, other).below(2**64)
    assert same == (label == other)


def test_words_of_two_labels_are_unrelated() -> None:
    """Bits that agree are 32,000 of 64,000 give or take 620: 4.9 sigma, once in a million."""
    left, right = SeededDice(SEED, "pack"), SeededDice(SEED, "code")
    agree = sum(64 - (left.below(2**64) ^ right.below(2**64)).bit_count() for _ in range(1_000))
    assert abs(agree - 32_000) < 620
