"""What operators and logs are told of a decision: all of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from viralcommerce.adjusting import BACK
from viralcommerce.messages import (
    Accepted,
    Adjustment,
    Award,
    Refused,
    Withheld,
    snake,
)
from viralcommerce.readings import clauses
from viralcommerce.readings.reasons import (
    GIVEN_AGAIN,
    NOT_MET,
    NOT_YET,
    TAKEN_BACK,
    WITHHELD,
    Case,
    Reason,
    every_operand,
)
from viralcommerce.refusals import FactMissing, LimitReached, NotEligible, NotRunning, OutOfBudget
from viralcommerce.rules.condition_family import Condition
from viralcommerce.rules.phrases import leaf_phrases
from viralcommerce.rules.wording import Words


def for_operator(case: Case) -> Iterator[Reason]:
    """All of it."""
    decision = case.decision
    yield _head(case, decision)
    if isinstance(decision, Refused):
        yield _refusal_for_operator(case, decision)
        return
    for event in decision.events:
        code = snake(type(event).__name__)
        operands = every_operand(event)
        private = f" ({operands['why']})" if "why" in operands else ""
        yield Reason(code, f"{case.sentence(event) or code}{private}", operands)
    for award in decision.awards:
        yield _award_for_operator(case, award)
    for withheld in decision.withheld:
        yield _withheld_for_operator(case, withheld)
    for adjustment in decision.adjustments:
        yield _adjusted_for_operator(case, adjustment)


def _head(case: Case, decision: Accepted[Any, Any] | Refused[Any, Any]) -> Reason:
    command = decision.command
    operands: dict[str, object] = {
        "campaign": decision.campaign,
        "instance": decision.instance,
        "rules": decision.rules,
        "command": snake(type(command).__name__),
        "by": command.by,
        "at": command.at.isoformat(),
        "key": command.key,
    }
    place = f"{decision.campaign}/{decision.instance}"
    if isinstance(decision, Accepted):
        operands["version"] = decision.version
        place += f"@{decision.version}"
    asked = f"{operands['command']} ({operands['key']})"
    text = case.say(
        Words(
            f"{place}: {asked} by {command.by} at {case.time(command.at)}, "
            f"by the rules {decision.rules}",
            f"{place}：{command.by}于{case.time(command.at)}请求{asked}，规则版本{decision.rules}",
        )
    )
    return Reason("accepted" if isinstance(decision, Accepted) else "refused", text, operands)


def _award_for_operator(case: Case, award: Award) -> Reason:
    operands = {name: value for name, value in every_operand(award).items() if value != ""}
    gift = case.gift(award)
    cost = "" if award.cost is None else case.money(award.cost)
    en = f"{award.to} ({award.role}) gets {gift} by the grant {award.grant}"
    zh = f"{award.to}（{award.role}）获得{gift}，奖励规则{award.grant}"
    if award.base is not None:
        base = case.money(award.base)
        en, zh = f"{en}, {award.rate} of {base}", f"{zh}，{base}的{award.rate}"
    if cost:
        en, zh = f"{en}, costs {cost}", f"{zh}，成本{cost}"
    if award.expires is not None:
        time = case.time(award.expires)
        en, zh = f"{en}, valid until before {time}", f"{zh}，{time}前有效"
    return Reason("granted", case.say(Words(en, zh)), operands)


def _adjusted_for_operator(case: Case, one: Adjustment) -> Reason:
    much = case.much(one.asset, one.amount)
    if one.way == BACK:
        said = Words(
            f"{much} is taken back from {one.to}, of the award {one.award}",
            f"从{one.to}收回{much}，对应奖励{one.award}",
        )
    else:
        said = Words(
            f"{much} is given again to {one.to}, of the award {one.award}",
            f"向{one.to}重新发放{much}，对应奖励{one.award}",
        )
    code = TAKEN_BACK if one.way == BACK else GIVEN_AGAIN
    return Reason(code, case.say(said), every_operand(one))


def _withheld_for_operator(case: Case, withheld: Withheld) -> Reason:
    known = WITHHELD.get(withheld.code, Words(withheld.code, withheld.code))
    text = case.say(
        Words(
            f"{withheld.to} gets nothing by the grant {withheld.grant}: {known.en}",
            f"{withheld.to}未获得奖励规则{withheld.grant}的奖励：{known.zh}",
        )
    )
    grant = case.grants().get(withheld.grant.removesuffix("/instead"))
    given = None if grant is None else grant.given
    subject = "" if grant is None else str(grant.to)
    because = tuple(_raw(case, withheld.code, withheld.why, given, subject))
    operands = {"grant": withheld.grant, "to": withheld.to, "because": withheld.code}
    return Reason("withheld", text, operands, because)


def _refusal_for_operator(case: Case, decision: Refused[Any, Any]) -> Reason:
    refusal = decision.refusal
    operands = every_operand(refusal)
    text = case.sentence(refusal)
    because: tuple[Reason, ...] = ()
    given = None if case.campaign is None else case.campaign.given
    actor = case.actor(decision.command)
    if isinstance(refusal, NotEligible):
        text = case.say(NOT_MET)
        because = tuple(_raw(case, "not_eligible", refusal.unmet, given, actor))
    elif isinstance(refusal, FactMissing):
        text = case.say(NOT_YET)
        because = tuple(_raw(case, "fact_missing", refusal.facts, given, actor))
    elif isinstance(refusal, LimitReached):
        because = tuple(_raw(case, "limit_reached", (refusal.cap,), given, actor))
    elif isinstance(refusal, OutOfBudget):
        text = f"{text} ({case.money(refusal.needed)})"
    elif isinstance(refusal, NotRunning):
        text = f"{text} ({refusal.life})"
    return Reason(refusal.code, text, operands, because)


def _raw(
    case: Case, code: str, texts: tuple[str, ...], condition: Condition | None, subject: str
) -> Iterator[Reason]:
    """Each unmet leaf, missing fact or quota, by its stable text and in words."""
    phrases: dict[str, tuple[str, str]] = {}
    if condition is not None and case.campaign is not None:
        phrases = leaf_phrases(condition, subject, clauses.wording_of(case.campaign))
    for text in texts:
        if code == "not_eligible":
            said = f" – {Words(*phrases[text]).of(case.language)}" if text in phrases else ""
            yield Reason("unmet", f"{text}{said}", {"leaf": text})
        elif code == "fact_missing":
            role, _, fact = text.partition(".")
            yield Reason("missing", text, {"role": role, "fact": fact})
        else:
            yield Reason("quota", text, {"quota": text}, case.bound(text))
