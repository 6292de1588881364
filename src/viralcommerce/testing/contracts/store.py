"""The contract of a store: every law, and two ways to hold a store to it.

In a plain script::

    check_store(lambda: MyStore("mydb://..."), reopen=lambda store: MyStore(store.url))

or in a pytest module, one test a law::

    class TestMyStore(StoreContract):
        def make_store(self, folder):
            return MyStore(folder / "shop.db")
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from viralcommerce.runtime.ports import Store
from viralcommerce.testing.contracts.kit import StoreBench
from viralcommerce.testing.contracts.store_commits import (
    all_or_nothing,
    keeps_campaigns_apart,
    keys_are_forgotten_when_told,
    lives_are_kept,
    never_passes_a_cap,
    parts_once,
    rules_are_kept,
    transient_refusals_leave_the_key_free,
)
from viralcommerce.testing.contracts.store_flows import (
    batch_equals_one_by_one,
    concurrent_threads,
    delivers_at_least_once,
    ticks_once,
)
from viralcommerce.testing.contracts.store_locks import (
    claims_a_key_once,
    closing_lets_go,
    guards_versions,
    locks_what_is_not_there,
    looks_without_waiting,
    reads_its_locks,
    short_writes_nothing,
)
from viralcommerce.testing.contracts.store_outbox import (
    claims_in_line,
    leases_run_out,
    leaves_to_others,
    outbox_survives,
    relays_share,
    retries_alone,
    sets_aside,
    settles_its_own,
)
from viralcommerce.testing.contracts.store_races import (
    any_order_is_some_order,
    whatever_goes_wrong_the_same_key_settles,
)
from viralcommerce.testing.contracts.store_reads import (
    deadlines_are_indexed_and_due_once,
    finds_lines_by_moment,
    finds_the_history_of_an_instance,
    keeps_every_posting,
    keeps_what_it_was_given,
    pages_by_id,
    refuses_when_closed,
    reopen_sees_everything,
    streams_in_order,
)
from viralcommerce.testing.contracts.store_supposing import commits_only_as_supposed
from viralcommerce.testing.contracts.store_upkeep import (
    forgets_beside_others,
    forgets_everywhere,
    forgets_nobody_who_is_owed,
    forgetting_again_does_nothing,
    seals_nothing_that_changed,
    seals_what_is_over,
    tombstones_are_pruned_when_told,
    turns_away_who_was_forgotten,
)
from viralcommerce.testing.laws import Law, name_of, obeys, obeys_all

if TYPE_CHECKING:
    import pytest

StoreLaw = Law[StoreBench]
STORE_LAWS: Final[tuple[StoreLaw, ...]] = (
    keeps_what_it_was_given,
    claims_a_key_once,
    guards_versions,
    reads_its_locks,
    locks_what_is_not_there,
    looks_without_waiting,
    closing_lets_go,
    all_or_nothing,
    never_passes_a_cap,
    short_writes_nothing,
    commits_only_as_supposed,
    keeps_campaigns_apart,
    transient_refusals_leave_the_key_free,
    keys_are_forgotten_when_told,
    keeps_every_posting,
    outbox_survives,
    claims_in_line,
    retries_alone,
    leaves_to_others,
    leases_run_out,
    settles_its_own,
    sets_aside,
    relays_share,
    parts_once,
    rules_are_kept,
    lives_are_kept,
    deadlines_are_indexed_and_due_once,
    streams_in_order,
    finds_the_history_of_an_instance,
    finds_lines_by_moment,
    pages_by_id,
    refuses_when_closed,
    batch_equals_one_by_one,
    concurrent_threads,
    ticks_once,
    delivers_at_least_once,
    any_order_is_some_order,
    whatever_goes_wrong_the_same_key_settles,
    forgets_everywhere,
    turns_away_who_was_forgotten,
    forgetting_again_does_nothing,
    forgets_nobody_who_is_owed,
    forgets_beside_others,
    tombstones_are_pruned_when_told,
    seals_what_is_over,
    seals_nothing_that_changed,
)
"""What every store promises."""
DURABLE_STORE_LAWS: Final[tuple[StoreLaw, ...]] = (*STORE_LAWS, reopen_sees_everything)
"""What a store promises that keeps its data when it is closed."""


def check_store(
    make_store: Callable[[], Store], *, reopen: Callable[[Store], Store] | None = None
) -> None:
    """Hold a store to its contract; takes some seconds.

    Args:
        make_store: a new and empty store, at every call.
        reopen: for stores that keep their data: a store on the same data as the one given, as
            after a restart; the one given may be closed first.

    Raises:
        LawBroken: naming every law that it breaks, with what was seen.
    """
    laws = STORE_LAWS if reopen is None else DURABLE_STORE_LAWS
    benches: list[StoreBench] = []

    def bench() -> StoreBench:
        benches.append(StoreBench(make_store, reopen))
        return benches[-1]

    try:
        obeys_all(laws, bench)
    finally:
        for one in benches:
            one.close()


class StoreContract(ABC):
    """The contract for pytest: inherit, begin the name with ``Test``, say how to make one."""

    @abstractmethod
    def make_store(self, folder: Path) -> Store:
        """A new and empty store.

        Args:
            folder: empty, for the store's files if it has any; another at every call.
        """

    def reopen(self, store: Store) -> Store:
        """A store on the same data as after a restart; override it where there is any."""
        return store

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for each law."""
        durable = type(self).reopen is not StoreContract.reopen
        laws = DURABLE_STORE_LAWS if durable else STORE_LAWS
        metafunc.parametrize("law", laws, ids=name_of)

    def test_obeys(self, law: StoreLaw, tmp_path: Path) -> None:
        """The store obeys this law."""
        count = iter(range(1_000))

        def make() -> Store:
            folder = tmp_path / str(next(count))
            folder.mkdir()
            return self.make_store(folder)

        durable = type(self).reopen is not StoreContract.reopen
        bench = StoreBench(make, self.reopen if durable else None)
        try:
            obeys(law, bench)
        finally:
            bench.close()
