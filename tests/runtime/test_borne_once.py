"""What was written off is the shop's again before it is the member's: nobody is paid twice."""

from __future__ import annotations

from typing import Final

import pytest

from paying import bounce, buy, run, told_to
from viralcommerce import CNY
from viralcommerce.mechanics.invite import Arrive, ChargeBack, Payouts, Refund, WinBack

OWING: Final = {
    "carry": Payouts(owing="carry"),
    "net": Payouts(owing="net"),
    "write_off": Payouts(owing="write_off"),
    "block": Payouts(owing="block"),
}
PAID = [buy("o1", "cat", 10_000), "tick", run("bob", "b1")]
ARRIVED = Arrive(member="bob", batch="b1", by="desk")
LOST = ChargeBack(order="o1", case="c", by="desk")
WON = WinBack(order="o1", case="c", by="desk")
REFUNDED = Refund(order="o1", refund="r", amount=CNY(100), by="desk")
BACK = bounce(member="bob", batch="b1", by="desk")


@pytest.mark.parametrize("owing", OWING)
@pytest.mark.parametrize(
    ("rest", "paid"),
    [
        ([ARRIVED, LOST, run("bob", "b2"), WON, run("bob", "b3")], 1_200),
        ([LOST, run("bob", "b2"), BACK, WON, run("bob", "b3")], 1_200),
        ([LOST, run("bob", "b2"), WON, BACK, run("bob", "b3")], 1_200),
        ([REFUNDED, run("bob", "b2"), BACK, run("bob", "b3")], 0),
        ([run("ann", "b1"), REFUNDED, BACK, ARRIVED, run("bob", "b2")], 0),
    ],
)
def test_nobody_is_paid_twice_whatever_the_shop_bore(
    owing: str, rest: list[object], paid: int
) -> None:
    """What was written off is the shop's again before anything is the member's."""
    books = told_to(OWING[owing], [*PAID, *rest])
    books.are_fair()
    if owing != "block":
        assert books.left["member/bob"] == paid
