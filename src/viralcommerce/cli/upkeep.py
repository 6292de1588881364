"""``viralcommerce forget`` and ``archive``: what an operator asks of a store once in a while."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from msgspec import Raw, Struct

from viralcommerce.cli.exits import PROBLEMS, STORE, CannotWrite, exits
from viralcommerce.cli.files import moment
from viralcommerce.cli.options import AsJson, StoreFile, Wait
from viralcommerce.cli.show import console, print_json
from viralcommerce.cli.stores import open_store
from viralcommerce.codec import encode
from viralcommerce.errors import StoreError
from viralcommerce.runtime.archiving import Archived, HandOut
from viralcommerce.runtime.archiving import archive as put_away
from viralcommerce.runtime.ports import Line, Store
from viralcommerce.runtime.shop import Shop


def forget(
    store: StoreFile,
    member: Annotated[str, typer.Argument(help="The member's id, as commands have it.")],
    as_json: AsJson = False,
    wait: Wait = 30.0,
) -> None:
    """Put a random name in the place of a member's id, everywhere in a store.

    The books stay as they are, and the member cannot return under the id. Done again, where
    nothing is left of them, it does nothing.
    """
    with exits():
        with Shop(open_store(store, wait)) as shop:
            done = shop.forget(member)
        if as_json:
            print_json(done)
        elif done.nothing:
            console().print("nothing of them is there")
        else:
            console().print(
                f"{done.lines:,} lines, {done.cells:,} instances and {done.postings:,} rows of "
                f"the ledger rewritten, now {done.pseudonym}"
            )
            if not done.is_scrubbed:
                console().print("their bytes stay in the files until these are written anew")


def archive(
    store: StoreFile,
    before: Annotated[
        str, typer.Option("--before", metavar="TIME", help="Only what is older than this.")
    ],
    to: Annotated[
        str, typer.Option("--to", metavar="FILE", help="Append what is dropped, as JSON lines.")
    ] = "",
    as_json: AsJson = False,
    wait: Wait = 30.0,
) -> None:
    """Prove the journal of what is over once more, and drop it; seals stay in its place.

    Beside a running shop. What does not add up is kept and told. Interrupted, it goes on where it
    was; some lines may then stand in the file twice. On PostgreSQL it tends the partitions of the
    journal, too, which is for the owner of the tables: for others that is left, and said.
    """
    until = moment(before, "--before")
    with exits():
        kept = open_store(store, wait)
        try:
            with _appending(to, store) as out:
                done = put_away(kept, before=until, to=out)
            _report(done, as_json=as_json)
            is_tended = _tended(kept)
        finally:
            kept.close()
        if done.problems:
            raise typer.Exit(PROBLEMS)
        if not is_tended:
            raise typer.Exit(STORE)


def _report(done: Archived, *, as_json: bool) -> None:
    if as_json:
        print_json(done)
        return
    console().print(f"{done.instances:,} instances sealed, {done.lines:,} lines dropped")
    for problem in done.problems:
        console().print(f"kept: {problem}")


def _tended(kept: Store) -> bool:
    """Tend the journal where it lies in partitions; whether nothing of that is left to do."""
    tend = getattr(kept, "tend", None)
    if tend is None:
        return True
    try:
        tend()
    except StoreError as error:
        typer.echo(
            "viralcommerce: what was archived stands; the partitions of the journal were left "
            f"({error.message}); run this again, or store.tend(), as the owner of the tables",
            err=True,
        )
        return False
    return True


class _Kept(Struct, frozen=True):
    """A line of the file: where it stood in the journal, and the decision as it stood there."""

    position: int
    decision: Raw


@contextmanager
def _appending(path: str, store: str) -> Generator[HandOut | None]:
    """What puts lines into a file, on the disk before anything is dropped."""
    if not path:
        yield None
        return
    if Path(path).exists() and Path(store).exists() and Path(path).samefile(store):
        raise CannotWrite(f"{path}: it is the store; name another file")
    try:
        file = open(path, "ab")  # noqa: SIM115, PTH123 - closed below
        _end_the_last_line(file, path)
    except OSError as error:
        raise _cannot(path, error) from error

    def put(lines: Sequence[Line]) -> None:
        try:
            for line in lines:
                text = line.decision
                raw = Raw(text if isinstance(text, bytes) else encode(text))
                file.write(encode(_Kept(line.position, raw)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        except OSError as error:
            raise _cannot(path, error) from error

    try:
        yield put
    finally:
        with suppress(OSError):  # all was flushed, but for what could not be written
            file.close()


def _end_the_last_line(file: BinaryIO, path: str) -> None:
    """A line that was cut off stays by itself, so that what is put behind it can be read."""
    if not file.seekable() or not file.tell():
        return
    with open(path, "rb") as there:  # noqa: PTH123
        there.seek(-1, os.SEEK_END)
        if there.read(1) != b"\n":
            file.write(b"\n")


def _cannot(path: str, error: OSError) -> CannotWrite:
    return CannotWrite(
        f"{path}: cannot be written ({error.strerror}); nothing that is not in it was dropped"
    )
