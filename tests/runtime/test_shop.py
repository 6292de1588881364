"""The shop: what it stamps, what it refuses to take on, and what happens when ports fail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from shops import NOON, ask, at, code, everything, grab, likes, plain, rain, share, shop_of, small
from viralcommerce import (
    CNY,
    WHOLE,
    Accepted,
    Coupon,
    EqualSplit,
    Grant,
    Points,
    Refused,
    Shop,
    days,
)
from viralcommerce.errors import (
    InvalidMessage,
    InvalidRule,
    InvalidValue,
    KeyReused,
    MembersFailed,
    NaiveTime,
    NotLive,
    NoTruthValue,
    UnknownCampaign,
    ViralCommerceError,
)
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.rules.conditions import HasTag, NumberIs, SameDevice
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.testing.doubles import FakeMembers, ScriptedClock, ScriptedEntropy

RAIN = rain()
NAIVE = NOON.replace(tzinfo=None)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """A store in memory, and one on disk."""
    if request.param == "memory":
        yield MemoryStore()
        return
    from viralcommerce.runtime.stores.sqlite import SqliteStore

    disk = SqliteStore(tmp_path / "viral.db")
    yield disk
    disk.close()


# ------------------------------------------------------------------ stamping


def test_time_key_and_dice_are_stamped_where_the_client_gave_none(store: Any) -> None:
    clock, entropy = ScriptedClock(NOON), ScriptedEntropy()
    shop = shop_of(RAIN, store=store, clock=clock, entropy=entropy)
    command = shop.handle(RAIN, share()).command
    assert (command.at, command.key) == (NOON, "key-1")
    assert command.entropy == ScriptedEntropy().seed("key-1")
    clock.forward(timedelta(minutes=3))
    assert shop.handle(RAIN, grab()).command.at == at(minutes=3)


def test_what_the_client_gave_is_kept_but_for_the_dice() -> None:
    """EC-87, RQ-16: nobody throws their own dice."""
    shop = shop_of(RAIN)
    shop.handle(RAIN, share(at=NOON))
    mine = grab(at=at(minutes=9), key="tap-7", entropy="00")
    command = shop.handle(RAIN, mine).command
    assert (command.at, command.key) == (at(minutes=9), "tap-7")
    assert command.entropy != "00"
    scripted = grab("cid", entropy="=4200")
    assert shop.handle(RAIN, scripted).events[0].share != CNY(42)


def test_a_game_without_chance_journals_no_dice() -> None:
    shop = shop_of(likes())
    assert shop.handle(likes(), ask(entropy="00")).command.entropy == ""


def test_a_pack_that_draws_draws_though_the_newest_version_does_not() -> None:
    """RQ-21: what was begun keeps its rules, and gets the dice they need."""
    shop = shop_of(RAIN)
    shop.handle(RAIN, share())
    fixed = rain(mechanic=pack.CouponPack(EqualSplit(CNY(60), parts=10), open_for=days(1)))
    later = shop_of(fixed, store=shop.store)
    assert code(later.handle(fixed, grab())) == "yes"


def test_a_time_is_kept_as_the_moment_it_is(store: Any) -> None:
    shop = shop_of(RAIN, store=store)
    shanghai = datetime(2026, 11, 11, 12, tzinfo=timezone(timedelta(hours=8)))
    decision = shop.handle(RAIN, share(at=shanghai))
    assert decision.command.at == NOON
    assert decision.command.at.tzinfo is UTC
    assert plain(decision)["command"]["at"] == "2026-11-11T04:00:00Z"


@pytest.mark.parametrize(
    "naive", [NAIVE, NAIVE.replace(year=1), NAIVE.replace(year=9999)], ids=str
)
def test_a_time_without_a_zone_is_refused(naive: datetime) -> None:
    shop = shop_of(RAIN)
    with pytest.raises(NaiveTime, match=r"at: .* has no zone; say which"):
        shop.handle(RAIN, share(at=naive))
    with pytest.raises(NaiveTime):
        shop.tick(naive)
    with pytest.raises(NaiveTime):
        list(shop.due(naive))


def test_a_clock_without_a_zone_is_refused() -> None:
    class Wall:
        def now(self) -> datetime:
            return NAIVE

    shop = shop_of(RAIN, clock=Wall())
    with pytest.raises(NaiveTime):
        shop.handle(RAIN, share())


@pytest.mark.parametrize("year", [1, 1899, 9000, 9998])
def test_a_time_that_nobody_acts_at_is_refused(year: int) -> None:
    shop = shop_of(RAIN)
    with pytest.raises(InvalidMessage, match="give the moment it happened"):
        shop.handle(RAIN, share(at=datetime(year, 6, 1, tzinfo=UTC)))


# ------------------------------------------------------------------ what cannot be


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (share(""), "rain-pack: Share: pack: 0 characters; give 1 to 200"),
        (share("p\u200b1"), "rain-pack: Share: pack: 'p\\u200b1' has the unseen character U+200B"),
        (share(" p1"), "rain-pack: Share: pack: ' p1' begins or ends with a blank"),
        (share("p" * 201), "rain-pack: Share: pack: 201 characters; give 1 to 200"),
        (share(by=""), "rain-pack: Share: by: 0 characters; give 1 to 200"),
        (
            share(by="an\u200dn"),
            "rain-pack: Share: by: 'an\\u200dn' has the unseen character U+200D",
        ),
        (
            share(by="ann\u0000"),
            "rain-pack: Share: by: 'ann\\x00' has the unseen character U+0000",
        ),
        (
            share(by="e\u0301ve"),
            (
                "rain-pack: Share: by: 'e\\u0301ve' is not in Unicode's composed form; "
                "normalize it to NFC"
            ),
        ),
        (share(by="(clock)"), "rain-pack: Share: by: '(clock)' is no member"),
        (share(key="k\n"), "rain-pack: Share: key: 'k\\n' has the unseen character U+000A"),
        (
            pack.Expire(pack="p1", by="eve"),
            "rain-pack: Expire: by: only the clock does that, not 'eve'; leave it out",
        ),
        (
            ask(),
            ("rain-pack: Ask is no command of coupon_pack; choose from: Expire, Grab, Share"),
        ),
    ],
)
def test_a_command_that_cannot_be_is_named_with_what_is_wrong(command: Any, said: str) -> None:
    """EC-42: two ids that look alike would be two people to the store."""
    shop = shop_of(RAIN)
    with pytest.raises(InvalidMessage) as raised:
        shop.handle(RAIN, command)
    assert raised.value.message == said
    assert not shop.store.campaigns()


def test_an_id_in_any_script_is_an_id(store: Any) -> None:
    shop = shop_of(RAIN, store=store)
    shop.handle(RAIN, share("红包 №1", by="王小明"))
    taken = shop.handle(RAIN, grab("Ægir 🙂", "红包 №1"))
    assert code(taken) == "yes"
    assert [one.instance for one in shop.store.parts("王小明")] == ["红包 №1"]


def test_a_command_that_cannot_be_spoils_its_commit_and_no_other(store: Any) -> None:
    shop = shop_of(RAIN, store=store)
    told = [share("p1"), grab("bob"), grab("\u200b"), grab("cid")]
    with pytest.raises(InvalidMessage):
        shop.handle_many(RAIN, told, at_once=2)
    journal = list(store.journal("rain-pack"))
    assert len(journal) == 2


@pytest.mark.parametrize("count", [0, -1])
def test_a_batch_of_none_would_drop_everything_and_is_refused(count: int) -> None:
    with pytest.raises(InvalidValue, match="at_once"):
        shop_of(RAIN).handle_many(RAIN, [share()], at_once=count)


def test_nothing_to_decide_is_nothing_decided(store: Any) -> None:
    assert shop_of(RAIN, store=store).handle_many(RAIN, []) == []
    assert everything(store)["outbox"] == []


def test_a_campaign_of_another_shop_is_named_with_the_choices() -> None:
    shop = shop_of(RAIN)
    with pytest.raises(UnknownCampaign) as raised:
        shop.handle("sun-pack", share())
    assert raised.value.message == "shop: no campaign 'sun-pack'; choose from: rain-pack"
    with pytest.raises(UnknownCampaign, match="choose from: none"):
        shop_of().handle("rain-pack", share())
    for verb in (shop.stage, shop.views.campaign):
        with pytest.raises(UnknownCampaign):
            verb("sun-pack")


def test_another_version_than_the_shops_is_refused() -> None:
    """EC-108: nobody decides by rules that they did not open the shop with."""
    shop = shop_of(RAIN)
    other = rain(budget=CNY(1_000))
    with pytest.raises(UnknownCampaign) as raised:
        shop.handle(other, share())
    assert raised.value.message == (
        f"shop: 'rain-pack' is here in version {RAIN.hash[:8]}, not {other.hash[:8]}; "
        "open the shop with the version you mean"
    )
    assert code(shop.handle(rain(), share("p1"))) == "yes"
    assert code(shop.handle("rain-pack", share("p2"))) == "yes"


def test_two_campaigns_of_one_name_are_one_too_many() -> None:
    with pytest.raises(InvalidRule, match="two campaigns are called 'rain-pack'; give one"):
        shop_of(RAIN, rain(budget=CNY(1_000)))


def test_conditions_that_nobody_can_answer_are_refused_while_the_shop_is_built() -> None:
    apart = ~SameDevice(between=(pack.GRABBER, pack.SHARER))
    with pytest.raises(InvalidRule) as raised:
        Shop(MemoryStore(), [rain(given=apart & HasTag("vip"))])
    assert raised.value.message == (
        "rain-pack: its conditions need devices, tags, but this shop has no members port; "
        "give members="
    )


def test_a_shop_lists_its_campaigns_in_the_order_given() -> None:
    assert shop_of(likes(), RAIN).campaigns == (likes(), RAIN)


# ------------------------------------------------------------------ keys


def test_the_same_wish_under_the_same_key_is_answered_again(store: Any) -> None:
    """RQ-19: an honest retry carries a later time, and other dice, and changes nothing."""
    shop = shop_of(RAIN, store=store)
    shop.handle(RAIN, share(key="s"))
    first = shop.handle(RAIN, grab(key="tap", at=at(minutes=1)))
    tables = everything(store)
    again = shop.handle(RAIN, grab(key="tap", at=at(minutes=5), entropy="ff"))
    assert again == first
    assert everything(store) == tables


@pytest.mark.parametrize(
    "other", [grab("eve", key="tap"), grab("bob", "p2", key="tap"), share("p9", key="tap")]
)
def test_another_wish_under_the_same_key_is_the_hosts_mistake(store: Any, other: Any) -> None:
    shop = shop_of(RAIN, store=store)
    shop.handle(RAIN, share())
    shop.handle(RAIN, grab(key="tap"))
    tables = everything(store)
    with pytest.raises(KeyReused, match="give every wish a key of its own") as raised:
        shop.handle(RAIN, other)
    assert raised.value.operands["key"] == "tap"
    assert everything(store) == tables


def test_a_key_is_known_within_one_campaign_only() -> None:
    shop = shop_of(RAIN, likes())
    shop.handle(RAIN, share(key="1"))
    assert code(shop.handle(likes(), ask(key="1"))) == "yes"


def test_what_is_refused_for_good_stays_refused_and_what_may_change_does_not(store: Any) -> None:
    """EC-103: a transient failure is never pinned."""
    shop = shop_of(RAIN, store=store)
    early = grab(key="early")
    assert code(shop.handle(RAIN, early)) == "no_such_pack"
    shop.handle(RAIN, share())
    assert code(shop.handle(RAIN, early)) == "yes"
    own = grab("ann", key="own")
    first = shop.handle(RAIN, own)
    assert code(first) == "own_pack"
    generous = rain(mechanic=pack.CouponPack(RAIN.mechanic.split, open_for=days(1), own="allowed"))
    assert shop_of(generous, store=store).handle(generous, own) == first


def test_neighbors_of_a_reused_key_are_decided(store: Any) -> None:
    shop = shop_of(RAIN, store=store)
    shop.handle(RAIN, share())
    told = [grab("bob", key="1"), grab("cid", key="1"), grab("dee", key="2"), grab("bob", key="1")]
    outcomes = shop.handle_many(RAIN, told)
    assert [type(one).__name__ for one in outcomes] == [
        "Accepted",
        "KeyReused",
        "Accepted",
        "Accepted",
    ]
    assert outcomes[3] == outcomes[0]
    assert sorted(plain(dict(store.cells("rain-pack"))["p1"].state)["shares"]) == ["bob", "dee"]


def test_keys_that_were_pruned_are_free_again(store: Any) -> None:
    shop = shop_of(RAIN, store=store)
    shop.handle(RAIN, share(key="old", at=NOON))
    shop.handle(RAIN, grab(key="new", at=at(hours=2)))
    assert store.prune_keys(at(hours=1)) == 1
    assert code(shop.handle(RAIN, share("p2", key="old"))) == "yes"
    with pytest.raises(KeyReused):
        shop.handle(RAIN, share("p3", key="new"))


# ------------------------------------------------------------------ decisions


def test_a_decision_is_no_truth_value_and_reads_as_a_sentence() -> None:
    """EC-111, RQ-11: applied and refused are two types, never a bool."""
    shop = shop_of(small())
    yes = shop.handle(small(), share())
    no = shop.handle(small(), grab("ann"))
    assert isinstance(yes, Accepted)
    assert isinstance(no, Refused)
    for decision in (yes, no):
        with pytest.raises(NoTruthValue, match="match on Accepted and Refused"):
            bool(decision)
    assert str(yes) == "a pack of ¥6 in 3 parts is open until 2026-11-11 05:00+00:00"
    assert str(no) == "no: ann cannot open their own pack"


# ------------------------------------------------------------------ the members port


VIP = rain(given=HasTag("vip"))


def test_members_that_raise_leave_everything_as_it_was(store: Any) -> None:
    members = FakeMembers({"ann": {"tags": {"vip"}}})
    shop = shop_of(VIP, store=store, members=members)
    members.fail(TimeoutError("no answer for 3 s"))
    with pytest.raises(MembersFailed) as raised:
        shop.handle(VIP, share(key="k"))
    assert raised.value.message == (
        "members: asked about ann: TimeoutError: no answer for 3 s; nothing was decided"
    )
    assert isinstance(raised.value.__cause__, TimeoutError)
    assert not store.campaigns()
    members.fail(None)
    assert code(shop.handle(VIP, share(key="k"))) == "yes"


class Odd:
    """Members who answer something else."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def facts(self, asked: Sequence[Any]) -> Any:
        return self.answer


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([], "members: 1 questions got 0 answers; answer each, in order"),
        ([{}, {}], "members: 1 questions got 2 answers; answer each, in order"),
        (None, "members: 1 questions got None; answer each, in order"),
        ([None], "members: about ann: expected a mapping of facts by name, not None"),
        (["vip"], "members: about ann: expected a mapping of facts by name, not 'vip'"),
        ([{"fields": 7}], "members: fields: expected names and values, not 7"),
        ([{"tags": "vip"}], "sharer.tags: expected a set, list or tuple of texts"),
        ([{"tags": {1}}], "sharer.tags: expected a set, list or tuple of texts"),
    ],
)
def test_members_that_answer_out_of_shape_are_told_so(store: Any, answer: Any, said: str) -> None:
    shop = shop_of(VIP, store=store, members=Odd(answer))
    with pytest.raises(MembersFailed) as raised:
        shop.handle(VIP, share())
    assert said in raised.value.message
    assert not store.campaigns()


