"""The second shell: the same flow for asyncio, with the same answers.

Ports may be awaited or not: a members port or an issuer whose method returns an awaitable is
awaited. A store that blocks is put into threads by `in_threads.InThreads`.
"""

from __future__ import annotations

import copy
import inspect
import itertools
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, Self

from viralcommerce.campaign import Campaign
from viralcommerce.codec import Codec
from viralcommerce.errors import (
    InvalidValue,
    KeyReused,
    NotLive,
)
from viralcommerce.kinds import KINDS
from viralcommerce.messages import Command
from viralcommerce.program import Program
from viralcommerce.rules.base import Kinds
from viralcommerce.runtime.async_driver import AsyncDriver, Texts, Unread
from viralcommerce.runtime.async_ports import AsyncIssuer, AsyncMembers, AsyncStore
from viralcommerce.runtime.chance import SystemClock, SystemEntropy
from viralcommerce.runtime.counts import whole
from viralcommerce.runtime.driver import shop_is_closed
from viralcommerce.runtime.entering import Decide, Failed, Find, Prepare, Recall, Reverse
from viralcommerce.runtime.erasure import Forgotten, erasure
from viralcommerce.runtime.errands import run_later, told
from viralcommerce.runtime.gathering import Gathering
from viralcommerce.runtime.gathering_tasks import AsyncGatherer
from viralcommerce.runtime.life import Life, Stage
from viralcommerce.runtime.lives import Lives
from viralcommerce.runtime.many import named_by_place
from viralcommerce.runtime.outbox import Claim, Settled
from viralcommerce.runtime.ports import Clock, Decision, Entropy
from viralcommerce.runtime.programs import Programs
from viralcommerce.runtime.relay import (
    PATIENCE,
    Deliveries,
    Errand,
    Patience,
    relay,
)
from viralcommerce.runtime.request import Context, Outcome, Request
from viralcommerce.runtime.shop import NOT_WITHIN
from viralcommerce.runtime.stamping import aware, request_for
from viralcommerce.runtime.ticking import Act, LifeOf, Pin, WhatIsDue, ticking
from viralcommerce.runtime.ticking import Errand as TickErrand
from viralcommerce.runtime.views import AsyncViews
from viralcommerce.values.ids import check_id


