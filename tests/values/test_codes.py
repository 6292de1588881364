"""Codes: drawn without bias, read with patience, refused when dense."""

import hashlib
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest

from viralcommerce.errors import InvalidValue
from viralcommerce.values.codes import CROCKFORD_32, RUDE, CodeFormat

RIDE = CodeFormat(8, prefix="RIDE")


def entropy(number: int) -> bytes:
    return number.to_bytes(16, "big")


@pytest.mark.parametrize(
    "typed",
    [
        "7F3K9QZ2", "7f3k9qz2", "7F3K-9QZ2", "  7f3k 9qz2\n", "\uff17\uff26\uff13\uff2b\u20139QZ2",
        "7F3K\u200b9QZ2", "\u202a7F3K9QZ2\u202c", "7F3K\u22129QZ2", "7_F_3_K_9_Q_Z_2",
        "7F3K\u00ad9QZ2", "7F3K\u30fc9QZ2", "\U0001d7d5F3K9QZ2",
        "7F3K\u30009QZ2", "7F3K\u00a09QZ2",
    ],
)  # fmt: skip
def test_what_chat_apps_and_thumbs_make_of_a_code_is_the_code(typed: str) -> None:
    """EC-42, RQ-13."""
    assert CodeFormat(8).canonical(typed) == "7F3K9QZ2"
    assert CodeFormat(8).is_well_formed(typed)


def test_look_alikes_become_what_the_alphabet_has() -> None:
    """EC-43, RQ-13: O is 0; I and L are 1; also as a Turkish keyboard writes them."""
    assert CodeFormat(8).canonical("oO0 iIlL1 \u0131\u0130") == "000" + "11111" + "11"
    letters = CodeFormat(4, alphabet="ABCDEFGHIJKMNOPQRSTUVWXY")
    assert letters.canonical("oO0 iIlL1") == "OOO" + "IIIII"
    neither = CodeFormat(4, alphabet="23456789")
    assert neither.canonical("oO0 iIlL1") == "OO0IILL1"


def test_no_alphabet_has_two_letters_that_look_alike() -> None:
    """EC-43."""
    for alphabet, both in (("0O", "0 and O"), ("1IAB", "1 and I"), ("ILAB", "I and L")):
        with pytest.raises(InvalidValue, match=f"alphabet has {both}, which look alike; keep one"):
            CodeFormat(4, alphabet=alphabet)
    assert not set("ILOU") & set(CROCKFORD_32)
    assert len(set(CROCKFORD_32)) == 32


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7F3K9QZ",
        "7F3K9QZ22",
        "7F3K9QZ3",
        "7F3K9UZ2",
        "7F3K9\u00c9Z2",
        "RIDE7F3K9QZ2",
        "x" * 10**6,
    ],
)
def test_anything_else_is_no_code(text: str) -> None:
    assert not CodeFormat(8).is_well_formed(text)


def test_only_what_nobody_means_is_dropped() -> None:
    for typed in ("7F3K!9QZ2", "7F3K.9QZ2", "7F3K9QZ2~", "7F3K/9QZ2"):
        assert not CodeFormat(8).is_well_formed(typed)
    assert CodeFormat(8).canonical("\x00\x1f \x7f-_!") == "!"


def test_a_code_may_be_typed_with_much_air_but_not_without_end() -> None:
    assert CodeFormat(8).is_well_formed(" " * 88 + "7F3K9QZ2")
    assert not CodeFormat(8).is_well_formed(" " * 89 + "7F3K9QZ2")
    long = CodeFormat(8, prefix="R" * 64)
    assert long.is_well_formed(" " * 280 + long.draw(entropy(1)))
    assert not long.is_well_formed(" " * 281 + long.draw(entropy(1)))


def test_a_prefix_belongs_to_the_code() -> None:
    code = RIDE.draw(entropy(7))
    assert code.startswith("R1DE")
    assert len(code) == 12
    assert RIDE.shown(code) == f"RIDE-{code[4:8]}-{code[8:]}"
    assert RIDE.canonical(RIDE.shown(code)) == code
    assert RIDE.is_well_formed(RIDE.shown(code).lower())
    assert not RIDE.is_well_formed(code[4:])
    assert not RIDE.is_well_formed("RISE" + code[4:])
    assert RIDE.check_char(code[4:-1]) == code[-1]


