"""Forgetting a member: nothing of the id is left, the books are clean, and they cannot return."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from shops import (
    NOON,
    ask,
    assert_clean,
    at,
    code,
    everything,
    gained,
    grab,
    like,
    likes,
    rain,
    share,
    shop_of,
    small,
)
from viralcommerce import DAY, PAIR, Cap, Grant, Limit, Points, Shop, hours, messages
from viralcommerce.codec import encode
from viralcommerce.errors import InvalidMessage, InvalidValue, StillOwed, StoreError
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import BY_CLOCK, GONE
from viralcommerce.rules.conditions import SameDevice, Velocity
from viralcommerce.runtime import life, outbox, ports
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.relay import Patience
from viralcommerce.runtime.stores.sqlite import SqliteStore

SMALL = small(
    grants=(
        *rain().grants,
        Grant(
            Points(1),
            to=pack.SHARER,
            on=pack.GRABBED,
            name="thanks",
            at_most=Limit(9, per=(PAIR, DAY)),
        ),
    ),
    limits=(Cap("a-day", 9, on=pack.GRABBED, of=pack.GRABBER, per=DAY),),
    given=Velocity(at_most=99, within=hours(1)),
)
LIKES = likes(2)
IDS = ("ann", "ann-7f3", "安娜", 'o"ann\\x', "10086", "ann@x.com", "user 7", "é/ann")


def busy(store: Any, who: str, **ports: Any) -> Shop:
    """A shop in which somebody did all there is to do, in names of theirs too."""
    shop = shop_of(SMALL, LIKES, store=store, **ports)
    told = (
        (SMALL, grab(who, f"nowhere-{who}", key=f"first {who}")),
        (SMALL, share(f"of-{who}", by=who, key=f"{who}:share")),
        (SMALL, grab("bob", f"of-{who}", key=f"{who}/bob")),
        (SMALL, share("p2", by="bob", key="k2")),
        (SMALL, grab(who, "p2", key="k3")),
        (SMALL, grab(who, "p2", key="k4")),
        (SMALL, grab(f"{who}a", "p2", key="k5")),
        (SMALL, grab("dee", f"nothing.{who}", key="k6")),
        (LIKES, ask("a1", by=who)),
        (LIKES, like("bob", "a1")),
        (LIKES, like("cid", "a1")),
        (LIKES, ask("a2", by="cid")),
        (LIKES, like(who, "a2")),
    )
    for campaign, command in told:
        shop.handle(campaign, command)
    shop.set_stage(LIKES, "live", by=who, why=f"{who} said so")
    return shop


def standing_alone(who: str, text: str) -> list[str]:
    """Where an id stands by itself in a text, whatever the text was escaped by."""
    forms = {who, encode(who).decode()[1:-1], who.encode("unicode_escape").decode()}
    found: list[str] = []
    for form in forms:
        alone = rf"(?<![^\W_]){re.escape(form)}(?![^\W_])"
        found += [
            text[max(hit.start() - 40, 0) : hit.end() + 20] for hit in re.finditer(alone, text)
        ]
    return found


def told(store: Any) -> str:
    """Everything that a store answers with, as text; whom is not asked, is not answered about."""
    lives = [encode(life).decode() for life in store.lives("38-likes")]
    tables = everything(store, people=())
    for table in tables.values():
        if isinstance(table, dict) and "quotas" in table:
            table["quotas"] = [[list(key), used] for key, used in table["quotas"].items()]
    keys = [one.key for name in store.campaigns() for one in store.keys(name)]
    parts = [
        encode(part).decode() for name in store.campaigns() for part in store.participants(name)
    ]
    return "\n".join([encode(tables).decode(), *lives, *keys, *parts])


@pytest.mark.parametrize("who", IDS)
def test_nothing_of_the_id_is_left_and_the_books_are_clean(store: Any, who: str) -> None:
    """RQ-23: whatever a member did, in whatever names."""
    shop = busy(store, who)
    before = audit(store)
    assert before.is_clean
    done = shop.forget(who)
    text = told(store)
    if who.isdecimal():  # what they took no part in may be named after another number
        text = text.replace(f"nothing.{who}", "")
    assert standing_alone(who, text) == []
    assert done.pseudonym.startswith(GONE)
    assert (done.lines, done.cells) == (10 - who.isdecimal(), 4)
    assert min(done.quotas, done.postings, done.parts, done.lives) >= 1
    after = audit(store)
    assert after.problems == ()
    assert (after.commands, after.spent) == (before.commands, before.spent)


@pytest.mark.parametrize("who", IDS)
def test_others_are_left_as_they_were(store: Any, who: str) -> None:
    """A longer id that begins with theirs is somebody else's."""
    shop = busy(store, who)
    other = f"{who}a"
    wallet, parts = shop.views.wallet(other, at=NOON), shop.views.parts(other)
    assert wallet
    shop.forget(who)
    assert shop.views.wallet(other, at=NOON) == wallet
    assert shop.views.parts(other) == parts
    assert code(shop.handle(SMALL, grab(other, "p2", key="again"))) == "already_grabbed"
    assert not shop.views.wallet(who, at=NOON)
    assert not shop.views.parts(who)


