"""Ids: what everybody can see and nobody can mistake."""

from typing import Any

import pytest

from viralcommerce.errors import InvalidValue
from viralcommerce.values.ids import LONGEST, check_id


@pytest.mark.parametrize(
    "good",
    [
        "a",
        "ann",
        "Ann",
        "member-123",
        "ann bob",
        "\u5f20\u4e09",
        "caf\u00e9",
        "x" * LONGEST,
        "\U0001f600",
        "o-0:1/2@3",
    ],
)
def test_a_plain_name_passes_as_it_is(good: str) -> None:
    assert check_id(good, "grab.by") is good


@pytest.mark.parametrize("bad", ["", "x" * (LONGEST + 1)])
def test_an_id_has_a_length(bad: str) -> None:
    with pytest.raises(InvalidValue, match=rf"^grab.by: {len(bad)} characters; give 1 to 200$"):
        check_id(bad, "grab.by")


@pytest.mark.parametrize("bad", [" ", " ann", "ann "])
def test_blanks_at_an_end_are_refused(bad: str) -> None:
    with pytest.raises(InvalidValue, match="begins or ends with a blank"):
        check_id(bad, "grab.by")


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("\0", "0000"), ("\n", "000A"), ("\x7f", "007F"), ("\u00a0", "00A0"), ("\u00ad", "00AD"),
        ("\u034f", "034F"), ("\u200b", "200B"), ("\u200d", "200D"), ("\u202e", "202E"),
        ("\u2028", "2028"), ("\u2800", "2800"), ("\u3000", "3000"), ("\u3164", "3164"),
        ("\ufe0f", "FE0F"), ("\ufeff", "FEFF"), ("\ud800", "D800"), ("\U000e0101", "E0101"),
    ],
)  # fmt: skip
def test_what_cannot_be_seen_is_refused_by_its_number(character: str, name: str) -> None:
    """EC-42: two ids that look alike would be two people."""
    with pytest.raises(InvalidValue, match=rf"^like.by: .* has the unseen character U\+{name}$"):
        check_id(f"an{character}n", "like.by")


def test_an_accent_is_composed() -> None:
    assert check_id("caf\u00e9", "by")
    with pytest.raises(InvalidValue, match="not in Unicode's composed form; normalize it to NFC"):
        check_id("cafe\u0301", "by")


@pytest.mark.parametrize("bad", [None, 7, b"ann", ["ann"]])
def test_an_id_is_text(bad: Any) -> None:
    with pytest.raises(InvalidValue, match="by: expected text, not"):
        check_id(bad, "by")
