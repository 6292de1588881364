"""The laws of values/codes.py, by their names: one test a law."""

import unicodedata

from hypothesis import assume, given
from hypothesis import strategies as st

from viralcommerce.values.codes import CROCKFORD_32, RUDE, CodeFormat

alphabets = st.one_of(
    st.just(CROCKFORD_32),
    st.sampled_from(["23456789", "ABCDEFGHIJKMNOPQRSTUVWXYZ2", "01"]),
    st.permutations("23456789ABCDEFGHJKLMNPQRSTUVWXYZ").map(lambda row: "".join(row[:20])),
)
formats = st.builds(
    CodeFormat,
    st.integers(2, 20),
    alphabet=alphabets,
    check=st.booleans(),
    prefix=st.text("ABIOLUZ019", max_size=6),
    group=st.integers(0, 6),
)
checked = st.builds(CodeFormat, st.integers(2, 20), alphabet=alphabets)
entropies = st.binary(min_size=16, max_size=40)
spellings = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("oOiIlL0\u0131\u0130\u200b\u2013 -\uff2f\uff11e\u0301\u0307"),
    ),
    max_size=20,
)


@given(formats, spellings)
def test_idempotent(form: CodeFormat, text: str) -> None:
    once = form.canonical(text)
    assert form.canonical(once) == once


@given(formats, entropies, st.data())
def test_forgiving(form: CodeFormat, entropy: bytes, data: st.DataObject) -> None:
    """EC-42, RQ-13: what a chat app or a thumb makes of a code still finds it."""
    code = form.draw(entropy)
    shown = form.shown(code)
    assert form.canonical(shown) == code
    mangled = ""
    for character in shown:
        looks = [character, character.lower()]
        if character.isalnum():
            looks += [chr(ord(character) + 0xFEE0), chr(ord(character.lower()) + 0xFEE0)]
        looks += {"0": ["O", "o"], "1": ["I", "l", "L", "i", "\u0131"]}.get(character, [])
        if character == "-":
            looks = ["-", "", " ", "\u2013", "\u2014", "\u3000", "\u2060-", "\u30fc"]
        if not {form.canonical(look) for look in looks} <= {form.canonical(character)}:
            looks = [character]  # an alphabet in which 0 or 1 stands for something else
        mangled += data.draw(st.sampled_from(looks)) + data.draw(
            st.sampled_from(["", "", "\u200b", " "])
        )
    assert form.canonical(f"\u200e {mangled}\t") == code
    assert form.is_well_formed(mangled)


@given(formats, entropies)
def test_well_formed(form: CodeFormat, entropy: bytes) -> None:
    code = form.draw(entropy)
    assert form.is_well_formed(code)
    assert code == form.draw(entropy)
    assert code == form.canonical(code)
    assert len(code) == len(form.prefix) + form.length


@given(checked, entropies, st.data())
def test_single_errors(form: CodeFormat, entropy: bytes, data: st.DataObject) -> None:
    code = form.draw(entropy)
    place = data.draw(st.integers(0, len(code) - 1))
    letter = data.draw(st.sampled_from(form.alphabet))
    assume(letter != code[place])
    assert not form.is_well_formed(code[:place] + letter + code[place + 1 :])


@given(
    st.sampled_from(["", "AS", "FU", "SH1"]),
    st.integers(4, 12),
    st.binary(min_size=16, max_size=16),
)
def test_screened(prefix: str, length: int, entropy: bytes) -> None:
    """EC-43: no rude word, in whatever look-alike spelling, not even across the prefix."""
    form = CodeFormat(length, alphabet="A45S8FUVCKHT017", check=False, prefix=prefix)
    reads = str.maketrans("0123456789LV", "OIZEASGTBGIU")
    read = form.draw(entropy).translate(reads)
    assert not [word for word in RUDE if word.translate(reads) in read]
    assert unicodedata.normalize("NFKC", read) == read
