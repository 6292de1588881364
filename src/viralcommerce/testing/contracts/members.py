"""The contract of a members port: each question answered, in order, with what is known.

The host says what its port must tell of some members of a test database; whether the port is
awaited is all the same::

    check_members(MyMembers, known={"bob": {"paid_orders": 3, "region": "CN/31"}})
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from viralcommerce.errors import ViralCommerceError
from viralcommerce.rules.facts import Known
from viralcommerce.runtime.async_ports import AsyncMembers
from viralcommerce.runtime.ports import Asked
from viralcommerce.testing.bridges import facts_of
from viralcommerce.testing.laws import (
    Background,
    Law,
    name_of,
    obeys,
    obeys_all,
    same,
    wrong,
)

if TYPE_CHECKING:
    import pytest

KnownFacts = Mapping[str, Mapping[str, object]]
"""What a port must tell: facts by member."""
AT: Final = datetime(2026, 11, 11, 2, tzinfo=UTC)
STRANGER: Final = "nobody-of-that-name"
_READERS: Final[Mapping[str, Callable[[Known, str, str], object]]] = {
    "registered_at": Known.moment,
    "paid_orders": Known.count,
    "tags": Known.names,
    "region": Known.name,
    "devices": Known.names,
    "household": Known.name,
    "fingerprints": Known.names,
    "spent": Known.money,
}


@dataclass(frozen=True)
class MembersBench:
    """Where one law is checked.

    Args:
        make: the port.
        known: what it must tell, of at least one member.
        stranger: a member that nobody knows.
        at: as of when it is asked.
    """

    make: Callable[[], AsyncMembers]
    known: KnownFacts
    stranger: str = STRANGER
    at: datetime = AT

    def ask(self, member: str, *facts: str) -> Asked:
        """A question about a member: these facts, or all that are known of anybody."""
        every = {fact for told in self.known.values() for fact in told}
        return Asked(member, frozenset(facts) or frozenset(every), self.at)

    def answers(self, *asked: Asked) -> list[dict[str, object]]:
        """What a new port answers; that there are as many answers as questions is asserted."""
        answers = facts_of(self.make(), asked)
        same(len(answers), len(asked), f"answers to {len(asked)} questions")
        return [dict(answer) for answer in answers]


def tells_what_it_knows(bench: MembersBench) -> None:
    """The facts that are known are told, by their names, as they are."""
    for member, facts in bench.known.items():
        answer = bench.answers(bench.ask(member, *facts))[0]
        for fact, value in facts.items():
            same(_as_told(answer.get(fact)), _as_told(value), f"{fact} of {member}")


def answers_each_in_order(bench: MembersBench) -> None:
    """One answer a question, in the order of the questions, whoever is asked about, also twice."""
    members = [*bench.known, bench.stranger]
    alone = {member: bench.answers(bench.ask(member))[0] for member in members}
    for row in (members, members[::-1], members * 2, [members[-1], *members], members[:1] * 3, []):
        answers = bench.answers(*map(bench.ask, row))
        same(
            answers,
            [alone[member] for member in row],
            f"answers about {', '.join(row) or 'nobody'}",
        )


def leaves_the_unknown_out(bench: MembersBench) -> None:
    """Of a stranger nothing is told, and a fact that is not known is left out, not made up."""
    same(bench.answers(bench.ask(bench.stranger)), [{}], "what is told of a stranger")
    every = {fact for told in bench.known.values() for fact in told}
    for member, facts in bench.known.items():
        answer = bench.answers(bench.ask(member, *every, "field:nobody_has_this"))[0]
        made_up = sorted(
            fact
            for fact in (every - set(facts)) | {"field:nobody_has_this"}
            if answer.get(fact) is not None
        )
        same(made_up, [], f"facts told of {member} that are not known")


def facts_are_of_their_types(bench: MembersBench) -> None:
    """Each fact is of the type its name promises: times with zones, counts whole, money exact."""
    for member, facts in bench.known.items():
        answer = bench.answers(bench.ask(member, *facts))[0]
        told = Known({"member": answer}, "member")
        for fact in facts:
            reader = _READERS.get(fact)
            if reader is None or answer.get(fact) is None:
                continue
            try:
                reader(told, "", fact)
            except ViralCommerceError as error:
                wrong(f"{member}: {error}")


def answers_the_same_twice(bench: MembersBench) -> None:
    """The same question as of the same moment has the same answer; asking changes nothing."""
    port = bench.make()
    asked = [bench.ask(member) for member in (*bench.known, bench.stranger)]
    first = [dict(answer) for answer in facts_of(port, asked)]
    again = [dict(answer) for answer in facts_of(port, asked)]
    same(again, first, "the answers, asked again")


def threads_get_their_own_answers(bench: MembersBench) -> None:
    """Threads that ask at once get each the answers to their own questions."""
    port = bench.make()
    members = [*bench.known, bench.stranger]
    alone = {member: bench.answers(bench.ask(member))[0] for member in members}
    racing = [
        (member, Background(functools.partial(_asks, port, bench.ask(member))))
        for member in members * 3
    ]
    for member, one in racing:
        for answer in one.result():
            same(answer, alone[member], f"an answer about {member}, asked among others")


def _asks(port: AsyncMembers, asked: Asked) -> list[dict[str, object]]:
    return [dict(answer) for _ in range(10) for answer in facts_of(port, [asked])]


def _as_told(value: object) -> object:
    """A fact to compare: collections have no order."""
    return frozenset(value) if isinstance(value, set | list | tuple) else value


MEMBERS_LAWS: Final[tuple[Law[MembersBench], ...]] = (
    tells_what_it_knows,
    answers_each_in_order,
    leaves_the_unknown_out,
    facts_are_of_their_types,
    answers_the_same_twice,
    threads_get_their_own_answers,
)
"""What every members port promises."""


def check_members(
    make_members: Callable[[], AsyncMembers],
    *,
    known: KnownFacts,
    stranger: str = STRANGER,
    at: datetime = AT,
) -> None:
    """Hold a members port to its contract.

    Args:
        make_members: the port, at every call.
        known: what it must tell, of at least one member.
        stranger: a member that nobody knows.
        at: as of when it is asked.

    Raises:
        LawBroken: naming every law that it breaks, with what was seen.
    """
    obeys_all(MEMBERS_LAWS, lambda: MembersBench(make_members, known, stranger, at))


class MembersContract(ABC):
    """The contract for pytest: inherit, begin the name with ``Test``, say how to make one."""

    stranger: str = STRANGER
    """A member that nobody knows."""
    at: datetime = AT
    """As of when it is asked."""

    @abstractmethod
    def make_members(self) -> AsyncMembers:
        """The port."""

    @abstractmethod
    def known(self) -> KnownFacts:
        """What it must tell, of at least one member."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for each law."""
        metafunc.parametrize("law", MEMBERS_LAWS, ids=name_of)

    def test_obeys(self, law: Law[MembersBench]) -> None:
        """The port obeys this law."""
        obeys(law, MembersBench(self.make_members, self.known(), self.stranger, self.at))
