"""Limits: how many, counted for whom, within what.

``at_most=3`` counts awards of that grant per recipient for ever; anything else is said:
``Limit(3, per=DAY)``, ``Limit(5, per=PACK)``, ``Limit(1000, per=(CAMPAIGN, DAY))``. A limit names
at most one subject (who is counted) and at most one period (days and weeks begin at midnight in
the campaign's zone).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal, NoReturn

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from viralcommerce.errors import InvalidRule, NoTruthValue
from viralcommerce.rules.base import Rule, rule
from viralcommerce.rules.fields import Count, Name
from viralcommerce.values.money import Money
from viralcommerce.values.spans import DAY, MONTH, WEEK

MEMBER: Final = "member"
PAIR: Final = "pair"
CAMPAIGN: Final = "campaign"
FOREVER: Final = "forever"
PERIODS: Final = frozenset((str(DAY), str(WEEK), str(MONTH), FOREVER))
NOUNS: Final = {MEMBER: "members", PAIR: "pairs", CAMPAIGN: "the campaign"}


class Unlimited:
    """No bound, and said so: never 0, -1 or None. There is one, `UNLIMITED`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNLIMITED"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unlimited)

    def __hash__(self) -> int:
        return hash(Unlimited)

    def __bool__(self) -> NoReturn:
        raise NoTruthValue("UNLIMITED has no truth value; compare with `is UNLIMITED`")


UNLIMITED: Final = Unlimited()
_WORD = "unlimited"


def _count(value: object) -> object:
    if value == _WORD or isinstance(value, Unlimited):
        return UNLIMITED
    if isinstance(value, int) and not isinstance(value, bool):
        if value >= 1:
            return value
        raise InvalidRule(f"{value} is no count; give 1 or more, or UNLIMITED")
    raise InvalidRule(f"{value!r} is no count; give a whole number of 1 or more, or UNLIMITED")


def _write(value: int | Unlimited) -> int | str:
    return _WORD if isinstance(value, Unlimited) else value


def _budget(value: object) -> object:
    if value == _WORD or isinstance(value, Unlimited):
        return UNLIMITED
    if isinstance(value, str):
        return Money.parse(value)
    if isinstance(value, Money):
        return value
    raise InvalidRule(f"{value!r} is no budget; give an amount of money, or UNLIMITED")


def _write_budget(value: Money | Unlimited) -> str:
    return _WORD if isinstance(value, Unlimited) else str(value)


CountOrUnlimited = Annotated[
    int | Unlimited,
    BeforeValidator(_count),
    PlainSerializer(_write),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"const": _WORD}]}),
]
BudgetField = Annotated[
    Money | Unlimited,
    BeforeValidator(_budget),
    PlainSerializer(_write_budget),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "string",
                    "pattern": r"^[A-Z]{3} [0-9]+(\.[0-9]+)?$",
                    "x-unit": "money: an ISO 4217 code and an amount in major units",
                    "examples": ["CNY 200000.00"],
                },
                {"const": _WORD},
            ]
        }
    ),
]


def _scopes(value: object) -> object:
    return (str(value),) if isinstance(value, str) else value


if TYPE_CHECKING:
    Scopes = str | tuple[str, ...]
else:  # one is made a tuple of one
    Scopes = Annotated[
        tuple[str, ...],
        BeforeValidator(_scopes),
        Field(max_length=2),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string"},
                    {"type": "array", "items": {"type": "string"}, "maxItems": 2},
                ]
            }
        ),
    ]


def subject_and_period(per: str | tuple[str, ...], where: str) -> tuple[str, str]:
    """Who is counted and within what, from a limit's ``per``; member and for ever unless said."""
    scopes = (per,) if isinstance(per, str) else per
    periods = [scope for scope in scopes if scope in PERIODS]
    subjects = [scope for scope in scopes if scope not in PERIODS]
    if len(periods) > 1 or len(subjects) > 1:
        raise InvalidRule(
            f"{where}: per={per!r} names more than one subject or period; give one of each"
        )
    return (subjects[0] if subjects else MEMBER, periods[0] if periods else FOREVER)


def canonical(per: str | tuple[str, ...], where: str) -> tuple[str, ...]:
    """The one way to write a ``per``, so that limits that count alike are equal and hash alike.

    Example:
        >>> canonical((DAY, MEMBER), "limit"), canonical((DAY, PAIR), "limit")
        (('day',), ('pair', 'day'))
    """
    subject, period = map(str, subject_and_period(per, where))
    if period == FOREVER:
        return (subject,)
    return (period,) if subject == MEMBER else (subject, period)


@rule("limit")
class Limit(Rule):
    """A bound on how many awards a grant makes; the award beyond it is dropped, the event stands.

    Args:
        at_most: how many.
        per: whom and within what: `MEMBER` (the recipient), `PAIR` (the recipient and the actor;
            the actor and whoever comes next in the cast), `CAMPAIGN`, or the mechanic's scope
            (``pack.PACK``); `DAY`, `WEEK` or `MONTH`.

    Example:
        >>> Limit(3, per=DAY).subject, Limit(3, per=DAY).period
        ('member', 'day')
    """

    at_most: Count
    per: Scopes = Field(default=(MEMBER,), kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "per", canonical(self.per, "limit"))

    @property
    def subject(self) -> str:
        """Who is counted."""
        return subject_and_period(self.per, "limit")[0]

    @property
    def period(self) -> str:
        """Within what; ``"forever"`` unless said."""
        return subject_and_period(self.per, "limit")[1]


@rule("cap")
class Cap(Rule):
    """A bound on how often a milestone is reached; beyond it the command is refused.

    Args:
        name: what the cap is called, in reports and to the member.
        at_most: how often.
        on: the milestone counted.
        of: the role whose member is counted.
        per: as for `Limit`; `PAIR` counts each pair of `of` and the actor.

    Example:
        >>> Cap("likes-a-day", 3, on="liked", of="liker", per=DAY).period
        'day'
    """

    name: Name
    at_most: Count
    on: str = Field(kw_only=True)
    of: str = Field(kw_only=True)
    per: Scopes = Field(default=(MEMBER,), kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "per", canonical(self.per, f"cap {self.name}"))

    @property
    def subject(self) -> str:
        """Who is counted."""
        return subject_and_period(self.per, "cap")[0]

    @property
    def period(self) -> str:
        """Within what; ``"forever"`` unless said."""
        return subject_and_period(self.per, "cap")[1]


def quota_name(bound: Limit | Cap, grant: str = "") -> str:
    """What a bound is counted as, in quotas and in what is said of them.

    Args:
        bound: what is counted.
        grant: the name of the grant, for a limit.

    Example:
        >>> quota_name(Limit(3, per=DAY), "sharer-bonus")
        'sharer-bonus/member/day'
    """
    name = f"cap/{bound.name}" if isinstance(bound, Cap) else f"{grant}/{bound.subject}"
    return name if bound.period == FOREVER else f"{name}/{bound.period}"


Policy = Literal["refuse", "drop", "clip", "substitute"]
"""What happens when a budget or a stock does not cover an award."""
REFUSE: Final[Policy] = "refuse"
DROP: Final[Policy] = "drop"
CLIP: Final[Policy] = "clip"
SUBSTITUTE: Final[Policy] = "substitute"
