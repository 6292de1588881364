"""The law of plain prices: where they answer, they answer as pricing does."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shops import NOON, PEOPLE
from viralcommerce import UNLIMITED, Grant, Points, Title, hours
from viralcommerce.campaign import Campaign
from viralcommerce.decider import Reached
from viralcommerce.mechanics import collect
from viralcommerce.messages import GONE
from viralcommerce.plain import plain
from viralcommerce.pricing import Pricing
from viralcommerce.program import Program

WHO = (*PEOPLE, f"{GONE}5eed", "")
GRANTS = (
    Grant(Points(1), to=collect.LIKER, on=collect.LIKED),
    Grant(Points(5), to=collect.COLLECTOR, on=collect.LIKED, name="five"),
    Grant(Title("star"), to=collect.COLLECTOR, on=collect.REACHED),
)


class Nothing:
    """What pricing knows beyond the command."""

    facts: Any = MappingProxyType({})
    counted = used = hot = short = MappingProxyType({})
    all_counted = True


milestones = st.one_of(
    st.builds(
        lambda liker, owner: Reached(
            collect.LIKED, {collect.LIKER: liker, collect.COLLECTOR: owner}
        ),
        st.sampled_from(WHO),
        st.sampled_from(WHO),
    ),
    st.builds(
        lambda owner: Reached(collect.REACHED, {collect.COLLECTOR: owner}), st.sampled_from(WHO)
    ),
)


@given(
    st.lists(st.sampled_from(GRANTS), min_size=1, unique_by=id),
    st.lists(milestones, max_size=3),
    st.integers(1, 9),
)
def test_plain_is_pricing(grants: list[Grant], reached: list[Reached], version: int) -> None:
    game = collect.Collect(goal=2, within=hours(1))
    program = Program(Campaign("stars", game, grants=tuple(grants), budget=UNLIMITED))
    assert program.is_plain
    long = Pricing(program, None, NOON, "a1", version, Nothing())
    long.price(reached, 0, 0)
    short = plain(program, reached, "a1", version, NOON)
    if short is None:
        assert any(who.startswith(GONE) for one in reached for who in one.cast.values())
        return
    assert list(short.awards) == long.awards
    assert list(short.transfers) == long.transfers
    assert not long.withheld
    assert (short.used, short.hot, short.hold) == (long.used, long.hot, long.hold)