def test_who_was_forgotten_cannot_return(store: Any) -> None:
    """RQ-4: nothing begins anew with a new name in the books."""
    shop = busy(store, "ann-7")
    shop.forget("ann-7")
    text = told(store)
    for campaign, command in (
        (SMALL, share("new", by="ann-7", key="n1")),
        (SMALL, grab("ann-7", "p2", key="n2")),
        (SMALL, grab("ann-7", "p2", key="k3")),
        (LIKES, like("ann-7", "a2", key="n3")),
    ):
        decision = shop.handle(campaign, command)
        assert (code(decision), decision.command) != ("yes", None)
        assert code(decision) == "forgotten"
    outcomes = shop.handle_many(
        SMALL, [grab("eve", "p2"), grab("ann-7", "p2"), share("p9", "eve")]
    )
    assert [code(one) for one in outcomes] == ["yes", "forgotten", "yes"]
    assert standing_alone("ann-7", told(store)) == []
    assert told(store) != text
    counted = dict(store.quotas("rain-pack"))
    assert counted["rain-pack", "refused/forgotten", "", ""] == 4
    assert_clean(store)


def test_names_that_had_the_id_are_spent(store: Any) -> None:
    """A link or a key with somebody's id in it leads nowhere, and begins nothing anew."""
    shop = busy(store, "ann-7")
    shop.forget("ann-7")
    assert code(shop.handle(SMALL, grab("eve", "of-ann-7", key="e1"))) == "forgotten"
    assert code(shop.handle(SMALL, share("of-ann-7", "eve", key="e2"))) == "forgotten"
    assert code(shop.handle(SMALL, grab("bob", "p2", key="ann-7/bob"))) == "forgotten"
    assert code(shop.handle(SMALL, grab("bob", "of-ann", key="e3"))) == "no_such_pack"


def test_what_they_began_goes_on_without_them(store: Any) -> None:
    """Friends still open the pack; the sharer's reward is withheld, and goes back."""
    shop = shop_of(SMALL, store=store)
    shop.handle(SMALL, share("p1", by="ann"))
    done = shop.forget("ann")
    decision = shop.handle(SMALL, grab("bob", "p1"))
    assert [who for who, *_ in gained(decision)] == ["bob"]
    assert {(one.to, one.code) for one in decision.withheld} == {(done.pseudonym, "forgotten")}
    assert shop.tick(at(hours=2)) == 1
    assert_clean(store)


def test_the_host_is_not_asked_about_who_was_forgotten(store: Any) -> None:
    """What needs to be known of them is not known: it cannot be decided, rather than be right."""
    campaign = small(given=~SameDevice(between=(pack.GRABBER, pack.SHARER)))
    asked: list[str] = []

    class Members:
        def facts(self, questions: Any) -> list[dict[str, object]]:
            asked.extend(one.member for one in questions)
            return [{"devices": {one.member}} for one in questions]

    shop = shop_of(campaign, store=store, members=Members())
    shop.handle(campaign, share("p1", by="ann"))
    shop.handle(campaign, grab("bob", "p1"))
    shop.forget("ann")
    asked.clear()
    assert code(shop.handle(campaign, grab("cid", "p1"))) == "fact_missing"
    assert asked
    assert not any(one.startswith(GONE) for one in asked)
    assert_clean(store)


def test_again_there_is_nothing_to_forget(store: Any) -> None:
    shop = busy(store, "ann-7")
    assert not shop.forget("ann-7").nothing
    text = told(store)
    assert shop.forget("ann-7").nothing
    assert shop.forget("nobody").nothing
    assert told(store) == text
    assert code(shop.handle(SMALL, share("x", by="nobody"))) == "yes"


def test_what_others_said_of_them_later_is_forgotten_too(store: Any) -> None:
    shop = busy(store, "ann-7")
    shop.forget("ann-7")
    shop.handle(SMALL, grab("eve", "p2", key="for ann-7"))
    assert standing_alone("ann-7", told(store))
    done = shop.forget("ann-7")
    assert (done.lines, done.cells) == (1, 0)
    assert standing_alone("ann-7", told(store)) == []
    assert_clean(store)


