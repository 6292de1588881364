"""Who was credited: the result of an attribution, with what was left out and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import ClassVar, Final

from msgspec import Struct

from viralcommerce.messages import Refusal
from viralcommerce.spread.touches import Touch
from viralcommerce.values.allocate import allocate
from viralcommerce.values.money import Money
from viralcommerce.values.percent import Percent, percent

FINEST: Final = 10**15
"""Shares whose exact fractions have larger parts than this are cut into so many."""


class AfterOrder(Refusal, frozen=True, kw_only=True):
    """It was touched after the order."""

    en: ClassVar[str] = "this was after the order of {ordered}"
    zh: ClassVar[str] = "发生在下单（{ordered}）之后"

    ordered: datetime


class OwnTouch(Refusal, frozen=True, kw_only=True):
    """It was the buyer's own link or code."""

    en: ClassVar[str] = "this was the buyer's own"
    zh: ClassVar[str] = "这是买家自己的链接或邀请码"


class SharerUnknown(Refusal, frozen=True, kw_only=True):
    """A visitor shared it who has not signed in yet, so there is nobody to credit."""

    en: ClassVar[str] = "whoever shared this has not signed in"
    zh: ClassVar[str] = "分享者尚未登录"

    visitor: str


class BeforeWindow(Refusal, frozen=True, kw_only=True):
    """It was too long before the order."""

    en: ClassVar[str] = "this was not within {within} before the order"
    zh: ClassVar[str] = "不在下单前{within}之内"

    within: str


class NotFirst(Refusal, frozen=True, kw_only=True):
    """Another came before it, and the first is credited."""

    en: ClassVar[str] = "another came first"
    zh: ClassVar[str] = "并非首次触达"


class NotLast(Refusal, frozen=True, kw_only=True):
    """Another came after it, and the last is credited."""

    en: ClassVar[str] = "another came later"
    zh: ClassVar[str] = "并非末次触达"


class BeatenByCode(Refusal, frozen=True, kw_only=True):
    """A code was typed, which beats a link."""

    en: ClassVar[str] = "a code was typed, which beats a link"
    zh: ClassVar[str] = "已输入邀请码，优先于链接"


class BeatenByLink(Refusal, frozen=True, kw_only=True):
    """A link was opened, which beats a code."""

    en: ClassVar[str] = "a link was opened, which beats a code"
    zh: ClassVar[str] = "已打开链接，优先于邀请码"


class OtherCampaign(Refusal, frozen=True, kw_only=True):
    """Another campaign comes before this one, or this one is not asked about."""

    en: ClassVar[str] = "{credited} comes before this campaign"
    zh: ClassVar[str] = "{credited}优先于该活动"

    credited: str


class NoShare(Refusal, frozen=True, kw_only=True):
    """It counts, and its share comes to nothing."""

    en: ClassVar[str] = "its share comes to nothing"
    zh: ClassVar[str] = "所占份额为零"


WhyRejected = (
    AfterOrder
    | OwnTouch
    | SharerUnknown
    | BeforeWindow
    | NotFirst
    | NotLast
    | BeatenByCode
    | BeatenByLink
    | OtherCampaign
    | NoShare
)


class Credited(Struct, frozen=True, gc=False):
    """One touch that is credited.

    Args:
        touch: what was touched.
        to: the member who shared it.
        share: of the order, above 0 %.
    """

    touch: Touch
    to: str
    share: Percent


class Rejected(Struct, frozen=True, gc=False):
    """One touch that is not, and the reason."""

    touch: Touch
    why: WhyRejected


class Attribution(Struct, frozen=True, kw_only=True):
    """Who is credited for one order; kept with it.

    Args:
        credited: in order of time; their shares sum to exactly 1, or there are none.
        rejected: in order of time.
    """

    credited: tuple[Credited, ...] = ()
    rejected: tuple[Rejected, ...] = ()

    def shares(self) -> dict[str, Percent]:
        """The share of each member, in the order of their first credit."""
        found: dict[str, Fraction] = {}
        for credit in self.credited:
            found[credit.to] = found.get(credit.to, Fraction(0)) + credit.share.share
        return {member: percent(share * 100) for member, share in found.items()}

    def amounts(self, total: Money) -> dict[str, Money]:
        """A total cut by the shares of the members, to the last minor unit; none for nobody."""
        shares = self.shares()
        if not shares:
            return {}
        parts = allocate(total, [share.share for share in shares.values()])
        return dict(zip(shares, parts, strict=True))


def in_shares(weights: Sequence[Fraction]) -> tuple[Percent, ...]:
    """Weights as shares that sum to exactly 1, in `FINEST` parts where no plain fractions do.

    Args:
        weights: none below zero, and some above.

    Example:
        >>> [str(share) for share in in_shares([Fraction(1), Fraction(2)])]
        ['1/3', '2/3']
    """
    total = sum(weights, Fraction(0))
    exact = [weight / total for weight in weights]
    if any(share.denominator > FINEST for share in exact):
        exact = [Fraction(part, FINEST) for part in allocate(FINEST, exact)]
    return tuple(percent(share * 100) for share in exact)
