"""Landing: who counts as having looked, and what they share onward."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from viralcommerce.spread.landing import (
    Landing,
    OpenedByMachine,
    Opening,
    OwnLink,
    is_machine,
    land,
)
from viralcommerce.spread.links import Expired, Forged, Link, Links
from viralcommerce.spread.pages import Pages
from viralcommerce.spread.scenes import Scenes
from viralcommerce.spread.touches import Touch, Trail

NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)
LINKS = Links(
    (b"a secret of twenty-four.",),
    audience="shop",
    pages=Pages("https://shop.example/", ("/p/*",)),
)
ANNS = Link(
    campaign="ride-code",
    to="/p/teapot",
    sharer="ann",
    product="teapot",
    channel="wechat",
    expires=NOON + timedelta(days=7),
    seller="s-1",
    topic="38",
    serial=2,
)
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) AppleWebKit/605.1 Mobile MicroMessenger/8.0.40"


def opened(link: Link, **said: str) -> Landing:
    opening = Opening(at=NOON, **{"visitor": "v-1", "agent": PHONE, **said})
    return land(LINKS.read(LINKS.write(link), at=NOON), opening, campaign="here", to="/p/sale")


def test_a_friend_opens_a_link() -> None:
    landing = opened(ANNS, member="bob")
    assert landing.opens == "https://shop.example/p/teapot"
    assert landing.touch == Touch(
        at=NOON,
        campaign="ride-code",
        sharer="ann",
        name=ANNS.id,
        product="teapot",
        channel="wechat",
        seller="s-1",
        topic="38",
    )
    assert landing.own == structs.replace(ANNS, sharer="bob", serial=0)


def test_the_tree_grows_deep_from_the_address_bar_alone() -> None:
    """WeChat's menu shares the address bar: cat comes through bob, not through ann."""
    link, came = ANNS, []
    for visitor in ("v-1", "v-2", "v-3", "v-4"):
        landing = opened(link, visitor=visitor)
        assert landing.own is not None
        assert landing.touch is not None
        came.append((visitor, landing.touch.sharer or landing.touch.visitor))
        link = landing.own
    assert came == [("v-1", "ann"), ("v-2", "v-1"), ("v-3", "v-2"), ("v-4", "v-3")]


def test_the_link_for_sharing_is_never_the_link_of_the_session() -> None:
    """EC-73: what is in the request's address does not come back; nor does whoever shared."""
    landing = opened(ANNS, member="bob")
    assert landing.own is not None
    address = LINKS.address(landing.own)
    assert re.fullmatch(r"https://shop\.example/p/teapot\?via=[\w-]+\.[\w-]+", address)
    carried = structs.asdict(landing.own)
    assert "v-1" not in map(str, carried.values())
    assert "ann" not in map(str, carried.values())


def test_ones_own_link_is_no_touch() -> None:
    """EC-71."""
    landing = opened(ANNS, member="ann")
    assert (landing.touch, landing.why, landing.own) == (None, OwnLink(), ANNS)
    guests = Link(campaign="ride-code", to="/p/teapot", visitor="v-1")
    assert opened(guests).why == OwnLink()
    assert opened(guests, member="ann").why == OwnLink()
    assert opened(guests, visitor="v-2").touch is not None


@pytest.mark.parametrize(
    "agent",
    [
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "Twitterbot/1.0", "WhatsApp/2.23.20.0 A", "TelegramBot (like TwitterBot)",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "LinkedInBot/1.0",
        "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
        "Mozilla/5.0 (compatible; Bytespider; spider-feedback@bytedance.com)",
        "Mozilla/5.0 (compatible; YandexBot/3.0)", "Sogou web spider/4.0", "360Spider",
        "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/120.0", "curl/8.5.0",
        "python-requests/2.31",
        "Google-PageRenderer Google (+https://developers.google.com/snippet) preview",
    ],
)  # fmt: skip
def test_crawlers_and_previews_are_no_touches(agent: str) -> None:
    """EC-71."""
    landing = opened(ANNS, agent=agent)
    assert landing == Landing(opens="https://shop.example/p/teapot", why=OpenedByMachine())


@pytest.mark.parametrize(
    "agent",
    [
        "", PHONE, "Mozilla/5.0 (Linux; Android 12; CUBOT X30) Chrome/120 Mobile",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36",
        "Mozilla/5.0 (Linux; Android 13) Weibo (HUAWEI__weibo__13.1)", "Mozilla/5.0 DingTalk/7.0",
    ],
)  # fmt: skip
def test_people_are_touches(agent: str) -> None:
    """EC-71: there is a brand of telephones called Cubot."""
    assert opened(ANNS, agent=agent).touch is not None


@pytest.mark.parametrize("purpose", ["prefetch", "prefetch;prerender", "preview", "Instant"])
def test_what_is_fetched_ahead_is_no_touch(purpose: str) -> None:
    """EC-71."""
    assert opened(ANNS, purpose=purpose).why == OpenedByMachine()
    assert opened(ANNS, method="HEAD").why == OpenedByMachine()
    assert not is_machine(Opening(at=NOON, visitor="v-1", purpose="navigate"))


def test_a_host_may_know_more_crawlers() -> None:
    read = LINKS.read(LINKS.write(ANNS), at=NOON)
    opening = Opening(at=NOON, visitor="v-1", agent="OurChecker")
    said = land(read, opening, campaign="c", to="/p/x", crawlers=re.compile("OurChecker"))
    assert said.why == OpenedByMachine()


def test_a_bad_link_gives_the_viewer_a_good_one() -> None:
    """Without what a forger wrote into it: another seller would earn by it."""
    token = LINKS.write(structs.replace(ANNS, seller="eve"))
    read = LINKS.read(token[:-2] + "AA", at=NOON)
    landing = land(read, Opening(at=NOON, visitor="v-1"), campaign="here", to="/p/sale")
    assert landing.opens == "https://shop.example/p/teapot"
    assert landing.why == Forged()
    assert landing.own == Link(campaign="here", to="/p/sale", visitor="v-1")
    late = LINKS.read(LINKS.write(ANNS), at=NOON + timedelta(days=7))
    landing = land(late, Opening(at=NOON, visitor="v-1"), campaign="here", to="/p/sale")
    assert isinstance(landing.why, Expired)
    assert landing.own == Link(campaign="here", to="/p/sale", visitor="v-1")


def test_a_scene_lands_as_a_link_does() -> None:
    scenes = Scenes(LINKS, words={"t": "/p/teapot"})
    link = Link(campaign="ride", to="/p/teapot", sharer="ann")
    read = scenes.read(scenes.write(link), at=NOON)
    landing = land(read, Opening(at=NOON, visitor="v-1", member="bob"), campaign="c", to="/p/x")
    assert landing.touch is not None
    trail = Trail.of("v-1").added(landing.touch)
    assert trail.touches[0].name == link.id
