"""The laws of spread/landing.py, by their names: one test a law."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from viralcommerce.spread.landing import Landing, Opening, is_machine, land
from viralcommerce.spread.links import Genuine, Link, Links, Uncredited
from viralcommerce.spread.pages import Pages

NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)
LINKS = Links(
    (b"a secret of 24 bytes, or",),
    audience="shop",
    pages=Pages("https://shop.example/", ("/p/*",)),
)
BEFORE = replace(LINKS, pages=Pages("https://shop.example/", ("/p/*", "/old/*")))
"""The same shop when it still listed another page."""
LONG = "茶" * 200
shared = st.builds(
    Link,
    campaign=st.just("ride"),
    to=st.just("/p/teapot"),
    sharer=st.sampled_from(["ann", "bob"]),
    channel=st.sampled_from(["", "wechat"]),
    seller=st.sampled_from(["", "s-1"]),
    serial=st.integers(0, 2),
    expires=st.sampled_from([None, NOON + timedelta(days=1), NOON - timedelta(days=1)]),
) | st.builds(
    Link,
    campaign=st.just("ride"),
    to=st.sampled_from(["/p/mug", "/old/mug"]),
    visitor=st.sampled_from(["v-1", "v-2", LONG]),
    topic=st.sampled_from(["", LONG]),
)
openings = st.builds(
    Opening,
    at=st.just(NOON),
    visitor=st.sampled_from(["v-1", "v-2"]),
    member=st.sampled_from(["", "bob", "cat", LONG]),
    agent=st.sampled_from(["", "Mozilla/5.0 (iPhone) MicroMessenger/8.0", "Twitterbot/1.0"]),
    purpose=st.sampled_from(["", "", "prefetch;prerender"]),
)
reads = st.builds(
    lambda token, cut: LINKS.read(token[: len(token) - cut], at=NOON),
    shared.map(BEFORE.write),
    st.sampled_from([0, 0, 0, 1]),
)


def landed(read: Genuine | Uncredited, opening: Opening) -> Landing:
    return land(read, opening, campaign="here", to="/p/sale")


@given(reads, openings)
def test_opens_the_page(read: Genuine | Uncredited, opening: Opening) -> None:
    assert landed(read, opening).opens == read.opens


@given(reads, openings)
def test_own_link(read: Genuine | Uncredited, opening: Opening) -> None:
    own = landed(read, opening).own
    if is_machine(opening):
        assert own is None
        return
    assert own is not None
    assert own.sharer == opening.member or opening.visitor == own.visitor
    again = landed(LINKS.read(LINKS.write(own), at=NOON), opening)
    assert again.touch is None, "the viewer's own link is theirs"
    counts = isinstance(read, Genuine)
    if counts and (read.link.topic != LONG or opening.member != LONG):
        blank = {"sharer": "x", "visitor": "", "serial": 0}
        there = read.link if read.is_listed else structs.replace(read.link, to="/p/sale")
        assert structs.replace(own, **blank) == structs.replace(there, **blank)
    elif not counts:
        assert (own.campaign, own.to, own.seller) == ("here", "/p/sale", "")


@given(reads, openings)
def test_writes_again(read: Genuine | Uncredited, opening: Opening) -> None:
    own = landed(read, opening).own
    if own is not None:
        assert isinstance(LINKS.read(LINKS.write(own), at=NOON), Genuine)


@given(reads, openings)
def test_touch_or_why(read: Genuine | Uncredited, opening: Opening) -> None:
    """EC-71."""
    said = landed(read, opening)
    assert (said.touch is None) == (said.why is not None)
    if said.touch is not None:
        assert isinstance(read, Genuine)
        assert (said.touch.name, said.touch.at) == (read.link.id, opening.at)
        assert said.touch.sharer != opening.member or said.touch.visitor != opening.visitor
