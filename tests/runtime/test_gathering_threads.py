"""Threads that gather: who goes when, with whom, and what becomes of the others."""

from __future__ import annotations

import os
import signal
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gathered import (
    PATIENCE,
    Door,
    all_at_once,
    assert_as_one_by_one,
    behind,
    gathers,
    interruptible,
    told,
    until,
    waiting,
)
from postgres import fresh_store
from shops import code, grab, rain, share, small
from viralcommerce import CNY, Campaign, Shop
from viralcommerce.errors import InexactNumber, InvalidValue, NotLive
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.chance import DerivedEntropy
from viralcommerce.runtime.driver import Driver
from viralcommerce.runtime.gathering import Gathering, Lane, Ticket, Turn
from viralcommerce.runtime.life import ALIVE
from viralcommerce.runtime.request import Request
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.values.spans import seconds

BIG = small(total=200, parts=100)


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many commands went together, turn by turn; the first goes straight, and is not here."""
    found: list[int] = []
    first = Driver.first

    def firsts(driver: Driver, requests: Any, records: Any = None) -> Any:
        found.append(len(requests))
        return first(driver, requests, records)

    monkeypatch.setattr(Driver, "first", firsts)
    return found


def held(campaign: Campaign = BIG, store: Any = None, **bounds: Any) -> Shop:
    """A shop with one pack, at whose door the next command waits."""
    store = MemoryStore() if store is None else store
    entropy = DerivedEntropy("gathered")
    Shop(store, [campaign], entropy=entropy).handle(campaign, share(key="share"))
    door: Any = Door(store)
    return Shop(door, [campaign], entropy=entropy, gathers=gathers(**bounds))


def test_whoever_waits_for_one_pack_goes_together_in_the_next_commit(sizes: list[int]) -> None:
    with held() as shop:
        answers = all_at_once(shop, BIG, [[grab(f"u{n}")] for n in range(12)])
        assert [code(one) for one in answers] == ["yes"] * 12
        assert sizes == [11]
        assert_as_one_by_one(behind(shop), BIG, answers)


def test_no_more_go_together_than_may(sizes: list[int]) -> None:
    with held(at_most=4) as shop:
        answers = all_at_once(shop, BIG, [[grab(f"u{n}")] for n in range(12)])
        assert [code(one) for one in answers] == ["yes"] * 12
        assert sizes == [4, 4, 3]


def test_a_caller_alone_waits_for_nobody_and_goes_straight(sizes: list[int]) -> None:
    with Shop(MemoryStore(), [BIG], gathers=Gathering()) as shop:
        shop.handle(BIG, share())
        for n in range(20):
            assert code(shop.handle(BIG, grab(f"u{n}"))) == "yes"
    assert sizes == []


def test_one_key_from_many_at_once_has_one_answer() -> None:
    """EC-103: seven retries of one wish, gathered; another wish under that key is told so."""
    with held() as shop:
        rows = [[grab("bob", key="k")] for _ in range(8)] + [[grab("cat", key="k")]]
        *answers, reused = all_at_once(shop, BIG, rows)
        assert len({repr(one) for one in answers}) == 1
        assert type(reused).__name__ == "KeyReused"
        assert audit(shop.store).accepted == 2


def test_sixty_four_claims_of_one_part_at_once(sizes: list[int]) -> None:
    """EC-1: one gets it, the others are told why not."""
    with held(small(total=2, parts=1)) as shop:
        (campaign,) = shop.campaigns
        answers = all_at_once(shop, campaign, [[grab(f"u{n}")] for n in range(64)])
        codes = sorted(code(one) for one in answers)
        assert codes == ["pack_empty"] * 63 + ["yes"]
        assert sizes == [63]


def test_a_budget_that_everybody_wants_is_met_exactly_and_never_passed() -> None:
    """RQ-1, EC-26: thirty open packs of ¥6 at once; the budget has seventeen of them."""
    campaign = small(budget=CNY(103), grants=rain().grants[0])
    with held(campaign, MemoryStore()) as shop:
        rows = [[share(f"own{n}", by=f"u{n}")] for n in range(30)]
        answers = all_at_once(shop, campaign, rows)
        assert sorted(map(code, answers)) == ["out_of_budget"] * 14 + ["yes"] * 16
        assert_as_one_by_one(behind(shop), campaign, answers)


class Interrupting(Driver):
    """Raises what no `except Exception` catches, in the thread that leads, once."""

    raises: type[BaseException] | None = None

    def first(self, requests: Any, records: Any = None) -> Any:
        raised, Interrupting.raises = Interrupting.raises, None
        if raised is not None:
            raise raised
        return super().first(requests, records)


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_a_leader_that_dies_strands_nobody(
    raised: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    with held() as shop:
        monkeypatch.setattr(Interrupting, "raises", raised)
        shop._runner._driver.__class__ = Interrupting
        monkeypatch.setattr(threading, "excepthook", lambda _: None)
        answers: list[object] = []

        def call(n: int) -> None:
            answers.append(shop.handle(BIG, grab(f"u{n}")))

        threads = [threading.Thread(target=call, args=(n,)) for n in range(9)]
        run(shop, threads)
        assert [code(one) for one in answers] == ["yes"] * 8
        assert code(shop.handle(BIG, grab("later"))) == "yes"
        assert waiting(shop) == 0
        assert audit(shop.store).is_clean


def run(shop: Shop, threads: list[threading.Thread]) -> None:
    """Start threads, the first at the door until the others wait, and wait for all of them."""
    door: Any = shop.store
    threads[0].start()
    assert door.reached.wait(PATIENCE)
    for thread in threads[1:]:
        thread.start()
    until(lambda: waiting(shop) == len(threads) - 1)
    door.opened.set()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "a caller was forgotten"


def test_an_interrupt_of_the_main_thread_while_it_waits_harms_nobody() -> None:
    """Control-C in a script: it stops waiting; what it wanted was not begun."""
    with held() as shop:
        door: Any = shop.store
        answers: list[object] = []
        others = [
            threading.Thread(target=lambda n=n: answers.append(shop.handle(BIG, grab(f"u{n}"))))
            for n in range(3)
        ]
        others[0].start()
        assert door.reached.wait(PATIENCE)
        main = threading.main_thread().ident
        assert main is not None

        def interrupt() -> None:
            until(lambda: waiting(shop) == 1)
            signal.pthread_kill(main, signal.SIGINT)

        threading.Thread(target=interrupt).start()
        with interruptible(), pytest.raises(KeyboardInterrupt):
            shop.handle(BIG, grab("me"))
        assert waiting(shop) == 0
        for other in others[1:]:
            other.start()
        door.opened.set()
        for other in others:
            other.join(PATIENCE)
        assert [code(one) for one in answers] == ["yes"] * 3
        assert code(shop.handle(BIG, grab("me"))) == "yes"


def test_a_shop_that_is_closed_tells_those_who_wait() -> None:
    shop = held()
    answers: list[object] = []
    threads = [
        threading.Thread(
            target=lambda n=n: answers.append(told(lambda: shop.handle(BIG, grab(f"u{n}"))))
        )
        for n in range(6)
    ]
    door: Any = shop.store
    closing = door.opened.set
    door.opened.set = lambda: (shop.close(), closing())
    run(shop, threads)
    assert {type(one) for one in answers} == {NotLive}


def test_a_forked_child_waits_for_nobody_of_its_parent(tmp_path: Path) -> None:
    """The lock of the gatherer and the turns in it stay with the parent."""
    store = SqliteStore(tmp_path / "a.db")
    with held(store=store) as shop:
        door: Any = shop.store
        thread = threading.Thread(target=lambda: shop.handle(BIG, grab("u0")))
        thread.start()
        assert door.reached.wait(PATIENCE)
        shop._runner._mutex.acquire()
        child = os.fork()
        if child == 0:
            done = 1
            try:
                signal.alarm(int(PATIENCE))
                done = int(code(shop.handle(BIG, grab("child"))) != "yes")
            finally:
                os._exit(done)
        shop._runner._mutex.release()
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        door.opened.set()
        thread.join(PATIENCE)
        assert audit(store).accepted == 3


def test_inside_the_hosts_transaction_nobody_is_gathered(tmp_path: Path) -> None:
    import sqlite3

    store = SqliteStore(tmp_path / "a.db")
    with Shop(store, [BIG], gathers=Gathering()) as shop:
        host = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
        host.execute("begin immediate")
        joined = shop.within(host)
        assert type(joined._runner) is Driver
        assert type(shop._runner) is not Driver
        joined.handle(BIG, share())
        host.execute("commit")
        host.close()
        assert code(shop.handle(BIG, grab())) == "yes"


@pytest.mark.parametrize("kind", ["memory", "sqlite", "postgres"])
@pytest.mark.parametrize("side_by_side", [1, 3])
def test_many_threads_on_one_pack_and_one_budget(
    kind: str, side_by_side: int, tmp_path: Path
) -> None:
    """EC-113: sixteen callers, one hot pack and packs of their own, on real threads and stores."""
    store: Any = MemoryStore()
    if kind == "sqlite":
        store = SqliteStore(tmp_path / "a.db")
    if kind == "postgres":
        store = fresh_store()
    campaign = small(total=60, parts=30, budget=CNY(150))
    entropy = DerivedEntropy("gathered")
    bounds = Gathering(side_by_side=side_by_side, at_most=7)
    with Shop(store, [campaign], entropy=entropy, gathers=bounds) as shop:
        shop.handle(campaign, share(key="share"))
        answers: list[object] = []

        def call(n: int) -> None:
            for m in range(6):
                answers.append(shop.handle(campaign, grab(f"u{n}-{m}", key=f"{n}-{m}")))
                own = share(f"own{n}-{m}", by=f"u{n}", key=f"own{n}-{m}")
                answers.append(shop.handle(campaign, own))

        threads = [threading.Thread(target=call, args=(n,)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a caller was forgotten"
        assert len(answers) == 16 * 12
        assert audit(store).is_clean, audit(store).problems
        if side_by_side == 1:
            assert_as_one_by_one(store, campaign, answers)


def ticket(instance: str) -> Ticket:
    program: Any = None
    command: Any = None
    return Ticket(Request(program, command, instance, ALIVE))


def entered(lane: Lane[Ticket], *instances: str) -> list[Ticket]:
    tickets = [ticket(instance) for instance in instances]
    for one in tickets:
        lane.enter(one, 0.0)
    return tickets


def begun(lane: Lane[Ticket], turns: list[Turn[Ticket]]) -> list[list[str]]:
    for turn in turns:
        lane.fill(turn)
    return [[one.request.instance for one in turn.tickets] for turn in turns]


def test_instances_take_turns_and_those_of_one_go_in_the_order_they_came() -> None:
    lane: Lane[Ticket] = Lane(Gathering(at_most=2, side_by_side=1))
    first, *hot, late, later = entered(lane, "p", "p", "p", "p", "p", "q", "r")
    assert first.leads
    assert not any(one.turn for one in (*hot, late, later))
    (turn,) = lane.end(first.turn, 0.0)
    assert begun(lane, [turn]) == [["q", "r"]], "whoever waits for the campaign only, came first"
    (turn,) = lane.end(turn, 0.0)
    assert begun(lane, [turn]) == [["p", "p"]]
    assert turn.tickets == hot[:2]
    (turn,) = lane.end(turn, 0.0)
    lane.fill(turn)
    assert turn.tickets == hot[2:]
    assert lane.end(turn, 0.0) == []


def test_what_is_about_another_instance_goes_at_once_side_by_side() -> None:
    lane: Lane[Ticket] = Lane(Gathering(side_by_side=2))
    p, q, r, again = entered(lane, "p", "q", "r", "p")
    assert (p.leads, q.leads, r.leads, again.leads) == (True, True, False, False)
    (turn,) = lane.end(q.turn, 0.0)
    assert begun(lane, [turn]) == [["r"]], "the first pack is under way"
    (turn,) = lane.end(p.turn, 0.0)
    assert begun(lane, [turn]) == [["p"]]


def test_what_hangs_holds_nobody_back_for_ever() -> None:
    lane: Lane[Ticket] = Lane(Gathering(side_by_side=1, waits=seconds(1)))
    hangs, tired, patient = entered(lane, "p", "p", "p")
    assert lane.withdraw(tired, 0.9) == []
    entered(lane, "p")
    tired = entered(lane, "p")[0]
    (turn,) = lane.withdraw(tired, 1.0)
    lane.fill(turn)
    assert turn.leader is patient
    assert len(turn.tickets) == 2
    assert lane.end(hangs.turn, 2.0) == [], "it comes back after all"
    assert not entered(lane, "p")[0].leads
    assert len(lane.end(turn, 2.0)) == 1


def test_a_turn_lingers_for_those_who_were_just_answered_and_no_longer() -> None:
    lane: Lane[Ticket] = Lane(Gathering(side_by_side=1))
    alone, *_ = entered(lane, "p", "p", "p", "p", "p")
    (turn,) = lane.end(alone.turn, 0.008)
    assert (turn.awaits, turn.patience) == (0, 0.0), "one came back at the most"
    lane.fill(turn)
    assert turn.size == 4
    back = ticket("p")
    assert lane.enter(back, 0.009) is None
    (turn,) = lane.end(turn, 0.016)
    assert (turn.leader, turn.awaits, turn.patience) == (back, 4, pytest.approx(0.001))
    came = [lane.enter(one, 0.016) for one in [ticket("p"), ticket("q"), ticket("r"), ticket("s")]]
    assert came == [None, None, None, back]
    assert lane.enter(ticket("p"), 0.017) is None, "it is told once"
    lane.fill(turn)
    assert turn.size == 6


def test_nobody_lingers_for_more_than_may_go_together() -> None:
    lane: Lane[Ticket] = Lane(Gathering(side_by_side=1, at_most=3))
    first, *_ = entered(lane, *"pppppppp")
    turn = first.turn
    for size in (3, 3, 1):
        (turn,) = lane.end(turn, 1.0)
        assert turn.awaits == 0 or size == 1
        lane.fill(turn)
        assert turn.size == size


def test_a_turn_that_hung_makes_nobody_linger_for_as_long() -> None:
    lane: Lane[Ticket] = Lane(Gathering(side_by_side=1, waits=seconds(1)))
    first, *_ = entered(lane, "p", "p", "p", "q")
    (turn,) = lane.end(first.turn, 1.0)
    lane.fill(turn)
    entered(lane, "p")
    (turn,) = lane.end(turn, 3600.0)
    assert turn.patience == pytest.approx(0.125)
    assert lane.end(turn, 3600.0) == [], "it was interrupted before it set out"
    again, *_ = entered(lane, "p", "p", "p")
    (turn,) = lane.end(again.turn, 1.0)
    lane.fill(turn)
    entered(lane, "p")
    assert lane.end(turn, 2.0)[0].awaits == 2, "others linger again"


def test_the_first_who_is_back_lingers_for_the_others_and_a_late_one_for_nobody() -> None:
    for late in (False, True):
        lane: Lane[Ticket] = Lane(Gathering(side_by_side=1))
        first, *_ = entered(lane, "p", "p", "p", "p")
        (turn,) = lane.end(first.turn, 1.0)
        lane.fill(turn)
        assert lane.end(turn, 1.8) == []
        back = ticket("p")
        lane.enter(back, 1.95 if late else 1.85)
        assert back.turn is not None
        assert (back.turn.awaits, back.turn.patience) == (
            (0, 0.0) if late else (2, pytest.approx(0.05))
        )
        assert lane.enter(ticket("p"), 1.95) is None
        assert lane.enter(ticket("p"), 1.95) is (None if late else back)


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({"at_most": 0}, "at_most=0; give 1 or more"),
        ({"side_by_side": -1}, "side_by_side=-1; give 1 or more"),
        ({"at_most": 1.5}, "at_most=1.5; give a whole number"),
        ({"at_most": True}, "at_most=True; give a whole number"),
        ({"waits": timedelta(0)}, "give a span"),
        ({"waits": timedelta.max}, "give a span"),
        ({"waits": 3}, "waits=3; give a span"),
    ],
)
def test_bounds_that_cannot_be(bounds: dict[str, Any], said: str) -> None:
    with pytest.raises((InvalidValue, InexactNumber), match=said):
        Gathering(**bounds)


def lingering() -> tuple[Lane[Ticket], Ticket]:
    """A lane in which the first of four who is back lingers, though another might go beside."""
    lane: Lane[Ticket] = Lane(Gathering(side_by_side=2))
    first, *_ = entered(lane, "p", "p", "p", "p")
    (turn,) = lane.end(first.turn, 1.0)
    lane.fill(turn)
    assert lane.end(turn, 1.8) == []
    back = ticket("p")
    lane.enter(back, 1.85)
    assert back.turn is not None
    assert back.turn.awaits == 2
    return lane, back


def test_whoever_comes_while_one_lingers_goes_along_whatever_it_is_about() -> None:
    lane, back = lingering()
    other, another = ticket("q"), ticket("q")
    assert lane.enter(other, 1.86) is None
    assert other.turn is None, "not a commit of its own beside the one that waits for it"
    assert lane.enter(another, 1.86) is back
    assert begun(lane, [back.turn]) == [["p", "q", "q"]]
    assert lane.end(back.turn, 2.0) == []


def test_where_the_one_who_lingers_is_lost_the_others_go_on() -> None:
    lane, back = lingering()
    other, tired = ticket("q"), ticket("p")
    lane.enter(other, 1.86)
    assert [turn.leader for turn in lane.withdraw(tired, 9.0)] == [other]
    free = ticket("r")
    lane.enter(free, 9.0)
    assert free.leads, "nobody lingers any more"
    assert lane.end(back.turn, 9.0) == [], "it comes back after all"
