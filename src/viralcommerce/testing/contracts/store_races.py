"""What a store promises when flows meet in it, or when something goes wrong in the middle."""

from __future__ import annotations

from typing import Final

from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.rules.grants import Grant
from viralcommerce.rules.rewards import Coupon
from viralcommerce.rules.splits import LuckySplit
from viralcommerce.runtime.shop import Shop
from viralcommerce.testing.contracts.kit import AT, StoreBench, campaign
from viralcommerce.testing.faults import inject
from viralcommerce.testing.interleavings import some_orders
from viralcommerce.testing.races import Flow, Race
from viralcommerce.values.money import CNY
from viralcommerce.values.percent import WHOLE
from viralcommerce.values.spans import days

SEEDS: Final = range(4)
"""Orders of each race that a store is put through; `some_orders` runs as many as one likes."""


def _share(name: str, by: str = "ann") -> pack.Share:
    return pack.Share(pack=name, by=by, at=AT, key=f"share-{name}")


def _grab(name: str, by: str, key: str = "") -> pack.Grab:
    return pack.Grab(pack=name, by=by, at=AT, key=key or f"{name}-{by}")


def the_last_share() -> Race:
    """Three people, and one who taps twice, reach for the last two shares of a pack."""
    few = pack.CouponPack(LuckySplit(CNY(9), parts=2, least=CNY(3)), open_for=days(1))
    grabs = [_grab("p", "bob"), _grab("p", "cat"), _grab("p", "dan"), _grab("p", "bob")]
    return Race(campaign().replace(mechanic=few), grabs, before=[_share("p")])


def one_limit_in_two_packs() -> Race:
    """The sharer gains once in all; two of her packs are opened at once, another is shared."""
    whole = Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED)
    once = Grant(Coupon(CNY(2)), to=pack.SHARER, on=pack.GRABBED, at_most=1, if_short="drop")
    tight = campaign().replace(grants=(whole, once), budget=CNY(180))
    flows = [_grab("p", "bob"), _grab("q", "cat"), _share("r", "dan")]
    return Race(tight, flows, before=[_share("p"), _share("q")])


def batches_of_the_same_packs() -> Race:
    """Two batches about the same two packs, the other way round, with a command in common."""
    first = [_grab("p", "bob"), _grab("q", "bob")]
    second = [_grab("q", "cat"), _grab("p", "cat"), _grab("p", "bob")]
    return Race(campaign(), [first, second], before=[_share("p"), _share("q")])


def the_clock_and_two_who_come_late() -> Race:
    """Two tickers, and a member who comes upon a pack that is over."""

    def ticks(shop: Shop) -> object:
        return shop.tick(AT + days(2))

    late = pack.Grab(pack="p", by="bob", at=AT + days(2), key="late")
    return Race(campaign(), [ticks, ticks, late], before=[_share("p"), _share("q")])


def share_and_batch() -> Race:
    """One takes a share; another takes two, in one batch."""
    flows: list[Flow] = [_grab("p", "bob"), [_grab("p", "cat"), _grab("q", "cat")]]
    return Race(campaign(), flows, before=[_share("p"), _share("q")])


RACES: Final = (
    the_last_share,
    one_limit_in_two_packs,
    batches_of_the_same_packs,
    the_clock_and_two_who_come_late,
)
"""The races that a store is put through."""


def any_order_is_some_order(bench: StoreBench) -> None:
    """Whoever goes first, effect by effect, comes to what some serial order comes to."""
    for race in RACES:
        some_orders(race(), bench.store, seeds=SEEDS)


def whatever_goes_wrong_the_same_key_settles(bench: StoreBench) -> None:
    """At every effect a worker dies, is cut off, undone, stalled or overtaken: nothing is lost,
    doubled or half-written, and the same key tells.
    """
    inject(share_and_batch(), bench.store, waits=True)
