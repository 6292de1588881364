"""Many workers on one PostgreSQL: nobody gets twice, no cap is passed, nobody waits for ever.

Covers EC-1 (64 parallel claims), RQ-1 (over-issue) and what a database does to those in its way.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest

from postgres import RAIN, fresh_schema, fresh_store, server_url
from viralcommerce import (
    CNY,
    WHOLE,
    Accepted,
    Campaign,
    Coupon,
    EqualSplit,
    Grant,
    Limit,
    Refused,
    Shop,
    days,
)
from viralcommerce.errors import (
    InvalidValue,
    NotLive,
    SchemaMismatch,
    StoreBusy,
    StoreCorrupt,
    StoreError,
)
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.ports import Wanted

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

T = TypeVar("T")
ONE = Campaign(
    "one-share",
    pack.CouponPack(EqualSplit(CNY(1), parts=1), open_for=days(1)),
    grants=Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),
    budget=CNY(100),
)
CLIPPED = Campaign(
    "clipped",
    pack.CouponPack(EqualSplit(CNY("0.01"), parts=1), open_for=days(1)),
    grants=(
        Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),
        Grant(Coupon(CNY("7.01")), to=pack.SHARER, on=pack.GRABBED, if_short="clip"),
    ),
    budget=CNY("300.37"),
)


@pytest.fixture(params=[16, 1], ids=["16 shards", "1 shard"])
def store(request: pytest.FixtureRequest) -> Iterator[Any]:
    store = fresh_store(shards=request.param)
    yield store
    store.close()


def at_once(work: Callable[[int], T], count: int) -> list[T]:
    """Run it in so many threads that begin together; what each came to."""
    gate = threading.Barrier(count)
    answers: list[T] = []
    failures: list[BaseException] = []

    def run(number: int) -> None:
        gate.wait()
        try:
            answers.append(work(number))
        except BaseException as error:  # noqa: BLE001 - it is raised below
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if failures:
        raise failures[0]
    assert len(answers) == count, "somebody waits for ever"
    return answers


def clean(store: Any) -> None:
    assert [str(problem) for problem in audit(store).problems] == []


def test_of_64_parallel_claims_of_one_share_one_succeeds(store: Any) -> None:
    with Shop(store, [ONE]) as shop:
        shop.handle(ONE, pack.Share(pack="p", by="ann"))
        answers = at_once(
            lambda number: shop.handle(ONE, pack.Grab(pack="p", by=f"m{number}")), 64
        )
        assert sum(isinstance(answer, Accepted) for answer in answers) == 1
        clean(store)


def test_one_key_claimed_by_many_is_decided_once(store: Any) -> None:
    with Shop(store, [RAIN]) as shop:
        shop.handle(RAIN, pack.Share(pack="p", by="ann"))
        answers = at_once(
            lambda _: shop.handle(RAIN, pack.Grab(pack="p", by="bob", key="bob's")), 16
        )
        assert len({repr(answer) for answer in answers}) == 1
        assert audit(store).accepted == 2
        clean(store)


def test_a_budget_hit_by_16_workers_is_spent_to_the_last_cent_and_not_one_further(
    store: Any,
) -> None:
    with Shop(store, [CLIPPED]) as shop:

        def spend(number: int) -> None:
            for turn in range(6):
                name = f"p{number}-{turn}"
                shop.handle(CLIPPED, pack.Share(pack=name, by=f"s{number}"))
                shop.handle(CLIPPED, pack.Grab(pack=name, by="bob"))

        at_once(spend, 16)
        used = store.used("clipped")
        assert used == {("clipped", "budget/CNY", "", ""): 30_037}
        clean(store)


def test_batches_of_the_same_packs_in_other_orders_do_not_wait_for_each_other(store: Any) -> None:
    with Shop(store, [RAIN]) as shop:
        packs = [f"p{number}" for number in range(12)]
        shop.handle_many(RAIN, [pack.Share(pack=name, by="ann", key=name) for name in packs])

        def grab(number: int) -> int:
            names = packs[number:] + packs[:number] if number % 2 else packs[::-1]
            wanted = [pack.Grab(pack=name, by=f"m{number}") for name in names]
            return sum(isinstance(one, Accepted) for one in shop.handle_many(RAIN, wanted))

        assert sum(at_once(grab, 12)) == 120
        clean(store)
        assert store.used("rain-pack")[("rain-pack", "budget/CNY", "", "")] == 12 * (
            6000 + 5 * 200
        )


def test_what_the_rehearsal_did_not_foresee_ends_the_batch_and_the_rest_follows() -> None:
    """The limit is reached within the batch, so the substitute's quotas come up late."""
    campaign = Campaign(
        "instead",
        pack.CouponPack(EqualSplit(CNY(10), parts=10), open_for=days(1)),
        grants=(
            Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),
            Grant(
                Coupon(CNY(5)),
                to=pack.SHARER,
                on=pack.GRABBED,
                at_most=Limit(3, per=pack.PACK),
            ),
        ),
        budget=CNY(1000),
    )
    commands = [
        command
        for name in ("p", "q", "r")
        for command in (
            pack.Share(pack=name, by="ann", key=name),
            *(pack.Grab(pack=name, by=f"m{n}", key=f"{name}{n}") for n in range(6)),
        )
    ]
    found = []
    for many in (True, False):
        store = fresh_store()
        with Shop(store, [campaign]) as shop:
            if many:
                outcomes = shop.handle_many(campaign, commands)
            else:
                outcomes = [shop.handle(campaign, command) for command in commands]
            found.append(([str(one) for one in outcomes], list(store.quotas("instead"))))
            clean(store)
    assert found[0] == found[1]


