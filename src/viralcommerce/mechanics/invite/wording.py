"""The rules of inviting as members read them: every number of the rule, in both languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from viralcommerce.rules.fields import NEVER
from viralcommerce.rules.limits import Unlimited
from viralcommerce.rules.wording import Words, in_chinese, span_zh
from viralcommerce.values.codes import CodeFormat
from viralcommerce.values.money import Money
from viralcommerce.values.spans import write_span
from viralcommerce.values.vanity import VanityFormat

_BASES: Final[Mapping[str, Words]] = {
    "list": Words("the list price of its goods", "商品标价"),
    "paid": Words("what was paid for it", "实付金额"),
    "paid_without_shipping": Words(
        "what was paid for it, without shipping", "实付金额（不含运费）"
    ),
    "paid_without_tax": Words("what was paid for it, without tax", "实付金额（不含税）"),
    "goods": Words(
        "what was paid for its goods, without shipping and tax", "商品实付金额（不含运费和税）"
    ),
}
_AGAIN: Final[Mapping[str, Words]] = {
    "never": Words("While that stands, no other invitation counts.", "有效期内不接受其他邀请。"),
    "until_order": Words(
        "Until the friend's first order counts, a later invitation takes its place.",
        "好友首单计入之前，以最近一次邀请为准。",
    ),
    "always": Words("A later invitation takes its place.", "以最近一次邀请为准。"),
}
_BETTER: Final[Mapping[str, Words]] = {
    "code": Words(
        "While that stands, only a typed code takes the place of a link that was opened.",
        "有效期内，仅填写邀请码可替换此前通过链接建立的邀请关系。",
    ),
    "link": Words(
        "While that stands, only an opened link takes the place of a code that was typed.",
        "有效期内，仅打开邀请链接可替换此前通过邀请码建立的邀请关系。",
    ),
}
_CONFLICT: Final[Mapping[str, Words]] = {
    "code": Words(
        "Where a friend types a code and has opened a link, the code counts.",
        "好友既填写邀请码又打开过邀请链接的，以邀请码为准。",
    ),
    "link": Words(
        "Where a friend types a code and has opened a link, the link counts.",
        "好友既填写邀请码又打开过邀请链接的，以邀请链接为准。",
    ),
}


def of_codes(
    codes: CodeFormat, wishes: VanityFormat, uses: int | Unlimited, prefers: str
) -> tuple[Words, ...]:
    """How to invite, how codes look, how often one counts, and what counts beside a link."""
    least, most = wishes.shortest, wishes.longest
    friends = "1 friend" if uses == 1 else f"{uses} friends"
    often = (
        Words("A code brings any number of friends.", "每个邀请码的使用次数不限。")
        if isinstance(uses, Unlimited)
        else Words(f"A code brings {friends} at most.", f"每个邀请码最多可邀请{uses}位好友。")
    )
    return (
        Words(
            "A member invites friends by a code or a link; nobody can accept their own.",
            "用户可通过邀请码或链接邀请好友，不能接受自己的邀请。",
        ),
        Words(
            f"A code is drawn, with {codes.length} characters, or chosen, with {least} to {most} "
            "letters and digits; it is compared without case, dashes and look-alikes.",
            f"邀请码可由系统生成（{codes.length}个字符），也可自选（{least}至{most}个字母或数字），"
            "不区分大小写、连字符和形近字符。",
        ),
        often,
        _CONFLICT[prefers],
    )


def of_guesses(guesses: int) -> Words:
    """How often a code may be typed that is none."""
    times = "1 code" if guesses == 1 else f"{guesses} codes"
    return Words(
        f"Who has typed {times} in vain on one day is not heard on that day any more.",
        f"同一天内累计{guesses}次填写无效邀请码的，当天不再受理其填写的邀请码。",
    )


def of_binding(binds_for: timedelta, rebinds: str, prefers: str) -> tuple[Words, ...]:
    """How long a friend is a friend, and whether a later invitation counts."""
    span = (
        Words("A friend counts as invited for ever.", "邀请关系长期有效。")
        if binds_for == NEVER
        else Words(
            f"A friend counts as invited for {write_span(binds_for)}.",
            f"邀请关系有效期为{span_zh(binds_for)}。",
        )
    )
    return (span, _BETTER[prefers] if rebinds == "better" else _AGAIN[rebinds])


def of_orders(
    base: str, matures_after: timedelta, counts_from: str, levels: int
) -> tuple[Words, ...]:
    """What an order comes to, when it counts, for whom, and what a refund does."""
    by_order = counts_from == "order"
    what = _BASES[base]
    upline = (
        Words(
            f"those up to {levels} levels above its buyer (the inviter is level 1)",
            f"订单买家之上最多{levels}级邀请人（直接邀请人为第1级）",
        )
        if levels > 1
        else Words("the inviter of its buyer, 1 level above,", "订单买家的直接邀请人（第1级）")
    )
    return (
        Words(
            f"An order comes to {what.en}; it counts {write_span(matures_after)} after "
            f"{'it was placed' if by_order else 'it was received'}, with what was not refunded by "
            "then.",
            f"订单金额按{what.zh}计算，自{'下单' if by_order else '签收'}之时起满"
            f"{span_zh(matures_after)}后，按未退款金额计入。",
        ),
        Words(
            f"From an order {upline.en} can earn; who that is, is settled when it is placed.",
            f"{upline.zh}可获得奖励；邀请关系以下单时为准。",
        ),
        Words(
            "What is refunded or charged back later takes back what it had earned.",
            "订单计入后又退款或拒付的，相应收回已发放的奖励。",
        ),
    )


def of_tiers(tiers: Sequence[int]) -> Iterator[Words]:
    """With which friend each tier begins."""
    for number, begins in enumerate(tiers, 1):
        yield Words(
            f"Tier {number} begins with friend number {begins} of a member who has bought.",
            f"第{number}档自用户邀请的第{begins}位下单好友起算。",
        )


def of_qualifying(least: Money | None) -> Words:
    """Which order is a friend's first."""
    if least is None:
        return Words(
            "A friend's first qualifying order is the first of which anything is left when it "
            "counts.",
            "好友首个有效订单，指计入时仍有未退款金额的首个订单。",
        )
    return Words(
        f"A friend's first qualifying order is the first of which at least {least.shown()} is "
        "left when it counts.",
        f"好友首个有效订单，指计入时未退款金额不低于{in_chinese(least)}的首个订单。",
    )
