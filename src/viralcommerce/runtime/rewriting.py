"""Rewriting: what each thing that a store has becomes when a member is forgotten. Pure.

Fields that hold members (`MemberField`) give way where they are the id. In names that clients
chose (instances, keys) and in free text, the id gives way wherever it stands by itself, between
ends, blanks or punctuation. A number is many things: an id of digits only gives way in such text
where a name says that it is a member's (``member/7``, see `Mechanic.namesakes`), and where the
member took part, so that pack 7 survives member 7.

Laws:
    Decided the same: a command rewritten is decided as the decision rewritten.
    As if: the tables are those of a shop in which the member always was called the pseudonym.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec
from msgspec import Struct, structs

from viralcommerce.campaign import Campaign
from viralcommerce.codec import Codec, messages_of
from viralcommerce.decider import Mechanic
from viralcommerce.errors import StoreCorrupt, ViralCommerceError
from viralcommerce.messages import Accepted, Adjustment, Award, Transfer
from viralcommerce.program import STOCK, QuotaKey
from viralcommerce.rules.limits import PAIR
from viralcommerce.runtime.erasure import Erasure, Name
from viralcommerce.runtime.life import Life
from viralcommerce.runtime.message_fields import TEXT, WORD, fields_of, kind_of
from viralcommerce.runtime.outbox import Pending
from viralcommerce.runtime.ports import Cell, Decision, Part, Place, Posting
from viralcommerce.runtime.request import CLOCK_KEYS
from viralcommerce.runtime.sealing import Seal, amended
from viralcommerce.values.ids import MEMBER_FIELD

_MEMBER: Final = "member/"
_HOLD: Final = "hold"
_VALUES: Final = "viralcommerce.values"
Turn = Callable[[str], str]


class Rewriting:
    """A member's id giving way to a pseudonym.

    Args:
        erasure: of whom, in favor of what.
        rules: the JSON of every campaign that the store has, by hash; more may be put in later.

    Attributes:
        own: the instances that the member took part in; to be filled by `notice` and `own.add`
            before anything is rewritten.
        names: what gave way, that nothing may come back under: the member, instances, and keys
            that something was decided under for good.
    """

    def __init__(self, erasure: Erasure, rules: Mapping[str, bytes]) -> None:
        self.member = erasure.member
        self.pseudonym = erasure.pseudonym
        self.own: set[Place] = set()
        self.names: set[Name] = {("member", self.member)}
        self._codec = Codec(erasure.kinds)
        self._rules = rules
        self._read: dict[str, Campaign] = {}
        self._mechanics = [kind for kind in erasure.kinds.values() if issubclass(kind, Mechanic)]
        first = "(?<![^\\W_])" if self.member[0].isalnum() else ""
        last = "(?![^\\W_])" if self.member[-1].isalnum() else ""
        self._pattern = re.compile(first + re.escape(self.member) + last)
        self._begins = tuple(
            sorted({_MEMBER}.union(*(kind.namesakes for kind in self._mechanics)))
        )
        after = "|".join(rf"(?<=\b{re.escape(one)})" for one in self._begins)
        self._told = re.compile(f"(?:{after}){re.escape(self.member)}{last}")
        self._anywhere = not self.member.isdecimal()

    def who(self, text: str) -> str:
        """A member: the pseudonym, if it is they."""
        return self.pseudonym if text == self.member else text

    def text(self, place: Place, text: str) -> str:
        """A name or a text said in an instance."""
        if self.member not in text:
            return text
        pattern = self._pattern if self._anywhere or place in self.own else self._told
        return pattern.sub(lambda _: self.pseudonym, text)

    def instance(self, place: Place) -> str:
        """The name of an instance; one that is a member's own gives way if it is theirs."""
        name = place[1]
        own = next((one for one in self._begins if name.startswith(one)), "")
        name = f"{own}{self.who(name.removeprefix(own))}" if own else self.text(place, name)
        if name != place[1]:
            self.names.add(("cell", *place))
        return name

    def key(self, place: Place, key: str) -> str:
        """The key of a command about an instance."""
        clock = f"{CLOCK_KEYS}{place[1]}/"
        if key.startswith(clock):
            return f"{CLOCK_KEYS}{self.instance(place)}/{key.removeprefix(clock)}"
        return self.text(place, key)

    def award_id(self, place: Place, ident: str) -> str:
        """The id of an award or a ledger row: campaign, instance, version and number."""
        begins = f"{place[0]}/{place[1]}/"
        if ident.startswith(begins):
            return f"{place[0]}/{self.instance(place)}/{ident.removeprefix(begins)}"
        return self.text(place, ident)

    def account(self, place: Place, account: str) -> str:
        """An account of the ledger."""
        kind, slash, rest = account.partition("/")
        if not slash or kind == STOCK:
            return account
        if kind == _HOLD:
            return f"{kind}/{self.instance((place[0], rest))}"
        if f"{kind}/" == _MEMBER or rest == self.member:
            return f"{kind}/{self.who(rest)}"
        return f"{kind}/{self.text(place, rest)}"

    def quota(self, key: QuotaKey) -> QuotaKey:
        """What a quota is counted for: a member, a pair, an instance, or a fact's value."""
        name, quota, scope, period = key
        subject, slash, rest = scope.partition("/")
        if not slash or self.member not in rest:
            return key
        if subject in ("member", PAIR):
            whom, *others = (self.who(one) for one in rest.split("\t"))
            rest = "\t".join((whom, *sorted(others)))
        else:
            rest = self.instance((name, rest))
        return (name, quota, f"{subject}/{rest}", period)

    def award(self, place: Place, award: Award) -> Award:
        """An award."""
        ident, to = self.award_id(place, award.id), self.who(award.to)
        return structs.replace(award, id=ident, to=to)

    def pending(self, pending: Pending) -> Pending:
        """An entry of the outbox, with what went wrong."""
        campaign = pending.campaign
        instance = pending.award.id.removeprefix(f"{campaign}/").rsplit("/", 2)[0]
        award = self.award((campaign, instance), pending.award)
        error = self._pattern.sub(lambda _: self.pseudonym, pending.error)
        return structs.replace(pending, award=award, error=error)

    def _adjustment(self, place: Place, one: Adjustment) -> Adjustment:
        return structs.replace(one, award=self.award_id(place, one.award), to=self.who(one.to))

    def posting(self, posting: Posting) -> Posting:
        """A row of the ledger."""
        place = (posting.campaign, posting.instance)
        return Posting(
            posting.campaign,
            self.instance(place),
            posting.at,
            self.transfer(place, posting.transfer),
        )

    def transfer(self, place: Place, moved: Transfer) -> Transfer:
        """What a row of the ledger moves."""
        return Transfer(
            id=self.award_id(place, moved.id),
            source=self.account(place, moved.source),
            target=self.account(place, moved.target),
            asset=moved.asset,
            amount=moved.amount,
            award=None if moved.award is None else self.award(place, moved.award),
            reverses=self.award_id(place, moved.reverses),
        )

    def part(self, part: Part) -> Part:
        """Who took part in what."""
        instance = self.instance((part.campaign, part.instance))
        return structs.replace(part, member=self.who(part.member), instance=instance)

    def seal(self, seal: Seal, change: int) -> Seal:
        """What stands for an instance whose lines are gone.

        Args:
            seal: as it is.
            change: of the marks of its rows, by their being rewritten.
        """
        state = self._thawed_state(seal.rules, seal.state)
        return structs.replace(
            seal,
            instance=self.instance(seal.place),
            state=self._turned(state, self._turns(seal.place)),
            digest=amended(seal.digest, change),
        )

    def life(self, life: Life) -> Life:
        """A stage of life: who said so, and why."""
        why = self._pattern.sub(lambda _: self.pseudonym, life.why)
        return structs.replace(life, by=self.who(life.by), why=why)

    def cell(self, place: Place, cell: Cell) -> Cell:
        """A cell; its state is read."""
        state = self._turned(self._state(cell), self._turns(place))
        parent = cell.parent and self.instance((place[0], cell.parent))
        return structs.replace(cell, state=state, parent=parent)

    def decision(self, recorded: Decision | bytes) -> Decision:
        """A line of the journal."""
        decision = self.thawed(recorded)
        place = (decision.campaign, decision.instance)
        turns = self._turns(place)
        command = self._turned(decision.command, turns)
        old = decision.command.key
        key = self.key(place, old)
        if key != old:
            command = structs.replace(command, key=key)
            if isinstance(decision, Accepted) or decision.refusal.terminal:
                self.names.add(("key", decision.campaign, old))
        instance = self.instance(place)
        if isinstance(decision, Accepted):
            return structs.replace(
                decision,
                instance=instance,
                command=command,
                events=tuple([self._turned(event, turns) for event in decision.events]),
                awards=tuple([self.award(place, award) for award in decision.awards]),
                withheld=tuple(
                    [structs.replace(one, to=self.who(one.to)) for one in decision.withheld]
                ),
                adjustments=tuple([self._adjustment(place, one) for one in decision.adjustments]),
            )
        refusal = self._turned(decision.refusal, turns)
        return structs.replace(decision, instance=instance, command=command, refusal=refusal)

    def notice_cell(self, place: Place, cell: Cell) -> None:
        """Take note of an instance, if the member is in its cell."""
        if self._is_in(self._state(cell)):
            self.own.add(place)

    def notice(self, recorded: Decision | bytes) -> None:
        """Take note of a line's instance, if the member took part in it."""
        decision = self.thawed(recorded)
        if isinstance(decision, Accepted):
            given = [one.to for one in decision.awards]
            given += [one.to for one in decision.withheld]
            given += [one.to for one in decision.adjustments]
            there = self.member in given or self._is_in(decision.command, *decision.events)
        else:
            there = self._is_in(decision.command, decision.refusal)
        if there:
            self.own.add((decision.campaign, decision.instance))

    def _is_in(self, *messages: Any) -> bool:
        """Whether the member is in a field for members of any of these."""
        seen: list[str] = []

        def look(text: str) -> str:
            seen.append(text)
            return text

        for message in messages:
            self._turned(message, {MEMBER_FIELD: look, TEXT: str, WORD: str})
        return self.member in seen

    def thawed(self, recorded: Decision | bytes) -> Decision:
        """A line of the journal, read.

        Raises:
            StoreCorrupt: no game that is known here can read it.
        """
        if not isinstance(recorded, bytes):
            return recorded
        head = _head.decode(recorded)
        if head.rules in self._rules:
            mechanic = type(self._campaign(head.rules).mechanic)
            decision: Decision = messages_of(mechanic).decision(recorded)
            return decision
        for kind in self._mechanics:  # a refusal before anything began is not pinned
            try:
                decision = messages_of(kind).decision(recorded)
            except ViralCommerceError:
                continue
            return decision
        raise StoreCorrupt(
            f"{head.campaign}: a line of {head.instance!r:.60} is of no game that is known here; "
            "give kinds= that know it"
        )

    def _state(self, cell: Cell) -> object:
        return self._thawed_state(cell.rules, cell.state)

    def _thawed_state(self, digest: str, state: object) -> object:
        if not isinstance(state, bytes):
            return state
        return messages_of(type(self._campaign(digest).mechanic)).state(state)

    def _campaign(self, digest: str) -> Campaign:
        campaign = self._read.get(digest)
        if campaign is None:
            text = self._rules.get(digest)
            if text is None:
                raise StoreCorrupt(f"rules {digest}: not in the store; restore them from a copy")
            campaign = self._codec.read_campaign(text, f"rules {digest[:8]}")
            self._read[digest] = campaign
        return campaign

    def _turns(self, place: Place) -> dict[str, Turn]:
        return {MEMBER_FIELD: self.who, TEXT: lambda text: self.text(place, text), WORD: str}

    def _turned(self, message: Any, turns: Mapping[str, Turn]) -> Any:
        """A message with its texts turned; the same where nothing changed."""
        changed: dict[str, object] = {}
        kind: type[Struct] = type(message)
        for field, hint in fields_of(kind):
            before = getattr(message, field)
            after = self._value(before, hint, turns)
            if after is not before and after != before:
                changed[field] = after
        return structs.replace(message, **changed) if changed else message

    def _value(self, value: object, hint: Any, turns: Mapping[str, Turn]) -> object:
        if type(value) is str:
            return turns[kind_of(hint)](value)
        if isinstance(value, dict):
            of_keys, of_values = _inside(hint, 2)
            return {
                self._value(key, of_keys, turns): self._value(one, of_values, turns)
                for key, one in value.items()
            }
        if isinstance(value, (tuple, list, set, frozenset)):
            (inner,) = _inside(hint, 1)
            return type(value)([self._value(one, inner, turns) for one in value])
        if isinstance(value, Struct) and not type(value).__module__.startswith(_VALUES):
            return self._turned(value, turns)
        return value


def _inside(hint: Any, count: int) -> tuple[Any, ...]:
    """The types of what a collection of a type holds."""
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    for each in (hint, *get_args(hint)):  # a union has its collection among its arguments
        inner = tuple(one for one in get_args(each) if one is not Ellipsis)
        if isinstance(get_origin(each), type) and len(inner) == count:
            return inner
    return (str,) * count


class _Head(Struct):
    """The part of a journal line that says where it belongs and which rules it was decided by."""

    campaign: str
    rules: str
    instance: str


_head: Final = msgspec.json.Decoder(_Head)
