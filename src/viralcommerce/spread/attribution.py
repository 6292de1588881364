"""Attribution: who is credited for an order, by a rule that is written down.

A policy is a pure function of what was touched and when the order was placed. It looks at no
earlier order, so one that is canceled leaves nothing behind. What is left out is kept, with the
reason: a support call about "but my friend came through my link" ends with the line that says why
not.

Touches after the order, the buyer's own, and those of visitors whom nobody knows yet are left out
before the policy is asked. Touches of one instant stand in the trail's order. Methods for a whole
population (Markov removal, Shapley) are analysis, in `viralcommerce.lab.attribution`: they do not
say whom to pay for one order.

Laws:
    Sums to one: where anybody is credited, the shares sum to exactly 1.
    Nobody lost: every touch is credited or rejected, once, and the rejected have their reasons.
    Any order: the order in which touches were recorded changes nothing.
    Any zone: the zone in which the time of a touch or of the order is written changes nothing.
    Later touches: what is touched after an order changes no credit of it.
    Own touches: nobody is credited for their own order.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Context, Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import Field

from viralcommerce.errors import InvalidRule
from viralcommerce.rules.base import OneOf, Rule, rule
from viralcommerce.rules.fields import Name, PercentField, SpanField
from viralcommerce.spread.credited import (
    AfterOrder,
    Attribution,
    BeatenByCode,
    BeatenByLink,
    BeforeWindow,
    Credited,
    NoShare,
    NotFirst,
    NotLast,
    OtherCampaign,
    OwnTouch,
    Rejected,
    SharerUnknown,
    WhyRejected,
    in_shares,
)
from viralcommerce.spread.touches import Touch, Trail
from viralcommerce.values.instants import in_utc
from viralcommerce.values.percent import percent
from viralcommerce.values.spans import days, write_span

NOBODY_ELSE: Final[Mapping[str, str]] = MappingProxyType({})

Weighed = tuple[Fraction | WhyRejected, ...]
"""For each touch its weight, or why it has none."""

_LN_2: Final = Decimal("0.693147180559945309417232121458176568075500134360255254120680")
_DIGITS: Final = Context(prec=40)
_FADED: Final = 60


class Policy(Rule):
    """A rule for crediting touches. Subclasses are declared ``@rule(kind)``."""

    @abstractmethod
    def weigh(self, touches: Sequence[Touch], at: datetime) -> Weighed:
        """What each touch counts for, in proportion, or why it does not.

        Args:
            touches: at least one, in order of time, none after the order.
            at: when the order was placed, in UTC as the touches are.
        """


@rule("first_touch")
class FirstTouch(Policy):
    """Whoever came first: who made the member known to the shop."""

    def weigh(self, touches: Sequence[Touch], at: datetime) -> Weighed:
        return (Fraction(1), *(NotFirst() for _ in touches[1:]))


@rule("last_touch")
class LastTouch(Policy):
    """Whoever came last: who made the member buy."""

    def weigh(self, touches: Sequence[Touch], at: datetime) -> Weighed:
        return (*(NotLast() for _ in touches[1:]), Fraction(1))


@rule("linear")
class Linear(Policy):
    """Every touch the same."""

    def weigh(self, touches: Sequence[Touch], at: datetime) -> Weighed:
        return (Fraction(1),) * len(touches)


@rule("position")
class Position(Policy):
    """So much to the first, so much to the last, and the rest evenly to those between.

    Of two touches the first and the last share all, in the same proportion; a single one has all.

    Args:
        first: the first touch's share.
        last: the last touch's share.

    Raises:
        InvalidRule: together more than the whole, or nothing for either end.
    """

    first: PercentField = Field(default=percent(40), kw_only=True)
    last: PercentField = Field(default=percent(40), kw_only=True)

    def __post_init__(self) -> None:
        if self.first.share + self.last.share > 1:
            raise InvalidRule(f"position: {self.first} and {self.last} are more than the whole")
        if not self.first or not self.last:
            raise InvalidRule(
                f"position: {self.first} first and {self.last} last; give both something, or"
                " choose another policy"
            )

    def weigh(self, touches: Sequence[Touch], at: datetime) -> Weighed:
        first, last, between = self.first.share, self.last.share, len(touches) - 2
        if between < 0:
            return (Fraction(1),)
        each = (1 - first - last) / between if between else Fraction(0)
        return (first, *(each,) * between, last)


@rule("time_decay")
class TimeDecay(Policy):
    """The nearer to the order, the more: a weight halves with every `half_life` before it.

    Weights are computed in 40 decimal digits, which every machine has alike.

    Args:
        half_life: above nothing; 7 days unless said.
    """

    half_life: SpanField = Field(default=days(7), kw_only=True)

    def __post_init__(self) -> None:
        if not self.half_life:
            raise InvalidRule("half_life: it is nothing; give a span, or choose LastTouch")

    def weigh(self, touches: Sequence[Touch], at: datetime) -> Weighed:
        newest = touches[-1].at
        return tuple(_halved(newest - touch.at, self.half_life) for touch in touches)


def _halved(age: timedelta, half_life: timedelta) -> Fraction:
    """``2 ** -(age / half_life)``; nothing after sixty halvings, a billionth of a billionth."""
    tick = timedelta(microseconds=1)
    if age >= _FADED * half_life:
        return Fraction(0)
    halvings = _DIGITS.divide(Decimal(age // tick), Decimal(half_life // tick))
    return Fraction(_DIGITS.exp(_DIGITS.multiply(-halvings, _LN_2)))


class _Among(Policy):
    """A policy that hands some of the touches on to another."""

    then: Policy

    def _hand_on(
        self,
        touches: Sequence[Touch],
        at: datetime,
        why_not: Callable[[Touch], WhyRejected | None],
    ) -> Weighed:
        reasons = [why_not(touch) for touch in touches]
        kept = [touch for touch, why in zip(touches, reasons, strict=True) if why is None]
        weighed = iter(self.then.weigh(kept, at) if kept else ())
        return tuple(next(weighed) if why is None else why for why in reasons)


@rule("within_window")
class WithinWindow(_Among):
    """Only touches less than a span before the order: ``WithinWindow(days(7), LastTouch())``.

    Args:
        within: a touch counts until this long after it, not at its end.
        then: who is credited among those.
    """

    within: SpanField
    then: Annotated[Policy, OneOf()]

    def weigh(self, touches: Sequence[Touch], at: datetime) -> Weighed:
        why = BeforeWindow(within=write_span(self.within))
        return self._hand_on(
            touches, at, lambda touch: None if at - touch.at < self.within else why
        )


@rule("code_beats_link")
class CodeBeatsLink(_Among):
    """Where a code was typed, only codes count.

    Args:
        then: who is credited among those that count.
    """

    then: Annotated[Policy, OneOf()]

    def weigh(self, touches: Sequence[Touch], at: datetime) -> Weighed:
        typed = any(touch.how == "code" for touch in touches)
        return self._hand_on(
            touches, at, lambda touch: BeatenByCode() if typed and touch.how != "code" else None
        )


@rule("link_beats_code")
class LinkBeatsCode(_Among):
    """Where a link was opened, only links count.

    Args:
        then: who is credited among those that count.
    """

    then: Annotated[Policy, OneOf()]

    def weigh(self, touches: Sequence[Touch], at: datetime) -> Weighed:
        opened = any(touch.how == "link" for touch in touches)
        return self._hand_on(
            touches, at, lambda touch: BeatenByLink() if opened and touch.how != "link" else None
        )


@rule("campaigns_in_order")
class CampaignsInOrder(_Among):
    """The first campaign of a list that was touched counts, and no other: partners before friends.

    Args:
        campaigns: by name, the one that goes before all others first.
        then: who is credited among its touches.
    """

    campaigns: Annotated[tuple[Name, ...], Field(min_length=1)]
    then: Annotated[Policy, OneOf()]

    def weigh(self, touches: Sequence[Touch], at: datetime) -> Weighed:
        found = {touch.campaign for touch in touches}
        goes = next((name for name in self.campaigns if name in found), self.campaigns[0])
        why = OtherCampaign(credited=goes)
        return self._hand_on(touches, at, lambda touch: None if touch.campaign == goes else why)


def attribute(
    policy: Policy,
    trail: Trail,
    *,
    at: datetime,
    buyer: str,
    members: Mapping[str, str] = NOBODY_ELSE,
) -> Attribution:
    """Who is credited for one order.

    Args:
        policy: the rule.
        trail: what the buyer touched.
        at: when the order was placed.
        buyer: who placed it; empty for a guest.
        members: visitor to member, for visitors who shared before they signed in.

    Raises:
        NaiveTime: a time without a zone.
        InvalidValue: a time that UTC has not.
        InvalidRule: a policy of somebody else's that does not weigh every touch.

    Example:
        >>> from datetime import UTC
        >>> friday = datetime(2026, 11, 13, tzinfo=UTC)
        >>> trail = Trail.of("v-1").added(Touch(at=friday - days(9), campaign="c", sharer="ann"))
        >>> trail = trail.added(Touch(at=friday - days(2), campaign="c", sharer="cat"))
        >>> found = attribute(WithinWindow(days(7), LastTouch()), trail, at=friday, buyer="bob")
        >>> [(credit.to, str(credit.share)) for credit in found.credited]
        [('cat', '100%')]
        >>> str(found.rejected[0].why)
        'no: this was not within 7 days before the order'
    """
    at = in_utc(at, "attribute: at")
    told = [_why_never(touch, trail, at, buyer, members) for touch in trail.touches]
    live = [touch for touch, why in zip(trail.touches, told, strict=True) if why is None]
    weighed = policy.weigh(live, at) if live else ()
    if len(weighed) != len(live):
        raise InvalidRule(
            f"{policy.kind}: weighed {len(weighed)} of {len(live)} touches; say something of each"
        )
    answers = iter(weighed)
    verdicts = [next(answers) if why is None else why for why in told]
    weights = [each if isinstance(each, Fraction) else Fraction(0) for each in verdicts]
    shares = in_shares(weights) if any(weights) else ()
    credited: list[Credited] = []
    rejected: list[Rejected] = []
    for place, (touch, verdict) in enumerate(zip(trail.touches, verdicts, strict=True)):
        if not isinstance(verdict, Fraction):
            rejected.append(Rejected(touch, verdict))
        elif shares and shares[place]:
            credited.append(Credited(touch, _sharer(touch, members), shares[place]))
        else:
            rejected.append(Rejected(touch, NoShare()))
    return Attribution(credited=tuple(credited), rejected=tuple(rejected))


def _why_never(
    touch: Touch, trail: Trail, at: datetime, buyer: str, members: Mapping[str, str]
) -> WhyRejected | None:
    """Why no policy is asked about a touch."""
    if touch.at > at:
        return AfterOrder(ordered=at)
    own = {buyer, trail.member} - {""}
    if touch.visitor in trail.visitors or _sharer(touch, members) in own:
        return OwnTouch()
    return None if _sharer(touch, members) else SharerUnknown(visitor=touch.visitor)


def _sharer(touch: Touch, members: Mapping[str, str]) -> str:
    return touch.sharer or members.get(touch.visitor, "")


POLICIES: Final[tuple[type[Policy], ...]] = (
    FirstTouch,
    LastTouch,
    Linear,
    Position,
    TimeDecay,
    WithinWindow,
    CodeBeatsLink,
    LinkBeatsCode,
    CampaignsInOrder,
)
"""Every attribution policy that ships with the library."""
