"""One hot budget inside many hosts' transactions: spread over rows, never passed, met exactly."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg
import pytest

from postgres import RAIN, fresh_schema, fresh_store, server_url
from viralcommerce import CNY, Accepted, Refused, Shop
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.audit import audit


def all_at_once(work: Any, workers: int) -> list[Any]:
    """What every worker's calls came to."""
    told: list[Any] = []
    failed: list[BaseException] = []

    def run(number: int) -> None:
        try:
            told.extend(work(number))
        except BaseException as error:  # noqa: BLE001 - shown by the test
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if failed:
        raise failed[0]
    return told


@pytest.mark.parametrize("shards", [1, 3, 16])
@pytest.mark.parametrize("ending", ["commit", "some roll back"])
def test_the_budget_is_never_passed_and_met_exactly(shards: int, ending: str) -> None:
    """Eight hosts share packs of ¥60 from ¥1,200 and go on for a while before they commit."""
    tiny = RAIN.replace(budget=CNY(1_200))
    with Shop(fresh_store(shards=shards), [tiny]) as shop:

        def work(number: int) -> list[Any]:
            told = []
            with psycopg.connect(server_url()) as host:
                for turn in range(6):
                    name = f"p{number}-{turn}"
                    share = pack.Share(pack=name, by="ann", key=name)
                    said = shop.within(host).handle(tiny, share)
                    time.sleep(0.002)
                    if ending != "commit" and (number + turn) % 4 == 0:
                        host.rollback()
                        continue
                    host.commit()
                    told.append(said)
            return told

        told = all_at_once(work, workers=8)
        accepted = sum(isinstance(one, Accepted) for one in told)
        assert all(isinstance(one, Accepted | Refused) for one in told)
        report = audit(shop.store)
        assert report.is_clean
        assert report.accepted == accepted
        if ending == "commit":
            assert accepted == 20
            assert report.spent["rain-pack"] == CNY(1_200)
        assert accepted <= 20


def test_a_row_that_others_hold_is_waited_for_with_nothing_written_meanwhile() -> None:
    schema = fresh_schema(shards=1)
    from viralcommerce.runtime.stores.postgres import PostgresStore

    with Shop(PostgresStore(server_url(), schema=schema), [RAIN]) as shop:
        shop.handle(RAIN, pack.Share(pack="first", by="ann", key="first"))
        with psycopg.connect(server_url()) as one, psycopg.connect(server_url()) as other:
            shop.within(one).handle(RAIN, pack.Share(pack="p", by="ann", key="p"))
            done = threading.Event()

            def wait() -> None:
                share = pack.Share(pack="q", by="ann", key="q")
                assert isinstance(shop.within(other).handle(RAIN, share), Accepted)
                done.set()

            waiting = threading.Thread(target=wait)
            waiting.start()
            assert not done.wait(0.2), "the only row is held until the host commits"
            one.commit()
            waiting.join(10)
            assert done.is_set()
            assert shop.store.cell("rain-pack", "q") is None
            other.commit()
        assert len(list(shop.store.journal("rain-pack"))) == 3
        assert audit(shop.store).is_clean


def test_two_budgets_at_once_are_taken_both_or_neither() -> None:
    """A pack of one campaign and one of another, in the same transaction of the host's."""
    small = RAIN.replace(name="small-rain", budget=CNY(100))
    with Shop(fresh_store(shards=2), [RAIN, small]) as shop:
        with psycopg.connect(server_url()) as host:
            inside = shop.within(host)
            for number in range(3):
                share = pack.Share(pack=f"p{number}", by="ann", key=f"k{number}")
                assert isinstance(inside.handle(RAIN, share), Accepted)
                said = inside.handle(small, share)
                assert isinstance(said, Accepted if number == 0 else Refused)
            host.commit()
        assert audit(shop.store).is_clean
