"""The laws of runtime/relay.py, by their names: one test a law.

Several relays are played side by side, an errand at a time, in any order: they hand out, fail, are
stopped, die between any two errands, and their clocks go on. Nothing here waits or is threaded.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from viralcommerce.codec import Codec
from viralcommerce.runtime.entering import Failed, Find
from viralcommerce.runtime.erasure import GONE
from viralcommerce.runtime.outbox import Claim, Settled
from viralcommerce.runtime.ports import Record
from viralcommerce.runtime.programs import Programs
from viralcommerce.runtime.relay import Hand, Patience, back_off, relay
from viralcommerce.runtime.stores.memory_outbox import MemoryOutbox
from viralcommerce.testing.contracts.kit import AT, award, yes
from viralcommerce.testing.doubles import ScriptedClock, ScriptedEntropy

PEOPLE = ("ann", "bob", "cat")
MOVES = ("begin", "begin", "go", "go", "go", "go", "fail", "fail", "die", "stop", "time")
PROGRAMS = Programs((), Codec(), lambda _: b"", asks_nobody=True)


class Stopped(BaseException):
    """What stops a relay: a signal, a canceled task."""


class Play:
    """Relays on one outbox, and what was handed out, in order.

    Args:
        members: whose awards are given, in order.
        tries: after which an award is set aside.
        broken: the awards that nobody can hand out.
    """

    def __init__(self, members: list[str], tries: int, broken: set[int]) -> None:
        self.given = [award(f"{who}/{n:03}", to=who) for n, who in enumerate(members)]
        self.broken = {self.given[n].id for n in broken if n < len(self.given)}
        self.records: list[Record] = []
        for one in self.given:
            self.records.append(Record("", yes("p", awards=(one,)), issue=[one]))
        self.outbox = MemoryOutbox(self.records)
        self.clock = ScriptedClock(AT)
        self.entropy = ScriptedEntropy()
        self.patience = Patience(tries=tries)
        self.handed: list[str] = []

    def begin(self, limit: int) -> Generator[Any, Any, Any]:
        patience = self.patience
        return relay(
            PROGRAMS, self.clock, self.entropy, issues=True, limit=limit, patience=patience
        )

    def perform(self, errand: Any, fails: bool) -> object:
        if isinstance(errand, Claim):
            return self.outbox.claim(errand)
        if isinstance(errand, Settled):
            return self.outbox.settle(errand)
        assert isinstance(errand, Hand)
        if fails or errand.award.id in self.broken:
            return Failed("away")
        self.handed.append(errand.award.id)
        return None

    def finish(self) -> None:
        """Let time pass, and one relay after the other work, until nothing waits."""
        for _ in range(10_000):
            if not self.outbox.backlog().depth:
                return
            running, answer = self.begin(50), None
            try:
                while True:
                    answer = self.perform(running.send(answer), fails=False)
            except StopIteration:
                self.clock.forward(timedelta(hours=1))
        raise AssertionError("it never ends")

    def aside(self) -> set[str]:
        return {one.award.id for one in self.outbox.poisoned(999)}


@st.composite
def plays(draw: st.DrawFn) -> Play:
    """A play, up to the last errand that anybody was sent on."""
    members = draw(st.lists(st.sampled_from(PEOPLE), min_size=3, max_size=14))
    broken = draw(st.sets(st.integers(0, 13), max_size=2))
    play = Play(members, draw(st.integers(1, 4)), broken)
    relays: list[list[Any]] = []
    for move in draw(st.lists(st.sampled_from(MOVES), min_size=10, max_size=60)):
        if move == "begin" and len(relays) < 3:
            relays.append([play.begin(draw(st.integers(1, 30))), None])
        elif move == "time":
            play.clock.forward(timedelta(seconds=draw(st.sampled_from([1, 10, 400, 4_000]))))
        elif relays:
            one = draw(st.sampled_from(relays))
            if move == "die":
                relays.remove(one)
                continue
            try:
                if move == "stop" and one[0].gi_frame.f_lasti > 0:
                    errand = one[0].throw(Stopped())
                else:
                    errand = one[0].send(one[1])
                one[1] = play.perform(errand, fails=move == "fail")
            except (StopIteration, Stopped):
                relays.remove(one)
    return play


@settings(max_examples=150)
@given(plays())
def test_at_least_once(play: Play) -> None:
    """EC-103: what is neither handed out nor set aside waits, after every errand."""
    waiting = {one.award.id for one in play.outbox.pending(999)}
    for one in play.given:
        assert one.id in waiting or one.id in play.handed or one.id in play.aside()


@settings(max_examples=150)
@given(plays())
def test_in_order(play: Play) -> None:
    """Of each member, first hand-outs come in order; only what was set aside is jumped."""
    play.finish()
    first = list(dict.fromkeys(play.handed))
    for who in PEOPLE:
        mine = [one for one in first if one.startswith(who)]
        assert mine == sorted(mine)


@settings(max_examples=150)
@given(plays())
def test_nothing_lost(play: Play) -> None:
    """RQ-19: whoever dies when, in the end each was handed out, or is set aside and seen."""
    play.finish()
    assert {one.id for one in play.given} == set(play.handed) | play.aside()
    assert play.broken <= play.aside()
    positions = [one.position for one in play.outbox.poisoned(999)]
    assert play.outbox.retry(positions) == len(positions)
    play.broken = set()
    play.finish()
    assert {one.id for one in play.given} == set(play.handed)


@given(st.integers(1, 4), st.integers(0, 5))
def test_patience(tries: int, failures: int) -> None:
    """Each try waits longer, by half to the whole of a span that doubles up to a bound."""
    play = Play(["ann"], tries, set())
    waits: list[timedelta] = []
    for _ in range(failures):
        running, answer = play.begin(1), None
        try:
            while True:
                errand = running.send(answer)
                answer = play.perform(errand, fails=True)
                if isinstance(errand, Settled) and errand.later:
                    waits.append(errand.later[0].due - play.clock.now())
        except StopIteration:
            play.clock.forward(timedelta(hours=1))
    assert len(waits) == min(failures, tries - 1)
    for number, wait in enumerate(waits):
        whole = min(play.patience.first * 2**number, play.patience.most)
        assert whole / 2 <= wait <= whole
    assert bool(play.aside()) == (failures >= tries)
    assert back_off(play.patience, 10**6, "") <= play.patience.most


@given(st.lists(st.sampled_from([*PEOPLE, f"{GONE}7f3a"]), min_size=1, max_size=14))
def test_nobody_gone(members: list[str]) -> None:
    """EC-64: what was set aside before its member was forgotten is found, to be taken back."""
    play = Play([], 24, set())
    given_ = [award(f"p{n}/2/0", to=who) for n, who in enumerate(members)]
    play.records += [Record("", yes("p", awards=(one,)), issue=[one]) for one in given_]
    sought: list[str] = []
    running, answer = play.begin(50), None
    with suppress(StopIteration):
        while True:
            errand = running.send(answer)
            if isinstance(errand, Find):
                sought.append(errand.instance)
                answer = Failed("away")
            else:
                answer = play.perform(errand, fails=False)
    gone = [f"p{n}" for n, who in enumerate(members) if who not in PEOPLE]
    assert sought == gone[:1]  # what is younger waits behind it
    assert play.handed == [one.id for one in given_ if one.to in PEOPLE]
