"""Files that commands name: campaigns to read, places to check first, and times of options."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime
from pathlib import Path

import typer

from viralcommerce.campaign import Campaign
from viralcommerce.cli.exits import CannotWrite
from viralcommerce.codec import Codec
from viralcommerce.errors import InvalidRule
from viralcommerce.kinds import KINDS

_MOST_CAMPAIGN = 4 << 20


def read_campaign(path: str) -> Campaign:
    """The campaign in a JSON file.

    Raises:
        InvalidRule: no such file, not JSON, or a campaign that cannot be.
    """
    try:
        size = Path(path).stat().st_size
        if Path(path).is_dir():
            raise InvalidRule(f"{path}: it is a folder; name the campaign's JSON file")
        if size > _MOST_CAMPAIGN:
            raise InvalidRule(f"{path}: {size:,} bytes are no campaign; name its JSON file")
        text = Path(path).read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidRule(f"{path}: {reason}; check the path") from None
    if not text.strip():
        raise InvalidRule(f"{path}: it is empty; give one campaign object")
    try:
        return Codec(KINDS).read_campaign(text.removeprefix(b"\xef\xbb\xbf"), path)
    except RecursionError:
        raise InvalidRule(f"{path}: nested too deeply to be a campaign; correct it") from None


def moment(text: str, option: str) -> datetime:
    """A time as an option has it, with its zone.

    Raises:
        BadParameter: it cannot be read, or has no zone.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        said = f"cannot read {text!r}; write it like 2025-11-11T08:00:00+08:00"
        raise typer.BadParameter(said, param_hint=option) from None
    if at.utcoffset() is None:
        said = f"{text} has no zone; say which, as in {at.isoformat()}+08:00"
        raise typer.BadParameter(said, param_hint=option)
    return at


def check_target(path: str, *others: str) -> None:
    """Make sure, before any work, that a file can be written and is none that is read.

    Raises:
        CannotWrite: it cannot.
    """
    target = Path(path).absolute()
    if target.is_dir():
        raise CannotWrite(f"{path}: it is a folder; name a file in it")
    if not os.access(target.parent, os.W_OK):
        raise CannotWrite(f"{path}: its folder is not there or may not be written; make it")
    for other in others:
        if target == Path(other).absolute():
            raise CannotWrite(f"{path}: would write over {other}; name another file")


def write_whole(path: str, text: str) -> None:
    """Write a file so that it is there whole or not at all.

    Raises:
        CannotWrite: the disk is full, or the folder may not be written.
    """
    target = Path(path).absolute()
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as opened:
                opened.write(text)
            Path(name).chmod(0o644)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CannotWrite(f"{path}: {reason}; make room, or name another file") from None
