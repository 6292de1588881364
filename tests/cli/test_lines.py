"""Lines of a file: whatever comes, each is given, or what is wrong with it; nothing raises."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viralcommerce.cli.lines import LONGEST_LINE, Damage, LogFile, Text
from viralcommerce.errors import InvalidMessage


def lines(path: Path, data: bytes) -> list[Text | Damage]:
    path.write_bytes(data)
    with LogFile(str(path)) as log:
        return list(log)


def texts(path: Path, data: bytes) -> list[bytes]:
    found = lines(path, data)
    assert all(isinstance(line, Text) for line in found), found
    return [line.data for line in found if isinstance(line, Text)]


def test_line_ends_a_byte_order_mark_and_blank_lines_do_not_matter(tmp_path: Path) -> None:
    assert texts(tmp_path / "log", b"\xef\xbb\xbfa\r\n\r\n  \nb\nc") == [b"a", b"b", b"c"]
    numbers = [line.number for line in lines(tmp_path / "log", b"a\n\nb\n")]
    assert numbers == [1, 3]


def test_a_gzip_file_is_told_by_its_bytes_and_not_by_its_name(tmp_path: Path) -> None:
    assert texts(tmp_path / "log.txt", gzip.compress(b"a\nb\n")) == [b"a", b"b"]


def test_a_gzip_file_that_was_cut_off_says_so_after_what_is_whole(tmp_path: Path) -> None:
    whole = gzip.compress(b"".join(b"%d\n" % number for number in range(50_000)))
    found = lines(tmp_path / "log.gz", whole[:-20])
    assert isinstance(found[0], Text)
    assert isinstance(found[-1], Damage)
    assert "cut off" in found[-1].what
    assert found[-1].number == len(found)


def test_a_gzip_file_that_is_damaged_says_so(tmp_path: Path) -> None:
    whole = bytearray(gzip.compress(b"a\n" * 50_000))
    whole[-6] ^= 0xFF  # the checksum
    assert "damaged" in str(lines(tmp_path / "log.gz", bytes(whole))[-1])


def test_a_line_of_ten_megabytes_is_one_bad_line_and_the_next_is_read(tmp_path: Path) -> None:
    found = lines(tmp_path / "log", b"a\n" + b"x" * 10_000_000 + b"\nb\n")
    assert [type(line) for line in found] == [Text, Damage, Text]
    assert [line.number for line in found] == [1, 2, 3]
    assert f"{LONGEST_LINE:,} bytes" in str(found[1])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "it is empty"),
        (b"\xff\xfea\x00", "it is UTF-16"),
        (b"PK\x03\x04rest", "a zip archive"),
        (b"SQLite format 3\x00", "an SQLite database"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(InvalidMessage, match=says):
        lines(tmp_path / "log", data)


def test_a_folder_and_a_file_that_is_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidMessage, match="it is a folder; name a file in it"):
        LogFile(str(tmp_path))
    with pytest.raises(InvalidMessage, match="no such file or directory; check the path"):
        LogFile(str(tmp_path / "nothing"))


@given(data=st.binary(min_size=1, max_size=200), packed=st.booleans(), cut=st.integers(0, 20))
def test_any_bytes_are_lines_or_damage(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, packed: bool, cut: int
) -> None:
    raw = gzip.compress(data) if packed else data
    raw = raw[: len(raw) - cut] or raw
    try:
        found = lines(tmp_path_factory.mktemp("any") / "log", raw)
    except InvalidMessage:
        return
    numbers = [line.number for line in found]
    assert numbers == sorted(set(numbers))


def test_how_much_was_read_and_its_hash_are_known(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"a\nb\n")
    with LogFile(str(path)) as log:
        list(log)
        assert (log.read, log.size) == (4, 4)
        assert log.digest == "911169ddaaf146aff539f58c26c489af3b892dff0fe283c1c264c65ae5aa59a2"
