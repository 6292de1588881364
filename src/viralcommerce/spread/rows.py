"""A commission scheme as lines of a campaign's terms: a grant for each level."""

from __future__ import annotations

from collections.abc import Callable

from viralcommerce.errors import InvalidRule
from viralcommerce.rules.grants import Grant
from viralcommerce.rules.rewards import Credit, Reward
from viralcommerce.spread.levels import FixedLevels, GeometricLevels, HeadcountTiers
from viralcommerce.values.percent import Percent


def grants_of(
    scheme: FixedLevels | GeometricLevels,
    *,
    on: str,
    to: Callable[[int], str],
    give: Callable[[Percent], Reward] = Credit,
    name: str = "commission",
) -> tuple[Grant, ...]:
    """A grant for each level that a scheme pays.

    A campaign whose amounts are rounded down, as they are unless it says otherwise, then gives
    what `Levels.due` says, level by level, on the part of an order that is left.

    `HeadcountTiers` is no such scheme and is refused: its rate depends on the friend, not the
    level. The invite game has milestones for that, ``invite.tier(1)`` and on, which begin where
    ``Invite(tiers=(10, 50))`` says.

    Args:
        scheme: whose levels are paid.
        on: the milestone that carries what the rates are of: ``invite.ORDERED``.
        to: the role of a level: ``invite.upline``.
        give: the reward, made of a rate.
        name: what the grants are called, with the level.

    Raises:
        InvalidRule: a scheme whose rates are not one for each level, or that says of vacant
            levels, or of rounding, what grants cannot do.

    Example:
        >>> from viralcommerce.mechanics import invite
        >>> from viralcommerce.values.percent import percent
        >>> scheme = FixedLevels((percent(5), percent(1)))
        >>> for grant in grants_of(scheme, on=invite.ORDERED, to=invite.upline):
        ...     print(grant.name, grant.to, grant.give.share)
        commission-1 upline(1) 5%
        commission-2 upline(2) 1%
    """
    if isinstance(scheme, HeadcountTiers):
        raise InvalidRule(
            f"grants_of: {scheme.kind}: its rate depends on the friend, and a grant has one for"
            " all; say where tiers begin with Invite(tiers=...), and give grants on=invite.tier(1)"
            " and on"
        )
    if not isinstance(scheme, FixedLevels | GeometricLevels):
        raise InvalidRule(
            f"grants_of: {type(scheme).__name__} has not one rate for each level; give FixedLevels"
            " or GeometricLevels, or pay what `scheme.due` says yourself"
        )
    if scheme.vacant == "roll_up":
        raise InvalidRule(
            "grants_of: vacant='roll_up': a grant is for one level, and nobody moves into "
            "another's; say vacant='forfeit', or pay what `scheme.due` says yourself"
        )
    if scheme.vacant == "house":
        raise InvalidRule(
            "grants_of: vacant='house': what nobody is due stays in the campaign's budget, and no "
            "row says so; say vacant='forfeit'"
        )
    if scheme.cut == "pool":
        raise InvalidRule(
            "grants_of: cut='pool': each grant is rounded for itself; say cut='each'"
        )
    return tuple(
        Grant(give(scheme.rate(level, 1)), to=to(level), on=on, name=f"{name}-{level}")
        for level in range(1, scheme.depth + 1)
    )
