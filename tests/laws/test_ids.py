"""The laws of values/ids.py, by their names: one test a law."""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from viralcommerce.errors import InvalidValue
from viralcommerce.values.ids import LONGEST, check_id

texts = st.one_of(
    st.text(max_size=8),
    st.text("ann bob\u00e9e\u0301\u200b\u3000\u2800-", max_size=8),
    st.text("abc", min_size=LONGEST - 1, max_size=LONGEST + 1),
)


def passes(text: str) -> bool:
    try:
        return check_id(text, "by") is text
    except InvalidValue:
        return False


@given(texts)
@example("e\u0301")
def test_as_it_is(text: str) -> None:
    if passes(text):
        assert unicodedata.normalize("NFC", text) == text
        assert text.strip() == text
        assert 1 <= len(text) <= LONGEST


@given(texts)
def test_all_visible(text: str) -> None:
    if passes(text):
        assert not [
            character
            for character in text
            if character != " "
            and unicodedata.category(character)[0] in "CZ"
            and unicodedata.category(character) not in ("Co", "Cn")
        ]
