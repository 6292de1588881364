"""A contract that nothing fails is no contract: every broken store is caught, by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.zoo import ANIMALS, MEETING, Animal
from contracts.zoo_supposing import Supposes
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.testing.contracts import (
    DURABLE_STORE_LAWS,
    STORE_LAWS,
    LawBroken,
    check_store,
)
from viralcommerce.testing.contracts.kit import StoreBench
from viralcommerce.testing.laws import name_of, obeys_all


@pytest.mark.slow
@pytest.mark.parametrize("animal", ANIMALS, ids=lambda animal: animal.kind.__name__)
def test_a_broken_store_is_caught_by_the_name_of_the_law_it_breaks(
    animal: Animal, tmp_path: Path
) -> None:
    """RQ-1, RQ-19, RQ-22; by a law about one thing, unless it takes a race to see it."""
    reopen = (lambda store: store.restarted()) if animal.is_durable else None
    laws = [
        law
        for law in (DURABLE_STORE_LAWS if animal.is_durable else STORE_LAWS)
        if name_of(law) in animal.breaks or name_of(law) not in MEETING
    ]
    make = animal.make(tmp_path)
    benches: list[StoreBench] = []

    def bench() -> StoreBench:
        benches.append(StoreBench(make, reopen))
        return benches[-1]

    with pytest.raises(LawBroken) as caught:
        obeys_all(laws, bench)
    for one in benches:
        one.close()
    broken = set(caught.value.laws)
    assert animal.breaks <= broken, str(caught.value)
    assert broken <= animal.breaks | animal.also, str(caught.value)


def test_every_law_of_a_store_is_broken_by_some_animal() -> None:
    assert {name_of(law) for law in DURABLE_STORE_LAWS} == {
        law for animal in ANIMALS for law in animal.breaks
    }


def test_every_law_has_a_sentence() -> None:
    for law in DURABLE_STORE_LAWS:
        assert (law.__doc__ or "").rstrip().endswith((".", "`Stale`.")), name_of(law)


def test_a_right_store_passes_without_pytest() -> None:
    check_store(MemoryStore)


def test_a_store_that_supposes_rightly_passes() -> None:
    check_store(Supposes)


def test_a_store_that_cannot_be_made_breaks_every_law() -> None:
    def make() -> MemoryStore:
        raise OSError("no room")

    with pytest.raises(LawBroken, match="guards_versions: OSError: no room") as caught:
        check_store(make)
    assert len(caught.value.laws) == len(DURABLE_STORE_LAWS) - 1
