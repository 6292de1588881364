"""An audit that nothing fools: each way to tamper with a store is found, and named."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from viralcommerce.campaign import Campaign
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Command
from viralcommerce.rules.grants import BestOf, Grant
from viralcommerce.rules.limits import CLIP, SUBSTITUTE, Limit
from viralcommerce.rules.rewards import Coupon, Points, Product, Title
from viralcommerce.rules.splits import EqualSplit
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.shop import Shop
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.values.money import CNY
from viralcommerce.values.percent import WHOLE, percent
from viralcommerce.values.spans import days

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
RAIN = Campaign(
    "rain",
    pack.CouponPack(EqualSplit(CNY(6), parts=3), open_for=days(1)),
    grants=(
        Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),
        Grant(Coupon(CNY(2)), to=pack.SHARER, on=pack.GRABBED, at_most=Limit(5, per=pack.PACK)),
    ),
    budget=CNY(20),
)
STORY: tuple[Command, ...] = (
    pack.Share(pack="ride-1", by="ann", at=NOON, key="1"),
    pack.Grab(pack="ride-1", by="bob", at=NOON, key="2"),
    pack.Grab(pack="ride-1", by="cat", at=NOON, key="3"),
)


@pytest.fixture
def played(tmp_path: Path) -> Iterator[SqliteStore]:
    """A store after a short story."""
    store = SqliteStore(tmp_path / "viral.db")
    with Shop(store, (RAIN,)) as shop:
        shop.handle_many(RAIN, STORY)
        yield store


def tamper(store: SqliteStore, *statements: str) -> str:
    """What the audit says after somebody has written to the tables."""
    assert audit(store).is_clean
    with closing(sqlite3.connect(store.path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return "\n".join(str(problem) for problem in audit(store).problems)


NEW_ROW = (
    "insert into viral_ledger "
    "(campaign, instance, at, id, source, target, asset, amount, reverses) "
    "values ('rain', 'ride-1', 0, 'x', '{source}', 'member/eve', '{asset}', 100, '')"
)


def test_a_ledger_row_from_nowhere_is_found(played: SqliteStore) -> None:
    row = NEW_ROW.format(source="mint", asset="points")
    assert tamper(played, row) == "rain: ledger x: is in the ledger and not in the journal"


def test_a_ledger_row_is_found_though_the_budget_agrees_with_it(played: SqliteStore) -> None:
    row = NEW_ROW.format(source="budget", asset="CNY")
    agrees = "update viral_quotas set used = used + 100 where name = 'budget/CNY'"
    said = tamper(played, row, agrees)
    assert "rain: ledger x: is in the ledger and not in the journal" in said
    assert "rain: quota budget/CNY: 1100 used, the journal says 1000" in said


def test_a_row_that_left_the_ledger_is_found(played: SqliteStore) -> None:
    said = tamper(played, "delete from viral_ledger where target = 'hold/ride-1'")
    assert "rain: ledger rain/ride-1/1/0: is in the journal and not in the ledger" in said


def test_an_award_to_a_stranger_is_found_though_journal_and_ledger_agree(
    played: SqliteStore,
) -> None:
    said = tamper(
        played,
        """update viral_journal set decision = replace(decision, '"to":"ann"', '"to":"eve"')""",
        """update viral_ledger set target = replace(target, 'ann', 'eve'),
           award = replace(award, '"to":"ann"', '"to":"eve"')""",
    )
    assert "its rules give" in said
    assert "sharer-grabbed-coupon for ann is neither given nor withheld" in said


def test_an_award_of_more_is_found_though_journal_and_ledger_agree(played: SqliteStore) -> None:
    of_two, of_nine = (
        f'"sharer","reward":"coupon","asset":"CNY","amount":{n},"cost":{{"minor":{n}'
        for n in (200, 900)
    )
    said = tamper(
        played,
        f"update viral_journal set decision = replace(decision, '{of_two}', '{of_nine}')",
        f"update viral_ledger set award = replace(award, '{of_two}', '{of_nine}'), amount = 900 "
        "where award like '%sharer-grabbed%'",
        "update viral_quotas set used = used + 1400 where name = 'budget/CNY'",
    )
    assert "its rules give" in said
    assert "rain: quota budget/CNY: 2400 used, the journal says 1000" in said


def test_rules_that_are_gone_are_a_problem_and_no_refusal(played: SqliteStore) -> None:
    said = tamper(played, "delete from viral_rules")
    assert f"rain: journal 1: decided by rules {RAIN.hash[:8]} that are not there" in said


def test_a_hold_that_the_cell_lost_is_found(played: SqliteStore) -> None:
    said = tamper(played, "update viral_cells set held = 100")
    assert "rain: ride-1: its hold is 100, replayed 200" in said


def test_a_raised_budget_is_no_problem_where_the_newest_version_is_told() -> None:
    store = MemoryStore()
    small = RAIN.replace(budget=CNY(8))
    Shop(store, (small,)).handle_many(small, STORY)
    Shop(store, (RAIN,)).handle(RAIN, STORY[2])
    assert [str(problem) for problem in audit(store).problems] == [
        "rain: quota budget/CNY: 1000 used of 800: over-given"
    ]
    assert audit(store, newest=(RAIN,)).is_clean


@pytest.mark.parametrize("stage", ["live", "shadow"])
@pytest.mark.parametrize("budget", [7, 8, 11, 12, 14, 30])
def test_whatever_was_clipped_substituted_or_dropped_is_priced_the_same_again(
    stage: str, budget: int
) -> None:
    campaign = RAIN.replace(
        budget=CNY(budget),
        grants=(
            Grant(Coupon(percent("33.3")), to=pack.GRABBER, on=pack.GRABBED),
            Grant(Coupon(percent(50)), to=pack.SHARER, on=pack.GRABBED, at_most=1),
            Grant(Coupon(CNY(1)), to=pack.SHARER, on=pack.GRABBED, if_short=CLIP, name="clipped"),
            Grant(
                Product("pot", worth=CNY(3), stock=1),
                to=pack.LUCKIEST,
                on=pack.EMPTIED,
                if_short=SUBSTITUTE,
                instead=Points(4),
            ),
            BestOf(
                (
                    Grant(Coupon(CNY(1)), to=pack.SHARER, on=pack.EMPTIED, name="one"),
                    Grant(Coupon(CNY(4)), to=pack.SHARER, on=pack.EMPTIED, name="four", at_most=1),
                    Grant(Title("luck"), to=pack.SHARER, on=pack.EMPTIED),
                )
            ),
        ),
    )
    store = MemoryStore()
    shop = Shop(store, (campaign,))
    shop.set_stage(campaign, stage, by="op", why="a try")  # type: ignore[arg-type]
    for ride in ("ride-1", "ride-2", "ride-3"):
        at = NOON + timedelta(hours=len(store.campaigns()))
        shop.handle(campaign, pack.Share(pack=ride, by="ann", at=at))
        for friend in ("bob", "cat", "dan"):
            shop.handle(campaign, pack.Grab(pack=ride, by=friend, at=at))
    shop.tick(NOON + days(3))
    assert [str(problem) for problem in audit(store).problems] == []