def test_codes_are_shown_in_groups() -> None:
    assert CodeFormat(8).shown("7F3K9QZ2") == "7F3K-9QZ2"
    assert CodeFormat(8, group=3).shown("7F3K9QZ2") == "7F3-K9Q-Z2"
    assert CodeFormat(8, group=0).shown("7F3K9QZ2") == "7F3K9QZ2"
    assert CodeFormat(8, group=0, prefix="RIDE").shown("R1DE7F3K9QZ2") == "RIDE7F3K9QZ2"


def test_a_draw_follows_its_book() -> None:
    """The documented recipe once more, slowly; and a golden code that must never change."""
    form = CodeFormat(7, alphabet="23456789AB", check=False, screened=frozenset())
    for number in range(200):
        stream = hashlib.shake_256(b"viralcommerce.code.1:" + entropy(number)).digest(400)
        letters = [form.alphabet[byte & 15] for byte in stream if byte & 15 < 10]
        assert form.draw(entropy(number)) == "".join(letters[:7])
    assert RIDE.draw(bytes(16)) == "R1DE16V8HV99"
    assert CodeFormat(64).draw(bytes(16)) == GOLDEN


GOLDEN = "NPKJF5W9MRYJJYYTSYYMG5NX2EZYMYAP8PGVRNPTVD4BHWJWQ4R9TQE5AE31AQKC"


def test_a_screened_body_is_dropped_and_the_stream_read_on() -> None:
    free = CodeFormat(4, check=False, screened=frozenset())
    for number in range(50):
        first = free.draw(entropy(number))
        screened = CodeFormat(4, check=False, screened=frozenset({first}))
        both = CodeFormat(8, check=False, screened=frozenset()).draw(entropy(number))
        assert both.startswith(first)
        assert screened.draw(entropy(number)) == both[4:] != first


@pytest.mark.parametrize("alphabet", ["23456789AB", "23456789A", "23456789", "AB"])
def test_letters_come_equally_often(alphabet: str) -> None:
    """EC-44, EC-87: 10 letters out of bytes, where a remainder would favor the first six.

    Chi-square, at most 9 degrees of freedom; for other entropy, a false alarm at most once in
    a million.
    """
    form = CodeFormat(20, alphabet=alphabet, check=False, screened=frozenset())
    seen = Counter("".join(form.draw(entropy(number)) for number in range(1_000)))
    expected = 20 * 1_000 / len(alphabet)
    assert sum((seen[letter] - expected) ** 2 / expected for letter in form.alphabet) < 44.81


def test_codes_come_from_entropy_and_nothing_else() -> None:
    """EC-44: no time, no member, no counter; a bit more or less is another code."""
    codes = {CodeFormat(12).draw(entropy(number)) for number in range(5_000)}
    assert len(codes) == 5_000
    with pytest.raises(InvalidValue, match="15 bytes of entropy; give 16 or more"):
        CodeFormat(12).draw(bytes(15))


def test_a_dense_run_is_refused_before_its_first_code() -> None:
    """EC-45, RQ-13: the message says which length would do."""
    form = CodeFormat(6)
    form.refuse_if_dense(3_355)
    with pytest.raises(
        InvalidValue, match=r"3,356 codes of length 6 .*; use length 7, or at most 3,355"
    ):
        form.refuse_if_dense(3_356)
    CodeFormat(7).refuse_if_dense(3_356)
    with pytest.raises(InvalidValue, match="one guess in 1 hits"):
        form.refuse_if_dense(10**9)
    form.refuse_if_dense(10**6, one_in=33)
    digits = CodeFormat(6, alphabet="0123456789")
    digits.refuse_if_dense(10)
    with pytest.raises(InvalidValue, match="use length 7, or at most 10 codes"):
        digits.refuse_if_dense(11)
    with pytest.raises(InvalidValue, match="use length 7, or at most 10 codes"):
        digits.refuse_if_dense(100)
    form.refuse_if_dense(0)
    for wrong in (-1, 1.0, True, None):
        odd: Any = wrong
        with pytest.raises(InvalidValue, match="give a whole number"):
            form.refuse_if_dense(odd)


