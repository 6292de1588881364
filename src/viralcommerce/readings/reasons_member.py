"""What members are told of a decision: the one who acted, and the one whose instance it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from viralcommerce.adjusting import BACK
from viralcommerce.messages import Accepted, Award, Refused, snake
from viralcommerce.readings import clauses
from viralcommerce.readings.reasons import (
    GIVEN_AGAIN,
    NOT_MET,
    NOT_YET,
    TAKEN_BACK,
    WITHHELD,
    Case,
    Reason,
    said_operands,
)
from viralcommerce.refusals import FactMissing, LimitReached, NotEligible
from viralcommerce.rules.condition_family import Condition, leaves
from viralcommerce.rules.evaluate import leaf_text
from viralcommerce.rules.phrases import leaf_phrases
from viralcommerce.rules.wording import Words

_OF_ANOTHER: Final = Words(
    "something needed of somebody else is not met", "活动对其他参与者的条件未满足"
)
_NOT_COUNTED: Final = Words("somebody could not take part", "有用户未能参与")
_BACK: Final = Words("{} that you had is taken back", "已收回您先前获得的{}")
_AGAIN: Final = Words("{} that was taken back is yours again", "先前收回的{}已重新发放给您")
_LIMIT: Final = Words("the limit of {at_most} is reached", "已达上限{at_most}次")
_NEEDED: Final = Words("needed: {}", "须满足：{}")


def for_member(case: Case) -> Iterator[Reason]:
    """What the one who acted is told."""
    decision = case.decision
    if isinstance(decision, Refused):
        yield _refusal_for_member(case, decision)
        return
    by = decision.command.by
    yield from _gains(case, decision, by)
    yield from _changed(case, decision, by)
    yield from _missed(case, decision, by)
    yield from _happened(case, decision)


def for_holder(case: Case) -> Iterator[Reason]:
    """What the one whose instance it is is told."""
    decision = case.decision
    if isinstance(decision, Refused):
        about_somebody = isinstance(decision.refusal, NotEligible | FactMissing | LimitReached)
        if about_somebody:
            yield Reason("not_counted", case.say(_NOT_COUNTED))
        else:
            yield _refusal_for_member(case, decision)
        return
    owner = case.owner(decision)
    yield from _gains(case, decision, owner)
    yield from _changed(case, decision, owner)
    yield from _missed(case, decision, owner)
    yield from _happened(case, decision)


def _happened(case: Case, decision: Accepted[Any, Any]) -> Iterator[Reason]:
    for event in decision.events:
        template = event.zh if case.language == "zh" else event.en
        if template:
            code = snake(type(event).__name__)
            yield Reason(code, case.fill(template, event), said_operands(event))


def _gains(case: Case, decision: Accepted[Any, Any], you: str) -> Iterator[Reason]:
    for award in decision.awards:
        gift = case.gift(award)
        operands = {"role": award.role, "reward": award.reward}
        if award.to != you:
            role = case.role(award.role)
            text = case.say(Words(f"{role.en} gets {gift}", f"{role.zh}获得{gift}"))
            yield Reason("granted", text, operands)
            continue
        until = ""
        if award.expires is not None:
            time = case.time(award.expires)
            until = case.say(Words(f", valid until before {time}", f"，{time}前有效"))
        text = case.say(Words(f"you get {gift}{until}", f"您获得{gift}{until}"))
        details = {"grant": award.grant, "asset": award.asset, "amount": award.amount}
        if award.expires is not None:
            details["expires"] = award.expires.isoformat()
        yield Reason("granted", text, operands | details, _earned(case, award))


def _changed(case: Case, decision: Accepted[Any, Any], you: str) -> Iterator[Reason]:
    """What they have less, or again; of others, nothing."""
    for one in decision.adjustments:
        if one.to == you:
            much = case.much(one.asset, one.amount)
            text = case.say(_BACK if one.way == BACK else _AGAIN).format(much)
            operands = {"asset": one.asset, "amount": one.amount}
            yield Reason(TAKEN_BACK if one.way == BACK else GIVEN_AGAIN, text, operands)


def _earned(case: Case, award: Award) -> tuple[Reason, ...]:
    """What an award is for, and what it is a part of."""
    grant = case.grants().get(award.grant.removesuffix("/instead"))
    because: list[Reason] = []
    if case.campaign is not None and grant is not None:
        when = clauses.called(case.campaign, grant.on)
        because.append(Reason("earned", case.say(when), {"on": str(grant.on)}))
    if award.base is not None and award.rate != "100%":
        base = case.money(award.base)
        text = case.say(Words(f"{award.rate} of {base}", f"{base}的{award.rate}"))
        because.append(Reason("rate", text, {"rate": award.rate, "base": str(award.base)}))
    return tuple(because)


def _missed(case: Case, decision: Accepted[Any, Any], you: str) -> Iterator[Reason]:
    for withheld in decision.withheld:
        if withheld.to != you:
            continue
        grant = case.grants().get(withheld.grant.removesuffix("/instead"))
        gift = withheld.grant
        if case.campaign is not None and grant is not None:
            carried = clauses.carried_by(case.campaign, grant.on)
            give = grant.give
            if grant.instead is not None and withheld.grant.endswith("/instead"):
                give = grant.instead
            en, zh = give.phrase_en(carried.en), give.phrase_zh(carried.zh)
            gift = case.say(Words(en, zh))
        text = case.say(Words(f"you do not get {gift}", f"您未获得{gift}"))
        known = WITHHELD.get(withheld.code, Words(withheld.code, withheld.code))
        because: tuple[Reason, ...] = ()
        if grant is not None and grant.given is not None and withheld.code == "not_eligible":
            because = tuple(_unmet(case, withheld.why, grant.given, grant.to))
        if grant is not None and withheld.code == "limit_reached":
            because = case.bound(withheld.why[0])
        reason = Reason(withheld.code, case.say(known), {}, because)
        yield Reason("withheld", text, {"grant": withheld.grant}, (reason,))


def _refusal_for_member(case: Case, decision: Refused[Any, Any]) -> Reason:
    refusal = decision.refusal
    if isinstance(refusal, NotEligible):
        because: tuple[Reason, ...] = ()
        if case.campaign is not None and case.campaign.given is not None:
            actor = case.actor(decision.command)
            because = tuple(_unmet(case, refusal.unmet, case.campaign.given, actor))
        return Reason(refusal.code, case.say(NOT_MET), {}, because)
    if isinstance(refusal, FactMissing):
        return Reason(refusal.code, case.say(NOT_YET))
    if isinstance(refusal, LimitReached):
        text = case.say(_LIMIT).format(at_most=refusal.at_most)
        operands = {"at_most": refusal.at_most}
        return Reason(refusal.code, text, operands, case.bound(refusal.cap))
    return Reason(refusal.code, case.sentence(refusal), said_operands(refusal))


def _unmet(
    case: Case, texts: tuple[str, ...], condition: Condition, subject: str
) -> Iterator[Reason]:
    """The unmet leaves in words; of a leaf about somebody else, only that there is one."""
    assert case.campaign is not None
    phrases = leaf_phrases(condition, subject, clauses.wording_of(case.campaign))
    concerns = _concerns(condition, subject)
    others = False
    for text in texts:
        if text in phrases and subject in concerns.get(text, {subject}):
            said = Words(*phrases[text]).of(case.language)
            yield Reason("unmet", case.say(_NEEDED).format(said))
        elif not others:
            others = True
            yield Reason("unmet_of_another", case.say(_OF_ANOTHER))


def _concerns(condition: Condition, subject: str) -> dict[str, set[str]]:
    """Whom each leaf that can be unmet is about, by its text; those about nobody are left out."""
    about: dict[str, set[str]] = {}
    for leaf in leaves(condition):
        roles = {str(ask.role) for ask in leaf.asks(subject)}
        if roles:
            about[leaf_text(leaf, subject, wanted=True)] = roles
            about[leaf_text(leaf, subject, wanted=False)] = roles
    return about
