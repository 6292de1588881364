"""The terms in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final

from viralcommerce.campaign import Campaign
from viralcommerce.readings import clauses
from viralcommerce.rules.grants import BestOf, Grant, Line
from viralcommerce.rules.limits import (
    CAMPAIGN,
    CLIP,
    DROP,
    FOREVER,
    MEMBER,
    PAIR,
    REFUSE,
    SUBSTITUTE,
    Cap,
    Limit,
    Unlimited,
)
from viralcommerce.rules.phrases import phrase_zh
from viralcommerce.rules.wording import in_chinese, listed_zh
from viralcommerce.values.rounding import Rounding
from viralcommerce.values.windows import ALWAYS
from viralcommerce.values.zones import DAY, MONTH, WEEK

_ROUNDED: Final[Mapping[Rounding, str]] = {
    Rounding.HALF_UP: "四舍五入到最小货币单位",
    Rounding.HALF_EVEN: "按四舍六入五成双取到最小货币单位",
    Rounding.HALF_DOWN: "按五舍六入取到最小货币单位",
    Rounding.UP: "不足最小货币单位的部分进一位",
    Rounding.DOWN: "不足最小货币单位的部分舍去",
    Rounding.CEILING: "向上取整到最小货币单位",
    Rounding.FLOOR: "向下取整到最小货币单位",
}
_BEGIN: Final[Mapping[str, str]] = {
    DAY: "每天以零点为界",
    WEEK: "每周自周一零点起算",
    MONTH: "每月自1日零点起算",
}
_PERIODS: Final[Mapping[str, str]] = {DAY: "每天", WEEK: "每周", MONTH: "每月", FOREVER: ""}


class Chinese:
    """Says the terms of a campaign in Chinese; see `viralcommerce.readings.clauses.Voice`."""

    headings: ClassVar[Mapping[str, str]] = {
        "game": "活动玩法",
        "chances": "随机金额说明",
        "who": "参与条件",
        "when": "活动时间",
        "rewards": "活动奖励",
        "caps": "次数上限",
        "budget": "活动预算",
        "details": "其他说明",
    }

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self.wording = clauses.wording_of(campaign)
        self.scope = clauses.called(campaign, campaign.mechanic.scope).zh

    def title(self) -> str:
        return f"“{self.campaign.name}”活动规则"

    def game(self) -> tuple[str, ...]:
        return tuple(each.zh for each in self.campaign.mechanic.sentences())

    def chances(self) -> tuple[str, ...]:
        odds = [f"{each.zh}。" for each in self.campaign.mechanic.odds()]
        if self.campaign.mechanic.draws:
            odds.append("每次随机所用的种子均予留存，结果可事后核验。")
        return tuple(odds)

    def who(self) -> tuple[str, ...]:
        given = self.campaign.given
        if given is None:
            return ("本商城全体用户均可参与。",)
        asked = [f"参与者须符合以下条件：{phrase_zh(given, self.wording)}。"]
        if clauses.names_roles(given):
            asked.append("针对某一方的条件，仅在该方参与的环节核验。")
        return tuple(asked)

    def when(self) -> tuple[str, ...]:
        window, zone = self.campaign.window, self.campaign.zone
        told = ["长期开放。"] if window == ALWAYS else []
        if window != ALWAYS:
            opens = "" if window.opens == ALWAYS.opens else f"自{self._time(window.opens)}起"
            closes = f"至{self._time(window.closes)}前" if window.ends else ""
            told.append(f"{opens}{closes}。")
        if window.ends:
            told.append(
                "活动结束后不再受理新的参与，此前已登记的照常结算；已发放的奖励在有效期内仍可使用。"
                if self.campaign.mechanic.settling
                else "活动结束后，此前已开始的也不能继续；已发放的奖励在有效期内仍可使用。"
            )
        periods = clauses.periods_of(self.campaign)
        begin = "".join(f"，{said}" for each, said in _BEGIN.items() if each in periods)
        told.append(f"时间以{zone}时区为准{begin}。")
        return tuple(told)

    def rewards(self) -> tuple[str, ...]:
        return tuple(self._line(line) for line in self.campaign.lines)

    def caps(self) -> tuple[str, ...]:
        return tuple(self._cap(cap) for cap in self.campaign.limits)

    def budget(self) -> tuple[str, ...]:
        budget, total = self.campaign.budget, self.campaign.mechanic.total()
        if isinstance(budget, Unlimited):
            return ("本活动的奖励总额不设上限。",)
        said = [f"本活动的奖励总成本不超过{in_chinese(budget)}。"]
        if total is not None:
            amount = in_chinese(total)
            said.append(
                f"每个{self.scope}从中预留{amount}；剩余预算不足{amount}时，不能再发起新的{self.scope}。"
            )
        return tuple(said)

    def details(self) -> tuple[str, ...]:
        campaign = self.campaign
        said: list[str] = []
        if clauses.has_limits(campaign):
            said.append("超出限额的奖励不予发放，相应的参与行为仍然有效。")
        if clauses.rounds(campaign):
            said.append(f"按比例计算的金额，{_ROUNDED[campaign.rounding]}。")
        if clauses.asks_facts(campaign.given):
            said.append("暂时无法核实是否符合参与条件的，不作判定，可稍后重试。")
        if any(clauses.asks_facts(grant.given) for _, grant in campaign.every_grant()):
            said.append("无法核实是否符合领取条件的奖励，不予发放。")
        if clauses.lapses(campaign):
            said.append("奖励的有效期自发放之时起算。")
        said.append("时长按实际经过的时间计算，1天为24小时。")
        said.append(f"规则版本：{campaign.hash}。")
        return tuple(said)

    def at_most(self, bound: Limit | Cap) -> str:
        return f"{self._per(bound)}{_PERIODS[bound.period]}最多{bound.at_most}次"

    def _time(self, at: datetime) -> str:
        wall, clock = clauses.by_the_clock(self.campaign, at)
        return f"{wall.year}年{wall.month}月{wall.day}日{clock}"

    def _line(self, line: Line) -> str:
        first = line.options[0]
        when = clauses.called(self.campaign, first.on).zh
        gets = f"{when}，{self.wording.who_zh(first.to)}可获得"
        if not isinstance(line, BestOf):
            return f"{gets}{self._gift(first)}"
        options = "".join(
            f"（{number}）{self._gift(grant)}"
            for number, grant in enumerate(line.options, start=1)
        )
        return f"{gets}以下奖励中可以发放且价值最高的一项（价值相同的取靠前者）：{options}"

    def _gift(self, grant: Grant) -> str:
        carried = clauses.carried_by(self.campaign, grant.on).zh
        limits = "".join(f"，{self.at_most(limit)}" for limit in grant.limits)
        said = f"{grant.give.phrase_zh(carried)}{limits}。"
        if grant.given is not None:
            who = self.wording.who_zh(grant.to)
            said += f"领取条件（针对{who}）：{phrase_zh(grant.given, self.wording)}。"
        said += self._when_short(grant, carried)
        return f"{said}［{grant.name}］" if grant.is_named else said

    def _when_short(self, grant: Grant, carried: str) -> str:
        short = ["库存"] if clauses.short_of_stock(grant) else []
        short += ["预算"] if clauses.short_of_budget(self.campaign, grant) else []
        if not short and grant.if_short != SUBSTITUTE:
            return ""
        when = f"{listed_zh(short, '或') if short else '奖励'}不足时，"
        if clauses.is_refused_when_short(self.campaign, grant):
            return f"{when}相应操作不予受理。"
        if grant.if_short in (DROP, REFUSE):
            return f"{when}不再发放该奖励。"
        if grant.if_short == CLIP:
            return f"{when}发放剩余部分。"
        assert grant.instead is not None
        return f"{when}改为发放{grant.instead.phrase_zh(carried)}。"

    def _per(self, bound: Limit | Cap) -> str:
        who = self.wording.who_zh(bound.of) if isinstance(bound, Cap) else "用户"
        if bound.subject == MEMBER:
            return f"每位{who}"
        if bound.subject == PAIR:
            return "同样的两位用户之间"
        if bound.subject == CAMPAIGN:
            return "整个活动"
        return f"每个{self.scope}"

    def _cap(self, cap: Cap) -> str:
        when = clauses.called(self.campaign, cap.on).zh
        return f"{when}计1次：{self.at_most(cap)}，超出的不予受理。［{cap.name}］"
