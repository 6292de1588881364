"""Numbers, times and words that cannot be are refused alike, whatever the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from shops import at, rain, share, shop_of
from viralcommerce.errors import NaiveTime

RAIN = rain()


@pytest.mark.parametrize("what", ["prune_keys", "prune_tombstones"])
def test_what_is_pruned_is_before_a_moment_that_everybody_understands(
    store: Any, what: str
) -> None:
    shop = shop_of(RAIN, store=store)
    shop.handle(RAIN, share("p1", key="k1"))
    shop.handle(RAIN, share("p2", by="bob"))
    shop.forget("bob")
    prune, kept = getattr(store, what), store.kept_since()
    with pytest.raises(NaiveTime, match=rf"{what}: before: 2020-01-01T00:00:00 has no zone"):
        prune(datetime(2020, 1, 1))  # noqa: DTZ001
    assert store.kept_since() == kept, "nothing was said to be gone"
    east = timezone(timedelta(hours=8))
    assert prune(datetime(2020, 1, 1, tzinfo=UTC).astimezone(east)) == 0
    assert prune(at(days=1).astimezone(east)) > 0
