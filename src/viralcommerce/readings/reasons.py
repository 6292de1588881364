"""The reasons of one decision, for each audience: what `viralcommerce.readings.why` prints."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from string import Formatter
from typing import Any, Final

from msgspec import Struct, structs

from viralcommerce.campaign import Campaign
from viralcommerce.messages import Accepted, Award, AwardReversed, Command, Event, Refused
from viralcommerce.readings import clauses
from viralcommerce.readings.terms import voice_of
from viralcommerce.rules.grants import Grant
from viralcommerce.rules.limits import Cap, Limit, quota_name
from viralcommerce.rules.wording import Language, Words, in_chinese
from viralcommerce.values.iso4217 import EXPONENTS
from viralcommerce.values.money import Money

WITHHELD: Final[Mapping[str, Words]] = {
    "limit_reached": Words("its limit is reached", "已达限额"),
    "not_eligible": Words("what it needs is not met", "不符合领取条件"),
    "fact_missing": Words("the shop cannot tell whether what it needs is met", "无法核实领取条件"),
    "forgotten": Words("the account is closed", "账号已注销"),
    "rounds_to_nothing": Words("it comes to less than can be paid", "金额不足最小货币单位"),
    "out_of_stock": Words("it is out of stock", "奖品已发完"),
    "out_of_budget": Words("everything has been given away", "预算已用完"),
}
"""What a member hears of what is withheld."""
NOT_MET: Final = Words("what is needed to take part is not met", "不符合参与条件")
NOT_YET: Final = Words("this cannot be decided yet, try again later", "暂时无法判断，请稍后再试")
TAKEN_BACK: Final = "taken_back"
GIVEN_AGAIN: Final = "given_again"
_BARE: Final = re.compile(r"[\w./:+%-]+")
_REWARDS: Final[Mapping[str, Words]] = {
    "coupon": Words("a {} coupon", "{}优惠券"),
    "credit": Words("{} as shop credit", "{}余额"),
    "cash": Words("{} in cash", "{}现金"),
    "points": Words("{} points", "{}积分"),
    "product": Words('"{}"', "“{}”一件"),
    "right": Words('the right to buy "{}"', "“{}”购买资格一份"),
    "entry": Words('an entry into "{}"', "“{}”活动参与资格一次"),
    "title": Words('the title "{}"', "“{}”称号"),
}


class Reason(Struct, frozen=True, kw_only=False):
    """One reason: a stable code, the sentence, what it is made of, and what explains it.

    Args:
        code: stable; tests and clients switch on it.
        text: in the language asked for.
        operands: plain JSON values by name.
        because: the reasons of this reason.
    """

    code: str
    text: str
    operands: Mapping[str, object] = {}
    because: tuple[Reason, ...] = ()

    def logged(self) -> str:
        """The reason as a log has it: ``code name=value``; what is not bare is JSON."""
        said = (f" {name}={_logged(value)}" for name, value in self.operands.items())
        return self.code + "".join(said)


class Case:
    """A decision, with what is known of its campaign.

    Args:
        decision: what is explained.
        campaign: the version it was decided by, if at hand.
        language: of the texts.
    """

    def __init__(
        self,
        decision: Accepted[Any, Any] | Refused[Any, Any],
        campaign: Campaign | None,
        language: Language,
    ) -> None:
        self.decision = decision
        self.campaign = campaign
        self.language: Language = language

    def bound(self, quota: str) -> tuple[Reason, ...]:
        """The limit or cap of a quota's name, in words."""
        if self.campaign is None:
            return ()
        bounds: dict[str, Limit | Cap] = {quota_name(cap): cap for cap in self.campaign.limits}
        for grant in self.grants().values():
            bounds |= {quota_name(limit, grant.name): limit for limit in grant.limits}
        bound = bounds.get(quota)
        if bound is None:
            return ()
        text = voice_of(self.campaign, self.language).at_most(bound)
        return (Reason("limit", text, {"at_most": bound.at_most}),)

    def say(self, words: Words) -> str:
        """In the language asked for."""
        return words.of(self.language)

    def grants(self) -> dict[str, Grant]:
        """The grants by name; none where the campaign is not at hand."""
        if self.campaign is None:
            return {}
        return {grant.name: grant for _, grant in self.campaign.every_grant()}

    def actor(self, command: Command) -> str:
        """The role of the one who acts."""
        if self.campaign is None:
            return ""
        roles = self.campaign.mechanic.casts.get(type(command), ())
        return str(roles[0]) if roles else ""

    def owner(self, decision: Accepted[Any, Any]) -> str:
        """The member whose instance it is, as the events name them; "" where that is not known."""
        role = "" if self.campaign is None else str(self.campaign.mechanic.owner)
        named = (getattr(event, role, "") for event in decision.events if role)
        return next((str(member) for member in named if member), "")

    def role(self, role: str) -> Words:
        """What a role is called, with its article."""
        if self.campaign is None:
            return Words(f"the {role}", role)
        words = clauses.called(self.campaign, role)
        return Words(f"the {words.en}", words.zh)

    def gift(self, award: Award | AwardReversed) -> str:
        """What an award is, as a member reads it."""
        amount = award.asset.partition("/")[2] or str(award.amount)
        if award.asset in EXPONENTS:
            amount = self.money(Money(award.amount, award.asset))
        known = _REWARDS.get(award.reward, Words(f"{award.reward} {{}}", f"{award.reward} {{}}"))
        return self.say(known).format(amount)

    def much(self, asset: str, amount: int) -> str:
        """So much of an asset, as a member reads it."""
        if asset in EXPONENTS:
            return self.money(Money(amount, asset))
        kind, _, thing = asset.partition("/")
        if thing:
            return self.say(Words(f'{amount} × "{thing}"', f"{amount}份“{thing}”"))
        units = self.say(_REWARDS[kind]) if kind in _REWARDS else f"{{}} {kind}"
        return units.format(amount)

    def money(self, amount: Money) -> str:
        """An amount, as a member reads it."""
        return in_chinese(amount) if self.language == "zh" else amount.shown()

    def time(self, at: datetime) -> str:
        """A moment, by the campaign's clock where that is known."""
        if self.campaign is None:
            return at.isoformat(" ", "minutes")
        wall, clock = clauses.by_the_clock(self.campaign, at)
        return f"{wall:%Y-%m-%d} {clock} ({self.campaign.zone})"

    def sentence(self, message: Any) -> str:
        """What a message says of itself."""
        return self.fill(message.zh if self.language == "zh" else message.en, message)

    def fill(self, template: str, message: Event | Struct) -> str:
        """Fill a sentence with a message's operands."""
        return template.format(
            **{name: self.shown(value) for name, value in structs.asdict(message).items()}
        )

    def shown(self, value: object) -> object:
        """An operand, as a member reads it."""
        if isinstance(value, Money):
            return self.money(value)
        if isinstance(value, datetime):
            return self.time(value)
        if isinstance(value, tuple):
            return ", ".join(str(self.shown(item)) for item in value)
        return value


def said_operands(message: Any) -> dict[str, object]:
    """The operands that a message's own sentences say."""
    fields = {
        field for text in (message.en, message.zh) for _, field, _, _ in Formatter().parse(text)
    }
    return {name: value for name, value in every_operand(message).items() if name in fields}


def every_operand(message: Struct) -> dict[str, object]:
    """Every operand, as plain JSON; what is absent is left out."""
    return {
        name: _plain(value)
        for name, value in structs.asdict(message).items()
        if value is not None and value != {}
    }


def _plain(value: object) -> object:
    if isinstance(value, Money):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _logged(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    bare = _BARE.fullmatch(text) or not isinstance(value, str)
    return text if bare else json.dumps(value, ensure_ascii=False)
