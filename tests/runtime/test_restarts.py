"""A flow that begins again: what it was told has changed under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from viralcommerce import CNY, WHOLE, Accepted, Campaign, Coupon, Grant, LuckySplit, Shop, days
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.rules.membership import PaidOrders
from viralcommerce.runtime.ports import Asked, Found, Session, Short, Stale, Wanted, Writes
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.testing import FakeMembers, ScriptedEntropy

LUCK = Campaign(
    "luck",
    pack.CouponPack(LuckySplit(CNY(60), parts=10), open_for=days(1)),
    grants=(Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),),
    given=PaidOrders(at_most=9, of=pack.LUCKIEST),
    budget=CNY(1000),
)


class StrictStore(MemoryStore):
    """A store whose sessions are used up when they are closed, as pooled connections are."""

    def session(self) -> StrictSession:  # type: ignore[override]
        return StrictSession(super().session())


class StrictSession:
    """A session that nobody may use again."""

    def __init__(self, inner: Session) -> None:
        self.inner: Session | None = inner

    def open(self) -> Session:
        assert self.inner is not None, "a closed session is used again: it may be somebody else's"
        return self.inner

    def look(self, wanted: Wanted) -> Found:
        return self.open().look(wanted)

    def lock(self, wanted: Wanted) -> Found:
        return self.open().lock(wanted)

    def commit(self, writes: Writes) -> Short | Stale | None:
        return self.open().commit(writes)

    def rules(self, digest: str) -> bytes:
        return self.open().rules(digest)

    def close(self) -> None:
        if self.inner is not None:
            self.inner.close()
        self.inner = None


class Meddling(FakeMembers):
    """Members that are asked, and meanwhile somebody luckier opens the same pack."""

    def facts(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:
        answers = super().facts(asked)
        if len(self.asked) == 3:
            self.meanwhile()
        return answers

    def meanwhile(self) -> None:
        raise AssertionError("the test says what happens meanwhile")


def test_a_cast_that_changes_before_the_lock_is_asked_about_anew() -> None:
    """EC-113: nothing of the first attempt is held while the second runs."""
    everybody = {name: {"paid_orders": 1} for name in ("ann", "bob", "cat", "dan")}
    members, entropy = Meddling(everybody), ScriptedEntropy()
    store = StrictStore()
    entropy.script(100, key="bob")
    entropy.script(700, key="cat")
    entropy.script(200, key="dan")
    with Shop(store, [LUCK], members=members, entropy=entropy) as shop:
        other = Shop(store, [LUCK], members=FakeMembers(everybody), entropy=entropy)
        other.handle(LUCK, pack.Share(pack="p", by="ann"))
        other.handle(LUCK, pack.Grab(pack="p", by="bob", key="bob"))
        members.meanwhile = lambda: cat(other)  # type: ignore[method-assign]

        decision = shop.handle(LUCK, pack.Grab(pack="p", by="dan", key="dan"))

        assert isinstance(decision, Accepted)
        assert [one.member for one in members.asked] == ["ann", "bob", "dan", "ann", "cat", "dan"]
        assert decision.events[0].best_by == "cat"


def cat(shop: Shop) -> None:
    """Cat is luckier than Bob."""
    shop.handle(LUCK, pack.Grab(pack="p", by="cat", key="cat"))