def test_who_is_let_back_begins_anew(store: Any) -> None:
    shop = busy(store, "ann-7")
    shop.forget("ann-7")
    assert store.prune_tombstones(NOON) == 0
    assert store.prune_tombstones(at(seconds=1)) >= 1
    assert code(shop.handle(SMALL, grab("ann-7", "p2"))) == "yes"
    assert [line.award.to for line in shop.views.wallet("ann-7", at=NOON)] == ["ann-7"]
    assert_clean(store)


def test_somebody_for_whom_an_award_waits_is_not_forgotten(store: Any) -> None:
    """The issuer could not hand it out any more."""

    class Issuer:
        def issue(self, award: Any) -> None:
            pass

    shop = busy(store, "ann-7", issuer=Issuer())
    text = told(store)
    with pytest.raises(StillOwed, match=r"forget: ann-7: \d+ awards .* wait in the outbox"):
        shop.forget("ann-7")
    assert told(store) == text
    assert code(shop.handle(SMALL, share("more", by="ann-7"))) == "yes"
    shop.deliver(limit=1000)
    assert shop.forget("ann-7").lines > 1
    assert_clean(store)


def test_what_was_set_aside_does_not_stand_in_the_way(store: Any) -> None:
    """It stays aside, for a pseudonym, and so does what was said of the failure."""

    class Issuer:
        def issue(self, award: Any) -> None:
            if award.to == "ann-7":
                raise LookupError(f"no such user: {award.to}")

    shop = busy(store, "ann-7", issuer=Issuer())
    for _ in range(3):
        shop.deliver(limit=1000, patience=Patience(tries=1))
    aside = store.poisoned(1000)
    assert {one.award.to for one in aside} == {"ann-7"}
    done = shop.forget("ann-7")
    assert done.outbox == len(aside)
    after = store.poisoned(1000)
    assert {one.award.to for one in after} == {done.pseudonym}
    assert standing_alone("ann-7", told(store) + encode(after).decode()) == []
    assert_clean(store)


def test_only_a_member_can_be_forgotten(store: Any) -> None:
    shop = busy(store, "ann-7")
    pseudonym = shop.forget("ann-7").pseudonym
    for nobody in (BY_CLOCK, pseudonym, "", " ann", "a\u200b"):
        with pytest.raises(InvalidValue):
            shop.forget(nobody)
    with pytest.raises(InvalidMessage, match="stands for somebody who was forgotten"):
        shop.handle(SMALL, grab(pseudonym, "p2"))


def test_two_are_forgotten_apart(store: Any) -> None:
    """Whom both took part with does not tell which of them was which."""
    shop = busy(store, "ann-7")
    first, second = shop.forget("ann-7"), shop.forget("bob")
    assert first.pseudonym != second.pseudonym
    assert standing_alone("bob", told(store)) == standing_alone("ann-7", told(store)) == []
    assert_clean(store)


def test_a_number_is_only_theirs_where_they_took_part(store: Any) -> None:
    """Pack 7 of others outlives member 7, and so does every 7 that is no name."""
    shop = shop_of(SMALL, store=store)
    shop.handle(SMALL, share("7", by="bob", key="7"))
    shop.handle(SMALL, share("p-7", by="7", key="k-7"))
    shop.handle(SMALL, grab("cid", "7", key="k2"))
    done = shop.forget("7")
    assert shop.views.instance("rain-pack", "7", at=NOON) is not None
    assert shop.views.instance("rain-pack", "p-7", at=NOON) is None
    assert shop.views.instance("rain-pack", f"p-{done.pseudonym}", at=NOON) is not None
    assert code(shop.handle(SMALL, share("7", by="bob", key="7"))) == "yes"
    assert_clean(store)


def test_no_byte_is_left_in_an_sqlite_file(tmp_path: Path) -> None:
    """Nor in the log beside it: raw, escaped, or in another order of bytes."""
    path = tmp_path / "viral.db"
    store = SqliteStore(path)
    try:
        for who in ("ann-7f3", "安娜-7", 'o"ann\\7'):
            shop = shop_of(SMALL, store=store)
            for number in range(300):  # many pages, split many times
                shop.handle(SMALL, share(f"{who}.{number}", by=who, key=f"{number}:{who}"))
                shop.handle(SMALL, grab("bob", f"{who}.{number}"))
            assert traces(tmp_path, who)
            assert shop.forget(who).is_scrubbed
            assert traces(tmp_path, who) == []
        assert_clean(store)
    finally:
        store.close()


def traces(folder: Path, who: str) -> list[str]:
    """The files of a folder in which an id is found, in any form it may have in them."""
    forms = (
        who.encode(),
        who.encode("utf-16-le"),
        encode(who)[1:-1],
        who.encode("unicode_escape"),
    )
    return [
        file.name
        for file in sorted(folder.iterdir())
        if any(re.search(re.escape(form) + b"(?!a)", file.read_bytes()) for form in forms)
    ]


