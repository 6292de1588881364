"""Screening: one condition asked of many events, each fact checked once, when it is read.

A rule is tried on a log before launch, and tried again with another bound, and again. The facts
stay what they are: `read` checks and straightens them once, and `Screening.each` asks the
condition of all of them in one loop that calls nothing and checks no type again.

Laws:
    Screened is plain: for facts that were read, ``each`` gives, event by event, what `evaluate`
        gives for the facts as the host told them.
    Read once: facts that were read for a condition are what they were, and fit or nothing is read.
"""

from __future__ import annotations

import hashlib
import linecache
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from typing import Any, Final

from viralcommerce.errors import InvalidValue, MembersFailed
from viralcommerce.rules.compiled import Told, compile_condition
from viralcommerce.rules.condition_family import AllOf, AnyOf, Condition, Leaf, Not
from viralcommerce.rules.evaluate import Unmet, leaf_text
from viralcommerce.rules.facts import FactKind, Facts, Known, flat
from viralcommerce.rules.needs import kinds_asked
from viralcommerce.values.instants import in_utc
from viralcommerce.values.money import Money

_TREE: Final = 4
"""How many questions are written as a tree, an answer for each way through it: 16 at most."""
_MOST: Final = 32
"""How many questions one comprehension may hold; Python nests no deeper than it reads."""
_LETTERS: Final = "abcdefgh"
_TIME: Final = re.compile(r"\bat\b")
_Loop = Callable[..., list[Unmet | None]]
_One = Callable[[Facts, datetime], Unmet | None]
_Moments = Sequence[datetime]


@dataclass(frozen=True, slots=True)
class Rows:
    """Events whose facts were read: checked, times in UTC, a column for each fact.

    Args:
        count: how many events.
        columns: by role and fact, a value for each event; None where it is unknown.
        kinds: what each column was checked to be.
        gaps: the events of which some fact is unknown.
    """

    count: int
    columns: Mapping[tuple[str, str], Sequence[object]]
    kinds: Mapping[tuple[str, str], FactKind]
    gaps: frozenset[int]

    def event(self, number: int) -> Facts:
        """The facts of one event, by role, then by fact."""
        facts: dict[str, dict[str, object]] = {}
        for (role, fact), column in self.columns.items():
            told = facts.setdefault(role, {})
            if column[number] is not None:
                told[fact] = column[number]
        return facts


def read(events: Iterable[Facts], *conditions: Condition, subject: str) -> Rows:
    """Check the facts of events for the conditions that will be asked of them.

    Args:
        events: by role, then by fact, as a host tells them (custom fields under ``fields``).
        conditions: which may be asked afterwards.
        subject: the role that ``""`` stands for.

    Raises:
        MembersFailed: a fact of another type than asked; it says of which event.
        InvalidRule: two conditions ask one fact as two different things.

    Example:
        >>> from viralcommerce.rules.conditions import NumberIs
        >>> read([{"grabber": {"fields": {"age": 9}}}], NumberIs("age", at_most=6),
        ...     subject="grabber").columns
        {('grabber', 'field:age'): [9]}
    """
    together = conditions[0] if len(conditions) == 1 else AllOf(conditions)
    by_role = kinds_asked(together, subject)
    kinds = {(role, fact): kind for role, asked in by_role.items() for fact, kind in asked.items()}
    columns: dict[tuple[str, str], list[object]] = {place: [] for place in kinds}
    count = 0
    for event in events:
        try:
            told = {role: flat(event.get(role, {})) for role in by_role}
        except MembersFailed as wrong:
            raise _of(count, wrong) from None
        for (role, fact), column in columns.items():
            column.append(told[role].get(fact))
        count += 1
    gaps: set[int] = set()
    for (role, fact), kind in kinds.items():
        column = columns[role, fact]
        if None in column:
            gaps.update(number for number, value in enumerate(column) if value is None)
        if not _is_plain(column, kind):
            columns[role, fact] = [
                value if value is None else _straightened(number, role, fact, kind, value)
                for number, value in enumerate(column)
            ]
    return Rows(count, columns, kinds, frozenset(gaps))


def _is_plain(column: Sequence[object], kind: FactKind) -> bool:
    """Whether a whole column is what it must be, as it is."""
    return set(map(type, column)) <= _PLAIN.get(kind, _NONE)


