"""Rules that nothing could keep are refused while they are built."""

from datetime import timedelta

import pytest

from viralcommerce import CNY, UNLIMITED, WHOLE, Campaign, Coupon, Grant, LuckySplit, days, hours
from viralcommerce.errors import InvalidRule
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.rules.limits import Cap
from viralcommerce.rules.rewards import Points


@pytest.mark.parametrize("span", [days(36_526), days(10_000_000), timedelta(days=-1)])
def test_a_span_that_leads_beyond_the_calendar_is_refused(span: timedelta) -> None:
    """Or a pack could be built that raises as soon as anybody shares it."""
    with pytest.raises(InvalidRule, match=r"open_for: .* is not a span of 0 to 36,525 days"):
        pack.CouponPack(LuckySplit(CNY(6), parts=3), open_for=span)
    with pytest.raises(InvalidRule, match=r"valid_for: .* is not a span of 0 to 36,525 days"):
        Coupon(WHOLE, valid_for=span)
    assert Coupon(WHOLE, valid_for=days(36_525)).lasts == days(36_525)


def test_a_cap_on_what_the_clock_reaches_is_refused() -> None:
    """Nobody is there to be refused, so it would bound nothing while the terms promised it."""
    consoled = Grant(Points(1), to=collect.COLLECTOR, on=collect.LAPSED)
    with pytest.raises(
        InvalidRule,
        match=r"likes: limits\[0\]\.on: 'lapsed' is reached by the clock, "
        "which nobody can refuse; bound what it gives, with at_most in the grant",
    ):
        Campaign(
            "likes",
            collect.Collect(goal=2, within=hours(1)),
            grants=(consoled,),
            budget=UNLIMITED,
            limits=(Cap("once", 1, on=collect.LAPSED, of=collect.COLLECTOR),),
        )
