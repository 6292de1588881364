"""Flows that meet, faults at every effect: our stores come through, broken ones do not."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from contracts.skins import Store
from contracts.zoo_races import (
    ClaimsTheKeyLast,
    CommitsInTwoSteps,
    LetsGoBeforeTheCommit,
    LocksInAnyOrder,
    SendsACommitAgain,
)
from row_locks import RowLocks
from viralcommerce import CNY, WHOLE, Campaign, Coupon, Grant, LuckySplit, PaidOrders, Shop, days
from viralcommerce.errors import InvalidValue
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.ports import Store as AnyStore
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing import FakeMembers
from viralcommerce.testing.contracts import STORE_LAWS, LawBroken, check_store, store_locks
from viralcommerce.testing.contracts.kit import StoreBench, campaign
from viralcommerce.testing.contracts.store_races import (
    RACES,
    any_order_is_some_order,
    whatever_goes_wrong_the_same_key_settles,
)
from viralcommerce.testing.faults import FAULTS, inject
from viralcommerce.testing.interleavings import every_order, in_order, play
from viralcommerce.testing.judging import INVARIANTS, Judge
from viralcommerce.testing.laws import obeys_all
from viralcommerce.testing.orders import Every, Seen
from viralcommerce.testing.races import AT, Flow, Race

KNOWING = FakeMembers({name: {"paid_orders": 2} for name in ("ann", "bob", "cat", "dan")})
ASKING = Campaign(
    "asking",
    pack.CouponPack(LuckySplit(CNY(9), parts=2, least=CNY(3)), open_for=days(1)),
    grants=(Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),),
    given=PaidOrders(at_least=1),
    budget=CNY(1000),
)
LIKES = Campaign(
    "likes",
    collect.Collect(goal=2, within=days(1)),
    grants=(Grant(Coupon(CNY(38)), to=collect.COLLECTOR, on=collect.REACHED),),
    budget=CNY(50),
)


def share(name: str = "p", by: str = "ann") -> pack.Share:
    return pack.Share(pack=name, by=by, at=AT, key=f"share-{name}")


def grab(by: str, name: str = "p") -> pack.Grab:
    return pack.Grab(pack=name, by=by, at=AT, key=f"{name}-{by}")


def like(by: str, ask: str = "a") -> collect.Like:
    return collect.Like(ask=ask, by=by, at=AT, key=f"{ask}-{by}")


def delivers(shop: Shop) -> object:
    return shop.deliver()


def asked_before_the_lock() -> Race:
    """Two who are asked about, and a tap that comes twice."""
    return Race(ASKING, [grab("bob"), grab("cat"), grab("bob")], [share()], KNOWING)


def begun_while_it_is_wanted() -> Race:
    """The pack is shared while three reach for it."""
    return Race(campaign(), [share(), grab("bob"), grab("cat"), share("p", by="ann")])


def the_last_like() -> Race:
    """Three friends like at once where two likes win, and the budget is for one of two asks."""
    asks = [
        collect.Ask(ask=name, by=by, at=AT, key=name) for name, by in (("a", "ann"), ("b", "eve"))
    ]
    flows: list[Flow] = [
        like("bob"),
        like("cat"),
        like("dan"),
        [like("bob", "b"), like("cat", "b")],
    ]
    return Race(LIKES, flows, asks)


def handed_out_meanwhile() -> Race:
    """Awards are delivered while somebody takes a share."""
    return Race(campaign(), [grab("cat"), delivers], [share(), grab("bob")])


@pytest.mark.slow
@pytest.mark.parametrize(
    "race",
    [
        *RACES,
        asked_before_the_lock,
        begun_while_it_is_wanted,
        the_last_like,
        handed_out_meanwhile,
    ],
    ids=lambda race: race.__name__,
)
def test_every_order_of_effects_comes_to_a_serial_order(race: Callable[[], Race]) -> None:
    """RQ-1, RQ-19, EC-14, EC-113: answers and books, and nobody waits for ever."""
    for make in (lambda: MemoryStore(busy_after=0), RowLocks):
        explored = every_order(race(), make)
        assert explored.orders >= 2
        assert 1 <= explored.outcomes <= explored.serial


def test_of_orders_that_differ_in_what_does_not_matter_one_is_run() -> None:
    """Looking and asking change nothing: with and without sleep sets, the same outcomes."""

    class All(Every):
        def pick(self, able: Mapping[int, str]) -> int:
            return super().pick({one: f"write {what}" for one, what in able.items()})

    at_one = Race(ASKING, [grab("bob"), grab("cat")], [share()], KNOWING)
    apart = Race(ASKING, [grab("bob"), grab("cat", "q")], [share(), share("q")], KNOWING)
    for race, make in ((at_one, MemoryStore), (apart, LetsGoBeforeTheCommit)):
        few, many = (_outcomes(race, make, picker) for picker in (Every(), All()))
        assert few[0] == many[0], make
        assert few[1] < many[1], make


def _outcomes(race: Race, make: Callable[[], AnyStore], picker: Every) -> tuple[set[str], int]:
    """What the orders of a picker come to, and how many there are."""
    told, orders = set[str](), 0
    while True:
        store = make(busy_after=0) if make is MemoryStore else make()
        race.begin(store)
        with contextlib.suppress(Seen):
            played = play(race, store, picker)
            orders += 1
            answers = [actor.answer for actor in played.actors]
            told.add(race.outcome(answers, race.books(store)))
        if not picker.another():
            return told, orders


@pytest.mark.slow
@pytest.mark.parametrize(
    "race", [*RACES, asked_before_the_lock, the_last_like], ids=lambda race: race.__name__
)
def test_whatever_goes_wrong_at_whatever_effect_the_same_keys_settle_it(
    race: Callable[[], Race], tmp_path: Path
) -> None:
    """RQ-1, RQ-22, EC-103: in memory, and in a file."""
    injected = inject(race())
    assert injected.faults >= 5 * injected.effects
    again = inject(race(), lambda: SqliteStore(tmp_path / "shop.db", busy_after=0))
    assert again.effects >= injected.effects


@pytest.mark.parametrize("statements", [True, False], ids=["each statement", "each effect"])
def test_a_worker_on_sqlite_dies_at_any_statement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, statements: bool
) -> None:
    """RQ-22: nothing is half-written, also inside of a commit."""
    if statements:
        turning(monkeypatch)
    flows: list[Flow] = [grab("bob"), [grab("cat"), grab("dan", "q"), grab("eve", "q")]]
    race = Race(campaign(), flows, [share(), share("q")])
    injected = inject(
        race,
        lambda: SqliteStore(tmp_path / "shop.db", busy_after=0),
        faults=["dies_before", "dies_after", "repeated"],
    )
    assert injected.effects > (40 if statements else 4)


def turning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every statement of SQLite be a turn."""
    import sqlite3

    from viralcommerce.testing.staging import turn

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, *values: object) -> sqlite3.Cursor:  # type: ignore[override]
            turn(sql[:30])
            return super().execute(sql, *values)  # type: ignore[arg-type]

        def executemany(self, sql: str, *values: object) -> sqlite3.Cursor:  # type: ignore[override]
            turn(sql[:30])
            return super().executemany(sql, *values)  # type: ignore[arg-type]

    class Connection(sqlite3.Connection):
        def cursor(self, *_: object) -> Cursor:  # type: ignore[override]
            return super().cursor(Cursor)

    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *args, **kw: connect(*args, **kw, factory=Connection)
    )


