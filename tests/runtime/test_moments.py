"""Moments of classes made of a datetime, as pandas, pendulum and frozen clocks have them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from shops import NOON, assert_clean, grab, share, shop_of, small
from viralcommerce import Accepted
from viralcommerce.errors import InvalidMessage
from viralcommerce.runtime.stores.sqlite import SqliteStore

PACKS = small()


class Moment(datetime):
    """One of them."""


class NoMoment(datetime):
    """One that stands for none, as pandas has it."""

    def date(self) -> Any:
        raise ValueError("there is no date")


def test_a_moment_of_another_class_is_a_moment(tmp_path: Path) -> None:
    """Only a datetime itself can be written."""
    store = SqliteStore(tmp_path / "viral.db")
    shop = shop_of(PACKS, store=store)
    when = Moment(2026, 11, 11, 12, tzinfo=timezone(timedelta(hours=8)))
    answer = shop.handle(PACKS, share("p1", by="ann", at=when))
    assert isinstance(answer, Accepted)
    assert answer.command.at == NOON
    assert type(answer.command.at) is datetime
    assert_clean(store)


@pytest.mark.parametrize("when", [NOON.date(), "now", 5, None, NoMoment(2026, 11, 11)])
def test_what_is_no_moment_is_said_to_be_none(when: Any) -> None:
    shop = shop_of(PACKS)
    with pytest.raises(InvalidMessage, match=r"at: .* is no time; give a datetime with a zone"):
        shop.handle(PACKS, grab("bob", "p1", at=when))
