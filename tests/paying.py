"""Payouts, played: friends who buy, operators who refund and pay, and the books after it all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from shops import at
from viralcommerce import CNY, UNLIMITED, Cash, Credit, Grant, Shop, days, percent
from viralcommerce.adjusting import Standing
from viralcommerce.campaign import Campaign
from viralcommerce.codec import messages_of
from viralcommerce.mechanics import invite
from viralcommerce.messages import Accepted
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.ports import Store
from viralcommerce.runtime.request import Outcome
from viralcommerce.runtime.stores.memory import MemoryStore

PAYOUTS = st.builds(
    invite.Payouts,
    at_least=st.sampled_from((None, CNY(5))),
    fee=st.sampled_from((None, CNY(1))),
    owing=st.sampled_from(("carry", "net", "block")),
) | st.builds(
    invite.Payouts,
    fee=st.sampled_from((None, CNY(1))),
    owing=st.just("write_off"),
    owes_at_most=st.sampled_from((None, CNY(3))),
)
PAYEES = ("ann", "bob")


def paying(payouts: invite.Payouts | None, name: str = "rides") -> Campaign:
    """Two levels earn cash; the buyer gets shop credit, which is no balance."""
    return Campaign(
        name,
        invite.Invite(matures_after=days(0), levels=2, payouts=payouts),
        grants=(
            Grant(Cash(percent(10)), to=invite.upline(1), on=invite.ORDERED, name="l1"),
            Grant(Cash(percent(5)), to=invite.upline(2), on=invite.ORDERED, name="l2"),
            Grant(Cash(CNY(2)), to=invite.INVITER, on=invite.FIRST_ORDER, name="thanks"),
            Grant(Credit(percent(1)), to=invite.INVITEE, on=invite.ORDERED, name="own"),
        ),
        budget=UNLIMITED,
    )


BEFORE: tuple[invite.Commands, ...] = (
    invite.Join(by="bob", link="ann", at=at(), key="join bob"),
    invite.Join(by="cat", link="bob", at=at(), key="join cat"),
)
"""Ann brought Bob, who brought Cat."""


def stories() -> st.SearchStrategy[list[Any]]:
    """Orders, refunds, disputes and payouts in many orders; ``"tick"`` lets what is due happen."""
    order, batch = st.sampled_from(("o1", "o2")), st.sampled_from(("b2", "b3"))
    payee, fen = st.sampled_from(PAYEES), st.sampled_from((1, 99, 1_000, 4_999, 10_000))
    refunds = st.builds(
        lambda order, n, fen: invite.Refund(
            order=order, refund=f"r{n}", by="desk", amount=CNY.minor(fen)
        ),
        order, st.integers(0, 3), fen,
    )  # fmt: skip
    disputes = st.builds(
        lambda kind, order: kind(order=order, case="c", by="desk"),
        st.sampled_from((invite.ChargeBack, invite.WinBack)), order,
    )  # fmt: skip
    runs = st.builds(run, payee, batch)
    wishes = st.builds(
        lambda who, batch, fen: invite.Withdraw(by=who, batch=batch, amount=CNY.minor(fen)),
        payee, batch, fen,
    )  # fmt: skip
    ends = st.builds(
        lambda kind, who, batch: kind(member=who, batch=batch, by="desk"),
        st.sampled_from((invite.Arrive, bounce)), payee, st.sampled_from(("b1", "b2", "b3")),
    )  # fmt: skip
    clears = st.builds(lambda who: invite.Clear(member=who, why="seen", by="desk"), payee)
    ticks = st.just("tick")
    anything = st.lists(
        st.one_of(refunds, disputes, runs, wishes, ends, clears, ticks), max_size=14
    )
    paid = [buy("o1", "cat", 10_000), "tick", run("ann", "b1"), run("bob", "b1")]
    late = st.permutations([buy("o2", "cat", 20_000), "tick"])
    return st.tuples(st.sampled_from((paid, paid[:2], [])), anything, late, anything).map(
        lambda parts: [told for part in parts for told in part]
    )


def buy(order: str, by: str, fen: int) -> invite.Order:
    """Somebody buys."""
    return invite.Order(order=order, by=by, amount=CNY.minor(fen))


def run(who: str, batch: str) -> invite.PayOut:
    """An operator's run pays somebody."""
    return invite.PayOut(member=who, batch=batch, by="desk")


def bounce(**said: Any) -> invite.Bounce:
    """The bank gives a payout back."""
    return invite.Bounce(why="no such bank", **said)


