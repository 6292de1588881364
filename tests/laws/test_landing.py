"""The laws of spread/landing.py, by their names: one test a law."""

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
    Link, campaign=st.just("ride"), to=st.just("/p/mug"), visitor=st.sampled_from(["v-1", "v-2"])
)
openings = st.builds(
    Opening,
    at=st.just(NOON),
    visitor=st.sampled_from(["v-1", "v-2"]),
    member=st.sampled_from(["", "bob", "cat"]),
    agent=st.sampled_from(["", "Mozilla/5.0 (iPhone) MicroMessenger/8.0", "Twitterbot/1.0"]),
    purpose=st.sampled_from(["", "", "prefetch;prerender"]),
)
reads = st.builds(
    lambda token, cut: LINKS.read(token[: len(token) - cut], at=NOON),
    shared.map(LINKS.write),
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
    LINKS.check(own)
    again = landed(LINKS.read(LINKS.write(own), at=NOON), opening)
    assert again.touch is None, "the viewer's own link is theirs"
    if isinstance(read, Genuine):
        blank = {"sharer": "x", "visitor": "", "serial": 0}
        assert structs.replace(own, **blank) == structs.replace(read.link, **blank)
    else:
        assert (own.campaign, own.to, own.seller) == ("here", "/p/sale", "")


@given(reads, openings)
def test_touch_or_why(read: Genuine | Uncredited, opening: Opening) -> None:
    """EC-71."""
    said = landed(read, opening)
    assert (said.touch is None) == (said.why is not None)
    if said.touch is not None:
        assert isinstance(read, Genuine)
        assert (said.touch.name, said.touch.at) == (read.link.id, opening.at)
        assert said.touch.sharer != opening.member or said.touch.visitor != opening.visitor
