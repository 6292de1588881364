"""Conditions in words, for members and for the terms: English and Chinese, made from the value.

``~`` is never prefixed to a phrase: each leaf says its own contrary, and negation is carried down
to the leaves first, so that the words ask what the condition asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from viralcommerce.errors import InvalidRule
from viralcommerce.rules.condition_family import AllOf, AnyOf, Condition, Leaf, Not
from viralcommerce.rules.evaluate import leaf_text
from viralcommerce.rules.wording import Wording

PLAIN: Final = Wording()


def phrase_en(condition: Condition, wording: Wording = PLAIN) -> str:
    """What must hold, as English noun phrases; a leaf about another role begins with that role.

    Example:
        >>> from viralcommerce.rules.conditions import AccountAge, SameDevice
        >>> from viralcommerce.values.spans import days
        >>> old = AccountAge(at_least=days(7))
        >>> phrase_en(old & ~SameDevice(between=("liker", "collector")))
        'an account at least 7 days old, and no device shared by the liker and the collector'
        >>> phrase_en(~old)
        'an account less than 7 days old'
    """

    def leaf(each: Leaf, *, wanted: bool) -> str:
        said = each.says_en(wording)[not wanted]
        return f"{wording.who_en(each.about)}: {said}" if each.about else said

    return _phrase(condition, leaf, (", and ", ", or "), ("(", ")"), wanted=True)


def phrase_zh(condition: Condition, wording: Wording = PLAIN) -> str:
    """What must hold, as Chinese predicates; a leaf about another role begins with that role.

    Example:
        >>> from viralcommerce.rules.conditions import AccountAge, NewMember
        >>> from viralcommerce.values.spans import days
        >>> phrase_zh(AccountAge(at_least=days(7), of="liker") & ~NewMember())
        'liker账号注册满7天，且为支付过订单的老用户'
    """

    def leaf(each: Leaf, *, wanted: bool) -> str:
        said = each.says_zh(wording)[not wanted]
        return f"{wording.who_zh(each.about)}{said}" if each.about else said

    return _phrase(condition, leaf, ("，且", "，或"), ("（", "）"), wanted=True)


def leaf_phrases(
    condition: Condition, subject: str, wording: Wording = PLAIN
) -> dict[str, tuple[str, str]]:
    """What each leaf that can be unmet asks for, in English and in Chinese, by its text.

    So a refusal recorded years ago is explained from the condition it was decided by.

    Example:
        >>> from viralcommerce.rules.conditions import HasTag
        >>> leaf_phrases(~HasTag("banned"), "liker")
        {'not has_tag(of=liker, tag=banned)': ('no tag "banned"', '没有“banned”标签')}
    """
    return {
        leaf_text(leaf, subject, wanted=wanted): (
            phrase_en(leaf if wanted else Not(leaf), wording),
            phrase_zh(leaf if wanted else Not(leaf), wording),
        )
        for leaf, wanted in _signed(condition, wanted=True)
        if not leaf.counted
    }


def _phrase(
    condition: Condition,
    leaf: Callable[..., str],
    joints: tuple[str, str],
    brackets: tuple[str, str],
    *,
    wanted: bool,
) -> str:
    match condition:
        case Not():
            return _phrase(condition.part, leaf, joints, brackets, wanted=not wanted)
        case AllOf() | AnyOf():
            every = isinstance(condition, AllOf) is wanted
            parts: list[str] = []
            for part in condition.parts:
                said = _phrase(part, leaf, joints, brackets, wanted=wanted)
                other = _joins_otherwise(part, every=every, wanted=wanted)
                parts.append(f"{brackets[0]}{said}{brackets[1]}" if other else said)
            return joints[0 if every else 1].join(parts)
        case Leaf():
            return leaf(condition, wanted=wanted)
        case _:
            raise InvalidRule(f"{condition.kind}: neither a leaf nor a combination")


def _joins_otherwise(part: Condition, *, every: bool, wanted: bool) -> bool:
    while isinstance(part, Not):
        part, wanted = part.part, not wanted
    return isinstance(part, AllOf | AnyOf) and (isinstance(part, AllOf) is wanted) is not every


def _signed(condition: Condition, *, wanted: bool) -> Iterator[tuple[Leaf, bool]]:
    match condition:
        case Not():
            yield from _signed(condition.part, wanted=not wanted)
        case AllOf() | AnyOf():
            for part in condition.parts:
                yield from _signed(part, wanted=wanted)
        case Leaf():
            yield condition, wanted
        case _:
            raise InvalidRule(f"{condition.kind}: neither a leaf nor a combination")
