"""Our doubles keep the contracts of their ports; ports that break one are caught by its name."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from viralcommerce import CNY, Award
from viralcommerce.runtime.ports import Asked, Members
from viralcommerce.testing import FakeIssuer, FakeMembers
from viralcommerce.testing.contracts import (
    ISSUER_LAWS,
    MEMBERS_LAWS,
    IssuerContract,
    LawBroken,
    MembersContract,
    check_issuer,
    check_members,
)
from viralcommerce.testing.laws import name_of

KNOWN: Mapping[str, Mapping[str, object]] = {
    "bob": {
        "registered_at": datetime(2025, 6, 1, 12, tzinfo=UTC),
        "paid_orders": 3,
        "tags": ["vip", "early"],
        "region": "CN/31/Pudong",
        "devices": {"d1", "d2"},
        "household": "h1",
        "fingerprints": frozenset({"f1"}),
        "spent": CNY("741.00"),
        "field:score": 7,
    },
    "cat": {"paid_orders": 0},
}


class TestFakeIssuer(IssuerContract[FakeIssuer]):
    """The double."""

    def make_issuer(self) -> FakeIssuer:
        return FakeIssuer()

    def times(self, issuer: FakeIssuer, award: Award) -> int:
        return issuer.times(award)


class TestFakeMembers(MembersContract):
    """The double."""

    def make_members(self) -> Members:
        return FakeMembers(KNOWN)

    def known(self) -> Mapping[str, Mapping[str, object]]:
        return KNOWN


class IssuerBase(FakeIssuer):
    """An issuer with something wrong."""


class HandsOutEveryTime(IssuerBase):
    def issue(self, award: Award) -> None:
        self.issued.append(award)


class KnowsOnlyCoupons(IssuerBase):
    def issue(self, award: Award) -> None:
        if award.reward == "coupon":
            super().issue(award)


class RemembersOnlyTheLast(IssuerBase):
    def issue(self, award: Award) -> None:
        if not self.issued or self.issued[-1].id != award.id:
            self.issued.append(award)


class TellsByMemberAndGrant(IssuerBase):
    def issue(self, award: Award) -> None:
        if all((one.to, one.grant) != (award.to, award.grant) for one in self.issued):
            self.issued.append(award)


class LooksThenHandsOut(IssuerBase):
    """Check, then act: 36 of 64 at litemall."""

    met = threading.Barrier(2)

    def issue(self, award: Award) -> None:
        known = {one.id for one in self.issued}
        self.wait()
        if award.id not in known:
            self.issued.append(award)

    def wait(self) -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            self.met.wait(timeout=0.05)  # until another has looked too, if there is one
        if self.met.broken:
            self.met.reset()


@pytest.mark.parametrize(
    ("animal", "laws"),
    [
        (HandsOutEveryTime, {"hands_out_once", "threads_hand_out_once"}),
        (KnowsOnlyCoupons, {"hands_out_what_it_is_given", "hands_out_once"}),
        (RemembersOnlyTheLast, {"hands_out_once", "threads_hand_out_once"}),
        (TellsByMemberAndGrant, {"keeps_awards_apart", "threads_hand_out_once"}),
        (LooksThenHandsOut, {"threads_hand_out_once"}),
    ],
)
def test_an_issuer_that_breaks_a_law_is_caught_by_its_name(
    animal: type[IssuerBase], laws: set[str]
) -> None:
    """RQ-1, RQ-19."""
    with pytest.raises(LawBroken) as caught:
        check_issuer(animal, times=lambda issuer, award: issuer.times(award))
    assert set(caught.value.laws) == laws


def test_an_issuer_may_hand_out_only_what_its_campaigns_give() -> None:
    coupon = Award(
        id="1", grant="g", to="bob", role="r", reward="coupon", asset="CNY", amount=1, cost=CNY(1)
    )
    check_issuer(KnowsOnlyCoupons, times=lambda i, award: i.times(award), awards=[coupon])


class MembersBase(FakeMembers):
    """A port with something wrong."""

    def __init__(self) -> None:
        super().__init__(KNOWN)


class ForgetsAFact(MembersBase):
    def facts(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:
        return [{**one, "household": None} for one in super().facts(asked)]


class AnswersInItsOwnOrder(MembersBase):
    def facts(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:
        return super().facts(sorted(asked, key=lambda one: one.member))


class AnswersEachMemberOnce(MembersBase):
    def facts(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:
        once = {one.member: one for one in asked}
        return super().facts(list(once.values()))


class SkipsStrangers(MembersBase):
    def facts(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:
        return super().facts([one for one in asked if one.member in KNOWN])


class RaisesAboutStrangers(MembersBase):
    def facts(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:
        if not all(one.member in KNOWN for one in asked):
            raise LookupError("no such member")
        return super().facts(asked)


class MakesUpZeros(MembersBase):
    def facts(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:
        return [{"paid_orders": 0, **one} for one in super().facts(asked)]


class WritesTimesAsText(MembersBase):
    def facts(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:
        return [
            {k: v.isoformat() if isinstance(v, datetime) else v for k, v in one.items()}
            for one in super().facts(asked)
        ]


class CountsItsQuestions(MembersBase):
    def facts(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:
        answers = [dict(one) for one in super().facts(asked)]
        for answer in answers:
            if "registered_at" in answer:
                answer["registered_at"] = KNOWN["bob"]["registered_at"]
                answer["field:score"] = 7 + len(self.asked) // 3
        return answers


class SharesOneAnswer(MembersBase):
    """Keeps the question in the object, and is asked by many threads."""

    def facts(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:
        import time

        self.question = asked
        time.sleep(0.0005)
        return super().facts(self.question)


@pytest.mark.parametrize(
    ("animal", "laws"),
    [
        (ForgetsAFact, {"tells_what_it_knows", "leaves_the_unknown_out"}),
        (AnswersInItsOwnOrder, {"answers_each_in_order"}),
        (AnswersEachMemberOnce, {"answers_each_in_order"}),
        (SkipsStrangers, {"answers_each_in_order", "leaves_the_unknown_out"}),
        (RaisesAboutStrangers, {"answers_each_in_order", "leaves_the_unknown_out"}),
        (MakesUpZeros, {"leaves_the_unknown_out"}),
        (WritesTimesAsText, {"tells_what_it_knows", "facts_are_of_their_types"}),
        (CountsItsQuestions, {"answers_the_same_twice", "threads_get_their_own_answers"}),
        (SharesOneAnswer, {"threads_get_their_own_answers"}),
    ],
)
def test_a_members_port_that_breaks_a_law_is_caught_by_its_name(
    animal: Callable[[], Members], laws: set[str]
) -> None:
    with pytest.raises(LawBroken) as caught:
        check_members(animal, known=KNOWN)
    assert laws <= set(caught.value.laws)


def test_every_law_of_a_port_is_broken_by_some_animal() -> None:
    """A contract that nothing fails is no contract."""
    for laws, check in (
        (ISSUER_LAWS, test_an_issuer_that_breaks_a_law_is_caught_by_its_name),
        (MEMBERS_LAWS, test_a_members_port_that_breaks_a_law_is_caught_by_its_name),
    ):
        rows = check.pytestmark[0].args[1]  # type: ignore[attr-defined]
        assert {name_of(law) for law in laws} == set().union(*(row[1] for row in rows))


def test_a_port_that_raises_breaks_the_law_it_was_asked_under() -> None:
    def broken() -> FakeMembers:
        members = FakeMembers(KNOWN)
        members.fail(TimeoutError("the profile service is down"))
        return members

    with pytest.raises(LawBroken, match="TimeoutError: the profile service is down") as caught:
        check_members(broken, known=KNOWN, at=datetime.now(UTC) - timedelta(days=1))
    assert len(caught.value.laws) == len(MEMBERS_LAWS)


class AwaitedIssuer(FakeIssuer):
    """The double, awaited."""

    async def issue(self, award: Award) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        FakeIssuer.issue(self, award)


class AwaitedButForgetful(AwaitedIssuer):
    """Looks, waits for an answer, and hands out."""

    async def issue(self, award: Award) -> None:  # type: ignore[override]
        known = {one.id for one in self.issued}
        await asyncio.sleep(0.001)
        if award.id not in known:
            self.issued.append(award)


class AwaitedMembers(FakeMembers):
    """The double, awaited."""

    async def facts(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:  # type: ignore[override]
        await asyncio.sleep(0)
        return FakeMembers.facts(self, asked)


class AwaitedInItsOwnOrder(AwaitedMembers):
    """Answers come as they come."""

    async def facts(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:  # type: ignore[override]
        await asyncio.sleep(0)
        return FakeMembers.facts(self, sorted(asked, key=lambda one: one.member))


def test_ports_that_are_awaited_keep_the_same_contracts() -> None:
    """Through a bridge: no law is written twice."""
    check_issuer(AwaitedIssuer, times=lambda issuer, award: issuer.times(award))
    check_members(lambda: AwaitedMembers(KNOWN), known=KNOWN)
    with pytest.raises(LawBroken) as issuing:
        check_issuer(AwaitedButForgetful, times=lambda issuer, award: issuer.times(award))
    assert issuing.value.laws == ("threads_hand_out_once",)
    with pytest.raises(LawBroken) as asking:
        check_members(lambda: AwaitedInItsOwnOrder(KNOWN), known=KNOWN)
    assert asking.value.laws == ("answers_each_in_order",)
