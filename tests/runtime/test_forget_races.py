"""Forgetting while everybody goes on, and while things go wrong; and what is left in the files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from inviting import gifts, rides
from postgres import fresh_store, server_url
from runtime.test_forget import standing_alone, told
from shops import NOON, assert_clean, code, grab, share, shop_of, small
from viralcommerce import CNY, UNLIMITED, Campaign, Shop
from viralcommerce.errors import StoreBusy, StoreError
from viralcommerce.kinds import KINDS
from viralcommerce.mechanics import invite
from viralcommerce.runtime.chance import SystemEntropy
from viralcommerce.runtime.erasure import Forgotten, erasure
from viralcommerce.runtime.stores.sqlite import SqliteStore

PACKS = small(total=60, parts=30)
WHO = "ann-7f3"
NUMBERS = range(25)


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    made = SqliteStore(tmp_path / "viral.db") if request.param == "sqlite" else fresh_store()
    yield made
    made.close()


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run in threads that begin together; what each came to."""
    gate = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def run(number: int, work: Callable[[], Any]) -> None:
        gate.wait()
        try:
            results[number] = work()
        except Exception as error:  # noqa: BLE001 - it is looked at below
            results[number] = error

    threads = [
        threading.Thread(target=run, args=(number, work)) for number, work in enumerate(works)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def forgotten(shop: Shop) -> Forgotten:
    """Forget, and again if others stood in the way."""
    while True:
        try:
            return shop.forget(WHO)
        except StoreBusy:
            continue


def test_beside_everybodys_commands(store: Any) -> None:
    """EC-71: her own commands, her friends' and whole batches, from six threads."""
    shop = shop_of(PACKS, store=store)
    for number in range(5):
        shop.handle(PACKS, share(f"p{number}", by=WHO))

    def hers() -> list[str]:
        return [
            code(shop.handle(PACKS, command))
            for number in NUMBERS
            for command in (
                share(f"new-{number}", by=WHO, key=f"s{number}"),
                grab("eve", f"new-{number}", key=f"e{number}"),
                grab(WHO, f"of-bob-{number % 5}", key=f"g{number}"),
            )
        ]

    def friends(name: str) -> Callable[[], list[str]]:
        return lambda: [
            code(shop.handle(PACKS, grab(f"{name}-{number}", f"p{number % 5}")))
            for number in NUMBERS
        ]

    def batches() -> list[str]:
        packs = [share(f"of-bob-{number}", by="bob") for number in range(5)]
        rest = [grab(f"m{number}", f"p{number % 5}") for number in range(20)]
        return [code(one) for one in shop.handle_many(PACKS, [*packs, *rest, grab(WHO, "p0")])]

    done, mine, *_ = at_once(
        lambda: forgotten(shop), hers, friends("dee"), friends("fay"), batches
    )
    assert not isinstance(mine, Exception), mine
    assert done.lines >= 5
    again = shop.forget(WHO)  # what others said of her meanwhile in names of theirs: nothing
    assert again.nothing
    assert standing_alone(WHO, told(store)) == []
    assert "forgotten" in mine or mine.count("yes") >= len(NUMBERS)
    assert code(shop.handle(PACKS, share("later", by=WHO))) == "forgotten"
    assert_clean(store)


def test_beside_everybody_when_too_many_to_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is in more instances than a server has locks for: all wait, and nothing is lost."""
    from viralcommerce.runtime.stores.postgres import upkeep

    monkeypatch.setattr(upkeep, "MOST_LOCKED", 3)
    store = fresh_store()
    shop = shop_of(PACKS, store=store)
    for round_ in range(3):
        for who in (f"{WHO}-{round_}", f"bob-7f3-{round_}"):
            for number in range(6):
                shop.handle(PACKS, share(f"{who}.{number}", by=who))

        def grabs(friend: str, round_: int = round_) -> None:
            for number in range(6):
                for who in (f"{WHO}-{round_}", f"bob-7f3-{round_}"):
                    shop.handle(PACKS, grab(friend, f"{who}.{number}"))

        def forgets(who: str) -> Forgotten:
            return shop.forget(who)

        works = [partial(grabs, f"fay-{friend}") for friend in range(3)]
        names = (f"{WHO}-{round_}", f"bob-7f3-{round_}")
        done = at_once(*[partial(forgets, who) for who in names], *works)
        assert [type(one) for one in done] == [Forgotten] * 2 + [type(None)] * 3, done
        assert standing_alone(names[0], told(store)) == []
        assert standing_alone(names[1], told(store)) == []
    assert_clean(store)
    store.close()


def test_twice_at_once_one_of_them_finds_nothing(store: Any) -> None:
    shop = shop_of(PACKS, store=store)
    for number in NUMBERS:
        shop.handle(PACKS, share(f"p{number}", by=WHO))
    done = at_once(*[lambda: forgotten(shop)] * 3)
    assert sorted(one.nothing for one in done) == [False, True, True]
    assert_clean(store)


def test_two_members_of_the_same_packs_at_once(store: Any) -> None:
    shop = shop_of(PACKS, store=store)
    for number in NUMBERS:
        shop.handle(PACKS, share(f"p{number}", by=WHO))
        shop.handle(PACKS, grab("bob-7f3", f"p{number}"))

    def other() -> Forgotten:
        while True:
            try:
                return shop.forget("bob-7f3")
            except StoreBusy:
                continue

    hers, his = at_once(lambda: forgotten(shop), other)
    assert (hers.cells, his.cells) == (len(NUMBERS), len(NUMBERS))
    text = told(store)
    assert standing_alone(WHO, text) == standing_alone("bob-7f3", text) == []
    assert_clean(store)


def test_killed_in_the_middle_nothing_has_changed_on_postgresql() -> None:
    """EC-73: at whatever statement the server goes away; done again, all of it is."""
    store = fresh_store()
    shop = shop_of(PACKS, store=store)
    for number in range(3):
        shop.handle(PACKS, share(f"p{number}", by=WHO))
        shop.handle(PACKS, grab("bob", f"p{number}"))
    before = told(store)

    def kill() -> None:
        import psycopg

        with psycopg.connect(server_url(), autocommit=True) as other:
            other.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where state = 'idle in transaction' and pid <> pg_backend_pid()"
            )

    for steps in range(1, 100):  # before the first there is nothing to undo
        try:
            wanted = erasure(WHO, entropy=SystemEntropy(), at=NOON, kinds=KINDS)
            done = _Between(store, steps, kill).forget(wanted)  # a shop would begin again
        except StoreError:
            assert told(store) == before
            continue
        break
    assert steps > 8
    assert not done.nothing
    assert standing_alone(WHO, told(store)) == []
    assert_clean(store)
    store.close()


@pytest.mark.parametrize("number", [False, True])
def test_others_name_what_is_new_after_her_between_any_two_steps(number: bool) -> None:
    """EC-71: what is begun meanwhile is renamed in every table or in none."""
    store = fresh_store()
    steps, was_reached = 0, True
    while was_reached:
        name, her = f"packs-{steps}", f"{1_000_000 + steps}" if number else f"{WHO}-{steps}"
        packs = PACKS.replace(name=name)
        shop = shop_of(packs, store=store)
        shop.handle(packs, share("p1", by=her))
        shop.handle(packs, share(f"for-{her}", by="bob"))
        shop.handle(packs, grab("eve", "p1"))

        def meanwhile(shop: Shop = shop, packs: Campaign = packs, her: str = her) -> None:
            shop.handle(packs, share(f"of-{her}", by="bob", key=f"bob:{her}"))
            shop.handle(packs, grab("eve", f"of-{her}", key=f"eve:{her}"))

        between = _Between(store, steps, meanwhile)
        assert not shop_of(packs, store=between).forget(her).nothing
        was_reached = between.reached
        steps += 1
    assert steps > 8
    assert_clean(store)
    store.close()


def test_what_begins_meanwhile_may_be_of_a_new_campaign() -> None:
    """Between any two steps: its rules were not in the store when the erasure began."""
    store = fresh_store()
    steps, was_reached = 0, True
    while was_reached:
        her = f"{WHO}-{steps}"
        shop_of(PACKS, store=store).handle(PACKS, share(f"p{steps}", by=her))
        newer = small(total=60, parts=20 + steps).replace(name=f"newer-{steps}")

        def meanwhile(newer: Campaign = newer, her: str = her) -> None:
            shop_of(newer, store=store).handle(newer, share(f"of-{her}", by="bob"))

        between = _Between(store, steps, meanwhile)
        assert not shop_of(PACKS, store=between).forget(her).nothing
        was_reached = between.reached
        steps += 1
    assert_clean(store)
    store.close()


@pytest.mark.parametrize("first", [WHO, "bob-7f3"])
def test_a_friend_is_forgotten_between_any_two_steps(first: str) -> None:
    """EC-64: what is named after the one, and names the other, has another name meanwhile."""
    store = fresh_store()
    friends = Campaign("rides", rides(), grants=gifts(2, 20), budget=UNLIMITED)
    shop = Shop(store, (friends,))
    steps, was_reached = 0, True
    while was_reached:
        ann, bob = f"{WHO}-{steps}", f"bob-7f3-{steps}"
        for command in (
            invite.Join(by=ann, link="zoe", at=NOON),
            invite.Join(by=bob, link=ann, at=NOON),
            invite.Order(by=bob, order=f"o{steps}", amount=CNY(100), at=NOON),
        ):
            shop.handle(friends, command)
        one, other = (ann, bob) if first == WHO else (bob, ann)
        beside = threading.Thread(target=lambda other=other: shop.forget(other))

        def meanwhile(beside: threading.Thread = beside) -> None:
            beside.start()
            beside.join(0.2)

        between = _Between(store, steps, meanwhile)
        assert not Shop(between, (friends,)).forget(one).nothing  # type: ignore[arg-type]
        was_reached = between.reached
        if was_reached:
            beside.join()
        else:
            shop.forget(other)
        steps += 1
    assert steps > 8
    text = told(store)
    assert WHO not in text
    assert "bob-7f3" not in text
    assert_clean(store)
    store.close()


def test_others_go_on_naming_her_in_what_is_new(store: Any) -> None:
    """EC-71: packs, keys and codes with her id in their names, from three threads."""
    shop = shop_of(PACKS, store=store)
    for round_ in range(4):
        her = f"{WHO}-{round_}"
        for number in range(5):
            shop.handle(PACKS, share(f"p{round_}-{number}", by=her))

        def naming(friend: int, her: str = her) -> None:
            for number in range(12):
                name = f"of-{her}.{friend}.{number}"
                shop.handle(PACKS, share(name, by=f"bob{friend}", key=f"{her}/{name}"))
                for guest in ("eve", "fay", "gus"):
                    shop.handle(PACKS, grab(guest, name, key=f"{her}/{name}/{guest}"))

        works = [partial(naming, friend) for friend in range(3)]
        done, *others = at_once(lambda her=her: shop.forget(her), *works)
        assert others == [None] * 3
        assert isinstance(done, StoreBusy) or not done.nothing
    assert_clean(store)


class _Between:
    """A store on which something happens after so many trips of an erasure."""

    def __init__(self, inner: Any, after: int, then: Callable[[], object]) -> None:
        self._inner = inner
        self._after = after
        self._then = then
        self.reached = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def forget(self, erasure: Any) -> Any:
        from viralcommerce.runtime.stores.postgres.upkeep import forgetting

        trips = 0

        def counted(script: Any) -> Any:
            nonlocal trips
            trip = next(script)
            while True:
                if trips == self._after:
                    self.reached = True
                    self._then()
                trips += 1
                try:
                    rows = yield trip
                except BaseException as error:  # noqa: BLE001 - the script's to handle
                    trip = script.throw(error)
                    continue
                try:
                    trip = script.send(rows)
                except StopIteration as done:
                    return done.value

        return self._inner._play(counted(forgetting(self._inner.schema, erasure, hosted=False)))


def test_no_table_has_it_on_postgresql_and_scrubbed_no_file(tmp_path: Path) -> None:
    """As a dump reads: every column of every table of the schema; then the pages on the disk."""
    import psycopg

    store = fresh_store()
    shop = shop_of(PACKS, store=store)
    for number in range(60):
        shop.handle(PACKS, share(f"{WHO}.{number}", by=WHO, key=f"{number}:{WHO}"))
        shop.handle(PACKS, grab("bob", f"{WHO}.{number}"))
    with psycopg.connect(server_url(), autocommit=True) as connection:
        assert dumped(connection, store.schema)
        assert on_disk(connection, store.schema)
        shop.forget(WHO)
        assert dumped(connection, store.schema) == []
        assert on_disk(connection, store.schema)  # what was overwritten lies in the pages still
        assert store.scrub()
        assert on_disk(connection, store.schema) == []
    assert_clean(store)
    store.close()


def dumped(connection: Any, schema: str) -> list[str]:
    """The tables with the id in any column of any row."""
    tables = connection.execute(
        "select table_name from information_schema.tables where table_schema = %s", (schema,)
    ).fetchall()
    return [
        table
        for (table,) in sorted(tables)
        if connection.execute(
            f"select 1 from {schema}.{table} t where t::text like %s limit 1", (f"%{WHO}%",)
        ).fetchone()
    ]


def on_disk(connection: Any, schema: str) -> list[str]:
    """The tables and indexes with the id in a page of their files."""
    connection.execute("checkpoint")
    (folder,) = connection.execute("show data_directory").fetchone()
    if not Path(folder).is_dir():
        pytest.skip("the server's files are not on this machine")
    relations = connection.execute(
        "select c.relname, pg_relation_filepath(c.oid) from pg_class c "
        "join pg_namespace n on n.oid = c.relnamespace where n.nspname = %s "
        "and pg_relation_filepath(c.oid) is not null "
        "union all select t.relname, pg_relation_filepath(t.oid) from pg_class c "
        "join pg_namespace n on n.oid = c.relnamespace join pg_class t on t.oid = c.reltoastrelid "
        "where n.nspname = %s",
        (schema, schema),
    ).fetchall()
    return [
        name
        for name, path in sorted(relations)
        if WHO.encode() in (Path(folder) / path).read_bytes()
    ]
