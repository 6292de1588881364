"""Kinship: instances that hang under others, so that a campaign's cells are a forest.

A cell has one parent at most. Two things are done with that, and here is all of it: a command is
told who stands above somebody (`informed`), and a cell is hung under another without ever making
a circle (`circular`).

Whom a command is told of is locked as whom it names: between reading who stands above a buyer and
writing it down, nobody of them is forgotten. Where a store has one lock, nobody could be.

A bind locks the child and its new parent. A child under which nothing hangs cannot stand above
anybody, so it is bound without a walk, at any depth. Any other bind also locks the one place
`MERGING`, and only then walks from the parent to its root: nobody else can move a branch until it
commits, and a leaf that is bound meanwhile stands above nobody. Root and depth are never stored.

Laws:
    No circle: whatever is bound at the same time, nobody stands above themselves.
    One parent: a cell hangs under one other, or under none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from msgspec import structs

from viralcommerce.decider import NO_LOOKUP, Lookup
from viralcommerce.messages import Command, ReverseAward
from viralcommerce.program import Program
from viralcommerce.runtime.effects import Lock
from viralcommerce.runtime.erasure import is_gone
from viralcommerce.runtime.message_fields import members_of
from viralcommerce.runtime.ports import Cell, Chain, Found, Place, Wanted
from viralcommerce.runtime.request import Request

MERGING: Final = "(merging)"
"""The instance that stands for "some branch of this campaign is moving": locked, never written."""
_NOTHING: Final = Wanted()


class Unread(Exception):
    """Something above somebody was not read: earlier commands of the commit have moved it.

    Args:
        chains: what to read.
        places: what to lock.
        branches: of what to know whether anything hangs under it.
        walks: from where to walk to the root, under the lock on `MERGING`.
        members: whom to lock, for a command was told of them.
    """

    def __init__(
        self,
        chains: tuple[Chain, ...] = (),
        places: tuple[Place, ...] = (),
        branches: tuple[Place, ...] = (),
        walks: tuple[Place, ...] = (),
        members: tuple[str, ...] = (),
    ) -> None:
        self.chains = chains
        self.places = places
        self.branches = branches
        self.walks = walks
        self.members = members


def lookup_of(program: Program, command: Command) -> Lookup:
    """What a command of a game that looks at others must be told of them."""
    return NO_LOOKUP if type(command) is ReverseAward else program.mechanic.lookup(command)


def known(program: Program, command: Command, lookup: Lookup) -> tuple[Command | None, str]:
    """What is known of a command before anything is read.

    Returns:
        The command as told, where it is told of nothing; and what it may hang its own under.
    """
    if lookup is not NO_LOOKUP or type(command) is ReverseAward:
        return None, ""
    mechanic = program.mechanic
    told: Command = mechanic.informed(command, {}, (), None)
    return told, mechanic.binds(told)


def named_by(told: Command) -> tuple[str, ...]:
    """Whom a command names who could be forgotten; who was forgotten already stays so."""
    return tuple([one for one in members_of(told) if not is_gone(one)])


def chains_of(name: str, lookup: Lookup) -> tuple[Chain, ...]:
    """What must be read before a command can be told what it asks of others.

    Args:
        name: the store's name of the campaign.
        lookup: of the command.
    """
    if lookup is NO_LOOKUP:
        return ()
    above: tuple[Chain, ...] = ((name, lookup.above, lookup.levels),) if lookup.above else ()
    if not lookup.cells:
        return above
    return tuple(sorted((*((name, instance, 0) for instance in lookup.cells), *above)))


def lineage(
    chain: Chain, seen: Mapping[Place, Cell], changed: Mapping[Place, Cell]
) -> list[tuple[str, Cell]]:
    """A cell and those above it, nearest first, as this commit leaves them.

    Args:
        chain: from where, and how many levels above.
        seen: what was read.
        changed: what earlier commands of the commit have changed.

    Raises:
        Unread: the way leads to a cell that was not read.
    """
    name, instance, levels = chain
    found: list[tuple[str, Cell]] = []
    was_moved = False
    while instance and len(found) <= levels:
        place = (name, instance)
        before = seen.get(place)
        cell = changed.get(place, before)
        if cell is None:
            if was_moved:
                raise Unread(chains=((name, instance, levels),))
            break
        if cell is not before and not was_moved:
            was_moved = cell.parent != ("" if before is None else before.parent)
        found.append((instance, cell))
        instance = cell.parent
    return found


class Held:
    """What is known under lock of cells that hang under others.

    Args:
        found: what was read.
        wanted: what was asked for.
    """

    __slots__ = ("_all", "_branches", "_cells", "_chains", "_found", "_members", "_wanted")

    def __init__(self, found: Found, wanted: Wanted) -> None:
        self._found = found
        self._wanted = wanted
        self._all = found.all_locked
        asked = _NOTHING if self._all else wanted
        self._members = frozenset(wanted.members)
        self._cells = frozenset(asked.cells)
        self._chains = frozenset(asked.chains)
        self._branches = frozenset(asked.branches)

    def must_have_read(self, chain: Chain) -> None:
        """Find that a chain was read.

        Raises:
            Unread: it was not.
        """
        if not self._all and chain not in self._chains:
            raise Unread(chains=(chain,))

    def must_have_locked(self, told: Command) -> None:
        """Find that nobody whom a command was told of can be forgotten before it is written.

        Raises:
            Unread: somebody can.
        """
        missing = [one for one in named_by(told) if one not in self._members]
        if missing:
            raise Unread(members=tuple(missing))

    def must_hold(self, place: Place, others: Iterable[str], parent: str) -> None:
        """Find that all a command needs of other cells is locked and known.

        Args:
            place: its own cell.
            others: the instances that it changes.
            parent: the instance it hangs its own under; "" where under none.

        Raises:
            Unread: something is not, all of it at once.
        """
        if self._all:
            return
        name = place[0]
        needed = [(name, one) for one in (*others, parent) if one]
        places = tuple([one for one in needed if one not in self._cells])
        branches = (place,) if parent and place not in self._branches else ()
        if places or branches:
            raise Unread(places=places, branches=branches)

    def circular(
        self, place: Place, parent: str, changed: Mapping[Place, Cell], parents: AbstractSet[Place]
    ) -> bool:
        """Whether hanging a cell under another, which are both held, would close a circle.

        Args:
            place: the cell.
            parent: the instance it is to hang under.
            changed: what earlier commands of the commit have changed.
            parents: all that those commands have hung anything under, if only for a while.

        Raises:
            Unread: a walk is needed that was not made.
        """
        name, instance = place
        if parent == instance:
            return True
        if place not in self._found.branches and place not in parents:
            return False
        above = (name, parent)
        is_alone = self._all or (name, MERGING) in self._cells
        if above not in self._wanted.walks or not is_alone:
            raise Unread(walks=(above,))
        walked = self._found.above[above]
        if any(moved != place and moved[0] == name and moved[1] in walked for moved in changed):
            raise Unread(walks=(above,))
        return instance in walked


class Kin:
    """What a flow reads and locks of kinship, for the commands it runs.

    Args:
        requests: in the order in which they happened.

    Attributes:
        chains: what the commands must be told, sorted.
    """

    def __init__(self, requests: Sequence[Request]) -> None:
        found: set[Chain] = set()
        self._places: set[Place] = set()
        self._branches: set[Place] = set()
        self._walks: set[Place] = set()
        self._members: set[str] = set()
        for request in requests:
            program, command = request.program, request.command
            lookup = lookup_of(program, command)
            found.update(chains_of(program.name, lookup))
            _, above = known(program, command, lookup)
            if above:
                place = (program.name, request.instance)
                self._branches.add(place)
                self._places |= {place, (program.name, above)}
        self.chains: tuple[Chain, ...] = tuple(sorted(found))

    def foresee(
        self, parents: Mapping[Place, Place], changed: Iterable[Place], told_of: Iterable[str]
    ) -> None:
        """Take note of what may be hung under what, what else may change, and who is told of."""
        self._places.update(changed)
        self._members.update(told_of)
        self._branches |= parents.keys()
        self._places |= parents.keys() | set(parents.values())

    def learn(self, unread: Unread) -> None:
        """Take note of what was missing after all."""
        self.chains = tuple(sorted({*self.chains, *unread.chains}))
        self._places.update(unread.places)
        self._branches.update(unread.branches)
        self._walks.update(unread.walks)
        self._members.update(unread.members)
        self._places |= {(name, MERGING) for name, _ in unread.walks}

    def locks(self, locking: Lock) -> Lock:
        """What is to be locked and read, with what kinship needs."""
        return structs.replace(
            locking,
            cells=tuple(sorted({*locking.cells, *self._places})),
            members=tuple(sorted({*locking.members, *self._members})),
            chains=self.chains,
            branches=tuple(sorted(self._branches)),
            walks=tuple(sorted(self._walks)),
        )

    def further(self, locked: Lock) -> Lock | None:
        """What is to be locked and read besides, where the store has one lock for everything.

        Its order does not matter there, and what was read has not changed since.
        """
        cells, chains = set(locked.cells), set(locked.chains)
        more = Lock(
            cells=tuple(sorted(self._places - cells)),
            chains=tuple(sorted({*self.chains} - chains)),
            branches=tuple(sorted(self._branches)),
            walks=tuple(sorted(self._walks)),
        )
        return more if more != Lock() else None


def together(found: Found, more: Found) -> Found:
    """What was read under one lock, first and besides."""
    if more.all_locked:
        return structs.replace(more, gone=found.gone | more.gone, histories=found.histories)
    return structs.replace(
        found,
        cells={**found.cells, **more.cells},
        gone=found.gone | more.gone,
        seen={**found.seen, **more.seen},
        branches=more.branches,
        above=more.above,
    )
