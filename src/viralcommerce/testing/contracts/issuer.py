"""The contract of an issuer: an award is handed out once, however often it is asked for.

The outbox delivers at least once: after a crash between handing out and confirming, the same award
comes again, with the same id. Whoever hands it out must notice, whether it is awaited or not::

    check_issuer(MyIssuer, times=lambda issuer, award: issuer.gifts.filter(key=award.id).count())
"""

from __future__ import annotations

import functools
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from msgspec import structs

from viralcommerce.messages import Award
from viralcommerce.runtime.async_ports import AsyncIssuer
from viralcommerce.testing.bridges import hand_out
from viralcommerce.testing.laws import Background, Law, name_of, obeys, obeys_all, same
from viralcommerce.values.money import CNY

if TYPE_CHECKING:
    import pytest

I = TypeVar("I", bound=AsyncIssuer)  # noqa: E741 - an issuer
_LATER: Final = datetime(2026, 11, 18, 2, tzinfo=UTC)


def _award(ident: str, reward: str, asset: str, amount: int = 1) -> Award:
    return Award(
        id=f"rain-pack/ride-1/{ident}",
        grant=f"grabber-grabbed-{reward}",
        to="bob",
        role="grabber",
        reward=reward,
        asset=asset,
        amount=amount,
        cost=CNY(2),
        expires=_LATER,
    )


EVERY_REWARD: Final[tuple[Award, ...]] = (
    _award("1", "coupon", "CNY", 200),
    _award("2", "credit", "CNY", 200),
    _award("3", "cash", "CNY", 200),
    _award("4", "points", "points", 50),
    _award("5", "product", "product/teapot"),
    _award("6", "right", "right/teapot"),
    _award("7", "title", "title/luckiest"),
)
"""One award of each kind of reward that is issued; an entry is delivered by the shop itself."""


@dataclass(frozen=True)
class IssuerBench(Generic[I]):
    """Where one law is checked.

    Args:
        make: a new issuer that has handed nothing out.
        times: how often the host's system has handed an award out.
        awards: what it must be able to hand out.
    """

    make: Callable[[], I]
    times: Callable[[I, Award], int]
    awards: Sequence[Award]


def hands_out_what_it_is_given(bench: IssuerBench[I]) -> None:
    """Every kind of reward that may come is handed out, and nothing is before it was issued."""
    issuer = bench.make()
    for award in bench.awards:
        same(bench.times(issuer, award), 0, f"a {award.reward}, before it was issued, handed out")
        hand_out(issuer, award)
        same(bench.times(issuer, award), 1, f"a {award.reward}, issued, handed out")


def hands_out_once(bench: IssuerBench[I]) -> None:
    """An award that comes again, at once or later, is not handed out again."""
    issuer = bench.make()
    for _ in range(2):
        for award in bench.awards:
            hand_out(issuer, award)
            hand_out(issuer, structs.replace(award))
    for award in bench.awards:
        same(bench.times(issuer, award), 1, f"a {award.reward}, issued four times, handed out")


def keeps_awards_apart(bench: IssuerBench[I]) -> None:
    """Two awards that differ by their id only are two."""
    issuer = bench.make()
    award = bench.awards[0]
    twin = structs.replace(award, id=f"{award.id}0")
    hand_out(issuer, award)
    same(bench.times(issuer, twin), 0, "an award like another one, handed out")
    hand_out(issuer, twin)
    same(bench.times(issuer, award), 1, "the first of two awards, handed out")
    same(bench.times(issuer, twin), 1, "the second of two awards, handed out")


def threads_hand_out_once(bench: IssuerBench[I]) -> None:
    """Two workers that deliver the same award hand it out once between them."""
    issuer = bench.make()
    awards = [structs.replace(bench.awards[0], id=f"race/{number}") for number in range(20)]
    start = threading.Barrier(4)
    racing = [Background(functools.partial(_issue, issuer, awards, start)) for _ in range(4)]
    for one in racing:
        one.result()
    for award in awards:
        same(bench.times(issuer, award), 1, "an award issued by four workers, handed out")


def _issue(issuer: AsyncIssuer, awards: Sequence[Award], start: threading.Barrier) -> None:
    start.wait()
    for award in awards:
        hand_out(issuer, award)


ISSUER_LAWS: Final = (
    hands_out_what_it_is_given,
    hands_out_once,
    keeps_awards_apart,
    threads_hand_out_once,
)
"""What every issuer promises."""


def check_issuer(
    make_issuer: Callable[[], I],
    *,
    times: Callable[[I, Award], int],
    awards: Sequence[Award] = EVERY_REWARD,
) -> None:
    """Hold an issuer to its contract.

    Args:
        make_issuer: an issuer that has handed nothing out, at every call.
        times: how often the host's system has handed an award out.
        awards: what it must be able to hand out, at least one; every kind of reward unless said.

    Raises:
        LawBroken: naming every law that it breaks, with what was seen.
    """
    laws: Sequence[Law[IssuerBench[I]]] = ISSUER_LAWS
    obeys_all(laws, lambda: IssuerBench(make_issuer, times, awards))


class IssuerContract(ABC, Generic[I]):
    """The contract for pytest: inherit, begin the name with ``Test``, say how to make one."""

    awards: Sequence[Award] = EVERY_REWARD
    """What it must be able to hand out."""

    @abstractmethod
    def make_issuer(self) -> I:
        """An issuer that has handed nothing out."""

    @abstractmethod
    def times(self, issuer: I, award: Award) -> int:
        """How often the host's system has handed an award out."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for each law."""
        metafunc.parametrize("law", ISSUER_LAWS, ids=name_of)

    def test_obeys(self, law: Law[IssuerBench[I]]) -> None:
        """The issuer obeys this law."""
        obeys(law, IssuerBench(self.make_issuer, self.times, self.awards))
