"""A third party's game: the highest bid within half an hour. Nothing of it ships."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from viralcommerce import CNY, Campaign, Grant, Limit, Points, minutes
from viralcommerce.decider import Carries, Mechanic, Reached
from viralcommerce.messages import BY_CLOCK, Command, Event, Refusal, State
from viralcommerce.refusals import NothingToEnd
from viralcommerce.rules.base import rule
from viralcommerce.values.money import Money


class Bid(Command, frozen=True, kw_only=True):
    lot: str
    amount: Money
    note: str = ""
    seen: datetime | None = None


class Pass(Command, frozen=True, kw_only=True):
    lot: str


class Hammer(Command, frozen=True, kw_only=True):
    lot: str
    by: str = BY_CLOCK


class BidPlaced(Event, frozen=True, kw_only=True):
    lot: str
    bidder: str
    amount: Money
    closes: datetime


class Sold(Event, frozen=True, kw_only=True):
    lot: str
    bidder: str


class Passed(Event, frozen=True, kw_only=True):
    lot: str
    bidder: str


class TooLow(Refusal, frozen=True, kw_only=True):
    en: ClassVar[str] = "more than {amount} is wanted"
    zh: ClassVar[str] = "出价须高于{amount}"
    amount: Money


class Over(Refusal, frozen=True, kw_only=True):
    en: ClassVar[str] = "sold"
    zh: ClassVar[str] = "已售出"


class Quiet(State, frozen=True):
    pass


class Hot(State, frozen=True, kw_only=True):
    bidder: str
    amount: Money
    closes: datetime


class Gone(State, frozen=True, kw_only=True):
    bidder: str


@rule("auction")
class Auction(Mechanic[Bid | Pass | Hammer, Quiet | Hot | Gone, BidPlaced | Sold | Passed]):
    """The highest bid within a while."""

    scope: ClassVar[str] = "lot"
    milestones: ClassVar[Mapping[str, Carries]] = {
        "bid": Carries(("bidder",)),
        "sold": Carries(("bidder",), once=True),
    }
    casts: ClassVar[Mapping[type[Command], tuple[str, ...]]] = {
        Bid: ("bidder",),
        Pass: ("bidder",),
        Hammer: (),
    }
    command_types: ClassVar[object] = Bid | Pass | Hammer
    event_types: ClassVar[object] = BidPlaced | Sold | Passed
    refusal_types: ClassVar[object] = TooLow | Over
    state_types: ClassVar[object] = Quiet | Hot | Gone

    least: Annotated[int, Field(ge=1)] = Field(kw_only=True)

    def initial(self):
        return Quiet()

    def instance(self, command):
        return command.lot

    def cast(self, command, state):
        return {} if isinstance(command, Hammer) else {"bidder": command.by}

    def decide(self, command, state):
        if isinstance(command, Hammer):
            if not isinstance(state, Hot) or command.at < state.closes:
                return NothingToEnd()
            return (Sold(at=command.at, lot=command.lot, bidder=state.bidder),)
        if isinstance(state, Gone):
            return Over()
        if isinstance(command, Pass):
            return (Passed(at=command.at, lot=command.lot, bidder=command.by),)
        least = state.amount if isinstance(state, Hot) else Money(self.least, "CNY")
        if command.amount <= least:
            return TooLow(amount=least)
        closes = state.closes if isinstance(state, Hot) else command.at + minutes(30)
        placed = BidPlaced(
            at=command.at, lot=command.lot, bidder=command.by, amount=command.amount, closes=closes
        )
        return (placed,)

    def evolve(self, state, event):
        if isinstance(event, BidPlaced):
            return Hot(bidder=event.bidder, amount=event.amount, closes=event.closes)
        return Gone(bidder=event.bidder) if isinstance(event, Sold) else state

    def reached(self, event):
        if isinstance(event, Passed):
            return ()
        name = "bid" if isinstance(event, BidPlaced) else "sold"
        return (Reached(name, {"bidder": event.bidder}),)

    def deadline(self, state):
        return state.closes if isinstance(state, Hot) else None

    def expire(self, instance, state):
        return Hammer(lot=instance, at=state.closes)


AUCTION = Campaign(
    "auction",
    Auction(least=50),
    grants=(Grant(Points(1), to="bidder", on="bid", at_most=Limit(2)),),
    budget=CNY(10),
)
