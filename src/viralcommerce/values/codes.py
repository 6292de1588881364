"""Codes that people read out, photograph and type: how they are made, and how they are read.

One canonical form is used to store and to look up, so that ``7f3k-9qz2``, full-width letters out
of a chat app and an ``O`` for a ``0`` all find the same code. A check character tells a typing
error from an unknown code. What is drawn is uniform, and a run too dense to be safe from guessing
is refused before its first code is made.

A code is drawn so, in any language: read SHAKE-256 of ``viralcommerce.code.1:`` and the entropy
byte by byte; of each byte take the fewest low bits that can count the alphabet; skip numbers past
its end, else write that letter. A body that reads like a screened word is dropped, and the next
is read on from there.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from fractions import Fraction
from functools import cached_property
from itertools import islice
from string import ascii_uppercase
from typing import Final

from viralcommerce.errors import InvalidValue

CROCKFORD_32: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Digits and capitals without the look-alikes I, L, O, and without U (Crockford's Base 32)."""

SPARSE: Final = 10_000
"""A run is sparse when a guess that looks right is a code at most once in so many times."""

RUDE: Final = frozenset({
    *("ANUS", "ARSE", "ASS", "BITCH", "BOOB", "COCK", "CUNT", "DICK", "FAG", "FUCK", "FUK"),
    *("HITLER", "JIZZ", "KKK", "NAZI", "NIGG", "PENIS", "PISS", "PORN", "PUSSY", "RAPE", "SEX"),
    *("SHIT", "SLUT", "TIT", "TWAT", "WANK", "WHORE", "CNM", "NMSL", "SB", "TMD"),
})  # fmt: skip
"""Words that no code should spell, English and Chinese; a shop adds its brands and offers."""

_ALIKE: Final = ("0O", "1IL")
_READS_AS: Final = str.maketrans("0123456789LV", "OIZEASGTBGIU")
_TURKISH_I: Final = (0x130, 0x131)  # what a Turkish keyboard makes of i and I
_DASHES: Final = frozenset("-_\u2212\u30fc")
_UNSEEN: Final = frozenset({"Pd", "Zs", "Zl", "Zp", "Cc", "Cf"})
_BLANKS: Final = dict.fromkeys([*range(33), 127, *map(ord, "-_")])
_PLAIN: Final = r"[A-Z0-9]*"
_LONGEST: Final = 64
_LEAST_ENTROPY: Final = 16
_MOST_TRIES: Final = 1_000


