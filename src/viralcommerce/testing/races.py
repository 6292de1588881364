"""A race: flows that meet in one shop, and what may come of them.

Whatever the order of their effects, flows must come to what some serial order of their commands
comes to: the same answers, and the same books.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from viralcommerce.campaign import Campaign
from viralcommerce.codec import encode, messages_of
from viralcommerce.errors import InvalidValue, ViralCommerceError
from viralcommerce.messages import Accepted, Command, Refused
from viralcommerce.runtime.chance import DerivedEntropy
from viralcommerce.runtime.ports import Decision, Line, Members, Store
from viralcommerce.runtime.shop import Shop
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.testing.doubles import FakeIssuer, ScriptedClock
from viralcommerce.testing.staging import StagedIssuer, StagedMembers

Flow = Command | Sequence[Command] | Callable[[Shop], object]
"""One command, several as one batch, or anything else that a worker does with its shop."""
AT: Final = datetime(2026, 11, 11, 2, tzinfo=UTC)
MOST_ORDERS: Final = 2_000
"""How many serial orders of commands a race may have."""


@dataclass(frozen=True)
class Race:
    """Flows that begin at once, each with a worker (a shop) of its own.

    Args:
        campaign: that the commands are for.
        flows: one or more; every command with a key of its own, by which it is asked again.
        before: commands that have happened when the race begins.
        members: what the host knows, the same to everybody.
        at: what the clocks show.

    Raises:
        InvalidValue: no flow, a command without a key, or too many commands to try their orders.
    """

    campaign: Campaign
    flows: Sequence[Flow]
    before: Sequence[Command] = ()
    members: Members | None = None
    at: datetime = AT
    reference: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.flows:
            raise InvalidValue("race: no flows; give two to four")
        told = [command for flow in self.flows for command in commands_of(flow)]
        if missing := [command for command in (*self.before, *told) if not command.key]:
            raise InvalidValue(
                f"race: {missing[0]!r} has no key; give each command one of its own"
            )
        orders = sum(1 for _ in itertools.islice(_serial_orders(self.flows), MOST_ORDERS + 1))
        if orders > MOST_ORDERS:
            raise InvalidValue(
                f"race: its commands have more than {MOST_ORDERS} serial orders; race fewer"
            )

    def named(self, name: str) -> Race:
        """The same race about a campaign of another name: many fit into one store."""
        again = replace(self, campaign=self.campaign.replace(name=name))
        again.reference.update(self.reference)
        return again

    def shop(self, store: Store) -> Shop:
        """A worker on a store, its ports in front of a stage if there is one."""
        members = None if self.members is None else StagedMembers(self.members)
        return Shop(
            store,
            [self.campaign],
            members=members,
            issuer=StagedIssuer(FakeIssuer()),
            clock=ScriptedClock(self.at),
            entropy=DerivedEntropy("a race"),
            elsewhere=self.campaign.entries,
        )

    def begin(self, store: Store) -> None:
        """Let everything happen that is before the race."""
        shop = self.shop(store)
        for command in self.before:
            shop.handle(self.campaign, command)

    def run(self, flow: Flow, shop: Shop) -> object:
        """What a flow comes to; what the library raises is an answer too."""
        try:
            if callable(flow):
                return flow(shop)
            if isinstance(flow, Command):
                return shop.handle(self.campaign, flow)
            return shop.handle_many(self.campaign, list(flow))
        except ViralCommerceError as error:
            return error

    def said(self, answer: object) -> Any:
        """An answer as plain data, whatever the campaign is called."""
        if isinstance(answer, Accepted | Refused):
            return self._plain(encode(answer))
        if isinstance(answer, ViralCommerceError):
            return type(answer).__name__
        if isinstance(answer, list):
            return [self.said(one) for one in answer]
        return answer if answer is None or isinstance(answer, int | str) else str(answer)

    def _plain(self, text: bytes) -> Any:
        return self._neutral(json.loads(text))

    def _neutral(self, data: Any) -> Any:
        """The same, with neither the name of the campaign nor the hash of its rules."""
        if isinstance(data, dict):
            return {key: self._neutral(value) for key, value in data.items()}
        if isinstance(data, list):
            return [self._neutral(value) for value in data]
        if isinstance(data, str):
            name, slash, rest = data.partition("/")
            if name == self.campaign.name:
                return f"(campaign){slash}{rest}"
            return "(rules)" if data == self.campaign.hash else data
        return data

    def books(self, store: Store, *, passing: bool = True) -> str:
        """All that a store has of this campaign, as text to compare.

        Rows keep the order of their instance; instances that do not meet have none among them.

        Args:
            store: at rest.
            passing: with the refusals that leave their key free, which come anew at every try.
        """
        name = self.campaign.name
        journal: dict[str, list[Any]] = {}
        members: set[str] = set()
        for line in store.journal(name):
            decision = self.thawed(line)
            members.add(decision.command.by)
            if isinstance(decision, Accepted):
                members |= {award.to for award in decision.awards}
            elif not passing and not decision.refusal.terminal:
                continue
            journal.setdefault(decision.instance, []).append(self._plain(encode(decision)))
        ledger: dict[str, list[Any]] = {}
        for row in store.postings(name):
            ledger.setdefault(row.instance, []).append(self._plain(encode((row.at, row.transfer))))
        cells = {
            instance: (cell.version, str(cell.deadline), cell.held, self._state(cell.state))
            for instance, cell in store.cells(name)
        }
        parts = [
            (one.member, one.instance, one.role, str(one.at))
            for member in sorted(members)
            for one in store.parts(member)
            if one.campaign == name
        ]
        awards = {
            member: sorted(
                str(self._plain(encode(row.transfer)))
                for row in store.awards(member)
                if row.campaign == name
            )
            for member in members
        }
        outbox = sorted(
            str(self._plain(encode(one.award)))
            for one in store.pending(1_000_000)
            if one.campaign == name
        )
        quotas = [(key[1:], used) for key, used in store.quotas(name)]
        told = {
            "journal": journal,
            "ledger": ledger,
            "cells": cells,
            "parts": parts,
            "awards": awards,
            "outbox": outbox,
            "quotas": quotas,
        }
        return json.dumps(told, sort_keys=True)

    def _state(self, state: object) -> Any:
        return self._plain(state if isinstance(state, bytes) else encode(state))

    def thawed(self, line: Line) -> Decision:
        """A line of this campaign's journal."""
        if not isinstance(line.decision, bytes):
            return line.decision
        found: Decision = messages_of(type(self.campaign.mechanic)).decision(line.decision)
        return found

    def outcomes(self, *, passing: bool = True) -> dict[str, str]:
        """What the serial orders come to, each told by the order that comes to it.

        Args:
            passing: as for `books`.
        """
        known = self.reference
        prefix = f"{passing}: "
        if not any(key.startswith(prefix) for key in known):
            for order in _serial_orders(self.flows):
                answers, store = self._serially(order)
                key = self.outcome(answers, self.books(store, passing=passing), passing=passing)
                known.setdefault(prefix + key, " < ".join(f"{f + 1}" for f, _ in order))
        return {
            key.removeprefix(prefix): order
            for key, order in known.items()
            if key.startswith(prefix)
        }

    def _serially(self, order: Sequence[tuple[int, Flow]]) -> tuple[list[Any], Store]:
        store = MemoryStore()
        self.begin(store)
        shop = self.shop(store)
        answers: list[Any] = [
            None if callable(flow) or isinstance(flow, Command) else [] for flow in self.flows
        ]
        for index, flow in order:
            answer = self.run(flow, shop)
            if isinstance(answers[index], list):
                answers[index].append(answer)
            else:
                answers[index] = answer
        return answers, store

    def outcome(self, answers: Sequence[object], books: str, *, passing: bool = True) -> str:
        """Answers and books as one text to compare, the answers in its first line.

        Args:
            answers: one for each flow.
            books: what they left.
            passing: with what workers tell that are no commands; run again, they tell another.
        """
        said = [
            self.said(answer) if passing or not callable(flow) else None
            for flow, answer in zip(self.flows, answers, strict=True)
        ]
        return json.dumps(said, sort_keys=True) + "\n" + books


