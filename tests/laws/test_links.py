"""The laws of spread/links.py, by their names: one test a law."""

from datetime import UTC, datetime, timedelta
from string import ascii_letters, digits
from zoneinfo import ZoneInfo

from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import structs

from viralcommerce.errors import InvalidValue
from viralcommerce.spread.links import Expired, Genuine, Link, Links, Uncredited
from viralcommerce.spread.pages import Pages
from viralcommerce.spread.scenes import Scenes

PAGES = Pages("https://shop.example/", ("/p/*",), queries=frozenset({"sku"}))
OLD, NEW = b"an old secret of 24 byte", b"the new secret, 24 bytes"
SHOP = Links((OLD, NEW), audience="shop", pages=PAGES, elsewhere=("partner",))
NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)
PUT_BACK = datetime(2026, 11, 1, 5, tzinfo=UTC)
"""From here on New York's clocks show one hour twice."""
SCENES = Scenes(
    SHOP, words={"r": "ride-code", "t": "/p/teapot", "w": "wechat", "m": "/p/mug?sku=2"}
)

ids = st.text(ascii_letters + digits, min_size=1, max_size=9)
maybe = st.just("") | ids


@st.composite
def links(draw: st.DrawFn) -> Link:
    sharer = draw(maybe)
    ends = draw(st.none() | st.sampled_from([0, 1, 2]) | st.integers(0, 10_000))
    zone = draw(st.sampled_from([UTC, ZoneInfo("America/New_York")]))
    return Link(
        campaign=draw(ids | st.just("ride-code")),
        to=draw(st.sampled_from(["/p/teapot", "/p/%E8%8C%B6", "/p/mug?sku=2"])),
        sharer=sharer,
        visitor="" if sharer else draw(ids),
        product=draw(maybe),
        channel=draw(st.sampled_from(["", "wechat", "app"])),
        expires=None if ends is None else (PUT_BACK + timedelta(hours=ends)).astimezone(zone),
        seller=draw(maybe | st.just("茶" * 200)),
        topic=draw(maybe | st.just("茶" * 200)),
        serial=draw(st.integers(0, 40)),
    )


@given(links(), st.timedeltas(timedelta(-999), timedelta(999)))
def test_round_trip(link: Link, later: timedelta) -> None:
    at = NOON + later
    for writer in (SHOP, Links((OLD,), audience="shop", pages=PAGES)):
        read = SHOP.read(writer.write(link), at=at)
        assert read.opens == PAGES.address(link.to)
        assert read.link == link
        if link.expires is None or at < link.expires:
            assert isinstance(read, Genuine)
        else:
            assert read.why == Expired(expires=link.expires)


@given(links(), st.data())
def test_no_forgery(link: Link, data: st.DataObject) -> None:
    token = SHOP.write(link)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="ascii") | st.characters())
    how = data.draw(st.sampled_from(["change", "cut", "cut the front", "put in", "case"]))
    changed = {
        "change": token[:place] + other + token[place + 1 :],
        "cut": token[:place],
        "cut the front": token[place + 1 :],
        "put in": token[:place] + other + token[place:],
        "case": token.swapcase(),
    }[how]
    assume(changed != token)
    assert isinstance(SHOP.read(changed, at=NOON - timedelta(days=999)), Uncredited)


@given(st.text(max_size=80) | links().map(SHOP.write).map(lambda token: token[:-2]))
def test_opens_a_listed_page(text: str) -> None:
    for read in (SHOP.read(text, at=NOON), SCENES.read(text, at=NOON)):
        assert isinstance(read, Uncredited)
        assert read.opens.startswith(("https://shop.example/p/", PAGES.home))


@given(links())
def test_one_audience(link: Link) -> None:
    partner = Links((OLD, NEW), audience="partner", pages=PAGES)
    stranger = Links((OLD, NEW), audience="stranger", pages=PAGES)
    read = SHOP.read(partner.write(link), at=NOON)
    assert isinstance(read, Uncredited)
    assert read.why.code == "foreign"
    read = SHOP.read(stranger.write(link), at=NOON)
    assert isinstance(read, Uncredited)
    assert read.why.code == "forged"


@given(links(), st.sampled_from([str, str.upper, str.title]))
def test_short_scenes(link: Link, spelled: "type[str]") -> None:
    link = structs.replace(link, to="/p/teapot" if link.to.count("%") else link.to)
    try:
        scene = SCENES.write(link)
    except InvalidValue:
        texts = structs.astuple(link)
        known = {*SCENES.words.values(), ""}
        told = [text for text in texts if isinstance(text, str) and text not in known]
        needs_words = any(text != text.lower() or text in SCENES.words for text in told)
        assert needs_words or sum(map(len, told)) + len(texts) > 12
        return
    assert len(scene) <= 32
    assert scene.isascii()
    assert scene.isprintable()
    assert " " not in scene
    at = NOON - timedelta(days=1)
    assert SCENES.read(spelled(scene), at=at).link == link
