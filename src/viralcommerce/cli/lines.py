"""Lines of a log, from a file that may be packed, damaged, foreign or still being written.

Memory holds one line, however long the file or the line is. What is wrong with a line is a value
(`Damage`), so that whoever reads can stop at it, or count it and go on.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Self

from msgspec import Struct

from viralcommerce.errors import InvalidMessage

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LONGEST_LINE: Final = 1 << 20
"""The most bytes a line may have; an event has a few hundred."""
STDIN: Final = "-"

_GZIP: Final = b"\x1f\x8b"
_BOM: Final = b"\xef\xbb\xbf"
_FOREIGN: Final = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"PK\x03\x04": "a zip archive",
    b"\xfd7zXZ": "an xz archive",
    b"BZh": "a bzip2 archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"SQLite format 3": "an SQLite database",
}


class Text(Struct, frozen=True):
    """A line as it is: its number, its bytes without the line end, and whether it had one."""

    number: int
    data: bytes
    ended: bool


class Damage(Struct, frozen=True):
    """What is wrong with a line, and what to do."""

    number: int
    what: str


class LogFile:
    """A file of lines, read once from its beginning; a gzip file is told by its first bytes.

    Args:
        path: of the file, or ``"-"`` for the standard input.
        each: what a line holds, for messages.
        form: what kind of text it is, likewise.

    Raises:
        InvalidMessage: it is not there, not a file, empty, or of another kind altogether.
    """

    def __init__(self, path: str, *, each: str = "event", form: str = "JSON lines") -> None:
        self._each, self._form = each, form
        self.name = "standard input" if path == STDIN else path
        self.size = 0 if path == STDIN else self._check(Path(path))
        self._raw = sys.stdin.buffer if path == STDIN else _opened(path)
        self._counting = _Counting(self._raw)
        self._buffered = io.BufferedReader(self._counting)
        try:
            self._is_packed = self._told_by(self._buffered.peek(16)[:16])
        except InvalidMessage:
            self.close()
            raise

    def _told_by(self, head: bytes) -> bool:
        """Whether the first bytes are of a gzip file."""
        if not head:
            raise InvalidMessage(f"{self.name}: it is empty; give one {self._each} a line")
        for start, kind in _FOREIGN.items():
            if head.startswith(start):
                raise InvalidMessage(
                    f"{self.name}: it is {kind}; give {self._form} in UTF-8, plain or as .gz"
                )
        return head.startswith(_GZIP)

    def _check(self, path: Path) -> int:
        try:
            found = path.stat()
        except OSError as error:
            raise InvalidMessage(f"{path}: {_reason(error)}; check the path") from None
        if path.is_dir():
            raise InvalidMessage(f"{path}: it is a folder; name a file in it")
        return found.st_size

    @property
    def read(self) -> int:
        """How many bytes of the file were read so far, as stored."""
        return self._counting.count

    @property
    def digest(self) -> str:
        """The SHA-256 of what was read so far, as stored."""
        return self._counting.hash.hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._raw is not sys.stdin.buffer:
            self._raw.close()

    def __iter__(self) -> Iterator[Text | Damage]:
        """Every line that is not blank; after damage to the whole file, nothing more."""
        number = 0
        stream: io.BufferedIOBase = self._buffered
        if self._is_packed:
            stream = gzip.GzipFile(fileobj=self._buffered)
        try:
            while line := stream.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                    _skip_rest(stream)
                    yield Damage(number, _TOO_LONG.format(self._each))
                    continue
                data = line.strip(b"\r\n\t ")
                if number == 1:
                    data = data.removeprefix(_BOM)
                if data:
                    yield Text(number, data, line.endswith(b"\n"))
        except EOFError:
            yield Damage(number + 1, _CUT_OFF)
        except (gzip.BadGzipFile, zlib.error) as error:
            yield Damage(number + 1, f"the gzip file is damaged ({error}); fetch it again")
        except OSError as error:
            yield Damage(number + 1, f"cannot be read any further ({_reason(error)})")


_TOO_LONG: Final = (
    f"longer than {LONGEST_LINE:,} bytes; give one {{}} a line, or check the line ends"
)
_CUT_OFF: Final = "the gzip file ends too early, it was cut off here; fetch it again"


class _Counting(io.RawIOBase):
    """Counts and hashes what is read; a pipe cannot tell its position, nor be read again."""

    def __init__(self, raw: IO[bytes]) -> None:
        super().__init__()
        self._raw = raw
        self.count = 0
        self.hash = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, into: WriteableBuffer, /) -> int:
        view = memoryview(into)
        found = self._raw.read(len(view))
        view[: len(found)] = found
        self.hash.update(found)
        self.count += len(found)
        return len(found)


def _opened(path: str) -> IO[bytes]:
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise InvalidMessage(f"{path}: {_reason(error)}; check the path") from None


def _skip_rest(stream: io.BufferedIOBase) -> None:
    while (more := stream.readline(LONGEST_LINE)) and not more.endswith(b"\n"):
        pass


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
