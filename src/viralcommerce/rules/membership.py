"""Conditions about what a member is to the shop: new, old enough, tagged, from where, spending.

Every one takes ``of=``: the role it is about. Unsaid, it is the one who acts (in a campaign's
``given``) or the one who gains (in a grant's).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import Field

from viralcommerce.errors import CurrencyMismatch, InvalidRule
from viralcommerce.rules.base import rule
from viralcommerce.rules.bounds import (
    beyond_en,
    beyond_zh,
    bounded,
    check_bounds,
    within_en,
    within_zh,
)
from viralcommerce.rules.condition_family import Inline, Leaf
from viralcommerce.rules.condition_fields import CountFromZero, Label, Regions, RoleField
from viralcommerce.rules.facts import Ask, FactKind, Known, plain_names
from viralcommerce.rules.fields import Count, MoneyField, SpanField
from viralcommerce.rules.wording import Wording, in_chinese, listed_en, listed_zh, span_zh
from viralcommerce.values.instants import in_utc
from viralcommerce.values.money import Money
from viralcommerce.values.spans import write_span

PLAIN_MOMENT = "type({a}) is datetime and {a}.tzinfo is UTC"
PLAIN_COUNT = "type({a}) is int and {a} >= 0"


class About(Leaf):
    """A leaf about one fact of one member."""

    of: str
    fact: ClassVar[str]
    looks: ClassVar[FactKind]

    def asks(self, subject: str) -> tuple[Ask, ...]:
        return (Ask(self.of or subject, self.fact, self.looks),)

    @property
    def about(self) -> str:
        return self.of


@rule("new_member")
class NewMember(About):
    """A member who has never paid for an order; not one who merely registered lately.

    Facts exclude the order that the command reports, so the buyer of a first order is still new.

    Args:
        of: the role it is about.

    Example:
        >>> NewMember().says_en(Wording())
        ('a new member, without a paid order', 'a member who has paid for an order')
    """

    fact = "paid_orders"
    looks = FactKind.COUNT

    of: RoleField = Field(default="", kw_only=True)

    def holds(self, known: Known, at: datetime) -> bool:
        return known.count(self.of, self.fact) == 0

    def inline(self) -> Inline:
        return Inline("{a} == 0", PLAIN_COUNT, read="")

    def says_en(self, wording: Wording) -> tuple[str, str]:
        return "a new member, without a paid order", "a member who has paid for an order"

    def says_zh(self, wording: Wording) -> tuple[str, str]:
        return "为从未支付过订单的新用户", "为支付过订单的老用户"


@rule("account_age")
class AccountAge(About):
    """An account registered at least so long before the command.

    Args:
        at_least: how long, in elapsed time; a day is 24 hours. The instant it is reached counts.
        of: the role it is about.

    Example:
        >>> from viralcommerce.values.spans import days
        >>> AccountAge(at_least=days(7)).says_zh(Wording())
        ('账号注册满7天', '账号注册未满7天')
    """

    fact = "registered_at"
    looks = FactKind.MOMENT

    at_least: SpanField = Field(kw_only=True)
    of: RoleField = Field(default="", kw_only=True)

    def __post_init__(self) -> None:
        if self.at_least <= timedelta(0):
            raise InvalidRule(f"at_least: every account is {self.at_least} old; leave it out")

    def holds(self, known: Known, at: datetime) -> bool:
        return in_utc(at, "at") - known.moment(self.of, self.fact) >= self.at_least

    def inline(self) -> Inline:
        return Inline("at - {a} >= {0}", PLAIN_MOMENT, (self.at_least,), read="")

    def says_en(self, wording: Wording) -> tuple[str, str]:
        span = write_span(self.at_least)
        return f"an account at least {span} old", f"an account less than {span} old"

    def says_zh(self, wording: Wording) -> tuple[str, str]:
        span = span_zh(self.at_least)
        return f"账号注册满{span}", f"账号注册未满{span}"


@rule("paid_orders")
class PaidOrders(About):
    """So many paid orders, before the one that the command reports.

    Args:
        at_least: the fewest that will do; give this, `at_most` or both.
        at_most: the most that will do.
        of: the role it is about.

    Example:
        >>> PaidOrders(at_least=1, at_most=3).says_en(Wording())
        ('1 to 3 paid orders', 'fewer than 1 or more than 3 paid orders')
    """

    fact = "paid_orders"
    looks = FactKind.COUNT

    at_least: Count | None = Field(default=None, kw_only=True)
    at_most: CountFromZero | None = Field(default=None, kw_only=True)
    of: RoleField = Field(default="", kw_only=True)

    def __post_init__(self) -> None:
        check_bounds(self.at_least, self.at_most)

    def holds(self, known: Known, at: datetime) -> bool:
        count = known.count(self.of, self.fact)
        enough = self.at_least is None or count >= self.at_least
        return enough and (self.at_most is None or count <= self.at_most)

    def inline(self) -> Inline:
        test, constants = bounded("{a}", self.at_least, self.at_most)
        return Inline(test, PLAIN_COUNT, constants, read="")

    def says_en(self, wording: Wording) -> tuple[str, str]:
        last = self.at_least if self.at_most is None else self.at_most
        orders = "paid order" if last == 1 else "paid orders"
        return (
            f"{within_en(self.at_least, self.at_most)} {orders}",
            f"{beyond_en(self.at_least, self.at_most, 'fewer', 'more')} {orders}",
        )

    def says_zh(self, wording: Wording) -> tuple[str, str]:
        return (
            f"已支付订单数{within_zh(self.at_least, self.at_most)}",
            f"已支付订单数{beyond_zh(self.at_least, self.at_most)}",
        )


@rule("has_tag")
class HasTag(About):
    """A member whom the host has tagged; a member known to have no tags has not this one.

    Args:
        tag: as the host writes it, to the letter.
        of: the role it is about.
    """

    fact = "tags"
    looks = FactKind.NAMES

    tag: Label
    of: RoleField = Field(default="", kw_only=True)

    def holds(self, known: Known, at: datetime) -> bool:
        return self.tag in known.names(self.of, self.fact)

    def inline(self) -> Inline:
        return Inline("{0} in {a}", "{1}({a})", (self.tag, plain_names), read="")

    def says_en(self, wording: Wording) -> tuple[str, str]:
        return f'the tag "{self.tag}"', f'no tag "{self.tag}"'

    def says_zh(self, wording: Wording) -> tuple[str, str]:
        return f"拥有“{self.tag}”标签", f"没有“{self.tag}”标签"


@rule("region")
class Region(About):
    """A member of one of these places, or of a place inside one.

    Args:
        within: paths from the large to the small; ``CN/31`` holds ``CN/31/Pudong`` and not
            ``CN/310``.
        of: the role it is about.

    Example:
        >>> Region(within=("CN/31", "CN/32")).says_en(Wording())
        ('a place within CN/31 or CN/32', 'a place outside CN/31 and CN/32')
    """

    fact = "region"
    looks = FactKind.NAME

    within: Regions = Field(kw_only=True)
    of: RoleField = Field(default="", kw_only=True)

    def holds(self, known: Known, at: datetime) -> bool:
        place = known.name(self.of, self.fact)
        return any(place == each or place.startswith(f"{each}/") for each in self.within)

    def inline(self) -> Inline:
        inside = tuple(f"{each}/" for each in self.within)
        return Inline(
            "{a} in {0} or {a}.startswith({1})",
            "type({a}) is str and {a}",
            (frozenset(self.within), inside),
            proven=True,
            read="",
        )

    def says_en(self, wording: Wording) -> tuple[str, str]:
        return (
            f"a place within {listed_en(self.within, 'or')}",
            f"a place outside {listed_en(self.within, 'and')}",
        )

    def says_zh(self, wording: Wording) -> tuple[str, str]:
        places = listed_zh(self.within, "或")
        return f"所在地区属于{places}", f"所在地区不属于{places}"


@rule("spent")
class Spent(About):
    """A member who has paid so much in all, less what was given back.

    Args:
        at_least: how much; another currency is the host's mistake, and raises.
        of: the role it is about.

    Example:
        >>> from viralcommerce.values.money import CNY
        >>> Spent(at_least=CNY(100)).says_en(Wording())
        ('at least ¥100 spent', 'less than ¥100 spent')
    """

    fact = "spent"
    looks = FactKind.MONEY

    at_least: MoneyField = Field(kw_only=True)
    of: RoleField = Field(default="", kw_only=True)

    def __post_init__(self) -> None:
        if not self.at_least:
            raise InvalidRule("at_least: everybody has spent nothing or more; leave it out")

    @property
    def amount(self) -> Money:
        return self.at_least

    def holds(self, known: Known, at: datetime) -> bool:
        spent = known.money(self.of, self.fact)
        if spent.currency != self.at_least.currency:
            raise CurrencyMismatch(
                f"members: {self.of or 'the member'}.spent: {spent} cannot be compared with "
                f"{self.at_least}; tell it in {self.at_least.currency}",
                left=spent,
                right=self.at_least,
            )
        return spent >= self.at_least

    def inline(self) -> Inline:
        return Inline(
            "{a}.minor >= {0}",
            "type({a}) is Money and {a}.currency == {1}",
            (self.at_least.minor, self.at_least.currency, {self.at_least.currency: True}),
            read="{2}[{a}.currency] and {a}.minor >= {0}",
        )

    def says_en(self, wording: Wording) -> tuple[str, str]:
        return (
            f"at least {self.at_least.shown()} spent",
            f"less than {self.at_least.shown()} spent",
        )

    def says_zh(self, wording: Wording) -> tuple[str, str]:
        amount = in_chinese(self.at_least)
        return f"累计消费满{amount}", f"累计消费未满{amount}"
