"""Dice: where chance enters a decision, by the hand of whoever sends the command.

Nothing here asks the machine for randomness. `SeededDice` expands the entropy of one command into
uniform numbers that anybody can draw again, in any language, from what the journal holds::

    block(i)       SHA-256 of "viralcommerce.dice.1:" SEED ":" LABEL ":" i, in UTF-8, i = 0, 1, ...
    words          the blocks in order, each as four big-endian numbers of 64 bits
    below(n)       k words, the fewest with n <= 2^(64 k), are one big-endian number w;
                   if w - w mod n + n > 2^(64 k), take the next k; else the answer is w mod n
    between(a, b)  a + below(b - a + 1)
    least_of(c, a, b)  r = below(C(b - a + 1, c)); b - x, for the greatest x with C(x, c) <= r

so the first word is the first sixteen digits of
``printf 'viralcommerce.dice.1:%s:%s:0' SEED LABEL | sha256sum``. Rejection makes every answer
exactly as likely as the next one: there is no modulo bias.

Laws:
    Dice in bounds: ``0 <= below(n) < n`` and ``lo <= between(lo, hi) <= hi``.
    Dice repeat: the same seed and label give the same numbers, on every machine and version.
    Labels part: two labels under one seed give two unrelated rows of numbers.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator
from math import comb
from typing import Protocol

from viralcommerce.errors import InvalidValue

_HEX = "0123456789abcdef"
_WORD = 1 << 64
_NONE: Iterator[int] = iter(())
_four_words = struct.Struct(">4Q").unpack
_sha256 = hashlib.sha256


class Dice(Protocol):
    """What a draw asks. A class that inherits from it has to write `below` only."""

    def below(self, n: int) -> int:
        """A number in ``[0, n)``, every one equally likely."""
        ...

    def between(self, lo: int, hi: int) -> int:
        """A number in ``[lo, hi]``, both ends included, every one equally likely.

        Raises:
            InvalidValue: when `hi` is below `lo`.
        """
        if hi < lo:
            raise _no_range(lo, hi)
        return lo + self.below(hi - lo + 1)

    def least_of(self, count: int, lo: int, hi: int) -> int:
        """The least of `count` different numbers in ``[lo, hi]``, all sets of them equally likely.

        One draw, whatever the count: the rank of the set among all ``C(hi - lo + 1, count)``.

        Raises:
            InvalidValue: when `hi` is below `lo`, or the range holds no `count` different numbers.
        """
        if hi < lo:
            raise _no_range(lo, hi)
        size = hi - lo + 1
        if not 1 <= count <= size:
            raise InvalidValue(
                f"dice.least_of: {count} different numbers cannot be drawn from {lo}..{hi}; "
                f"draw 1 to {size}",
                count=count,
                lo=lo,
                hi=hi,
            )
        if count == 1:
            return hi - self.below(size)
        ways = comb(size, count)
        return hi - _leading(self.below(ways), ways, size, count)


class SeededDice(Dice):
    """Dice that the entropy of a command has loaded, once and for all.

    Args:
        seed: lower-case hexadecimal digits, at least one; 32 from a CSPRNG where members may not
            guess the draw.
        label: what is being drawn, so that two draws of one command do not repeat each other.

    Raises:
        InvalidValue: when the seed is not lower-case hexadecimal.

    Example:
        >>> dice = SeededDice("00112233445566778899aabbccddeeff", "split")
        >>> [dice.between(1, 6) for _ in range(8)]
        [4, 3, 5, 5, 1, 2, 5, 6]
    """

    __slots__ = ("_blocks", "_label", "_seed", "_words")

    def __init__(self, seed: str, label: str = "") -> None:
        if not seed or seed.strip(_HEX):
            raise InvalidValue(
                f"dice: a seed is lower-case hexadecimal, not {seed!r:.80}; "
                "give it like '9f86d081884c7d65'",
                seed=seed,
            )
        self._seed = seed
        self._label = label
        self._blocks = 0
        self._words: Iterator[int] = _NONE

    def below(self, n: int) -> int:
        """A number in ``[0, n)``, every one equally likely; `n` may be of any size.

        Raises:
            InvalidValue: when `n` is not a whole number, at least 1.
        """
        if type(n) is not int or n < 1:
            raise _no_sides(n)
        if n > _WORD:
            return self._wide(n)
        while True:
            for word in self._words:
                rest = word % n
                if word - rest + n <= _WORD:
                    return rest
            self._expand()

    def _wide(self, n: int) -> int:
        count = -(-(n - 1).bit_length() // 64)
        limit = 1 << 64 * count
        while True:
            word = 0
            for _ in range(count):
                word = word << 64 | self.below(_WORD)
            rest = word % n
            if word - rest + n <= limit:
                return rest

    def _expand(self) -> None:
        text = f"viralcommerce.dice.1:{self._seed}:{self._label}:{self._blocks}"
        self._words = iter(_four_words(_sha256(text.encode()).digest()))
        self._blocks += 1


class ScriptedDice(Dice):
    """Dice that fall as the test says: the given values, in order.

    Each value is what the draw answers: with a lucky split, the share in minor units.

    Raises:
        InvalidValue: from a draw, when its value lies outside of what that draw can give, or when
            no value is left.

    Example:
        >>> dice = ScriptedDice([741, 3])
        >>> dice.between(300, 1199), dice.below(10)
        (741, 3)
    """

    __slots__ = ("_thrown", "_values")

    def __init__(self, values: Iterable[int]) -> None:
        self._values = tuple(values)
        self._thrown = 0

    def below(self, n: int) -> int:
        """The next value, which has to lie in ``[0, n)``."""
        if n < 1:
            raise _no_sides(n)
        return self._next(0, n - 1)

    def between(self, lo: int, hi: int) -> int:
        """The next value, which has to lie in ``[lo, hi]``."""
        if hi < lo:
            raise _no_range(lo, hi)
        return self._next(lo, hi)

    def least_of(self, count: int, lo: int, hi: int) -> int:
        """The next value, which has to leave room above it for ``count - 1`` more numbers."""
        return self.between(lo, hi - count + 1)

    @property
    def left(self) -> int:
        """How many values have not been drawn yet."""
        return len(self._values) - self._thrown

    def _next(self, lo: int, hi: int) -> int:
        position = self._thrown
        if position == len(self._values):
            raise InvalidValue(
                f"scripted dice: all {position} values are drawn and one more in {lo}..{hi} is "
                "asked; script more values",
                lo=lo,
                hi=hi,
            )
        value = self._values[position]
        if not lo <= value <= hi:
            raise InvalidValue(
                f"scripted dice: value {position + 1} is {value}, outside of {lo}..{hi}; "
                "script a value this draw can give",
                value=value,
                lo=lo,
                hi=hi,
            )
        self._thrown += 1
        return value


def dice(entropy: str, label: str = "") -> Dice:
    """The dice that the entropy of a command stands for.

    Args:
        entropy: hexadecimal digits are a seed; ``"=741,300"`` is a script, for stories in tests;
            nothing at all makes dice that cannot be thrown, for commands that draw nothing.
        label: what is being drawn; scripts fall the same under every label.

    Raises:
        InvalidValue: neither a seed nor a script.

    Example:
        >>> dice("=741").between(300, 1199)
        741
    """
    if not entropy:
        return _NO_DICE
    if entropy[0] != "=":
        return SeededDice(entropy, label)
    try:
        return ScriptedDice([int(value) for value in entropy[1:].split(",")])
    except ValueError:
        raise InvalidValue(
            f"dice: {entropy!r:.80} is no script; write whole numbers like '=741,300'",
            entropy=entropy,
        ) from None


def script(*values: int) -> str:
    """The entropy that makes dice fall as given: ``dice(script(741, 300))``."""
    return "=" + ",".join(map(str, values))


class _NoDice(Dice):
    """What a command without entropy has."""

    __slots__ = ()

    def below(self, n: int) -> int:
        raise InvalidValue(
            f"dice: one of {n} is to be drawn, and the command has no entropy; "
            "let the shop stamp it, or give a hexadecimal seed"
        )


_NO_DICE: Dice = _NoDice()


def _leading(rank: int, ways: int, size: int, count: int) -> int:
    """The greatest ``a < size`` with ``C(a, count) <= rank``, exactly, for ``rank < ways``.

    It is the first digit of `rank` in the combinatorial number system. A float only says where to
    begin looking, so the answer is the same on every machine.
    """
    middle = (count - 1) / 2
    a = int((size - middle) * (rank / ways) ** (1 / count) + middle)
    a = max(a, count - 1)
    here = comb(a, count)
    while here > rank:
        here = here * (a - count) // a
        a -= 1
    while True:
        above = here * (a + 1) // (a + 1 - count) if here else 1
        if above > rank:
            return a
        a, here = a + 1, above


def _no_sides(n: int) -> InvalidValue:
    return InvalidValue(
        f"dice.below: a die has a whole number of sides, at least 1, not {n!r:.80}", sides=n
    )


def _no_range(lo: int, hi: int) -> InvalidValue:
    return InvalidValue(
        f"dice: {lo}..{hi} holds no number; give the lower end first", lo=lo, hi=hi
    )