def test_a_cap_that_is_lowered_holds_at_once_for_every_shard() -> None:
    store = fresh_store()
    rich = CLIPPED.replace(budget=CNY(1_000))
    with Shop(store, [rich]) as shop:
        for number in range(20):
            shop.handle(rich, pack.Share(pack=f"p{number}", by="ann"))
            shop.handle(rich, pack.Grab(pack=f"p{number}", by="bob"))
        spent = store.used("clipped")[("clipped", "budget/CNY", "", "")]
        assert spent == 20 * 702
        poor = rich.replace(budget=CNY(100))
        with Shop(store, [poor]) as later:
            answer = later.handle(poor, pack.Share(pack="late", by="ann"))
            assert isinstance(answer, Refused)
            assert answer.refusal.code == "out_of_budget"
            assert store.used("clipped")[("clipped", "budget/CNY", "", "")] == spent


def test_who_waits_too_long_is_told_so_and_nothing_is_written() -> None:
    slow = fresh_store(busy_after=0.2)
    with Shop(slow, [RAIN]) as shop:
        shop.handle(RAIN, pack.Share(pack="p", by="ann"))
        holder = slow.session()
        holder.lock(Wanted(cells=(("rain-pack", "p"),)))
        with pytest.raises(StoreBusy, match="busy_after"):
            shop.handle(RAIN, pack.Grab(pack="p", by="bob"))
        holder.close()
        assert isinstance(shop.handle(RAIN, pack.Grab(pack="p", by="bob")), Accepted)
        clean(slow)


def test_deadlocks_are_run_again_and_end_well(store: Any) -> None:
    """Two sessions that lock against the order: the database undoes one, the shop tries again."""
    from viralcommerce.errors import StoreConflict

    a, b = (("rain-pack", "a"),), (("rain-pack", "b"),)
    gate = threading.Barrier(2)
    tries = []

    def lock(first: Any, then: Any) -> None:
        session = store.session()
        try:
            session.lock(Wanted(cells=first))
            if not tries:
                gate.wait()
            session.lock(Wanted(cells=then))
        except StoreConflict:
            tries.append(first)
        finally:
            session.close()

    at_once(lambda number: lock(a, b) if number else lock(b, a), 2)
    assert len(tries) == 1


def test_tables_that_are_missing_or_of_another_version_are_refused_with_what_to_run() -> None:
    from viralcommerce.runtime.stores.postgres import PostgresStore, migrate, schema_sql

    with pytest.raises(SchemaMismatch, match="migrate"):
        PostgresStore(server_url(), schema="never_made")
    schema = fresh_schema()
    assert migrate(server_url(), schema) == 1, "nothing is done where nothing is to be done"
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(f"update {schema}.meta set value = '99' where name = 'schema'".encode())
        for opening in (PostgresStore, migrate):
            with pytest.raises(SchemaMismatch, match="install the library"):
                opening(server_url(), schema=schema)
        connection.execute("drop schema if exists by_hand cascade")
        with connection.transaction():
            connection.execute(schema_sql("by_hand", shards=4).encode())
    PostgresStore(server_url(), schema="by_hand").close()
    with pytest.raises(InvalidValue, match="plain name"):
        schema_sql("No; drop")
    with pytest.raises(InvalidValue, match="out of bounds"):
        schema_sql(shards=0)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("update {s}.meta set value = 'abc' where name = 'schema'", "version 'abc'"),
        ("update {s}.meta set value = '-1' where name = 'schema'", "version '-1'"),
        ("update {s}.meta set value = '0' where name = 'schema'", "version '0'"),
        ("delete from {s}.meta where name = 'schema'", "has no version"),
        ("delete from {s}.meta", "has no version"),
        ("alter table {s}.meta rename column name to id", "has no version"),
        ("delete from {s}.meta where name = 'shards'", "says ''; put the row 'shards' back"),
        ("update {s}.meta set value = '0' where name = 'shards'", "says '0'; put the row"),
        ("update {s}.meta set value = '999' where name = 'shards'", "says '999'; put the row"),
    ],
)
def test_tables_that_say_nothing_that_can_be_are_told_alike_by_whoever_opens_and_migrates(
    damage: str, said: str
) -> None:
    from viralcommerce.runtime.stores.postgres import PostgresStore, migrate
    from viralcommerce.runtime.stores.postgres.drivers import play
    from viralcommerce.runtime.stores.postgres.on_psycopg import Psycopg
    from viralcommerce.runtime.stores.postgres.tables import versions

    schema = fresh_schema()
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(damage.format(s=schema))
        for opening in (
            lambda: PostgresStore(server_url(), schema=schema),
            lambda: migrate(server_url(), schema),
            lambda: play(versions(schema), Psycopg(connection)),
        ):
            with pytest.raises(StoreCorrupt, match=said):
                opening()


def test_a_database_that_is_not_there_and_a_url_of_no_kind() -> None:
    from viralcommerce.runtime.stores.postgres import migrate

    nowhere = "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1"
    missing = urlsplit(server_url())._replace(path="/not_there").geturl()
    for url, said in ((nowhere, "port 1 failed"), (missing, '"not_there"')):
        for opening in (Shop.open, migrate):
            with pytest.raises(
                StoreError, match=f"no connection to the database .*{said}"
            ) as told:
                opening(url)
            assert not isinstance(told.value, StoreBusy), "trying again does not help"
    with pytest.raises(InvalidValue, match="postgresql://"):
        Shop.open("mysql://root@localhost")


def test_a_closed_store_refuses_and_leaves_no_connection() -> None:
    store = fresh_store()
    session = store.session()
    session.lock(Wanted(cells=(("rain-pack", "p"),)))
    store.close()
    session.close()
    with pytest.raises(NotLive):
        store.session()
