"""The ways to say no that any campaign has; each mechanic adds its own."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from viralcommerce.messages import Refusal
from viralcommerce.values.money import Money


class NotYetOpen(Refusal, frozen=True, kw_only=True):
    """The campaign's window has not begun; the key stays free."""

    terminal: ClassVar[bool] = False
    en: ClassVar[str] = "this opens at {opens}"
    zh: ClassVar[str] = "活动将于{opens}开始"

    opens: datetime


class WindowClosed(Refusal, frozen=True, kw_only=True):
    """The campaign's window is over; it may be extended, so the key stays free."""

    terminal: ClassVar[bool] = False
    en: ClassVar[str] = "this closed at {closes}"
    zh: ClassVar[str] = "活动已于{closes}结束"

    closes: datetime


class Paused(Refusal, frozen=True, kw_only=True):
    """The operator has paused the campaign, all of it or what is new; the key stays free."""

    terminal: ClassVar[bool] = False
    en: ClassVar[str] = "this is paused for now"
    zh: ClassVar[str] = "活动暂停中，请稍后再试"


class NotRunning(Refusal, frozen=True, kw_only=True):
    """The campaign is a draft, closed or superseded."""

    terminal: ClassVar[bool] = False
    en: ClassVar[str] = "this is not running"
    zh: ClassVar[str] = "活动未在进行"

    life: str


class NotEligible(Refusal, frozen=True, kw_only=True):
    """The campaign's conditions are not met; every unmet one is named."""

    terminal: ClassVar[bool] = False
    en: ClassVar[str] = "not eligible: {unmet}"
    zh: ClassVar[str] = "不符合参与条件：{unmet}"

    unmet: tuple[str, ...]


class FactMissing(Refusal, frozen=True, kw_only=True):
    """A condition could not be answered for want of a fact; the key stays free."""

    terminal: ClassVar[bool] = False
    en: ClassVar[str] = "this cannot be decided yet, for want of: {facts}"
    zh: ClassVar[str] = "暂时无法判断，缺少信息：{facts}"

    facts: tuple[str, ...]


class LimitReached(Refusal, frozen=True, kw_only=True):
    """A cap of the campaign is reached for this member, pair or period; the key stays free."""

    terminal: ClassVar[bool] = False
    en: ClassVar[str] = "the limit of {at_most} is reached ({cap})"
    zh: ClassVar[str] = "已达上限{at_most}次（{cap}）"

    cap: str
    at_most: int


class OutOfBudget(Refusal, frozen=True, kw_only=True):
    """What is left of the budget does not cover what this would give; the key stays free."""

    terminal: ClassVar[bool] = False
    en: ClassVar[str] = "everything has been given away"
    zh: ClassVar[str] = "奖励已发完"

    needed: Money


class OutOfStock(Refusal, frozen=True, kw_only=True):
    """The thing is gone; the key stays free."""

    terminal: ClassVar[bool] = False
    en: ClassVar[str] = "{grant} is out of stock"
    zh: ClassVar[str] = "奖品已发完"

    grant: str


class NothingToEnd(Refusal, frozen=True, kw_only=True):
    """A deadline was acted on before it came, or after it had been acted on."""

    terminal: ClassVar[bool] = False
    en: ClassVar[str] = "there is nothing to end"
    zh: ClassVar[str] = "没有可结束的内容"


class Circular(Refusal, frozen=True, kw_only=True):
    """It would put somebody above themselves, among those who brought them."""

    en: ClassVar[str] = "nobody can be brought by somebody whom they brought themselves"
    zh: ClassVar[str] = "不能绑定自己的下级为上级"


class Forgotten(Refusal, frozen=True, kw_only=True):
    """Who wants it, or what it is about, was forgotten; only counted, so that nothing returns."""

    terminal: ClassVar[bool] = False
    discreet: ClassVar[bool] = True
    en: ClassVar[str] = "this account is closed here"
    zh: ClassVar[str] = "该账号已在此注销"


CommonRefusal = (
    NotYetOpen
    | WindowClosed
    | Paused
    | NotRunning
    | NotEligible
    | FactMissing
    | LimitReached
    | OutOfBudget
    | OutOfStock
    | NothingToEnd
    | Circular
    | Forgotten
)
