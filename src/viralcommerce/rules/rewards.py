"""Rewards: what may be given.

An amount is `Money`, or a `Percent` of the amount that the milestone carries (`WHOLE` is all of
it). What a reward costs the budget is said by the reward: money rewards cost their amount, a
product its `worth`, the rest nothing unless said.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from viralcommerce.errors import InvalidRule
from viralcommerce.rules.base import Rule, rule
from viralcommerce.rules.fields import NEVER, Count, MoneyField, Name, PercentField, SpanField
from viralcommerce.rules.limits import UNLIMITED, CountOrUnlimited, Unlimited
from viralcommerce.rules.wording import in_chinese, span_zh, spelled_out
from viralcommerce.values.money import Money
from viralcommerce.values.percent import WHOLE, Percent
from viralcommerce.values.spans import write_span

ENTRY = "entry"
"""The kind of the reward that begins something in another campaign."""
Amount = MoneyField | PercentField


class Reward(Rule):
    """What may be given. Subclasses are declared ``@rule(kind)``."""

    @property
    def share(self) -> Percent | None:
        """The percentage of the carried amount, where the reward is one."""
        return None

    @property
    def price(self) -> Money | None:
        """What one costs the budget, where that does not depend on the carried amount."""
        return None

    @property
    def threshold(self) -> Money | None:
        """The smallest amount it can be used on, where there is one; it costs nothing."""
        return None

    @property
    def asset(self) -> str:
        """What is owned, without the currency: ``"points"``, ``"product/teapot"``; "" is money."""
        return ""

    @property
    def units(self) -> int:
        """How many of the asset one award is; 0 where an amount of money decides."""
        return 0

    @property
    def supply(self) -> int | Unlimited:
        """How many awards can be made of it in all."""
        return UNLIMITED

    @property
    def lasts(self) -> timedelta:
        """How long it can be used once awarded; zero means for ever."""
        return NEVER

    def terms(self) -> dict[str, str]:
        """What an award says beyond its amount."""
        return {}

    def phrase_en(self, carried: str = "the amount") -> str:
        """What a member reads, in English; `carried` is what a percentage is taken of."""
        return spelled_out(self).en

    def phrase_zh(self, carried: str = "相应金额") -> str:
        """What a member reads, in Chinese; `carried` is what a percentage is taken of."""
        return spelled_out(self).zh


class _MoneyReward(Reward):
    """A reward that is an amount of money, given or taken as a share of what is carried."""

    amount: Money | Percent

    def __post_init__(self) -> None:
        amount = self.amount
        nothing = amount.minor == 0 if isinstance(amount, Money) else amount.share <= 0
        if nothing:
            raise InvalidRule(f"{amount} gives nothing; leave the grant out")

    @property
    def share(self) -> Percent | None:
        return self.amount if isinstance(self.amount, Percent) else None

    @property
    def price(self) -> Money | None:
        return self.amount if isinstance(self.amount, Money) else None

    def _worth_en(self, carried: str) -> str:
        if isinstance(self.amount, Money):
            return self.amount.shown()
        return carried if self.amount == WHOLE else f"{self.amount} of {carried}"

    def _worth_zh(self, carried: str) -> str:
        if isinstance(self.amount, Money):
            return in_chinese(self.amount)
        return carried if self.amount == WHOLE else f"{carried}{self.amount}"


@rule("coupon")
class Coupon(_MoneyReward):
    """Money off a later order.

    Args:
        amount: what it takes off, or the share of what the milestone carries.
        valid_for: how long from the award; zero is for ever.
        spend_at_least: the smallest order it can be used on.

    Example:
        >>> from viralcommerce.values.money import CNY
        >>> from viralcommerce.values.spans import days
        >>> str(Coupon(CNY(2), valid_for=days(7)).price)
        'CNY 2.00'
    """

    amount: Amount
    valid_for: SpanField = Field(default=NEVER, kw_only=True)
    spend_at_least: MoneyField | None = Field(default=None, kw_only=True)

    @property
    def threshold(self) -> Money | None:
        return self.spend_at_least

    @property
    def lasts(self) -> timedelta:
        return self.valid_for

    def terms(self) -> dict[str, str]:
        return {} if self.spend_at_least is None else {"spend_at_least": str(self.spend_at_least)}

    def phrase_en(self, carried: str = "the amount") -> str:
        worth, least = self._worth_en(carried), self.spend_at_least
        said = f"a {worth} coupon" if self.share is None else f"a coupon for {worth}"
        order = "" if least is None else f", for an order of at least {least.shown()}"
        return f"{said}{order}, {_valid_en(self.valid_for)}"

    def phrase_zh(self, carried: str = "相应金额") -> str:
        worth, least = self._worth_zh(carried), self.spend_at_least
        said = f"{worth}优惠券" if self.share is None else f"面额为{worth}的优惠券"
        order = "" if least is None else f"订单满{in_chinese(least)}可用，"
        return f"{said}（{order}{_valid_zh(self.valid_for)}）"


@rule("credit")
class Credit(_MoneyReward):
    """Balance in the shop: spent like money there, not paid out."""

    amount: Amount
    valid_for: SpanField = Field(default=NEVER, kw_only=True)

    @property
    def lasts(self) -> timedelta:
        return self.valid_for

    def phrase_en(self, carried: str = "the amount") -> str:
        return f"{self._worth_en(carried)} as shop credit, {_valid_en(self.valid_for)}"

    def phrase_zh(self, carried: str = "相应金额") -> str:
        worth = self._worth_zh(carried)
        said = f"{worth}余额" if self.share is None else f"金额为{worth}的余额"
        return f"{said}（{_valid_zh(self.valid_for)}）"


@rule("cash")
class Cash(_MoneyReward):
    """Money paid out to the member."""

    amount: Amount

    def phrase_en(self, carried: str = "the amount") -> str:
        return f"{self._worth_en(carried)} in cash"

    def phrase_zh(self, carried: str = "相应金额") -> str:
        worth = self._worth_zh(carried)
        return f"{worth}现金" if self.share is None else f"金额为{worth}的现金"


class _Thing(Reward):
    """A reward that is counted, not measured in money."""

    @property
    def units(self) -> int:
        return 1


@rule("points")
class Points(_Thing):
    """Points; they cost the budget nothing unless `worth` says what all of them cost."""

    points: Count
    worth: MoneyField | None = Field(default=None, kw_only=True)

    @property
    def asset(self) -> str:
        return "points"

    @property
    def units(self) -> int:
        return self.points

    @property
    def price(self) -> Money | None:
        return self.worth

    def phrase_en(self, carried: str = "the amount") -> str:
        said = "1 point" if self.points == 1 else f"{self.points:,} points"
        return said if self.worth is None else f"{said} worth {self.worth.shown()}"

    def phrase_zh(self, carried: str = "相应金额") -> str:
        said = f"{self.points}积分"
        return said if self.worth is None else f"{said}（价值{in_chinese(self.worth)}）"


@rule("product")
class Product(_Thing):
    """A thing handed over.

    Args:
        sku: what the shop calls it.
        worth: what one costs the budget.
        stock: how many there are; `UNLIMITED` must be said.
    """

    sku: Name
    worth: MoneyField = Field(kw_only=True)
    stock: CountOrUnlimited = Field(kw_only=True)

    @property
    def asset(self) -> str:
        return f"product/{self.sku}"

    @property
    def price(self) -> Money | None:
        return self.worth

    @property
    def supply(self) -> int | Unlimited:
        return self.stock

    def phrase_en(self, carried: str = "the amount") -> str:
        return f'"{self.sku}" worth {self.worth.shown()}, {_supply_en(self.stock)}'

    def phrase_zh(self, carried: str = "相应金额") -> str:
        return f"“{self.sku}”一件（价值{in_chinese(self.worth)}，{_supply_zh(self.stock, '件')}）"


@rule("right")
class Right(_Thing):
    """A right to buy: at a price, in a presale, of a limited thing."""

    to_buy: Name
    valid_for: SpanField = Field(default=NEVER, kw_only=True)
    stock: CountOrUnlimited = Field(default=UNLIMITED, kw_only=True)

    @property
    def asset(self) -> str:
        return f"right/{self.to_buy}"

    @property
    def lasts(self) -> timedelta:
        return self.valid_for

    @property
    def supply(self) -> int | Unlimited:
        return self.stock

    def phrase_en(self, carried: str = "the amount") -> str:
        said = f'the right to buy "{self.to_buy}"'
        return f"{said}, {_valid_en(self.valid_for)}, {_supply_en(self.stock)}"

    def phrase_zh(self, carried: str = "相应金额") -> str:
        said = f"“{self.to_buy}”购买资格一份"
        return f"{said}（{_valid_zh(self.valid_for)}，{_supply_zh(self.stock, '份')}）"


@rule(ENTRY)
class Entry(_Thing):
    """Entry into another campaign of the shop, by its name: it begins what can be begun there.

    It costs nothing here; what it may cost there is said there. If it is refused there for good,
    the award is reversed.
    """

    campaign: Name

    @property
    def asset(self) -> str:
        return f"entry/{self.campaign}"

    def phrase_en(self, carried: str = "the amount") -> str:
        return f'an entry into "{self.campaign}"'

    def phrase_zh(self, carried: str = "相应金额") -> str:
        return f"“{self.campaign}”活动参与资格一次"


@rule("title")
class Title(_Thing):
    """A title or badge the member may show."""

    title: Annotated[str, Field(strict=True, min_length=1, max_length=40)]

    @property
    def asset(self) -> str:
        return f"title/{self.title}"

    def phrase_en(self, carried: str = "the amount") -> str:
        return f'the title "{self.title}"'

    def phrase_zh(self, carried: str = "相应金额") -> str:
        return f"“{self.title}”称号"


def _valid_en(span: timedelta) -> str:
    return "valid without end" if span == NEVER else f"valid for {write_span(span)}"


def _valid_zh(span: timedelta) -> str:
    return "长期有效" if span == NEVER else f"自发放起{span_zh(span)}内有效"


def _supply_en(supply: int | Unlimited) -> str:
    if isinstance(supply, Unlimited):
        return "as many as are earned"
    return f"{supply:,} in all"


def _supply_zh(supply: int | Unlimited, unit: str) -> str:
    return "数量不限" if isinstance(supply, Unlimited) else f"共{supply}{unit}"
