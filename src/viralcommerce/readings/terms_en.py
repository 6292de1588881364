"""The terms in English."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final

from viralcommerce.campaign import Campaign
from viralcommerce.readings import clauses
from viralcommerce.rules.grants import BestOf, Grant, Line
from viralcommerce.rules.limits import (
    CAMPAIGN,
    CLIP,
    DROP,
    FOREVER,
    MEMBER,
    PAIR,
    REFUSE,
    SUBSTITUTE,
    Cap,
    Limit,
    Unlimited,
)
from viralcommerce.rules.phrases import phrase_en
from viralcommerce.rules.wording import listed_en
from viralcommerce.values.rounding import Rounding
from viralcommerce.values.windows import ALWAYS
from viralcommerce.values.zones import DAY, MONTH, WEEK

_ROUNDED: Final[Mapping[Rounding, str]] = {
    Rounding.HALF_UP: "rounded to the nearest smallest unit of the currency, halves up",
    Rounding.HALF_EVEN: "rounded to the nearest smallest unit of the currency, halves to even",
    Rounding.HALF_DOWN: "rounded to the nearest smallest unit of the currency, halves down",
    Rounding.UP: "rounded up to the smallest unit of the currency",
    Rounding.DOWN: "rounded down to the smallest unit of the currency",
    Rounding.CEILING: "rounded to the next higher smallest unit of the currency",
    Rounding.FLOOR: "rounded to the next lower smallest unit of the currency",
}
_BEGIN: Final[Mapping[str, str]] = {
    DAY: "a day begins and ends at midnight",
    WEEK: "a week begins on Monday at midnight",
    MONTH: "a month begins on its first day at midnight",
}


class English:
    """Says the terms of a campaign in English; see `viralcommerce.readings.clauses.Voice`."""

    headings: ClassVar[Mapping[str, str]] = {
        "game": "How it works",
        "chances": "What chance decides",
        "who": "Who can take part",
        "when": "When",
        "rewards": "Rewards",
        "caps": "How often",
        "budget": "Budget",
        "details": "Details",
    }

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self.wording = clauses.wording_of(campaign)
        self.scope = clauses.called(campaign, campaign.mechanic.scope).en

    def title(self) -> str:
        return f"{self.campaign.name}: terms"

    def game(self) -> tuple[str, ...]:
        return tuple(each.en for each in self.campaign.mechanic.sentences())

    def chances(self) -> tuple[str, ...]:
        odds = [f"{_capital(each.en)}." for each in self.campaign.mechanic.odds()]
        if self.campaign.mechanic.draws:
            odds.append("The seed of every draw is kept, so that each can be checked later.")
        return tuple(odds)

    def who(self) -> tuple[str, ...]:
        given = self.campaign.given
        if given is None:
            return ("Every member of the shop.",)
        asked = [f"Needed to take part: {phrase_en(given, self.wording)}."]
        if clauses.names_roles(given):
            asked.append("What is needed of somebody is asked only where they take part.")
        return tuple(asked)

    def when(self) -> tuple[str, ...]:
        window, zone = self.campaign.window, self.campaign.zone
        told = ["At any time."] if window == ALWAYS else []
        if window != ALWAYS:
            opens = "" if window.opens == ALWAYS.opens else f"from {self._time(window.opens)} on"
            closes = f"until before {self._time(window.closes)}" if window.ends else ""
            told.append(f"{_capital(', '.join(filter(None, (opens, closes))))}.")
        if window.ends:
            told.append(
                "After that nothing new can begin; what was begun before is settled, and rewards "
                "keep their validity."
                if self.campaign.mechanic.settling
                else "After that nothing can be done, also with what was begun before; "
                "rewards keep their validity."
            )
        periods = clauses.periods_of(self.campaign)
        begin = "".join(f"; {said} there" for each, said in _BEGIN.items() if each in periods)
        told.append(f"Times are by the clock of {zone}{begin}.")
        return tuple(told)

    def rewards(self) -> tuple[str, ...]:
        return tuple(self._line(line) for line in self.campaign.lines)

    def caps(self) -> tuple[str, ...]:
        return tuple(self._cap(cap) for cap in self.campaign.limits)

    def budget(self) -> tuple[str, ...]:
        budget, total = self.campaign.budget, self.campaign.mechanic.total()
        if isinstance(budget, Unlimited):
            return ("What is given in all is not limited.",)
        said = [f"All that is given costs at most {budget.shown()}."]
        if total is not None:
            said.append(
                f"Each {self.scope} sets {total.shown()} of that aside; when less is left, "
                f"no new {self.scope} can begin."
            )
        return tuple(said)

    def details(self) -> tuple[str, ...]:
        campaign = self.campaign
        said: list[str] = []
        if clauses.has_limits(campaign):
            said.append("A reward beyond its limit is not given; what earned it stands.")
        if clauses.rounds(campaign):
            said.append(f"A percentage of an amount is {_ROUNDED[campaign.rounding]}.")
        if clauses.asks_facts(campaign.given):
            said.append(
                "Where the shop cannot tell yet whether somebody can take part, nothing is "
                "decided: try again later."
            )
        if any(clauses.asks_facts(grant.given) for _, grant in campaign.every_grant()):
            said.append(
                "A reward is not given where the shop cannot tell that what it needs is met."
            )
        if clauses.lapses(campaign):
            said.append("A reward is valid from the moment it is given.")
        said.append("Spans are elapsed time: a day is 24 hours.")
        said.append(f"Version {campaign.hash}.")
        return tuple(said)

    def at_most(self, bound: Limit | Cap) -> str:
        period = "" if bound.period == FOREVER else f" a {bound.period}"
        return f"at most {bound.at_most:,}{period} {self._per(bound)}"

    def _time(self, at: datetime) -> str:
        wall, clock = clauses.by_the_clock(self.campaign, at)
        return f"{wall:%Y-%m-%d} {clock}"

    def _line(self, line: Line) -> str:
        first = line.options[0]
        when = _capital(clauses.called(self.campaign, first.on).en)
        gets = f"{when}, {self.wording.who_en(first.to)} gets"
        if not isinstance(line, BestOf):
            return f"{gets} {self._gift(first)}"
        options = " ".join(
            f"({number}) {_capital(self._gift(grant))}"
            for number, grant in enumerate(line.options, start=1)
        )
        return (
            f"{gets} one of these, the one that costs most of those that can be given "
            f"(of equal ones, the first): {options}"
        )

    def _gift(self, grant: Grant) -> str:
        carried = clauses.carried_by(self.campaign, grant.on).en
        limits = "".join(f"; {self.at_most(limit)}" for limit in grant.limits)
        said = f"{grant.give.phrase_en(carried)}{limits}."
        if grant.given is not None:
            said += f" Needed: {phrase_en(grant.given, self.wording)}."
        said += self._when_short(grant, carried)
        return f"{said} [{grant.name}]" if grant.is_named else said

    def _when_short(self, grant: Grant, carried: str) -> str:
        short = ["the stock"] if clauses.short_of_stock(grant) else []
        short += ["the budget"] if clauses.short_of_budget(self.campaign, grant) else []
        if not short and grant.if_short != SUBSTITUTE:
            return ""
        covers = f"{listed_en(short, 'or')} no longer covers it" if short else "it runs short"
        when = f" When {covers},"
        if clauses.is_refused_when_short(self.campaign, grant):
            return f"{when} the action that would earn it is refused."
        if grant.if_short in (DROP, REFUSE):
            return f"{when} it is not given."
        if grant.if_short == CLIP:
            return f"{when} what is left is given."
        assert grant.instead is not None
        return f"{when} this is given instead: {grant.instead.phrase_en(carried)}."

    def _per(self, bound: Limit | Cap) -> str:
        who = self.wording.roles_en.get(bound.of, bound.of) if isinstance(bound, Cap) else "member"
        if bound.subject == MEMBER:
            return f"for each {who}"
        if bound.subject == PAIR:
            return "for each two members together"
        if bound.subject == CAMPAIGN:
            return "in the whole campaign"
        return f"for each {self.scope}"

    def _cap(self, cap: Cap) -> str:
        when = _capital(clauses.called(self.campaign, cap.on).en)
        return f"{when}: {self.at_most(cap)}; what is beyond that is refused. [{cap.name}]"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
