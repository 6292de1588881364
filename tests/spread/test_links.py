"""Links and scenes: what strangers send in their place, and what operators do to them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from itsdangerous import URLSafeTimedSerializer

from viralcommerce.errors import InvalidValue, NaiveTime
from viralcommerce.spread.links import (
    LONGEST_TOKEN,
    Expired,
    Foreign,
    Forged,
    Genuine,
    Link,
    Links,
    NoLink,
    Revoked,
    RevokedLinks,
    Uncredited,
    fits,
)
from viralcommerce.spread.pages import Pages
from viralcommerce.spread.scenes import Scenes

PAGES = Pages("https://shop.example/", ("/p/*",), queries=frozenset({"sku"}))
SECRET = b"a secret of twenty-four."
LINKS = Links((SECRET,), audience="shop", pages=PAGES)
NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)
TEAPOT = Link(
    campaign="ride-code",
    to="/p/teapot",
    sharer="ann",
    product="teapot",
    channel="wechat",
    expires=NOON + timedelta(days=7),
    seller="s-1",
    topic="38",
)
TOKEN = LINKS.write(TEAPOT)


def why(text: str, links: Links = LINKS, **said: Any) -> Any:
    read = links.read(text, **{"at": NOON, **said})
    assert isinstance(read, Uncredited), read
    return read.why


def test_a_link_is_short_and_carries_everything() -> None:
    assert len(TOKEN) == 94
    assert LINKS.read(TOKEN, at=NOON) == Genuine(
        link=TEAPOT, opens="https://shop.example/p/teapot"
    )


def test_a_link_goes_straight_to_the_sales_page() -> None:
    assert LINKS.address(TEAPOT) == f"https://shop.example/p/teapot?via={TOKEN}"
    red = Link(campaign="c", to="/p/mug?sku=red", sharer="ann")
    assert LINKS.address(red).startswith("https://shop.example/p/mug?sku=red&via=")


def test_a_token_follows_its_book() -> None:
    """The documented recipe once more; what is in print must read for ever."""
    body = base64.urlsafe_b64encode(msgspec.msgpack.encode(["ride", "/p/teapot", "ann"]))
    key = hmac.digest(SECRET, b"viralcommerce.link.1:shop", "sha256")
    mark = base64.urlsafe_b64encode(hmac.digest(key, body.rstrip(b"="), "sha256")[:16])
    token = (body.rstrip(b"=") + b"." + mark.rstrip(b"=")).decode()
    link = Link(campaign="ride", to="/p/teapot", sharer="ann")
    assert LINKS.write(link) == token == "k6RyaWRlqS9wL3RlYXBvdKNhbm4.Tm1-LlvCapOVYcRfuoy12A"
    packed = msgspec.msgpack.encode(["ride", "/p/teapot", "ann"])
    assert link.id == hashlib.sha256(packed).hexdigest()[:16]


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "x", TOKEN[:-1], TOKEN[:40], TOKEN + "A", TOKEN + "=", TOKEN + "\n", " " + TOKEN,
        TOKEN.replace(".", "%2E"), TOKEN.replace(".", "%252E"), TOKEN.replace(".", ".."),
        TOKEN + "。", TOKEN.partition(".")[0], "." + TOKEN.partition(".")[2], "\ud800",
        f"https://shop.example/p/teapot?via={TOKEN}", "A" * 10**6, TOKEN[:-1] + "B",
        TOKEN.encode().hex(), "\uff21" + TOKEN[1:],
    ],
)  # fmt: skip
def test_what_has_not_the_shape_of_a_link(text: str) -> None:
    """Cut, prolonged, encoded twice, wrapped: a value, and a page."""
    assert why(text) == NoLink()
    assert LINKS.read(text, at=NOON).opens.startswith("https://shop.example/")


def test_a_bad_signature_still_opens_the_product_page_without_credit() -> None:
    """EC-72: lower case, too, as some platforms make of a query; then the page is not known."""
    body, _, mark = TOKEN.partition(".")
    forged = LINKS.read(f"{body}.{'A' * len(mark)}", at=NOON)
    assert forged == Uncredited(why=Forged(), opens="https://shop.example/p/teapot")
    cut = LINKS.read(TOKEN[:-3], at=NOON)
    assert cut == Uncredited(why=NoLink(), opens="https://shop.example/p/teapot")
    assert isinstance(LINKS.read(TOKEN.lower(), at=NOON), Uncredited)


def test_a_forged_page_is_no_way_out() -> None:
    """EC-74: the page of an unsigned link is checked like any other."""
    body = base64.urlsafe_b64encode(msgspec.msgpack.encode(["c", "https://evil.example/", "eve"]))
    text = body.decode().rstrip("=") + "." + "A" * 22
    assert LINKS.read(text, at=NOON) == Uncredited(why=Forged(), opens="https://shop.example/")


@pytest.mark.parametrize(
    "body",
    [
        b"\x9b\xa1c\xa4/p/x\xa1a" + b"\xa0" * 3 + b"\xc0\xa0\xa0\x00" + b"\x91" * 1_400,
        b"\x91" * 1_400, b"\xdd\xff\xff\xff\xff", b"\x93\xdb\xff\xff\xff\xff", b"\xc1",
        b"\x93\xa1\xff\xa1a\xa1b", b"\x93\xa1c\x01\xa1a", b"\x90", b"", b"\x80",
        b"\x97\xa1c\xa4/p/x\xa1a\xa0\xa0\xa0\xb90001-01-01T00:00:00+14:00",
    ],
)  # fmt: skip
def test_nothing_that_a_stranger_packs_raises(body: bytes) -> None:
    """Nested a thousand deep, four billion long, no text, no array: a value and the home."""
    text = base64.urlsafe_b64encode(body).decode().rstrip("=")
    for mark in ("A" * 22, "A" * 21):
        read = LINKS.read(f"{text}.{mark}", at=NOON)
        assert isinstance(read, Uncredited)
        assert read.opens == "https://shop.example/"


def test_an_opening_has_a_zone() -> None:
    with pytest.raises(NaiveTime, match="links: at: 2026-11-11T12:00:00 has no zone"):
        LINKS.read(TOKEN, at=NOON.replace(tzinfo=None))


def test_secrets_rotate() -> None:
    newer = Links((SECRET, b"the next secret, longer."), audience="shop", pages=PAGES)
    newest = Links((b"the next secret, longer.",), audience="shop", pages=PAGES)
    assert isinstance(newer.read(TOKEN, at=NOON), Genuine)
    assert why(newer.write(TEAPOT)) == Forged()
    assert isinstance(newest.read(newer.write(TEAPOT), at=NOON), Genuine)
    assert why(TOKEN, newest) == Forged()


def test_a_link_ends_at_its_instant() -> None:
    ends = TEAPOT.expires
    assert ends is not None
    tick = timedelta(microseconds=1)
    assert isinstance(LINKS.read(TOKEN, at=ends - tick), Genuine)
    read = LINKS.read(TOKEN, at=ends)
    assert read == Uncredited(
        why=Expired(expires=ends), opens="https://shop.example/p/teapot", link=TEAPOT
    )
    assert str(Expired(expires=ends)) == "no: this link ended at 2026-11-18 12:00+00:00"


def test_another_audience_is_told_from_forgery() -> None:
    """EC-74: a token of another shop under the same secrets credits nobody here."""
    partner = Links((SECRET,), audience="partner", pages=PAGES)
    assert why(partner.write(TEAPOT)) == Forged()
    knowing = Links((SECRET,), audience="shop", pages=PAGES, elsewhere=("partner",))
    assert why(partner.write(TEAPOT), knowing) == Foreign(audience="partner")


def test_links_are_taken_back() -> None:
    other = Link(campaign="rain", to="/p/mug", sharer="cat")
    for revoked in (
        RevokedLinks(ids={TEAPOT.id}),
        RevokedLinks(sharers={"ann"}),
        RevokedLinks(campaigns={"ride-code"}),
    ):
        assert why(TOKEN, revoked=revoked) == Revoked()
        assert isinstance(LINKS.read(LINKS.write(other), at=NOON, revoked=revoked), Genuine)
    anew = msgspec.structs.replace(TEAPOT, serial=1)
    assert anew.id != TEAPOT.id
    revoked = RevokedLinks(ids={TEAPOT.id})
    assert isinstance(LINKS.read(LINKS.write(anew), at=NOON, revoked=revoked), Genuine)


def test_revocation_may_be_a_port_of_the_hosts() -> None:
    asked: list[Link] = []

    class Database:
        def holds(self, link: Link) -> bool:
            asked.append(link)
            return link.seller == "s-1"

    assert why(TOKEN, revoked=Database()) == Revoked()
    assert asked == [TEAPOT]
    why("forged", revoked=Database())
    assert len(asked) == 1, "only what is ours is asked about"


def test_a_visitors_link_names_no_sharer_to_revoke() -> None:
    link = Link(campaign="c", to="/p/x", visitor="v-1")
    read = LINKS.read(LINKS.write(link), at=NOON, revoked=RevokedLinks(sharers={"ann"}))
    assert read.link == link


def test_a_link_is_no_session_and_a_session_is_no_link() -> None:
    """EC-73: one secret, two purposes."""
    session = URLSafeTimedSerializer([SECRET], salt="session").dumps({"member": "ann"})
    assert why(session) == NoLink()
    assert not {"member", "session", "by"} & set(Link.__struct_fields__)


def test_a_page_that_is_listed_no_longer_is_home_and_the_credit_stays() -> None:
    elsewhere = Links((SECRET,), audience="shop", pages=Pages("https://shop.example/", ("/q/*",)))
    assert elsewhere.read(TOKEN, at=NOON) == Genuine(
        link=TEAPOT, opens="https://shop.example/", is_listed=False
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sharer": "", "visitor": ""}, "name one of them"),
        ({"visitor": "v-1"}, "name one of them"),
        ({"sharer": "ann\u200b"}, "unseen character"),
        ({"campaign": ""}, r"link.campaign: 0 characters"),
        ({"topic": " x"}, "begins or ends with a blank"),
        ({"to": "https://evil.example/"}, "is not on the list of pages; choose a listed page"),
        ({"to": "/cart"}, "is not on the list of pages"),
    ],
)
def test_a_link_that_must_not_be_written_is_refused(change: dict[str, Any], said: str) -> None:
    link = msgspec.structs.replace(TEAPOT, **change)
    for write in (LINKS.write, LINKS.address, Scenes(LINKS).write):
        with pytest.raises(InvalidValue, match=said):
            write(link)


@pytest.mark.parametrize("serial", [-1, 2**64, 1.0, True])
def test_a_serial_is_counted_up(serial: Any) -> None:
    with pytest.raises(InvalidValue, match=rf"link\.serial: {serial}; give 0 to 1844674407370955"):
        msgspec.structs.replace(TEAPOT, serial=serial)
    last = msgspec.structs.replace(TEAPOT, serial=2**64 - 1)
    assert LINKS.read(LINKS.write(last), at=NOON).link == last


def test_what_would_be_too_long_to_read_is_not_written() -> None:
    """Legal ids, in a language of three bytes a letter."""
    tea = "茶" * 200
    long = msgspec.structs.replace(TEAPOT, sharer=tea, topic=tea, seller="s" * 90)
    written, lengths = 0, []
    for more in range(1, 200):
        link = msgspec.structs.replace(long, product="x" * more)
        if fits(link):
            token = LINKS.write(link)
            lengths.append(len(token))
            assert LINKS.read(token, at=NOON).link == link
            written = more
            continue
        for write in (LINKS.write, LINKS.address):
            with pytest.raises(InvalidValue, match=r"link: its token has 2,\d\d\d characters and"):
                write(link)
    assert 0 < written < 199
    assert lengths == sorted(lengths)
    assert lengths[-1] in (LONGEST_TOKEN - 1, LONGEST_TOKEN)


@pytest.mark.parametrize("nothing", [None, 5, TOKEN.encode(), ["x"]])
def test_what_is_no_text_is_no_link(nothing: Any) -> None:
    for read in (LINKS.read, SCENES.read):
        assert read(nothing, at=NOON) == Uncredited(why=NoLink(), opens="https://shop.example/")


@pytest.mark.parametrize(
    ("expires", "said"),
    [
        (NOON.replace(tzinfo=None), r"link\.expires: 2026-11-11T12:00:00 has no zone; say which"),
        ("2026", r"link\.expires: expected a datetime, not '2026' \(str\)"),
    ],
)
def test_a_link_ends_at_an_instant_or_never(expires: Any, said: str) -> None:
    with pytest.raises(InvalidValue, match=said):
        msgspec.structs.replace(TEAPOT, expires=expires)


def test_an_end_in_a_zone_that_puts_its_clocks_back() -> None:
    """1:30 is shown twice in New York: the first is not past an end at the second."""
    first = datetime(2026, 11, 1, 1, 30, tzinfo=ZoneInfo("America/New_York"))
    link = msgspec.structs.replace(TEAPOT, expires=first.replace(fold=1))
    assert LINKS.read(LINKS.write(link), at=first) == LINKS.judged(link, at=first)
    assert isinstance(LINKS.judged(link, at=first.replace(minute=59)), Genuine)
    assert isinstance(LINKS.judged(link, at=first.replace(fold=1)), Uncredited)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"secrets": ()}, "no secret"),
        ({"secrets": (b"short",)}, r"secrets\[0\] is no 16 bytes"),
        ({"secrets": ("a text, not bytes, of 24",)}, r"secrets\[0\]"),
        ({"audience": ""}, "audience"),
        ({"elsewhere": ("shop",)}, "is the audience itself"),
        ({"query": "sku"}, "query 'sku'"),
        ({"query": "a b"}, "query 'a b'"),
    ],
)
def test_writers_that_cannot_be_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidValue, match=said) as caught:
        Links(**{"secrets": (SECRET,), "audience": "shop", "pages": PAGES, **wrong})
    assert "short" not in str(caught.value) or wrong["secrets"] == ()
    assert "secret of" not in repr(LINKS)


WORDS = {"r": "ride-code", "t": "/p/teapot", "w": "wechat"}
SCENES = Scenes(LINKS, words=WORDS)


def test_a_scene_fits_wechat() -> None:
    """EC-72."""
    full = Link(
        campaign="ride-code",
        to="/p/teapot",
        sharer="u8231",
        expires=NOON.astimezone(timezone(timedelta(hours=8))),
        channel="wechat",
    )
    scene = SCENES.write(full)
    assert len(scene) <= 32
    assert SCENES.read(scene, at=NOON - timedelta(hours=1)).link == full
    assert isinstance(SCENES.read(scene, at=NOON), Uncredited)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sharer": "Ann"}, "sharer 'Ann' cannot stand in a scene as it is"),
        ({"sharer": "t"}, "sharer 't' cannot stand"),
        ({"to": "/p/mug"}, "to '/p/mug' cannot stand"),
        ({"sharer": "u" * 20}, r"has 24 characters and 20 fit"),
        ({"expires": NOON + timedelta(minutes=1)}, "keeps whole hours"),
        ({"expires": datetime(2019, 1, 1, tzinfo=UTC)}, "keeps whole hours from 2020 on"),
        ({"serial": 36**5}, "serial 60466176 is too large"),
    ],
)
def test_what_fits_no_scene_is_said(change: dict[str, Any], said: str) -> None:
    link = Link(campaign="ride-code", to="/p/teapot", sharer="ann")
    with pytest.raises(InvalidValue, match=said):
        SCENES.write(msgspec.structs.replace(link, **change))


@pytest.mark.parametrize(
    "words", [{"R": "x"}, {"": "x"}, {"a~b": "x"}, {"a": ""}, {"a": "x", "b": "x"}]
)
def test_a_table_of_words_that_cannot_be(words: dict[str, str]) -> None:
    with pytest.raises(InvalidValue, match="scenes: "):
        Scenes(LINKS, words=words)


def test_a_forged_scene_opens_its_page() -> None:
    scene = SCENES.write(Link(campaign="ride-code", to="/p/teapot", sharer="ann"))
    other = scene[:-1] + ("0" if scene[-1] != "0" else "1")
    read = SCENES.read(other, at=NOON)
    assert read == Uncredited(why=Forged(), opens="https://shop.example/p/teapot")
    for place in range(len(scene)):
        for letter in "0z~.":
            changed = scene[:place] + letter + scene[place + 1 :]
            if changed != scene:
                assert isinstance(SCENES.read(changed, at=NOON), Uncredited)


@pytest.mark.parametrize("text", ["", "x", "~" * 32, "a" * 33, "\uff52~ann", "r%7Eann", "\n" * 20])
def test_what_is_no_scene(text: str) -> None:
    assert SCENES.read(text, at=NOON) == Uncredited(why=NoLink(), opens="https://shop.example/")


def test_a_scene_is_no_token_and_no_other_audiences() -> None:
    link = Link(campaign="ride-code", to="/p/teapot", sharer="ann")
    scene = SCENES.write(link)
    assert isinstance(LINKS.read(scene, at=NOON), Uncredited)
    partner = Scenes(Links((SECRET,), audience="partner", pages=PAGES), words=WORDS)
    assert isinstance(partner.read(scene, at=NOON), Uncredited)
    newer = Links((SECRET, b"the next secret, longer."), audience="shop", pages=PAGES)
    assert Scenes(newer, words=WORDS).read(scene, at=NOON).link == link
    visitors = Link(campaign="ride-code", to="/p/teapot", visitor="v-17")
    assert SCENES.read(SCENES.write(visitors), at=NOON).link == visitors