BROKEN: tuple[tuple[type[Store], set[str], set[str]], ...] = (
    (LetsGoBeforeTheCommit, {"books_as_in_some_order", "answers_as_in_some_order"}, set()),
    (ClaimsTheKeyLast, {"audit_is_clean"}, set(FAULTS)),
    (
        CommitsInTwoSteps,
        {"answers_as_in_some_order"},
        {"dies_before", "lost_before", "undone", "delayed", "repeated"},
    ),
    (LocksInAnyOrder, {"nobody_waits_for_ever"}, set()),
    (SendsACommitAgain, set(), {"lost_before", "undone"}),
)


@pytest.mark.slow
@pytest.mark.parametrize(("animal", "orders", "faults"), BROKEN)
def test_a_store_that_is_right_one_by_one_is_caught_by_name(
    animal: type[Store], orders: set[str], faults: set[str]
) -> None:
    """RQ-1, RQ-19, RQ-22."""
    found: set[str] = set()
    for race in RACES[:3] if animal is LetsGoBeforeTheCommit else RACES[2:3]:
        try:
            every_order(race(), lambda: animal(MemoryStore(busy_after=0)))
        except LawBroken as broken:
            found |= set(broken.laws)
    assert found <= set(INVARIANTS)
    assert found == orders
    flows: list[Flow] = [grab("bob"), [grab("cat"), grab("cat", "q")]]
    at_two = Race(campaign(), flows, [share(), share("q")])
    found = set()
    try:
        inject(at_two, lambda: animal(MemoryStore(busy_after=0)))
    except LawBroken as broken:
        found = set(broken.laws)
    assert faults <= found if faults else found <= {"repeated", "delayed"}