def test_how_likely_guesses_and_collisions_are() -> None:
    form = CodeFormat(5)
    assert (form.drawn, form.capacity) == (4, 2**20)
    assert CodeFormat(5, check=False).capacity == 2**25
    assert form.guess_chance(2**10) == Fraction(1, 2**10)
    assert form.collision_chance(1) == 0
    assert form.collision_chance(2) == pytest.approx(2**-20, rel=1e-5)


@pytest.mark.parametrize("word", ["SHIT", "ASS", "SB", "FUCK"])
def test_rude_words_are_found_in_any_spelling(word: str) -> None:
    """EC-43: SH1T, A55, 5B, FVCK."""
    form = CodeFormat(6, screened=frozenset({word}))
    spelled = word.replace("I", "1").replace("S", "5").replace("U", "V").replace("A", "4")
    for place in range(6 - len(word) + 1):
        body = ("XXXXXX"[:place] + spelled + "XXXXXX")[:6]
        assert form.reads_rude(body)
    assert not form.reads_rude("XXXXXX")


def test_a_word_may_begin_in_the_prefix_but_not_end_in_the_body() -> None:
    """A prefix itself is the shop's own affair: ASSIST is no swear word."""
    form = CodeFormat(6, prefix="ASSIST")
    assert form.draw(entropy(1)).startswith("ASS1ST")
    assert CodeFormat(6, prefix="FU", screened=RUDE).reads_rude("CKXXXX")
    assert not CodeFormat(6, prefix="FU", screened=RUDE).reads_rude("XCKXXX")


def test_words_that_leave_no_code_are_refused() -> None:
    form = CodeFormat(4, alphabet="AB", check=False, screened=frozenset({"A", "B"}))
    with pytest.raises(InvalidValue, match="1000 codes in a row read like screened words"):
        form.draw(bytes(16))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"length": 0}, "length 0: give 2 to 64"),
        ({"length": 1}, "length 1: give 2 to 64"),
        ({"length": 65}, "length 65: give 2 to 64"),
        ({"length": 0, "check": False}, "length 0: give 1 to 64"),
        ({"length": 8.0}, "length 8.0"),
        ({"alphabet": "A"}, "give different capitals and digits"),
        ({"alphabet": "AAB"}, "give different capitals and digits"),
        ({"alphabet": "abcd"}, "give different capitals and digits"),
        ({"alphabet": "AB\u00c9"}, "give different capitals and digits"),
        ({"alphabet": "ABC"}, "needs an even alphabet, this has 3 letters"),
        ({"prefix": "ride"}, "prefix 'ride': give capitals and digits"),
        ({"prefix": "RI-DE"}, "give capitals and digits"),
        ({"prefix": "R" * 65}, "give capitals and digits"),
        ({"group": -1}, "group -1: give 0 or more"),
        ({"group": True}, "group True"),
        ({"screened": frozenset({""})}, "screened word ''"),
        ({"screened": frozenset({"uber"})}, "screened word 'uber': give capitals and digits"),
    ],
)
def test_a_format_that_cannot_be_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidValue, match=f"code: .*{said}"):
        CodeFormat(**{"length": 8, **wrong})


def test_the_check_is_of_letters_of_the_alphabet() -> None:
    with pytest.raises(
        InvalidValue, match="'U' in '7F3U' is not of 0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    ):
        CodeFormat(8).check_char("7F3U")
    assert CodeFormat(3, alphabet="ABC", check=False).is_well_formed("cab")


def test_formats_are_values() -> None:
    assert CodeFormat(8) == CodeFormat(8, alphabet=CROCKFORD_32)
    assert hash(CodeFormat(8)) == hash(CodeFormat(8))
    assert CodeFormat(8) != RIDE