def _straightened(number: int, role: str, fact: str, kind: FactKind, value: object) -> object:
    try:
        return Known({role: {fact: value}}, role).of_kind(kind, role, fact)
    except MembersFailed as wrong:
        raise _of(number, wrong) from None


def _of(number: int, wrong: MembersFailed) -> MembersFailed:
    return MembersFailed(f"event {number}: {wrong}", event=number)


_NONE: Final[frozenset[type]] = frozenset({type(None)})
_PLAIN: Final[Mapping[FactKind, frozenset[type]]] = {
    FactKind.NUMBER: _NONE | {int},
    FactKind.TEXT: _NONE | {str},
    FactKind.MONEY: _NONE | {Money},
    FactKind.FLAG: _NONE | {bool},
}


class Screening:
    """A condition ready to be asked of many events.

    Args:
        condition: what is asked; what the flow counts (a velocity) is passed over.
        subject: the role that ``""`` stands for.

    Raises:
        InvalidRule: two leaves ask one fact as two different things.

    Example:
        >>> from datetime import UTC
        >>> from viralcommerce.rules.conditions import NumberIs, TextIs
        >>> rule = NumberIs("age", at_most=6) & TextIs("country", one_of=("DE", "TR"))
        >>> events = [{"grabber": {"field:age": age, "field:country": "TR"}} for age in (3, 9)]
        >>> young, old = Screening(rule, "grabber").each(
        ...     read(events, rule, subject="grabber"), datetime(2026, 11, 11, 12, tzinfo=UTC))
        >>> young is None, old.leaves
        (True, ('number_is(of=grabber, field=age, at_most=6)',))
    """

    def __init__(self, condition: Condition, subject: str) -> None:
        self.condition = condition
        asked = kinds_asked(condition, subject)
        self._kinds = {(role, fact): kind for role in asked for fact, kind in asked[role].items()}
        self._one = compile_condition(condition, subject).test
        writer = _Writer(subject)
        self.source = writer.function(condition)
        """The Python that answers, or "" where the condition is too tangled for one loop."""
        self._places = tuple(writer.places)
        self._loop = _compiled(self.source, writer.scope()) if self.source else None

    def each(self, rows: Rows, at: datetime | Sequence[datetime]) -> list[Unmet | None]:
        """Ask the condition of every event.

        Args:
            rows: facts, from `read`.
            at: the time of every event, or of each; with a zone.

        Returns:
            For each event None when it is met, otherwise why not.

        Raises:
            InvalidValue: the facts were not read for this condition, or there is not one time for
                each event.
            CurrencyMismatch: an amount in another currency than asked.
            NaiveTime: a time without zone.
        """
        self._must_be_read(rows)
        moments = _moments(rows, at)
        if self._loop is not None:
            columns = [rows.columns[place] for place in self._places]
            try:
                return _around_gaps(self._loop, self._one, rows, moments, columns)
            except (TypeError, KeyError):
                pass  # unlike numbers, or an amount in another currency: asked plainly
        return [self._one(rows.event(n), moment) for n, moment in enumerate(moments)]

    def _must_be_read(self, rows: Rows) -> None:
        for (role, fact), kind in self._kinds.items():
            if rows.kinds.get((role, fact)) is not kind:
                raise InvalidValue(
                    f"rows: {role}.{fact} was not read as {kind}; read the events with this "
                    "condition among those named"
                )


def _around_gaps(
    loop: _Loop, one: _One, rows: Rows, moments: _Moments, columns: Sequence[Sequence[object]]
) -> list[Unmet | None]:
    """All in one loop, but the events with gaps, which are asked one by one."""
    if not rows.gaps:
        return loop(moments, *columns)
    whole = [number not in rows.gaps for number in range(rows.count)]
    answers = iter(loop(list(compress(moments, whole)), *(compress(c, whole) for c in columns)))
    return [
        next(answers) if is_whole else one(rows.event(number), moments[number])
        for number, is_whole in enumerate(whole)
    ]


def _moments(rows: Rows, at: datetime | Sequence[datetime]) -> _Moments:
    if isinstance(at, datetime):
        return [in_utc(at, "at")] * rows.count
    if len(at) != rows.count:
        raise InvalidValue(f"at: {len(at)} times for {rows.count} events; give each event one")
    return [in_utc(one, "at") for one in at]