def commands_of(flow: Flow) -> Sequence[Command]:
    """The commands of a flow, where it is made of some."""
    if isinstance(flow, Command):
        return (flow,)
    return () if callable(flow) else tuple(flow)


def name_of_flow(index: int, flow: Flow) -> str:
    """What a flow is called in an order."""
    told = [f"{one.by} {type(one).__name__.lower()}s" for one in commands_of(flow)]
    what = ", ".join(told[:2]) + (" ..." if len(told) > 2 else "")
    return f"{index + 1} ({what or getattr(flow, '__name__', 'a worker')})"


def _serial_orders(flows: Sequence[Flow]) -> Iterator[tuple[tuple[int, Flow], ...]]:
    """Every way to run all commands one by one, those of a flow in their order."""
    rows = [[(i, one) for one in commands_of(flow) or (flow,)] for i, flow in enumerate(flows)]

    def orders(left: tuple[int, ...]) -> Iterator[tuple[tuple[int, Flow], ...]]:
        if not any(left):
            yield ()
        for index, many in enumerate(left):
            if many:
                rest = (*left[:index], many - 1, *left[index + 1 :])
                first = rows[index][len(rows[index]) - many]
                for order in orders(rest):
                    yield (first, *order)

    return orders(tuple(len(row) for row in rows))
