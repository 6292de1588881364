"""Currencies against known answers: ``iso4217/*``."""

from oracles import oracle
from viralcommerce.values.iso4217 import EXPONENTS
from viralcommerce.values.money import currency


def test_exponents() -> None:
    """RQ-8: every exponent that is not 2. UYI, a fund code, has none either, as the note says."""
    known = oracle("iso4217/exponents")
    for exponent in (0, 3, 4):
        here = {code for code, decimals in EXPONENTS.items() if decimals == exponent}
        assert here - {"UYI"} == set(known.expect[str(exponent)])
    assert all(EXPONENTS[code] == 2 for code in known.expect["examples_2"])


def test_format() -> None:
    known = oracle("iso4217/format")
    for code, major in zip(known.given["currencies"], known.expect["major"], strict=True):
        amount = currency(code).minor(known.given["minor"])
        assert str(amount) == f"{code} {major}"
        assert str(amount.major) == major
