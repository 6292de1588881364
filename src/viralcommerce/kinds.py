"""Every kind of rule that ships with the library, by the name it has in JSON.

The mapping is there at once and looks the classes up when it is first asked, so that importing the
library loads no game that is not played.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from viralcommerce.rules.base import Kinds, Rule


@functools.cache
def _shipped() -> Kinds:
    from viralcommerce.campaign import Campaign
    from viralcommerce.mechanics.collect import Collect
    from viralcommerce.mechanics.coupon_pack import CouponPack
    from viralcommerce.mechanics.invite import Invite, Payouts
    from viralcommerce.rules.conditions import CONDITIONS
    from viralcommerce.rules.grants import BestOf, Grant
    from viralcommerce.rules.limits import Cap, Limit
    from viralcommerce.rules.rewards import (
        Cash,
        Coupon,
        Credit,
        Entry,
        Points,
        Product,
        Right,
        Title,
    )
    from viralcommerce.rules.splits import SPLITS

    rules: tuple[type[Rule], ...] = (
        Campaign,
        CouponPack,
        Collect,
        Invite,
        Payouts,
        Grant,
        BestOf,
        Limit,
        Cap,
        Coupon,
        Credit,
        Cash,
        Points,
        Product,
        Right,
        Entry,
        Title,
        *CONDITIONS,
        *SPLITS,
    )
    return MappingProxyType({cls.kind: cls for cls in rules})


class ShippedKinds(Mapping[str, type[Rule]]):
    """A closed, read-only mapping of kind to rule class; ``KINDS | {...}`` makes a larger one."""

    def __getitem__(self, kind: str) -> type[Rule]:
        return _shipped()[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(_shipped())

    def __len__(self) -> int:
        return len(_shipped())

    def __or__(self, more: Kinds) -> dict[str, type[Rule]]:
        return {**_shipped(), **more}

    def __ror__(self, more: Kinds) -> dict[str, type[Rule]]:
        return {**more, **_shipped()}


KINDS: Final = ShippedKinds()
"""Every kind of rule that ships with the library."""
