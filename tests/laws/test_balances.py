"""The laws of balances, by their names: one test a law."""

from __future__ import annotations

from hypothesis import given, settings

from paying import PAYOUTS, Books, stories, told_to
from viralcommerce.mechanics.invite import Payouts


@settings(max_examples=120, deadline=None)
@given(PAYOUTS, stories())
def test_counted(payouts: Payouts, told: list[object]) -> None:
    """EC-98: a balance is no total that somebody keeps by hand: it is what the ledger says."""
    books: Books = told_to(payouts, told)
    assert books.balances == books.by_the_ledger


@settings(max_examples=120, deadline=None)
@given(PAYOUTS, stories())
def test_bounded(payouts: Payouts, told: list[object]) -> None:
    """EC-93: who capped what is taken back at the present balance lets the shop bear the rest."""
    books = told_to(payouts, told)
    if payouts.most_owed is not None:
        assert all(lowest >= -payouts.most_owed for lowest in books.lowest.values())


@settings(max_examples=120, deadline=None)
@given(PAYOUTS, stories())
def test_borne_once(payouts: Payouts, told: list[object]) -> None:
    """EC-93, EC-97: a dispute that is won repays what the shop bore, before the member has it; so
    does a payout that comes back.
    """
    told_to(payouts, told).are_fair()
