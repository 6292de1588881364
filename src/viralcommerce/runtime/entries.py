"""Entries: campaigns that reward with an entry into another, looked at together. Pure.

An entry begins an instance of the other campaign, with the command that its game has for that
(`Mechanic.entered`). What cannot be begun is an error while the shop is built.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

from msgspec import structs

from viralcommerce.errors import InvalidRule
from viralcommerce.messages import Command, Refusal
from viralcommerce.program import Program
from viralcommerce.rules.grants import Grant
from viralcommerce.rules.limits import UNLIMITED
from viralcommerce.rules.rewards import Entry
from viralcommerce.values.ids import LONGEST

_SOMEBODY: Final = "somebody"
_ONCE: Final = datetime(2000, 1, 1, tzinfo=UTC)


def entry_command(target: Program, member: str, award: str, at: datetime) -> Command | None:
    """The command that an entry comes to in its campaign, keyed by the award.

    Args:
        target: the campaign to be entered.
        member: who was given the entry.
        award: its id; one that is too long for an id gives way to a digest.
        at: the moment.

    Returns:
        The command; nothing where the campaign cannot be entered.
    """
    entry = entry_key(target.name, award)
    command = target.mechanic.entered(member, entry, at)
    return None if command is None else structs.replace(command, key=entry)


def entry_key(target: str, award: str) -> str:
    """The key of the command that an entry comes to.

    Args:
        target: the name of the campaign to be entered.
        award: its id.
    """
    if len(award) <= LONGEST:
        return award
    digest = blake2b(award.encode(), digest_size=16).hexdigest()
    return f"{target[:40]}/{digest}"


def check_entries(programs: Mapping[str, Program], elsewhere: Collection[str]) -> None:
    """Hold every entry against the campaigns of a shop.

    Args:
        programs: the newest version of each, by name.
        elsewhere: the names of campaigns that another shop has.

    Raises:
        InvalidRule: an entry into a campaign that is not there or cannot be entered, or a row of
            entries each of which gives the next, without end.
    """
    problems = [
        problem for one in programs.values() for problem in _problems(one, programs, elsewhere)
    ]
    problems += [] if problems else _endless(programs)
    if problems:
        raise InvalidRule("; ".join(problems), problems=tuple(problems))


def enterable(program: Program) -> bool:
    """Whether a campaign can be entered."""
    return _begins(program) is not None


def _begins(program: Program) -> Command | None:
    return entry_command(program, _SOMEBODY, _SOMEBODY, _ONCE)


def _problems(
    program: Program, programs: Mapping[str, Program], elsewhere: Collection[str]
) -> Iterator[str]:
    for place, reward in program.campaign.every_reward():
        if not isinstance(reward, Entry):
            continue
        target = programs.get(reward.campaign)
        if target is None and reward.campaign in elsewhere:
            continue
        if target is not None and enterable(target):
            continue
        what = (
            "is no campaign of this shop"
            if target is None
            else f"cannot be entered: {target.mechanic.kind} has nothing to begin"
        )
        others = sorted(name for name, one in programs.items() if enterable(one))
        choices = ", ".join(others) or "none; give this shop the campaign too, or elsewhere="
        yield f"{program.name}: {place}: {reward.campaign!r} {what}; choose from: {choices}"


def _endless(programs: Mapping[str, Program]) -> Iterator[str]:
    """Entries that give each other at once and without bound, told once for each row."""
    gives = {name: _gives_at_once(program) for name, program in programs.items()}
    told: set[frozenset[str]] = set()
    for name in gives:
        for row in _rows(gives, [name]):
            if frozenset(row) not in told:
                told.add(frozenset(row))
                chain = " gives ".join(f"an entry into {one}" for one in [*row, row[0]])
                yield f"{chain} at once, and so on without end; bound one, with at_most"


def _rows(gives: Mapping[str, set[str]], row: list[str]) -> Iterator[list[str]]:
    """The rows of campaigns, each giving the next, that come back to where they begin."""
    for name in sorted(gives.get(row[-1], ())):
        if name == row[0]:
            yield row
        elif name not in row:
            yield from _rows(gives, [*row, name])


def _gives_at_once(program: Program) -> set[str]:
    """The campaigns that being entered here gives entries into, each time and whoever it is."""
    mechanic = program.mechanic
    command = _begins(program)
    if command is None or mechanic.looks:
        return set()
    events = mechanic.decide(command, mechanic.initial())
    if isinstance(events, Refusal):
        return set()
    reached = {one.milestone for event in events for one in mechanic.reached(event)}
    return {
        grant.give.campaign
        for line in program.campaign.lines
        if isinstance(line, Grant) and line.on in reached
        for grant in (line,)
        if isinstance(grant.give, Entry) and not _is_bounded(grant)
    }


def _is_bounded(grant: Grant) -> bool:
    return bool(grant.limits) or grant.given is not None or grant.give.supply != UNLIMITED