def test_what_the_host_does_not_know_is_asked_again_next_time() -> None:
    members = FakeMembers()
    shop = shop_of(VIP, members=members)
    first = shop.handle(VIP, share(key="k"))
    assert code(first) == "fact_missing"
    assert first.refusal.facts == ("sharer.tags",)
    members.know({"ann": {"tags": {"vip"}}})
    assert code(shop.handle(VIP, share(key="k"))) == "yes"


def test_custom_fields_are_read_from_their_own_drawer() -> None:
    campaign = rain(given=NumberIs("score", at_least=7))
    shop = shop_of(campaign, members=Odd([{"fields": {"score": 7}}]))
    assert code(shop.handle(campaign, share())) == "yes"


class Counted(FakeMembers):
    """Members who count how often they are asked."""

    calls = 0

    def facts(self, asked: Sequence[Any]) -> Any:
        self.calls += 1
        return super().facts(asked)


def test_the_host_is_asked_once_for_all_that_a_batch_needs() -> None:
    """Each member once for each moment, whoever opens the packs shared in the same batch."""
    apart = ~SameDevice(between=(pack.GRABBER, pack.SHARER))
    campaign = rain(given=apart)
    members = Counted({name: {"devices": {name}} for name in ("ann", "bob", "cid")})
    shop = shop_of(campaign, members=members)
    told = [share(), grab("bob"), grab("cid"), grab("bob")]
    outcomes = shop.handle_many(campaign, told)
    assert members.calls == 1
    assert [code(one) for one in outcomes] == ["yes", "yes", "yes", "already_grabbed"]
    assert sorted((one.member, one.at) for one in members.asked) == [
        ("ann", NOON),
        ("bob", NOON),
        ("cid", NOON),
    ]
    assert {one.facts for one in members.asked} == {frozenset({"devices"})}


