"""How cash that was earned is paid out, and what becomes of what was paid and is taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field

from viralcommerce.errors import InvalidRule
from viralcommerce.rules.base import Rule, rule
from viralcommerce.rules.fields import MoneyField
from viralcommerce.rules.wording import Words, in_chinese
from viralcommerce.values.money import Money

Owing = Literal["carry", "write_off", "net", "block"]

_OWING: Final[Mapping[str, Words]] = {
    "carry": Words(
        "Cash that is taken back after it was paid out is made up by later earnings.",
        "已提现后被追回的佣金，以后续佣金抵扣。",
    ),
    "write_off": Words(
        "Cash that is taken back after it was paid out is made up by later earnings, "
        "up to a bound.",
        "已提现后被追回的佣金，在限额内以后续佣金抵扣。",
    ),
    "net": Words(
        "Cash that is taken back after it was paid out is taken from the next payout.",
        "已提现后被追回的佣金，从下一次打款中扣除。",
    ),
    "block": Words(
        "Where cash is taken back after it was paid out, payouts wait until that was looked at.",
        "已提现的佣金被追回的，在人工处理之前暂停打款。",
    ),
}


@rule("payouts")
class Payouts(Rule):
    """Cash that was earned is not handed out one by one: it adds up, and is paid out.

    Args:
        at_least: what a payout must come to, the fee included; nothing for any.
        fee: what of each payout is kept.
        owing: what becomes of cash that is taken back after it was paid out: ``"carry"`` (later
            earnings make up for it, however long), ``"write_off"`` (the same, but nobody ever owes
            more than `owes_at_most`: the budget bears what is beyond), ``"net"`` (what is earned
            by the next payout makes up for it, and the budget bears the rest), ``"block"``
            (nothing is paid out until an operator clears it).
        owes_at_most: for ``"write_off"``; nothing where no member ever owes anything.

    Raises:
        InvalidRule: a bound where nothing is written off.

    Example:
        >>> from viralcommerce import CNY
        >>> Payouts(at_least=CNY(10), fee=CNY(1)).owing
        'carry'
    """

    at_least: MoneyField | None = Field(default=None, kw_only=True)
    fee: MoneyField | None = Field(default=None, kw_only=True)
    owing: Owing = Field(default="carry", kw_only=True)
    owes_at_most: MoneyField | None = Field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.owes_at_most is not None and self.owing != "write_off":
            raise InvalidRule(
                f"owes_at_most: {self.owes_at_most} bounds nothing where owing={self.owing!r}; "
                'leave it out, or say owing="write_off"'
            )

    @property
    def most_owed(self) -> int | None:
        """The most that a member can owe, in minor units; nothing where there is no bound."""
        if self.owing != "write_off":
            return None
        return 0 if self.owes_at_most is None else self.owes_at_most.minor

    def amounts(self) -> Mapping[str, Money]:
        """What must be in the campaign's currency."""
        every = {"at_least": self.at_least, "fee": self.fee, "owes_at_most": self.owes_at_most}
        return {f"payouts.{name}": amount for name, amount in every.items() if amount is not None}

    def sentences(self) -> tuple[Words, ...]:
        """How members read it."""
        said = [Words("Cash adds up, and is paid out.", "现金奖励计入余额，可以提现。")]
        if self.at_least is not None:
            least = self.at_least.shown()
            said.append(
                Words(
                    f"A payout comes to {least} at least.",
                    f"每次提现金额不低于{in_chinese(self.at_least)}。",
                )
            )
        if self.fee is not None:
            fee = self.fee.shown()
            said.append(
                Words(
                    f"{fee} of each is kept as a fee.",
                    f"每次提现收取手续费{in_chinese(self.fee)}。",
                )
            )
        owing = _OWING[self.owing]
        if self.owes_at_most is not None:
            most = self.owes_at_most.shown()
            owing = Words(
                f"{owing.en.removesuffix('up to a bound.')}up to {most}.",
                owing.zh.replace("在限额内", f"在{in_chinese(self.owes_at_most)}限额内"),
            )
        return (*said, owing)