@pytest.mark.slow
@pytest.mark.parametrize("animal", [CommitsInTwoSteps, SendsACommitAgain])
def test_no_other_law_catches_it(animal: type[Store]) -> None:
    """But by luck, where a law has real threads meet: those are left out."""
    laws = [
        law
        for law in STORE_LAWS
        if law not in (any_order_is_some_order, whatever_goes_wrong_the_same_key_settles)
        and law.__module__ != store_locks.__name__
    ]
    obeys_all(laws, lambda: StoreBench(animal))
    with pytest.raises(LawBroken):
        check_store(animal)


def test_a_broken_order_is_told_so_that_it_can_be_run_again() -> None:
    race = Race(campaign(), [grab("bob"), grab("cat")], [share()])
    with pytest.raises(LawBroken, match=r"order=\(") as caught:
        every_order(race, CommitsInTwoSteps)
    told = str(caught.value)
    assert "1 (bob grabs): write the rest" in told
    order = eval(told.partition("order=")[2].partition("\n")[0])
    with pytest.raises(LawBroken) as again:
        in_order(race, order, CommitsInTwoSteps)
    assert again.value.laws == caught.value.laws
    in_order(race, order)


def test_a_race_that_cannot_be_says_so() -> None:
    with pytest.raises(InvalidValue, match="no flows"):
        Race(campaign(), [])
    with pytest.raises(InvalidValue, match="has no key"):
        Race(campaign(), [pack.Grab(pack="p", by="bob")])
    many = [[grab(f"m{n}-{i}") for i in range(5)] for n in range(4)]
    with pytest.raises(InvalidValue, match="more than 2000 serial orders"):
        Race(campaign(), many)
    with pytest.raises(InvalidValue, match="more than 3 orders"):
        every_order(Race(campaign(), [grab("bob"), grab("cat"), share()]), most=3)


def test_a_worker_that_raises_what_is_not_ours_is_told() -> None:
    def breaks(shop: Shop) -> object:
        raise ZeroDivisionError("a bug of the host")

    with pytest.raises(ZeroDivisionError):
        every_order(Race(campaign(), [breaks, grab("bob")], [share()]))


def test_a_judge_counts_what_it_has_seen() -> None:
    race = Race(campaign(), [grab("bob"), grab("cat")], [share()])
    judge = Judge(race)
    assert judge.explored().serial == 2
    assert judge.explored().orders == 0
    assert list(race.outcomes().values()) == ["1 < 2", "2 < 1"]
    assert list(itertools.islice(race.outcomes(passing=False), 2))


def test_a_stage_passes_on_what_is_no_effect(tmp_path: Path) -> None:
    from viralcommerce.testing.staging import staged, turn

    store: AnyStore = staged(SqliteStore(tmp_path / "shop.db"))
    turn("nobody is on a stage")
    assert list(store.campaigns()) == []
    assert store.due(AT, 1, ["x"]) == []
    store.close()