@dataclass
class Books:
    """What the tables say after a story.

    Attributes:
        balances: as they are counted, by member.
        by_the_ledger: the same, summed up from the ledger's rows.
        lowest: the least that each member's balance was just after something was taken back.
        borne: by member, what the shop bears.
        taken: by member, what was taken back and stands so.
        left: by member, what left for a payout and is not back.
        given: of each award, what it was.
        stands: of each award, what it is.
        rewards: of each award, the kind.
        moved: of each account, what it has.
        answers: to the story's commands.
    """

    balances: dict[str, int] = field(default_factory=dict)
    by_the_ledger: dict[str, int] = field(default_factory=dict)
    lowest: dict[str, int] = field(default_factory=dict)
    borne: dict[str, int] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    left: Counter[str] = field(default_factory=Counter)
    given: dict[str, int] = field(default_factory=dict)
    stands: dict[str, int] = field(default_factory=dict)
    rewards: dict[str, str] = field(default_factory=dict)
    moved: Counter[str] = field(default_factory=Counter)
    answers: list[Outcome] = field(default_factory=list)

    def are_fair(self) -> None:
        """Find that the shop bears nothing that it did not lose."""
        for member, borne in self.borne.items():
            assert 0 <= borne <= min(self.taken.get(member, 0), self.left[member]), member


def told_to(payouts: invite.Payouts | None, told: Sequence[Any], *, at_once: int = 0) -> Books:
    """Tell a story to a shop in memory; the books after it, which the audit has proved."""
    campaign = paying(payouts)
    store = MemoryStore()
    answers: list[Outcome] = []
    with Shop(store, (campaign,)) as shop:
        waiting: list[Any] = []
        for number, one in enumerate((*BEFORE, *told), 1):
            when = at(minutes=number)
            if one == "tick":
                answers += shop.handle_many(campaign, waiting, at_once=at_once or 1)
                waiting = []
                shop.tick(when)
                continue
            waiting.append(_at(one, when, number))
        answers += shop.handle_many(campaign, waiting, at_once=at_once or 1)
        books = books_of(store, campaign)
        books.answers = answers
        return books


def _at(command: Any, when: Any, number: int) -> Any:
    said = {name: getattr(command, name) for name in command.__struct_fields__}
    return type(command)(**{**said, "at": when, "key": f"k{number}"})


def books_of(store: Store, campaign: Campaign) -> Books:
    """The books of a campaign, proved by the audit."""
    report = audit(store)
    assert report.is_clean, report.problems
    books = Books()
    rewards = books.rewards
    ledger: Counter[str] = Counter()
    after: dict[tuple[str, str], int] = {}
    for row in store.postings(campaign.name):
        moved = row.transfer
        books.moved[moved.source] -= moved.amount
        books.moved[moved.target] += moved.amount
        if moved.award is not None:
            rewards[moved.id] = moved.award.reward
        if moved.target.startswith("paying/"):
            books.left[moved.source] += moved.amount
        if moved.source.startswith("paying/") and moved.target.startswith("member/"):
            books.left[moved.target] -= moved.amount
        if rewards.get(moved.reverses or moved.id, "cash") == "cash":
            ledger[moved.source] -= moved.amount
            ledger[moved.target] += moved.amount
            of = moved.id.rpartition("/")[0]
            for account in (moved.source, moved.target):
                if account.startswith("member/"):
                    after[of, account] = ledger[account]
    for (_, account), left in after.items():
        books.lowest[account] = min(books.lowest.get(account, 0), left)
    books.by_the_ledger = {
        account: amount
        for account, amount in ledger.items()
        if account.startswith("member/") and amount
    }
    counted: dict[str, dict[str, int]] = {}
    for key, used in store.quotas(campaign.name):
        counted.setdefault(key[1], {})[key[2]] = used
    books.balances = counted.get("balance/CNY", {})
    books.borne = counted.get("borne/CNY", {})
    books.taken = counted.get("taken_back/CNY", {})
    standing: dict[str, Standing] = {}
    for line in store.journal(campaign.name):
        decision = line.decision
        if isinstance(decision, bytes):
            decision = messages_of(invite.Invite).decision(decision)
        if isinstance(decision, Accepted):
            standing.setdefault(decision.instance, Standing()).note(decision)
    for one in standing.values():
        books.given |= {ident: award.amount for ident, award in one.awards.items()}
        books.stands |= one.stands
    return books
