"""Inviting, played: a campaign, a shop in memory, the clock forward, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shops import at
from viralcommerce import CNY, UNLIMITED, Credit, Grant, Shop, days, percent
from viralcommerce.campaign import Campaign
from viralcommerce.mechanics import invite
from viralcommerce.messages import Accepted, State
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.ports import Cell
from viralcommerce.runtime.request import Outcome
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.testing.doubles import ScriptedEntropy

PEOPLE = ("ann", "bob", "carl", "dee")


def rides(**changes: Any) -> invite.Invite:
    """Invite codes of a ride app: two levels earn."""
    return invite.Invite(**{"matures_after": days(15), "levels": 2, **changes})


RIDES = rides()


def gifts(levels: int, most: int) -> tuple[Grant, ...]:
    """Both sides gain at the first order; whoever is above earns of every order."""
    return (
        Grant(Credit(CNY(10)), to=invite.INVITEE, on=invite.FIRST_ORDER, name="welcome"),
        Grant(
            Credit(CNY(10)), to=invite.INVITER, on=invite.FIRST_ORDER, at_most=most, name="thanks"
        ),
        *(
            Grant(
                Credit(percent(rate)), to=invite.upline(level), on=invite.ORDERED, name=f"l{level}"
            )
            for level, rate in ((1, 5), (2, 1))[:levels]
        ),
    )


@dataclass(frozen=True)
class Played:
    """What came of it."""

    answers: list[Outcome]
    events: list[invite.Events]
    cells: dict[str, Cell]
    earned: dict[str, int]
    taken: dict[str, int]

    def cell(self, name: str) -> State:
        """The situation of an instance."""
        state = self.cells[name].state
        assert isinstance(state, State)
        return state


def played(
    game: invite.Invite,
    told: Sequence[invite.Commands],
    *,
    at_once: int = 0,
    most: int = 20,
    grants: tuple[Grant, ...] | None = None,
) -> Played:
    """Run the commands one by one or in batches, then the clock a hundred days on."""
    campaign = Campaign(
        "rides",
        game,
        grants=gifts(game.levels, most) if grants is None else grants,
        budget=UNLIMITED,
    )
    store = MemoryStore()
    with Shop(store, (campaign,), entropy=ScriptedEntropy()) as shop:
        keyed = [
            command if command.key else type(command)(**{**fields(command), "key": f"k{n}"})
            for n, command in enumerate(told)
        ]
        answers: list[Outcome] = (
            shop.handle_many(campaign, keyed, at_once=at_once)
            if at_once
            else [shop.handle(campaign, command) for command in keyed]
        )
        while shop.tick(at(days=4_000)):
            pass
        report = audit(store)
        assert report.is_clean, report.problems
        earned: Counter[str] = Counter()
        taken: Counter[str] = Counter()
        for row in store.postings("rides"):
            earned[row.transfer.target] += row.transfer.amount
            taken[row.transfer.source] += row.transfer.amount
        events = [
            event
            for line in store.journal("rides")
            if isinstance(line.decision, Accepted)
            for event in line.decision.events
        ]
        return Played(answers, events, dict(store.cells("rides")), dict(earned), dict(taken))


def fields(command: invite.Commands) -> dict[str, Any]:
    """What a command says."""
    return {name: getattr(command, name) for name in command.__struct_fields__}
