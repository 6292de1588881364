"""Conditions: what must hold of members and of time before anybody takes part or gains.

The family and its ``& | ~`` are in `condition_family`; the leaves, by what they ask about, in
`membership`, `devices`, `moments`, `custom_fields` and `velocity`. Conditions are values; they are
asked by `compiled` (fast) or `evaluate` (plain), which agree on everything.
"""

from __future__ import annotations

from typing import Final

from viralcommerce.rules.condition_family import (
    MOST_DEPTH,
    AllOf,
    AnyOf,
    Condition,
    Inline,
    Leaf,
    Not,
)
from viralcommerce.rules.custom_fields import FlagIs, MomentIs, NumberIs, TextIs
from viralcommerce.rules.devices import DistinctFingerprints, SameDevice, SameHousehold
from viralcommerce.rules.membership import (
    AccountAge,
    HasTag,
    NewMember,
    PaidOrders,
    Region,
    Spent,
)
from viralcommerce.rules.moments import During, DuringRecurring
from viralcommerce.rules.velocity import Velocity

CONDITIONS: Final[tuple[type[Condition], ...]] = (
    AllOf,
    AnyOf,
    Not,
    NewMember,
    AccountAge,
    PaidOrders,
    HasTag,
    Region,
    Spent,
    SameDevice,
    SameHousehold,
    DistinctFingerprints,
    During,
    DuringRecurring,
    NumberIs,
    TextIs,
    FlagIs,
    MomentIs,
    Velocity,
)
"""Every kind of condition that ships; a third party's come beside them."""

__all__ = [
    "CONDITIONS",
    "MOST_DEPTH",
    "AccountAge",
    "AllOf",
    "AnyOf",
    "Condition",
    "DistinctFingerprints",
    "During",
    "DuringRecurring",
    "FlagIs",
    "HasTag",
    "Inline",
    "Leaf",
    "MomentIs",
    "NewMember",
    "Not",
    "NumberIs",
    "PaidOrders",
    "Region",
    "SameDevice",
    "SameHousehold",
    "Spent",
    "TextIs",
    "Velocity",
]
