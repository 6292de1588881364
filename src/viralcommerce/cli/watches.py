"""What is particular to a game, counted decision by decision: packs, asks, invitations.

Memory grows with the instances that are open at one time, not with the log.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from math import sqrt
from typing import Any, Final, NamedTuple

from viralcommerce.cli.summary import Asks, Invites, Packs, Position
from viralcommerce.decider import AnyMechanic
from viralcommerce.mechanics import collect, invite
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Accepted, Event

_HOUR: Final = timedelta(hours=1)


class Watched(NamedTuple):
    """What was counted of a game, if anything was."""

    packs: Packs | None = None
    asks: Asks | None = None
    invites: Invites | None = None


class PackWatch:
    """Coupon packs: how full they get, and which position is lucky.

    Args:
        mechanic: the newest version of the rules, whose odds the shares are held against.
    """

    def __init__(self, mechanic: pack.CouponPack) -> None:
        self._newest = mechanic
        self._shared = self._emptied = self._over = 0
        self._fill: Counter[int] = Counter()
        self._shares: Counter[int] = Counter()
        self._sums: Counter[int] = Counter()
        self._squares: Counter[int] = Counter()
        self._lucky: Counter[int] = Counter()
        self._best: dict[str, int] = {}

    def see(self, decision: Accepted[Any, Any], mechanic: AnyMechanic) -> None:
        """Count the events of one decision about a pack."""
        if not isinstance(mechanic, pack.CouponPack):
            return
        for event in decision.events:
            match event:
                case pack.Grabbed():
                    self._grabbed(event, mechanic.split.parts - event.parts_left)
                case pack.Opened():
                    self._shared += 1
                    self._fill[0] += 1
                case pack.Emptied():
                    self._emptied += 1
                    self._lucky[self._best.pop(event.pack, 0)] += 1
                case pack.Expired():
                    self._over += 1
                    self._best.pop(event.pack, None)
                case _:
                    pass

    def _grabbed(self, event: pack.Grabbed, position: int) -> None:
        share = event.share.minor
        self._fill[position - 1] -= 1
        self._fill[position] += 1
        self._shares[position] += 1
        self._sums[position] += share
        self._squares[position] += share * share
        if event.best_by == event.grabber:
            self._best[event.pack] = position

    def told(self) -> Watched:
        """What was counted."""
        return Watched(packs=self._packs())

    def _packs(self) -> Packs:
        parts = self._newest.split.parts
        expected = [float(mean) for mean in self._newest.split.means()]
        most = max((position for position, count in self._fill.items() if count), default=0)
        return Packs(
            shared=self._shared,
            emptied=self._emptied,
            over=self._over,
            still_open=self._shared - self._emptied - self._over,
            parts=parts,
            fill=[self._fill[taken] for taken in range(max(parts, most) + 1)],
            positions=[
                self._position(position, expected[position - 1])
                for position in range(1, parts + 1)
                if self._shares[position]
            ],
        )

    def _position(self, position: int, expected: float) -> Position:
        shares = self._shares[position]
        mean = self._sums[position] / shares
        variance = self._squares[position] / shares - mean * mean
        return Position(
            position=position,
            shares=shares,
            mean=mean,
            deviation=sqrt(max(variance, 0.0)),
            expected=expected,
            luckiest=self._lucky[position],
        )


class AskWatch:
    """Asks for likes: how far they get, and how fast.

    Args:
        mechanic: the newest version of the rules.
    """

    def __init__(self, mechanic: collect.Collect) -> None:
        self._newest = mechanic
        self._asked = self._reached = self._missed = 0
        self._likes: Counter[int] = Counter()
        self._hours: Counter[int] = Counter()
        self._since: dict[str, datetime] = {}

    def see(self, decision: Accepted[Any, Any], mechanic: AnyMechanic) -> None:
        """Count the events of one decision about an ask."""
        for event in decision.events:
            match event:
                case collect.Liked():
                    self._likes[event.likes - 1] -= 1
                    self._likes[event.likes] += 1
                case collect.Asked():
                    self._asked += 1
                    self._likes[0] += 1
                    self._since[event.ask] = event.at
                case collect.Withdrawn():
                    self._likes[event.likes + 1] -= 1
                    self._likes[event.likes] += 1
                case collect.GoalReached():
                    self._reached += 1
                    took = event.at - self._since.pop(event.ask, event.at)
                    self._hours[took // _HOUR] += 1
                case collect.Lapsed():
                    self._missed += 1
                    self._since.pop(event.ask, None)
                case _:
                    pass

    def told(self) -> Watched:
        """What was counted."""
        return Watched(asks=self._asks())

    def _asks(self) -> Asks:
        most = max((likes for likes, count in self._likes.items() if count), default=0)
        hours = max((hour for hour, count in self._hours.items() if count), default=-1)
        return Asks(
            asked=self._asked,
            reached=self._reached,
            missed=self._missed,
            still_open=self._asked - self._reached - self._missed,
            goal=self._newest.goal,
            likes=[self._likes[likes] for likes in range(max(self._newest.goal, most) + 1)],
            hours=[self._hours[hour] for hour in range(hours + 1)],
        )


class InviteWatch:
    """Invitations and orders: who joined how, and what orders came to.

    Args:
        mechanic: the newest version of the rules.
    """

    def __init__(self, mechanic: invite.Invite) -> None:
        self._newest = mechanic
        self._counts: Counter[type[Event]] = Counter()
        self._again = 0
        self._above: Counter[int] = Counter()
        self._amount = self._net = self._back = 0

    def see(self, decision: Accepted[Any, Any], mechanic: AnyMechanic) -> None:
        """Count the events of one decision about a code, a member or an order."""
        for event in decision.events:
            self._counts[type(event)] += 1
            match event:
                case invite.Joined():
                    self._again += event.again
                case invite.Ordered():
                    self._above[len(event.upline)] += 1
                    self._amount += event.amount.minor
                case invite.Matured():
                    self._net += event.net.minor
                case invite.Refunded() if event.is_settled:
                    self._back += event.taken.minor
                case invite.ChargedBack() if event.is_settled:
                    self._back += event.amount.minor
                case invite.WonBack() if event.is_settled:
                    self._back -= event.amount.minor
                case _:
                    pass

    def told(self) -> Watched:
        """What was counted."""
        counts = self._counts
        ordered, counted = counts[invite.Ordered], counts[invite.Matured]
        rejected = counts[invite.Rejected]
        levels = self._newest.levels
        most = max((above for above, count in self._above.items() if count), default=0)
        found = Invites(
            issued=counts[invite.Issued],
            joined=counts[invite.Joined] - self._again,
            by_code=counts[invite.CodeUsed],
            again=self._again,
            parted=counts[invite.Parted],
            ordered=ordered,
            counted=counted,
            rejected=rejected,
            waiting=ordered - counted - rejected,
            levels=levels,
            above=[self._above[above] for above in range(max(levels, most) + 1)],
            amount=self._amount,
            net=self._net,
            back=self._back,
        )
        return Watched(invites=found)


def watch(mechanic: AnyMechanic) -> PackWatch | AskWatch | InviteWatch | None:
    """What counts this kind of game, if anything does."""
    match mechanic:
        case pack.CouponPack():
            return PackWatch(mechanic)
        case collect.Collect():
            return AskWatch(mechanic)
        case invite.Invite():
            return InviteWatch(mechanic)
        case _:
            return None
