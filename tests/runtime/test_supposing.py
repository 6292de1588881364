"""Workers that suppose what they remember, and meet: whoever is right, answers are as ever."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from inviting import gifts, rides
from postgres import fresh_store, server_url
from row_locks import RowLocks
from shops import assert_clean, everything, plain
from viralcommerce import CNY, UNLIMITED, Campaign, Shop, minutes
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.mechanics import invite
from viralcommerce.messages import Command, Refused
from viralcommerce.runtime.ports import Store
from viralcommerce.runtime.recollection import Recollection
from viralcommerce.runtime.request import Outcome
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.testing.contracts.kit import campaign
from viralcommerce.testing.faults import inject
from viralcommerce.testing.interleavings import every_order, some_orders
from viralcommerce.testing.races import AT, Race


def share(name: str = "p") -> pack.Share:
    return pack.Share(pack=name, by="ann", at=AT, key=f"share-{name}")


def grabs(*friends: str, one: str = "p") -> list[pack.Grab]:
    return [pack.Grab(pack=one, by=by, at=AT, key=f"{one}-{by}") for by in friends]


@dataclass(frozen=True)
class Remembering(Race):
    """A race of workers who all remember what came before it: each supposes it still stands."""

    memory: list[Recollection] = field(default_factory=list, init=False, compare=False)

    def begin(self, store: Store) -> None:
        """Everything before the race is one batch, and remembered."""
        shop = Race.shop(self, store)
        shop.handle_many(self.campaign, list(self.before))
        self.memory[:] = [shop._driver._memory]

    def shop(self, store: Store) -> Shop:
        """A worker with a memory of its own."""
        shop = super().shop(store)
        for one in self.memory:
            mine = Recollection()
            mine._cells, mine.used = dict(one._cells), dict(one.used)
            shop._driver._memory = mine
        return shop


def meeting() -> Remembering:
    before = [share(), *grabs("z1", "z2")]
    return Remembering(campaign(), [grabs("a", "b"), grabs("c", "d")], before)


def test_every_order_in_which_workers_suppose_comes_to_a_serial_order() -> None:
    """EC-106."""
    explored = every_order(meeting(), RowLocks)
    assert explored.orders >= 2
    before = [share(), *grabs("z1"), share("q"), *grabs("z1", one="q")]
    flows = [grabs("a", "b"), [*grabs("a", one="q"), *grabs("c")], grabs("e", "f", one="q")]
    some_orders(Remembering(campaign(), flows, before), RowLocks, seeds=range(60))


def test_whatever_goes_wrong_where_a_worker_supposes_the_same_keys_settle_it() -> None:
    """RQ-1, RQ-22: lost before, lost after, repeated, dead."""
    injected = inject(meeting(), RowLocks)
    assert injected.faults >= 4 * injected.effects >= 12


@pytest.mark.slow
def test_workers_on_a_real_server_suppose_and_die() -> None:
    injected = inject(meeting(), lambda: fresh_store(busy_after=5.0), waits=True)
    assert injected.faults >= 4 * injected.effects >= 12


def friends(dice: random.Random) -> Iterator[Command]:
    """Few people who join in every direction, buy, and give back, again and again."""
    now, people = AT, ("ann", "bob", "cat", "dan", "eve")
    for number in range(80):
        now += minutes(dice.choice((0, 1, 5, 40)))
        by, order = dice.choice(people), f"o{dice.randrange(9)}"
        stamp: dict[str, Any] = {"by": by, "key": f"k{number}", "at": now}
        yield dice.choice(
            (
                invite.Join(link=dice.choice(people), **stamp),
                invite.Join(link=dice.choice(people), **stamp),
                invite.Order(order=order, amount=CNY(90), **stamp),
                invite.Refund(order=order, refund=f"r{number}", amount=CNY(20), **stamp),
            )
        )


@pytest.mark.parametrize("ticks", [0.0, 0.4])
@pytest.mark.parametrize("seed", range(12))
def test_what_is_not_remembered_is_never_supposed(seed: int, ticks: float) -> None:
    """Who stands above whom, and what an order gave, are read: no circle closes, all is taken.

    Likewise where the clock lets orders mature between, and counts friends.
    """
    game = rides(rebinds="always", matures_after=minutes(30))
    campaign = Campaign("friends", game, grants=gifts(2, 20), budget=UNLIMITED)
    commands, alone, together = list(friends(random.Random(seed))), MemoryStore(), RowLocks()
    one, many = (Shop(store, [campaign]) for store in (alone, together))
    dice, matured = random.Random(seed), 0
    while commands:
        size = dice.randrange(1, 9)
        some, commands = commands[:size], commands[size:]
        expected = [plain(one.handle(campaign, command)) for command in some]
        assert [plain(answer) for answer in many.handle_many(campaign, some)] == expected
        if dice.random() < ticks:
            acted = one.tick(some[-1].at)
            assert many.tick(some[-1].at) == acted
            matured += acted
    assert (matured > 0) == (ticks > 0)
    assert everything(together) == everything(alone)
    assert_clean(together)


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first() -> None:
    memory, cells = Recollection(), {}
    roomy = campaign().replace(budget=UNLIMITED)
    shop = Shop(RowLocks(), [roomy])
    shop._driver._memory = memory
    for number in range(230):
        name = f"p{number}"
        shop.handle_many(roomy, [share(name), *grabs("z", one=name)])
        cells[campaign().name, name] = number
    assert len(memory._cells) == 200
    assert min(cells[place] for place in memory._cells) == 30
    assert not memory.doubts([(campaign().name, "p0")])


def lost() -> None:
    """The server lets go of every connection but the one that says so."""
    import psycopg

    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            "where pid <> pg_backend_pid() and application_name = 'supposing'"
        )


def test_a_connection_that_was_lost_while_it_was_idle_leaves_nobody_in_doubt() -> None:
    """What is supposed is the first thing said on a connection, and a commit."""
    from psycopg.conninfo import make_conninfo

    made = fresh_store()
    url = make_conninfo(server_url(), application_name="supposing")
    store = type(made)(url, schema=made.schema)
    made.close()
    with Shop(store, [campaign()]) as shop:
        shop.handle_many(campaign(), [share(), *grabs("a")])
        assert not any(map(told, shop.handle_many(campaign(), grabs("b", "c"))))
        lost()
        assert not any(map(told, shop.handle_many(campaign(), grabs("d", "e"))))
        assert_clean(store)


def told(answer: Outcome) -> str:
    """Why not."""
    return str(getattr(answer, "refusal", "")) if isinstance(answer, Refused) else ""


def test_what_follows_the_journal_reads_no_more_than_is_new() -> None:
    """A plan that is kept would begin at the first line whenever nothing is new."""
    store = fresh_store()
    with Shop(store, [campaign()]) as shop:
        shop.handle_many(campaign(), [share(), *grabs("a", "b")])
        with store._connection() as connection:
            mode = connection.execute("show plan_cache_mode").fetchone()
            assert mode == ("auto",)
