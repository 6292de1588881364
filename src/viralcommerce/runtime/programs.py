"""The compiled campaigns of a shop: the newest of each, and older ones still pinned."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from viralcommerce.campaign import Campaign, json_hash
from viralcommerce.codec import Codec, messages_of
from viralcommerce.errors import InvalidRule, StoreCorrupt, UnknownCampaign
from viralcommerce.messages import State
from viralcommerce.program import Program
from viralcommerce.runtime.entries import check_entries, enterable
from viralcommerce.runtime.ports import Decision

SHADOW: Final = "shadow:"
"""What the store's name of a campaign begins with while it is decided in shadow."""


class Programs:
    """Programs by name and by hash; compiled once.

    Args:
        campaigns: the newest version of each.
        codec: reads pinned versions back.
        read: the JSON of a pinned version, by hash.
        asks_nobody: whether there is no members port.
        elsewhere: campaigns that entries may lead into though they are not among these.

    Raises:
        InvalidRule: two campaigns of one name, conditions that nobody can answer, or an entry
            into what is not there or cannot be entered.
    """

    def __init__(
        self,
        campaigns: Iterable[Campaign],
        codec: Codec,
        read: Callable[[str], bytes],
        *,
        asks_nobody: bool,
        elsewhere: Iterable[str] = (),
    ) -> None:
        self._codec = codec
        self.elsewhere = frozenset(elsewhere)
        self._read = read
        self.newest: dict[str, Program] = {}
        self._pinned: dict[tuple[str, str], Program] = {}
        self._json: dict[str, bytes] = {}
        for campaign in campaigns:
            self._add(campaign, asks_nobody=asks_nobody)
        check_entries(self.newest, self.elsewhere)

    def _add(self, campaign: Campaign, *, asks_nobody: bool) -> None:
        if campaign.name in self.newest:
            raise InvalidRule(
                f"shop: two campaigns are called {campaign.name!r}; give one version"
            )
        program = Program(campaign)
        if asks_nobody and program.asks:
            facts = sorted(set().union(*program.asked.values()))
            raise InvalidRule(
                f"{campaign.name}: its conditions need {', '.join(facts)}, but this shop has no "
                "members port; give members="
            )
        self.newest[campaign.name] = program
        self._pinned[(program.name, program.hash)] = program

    @property
    def entered(self) -> bool:
        """Whether any gives entries into others, or may be given as one."""
        return any(program.enters or enterable(program) for program in self.newest.values())

    def named(self, campaign: Campaign | str) -> Program:
        """The newest version of a campaign of this shop.

        Raises:
            UnknownCampaign: it is not of this shop, or not in this version.
        """
        name = campaign if isinstance(campaign, str) else campaign.name
        program = self.newest.get(name)
        if program is None:
            choices = ", ".join(sorted(self.newest)) or "none"
            raise UnknownCampaign(f"shop: no campaign {name!r}; choose from: {choices}", name=name)
        if program.campaign is not campaign and not isinstance(campaign, str):
            if program.hash != campaign.hash:
                raise UnknownCampaign(
                    f"shop: {name!r} is here in version {program.hash[:8]}, not "
                    f"{campaign.hash[:8]}; open the shop with the version you mean",
                    name=name,
                )
        return program

    def spaced(self, campaign: Campaign | str) -> Program:
        """The newest version of a campaign, also by the store's name of it in shadow.

        Raises:
            UnknownCampaign: as `named`.
        """
        if type(campaign) is Campaign:
            program = self.newest.get(campaign.name)
            if program is not None and program.campaign is campaign:
                return program
        if isinstance(campaign, str) and campaign.startswith(SHADOW):
            return self.shadow(self.named(campaign.removeprefix(SHADOW)))
        return self.named(campaign)

    def shadow(self, program: Program) -> Program:
        """The same campaign in the space where nothing is awarded."""
        return self.pinned(SHADOW + program.name, program.hash)

    def pinned(self, name: str, digest: str) -> Program:
        """The program of a hash, in the space of a store's name; read and compiled if need be.

        Raises:
            StoreCorrupt: the store never saw that hash, or holds something else under it.
            InvalidRule: its kinds are not known here, or the newest version of the campaign is
                another game or has another currency.
        """
        program = self._pinned.get((name, digest))
        if program is None:
            program = Program(self._campaign(digest), space=_space(name), digest=digest)
            newest = self.newest.get(program.campaign.name)
            if newest is not None:
                _check_same_game(program, newest)
            self._pinned[(name, digest)] = program
        return program

    def _campaign(self, digest: str) -> Campaign:
        for program in list(self._pinned.values()):
            if program.hash == digest:
                return program.campaign
        text = self._read(digest)
        if json_hash(text) != digest:
            raise StoreCorrupt(
                f"rules {digest}: what the store has under that hash is something else; restore "
                "it from a copy"
            )
        return self._codec.read_campaign(text, f"rules {digest[:8]}")

    def json_of(self, program: Program) -> bytes:
        """The canonical JSON of a program's campaign."""
        found = self._json.get(program.hash)
        if found is None:
            found = self._json[program.hash] = self._codec.campaign_json(program.campaign)
        return found


def _check_same_game(begun: Program, newest: Program) -> None:
    """What was begun is kept, so its commands and its budget must mean the same ever after."""
    currencies = {begun.currency, newest.currency} - {""}
    if type(begun.mechanic) is not type(newest.mechanic) or len(currencies) > 1:
        was, now = (
            f"{one.mechanic.kind} in {one.currency or 'no currency'}" for one in (begun, newest)
        )
        raise InvalidRule(
            f"{newest.name}: it was begun as {was} ({begun.hash[:8]}) and is {now} now; "
            "give the new game a name of its own"
        )


def _space(name: str) -> str:
    return SHADOW if name.startswith(SHADOW) else ""


def thaw_state(program: Program, state: object) -> State:
    """A state as a store gave it back: itself, or read from its JSON."""
    if isinstance(state, bytes):
        return messages_of(type(program.mechanic)).state(state)
    assert isinstance(state, State)
    return state


def thaw_decision(program: Program, decision: Any) -> Decision:
    """A decision as a store gave it back: itself, or read from its JSON."""
    if isinstance(decision, bytes):
        decision = messages_of(type(program.mechanic)).decision(decision)
    found: Decision = decision
    return found
