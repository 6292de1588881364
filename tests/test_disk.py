"""A disk that is full, a file that is locked, damaged or of another version: the right error,
nothing half-written, and a store that goes on where it can."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crashing import PEOPLE, game
from viralcommerce import Accepted
from viralcommerce.errors import (
    InvalidValue,
    SchemaMismatch,
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreFull,
)
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Command
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.chance import DerivedEntropy
from viralcommerce.runtime.shop import Shop
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.runtime.stores.urls import open_store
from viralcommerce.testing.contracts.kit import tables

NAME = "rain-pack"


class SmallDisk(SqliteStore):
    """A store on a disk with room for so many pages of 4 KiB."""

    room = 1_000_000

    def _open(self) -> sqlite3.Connection:
        connection = super()._open()
        connection.execute(f"pragma max_page_count = {self.room}")
        return connection

    def give_room(self, pages: int) -> None:
        """Make the disk smaller or larger."""
        self.room = pages
        for connection in self._pool:
            connection.execute(f"pragma max_page_count = {pages}")


def shop_on(store: SqliteStore) -> Shop:
    return Shop(store, [game()], entropy=DerivedEntropy("disk"))


def commands(pack_name: str) -> list[Command]:
    grabs = [pack.Grab(pack=pack_name, by=by, key=f"{pack_name}/{by}") for by in PEOPLE[:10]]
    return [pack.Share(pack=pack_name, by="ann", key=f"{pack_name}/share"), *grabs]


def filled(path: Path, packs: int = 20) -> None:
    """A store with some packs, closed."""
    with shop_on(SqliteStore(path)) as shop:
        for number in range(packs):
            shop.handle_many(NAME, commands(f"p{number}"))


def until_it_is_full(shop: Shop, done: list[Command]) -> None:
    """Open packs, and note each command before it is sent."""
    for number in range(10_000):
        for command in commands(f"p{number}"):
            done.append(command)
            shop.handle(NAME, command)


def audited(path: Path) -> None:
    """Open a file and read all of it."""
    with shop_on(SqliteStore(path)) as shop:
        assert audit(shop.store).is_clean


@contextmanager
def held_by_another_process(path: Path, how: str = "begin immediate") -> Iterator[None]:
    """Another process holds the write lock."""
    code = (
        f"import sqlite3, sys; c = sqlite3.connect({str(path)!r}, isolation_level=None);"
        f"c.execute('pragma journal_mode = wal'); c.execute({how!r});"
        "print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        yield
    finally:
        other.communicate("")


def test_a_full_disk_writes_nothing_and_the_same_command_works_when_there_is_room(
    tmp_path: Path,
) -> None:
    store = SmallDisk(tmp_path / "shop.db")
    store.give_room(60)
    with shop_on(store) as shop:
        done: list[Command] = []
        with pytest.raises(StoreFull, match=r"shop\.db: the disk is full; nothing was written"):
            until_it_is_full(shop, done)
        refused = done.pop()
        assert len(done) > 20
        before = tables(store, "ann", *PEOPLE)
        with pytest.raises(StoreFull):
            shop.handle(NAME, refused)
        assert tables(store, "ann", *PEOPLE) == before
        assert len(list(store.journal(NAME))) == len(done)
        assert audit(store).is_clean
        assert isinstance(shop.handle(NAME, done[0]), Accepted), "keys still answer"

        store.give_room(1_000)
        assert isinstance(shop.handle(NAME, refused), Accepted)
        assert audit(store).is_clean
        assert len(list(store.journal(NAME))) == len(done) + 1


def test_of_a_batch_that_finds_the_disk_full_the_earlier_commits_stand(tmp_path: Path) -> None:
    store = SmallDisk(tmp_path / "shop.db")
    store.give_room(60)
    everything = [command for number in range(60) for command in commands(f"p{number}")]
    with shop_on(store) as shop:
        with pytest.raises(StoreFull):
            shop.handle_many(NAME, everything, at_once=11)
        written = len(list(store.journal(NAME)))
        assert 0 < written < len(everything)
        assert written % 11 == 0, "a commit is written whole or not at all"
        assert audit(store).is_clean
        store.give_room(10_000)
        outcomes = shop.handle_many(NAME, everything, at_once=11)
        assert all(isinstance(one, Accepted) for one in outcomes)
        assert len(list(store.journal(NAME))) == len(everything)
        assert audit(store).is_clean


def test_the_outbox_and_the_lives_find_the_disk_full_too(tmp_path: Path) -> None:
    filled(tmp_path / "shop.db")
    store = SmallDisk(tmp_path / "shop.db")
    store.give_room(1)
    with shop_on(store) as shop, pytest.raises(StoreFull):
        shop.set_stage(NAME, "paused", by="op", why="x" * 2_000_000)
    with shop_on(SqliteStore(tmp_path / "shop.db")) as shop:
        assert audit(shop.store).is_clean


@pytest.mark.skipif(sys.platform == "win32", reason="no limits to the size of files here")
def test_a_disk_that_is_full_at_the_commit_forgets_nobody_and_says_so(tmp_path: Path) -> None:
    import resource

    path = tmp_path / "shop.db"
    filled(path, packs=1)
    with shop_on(SqliteStore(path)) as shop:
        before = tables(shop.store, "ann")
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
        try:
            with pytest.raises(StoreError, match=r"shop\.db: .*; nothing was written"):
                shop.forget("ann")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert tables(shop.store, "ann") == before
        assert not shop.forget("ann").nothing
        assert audit(shop.store).is_clean


def test_no_room_for_the_tables_says_so_and_the_file_can_be_used_later(tmp_path: Path) -> None:
    class NoRoom(SmallDisk):
        room = 3

    with pytest.raises(StoreFull):
        NoRoom(tmp_path / "shop.db")
    with shop_on(SqliteStore(tmp_path / "shop.db")) as shop:
        assert isinstance(shop.handle(NAME, commands("p")[0]), Accepted)


def test_a_file_that_another_process_writes_to_is_busy_and_then_it_is_not(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    filled(path, packs=1)
    store = SqliteStore(path, busy_after=0.05)
    with shop_on(store) as shop:
        share, *grabs = commands("q")
        before = tables(store, "ann")
        with held_by_another_process(path):
            with pytest.raises(StoreBusy, match="another process is writing to it"):
                shop.handle(NAME, share)
            with pytest.raises(StoreBusy):
                shop.handle_many(NAME, [share, *grabs])
            with pytest.raises(StoreBusy):
                shop.set_stage(NAME, "paused", by="op", why="busy")
            assert tables(store, "ann") == before, "reading waits for nobody"
            assert audit(store).is_clean
        assert isinstance(shop.handle(NAME, share), Accepted)
        assert shop.stage(NAME).stage == "live"


def test_a_new_file_that_another_process_locks_is_busy(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with held_by_another_process(path), pytest.raises(StoreBusy):
        SqliteStore(path, busy_after=0.05)
    SqliteStore(path, busy_after=0.05).close()


@pytest.mark.parametrize(
    "text", [b"name,amount\nann,7.41\n" * 100, b"\x89PNG\r\n" * 1000, b"hello"]
)
def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "shop.csv"
    path.write_bytes(text)
    with pytest.raises(StoreCorrupt, match=r"shop\.csv: not a database, or a damaged one"):
        SqliteStore(path)
    assert path.read_bytes() == text
    assert [one.name for one in tmp_path.iterdir()] == ["shop.csv"]


@pytest.mark.parametrize("keep", [50, 99, 2_048, 4_096, 5_000, 40_000])
def test_a_truncated_file_is_said_to_be_damaged(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "shop.db"
    filled(path)
    whole = path.read_bytes()
    assert len(whole) > 80_000
    path.write_bytes(whole[:keep])
    with pytest.raises(StoreCorrupt, match=r"shop\.db: not a database, or a damaged one"):
        audited(path)
    path.write_bytes(whole)
    with shop_on(SqliteStore(path)) as shop:
        assert audit(shop.store).is_clean


def test_a_page_of_garbage_is_said_to_be_damage(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    filled(path)
    damaged = bytearray(path.read_bytes())
    for page in range(2, len(damaged) // 4096):
        damaged[page * 4096 : page * 4096 + 16] = b"\xff" * 16
    path.write_bytes(damaged)
    with pytest.raises(StoreCorrupt):
        audited(path)


@pytest.mark.parametrize("version", ["2", "99", "0", "old", ""])
def test_tables_of_another_version_are_refused_and_left_as_they_are(
    tmp_path: Path, version: str
) -> None:
    path = tmp_path / "shop.db"
    filled(path, packs=1)
    with sqlite3.connect(path) as connection:
        connection.execute("update viral_meta set value = ? where name = 'schema'", (version,))
    connection.close()
    before = path.read_bytes()
    with pytest.raises(SchemaMismatch, match=r"shop\.db: its tables are version .*, this library"):
        SqliteStore(path)
    assert path.read_bytes() == before


def test_tables_without_a_version_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table viral_meta (name text primary key, value text)")
    connection.close()
    with pytest.raises(SchemaMismatch):
        SqliteStore(path)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("no/such/folder/shop.db", "make its folder, or name another"),
        (".", "it is a folder; name a file in it"),
    ],
)
def test_a_place_where_no_file_can_be_says_so(tmp_path: Path, path: str, said: str) -> None:
    with pytest.raises(StoreError, match=f"cannot be opened; {said}"):
        SqliteStore(tmp_path / path)


def test_a_folder_in_which_no_file_can_be_made_is_not_told_to_be_missing(tmp_path: Path) -> None:
    (tmp_path / "shop.db").symlink_to(tmp_path / "nowhere" / "shop.db")  # root may write anywhere
    with pytest.raises(StoreError, match=r"cannot be opened; .* see that .* its folder too"):
        SqliteStore(tmp_path / "shop.db")


def test_a_process_that_goes_elsewhere_keeps_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("here", "elsewhere"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with shop_on(SqliteStore("shop.db")) as shop:
        session = shop.store.session()  # what comes next needs a connection of its own
        monkeypatch.chdir(tmp_path / "elsewhere")
        shop.handle(NAME, commands("p")[0])
        session.close()
        assert shop.store.cell(NAME, "p") is not None
        assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("path", [":memory:", ""])
def test_a_path_that_names_no_file_is_refused(path: str) -> None:
    for made in (lambda: SqliteStore(path), lambda: open_store(f"sqlite:///{path}")):
        with pytest.raises(InvalidValue, match=r"names no file, and every .* memory:"):
            made()


def test_a_path_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"has U\+0000 in it"):
        SqliteStore(tmp_path / "a\0b.db")


def test_a_host_with_tables_of_its_own_keeps_them(tmp_path: Path) -> None:
    path = tmp_path / "host.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table orders (id integer primary key)")
        connection.execute("insert into orders values (7)")
    connection.close()
    filled(path, packs=1)
    with sqlite3.connect(path) as connection:
        assert connection.execute("select id from orders").fetchall() == [(7,)]
    connection.close()