def test_who_comes_upon_what_is_over_is_asked_about_with_those_whom_it_ends_for() -> None:
    campaign = likes(
        2,
        grants=Grant(Points(3), to=collect.COLLECTOR, on=collect.LAPSED, given=HasTag("vip")),
        given=HasTag("vip"),
        limits=(),
    )
    members = Counted({name: {"tags": {"vip"}} for name in ("ann", "bob")})
    shop = shop_of(campaign, members=members)
    shop.handle(campaign, ask("a1", by="ann"))
    members.calls, members.asked = 0, []
    assert (
        code(shop.handle(campaign, collect.Like(ask="a1", by="bob", at=at(days=3)))) == "ask_over"
    )
    assert members.calls == 1
    assert [(one.member, one.at) for one in members.asked] == [("ann", at(days=2))]
    assert [row.transfer.target for row in shop.store.postings("38-likes")] == ["member/ann"]


def test_facts_are_as_of_each_command_and_not_of_its_batch() -> None:
    """EC-12, EC-108: what a member became later does not count for what they did before."""

    class Rising:
        def facts(self, asked: Sequence[Any]) -> list[dict[str, object]]:
            return [{"tags": {"vip"} if one.at >= at(hours=1) else set()} for one in asked]

    shop = shop_of(VIP, members=Rising())
    told = [share("p1", at=NOON), share("p2", at=at(hours=1)), share("p3", at=at(minutes=59))]
    outcomes = shop.handle_many(VIP, told)
    assert [code(one) for one in outcomes] == ["not_eligible", "yes", "not_eligible"]


