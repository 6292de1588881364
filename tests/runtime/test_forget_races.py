"""Forgetting while everybody goes on, and while things go wrong; and what is left in the files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from postgres import fresh_store, server_url
from runtime.test_forget import standing_alone, told
from shops import assert_clean, code, grab, share, shop_of, small
from viralcommerce import Shop
from viralcommerce.errors import StoreBusy
from viralcommerce.runtime.erasure import Forgotten
from viralcommerce.runtime.relay import Patience
from viralcommerce.runtime.stores.erasing import _Forgetting
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.doubles import FakeIssuer

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


def test_what_was_set_aside_is_not_tried_again_while_its_member_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """EC-64: else a relay hands it out under the id that is said to be gone."""
    store = fresh_store(busy_after=0.3)
    issuer = FakeIssuer()
    issuer.fail(LookupError("away"))
    shop = shop_of(PACKS, store=store, issuer=issuer)
    shop.handle(PACKS, share())
    shop.handle(PACKS, grab(WHO))
    shop.deliver(limit=1, patience=Patience(tries=1))
    (aside,) = shop.views.poisoned()
    write, busy = _Forgetting._write, list[StoreBusy]()

    def and_somebody_tries(self: Any, statements: Any) -> Any:
        try:
            shop.retry(aside.position)
        except StoreBusy as error:
            busy.append(error)
        return (yield from write(self, statements))

    monkeypatch.setattr(_Forgetting, "_write", and_somebody_tries)
    assert shop.forget(WHO).outbox == 1
    assert busy
    assert WHO not in told(store)
    store.close()
