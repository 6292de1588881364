"""Velocity: at most so many commands in a span, counted by the flow as a quota."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from viralcommerce.errors import InvalidRule
from viralcommerce.rules.base import rule
from viralcommerce.rules.condition_family import Leaf
from viralcommerce.rules.facts import FIELD, Ask, FactKind, Known
from viralcommerce.rules.fields import Count, SpanField
from viralcommerce.rules.wording import Wording, span_zh
from viralcommerce.values.ids import check_id
from viralcommerce.values.spans import write_span

MEMBER: Final = "member"
_KEYS: Final = {
    "devices": FactKind.NAMES,
    "fingerprints": FactKind.NAMES,
    "household": FactKind.NAME,
    "region": FactKind.NAME,
}
_KEYS_EN: Final = {
    MEMBER: "member",
    "devices": "device",
    "fingerprints": "fingerprint",
    "household": "household",
    "region": "region",
}
_KEYS_ZH: Final = {
    MEMBER: "每位用户",
    "devices": "每台设备",
    "fingerprints": "每个身份特征",
    "household": "每个家庭",
    "region": "每个地区",
}


def _key(key: str) -> str:
    if key == MEMBER or key in _KEYS:
        return key
    if key.startswith(FIELD) and check_id(key.removeprefix(FIELD), "key"):
        return key
    choices = ", ".join(sorted((MEMBER, *_KEYS, f"{FIELD}NAME")))
    raise InvalidRule(f"{key!r:.60} cannot be counted by; choose from: {choices}")


@rule("velocity")
class Velocity(Leaf):
    """At most so many accepted commands of the subject in a span, by member or by a fact.

    Spans are fixed windows that begin at whole multiples of `within`, so at worst twice as many
    fit into a span that straddles two. It is counted, not asked: it stands only as a conjunct at
    the top of a campaign's ``given``.

    Args:
        at_most: how many.
        within: in how long, in whole seconds.
        key: what is counted by: ``"member"``, or a fact of the subject; of a fact with several
            values, each is counted.

    Example:
        >>> from viralcommerce.values.spans import hours
        >>> Velocity(at_most=20, within=hours(1), key="devices").says_en(Wording())[0]
        'at most 20 times in 1 hour for each device'
    """

    counted = True

    at_most: Count = Field(kw_only=True)
    within: SpanField = Field(kw_only=True)
    key: Annotated[str, Field(strict=True), AfterValidator(_key)] = Field(
        default=MEMBER, kw_only=True
    )

    def __post_init__(self) -> None:
        if self.within < timedelta(seconds=1) or self.within.microseconds:
            raise InvalidRule(f"within: {self.within} is not in whole seconds, 1 or more")

    def asks(self, subject: str) -> tuple[Ask, ...]:
        if self.key == MEMBER:
            return ()
        return (Ask(subject, self.key, _KEYS.get(self.key, FactKind.NAME)),)

    def holds(self, known: Known, at: datetime) -> bool:
        return True  # the flow counts

    def says_en(self, wording: Wording) -> tuple[str, str]:
        each = _KEYS_EN.get(self.key) or f'"{self.key.removeprefix(FIELD)}"'
        times = "once" if self.at_most == 1 else f"{self.at_most} times"
        said = f"{times} in {write_span(self.within)} for each {each}"
        return f"at most {said}", f"more than {said}"

    def says_zh(self, wording: Wording) -> tuple[str, str]:
        each = _KEYS_ZH.get(self.key) or f"每个“{self.key.removeprefix(FIELD)}”"
        span = span_zh(self.within)
        return f"{each}在{span}内最多{self.at_most}次", f"{each}在{span}内超过{self.at_most}次"
