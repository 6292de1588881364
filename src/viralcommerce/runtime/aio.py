"""The second shell: the same flow for asyncio, with the same answers.

Ports may be awaited or not: a members port or an issuer whose method returns an awaitable is
awaited. A store that blocks is put into threads by `async_ports.InThreads`.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import os
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, Self

from viralcommerce.campaign import Campaign
from viralcommerce.codec import KINDS, Codec
from viralcommerce.errors import (
    InvalidValue,
    KeyReused,
    MembersFailed,
    NotLive,
    StoreConflict,
)
from viralcommerce.messages import Accepted, Command
from viralcommerce.rules.base import Kinds
from viralcommerce.runtime.async_ports import AsyncIssuer, AsyncMembers, AsyncStore, Facts
from viralcommerce.runtime.chance import SystemClock, SystemEntropy
from viralcommerce.runtime.driver import CONFLICTS
from viralcommerce.runtime.effects import Ask, Effect, Lock, Look, Restart
from viralcommerce.runtime.flow import flow
from viralcommerce.runtime.life import Life, Stage
from viralcommerce.runtime.ports import Asked, Clock, Decision, Due, Entropy, Record, Writes
from viralcommerce.runtime.programs import SHADOW, Programs, thaw_state
from viralcommerce.runtime.request import Context, Outcome, Request
from viralcommerce.runtime.shop import LEARNS_WITHIN, TICKED_AT_ONCE
from viralcommerce.runtime.situations import ending
from viralcommerce.runtime.stamping import aware, instance_of, stamped
from viralcommerce.values.ids import check_id


class _Unread(Exception):
    """A pinned version that must be awaited before the flow can go on."""

    def __init__(self, digest: str) -> None:
        self.digest = digest


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

    Raises:
        InvalidRule: two campaigns of one name, or conditions without a members port.
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
    ) -> None:
        self.store = store
        self._members = members
        self._issuer = issuer
        self._clock: Clock = SystemClock() if clock is None else clock
        self._entropy: Entropy = SystemEntropy() if entropy is None else entropy
        self._texts: dict[str, bytes] = {}
        self._programs = Programs(campaigns, Codec(kinds), self._text, asks_nobody=members is None)
        self._context = Context(self._programs, issuer is not None, refusals == "count")
        self._lives: dict[str, tuple[float, Life]] = {}
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the store; every later verb raises `NotLive`."""
        self._closed = True
        await self.store.close()

    async def handle(self, campaign: Campaign | str, command: Command) -> Decision:
        """Decide one command, once, whatever the retries; see `Shop.handle`."""
        outcome = (await self._run((await self._request(campaign, command),)))[0]
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
            requests = [await self._request(campaign, one) for one in chunk]
            outcomes += await self._run(tuple(requests))
        return outcomes

    async def tick(self, at: datetime | None = None, *, limit: int = 1000) -> int:
        """Act on every deadline that has come; how many were acted on. See `Shop.tick`."""
        now = self._clock.now() if at is None else aware(at)
        newest = self._programs.newest
        names = [*newest, *(SHADOW + name for name in newest)]
        requests = [
            request
            for due in await self.store.due(now, limit, names)
            if (request := await self._ending(due, now)) is not None
        ]
        acted = 0
        waiting = iter(requests)
        while chunk := tuple(itertools.islice(waiting, TICKED_AT_ONCE)):
            records: list[Record] = []
            await self._run(chunk, records)
            acted += sum(isinstance(record.decision, Accepted) for record in records)
        return acted

    async def _ending(self, due: Due, now: datetime) -> Request | None:
        cell = await self.store.cell(due.campaign, due.instance)
        if cell is None or cell.deadline is None or cell.deadline > now:
            return None
        try:
            program = self._programs.pinned(due.campaign, cell.rules)
        except _Unread as unread:
            await self._read(unread.digest)
            program = self._programs.pinned(due.campaign, cell.rules)
        named = self._programs.spaced(due.campaign)
        life = await self._life(named.campaign.name)
        return ending(named, due.instance, life, program, thaw_state(program, cell.state))

    async def deliver(self, *, limit: int = 100) -> int:
        """Hand waiting awards to the issuer, the oldest first; see `Shop.deliver`."""
        if self._issuer is None:
            raise NotLive("deliver: this shop has no issuer; give issuer= when it is built")
        taken: list[int] = []
        try:
            for pending in await self.store.pending(limit):
                done = self._issuer.issue(pending.award)
                if inspect.isawaitable(done):
                    await done
                taken.append(pending.position)
        finally:
            await self.store.confirm(taken)
        return len(taken)

    async def set_stage(
        self, campaign: Campaign | str, stage: Stage, *, by: str, why: str
    ) -> None:
        """Move a campaign on in its life; see `Shop.set_stage`."""
        name = self._programs.named(campaign).name
        life = Life(stage=stage, by=check_id(by, "by"), why=why, at=self._clock.now())
        await self.store.set_life(name, life)
        self._lives.pop(name, None)

    async def _life(self, name: str) -> Life:
        known = self._lives.get(name)
        now = time.monotonic()
        if known is None or now - known[0] >= LEARNS_WITHIN:
            known = self._lives[name] = (now, await self.store.life(name))
        return known[1]

    async def _request(self, campaign: Campaign | str, command: Command) -> Request:
        program = self._programs.spaced(campaign)
        life = await self._life(program.campaign.name)
        if life.shadow and not program.shadow:
            program = self._programs.shadow(program)
        instance = instance_of(program, command)
        stamped_now = stamped(program, command, self._clock, self._entropy)
        return Request(program, stamped_now, instance, life)

    def _text(self, digest: str) -> bytes:
        text = self._texts.get(digest)
        if text is None:
            raise _Unread(digest)
        return text

    async def _read(self, digest: str) -> None:
        self._texts[digest] = await self.store.rules(digest)

    async def _run(
        self, requests: tuple[Request, ...], records: list[Record] | None = None
    ) -> list[Outcome]:
        """Drive flows until every request has its outcome; what conflicts begins again."""
        if self._closed:
            raise NotLive("shop: it is closed; open another")
        outcomes: list[Outcome] = []
        conflicts = 0
        while len(outcomes) < len(requests):
            try:
                outcomes += await self._drive(requests[len(outcomes) :], records)
            except _Unread as unread:  # of these requests nothing is written
                await self._read(unread.digest)
            except StoreConflict:
                if conflicts == CONFLICTS:
                    raise
                await asyncio.sleep(0.001 * (1 << conflicts) * (1 + os.urandom(1)[0] / 255))
                conflicts += 1
        return outcomes

    async def _drive(
        self, requests: tuple[Request, ...], records: list[Record] | None
    ) -> list[Outcome]:
        """Drive one flow: perform each effect, send back its answer."""
        session = self.store.session()
        rehearses = len(requests) > 1 and session.rehearses
        running = flow(self._context, requests, rehearses=rehearses)
        try:
            effect: Effect = next(running)
            while True:
                answer: object = None
                if isinstance(effect, Restart):
                    await session.close()
                    session = self.store.session()
                elif isinstance(effect, Lock):
                    answer = await session.lock(effect)
                elif isinstance(effect, Writes):
                    answer = await session.commit(effect)
                    if answer is None and records is not None:
                        records += effect.records
                elif isinstance(effect, Look):
                    answer = await session.look(effect)
                elif isinstance(effect, Ask):
                    answer = await self._ask(effect.asked)
                effect = running.send(answer)
        except StopIteration as done:
            outcomes: list[Outcome] = done.value
            return outcomes
        finally:
            running.close()
            await session.close()

    async def _ask(self, asked: Sequence[Asked]) -> Facts:
        if self._members is None:
            return [{} for _ in asked]
        try:
            answer = self._members.facts(asked)
            return await answer if inspect.isawaitable(answer) else answer
        except Exception as error:
            raise MembersFailed(
                f"members: asked about {', '.join(one.member for one in asked[:3])}: "
                f"{type(error).__name__}: {error}; nothing was decided"
            ) from error
