"""Why: a decision explained, to whoever asks and in their language, with stable codes.

============= ==================================== ==========================================
audience      who asks                             is told
============= ==================================== ==========================================
``stranger``  anybody                              one constant answer, whatever was decided
``member``    who acted                            what happened and what they gain; what they
                                                   do not gain, or why not, as far as it is
                                                   about them
``holder``    whose pack or ask it is              what happened and what anybody gains by it;
                                                   of others, nothing that is about them
``operator``  who runs the campaign                all of it: rules, unmet leaves, missing
                                                   facts, quotas, ids, bases and rates
``log``       a machine                            the same, as ``code name=value``
============= ==================================== ==========================================

A stranger is not even told that a campaign is over or paused: such refusals come before or after
a look at the instance, so that the difference would tell which instances exist.

Laws:
    A stranger hears one and the same answer to every decision.
    No refusal told to a member or a holder has an operand that its own sentence does not say.
    An operator hears of every award, everything withheld, everything taken back or given again,
        and every operand of a refusal.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

from msgspec import Struct

from viralcommerce.campaign import Campaign
from viralcommerce.errors import InvalidValue
from viralcommerce.messages import Accepted, Refused
from viralcommerce.readings.reasons import Case, Reason
from viralcommerce.readings.reasons_member import for_holder, for_member
from viralcommerce.readings.reasons_operator import for_operator
from viralcommerce.rules.wording import Language, Words

Audience = Literal["member", "stranger", "holder", "operator", "log"]
"""Who asks why."""

NOT_AVAILABLE: Final = Words("this is not available", "该内容不可用")
"""All that a stranger hears."""
_AUDIENCES: Final = ("holder", "log", "member", "operator", "stranger")


class Explanation(Struct, frozen=True):
    """Why, as a tree of reasons; ``str()`` prints it.

    Args:
        audience: who is told.
        language: of the texts.
        reasons: the most telling first.
    """

    audience: Audience
    language: Language
    reasons: tuple[Reason, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of all reasons, in the order printed."""
        return tuple(reason.code for _, reason in _walk(self.reasons))

    @property
    def lines(self) -> tuple[str, ...]:
        """What is read, line by line; what explains another line is indented under it."""
        log = self.audience == "log"
        return tuple(
            reason.logged() if log else f"{'  ' * depth}{reason.text}"
            for depth, reason in _walk(self.reasons)
        )

    def __str__(self) -> str:
        return "\n".join(self.lines)


def why(
    decision: Accepted[Any, Any] | Refused[Any, Any],
    audience: Audience = "member",
    language: Language = "en",
    *,
    campaign: Campaign | None = None,
) -> Explanation:
    """Explain a decision.

    Args:
        decision: as the shop gave it, or as the journal has it.
        audience: who asks; see the table above.
        language: of the texts; codes and operands have none.
        campaign: the version it was decided by. With it conditions, caps and milestones are said
            in words and times by its clock; without it, members are told less.

    Raises:
        InvalidValue: another audience or language, or a campaign that it was not decided by.

    Example:
        >>> from datetime import UTC, datetime
        >>> from viralcommerce.mechanics import coupon_pack as pack
        >>> refused = Refused(campaign="rain-pack", rules="0" * 32, instance="ride-1",
        ...     command=pack.Grab(pack="ride-1", by="bob"), refusal=pack.PackEmpty(parts=10))
        >>> print(why(refused), "|", why(refused, "stranger"), "|", why(refused, "member", "zh"))
        all 10 parts of this pack are gone | this is not available | 手慢了，10份已抢完
        >>> why(refused).codes
        ('pack_empty',)
    """
    if audience not in _AUDIENCES:
        raise InvalidValue(f"why: no audience {audience!r}; choose from: {', '.join(_AUDIENCES)}")
    if language not in ("en", "zh"):
        raise InvalidValue(f"why: no language {language!r}; choose from: en, zh")
    if campaign is not None and campaign.hash != decision.rules:
        raise InvalidValue(
            f"why: decided by {decision.campaign} {decision.rules[:8]}, not by {campaign.name} "
            f"{campaign.hash[:8]}; give the version it was decided by, or none",
            decided_by=decision.rules,
            given=campaign.hash,
        )
    if audience == "stranger":
        return Explanation(
            audience, language, (Reason("not_available", NOT_AVAILABLE.of(language)),)
        )
    case = Case(decision, campaign, language)
    if audience == "member":
        reasons = for_member(case)
    elif audience == "holder":
        reasons = for_holder(case)
    else:
        reasons = for_operator(case)
    return Explanation(audience, language, tuple(reasons))


def _walk(reasons: tuple[Reason, ...], depth: int = 0) -> Iterator[tuple[int, Reason]]:
    for reason in reasons:
        yield depth, reason
        yield from _walk(reason.because, depth + 1)
