"""Stories, told and random, of a game that does not ship."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auction import AUCTION, Auction, Bid, Over, Sold, TooLow
from outcomes import seen
from viralcommerce import CNY, days, minutes
from viralcommerce.kinds import KINDS
from viralcommerce.messages import Command
from viralcommerce.refusals import NothingToEnd
from viralcommerce.testing import Story, stories


@pytest.mark.slow
def test_a_third_partys_game_is_told_from_its_own_commands() -> None:
    milestones, refusals = seen(AUCTION, {**KINDS, "auction": Auction})
    assert milestones == {"bid", "sold"}
    assert {TooLow, Over, NothingToEnd} <= refusals


def test_a_third_partys_game_has_stories_by_hand_too() -> None:
    story = Story(AUCTION).given(Bid(lot="a", by="ann", amount=CNY(1)))
    story.when(Bid(lot="a", by="bob", amount=CNY(1))).then_refused(TooLow, amount=CNY(1))
    story.after(minutes(30)).when_due().then_events(Sold)


def test_fields_may_be_drawn_as_the_host_says() -> None:
    @settings(max_examples=30, suppress_health_check=list(HealthCheck))
    @given(stories(AUCTION, fields={"amount": st.just(CNY(7)), "note": st.just("hello")}))
    def run(commands: tuple[Command, ...]) -> None:
        for one in commands:
            if isinstance(one, Bid):
                assert one.amount == CNY(7)
                assert one.note == "hello"
                assert one.seen is None or abs(one.seen - one.at) <= days(400)

    run()