def test_an_older_version_is_asked_about_though_the_newest_asks_nobody() -> None:
    """RQ-21: conditions that were promised are kept, and so are those who are shut out."""
    members = FakeMembers({"ann": {"tags": {"vip"}}, "bob": {"tags": set()}})
    shop = shop_of(VIP, members=members)
    shop.handle(VIP, share())
    later = shop_of(RAIN, store=shop.store, members=members)
    assert code(later.handle(RAIN, grab("bob"))) == "not_eligible"
    assert code(later.handle(RAIN, share("p2", by="bob"))) == "yes"


# ------------------------------------------------------------------ closing


def test_a_closed_shop_does_nothing_more(store: Any) -> None:
    shop = shop_of(RAIN, store=store)
    shop.handle(RAIN, share())
    shop.close()
    for verb in (
        lambda: shop.handle(RAIN, grab()),
        lambda: shop.handle_many(RAIN, [grab()]),
        lambda: shop.tick(at(days=3)),
        lambda: list(shop.due(at(days=3))),
        lambda: shop.set_stage(RAIN, "paused", by="op", why="closing"),
    ):
        with pytest.raises(NotLive):
            verb()
    shop.close()


def test_a_shop_is_closed_by_its_with(tmp_path: Path) -> None:
    with Shop.open(f"sqlite:///{tmp_path}/viral.db", RAIN) as shop:
        shop.handle(RAIN, share())
    with pytest.raises(NotLive):
        shop.handle(RAIN, grab())


@pytest.mark.parametrize("url", ["", "memory", "mysql://x", "sqlite://x", "sqlite:x.db"])
def test_a_url_of_no_store_is_named_with_the_choices(url: str) -> None:
    with pytest.raises(InvalidValue, match=r"names no store; choose from: memory:"):
        Shop.open(url)


def test_the_first_coupon_takes_four_lines() -> None:
    campaign = rain(grants=Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED))
    with Shop.open("memory:", campaign) as shop:
        shop.handle(campaign, pack.Share(pack="ride-1", by="ann"))
        decision = shop.handle(campaign, pack.Grab(pack="ride-1", by="bob"))
    assert str(decision).startswith("bob gets a ¥")


def test_every_error_of_ours_is_one_family() -> None:
    for error in (InvalidMessage, KeyReused, MembersFailed, NaiveTime, NotLive, UnknownCampaign):
        assert issubclass(error, ViralCommerceError)


def test_asks_are_a_game_of_their_own() -> None:
    shop = shop_of(RAIN, likes())
    with pytest.raises(InvalidMessage, match="Share is no command of collect"):
        shop.handle(likes(), share())
    assert code(shop.handle(likes(), collect.Ask(ask="a1", by="ann"))) == "yes"
