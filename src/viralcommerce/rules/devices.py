"""Conditions about two members: whether they are one person with two accounts.

A shared device is strong evidence, a shared household weak: roommates and families live together
and are different people. An internet address is none of these facts: behind one carrier, office
or dormitory there are thousands.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from viralcommerce.rules.base import rule
from viralcommerce.rules.condition_family import Inline, Leaf
from viralcommerce.rules.condition_fields import Pair
from viralcommerce.rules.facts import Ask, FactKind, Known, plain_names
from viralcommerce.rules.wording import Wording, listed_en, listed_zh

_PLAIN_BOTH = "{0}({a}) and {0}({b})"


class _OfTwo(Leaf):
    """A leaf about the same fact of two members."""

    between: tuple[str, str]
    fact: ClassVar[str]
    looks: ClassVar[FactKind]

    def asks(self, subject: str) -> tuple[Ask, ...]:
        return tuple(Ask(role, self.fact, self.looks) for role in self.between)

    def _both_en(self, wording: Wording) -> str:
        return listed_en([wording.who_en(role) for role in self.between], "and")

    def _both_zh(self, wording: Wording) -> str:
        return listed_zh([wording.who_zh(role) for role in self.between], "和")


@rule("same_device")
class SameDevice(_OfTwo):
    """Both have used one device. A member known to have no device shares none.

    Args:
        between: the two roles.

    Example:
        >>> SameDevice(between=("grabber", "sharer")).says_en(Wording())[1]
        'no device shared by the grabber and the sharer'
    """

    fact = "devices"
    looks = FactKind.NAMES

    between: Pair = Field(kw_only=True)

    def holds(self, known: Known, at: datetime) -> bool:
        one, other = (known.names(role, self.fact) for role in self.between)
        return not one.isdisjoint(other)

    def inline(self) -> Inline:
        return Inline(
            "not {1}({a}).isdisjoint({b})", _PLAIN_BOTH, (plain_names, frozenset), read=""
        )

    def says_en(self, wording: Wording) -> tuple[str, str]:
        both = self._both_en(wording)
        return f"a device shared by {both}", f"no device shared by {both}"

    def says_zh(self, wording: Wording) -> tuple[str, str]:
        both = self._both_zh(wording)
        return f"{both}使用过同一设备", f"{both}没有使用过同一设备"


@rule("same_household")
class SameHousehold(_OfTwo):
    """Both live in one household, as the host knows it.

    Args:
        between: the two roles.

    Example:
        >>> SameHousehold(between=("liker", "collector")).says_zh(Wording())[1]
        'liker和collector不属于同一家庭'
    """

    fact = "household"
    looks = FactKind.NAME

    between: Pair = Field(kw_only=True)

    def holds(self, known: Known, at: datetime) -> bool:
        one, other = (known.name(role, self.fact) for role in self.between)
        return one == other

    def inline(self) -> Inline:
        return Inline(
            "{a} == {b}", "type({a}) is str and {a} and type({b}) is str and {b}", read=""
        )

    def says_en(self, wording: Wording) -> tuple[str, str]:
        both = self._both_en(wording)
        return f"one household for {both}", f"different households for {both}"

    def says_zh(self, wording: Wording) -> tuple[str, str]:
        both = self._both_zh(wording)
        return f"{both}属于同一家庭", f"{both}不属于同一家庭"


@rule("distinct_fingerprints")
class DistinctFingerprints(_OfTwo):
    """Both have fingerprints, and share none: they are shown to be different people.

    A member known to have no fingerprint shows nothing, so this is unmet (and `SameDevice`, on
    empty devices, is unmet too: neither is taken on trust).

    Args:
        between: the two roles.

    Example:
        >>> DistinctFingerprints(between=("invitee", "inviter")).says_en(Wording())[0]
        'fingerprints that tell the invitee and the inviter apart'
    """

    fact = "fingerprints"
    looks = FactKind.NAMES

    between: Pair = Field(kw_only=True)

    def holds(self, known: Known, at: datetime) -> bool:
        one, other = (known.names(role, self.fact) for role in self.between)
        return bool(one) and bool(other) and one.isdisjoint(other)

    def inline(self) -> Inline:
        test = "{a} and {b} and {1}({a}).isdisjoint({b})"
        return Inline(test, _PLAIN_BOTH, (plain_names, frozenset), read="")

    def says_en(self, wording: Wording) -> tuple[str, str]:
        both = self._both_en(wording)
        return (
            f"fingerprints that tell {both} apart",
            f"no fingerprints that tell {both} apart",
        )

    def says_zh(self, wording: Wording) -> tuple[str, str]:
        both = self._both_zh(wording)
        return f"身份特征表明{both}不是同一人", f"身份特征不能表明{both}不是同一人"
