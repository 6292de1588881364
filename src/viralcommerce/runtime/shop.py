"""The shop: campaigns and ports. What a host holds, and the only place where effects happen."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Final, Literal, Self

from viralcommerce.campaign import Campaign
from viralcommerce.codec import Codec
from viralcommerce.errors import (
    InvalidValue,
    KeyReused,
    NotLive,
)
from viralcommerce.kinds import KINDS
from viralcommerce.messages import Award, Command
from viralcommerce.rules.base import Kinds
from viralcommerce.runtime.chance import SystemClock, SystemEntropy
from viralcommerce.runtime.counts import whole
from viralcommerce.runtime.driver import Driver, shop_is_closed
from viralcommerce.runtime.entering import Decide, Failed, Find, Prepare, Recall, Reverse
from viralcommerce.runtime.erasure import Forgotten, erasure
from viralcommerce.runtime.errands import done_at_once, run, told
from viralcommerce.runtime.gathering import Gathering
from viralcommerce.runtime.gathering_threads import Gatherer
from viralcommerce.runtime.life import Life, Stage
from viralcommerce.runtime.lives import Lives
from viralcommerce.runtime.many import named_by_place
from viralcommerce.runtime.outbox import Claim, Settled
from viralcommerce.runtime.ports import (
    Clock,
    Decision,
    Entropy,
    Issuer,
    Members,
    Store,
)
from viralcommerce.runtime.programs import Programs
from viralcommerce.runtime.relay import (
    PATIENCE,
    Deliveries,
    Errand,
    Patience,
    relay,
)
from viralcommerce.runtime.request import Context, Outcome, Request
from viralcommerce.runtime.stamping import aware, request_for
from viralcommerce.runtime.stores.urls import open_store
from viralcommerce.runtime.ticking import Act, LifeOf, Pin, Seen, WhatIsDue, endings, ticking
from viralcommerce.runtime.ticking import Errand as TickErrand
from viralcommerce.runtime.views import Views
from viralcommerce.values.ids import check_id

NOT_WITHIN: Final = (
    "deliver: the host's transaction may yet roll back what would be handed out; deliver from the "
    "shop itself, once the host has committed"
)


class Shop:
    """Campaigns and the ports they run on. As safe for threads as its store and ports are.

    Args:
        store: where everything is kept.
        campaigns: the newest version of each.
        members: what the host knows about people; needed where a condition asks.
        issuer: who hands awards out; without one the host reads decisions, views or the ledger.
        clock: stamps commands that carry no time.
        entropy: stamps dice, and keys where the client gave none.
        kinds: the closed mapping of rule kinds, to read pinned versions back.
        refusals: whether transient refusals (not yet open, a quota of the day, a fact missing) are
            kept in the journal, or only counted by code; terminal ones are always kept.
        gathers: whether, and within which bounds, `handle` gathers what would wait for each other
            anyway into one commit.
        elsewhere: the names of campaigns that entries may lead into though this shop has them
            not; a shop on the same store that has them delivers those entries.

    Raises:
        InvalidRule: two campaigns of one name, conditions without a members port, or an entry
            into a campaign that is not there or cannot be entered.
        InvalidValue: gathering on a store that joins its callers' transactions (Django's).
    """

    def __init__(
        self,
        store: Store,
        campaigns: Iterable[Campaign] = (),
        *,
        members: Members | None = None,
        issuer: Issuer | None = None,
        clock: Clock | None = None,
        entropy: Entropy | None = None,
        kinds: Kinds = KINDS,
        refusals: Literal["journal", "count"] = "journal",
        gathers: Gathering | None = None,
        elsewhere: Iterable[str] = (),
    ) -> None:
        self.store = store
        self._kinds = kinds
        self._members = members
        self._issuer = issuer
        self._clock: Clock = SystemClock() if clock is None else clock
        self._entropy: Entropy = SystemEntropy() if entropy is None else entropy
        self._programs = Programs(
            campaigns, Codec(kinds), store.rules, asks_nobody=members is None, elsewhere=elsewhere
        )
        self._context = Context(self._programs, issuer is not None, refusals == "count")
        self._driver = Driver(store, self._context, members)
        self._runner: Driver | Gatherer = self._driver
        if gathers is not None:
            if not getattr(store, "gathers", True):
                raise InvalidValue(
                    "gathers: this store joins the transaction of whoever calls, which nobody can "
                    "share; leave gathers= out"
                )
            self._runner = Gatherer(gathers, self._driver)
        self._lives = Lives()
        self._hosted = False

    @classmethod
    def open(cls, url: str, *campaigns: Campaign, **ports: Any) -> Shop:
        """A shop on a store named by a URL.

        Args:
            url: ``"memory:"``, ``"sqlite:///relative.db"`` or ``"sqlite:////absolute.db"``.
            campaigns: the newest version of each.
            ports: as for `Shop`.

        Raises:
            InvalidValue: an unknown kind of URL.
            StoreError: the store cannot be opened.
        """
        return cls(open_store(url), campaigns, **ports)

    def within(self, connection: object) -> Shop:
        """The same shop on the host's own open connection: what it decides commits with the host.

        It gathers nothing, whatever `gathers` said: each caller has a transaction of its own.

        Args:
            connection: to the same database, inside a transaction that may write (SQLite: begun
                with ``BEGIN IMMEDIATE``).

        Raises:
            NotLive: this store takes no connection of the host.
            RetryTransaction: from `handle`, where only a new transaction of the host helps.
        """
        joined = copy.copy(self)
        joined.store = self.store.within(connection)
        joined._runner = joined._driver = Driver(joined.store, self._context, self._members)
        joined._driver.closed = self._driver.closed
        joined._lives = self._lives.within()
        joined._hosted = True
        return joined

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the store; every later verb raises `NotLive`."""
        self._driver.closed = True
        self.store.close()

    @property
    def campaigns(self) -> tuple[Campaign, ...]:
        """The newest version of each, in the order they were given."""
        return tuple(program.campaign for program in self._programs.newest.values())

    @property
    def views(self) -> Views:
        """What pages and support read."""
        return Views(self.store, self._programs)

    def handle(self, campaign: Campaign | str, command: Command) -> Decision:
        """Decide one command, once, whatever the retries.

        Args:
            campaign: of this shop, or its name.
            command: what somebody wants; the shop stamps time, dice and key.

        Raises:
            KeyReused: its key was used for another command.
            InvalidMessage: an id that cannot be, or a command of another mechanic.
            MembersFailed: the members port raised or answered out of shape.
            StoreError: nothing happened, or the same key will tell.
        """
        request = self._request(campaign, command)
        outcome = self._runner.one(request)
        if isinstance(outcome, KeyReused):
            raise outcome
        return outcome

    def handle_many(
        self, campaign: Campaign | str, commands: Iterable[Command], *, at_once: int = 500
    ) -> list[Outcome]:
        """Decide many commands in order, as one by one but in few commits.

        Args:
            campaign: of this shop, or its name.
            commands: in the order in which they happened.
            at_once: how many share one commit, at least 1.

        Returns:
            A decision for each, or the `KeyReused` that `handle` would have raised.

        Raises:
            InvalidValue: `at_once` is no count.
            InvalidMessage: a command that cannot be; nothing of its commit is written.
            MembersFailed, StoreError: as for `handle`; earlier commits stand. Each says which
                commands it is about, and has `decided`: how many are.
        """
        if at_once < 1:
            raise InvalidValue(f"handle_many: at_once={at_once}; give 1 or more")
        outcomes: list[Outcome] = []
        waiting = iter(commands)
        while chunk := tuple(itertools.islice(waiting, at_once)):
            requests: list[Request] = []
            with named_by_place(outcomes, chunk, requests):
                requests.extend(self._request(campaign, one) for one in chunk)
                left = tuple(requests)
                while left:
                    first = self._driver.first(left)
                    outcomes += first
                    left = left[len(first) :]
        return outcomes

    def due(self, at: datetime, *, limit: int = 1000) -> Iterator[tuple[str, Command]]:
        """The clock's commands for every deadline that has come, with derived keys.

        Args:
            at: deadlines at or before this moment.
            limit: how many at most, the earliest first.

        Yields:
            The store's name of the campaign and the command, both for `handle`; running one twice
            changes nothing.

        Raises:
            LeftOut: after all that could be read, if some could not.
        """
        seen = Seen()
        found = endings(self._programs, self._entropy, aware(at), limit, seen)
        for request in run(found, self._serve):
            yield request.program.name, request.command
        seen.tell("due", 0)

    def tick(self, at: datetime | None = None, *, limit: int = 1000) -> int:
        """Act on every deadline that has come, many in one commit; how many were acted on.

        Args:
            at: the moment; the clock's unless said.
            limit: how many at most in this tick.

        Raises:
            InvalidValue: a limit that is no count.
            LeftOut: some could not be read or decided. Nothing keeps the others waiting: all of
                them were acted on, up to the limit; `LeftOut.acted` says how many.
            StoreError: the store is away or busy; what was committed stands.
        """
        now = self._clock.now() if at is None else aware(at)
        return run(ticking(self._programs, self._entropy, now, limit), self._serve)

    def _serve(self, errand: TickErrand) -> object:
        if isinstance(errand, Act):
            return self._driver.all(errand.requests, errand.records)
        if isinstance(errand, WhatIsDue):
            return self.store.due(errand.at, errand.limit, errand.campaigns)
        if isinstance(errand, Pin):
            return self._programs.pinned(errand.campaign, errand.digest)
        if isinstance(errand, LifeOf):
            return self._life(errand.campaign)
        return self._driver.look(errand)

    def deliver(self, *, limit: int = 100, patience: Patience = PATIENCE) -> Deliveries:
        """Deliver what waits in the outbox, the oldest first, and each member's in order.

        An award leaves the outbox only after the issuer returned, so each is handed out at least
        once, however many deliver side by side and whoever of them dies. What fails is tried again
        later, and set aside after too many tries: see `viralcommerce.runtime.relay`.

        Args:
            limit: how many entries at most, at least 1.
            patience: with what fails.

        Raises:
            NotLive: there is no issuer, or this shop is `within` a transaction of the host.
            StoreError: what was claimed is delivered by somebody once the lease is over.
        """
        if self._hosted:
            raise NotLive(NOT_WITHIN)
        issues = self._issuer is not None
        ports = (self._programs, self._clock, self._entropy)
        going = relay(*ports, issues=issues, limit=limit, patience=patience)
        return run(going, self._errand)

    def _errand(self, errand: Errand) -> object:
        if isinstance(errand, Claim):
            return self.store.claim(errand)
        if isinstance(errand, Settled):
            self.store.settle(errand)
            return None
        try:
            if isinstance(errand, Prepare):
                return self._request(errand.campaign, errand.command)
            if isinstance(errand, Decide):
                return self._runner.one(errand.request)
            if isinstance(errand, Reverse):
                return (self._driver.all((errand.request,)))[0]
            if isinstance(errand, Recall):
                return self.store.history(errand.campaign, errand.instance)
            if isinstance(errand, Find):
                return self.store.cell(errand.campaign, errand.instance)
            if isinstance(errand, Pin):
                return self._programs.pinned(errand.campaign, errand.digest)
            if self._issuer is not None:
                issue: Callable[[Award], object] = self._issuer.issue
                done_at_once(issue(errand.award))
        except Exception as error:  # noqa: BLE001 - whatever an issuer or a store likes to raise
            return Failed(told(error))
        return None

    def retry(self, *positions: int) -> int:
        """Put awards that were set aside back in line; how many were.

        Args:
            positions: of the entries, as `views.poisoned` shows them.

        Raises:
            InvalidValue: one that is no position.
        """
        return self.store.retry([whole(one, "retry: position") for one in positions])

    def forget(self, member: str) -> Forgotten:
        """Forget a member: their id gives way to a pseudonym everywhere, and they cannot return.

        All of it or nothing, beside the commands of others; again, where nothing of them is left:
        nothing. From then on their commands are refused as `Forgotten`, counted and not kept, and
        what would be given to them is withheld.

        Args:
            member: their id, as commands have it.

        Returns:
            What was rewritten.

        Raises:
            InvalidValue: an id that no member can have.
            StillOwed: an award with their name waits in the outbox; `deliver` first.
            StoreCorrupt: something that names them cannot be read.
            StoreBusy: others hold what is theirs, or go on naming them; nothing was rewritten.
        """
        at, kinds = self._clock.now(), self._kinds
        who = erasure(member, entropy=self._entropy, at=at, kinds=kinds)
        return self._driver.again(lambda: self.store.forget(who))

    def set_stage(self, campaign: Campaign | str, stage: Stage, *, by: str, why: str) -> None:
        """Move a campaign on in its life; every process learns of it within a second.

        Args:
            campaign: of this shop, or its name.
            stage: draft, shadow, live, paused, paused_new, closed or superseded.
            by: who says so.
            why: in their words.

        Raises:
            InvalidValue: no stage of that name, nobody says so, or why is no text.
        """
        name = self._programs.named(campaign).name
        life = Life(stage=stage, by=check_id(by, "by"), why=why, at=self._clock.now())
        self.store.set_life(name, life)
        self._lives.wrote(name, life)

    def stage(self, campaign: Campaign | str) -> Life:
        """Where a campaign is in its life, as this process knows it."""
        return self._life(self._programs.named(campaign).name)

    def _life(self, name: str) -> Life:
        life = self._lives.known(name)
        if life is None:
            if self._driver.closed:
                raise shop_is_closed()
            life = self.store.life(name)
            newest = getattr(self.store, "reads_newest", False)
            self._lives.learn(name, life, newest=newest)
        return life

    def _request(self, campaign: Campaign | str, command: Command) -> Request:
        program = self._programs.spaced(campaign)
        life = self._life(program.campaign.name)
        if life.shadow and not program.shadow:
            program = self._programs.shadow(program)
        return request_for(program, life, command, self._clock, self._entropy)
