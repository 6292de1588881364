"""An instance as its journal has it, line by line: what the audit holds its cell against."""

from __future__ import annotations

from collections.abc import Iterator

from viralcommerce.adjusting import Standing
from viralcommerce.messages import State
from viralcommerce.program import Program
from viralcommerce.runtime.ports import Cell
from viralcommerce.runtime.programs import thaw_state


class Replayed:
    """What the journal says of one instance.

    Args:
        program: the version it was begun under.
        state: the situation to go on from, if not from the beginning.
        version: how many commands had led there.
    """

    __slots__ = ("held", "program", "standing", "state", "version")

    def __init__(self, program: Program, state: State | None = None, version: int = 0) -> None:
        self.program = program
        self.state: State = program.mechanic.initial() if state is None else state
        self.version = version
        self.held = 0
        self.standing = Standing()

    def differs(self, cell: Cell) -> Iterator[str]:
        """What is otherwise in a cell, in words."""
        mechanic = self.program.mechanic
        state = thaw_state(self.program, cell.state)
        for noun, there, expected in (
            ("version", cell.version, self.version),
            ("rules", cell.rules, self.program.hash),
            ("state", state, self.state),
            ("deadline", cell.deadline, mechanic.deadline(self.state)),
            ("hold", cell.held, self.held),
            ("parent", cell.parent, mechanic.parent(self.state)),
        ):
            if there != expected:
                yield f"its {noun} is {there!r}, replayed {expected!r}"
