"""What a shop keeps out: keys of the clock, stages that are none, moments beyond the calendar."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from viralcommerce import CNY, WHOLE, Campaign, Coupon, Grant, LuckySplit, Shop, days
from viralcommerce.errors import InvalidMessage, InvalidValue, NotLive
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Award
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.request import deadline_key

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
RAIN = Campaign(
    "rain",
    pack.CouponPack(LuckySplit(CNY(6), parts=3, least=CNY(1)), open_for=days(1)),
    grants=(Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),),
    budget=CNY(100),
)


class Taking:
    """An issuer that takes what it is handed."""

    def __init__(self) -> None:
        self.taken: list[Award] = []

    def issue(self, award: Award) -> None:
        self.taken.append(award)


@pytest.fixture(params=["memory:", "sqlite:///{}"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """A shop in memory, and one in a file."""
    url = str(request.param).format(tmp_path / "viral.db")
    with Shop.open(url, RAIN, issuer=Taking()) as shop:
        yield shop


def test_nobody_takes_the_key_of_a_deadline_so_what_is_held_goes_back(shop: Shop) -> None:
    """Or that pack could never be ended: its key would belong to another command."""
    shop.handle(RAIN, pack.Share(pack="ride-1", by="ann", at=NOON))
    taken = deadline_key("ride-1", NOON + days(1), 1)
    with pytest.raises(
        InvalidMessage, match=r"rain: Share: key: '\(clock\)/ride-1.* is the clock"
    ):
        shop.handle(RAIN, pack.Share(pack="ride-2", by="eve", at=NOON, key=taken))
    shop.handle(RAIN, pack.Share(pack="ride-2", by="eve", at=NOON - days(3)))
    with pytest.raises(InvalidMessage, match="is the clock's; give another"):
        shop.handle(RAIN, pack.Expire(pack="ride-2", at=NOON, key=taken))
    assert shop.tick(NOON + days(1)) == 2
    assert shop.views.campaign("rain").spent == CNY(0)
    assert audit(shop.store).is_clean


def test_a_stage_that_there_is_not_is_refused_and_nothing_is_recorded(shop: Shop) -> None:
    with pytest.raises(InvalidValue, match="stage: 'pausd' is none; choose from: closed, draft"):
        shop.set_stage(RAIN, "pausd", by="op", why="a typing error")  # type: ignore[arg-type]
    assert shop.stage(RAIN).stage == "live"
    assert not shop.store.lives("rain")


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-11))])
def test_a_moment_beyond_the_calendar_is_refused(shop: Shop, zone: timezone) -> None:
    late = datetime(9999, 12, 30, tzinfo=zone)
    with pytest.raises(
        InvalidMessage,
        match=r"rain: Share: at: 9999-12-30.* is not between 1900-01-01 and 9000-01-01",
    ):
        shop.handle(RAIN, pack.Share(pack="ride-1", by="ann", at=late))


@pytest.mark.parametrize("said", ["9999-12-31T23:00:00-11:00", "0001-01-01T00:00:00+08:00"])
def test_a_moment_that_utc_cannot_say_is_refused(shop: Shop, said: str) -> None:
    with pytest.raises(InvalidMessage, match="is at the end of the calendar"):
        shop.handle(RAIN, pack.Share(pack="ride-1", by="ann", at=datetime.fromisoformat(said)))


def test_nothing_is_handed_out_before_the_host_commits(tmp_path: Path) -> None:
    issuer = Taking()
    file = tmp_path / "viral.db"
    with Shop.open(f"sqlite:///{file}", RAIN, issuer=issuer) as shop:
        with closing(sqlite3.connect(file, isolation_level=None)) as host:
            host.execute("begin immediate")
            joined = shop.within(host)
            joined.handle(RAIN, pack.Share(pack="ride-1", by="ann", at=NOON))
            joined.handle(RAIN, pack.Grab(pack="ride-1", by="bob", at=NOON))
            with pytest.raises(NotLive, match="may yet roll back what would be handed out"):
                joined.deliver()
            assert not issuer.taken
            host.execute("commit")
        assert shop.deliver().delivered == 1


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"at": "2026"}, r"at: '2026' is no time; give a datetime with a zone"),
        ({"at": date(2026, 5, 1)}, r"at: datetime.date\(2026, 5, 1\) is no time"),
        ({"at": None}, "at: None is no time"),
        ({"by": None}, r"by: expected text, not None \(NoneType\)"),
        ({"by": ["ann"]}, r"by: expected text, not \['ann'\] \(list\)"),
        ({"key": 5}, r"key: expected text, not 5 \(int\)"),
        ({"pack": 7}, r"pack: expected text, not 7 \(int\)"),
    ],
)
def test_what_is_no_time_and_no_text_is_refused_in_words(
    shop: Shop, said: dict[str, Any], why: str
) -> None:
    """Nothing checks types where Python code makes a command."""
    share = pack.Share(**{"pack": "p", "by": "ann", **said})
    for verb in (shop.handle, lambda name, one: shop.handle_many(name, [one])):
        with pytest.raises(InvalidMessage, match=f"rain: Share: {why}"):
            verb(RAIN, share)
    assert not shop.store.campaigns()
