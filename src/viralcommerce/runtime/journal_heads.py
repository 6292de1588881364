"""Heads: what a line of the journal says of itself before anything is known of its game."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct

from viralcommerce.runtime.kept_keys import Wish
from viralcommerce.runtime.ports import Line

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Head(Struct):
    """How a line ended, by which rules, what it is about, and under which key."""

    decision: str
    rules: str
    instance: str
    command: Wish


read_head: Final = msgspec.json.Decoder(Head).decode
"""The head of a line from its JSON."""


def misfiled(line: Line, head: Head) -> Iterator[str]:
    """What is wrong with the columns that a line is found by."""
    if line.filed is None:
        return
    instance, at = line.filed
    if instance != head.instance:
        yield f"is filed under {instance}, it is about {head.instance}"
    wanted = (head.command.at - _EPOCH) // timedelta(microseconds=1)
    if at != wanted:
        yield f"is filed at {at}, its command came at {wanted}"
