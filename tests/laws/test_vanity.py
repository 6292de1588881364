"""The laws of values/vanity.py, by their names: one test a law."""

from hypothesis import given
from hypothesis import strategies as st

from viralcommerce.values.codes import CodeFormat
from viralcommerce.values.vanity import VanityFormat

DRAWN = (CodeFormat(8), CodeFormat(6, prefix="RIDE"))
VANITY = VanityFormat(beside=DRAWN)
spellings = st.text(
    st.one_of(
        st.sampled_from("annshop20OFFree-_ \u200b\uff21\u0131ilL1oO0"),
        st.characters(max_codepoint=0x3000),
    ),
    max_size=30,
)


@given(spellings)
def test_idempotent(text: str) -> None:
    once = VANITY.canonical(text)
    assert VANITY.canonical(once) == once


@given(spellings)
def test_choosable(text: str) -> None:
    why, again = VANITY.why_not(text), VANITY.why_not(VANITY.canonical(text))
    assert why == again


@given(st.sampled_from(DRAWN), st.binary(min_size=16, max_size=16))
def test_never_drawn(form: CodeFormat, entropy: bytes) -> None:
    """EC-45: nobody sits on a code that is yet to be drawn."""
    code = form.draw(entropy)
    assert VANITY.why_not(code) != ""
    assert VANITY.why_not(form.shown(code).lower()) != ""
