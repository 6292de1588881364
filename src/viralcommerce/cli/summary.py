"""What a store says about one campaign: the numbers behind the table, the JSON and the report."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from viralcommerce.cli.events import About
from viralcommerce.cli.replay import Ran
from viralcommerce.cli.totals import Gainer, Spread
from viralcommerce.runtime.audit import AuditReport
from viralcommerce.values.money import Money


class Gain(Struct, frozen=True, kw_only=True):
    """What one line of the terms gave.

    Args:
        grant: the line's name.
        role: as whom members gained.
        reward: the kind of reward.
        asset: what it is.
        awards: how often.
        amount: all together, in the asset's smallest unit.
        back: how much of it was taken back, and not given again.
        cost: what it cost the budget after that, where it cost it anything.
    """

    grant: str
    role: str
    reward: str
    asset: str
    awards: int
    amount: int
    back: int
    cost: Money | None


class Reason(Struct, frozen=True):
    """A way to say no, how often it was said, and what it means."""

    code: str
    times: int
    meaning: str


class Kept(Struct, frozen=True):
    """Awards of one grant that were not made although the event stands, by why."""

    grant: str
    code: str
    times: int


class Spend(Struct, frozen=True):
    """How much was given, and how much promised and not yet given, from a moment on."""

    at: datetime
    given: int
    held: int


class Position(Struct, frozen=True, kw_only=True):
    """What the members who opened packs in one position got, in minor units.

    Args:
        position: 1 for the first who opened a pack.
        shares: how many such shares were taken.
        mean: of these shares.
        deviation: their standard deviation.
        expected: what the rule says the mean is.
        luckiest: in how many emptied packs this position had the greatest share.
    """

    position: int
    shares: int
    mean: float
    deviation: float
    expected: float
    luckiest: int


class Packs(Struct, frozen=True, kw_only=True):
    """What became of the packs.

    Args:
        shared: how many there are.
        emptied: how many were opened by as many as they have parts.
        over: how many ended with parts left.
        still_open: how many can be opened still.
        parts: how many parts a pack has, by the newest version of the rules.
        fill: how many packs have 0, 1, 2, ... parts taken.
        positions: what each position got.
    """

    shared: int
    emptied: int
    over: int
    still_open: int
    parts: int
    fill: list[int]
    positions: list[Position]


class Asks(Struct, frozen=True, kw_only=True):
    """What became of the asks for likes.

    Args:
        asked: how many there are.
        reached: how many came to their goal.
        missed: how many ended before.
        still_open: how many collect still.
        goal: how many likes are wanted, by the newest version of the rules.
        likes: how many asks have 0, 1, 2, ... likes that stand.
        hours: how many asks reached their goal within 1, 2, 3, ... hours.
    """

    asked: int
    reached: int
    missed: int
    still_open: int
    goal: int
    likes: list[int]
    hours: list[int]


class Invites(Struct, frozen=True, kw_only=True):
    """What became of invitations and orders; amounts in minor units.

    Args:
        issued: how many codes.
        joined: how many friends, each counted once.
        by_code: how often somebody joined by a code rather than by a link.
        again: how often somebody came back under another inviter.
        parted: how many invitations the clock has ended.
        ordered: how many orders.
        counted: how many of them have come to the end of their refund period.
        rejected: how many an operator has ended.
        waiting: how many may be refunded still, or are kept back.
        levels: how many levels earn, by the newest version of the rules.
        above: how many orders were placed with 0, 1, 2, ... inviters above their buyer.
        amount: what all orders came to.
        net: what those that counted came to then, less what was refunded before.
        back: what was refunded or charged back of them later, less what disputes won again.
    """

    issued: int
    joined: int
    by_code: int
    again: int
    parted: int
    ordered: int
    counted: int
    rejected: int
    waiting: int
    levels: int
    above: list[int]
    amount: int
    net: int
    back: int


class Summary(Struct, frozen=True, kw_only=True):
    """All that a report on one campaign is made from.

    Args:
        campaign: the store's name of it.
        rules: the hash of its newest version, as the reader has it.
        zone: whose clock its times are shown by.
        currency: of its money, or "".
        budget: all that it may cost, in minor units; nothing where it is unlimited.
        decisions: how many the journal holds.
        accepted: how many of them said yes to a member.
        refused: how many said no to a member.
        by_clock: how many the clock had made.
        first, last: when the earliest and the latest of them were.
        gains: by line of the terms.
        reasons: of refusals, the most frequent first.
        kept: awards that were withheld.
        given: what the budget has paid and not got back, in minor units.
        held: what is promised and not yet given, in minor units.
        gainers: how many members gained anything.
        asset: what `top` and `spread` are about: the money, or else what was given most often.
        top: the members who gained most of it.
        spread: over all who gained any of it.
        spend: over time.
        packs: where the mechanic is a coupon pack.
        asks: where the mechanic collects likes.
        invites: where the mechanic is inviting.
    """

    campaign: str
    rules: str
    zone: str
    currency: str
    budget: int | None
    decisions: int
    accepted: int
    refused: int
    by_clock: int
    first: datetime | None
    last: datetime | None
    gains: list[Gain]
    reasons: list[Reason]
    kept: list[Kept]
    given: int
    held: int
    gainers: int
    asset: str
    top: list[Gainer]
    spread: Spread
    spend: list[Spend]
    packs: Packs | None = None
    asks: Asks | None = None
    invites: Invites | None = None


class Origin(Struct, frozen=True, kw_only=True):
    """What a result was made from, so that it can be made again.

    Args:
        about: what the log says of itself.
        events: the log's file.
        sha256: of that file.
        seed: what the dice were derived from.
        library: the version of this library.
        store: the store's file, or nothing where it was a temporary one.
    """

    about: About
    events: str
    sha256: str
    seed: str
    library: str
    store: str | None


class Result(Struct, frozen=True, kw_only=True):
    """What ``run --json`` prints.

    Args:
        ran: what this run came to.
        summary: what the store says, after this run and all before it.
        audit: what the proof found, where one was asked for.
        origin: what it was made from.
        report: the report's file, where one was asked for.
    """

    ran: Ran
    summary: Summary
    audit: AuditReport | None
    origin: Origin
    report: str | None