def _compiled(source: str, scope: dict[str, Any]) -> _Loop:
    name = f"<screening {hashlib.sha256(source.encode()).hexdigest()[:16]}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec"), scope)  # noqa: S102 - it has no text of the rule in it
    loop: _Loop = scope["each"]
    return loop


class _Tangled(Exception):
    """A condition that is no list of questions, each one leaf or a choice of leaves."""


class _Writer:
    """Writes one comprehension: a tree of questions, each way through it with its answer."""

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self._constants: list[object] = []
        self.places: dict[tuple[str, str], str] = {}
        self._texts: list[str] = []
        self._bits: list[tuple[int, ...]] = []
        self._answers: set[int] = set()
        self._timed = False

    def function(self, condition: Condition) -> str:
        """The source of ``each(rows, times)``, or "" where there is none."""
        try:
            questions = list(self._questions(condition, wanted=True))
        except _Tangled:
            return ""
        if len(questions) > _MOST:
            return ""
        answer = self._tree(questions, 0, 0)
        columns = [(name, f"{name}s") for name in self.places.values()]
        used = columns if columns and not self._timed else [("at", "times"), *columns]
        return (
            f"def each({', '.join(['times', *(several for _, several in columns)])}):\n"
            f"    return [\n        {answer}\n        for {', '.join(one for one, _ in used)}, "
            f"in zip({', '.join(several for _, several in used)})\n    ]\n"
        )

    def scope(self) -> dict[str, Any]:
        """What the source's names stand for."""
        told = Told(self._texts, self._bits)
        return {
            "__builtins__": {"zip": zip},
            "told": told,
            **{f"t{mask}": told[mask] for mask in self._answers},
            **{f"c{number}": value for number, value in enumerate(self._constants)},
        }

    def _questions(self, condition: Condition, *, wanted: bool) -> Iterator[str]:
        """Python expressions, all of which must be true; each has its bit."""
        match condition:
            case Not():
                yield from self._questions(condition.part, wanted=not wanted)
            case AllOf() | AnyOf() if isinstance(condition, AllOf) is wanted:
                for part in condition.parts:
                    yield from self._questions(part, wanted=wanted)
            case AllOf() | AnyOf():
                leaves = [self._leaf(part, wanted=wanted) for part in condition.parts]
                self._bits.append(tuple(range(len(self._texts) - len(leaves), len(self._texts))))
                yield f"({' or '.join(leaves)})"
            case Leaf() if not condition.counted:
                asked = self._leaf(condition, wanted=wanted)
                self._bits.append((len(self._texts) - 1,))
                yield asked
            case _:
                return

    def _leaf(self, condition: Condition, *, wanted: bool) -> str:
        while isinstance(condition, Not):
            condition, wanted = condition.part, not wanted
        inline = condition.inline() if isinstance(condition, Leaf) else None
        if not isinstance(condition, Leaf) or condition.counted or inline is None:
            raise _Tangled
        if inline.guard and inline.read is None:
            raise _Tangled
        self._texts.append(leaf_text(condition, self._subject, wanted=wanted))
        bound = [self._constant(value) for value in inline.constants]
        template = inline.read or inline.test
        self._timed = self._timed or _TIME.search(template) is not None
        facts = {
            letter: self.places.setdefault((ask.role, ask.fact), f"x{len(self.places)}")
            for letter, ask in zip(_LETTERS, condition.asks(self._subject), strict=False)
        }
        test = template.format(*bound, **facts)
        return f"({test})" if wanted else f"(not ({test}))"

    def _tree(self, questions: Sequence[str], at: int, mask: int) -> str:
        if at == len(questions):
            self._answers.add(mask)
            return f"t{mask}"
        if mask and len(questions) - at > _TREE - 1:
            rest = (f"(not {each}) << {at + n}" for n, each in enumerate(questions[at:]))
            return f"told[{' | '.join([str(mask), *rest])}]"
        met = self._tree(questions, at + 1, mask)
        unmet = self._tree(questions, at + 1, mask | 1 << at)
        return f"({met} if {questions[at]} else {unmet})"

    def _constant(self, value: object) -> str:
        self._constants.append(value)
        return f"c{len(self._constants) - 1}"
