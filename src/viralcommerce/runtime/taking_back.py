"""Taking back: what a batch does with the command that reverses an award."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

from viralcommerce.messages import Accepted, Refusal, ReverseAward, State
from viralcommerce.pricing import Pricing
from viralcommerce.program import Program, QuotaKey
from viralcommerce.refusals import NothingToEnd
from viralcommerce.runtime.corrections import accepted_of
from viralcommerce.runtime.guarding import Guarding
from viralcommerce.runtime.ports import Cell, Decision, Record
from viralcommerce.runtime.request import Request
from viralcommerce.runtime.reversing import Reversal


class TakingBack(Guarding):
    """A pass over a batch that may take awards back."""

    __slots__ = ()

    records: list[Record]
    hot: dict[QuotaKey, int]
    short: Mapping[QuotaKey, int]

    @abstractmethod
    def _refuse(self, request: Request, program: Program, refusal: Refusal) -> Decision: ...

    @abstractmethod
    def record(self, record: Record) -> None: ...

    def take_back(
        self,
        request: Request,
        command: ReverseAward,
        program: Program,
        cell: Cell | None,
        state: State,
    ) -> Decision | None:
        """Take an award back; nothing while a quota must be read first."""
        place = (request.program.name, request.instance)
        history = accepted_of(place, program, self.found, self.records)
        version = 1 if cell is None else cell.version + 1
        pricing = Pricing(program, None, command.at, request.instance, version, self, clock=True)
        back = Reversal(pricing, history, command)
        if not back.stands:
            return self._refuse(request, program, NothingToEnd())
        own = [key for key in back.counted if key[2]]
        for key in own:
            self._used(key)
        if self.missing:
            return None
        for key, change in back.counted.items():
            changes = self.used if key in own else self.hot
            changes[key] = changes.get(key, 0) + change
        decision: Decision = Accepted(
            campaign=request.program.name,
            rules=program.hash,
            instance=request.instance,
            version=version,
            command=command,
            events=back.events,
            adjustments=back.adjustments,
        )
        self.put(request, program, version, state, 0 if cell is None else cell.held)
        self.record(Record(command.key, decision, tuple(pricing.transfers)))
        return decision
