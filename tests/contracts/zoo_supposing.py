"""Broken stores that lock, compare and commit in one step, and take one for the other."""

from __future__ import annotations

from msgspec import structs

from contracts.skins import Session, Store
from row_locks import as_supposed
from viralcommerce.runtime.ports import Found, Wanted, Writes


class _Supposing(Session):
    """What is right: it locks, compares, commits, and lets go whatever came of it."""

    def commit_if(self, wanted: Wanted, supposed: Found, writes: Writes) -> bool:
        try:
            there = as_supposed(wanted, self.inner.lock(wanted), supposed)
            return there and self.inner.commit(writes) is None
        finally:
            self.let_go()

    def let_go(self) -> None:
        self.inner.close()
        self.inner = self.store.inner.session()


class Supposes(Store):
    """No animal: it does nothing wrong."""

    Session = _Supposing


class SupposesWithoutLooking(Store):
    """Writes whatever was supposed; the versions will tell."""

    class Session(_Supposing):
        def commit_if(self, wanted: Wanted, supposed: Found, writes: Writes) -> bool:
            try:
                self.inner.lock(wanted)
                return self.inner.commit(writes) is None
            finally:
                self.let_go()


class ComparesVersionsOnly(Store):
    """A version is a version."""

    class Session(_Supposing):
        def commit_if(self, wanted: Wanted, supposed: Found, writes: Writes) -> bool:
            cells = self.inner.look(wanted).cells
            kept = {
                place: cells[place] if cells[place].version == cell.version else cell
                for place, cell in supposed.cells.items()
            }
            return super().commit_if(wanted, structs.replace(supposed, cells=kept), writes)


class SupposesNothingOfCounts(Store):
    """Counts are added up anyhow."""

    class Session(_Supposing):
        def commit_if(self, wanted: Wanted, supposed: Found, writes: Writes) -> bool:
            used = {key: self.inner.look(wanted).used.get(key, 0) for key in wanted.quotas}
            return super().commit_if(wanted, structs.replace(supposed, used=used), writes)


class SupposesNobodyIsGone(Store):
    """Who was forgotten is no row to compare."""

    class Session(_Supposing):
        def commit_if(self, wanted: Wanted, supposed: Found, writes: Writes) -> bool:
            return super().commit_if(structs.replace(wanted, members=()), supposed, writes)


class HoldsOnToWhatWasNotSo(Store):
    """Says no, and keeps its locks."""

    class Session(_Supposing):
        def let_go(self) -> None:
            """Later, maybe."""
