"""Conditions compiled to flat Python: one function, no objects in between, every reason kept.

The source is written by this module and has no text of the rule in it: tags, fields, texts and
amounts are constants bound to numbered names (``c0``, ``c1``, ...), so that nothing an operator
writes is ever parsed as code. Tracebacks show it (it is registered with `linecache`).

The function answers for facts that are all there and plain. For anything else (a fact missing, a
`Decimal` where an `int` is usual, a fact of a wrong type) it hands over to `evaluate`, which
answers or raises.

Laws:
    Compiled is plain: whatever the facts, ``compile_condition(c, s).test(facts, at)`` gives what
        ``evaluate(c, s, facts, at)`` gives, or raises what it raises.
    No text: conditions that differ in texts and numbers alone have one source.
"""

from __future__ import annotations

import functools
import hashlib
import linecache
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from viralcommerce.errors import InvalidRule
from viralcommerce.rules.condition_family import AllOf, AnyOf, Condition, Inline, Leaf, Not
from viralcommerce.rules.evaluate import Unmet, evaluate, leaf_text
from viralcommerce.rules.facts import Facts, Known
from viralcommerce.rules.needs import kinds_asked
from viralcommerce.values.money import Money

_MOST_BITS_LISTED: Final = 8
_MOST_KNOWN: Final = 4_096
_LETTERS: Final = "abcdefgh"
_BUILTINS: Final = {
    "type": type, "int": int, "str": str, "bool": bool, "Exception": Exception,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Check:
    """A condition ready to be asked. Made by `compile_condition`.

    Args:
        condition: what is asked.
        subject: the role that ``""`` stands for.
        test: takes facts (by role, then by fact) and the time of the command; None when the
            condition is met, otherwise why not.
        source: the Python that `test` runs.
    """

    condition: Condition
    subject: str
    test: Callable[[Facts, datetime], Unmet | None]
    source: str


def compile_condition(condition: Condition, subject: str) -> Check:
    """Compile a condition for one subject; leaves that the flow counts are passed over.

    Raises:
        InvalidRule: two leaves ask one fact as two different things.

    Example:
        >>> from viralcommerce.rules.conditions import HasTag, PaidOrders
        >>> check = compile_condition(HasTag("vip") | PaidOrders(at_least=2), "grabber")
        >>> noon = datetime(2026, 11, 11, 12, tzinfo=UTC)
        >>> check.test({"grabber": {"tags": {"vip"}}}, noon) is None
        True
        >>> check.test({"grabber": {"tags": set(), "paid_orders": 1}}, noon).leaves
        ('has_tag(of=grabber, tag=vip)', 'paid_orders(of=grabber, at_least=2)')
    """
    kinds_asked(condition, subject)
    writer = _Writer(subject)
    source = writer.function(condition)
    name = f"<condition {hashlib.sha256(source.encode()).hexdigest()[:16]}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    scope: dict[str, Any] = {
        "__builtins__": _BUILTINS,
        "UTC": UTC,
        "datetime": datetime,
        "Money": Money,
        "Known": Known,
        "subject": str(subject),
        "slow": functools.partial(evaluate, condition, subject),
        "told": writer.told(),
        **{f"c{number}": value for number, value in enumerate(writer.constants)},
    }
    exec(compile(source, name, "exec"), scope)  # noqa: S102 - it has no text of the rule in it
    return Check(condition, subject, scope["test"], source)


