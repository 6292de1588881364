"""The laws of mechanics/invite, by their names: one test a law."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from inviting import PEOPLE, played, rides
from paying import PAYOUTS, told_to
from paying import stories as paying_stories
from shops import at
from viralcommerce import CNY, days
from viralcommerce.mechanics import invite
from viralcommerce.messages import Accepted, Refused

ORDERS = ("o1", "o2", "o3")


def joining() -> st.SearchStrategy[invite.Commands]:
    """Few people with few codes, who join by a code, by a link, or by both."""
    who = st.sampled_from(PEOPLE)
    day = st.sampled_from((0, 1, 29, 30, 31))
    return st.one_of(
        st.builds(
            lambda by, day: invite.Issue(by=by, vanity=f"{by}2026", at=at(days=day)), who, day
        ),
        st.builds(
            lambda by, of, day: invite.Join(by=by, code=f"{of}2026", at=at(days=day)),
            who, who, day,
        ),
        st.builds(lambda by, of, day: invite.Join(by=by, link=of, at=at(days=day)), who, who, day),
        st.builds(
            lambda by, of, link, day: invite.Join(
                by=by, code=f"{of}2026", link=link, at=at(days=day)
            ),
            who, who, who, day,
        ),
    )  # fmt: skip


def ordering() -> st.SearchStrategy[invite.Commands]:
    """Few orders, refunded in parts, before and after; kept back, let go, rejected."""
    order, day = st.sampled_from(ORDERS), st.sampled_from((0, 1, 14, 15, 16, 40))
    return st.one_of(
        st.builds(
            lambda order, by, fen, day: invite.Order(
                order=order, by=by, amount=CNY.minor(fen), at=at(days=day)
            ),
            order, st.sampled_from(PEOPLE), st.sampled_from((1, 999, 10_000)), day,
        ),
        st.builds(
            lambda order, number, fen, day: invite.Refund(
                order=order, refund=f"r{number}", by="desk", amount=CNY.minor(fen), at=at(days=day)
            ),
            order, st.integers(0, 3), st.sampled_from((1, 333, 500, 9_999)), day,
        ),
        st.builds(
            lambda kind, order, day: kind(order=order, by="desk", why="odd", at=at(days=day)),
            st.sampled_from((invite.Hold, invite.Release, invite.Reject)), order, day,
        ),
    )  # fmt: skip


stories = st.lists(st.one_of(joining(), joining(), ordering()), max_size=25).map(
    lambda told: sorted(told, key=lambda command: command.at)
)
games = st.builds(
    invite.Invite,
    matures_after=st.just(days(15)),
    levels=st.sampled_from((1, 2)),
    code_uses=st.sampled_from((1, 2, 100)),
    binds_for=st.sampled_from((days(30), days(3_650))),
    rebinds=st.sampled_from(("never", "until_order", "better", "always")),
    prefers=st.sampled_from(("code", "link")),
)


@settings(max_examples=150)
@given(games, stories)
def test_one_inviter(game: invite.Invite, told: list[invite.Commands]) -> None:
    """EC-58: nobody stands above themselves, at any moment, however they are bound anew."""
    above: dict[str, str] = {}
    for event in played(game, told).events:
        if isinstance(event, invite.Joined):
            above[event.invitee] = event.inviter
        if isinstance(event, invite.Parted):
            del above[event.member]
        for start in above:
            line = list(itertools.islice(up(above, start), len(above) + 1))
            assert len(line) == len(set(line))


def up(above: dict[str, str], who: str) -> itertools.chain[str]:
    """Who stands above somebody, themselves first."""

    def line() -> object:
        now = who
        while True:
            yield now
            if now not in above:
                return
            now = above[now]

    return itertools.chain(line())  # type: ignore[arg-type]


@settings(max_examples=100)
@given(games, stories)
def test_joined_once(game: invite.Invite, told: list[invite.Commands]) -> None:
    """EC-91: whoever comes back under another is no new friend."""
    joined = Counter(
        one.cast[invite.INVITEE]
        for event in played(game, told).events
        for one in game.reached(event)
        if one.milestone == invite.JOINED
    )
    assert all(times == 1 for times in joined.values())


@settings(max_examples=100)
@given(games, stories)
def test_used_up(game: invite.Invite, told: list[invite.Commands]) -> None:
    """EC-70: a code that is on every coupon site brings what it may, and no more."""
    used = Counter(
        event.code for event in played(game, told).events if isinstance(event, invite.CodeUsed)
    )
    assert all(times <= game.code_uses for times in used.values())  # type: ignore[operator]


MIXED: tuple[invite.Commands, ...] = (
    invite.Order(order="o1", by="carl", amount=CNY(100), at=at(days=1), key="order"),
    *(
        invite.Refund(
            order="o1",
            refund=f"r{fen}",
            by="desk",
            amount=CNY.minor(fen),
            at=at(days=1),
            key=f"{fen}",
        )
        for fen in (1, 3_333, 2_000)
    ),
)


@settings(max_examples=60)
@given(st.permutations((*MIXED, *MIXED)))
def test_late_twice_and_mixed(told: Sequence[invite.Commands]) -> None:
    """Orders and refunds late, twice and out of order: one end."""
    game = rides()
    end = played(game, told)
    assert end.earned == played(game, MIXED).earned
    state = end.cell("order/o1")
    assert isinstance(state, invite.Settled)
    assert state.net == CNY.minor(10_000 - 1 - 3_333 - 2_000)
    assert sorted(state.refunds) == ["r1", "r2000", "r3333"]


@settings(max_examples=100)
@given(games, stories)
def test_net(game: invite.Invite, told: list[invite.Commands]) -> None:
    """EC-95: of what is left, once, and of nothing where nothing is left."""
    end = played(game, told)
    left: dict[str, int] = {}
    for event in end.events:
        match event:
            case invite.Ordered():
                left[event.order] = event.net.minor
            case invite.Refunded():
                left[event.order] = event.net.minor
            case invite.Matured():
                assert event.net.minor == left[event.order]
                earned = [one for one in game.reached(event) if one.milestone == invite.ORDERED]
                assert [one.amount for one in earned] == ([event.net] if event.net.minor else [])
            case _:
                pass
    matured = Counter(e.order for e in end.events if isinstance(e, invite.Matured))
    assert all(times == 1 for times in matured.values())


@settings(max_examples=100)
@given(games, stories)
def test_kept_back(game: invite.Invite, told: list[invite.Commands]) -> None:
    """EC-101: no silent release, and none of what was rejected."""
    kept: set[str] = set()
    rejected: set[str] = set()
    for event in played(game, told).events:
        match event:
            case invite.KeptBack():
                kept.add(event.order)
            case invite.LetGo():
                kept.remove(event.order)
            case invite.Rejected():
                rejected.add(event.order)
            case invite.Matured():
                assert event.order not in kept | rejected
            case _:
                pass


@settings(max_examples=100)
@given(games, stories)
def test_first(game: invite.Invite, told: list[invite.Commands]) -> None:
    """EC-63: one first order a buyer, and by the count of friends that was shown."""
    end = played(game, told)
    firsts = [e for e in end.events if isinstance(e, invite.Matured) and e.first]
    assert len({e.buyer for e in firsts}) == len(firsts)
    friends: Counter[str] = Counter()
    for event in end.events:
        if isinstance(event, invite.Befriended):
            friends[event.member] += 1
            assert event.nth == friends[event.member]
    assert sum(friends.values()) == sum(bool(e.upline) for e in firsts)


@settings(max_examples=150, deadline=None)
@given(games, stories, st.sampled_from((1, 3, 100)))
def test_batch(game: invite.Invite, told: list[invite.Commands], at_once: int) -> None:
    """As one by one: the same answers, the same tables."""
    one = played(game, told)
    many = played(game, told, at_once=at_once)
    assert many.answers == one.answers
    assert many.cells == one.cells
    assert many.earned == one.earned


@settings(max_examples=150, deadline=None)
@given(PAYOUTS, paying_stories(), st.sampled_from((0, 3, 100)))
def test_paid_once(payouts: invite.Payouts, told: list[object], at_once: int) -> None:
    """EC-98, EC-104: however often a run is run, and however its answers come back."""
    books = told_to(payouts, told, at_once=at_once)
    left: dict[tuple[str, str], list[str]] = {}
    for answer in books.answers:
        if isinstance(answer, Accepted):
            for event in answer.events:
                if isinstance(event, invite.Withdrawn | invite.Arrived | invite.Bounced):
                    what = type(event).__name__
                    left.setdefault((event.payee, event.batch), []).append(what)
                if isinstance(event, invite.Withdrawn):
                    assert event.amount <= answer.command.has
    once = (["Withdrawn"], ["Withdrawn", "Arrived"], ["Withdrawn", "Bounced"])
    assert all(ways in once for ways in left.values())


@settings(max_examples=150, deadline=None)
@given(PAYOUTS, paying_stories())
def test_balance(payouts: invite.Payouts, told: list[object]) -> None:
    """EC-98, EC-99: earned, less taken back, paid, fees and on its way; to the last fen."""
    books = told_to(payouts, told)
    sums = dict.fromkeys(("paying", "paid", "fees"), 0)
    for account, amount in books.moved.items():
        kind = account.partition("/")[0]
        if kind in sums:
            sums[kind] += amount
    cash = sum(books.stands[one] for one in books.stands if books.rewards[one] == "cash")
    credit = sum(books.stands[one] for one in books.stands if books.rewards[one] == "credit")
    earned = cash + sum(books.borne.values())
    bobs = books.moved["member/bob"] - books.balances.get("member/bob", 0)
    assert sum(books.balances.values()) == earned - sums["paying"] - sums["paid"] - sums["fees"]
    assert credit == bobs + books.moved["member/cat"]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(("good", "bad", "link")), max_size=12), st.sampled_from((1, 3)))
def test_guesses(typed: list[str], bound: int) -> None:
    """Bad input: brute force of codes; whoever has guessed wrong too often hits nothing more."""
    joins: dict[str, dict[str, str]] = {
        "good": {"code": "ann2026"},
        "bad": {"code": "bob2026"},
        "link": {"link": "dee"},
    }
    told: list[invite.Commands] = [invite.Issue(by="ann", vanity="ann2026", at=at())]
    told += [invite.Join(by="carl", **joins[one], at=at(seconds=n)) for n, one in enumerate(typed)]
    wrong = 0
    for one, answer in zip(typed, played(rides(guesses=bound), told).answers[1:], strict=True):
        refused = isinstance(answer, Refused) and answer.refusal == invite.NoInvitation()
        assert refused == (one == "bad" or (one == "good" and wrong >= bound))
        wrong += refused
