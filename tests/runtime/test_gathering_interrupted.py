"""Threads that are interrupted at any bytecode while they gather: nobody is forgotten."""

from __future__ import annotations

import ctypes
import random
import threading
import time
from contextlib import suppress
from typing import Any

import pytest

from gathered import PATIENCE, until, waiting
from shops import assert_clean, grab, share, small
from viralcommerce import Shop
from viralcommerce.runtime.gathering import Gathering
from viralcommerce.runtime.stores.memory import MemoryStore


class Interrupted(BaseException):
    """What a signal handler, or a debugger, may raise anywhere."""


class Slow(MemoryStore):
    """A store that lets others run before it works."""

    def session(self) -> Any:
        threading.Event().wait(0.0003)
        return super().session()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_interrupted_anywhere_nobody_is_forgotten_and_nothing_stays_locked() -> None:
    """Hundreds of interrupts, in leaders and in those who wait: then all goes on as before.

    One may hit while something that another test left is finalized, where Python ignores it, and
    says so.
    """
    campaign = small(total=200, parts=100)
    store = Slow()
    shop = Shop(store, [campaign], gathers=Gathering())
    shop.handle(campaign, share(key="share"))
    over, answered, interrupts = threading.Event(), [0] * 8, [0] * 8

    def call(number: int) -> None:
        while not over.is_set():
            try:
                wish = answered[number] + 1000 * interrupts[number]
                key = f"{number}-{wish}"
                shop.handle(campaign, grab(f"u{key}", f"p{wish % 3}", key=key))
                answered[number] += 1
            except Interrupted:
                interrupts[number] += 1

    def call_again(number: int) -> None:
        """Twice over: what is raised between two calls ends none of the threads."""
        while not over.is_set():
            with suppress(Interrupted):
                while not over.is_set():
                    with suppress(Interrupted):
                        call(number)

    threads = [threading.Thread(target=call_again, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    dice = random.Random(7)
    ends = time.monotonic() + 2.0
    while time.monotonic() < ends:
        ident = dice.choice(threads).ident
        assert ident is not None
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(ident), ctypes.py_object(Interrupted)
        )
        over.wait(dice.random() * 0.004)
    before = list(answered)
    until(lambda: all(now > then + 5 for now, then in zip(answered, before, strict=True)))
    over.set()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "a caller was forgotten"
    assert sum(interrupts) > 50
    assert waiting(shop) == 0
    runner: Any = shop._runner
    (lane,) = runner._lanes.values()
    assert not lane._under_way
    assert not lane._busy
    assert_clean(store)