class _Writer:
    """Writes the function line by line, and numbers what is unmet.

    A *bit* stands for the leaves that are unmet together: one leaf of an "all", or the leaves of
    an "any". The function adds up the bits in a *mask*.
    """

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self.constants: list[object] = []
        self.texts: list[str] = []
        self.bits: list[tuple[int, ...]] = []
        self._lines: list[str] = []
        self._roles: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._masks = 0

    def function(self, condition: Condition) -> str:
        """The source of ``test(facts, at)``."""
        self._put(condition, "m", 8, wanted=True)
        body = self._lines
        self._lines = []
        self._line(0, "def test(facts, at):")
        self._line(4, "try:")
        for role, variable in self._roles.items():
            self._line(8, f"{variable} = facts[{self._name(role)}]")
        self._line(8, "m = 0")
        self._lines += body
        self._line(8, "return told[m]")
        self._line(4, "except Exception:")
        self._line(8, "return slow(facts, at)")
        return "\n".join([*self._lines, ""])

    def told(self) -> list[Unmet | None] | Told:
        """What each mask says."""
        told = Told(self.texts, self.bits)
        if len(self.bits) > _MOST_BITS_LISTED:
            return told
        return [told[mask] for mask in range(1 << len(self.bits))]

    def _put(self, condition: Condition, mask: str, indent: int, *, wanted: bool) -> None:
        match condition:
            case Not():
                self._put(condition.part, mask, indent, wanted=not wanted)
            case AllOf() | AnyOf() if isinstance(condition, AllOf) is wanted:
                for part in condition.parts:
                    self._put(part, mask, indent, wanted=wanted)
            case AllOf() | AnyOf():
                self._some(condition.parts, mask, indent, wanted=wanted)
            case Leaf():
                if not condition.counted:
                    bit = self._bit([self._number(condition, wanted=wanted)])
                    self._ask(condition, indent, f"{mask} |= {bit}", when=not wanted)
            case _:
                raise InvalidRule(f"{condition.kind}: neither a leaf nor a combination")

    def _some(self, parts: Iterable[Condition], mask: str, indent: int, *, wanted: bool) -> None:
        self._line(indent, "while True:")
        inner = indent + 4
        together: list[int] = []
        masks: list[str] = []
        for part in parts:
            asked, sign = part, wanted
            while isinstance(asked, Not):
                asked, sign = asked.part, not sign
            if isinstance(asked, Leaf):
                together.append(self._number(asked, wanted=sign))
                self._ask(asked, inner, "break", when=sign)
                continue
            self._masks += 1
            own = f"m{self._masks}"
            masks.append(own)
            self._line(inner, f"{own} = 0")
            self._put(asked, own, inner, wanted=sign)
            self._line(inner, f"if not {own}: break")
        if together:
            masks.insert(0, str(self._bit(together)))
        self._line(inner, f"{mask} |= {' | '.join(masks)}")
        self._line(inner, "break")

    def _ask(self, leaf: Leaf, indent: int, action: str, *, when: bool) -> None:
        """Do an action when a leaf's answer is `when`; hand over when its facts are not plain."""
        plain = leaf.inline()
        if plain is None:
            holds = self._constant(leaf.holds)
            plain = Inline(f"{holds}(Known(facts, subject), at)")
            test, guard = plain.test, ""
        else:
            names: dict[str, str] = {}
            for letter, ask in zip(_LETTERS, leaf.asks(self.subject), strict=False):
                names[letter] = variable = f"x{len(names)}"
                known = self._roles.setdefault(ask.role, f"f{len(self._roles)}")
                self._line(indent, f"{variable} = {known}[{self._name(ask.fact)}]")
            bound = [self._constant(value) for value in plain.constants]
            test = plain.test.format(*bound, **names)
            guard = plain.guard.format(*bound, **names)
        asked = f"if {test}:" if when else f"if not ({test}):"
        if not guard:
            self._line(indent, f"{asked} {action}")
        elif not plain.proven:
            self._line(indent, f"if not ({guard}): return slow(facts, at)")
            self._line(indent, f"{asked} {action}")
        elif when:
            self._line(indent, f"{asked} {action}")
            self._line(indent, f"elif not ({guard}): return slow(facts, at)")
        else:
            self._line(indent, asked)
            self._line(indent + 4, f"if not ({guard}): return slow(facts, at)")
            self._line(indent + 4, action)

    def _line(self, indent: int, text: str) -> None:
        self._lines.append(f"{' ' * indent}{text}")

    def _number(self, leaf: Leaf, *, wanted: bool) -> int:
        self.texts.append(leaf_text(leaf, self.subject, wanted=wanted))
        return len(self.texts) - 1

    def _bit(self, numbers: Iterable[int]) -> int:
        self.bits.append(tuple(numbers))
        return 1 << (len(self.bits) - 1)

    def _constant(self, value: object) -> str:
        self.constants.append(value)
        return f"c{len(self.constants) - 1}"

    def _name(self, text: str) -> str:
        """The constant that holds the name of a role or a fact."""
        known = self._names.get(text)
        if known is None:
            known = self._names[text] = self._constant(str(text))
        return known


class Told(dict[int, Unmet | None]):
    """Why, by mask; made when first asked for, and kept while there are not too many."""

    def __init__(self, texts: list[str], bits: list[tuple[int, ...]]) -> None:
        super().__init__({0: None})
        self._texts = texts
        self._bits = bits

    def __missing__(self, mask: int) -> Unmet | None:
        numbers = sorted(
            number
            for place, together in enumerate(self._bits)
            if mask >> place & 1
            for number in together
        )
        unmet = Unmet(tuple(dict.fromkeys(self._texts[number] for number in numbers)))
        if len(self) < _MOST_KNOWN:
            self[mask] = unmet
        return unmet