class AsyncShop:
    """`Shop` for asyncio: the same flow, the same answers; safe for tasks of one event loop.

    Args:
        store: where everything is kept.
        campaigns: the newest version of each.
        members: what the host knows about people; awaited if it answers with an awaitable.
        issuer: who hands awards out; awaited likewise.
        clock: stamps commands that carry no time.
        entropy: stamps dice, and keys where the client gave none.
        kinds: the closed mapping of rule kinds.
        refusals: as for `Shop`.
        gathers: as for `Shop`.
        elsewhere: as for `Shop`.

    Raises:
        InvalidRule: as for `Shop`.
    """

    def __init__(
        self,
        store: AsyncStore,
        campaigns: Iterable[Campaign] = (),
        *,
        members: AsyncMembers | None = None,
        issuer: AsyncIssuer | None = None,
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
        self._texts = Texts(store)
        self._programs = Programs(
            campaigns, Codec(kinds), self._texts, asks_nobody=members is None, elsewhere=elsewhere
        )
        self._context = Context(self._programs, issuer is not None, refusals == "count")
        self._driver = AsyncDriver(store, self._context, members, self._texts)
        self._runner: AsyncDriver | AsyncGatherer = self._driver
        if gathers is not None:
            self._runner = AsyncGatherer(gathers, self._driver)
        self._lives = Lives()
        self._hosted = False

    def within(self, connection: object) -> AsyncShop:
        """The same shop on the host's own open connection; see `Shop.within`.

        Raises:
            NotLive: this store takes no connection of the host.
            RetryTransaction: from `handle`, where only a new transaction of the host helps.
        """
        joined = copy.copy(self)
        joined.store = self.store.within(connection)
        joined._driver = AsyncDriver(joined.store, self._context, self._members, self._texts)
        joined._driver.closed = self._driver.closed
        joined._lives = self._lives.within()
        joined._runner = joined._driver
        joined._hosted = True
        return joined

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the store; every later verb raises `NotLive`."""
        self._driver.closed = True
        if isinstance(self._runner, AsyncGatherer):
            await self._runner.settle()
        await self.store.close()

    @property
    def views(self) -> AsyncViews:
        """What pages and support read."""
        return AsyncViews(self.store, self._programs, self._pinned)

    async def handle(self, campaign: Campaign | str, command: Command) -> Decision:
        """Decide one command, once, whatever the retries; see `Shop.handle`."""
        request = await self._request(campaign, command)
        outcome = await self._runner.one(request)
        if isinstance(outcome, KeyReused):
            raise outcome
        return outcome

    async def handle_many(
        self, campaign: Campaign | str, commands: Iterable[Command], *, at_once: int = 500
    ) -> list[Outcome]:
        """Decide many commands in order; see `Shop.handle_many`."""
        if at_once < 1:
            raise InvalidValue(f"handle_many: at_once={at_once}; give 1 or more")
        outcomes: list[Outcome] = []
        waiting = iter(commands)
        while chunk := tuple(itertools.islice(waiting, at_once)):
            requests: list[Request] = []
            with named_by_place(outcomes, chunk, requests):
                for one in chunk:
                    requests.append(await self._request(campaign, one))  # noqa: PERF401 - in turn
                left = tuple(requests)
                while left:
                    first = await self._driver.first(left)
                    outcomes += first
                    left = left[len(first) :]
        return outcomes

    async def tick(self, at: datetime | None = None, *, limit: int = 1000) -> int:
        """Act on every deadline that has come; how many were acted on. See `Shop.tick`.

        Raises:
            LeftOut: some could not be read or decided; all others were acted on.
        """
        now = self._clock.now() if at is None else aware(at)
        going = ticking(self._programs, self._entropy, now, limit)
        return await run_later(going, self._serve)

    async def _serve(self, errand: TickErrand) -> object:
        if isinstance(errand, Act):
            return await self._driver.all(errand.requests, errand.records)
        if isinstance(errand, WhatIsDue):
            return await self.store.due(errand.at, errand.limit, errand.campaigns)
        if isinstance(errand, Pin):
            return await self._pinned(errand)
        if isinstance(errand, LifeOf):
            return await self._life(errand.campaign)
        return await self._driver.look(errand)

    async def _pinned(self, pin: Pin) -> Program:
        try:
            return self._programs.pinned(pin.campaign, pin.digest)
        except Unread as unread:
            await self._texts.read(unread)
            return self._programs.pinned(pin.campaign, pin.digest)

    async def deliver(self, *, limit: int = 100, patience: Patience = PATIENCE) -> Deliveries:
        """Deliver what waits in the outbox; see `Shop.deliver`."""
        if self._hosted:
            raise NotLive(NOT_WITHIN)
        issues = self._issuer is not None
        ports = (self._programs, self._clock, self._entropy)
        going = relay(*ports, issues=issues, limit=limit, patience=patience)
        return await run_later(going, self._errand)

    async def _errand(self, errand: Errand) -> object:
        if isinstance(errand, Claim):
            return await self.store.claim(errand)
        if isinstance(errand, Settled):
            await self.store.settle(errand)
            return None
        try:
            if isinstance(errand, Prepare):
                return await self._request(errand.campaign, errand.command)
            if isinstance(errand, Decide):
                return await self._runner.one(errand.request)
            if isinstance(errand, Reverse):
                return (await self._driver.all((errand.request,)))[0]
            if isinstance(errand, Recall):
                return await self.store.history(errand.campaign, errand.instance)
            if isinstance(errand, Find):
                return await self.store.cell(errand.campaign, errand.instance)
            if isinstance(errand, Pin):
                return await self._pinned(errand)
            done = None if self._issuer is None else self._issuer.issue(errand.award)
            if inspect.isawaitable(done):
                await done
        except Exception as error:  # noqa: BLE001 - whatever an issuer or a store likes to raise
            return Failed(told(error))
        return None

    async def retry(self, *positions: int) -> int:
        """Put awards that were set aside back in line; see `Shop.retry`."""
        return await self.store.retry([whole(one, "retry: position") for one in positions])

    async def forget(self, member: str) -> Forgotten:
        """Forget a member; see `Shop.forget`."""
        at, kinds = self._clock.now(), self._kinds
        who = erasure(member, entropy=self._entropy, at=at, kinds=kinds)
        return await self._driver.again(lambda: self.store.forget(who))

    async def set_stage(
        self, campaign: Campaign | str, stage: Stage, *, by: str, why: str
    ) -> None:
        """Move a campaign on in its life; see `Shop.set_stage`."""
        name = self._programs.named(campaign).name
        life = Life(stage=stage, by=check_id(by, "by"), why=why, at=self._clock.now())
        await self.store.set_life(name, life)
        self._lives.wrote(name, life)

    async def _life(self, name: str) -> Life:
        life = self._lives.known(name)
        if life is None:
            if self._driver.closed:
                raise shop_is_closed()
            life = await self.store.life(name)
            newest = getattr(self.store, "reads_newest", False)
            self._lives.learn(name, life, newest=newest)
        return life

    async def _request(self, campaign: Campaign | str, command: Command) -> Request:
        program = self._programs.spaced(campaign)
        life = await self._life(program.campaign.name)
        if life.shadow and not program.shadow:
            program = self._programs.shadow(program)
        return request_for(program, life, command, self._clock, self._entropy)
