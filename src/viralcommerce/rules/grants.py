"""Grants: the lines of the terms. Who gets what, for which milestone, if what, how often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from viralcommerce.errors import InvalidRule
from viralcommerce.rules.base import FAMILY, OneOf, Rule, rule
from viralcommerce.rules.conditions import Condition
from viralcommerce.rules.limits import CLIP, REFUSE, SUBSTITUTE, Limit, Policy, quota_name
from viralcommerce.rules.rewards import Reward


def _limits(value: object) -> object:
    if isinstance(value, bool):
        raise InvalidRule(f"at_most: {value} is no count; give a whole number of 1 or more")
    if isinstance(value, int):
        return (Limit(value),)
    return (value,) if isinstance(value, Limit) else value


if TYPE_CHECKING:
    Limits = int | Limit | tuple[Limit, ...]
else:  # a count is made a limit, and one limit a tuple of one
    Limits = Annotated[
        tuple[Annotated[Limit, OneOf()], ...],
        BeforeValidator(_limits),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "integer", "minimum": 1},
                    {"type": "array", "items": {FAMILY: Limit.__name__}},
                ]
            }
        ),
    ]


class Line(Rule):
    """A line of the terms: a `Grant`, or a `BestOf` several that compete."""

    @property
    def options(self) -> tuple[Grant, ...]:
        """The grants of this line, in declared order."""
        raise InvalidRule(f"{self.kind}: a line of the terms has no grants")


@rule("grant")
class Grant(Line):
    """One line of the terms: give × to × on × given × at_most.

    Args:
        give: the reward.
        to: the role that gets it.
        on: the milestone that earns it.
        given: about the recipient; unmet withholds this award and the event stands.
        at_most: how many; a bare number counts per recipient for ever, see `Limit`.
        name: stable; quotas, ledger and reports use it. Made from `to`, `on` and the reward unless
            said, and must be said where two grants would share one.
        if_short: when a budget or a stock does not cover it: ``"refuse"`` the command, ``"drop"``
            this award, ``"clip"`` it to what is left, or ``"substitute"`` `instead`.
        instead: the reward given when this one is short.
    """

    give: Annotated[Reward, OneOf()]
    to: str = Field(kw_only=True)
    on: str = Field(kw_only=True)
    given: Annotated[Condition, OneOf()] | None = Field(default=None, kw_only=True)
    at_most: Limits = Field(default=(), kw_only=True)
    name: str = Field(default="", kw_only=True, pattern=r"^$|^[a-z0-9][a-z0-9._-]{0,62}$")
    if_short: Policy = Field(default=REFUSE, kw_only=True)
    instead: Annotated[Reward, OneOf()] | None = Field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self._made())
        if (self.instead is None) == (self.if_short == SUBSTITUTE):
            raise InvalidRule(
                f"grant {self.name}: if_short={self.if_short!r} and instead={self.instead!r}; "
                "a substitute needs both if_short='substitute' and instead=, the others neither"
            )
        counted = [quota_name(limit) for limit in self.limits]
        if len(set(counted)) < len(counted):
            raise InvalidRule(
                f"grant {self.name}: at_most counts the same thing twice; keep the lower limit"
            )
        if self.if_short == CLIP and self.give.asset:
            raise InvalidRule(
                f"grant {self.name}: a {self.give.kind} cannot be clipped; "
                "choose from: drop, refuse, substitute"
            )

    @property
    def limits(self) -> tuple[Limit, ...]:
        """What bounds it, in declared order."""
        assert isinstance(self.at_most, tuple)  # a single one was made one when it came in
        return self.at_most

    @property
    def options(self) -> tuple[Grant, ...]:
        return (self,)

    @property
    def is_named(self) -> bool:
        """Whether its name is another than the one made for it."""
        return self.name != self._made()

    def _made(self) -> str:
        return f"{self.to}-{self.on}-{self.give.kind}".replace("(", "-").replace(")", "")


@rule("best_of")
class BestOf(Line):
    """Grants that compete: the greatest among those that can be made; ties to the first.

    The greatest is what costs the budget most; what costs it nothing comes last. One that is short
    is passed over and its substitute, if it has one, competes with the others by what it costs
    itself; one that is clipped is made. When none can be made, the first that would have refused
    the command does.

    Example:
        >>> from viralcommerce.rules.rewards import Coupon
        >>> from viralcommerce.values.money import CNY
        >>> best = BestOf((Grant(Coupon(CNY(2)), to="friend", on="joined", name="two"),
        ...                Grant(Coupon(CNY(5)), to="friend", on="joined", name="five")))
        >>> [grant.name for grant in best.options]
        ['two', 'five']
    """

    grants: tuple[Annotated[Grant, OneOf()], ...] = Field(min_length=2)

    def __post_init__(self) -> None:
        lines = {(grant.to, grant.on) for grant in self.grants}
        if len(lines) > 1:
            raise InvalidRule(
                "competing grants share one recipient and one milestone, not "
                + ", ".join(sorted(f"{to} on {on}" for to, on in lines))
            )

    @property
    def options(self) -> tuple[Grant, ...]:
        return self.grants
