"""Who takes part in inviting, what is reached, and what members read for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from viralcommerce.decider import Milestone, Role
from viralcommerce.errors import InvalidRule
from viralcommerce.rules.wording import Words

INVITER: Final = Role("inviter")
INVITEE: Final = Role("invitee")
OPERATOR: Final = Role("operator")
PAYEE: Final = Role("payee")
MOST_LEVELS: Final = 20


def upline(level: int) -> Role:
    """Whoever stands so many levels above the buyer; the direct inviter is level 1.

    Raises:
        InvalidRule: a level below 1 or above 20.

    Example:
        >>> upline(2)
        'upline(2)'
    """
    if not 1 <= level <= MOST_LEVELS:
        raise InvalidRule(
            f"upline: level {level}; the direct inviter is 1, the last {MOST_LEVELS}"
        )
    return Role(f"upline({level})")


UPLINE: Final = tuple(upline(level) for level in range(1, MOST_LEVELS + 1))
MATTER: Final = "matter"
"""What a limit counts within, of what has an instance here: a member, a code or an order."""

JOINED: Final = Milestone("joined")
ORDERED: Final = Milestone("ordered")
FIRST_ORDER: Final = Milestone("first_order")
MOST_TIERS: Final = 9


def tier(number: int) -> Milestone:
    """The first qualifying order of a friend who is late enough to be in a tier, from 1 on.

    Raises:
        InvalidRule: a tier below 1 or above 9.

    Example:
        >>> tier(1)
        'tier(1)'
    """
    if not 1 <= number <= MOST_TIERS:
        raise InvalidRule(f"tier: {number}; the first is 1, the last {MOST_TIERS}")
    return Milestone(f"tier({number})")


TIERS: Final = tuple(tier(number) for number in range(1, MOST_TIERS + 1))

WORDS: Final[Mapping[str, Words]] = {
    INVITER: Words("inviter", "邀请人"),
    INVITEE: Words("friend", "被邀请人"),
    OPERATOR: Words("operator", "运营人员"),
    PAYEE: Words("payee", "收款人"),
    MATTER: Words("order or member", "订单或用户"),
    JOINED: Words("when a friend joins by an invitation", "好友通过邀请加入时"),
    ORDERED: Words("when the refund period of a friend's order is over", "好友订单过售后期时"),
    FIRST_ORDER: Words(
        "when the refund period of a friend's first qualifying order is over",
        "好友首个有效订单过售后期时",
    ),
    **{
        role: Words(f"inviter at level {level}", f"第{level}级邀请人")
        for level, role in enumerate(UPLINE, 1)
    },
    **{
        milestone: Words(
            f"when the refund period of the first qualifying order of a friend in tier {number} "
            "is over",
            f"第{number}档好友首个有效订单过售后期时",
        )
        for number, milestone in enumerate(TIERS, 1)
    },
}
_LEFT: Final = Words("what is left of the order", "订单未退款金额")
CARRIED: Final[Mapping[str, Words]] = dict.fromkeys((ORDERED, FIRST_ORDER, *TIERS), _LEFT)