@dataclass(frozen=True)
class CodeFormat:
    """How the codes of one kind look, are drawn and are read.

    Args:
        length: characters after the prefix, the check character among them; up to 64.
        alphabet: different capitals and digits, no two alike (0 and O; 1, I and L); an even
            number of them if there is a check character.
        check: whether the last character checks the others (Luhn mod N); the prefix is not
            checked, it is the same for every code.
        prefix: capitals and digits in front (``RIDE``); no secret.
        group: characters between two dashes where a code is shown; 0 for no dashes.
        screened: words that no code may spell, look-alikes included (see `RUDE`).

    Raises:
        InvalidValue: a format that cannot be.

    Laws:
        Idempotent: ``canonical(canonical(t)) == canonical(t)``.
        Forgiving: ``canonical(shown(c)) == c``, whatever the case, width, dashes and blanks.
        Well formed: all that is drawn is.
        Single errors: a code with one other character of its alphabet is not well formed.
        Screened: nothing drawn reads like a screened word.

    Example:
        >>> ride = CodeFormat(8)
        >>> ride.check_char("7F3K9QZ"), ride.canonical(" 7f3k-9qz2 "), ride.shown("7F3K9QZ2")
        ('2', '7F3K9QZ2', '7F3K-9QZ2')
        >>> ride.is_well_formed("7F3K-9QZ2"), ride.is_well_formed("7F3K-9QZ3")
        (True, False)
    """

    length: int
    _: KW_ONLY
    alphabet: str = CROCKFORD_32
    check: bool = True
    prefix: str = ""
    group: int = 4
    screened: frozenset[str] = RUDE

    def __post_init__(self) -> None:
        letters = self.alphabet
        if (
            not re.fullmatch(_PLAIN, letters)
            or len(letters) < 2
            or len(set(letters)) < len(letters)
        ):
            raise InvalidValue(
                f"code: alphabet {letters!r:.80}: give different capitals and digits"
            )
        for alike in _ALIKE:
            both = sorted(set(letters) & set(alike))
            if len(both) > 1:
                raise InvalidValue(
                    f"code: alphabet has {' and '.join(both)}, which look alike; keep one"
                )
        if self.check and len(letters) % 2:
            raise InvalidValue(
                f"code: a check character needs an even alphabet, this has {len(letters)} letters"
            )
        if type(self.length) is not int or not 1 + self.check <= self.length <= _LONGEST:
            raise InvalidValue(
                f"code: length {self.length!r}: give {1 + self.check} to {_LONGEST}"
            )
        if not re.fullmatch(_PLAIN, self.prefix) or len(self.prefix) > _LONGEST:
            raise InvalidValue(f"code: prefix {self.prefix!r:.80}: give capitals and digits")
        if type(self.group) is not int or self.group < 0:
            raise InvalidValue(f"code: group {self.group!r}: give 0 or more")
        for word in sorted(self.screened):
            if not word or not re.fullmatch(_PLAIN, word):
                raise InvalidValue(f"code: screened word {word!r:.80}: give capitals and digits")

    @property
    def drawn(self) -> int:
        """How many characters are drawn: all but the prefix and the check."""
        return self.length - self.check

    @property
    def capacity(self) -> int:
        """How many codes there can be (screening takes a few of them away)."""
        capacity: int = len(self.alphabet) ** self.drawn
        return capacity

    def canonical(self, text: str) -> str:
        """The one form in which a code is stored and looked up, prefix included.

        Compatibility forms are composed (NFKC), blanks, dashes and unseen characters dropped, case
        is folded, and look-alikes become the letter that the alphabet has: O and o become 0; I, i,
        L and l become 1. Any text has one; whether it is a code's, `is_well_formed` says.
        """
        if text.isascii():
            return text.translate(self._folding)
        kept = "".join(
            character
            for character in unicodedata.normalize("NFKC", text)
            if character not in _DASHES and unicodedata.category(character) not in _UNSEEN
        )
        folded = kept.translate(self._folding)
        if folded.isascii() or folded == text:
            return folded
        return self.canonical(folded)  # what was dropped or folded may let its neighbors compose

    def is_well_formed(self, text: str) -> bool:
        """Whether a text, in any spelling, has the shape of a code and the right check."""
        if len(text) > 4 * (len(self.prefix) + self.length) + _LONGEST:
            return False
        code = self.canonical(text)
        body = code.removeprefix(self._front)
        if len(code) != len(self._front) + self.length or len(body) != self.length:
            return False
        if not set(body) <= set(self.alphabet):
            return False
        return not self.check or self.check_char(body[:-1]) == body[-1]

    def check_char(self, body: str) -> str:
        """The check character of a body: Luhn mod N, doubling from the last character leftward.

        Raises:
            InvalidValue: a character that is not of the alphabet.
        """
        size, total = len(self.alphabet), 0
        for place, letter in enumerate(reversed(body)):
            number = self.alphabet.find(letter)
            if number < 0:
                raise InvalidValue(f"code: {letter!r} in {body!r:.80} is not of {self.alphabet}")
            doubled = number * 2 if place % 2 == 0 else number
            total += doubled // size + doubled % size
        return self.alphabet[-total % size]

    def draw(self, entropy: bytes) -> str:
        """The code that some entropy makes, in canonical form; the same bytes, the same code.

        Args:
            entropy: at least 16 bytes out of a secure generator, never used for another code.

        Raises:
            InvalidValue: too little entropy, or screened words that leave no code.

        Example:
            >>> CodeFormat(8, prefix="RIDE").draw(bytes(16))
            'R1DE16V8HV99'
        """
        if len(entropy) < _LEAST_ENTROPY:
            raise InvalidValue(
                f"code: {len(entropy)} bytes of entropy; give {_LEAST_ENTROPY} or more"
            )
        letters = self._letters(entropy)
        for _ in range(_MOST_TRIES):
            body = "".join(islice(letters, self.drawn))
            if self.check:
                body += self.check_char(body)
            if not self.reads_rude(body):
                return self._front + body
        raise InvalidValue(
            f"code: {_MOST_TRIES} codes in a row read like screened words; screen fewer"
        )

    def shown(self, code: str) -> str:
        """A canonical code as a member sees it: the prefix as it was given, and dashes.

        Example:
            >>> CodeFormat(8, prefix="RIDE").shown("R1DE7F3K9QZ2")
            'RIDE-7F3K-9QZ2'
        """
        body = code.removeprefix(self._front)
        if not self.group:
            return self.prefix + body
        groups = [body[start : start + self.group] for start in range(0, len(body), self.group)]
        return "-".join([self.prefix, *groups] if self.prefix else groups)

    def guess_chance(self, count: int) -> Fraction:
        """How likely one guess that looks right is one of so many codes."""
        return Fraction(count, self.capacity)

    def guesses_within(self, count: int, chance: Fraction) -> int:
        """How many guesses may be made while so many codes hold, for so small a chance to hit.

        The size of the quota that throttles attempts; failed ones count, whatever they failed for.

        Args:
            count: codes that are valid at once.
            chance: that any of the guesses hits, at most.

        Raises:
            InvalidValue: no codes, or no chance.

        Example:
            >>> CodeFormat(8).guesses_within(10_000, Fraction(1, 1_000))
            3435
        """
        if count < 1 or chance <= 0:
            raise InvalidValue(f"code: {count} codes and a chance of {chance}; give both above 0")
        return int(chance * self.capacity / count)

    def collision_chance(self, count: int) -> float:
        """How likely, about, two of so many drawn codes are the same: ``1 - exp(-n(n-1)/2N)``.

        The birthday bound; whoever stores codes draws again when one is taken.
        """
        return -math.expm1(-count * (count - 1) / (2 * self.capacity))

    def refuse_if_dense(self, count: int, *, one_in: int = SPARSE) -> None:
        """Refuse a run so large that guessing pays.

        Args:
            count: the most codes that will ever be valid at once.
            one_in: at most one in so many guesses that look right may hit.

        Raises:
            InvalidValue: the run is too dense; the message says which length would do.

        Example:
            >>> CodeFormat(8).refuse_if_dense(1_000_000)
            >>> CodeFormat(6).refuse_if_dense(1_000_000)
            Traceback (most recent call last):
            ...
            viralcommerce.errors.InvalidValue: code: 1,000,000 codes of length 6 are too dense: \
one guess in 33 hits, and it may be one in 10,000; use length 8, or at most 3,355 codes
        """
        if type(count) is not int or count < 0:
            raise InvalidValue(f"code: {count!r} codes; give a whole number")
        if count * one_in <= self.capacity:
            return
        enough = self.length
        while len(self.alphabet) ** (enough - self.check) < count * one_in:
            enough += 1
        raise InvalidValue(
            f"code: {count:,} codes of length {self.length} are too dense:"
            f" one guess in {max(self.capacity // count, 1):,} hits,"
            f" and it may be one in {one_in:,};"
            f" use length {enough}, or at most {self.capacity // one_in:,} codes"
        )

    @cached_property
    def _folding(self) -> dict[int, str | None]:
        meant = {letter: letter for letter in ascii_uppercase}
        for alike in _ALIKE:
            for letter in set(alike) & set(self.alphabet):
                meant.update(dict.fromkeys(alike, letter))
        spelled = {ord(letter.lower()): known for letter, known in meant.items()}
        upper = {ord(letter): known for letter, known in meant.items()}
        turkish = dict.fromkeys(_TURKISH_I, meant["I"])
        return {**_BLANKS, **spelled, **upper, **turkish}

    @cached_property
    def _front(self) -> str:
        return self.canonical(self.prefix)

    @cached_property
    def _words(self) -> tuple[str, ...]:
        return tuple(sorted(word.translate(_READS_AS) for word in self.screened))

    def reads_rude(self, body: str) -> bool:
        """Whether a screened word stands in the body, or begins in the prefix and ends in it."""
        front, read = self.prefix.translate(_READS_AS), body.translate(_READS_AS)
        return any(
            word in front[max(len(front) - len(word) + 1, 0) :] + read for word in self._words
        )

    def _letters(self, entropy: bytes) -> Iterator[str]:
        import hashlib  # whoever only reads codes does not pay for it

        stream = hashlib.shake_256(b"viralcommerce.code.1:" + entropy)
        size, mask = len(self.alphabet), (1 << (len(self.alphabet) - 1).bit_length()) - 1
        done, upto = 0, 64
        while True:
            for byte in stream.digest(upto)[done:]:
                if byte & mask < size:
                    yield self.alphabet[byte & mask]
            done, upto = upto, 2 * upto