def test_a_reader_keeps_the_file_from_being_scrubbed_and_is_waited_for_no_longer(
    tmp_path: Path,
) -> None:
    store = SqliteStore(tmp_path / "viral.db", busy_after=0.1)
    shop = busy(store, "ann-7f3")
    with closing(sqlite3.connect(store.path)) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from viral_journal").fetchone()
        done = shop.forget("ann-7f3")
        assert (done.nothing, done.is_scrubbed) == (False, False)
        reader.execute("rollback")
    assert store.scrub()
    assert traces(tmp_path, "ann-7f3") == []
    store.close()


class NeverWrittenAnew(SqliteStore):
    """As where no folder for what is temporary can be written: `vacuum` needs another file."""

    def _open(self) -> sqlite3.Connection:
        connection = super()._open()
        connection.set_authorizer(
            lambda action, *_: (
                sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_ATTACH else sqlite3.SQLITE_OK
            )
        )
        return connection


def test_a_file_that_cannot_be_written_anew_does_not_keep_anybody_from_being_forgotten(
    tmp_path: Path,
) -> None:
    store = NeverWrittenAnew(tmp_path / "viral.db")
    shop = busy(store, "ann-7f3")
    done = shop.forget("ann-7f3")
    assert (done.nothing, done.is_scrubbed) == (False, False)
    assert standing_alone("ann-7f3", told(store)) == []
    with pytest.raises(StoreError):
        store.scrub()
    store.close()


def test_in_the_hosts_transaction_it_is_the_hosts_to_commit(tmp_path: Path) -> None:
    """The host's own row about the member goes together with ours, or neither does."""
    store = SqliteStore(tmp_path / "viral.db")
    shop = busy(store, "ann-7f3")
    with closing(sqlite3.connect(store.path, isolation_level=None)) as host:
        for ending, left in (("rollback", True), ("commit", False)):
            host.execute("begin immediate")
            done = shop.within(host).forget("ann-7f3")
            assert not done.is_scrubbed
            host.execute(ending)
            assert bool(standing_alone("ann-7f3", told(store))) is left
    assert_clean(store)
    store.close()


def test_the_awards_of_who_was_forgotten_stay_in_the_books(store: Any) -> None:
    campaign = small(grants=(*rain().grants, Grant(Points(5), to=pack.SHARER, on=pack.OPENED)))
    shop = shop_of(campaign, store=store)
    shop.handle("rain-pack", share("p1", by="ann"))
    done = shop.forget("ann")
    assert [line.award.to for line in shop.views.wallet(done.pseudonym, at=NOON)] == [
        done.pseudonym
    ]
    view = shop.views.instance("rain-pack", "p1", at=NOON)
    assert view is not None
    assert isinstance(view.state, pack.Open)
    assert view.state.sharer == done.pseudonym


def test_a_like_is_still_counted_once_its_liker_is_gone(store: Any) -> None:
    shop = shop_of(LIKES, store=store)
    shop.handle(LIKES, ask("a1", by="ann"))
    shop.handle(LIKES, like("bob", "a1"))
    shop.forget("bob")
    shop.handle(LIKES, like("cid", "a1"))
    view = shop.views.instance("38-likes", "a1", at=NOON)
    assert view is not None
    assert isinstance(view.state, collect.Done)
    assert_clean(store)


KNOWN = {
    messages.Accepted: {"campaign", "rules", "instance", "version", "command", "events", "awards",
                        "withheld", "adjustments"},
    messages.Refused: {"campaign", "rules", "instance", "command", "refusal"},
    messages.Award: {"id", "grant", "to", "role", "reward", "asset", "amount", "cost", "base",
                     "rate", "expires", "terms"},
    messages.Withheld: {"grant", "to", "code", "why"},
    messages.Adjustment: {"award", "to", "asset", "amount", "way"},
    messages.Transfer: {"id", "source", "target", "asset", "amount", "award", "reverses"},
    ports.Posting: {"campaign", "instance", "at", "transfer"},
    ports.Part: {"campaign", "member", "role", "instance", "at"},
    ports.Cell: {"rules", "version", "state", "deadline", "held", "parent"},
    ports.Record: {"key", "decision", "transfers", "parts", "issue"},
    outbox.Pending: {"position", "campaign", "award", "at", "tries", "error"},
    life.Life: {"stage", "by", "why", "at"},
}  # fmt: skip
"""What is kept of everything, as it was when it was last asked whether a member may be in it."""


@pytest.mark.parametrize("kind", KNOWN, ids=lambda kind: kind.__name__)
def test_a_new_field_is_not_forgotten_to_be_forgotten(kind: type[Any]) -> None:
    """Whoever adds one says in `rewriting` what becomes of it, and here that they did."""
    assert set(kind.__struct_fields__) == KNOWN[kind]
