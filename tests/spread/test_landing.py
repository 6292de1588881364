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
        "meta-externalfetcher/1.1", "meta-externalagent/1.1", "Mozilla/5.0 (compatible; yeti/1.1)",
        "Mozilla/5.0 (compatible; Meta-ExternalHit/1.1)", "Slack-ImgProxy (+https://api.slack.com)",
        "Iframely/1.3.1", "Mozilla/5.0 (compatible; LarkUrl2Png)", "Google-Read-Aloud",
        "Mozilla/5.0 (Linux; Android 6.0.1) Chrome/120 (compatible; Google-InspectionTool/1.0;)",
        "Mozilla/5.0 (Macintosh) Chrome/120 Safari/537.36 (Google-Read-Aloud)", "GoogleOther",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/123.0.0.0 googlemessages/15.1",
        "Mozilla/5.0 Chrome/1 (KHTML, like Gecko; compatible; bluesky cardyb/1.1)", "WhatsApp",
        "facebookexternalhit/1.1; kakaotalk-scrap/1.0; +https://devtalk.kakao.com/", "Embedly/0.2",
        "facebookexternalhit/1.1;line-poker/1.0", "Snapchat/10.12.0.2 (iPhone8,1; iOS 10.3.2)",
        "Viber/12.8.0.1 CFNetwork/1121.2.2 Darwin/19.3.0", "Yahoo:LinkExpander:Slingstone",
        "Discourse Forum Onebox v2.6.0.beta2", "Valve/Steam HTTP Client 1.0 (SteamChatURLLookup)",
        "http.rb/2.2.2 (Mastodon/1.5.1; +https://masto.example)", "Tumblr/14.0.835.186",
        "Mozilla/4.0 (compatible; ms-office; MSOffice 16)", "ChatGPT-User/1.0",
        "Scrapy/2.11", "ia_archiver", "okhttp/4.9", "okhttp/4.9.3", "Dalvik/2.1.0 (Linux; U)",
        "Apache-HttpClient/4.5.13 (Java/11.0.2)", "Python/3.9 aiohttp/3.7.3", "PHP/8.1", "undici",
        "PostmanRuntime/7.29.0", "Datadog/Synthetics", "W3C_Validator/1.3", "got/9.6.0", "curl",
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
        "Mozilla/5.0 (Linux; Android 14; wv) Chrome/120 Mobile OurShop/3.1 okhttp/4.9",
        "OurShop/3.1 (iPhone; iOS 17.5) CFNetwork/1496 Darwin/23.5", "OurShop/3.1 okhttp/4.9.3",
        "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; ARM; Trident/6.0; Touch)",
        "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UD1A; wv) Chrome/120 Mobile GSA/15.1",
        "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 Mobile/16C50 Flipboard/4.2.32",
        "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 Mobile/15E148 Snapchat/12.1 (like Safari)",
        "Mozilla/5.0 (iPhone) Mobile/15E148 [FBAN/FBIOS;FBAV/450.0;FBBV/1;FBDV/iPhone14,2]",
        "Mozilla/5.0 (iPhone) Mobile/15E148 Safari Line/14.1.0", "Lark/7.1 Mozilla/5.0 (iPhone)",
        "Mozilla/5.0 (Linux; Android 13; wv) Chrome/120 MQQBrowser/6.2 TBS/045 MicroMessenger/8.0",
        "Opera/9.80 (J2ME/MIDP; Opera Mini/9.80/191.227; U; en) Presto/2.12",
        "UCWEB/2.0 (MIDP-2.0; U; Adr 4.4.2; zh-CN) U2/1.0.0 UCBrowser/10.7 Mobile",
    ],
)  # fmt: skip
def test_people_are_touches(agent: str) -> None:
    """EC-71: Cubot is a brand of telephones; an app that names itself is more than its library."""
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


def test_a_page_that_is_listed_no_longer_leaves_the_viewer_a_link_that_can_be_written() -> None:
    later = Links(LINKS.secrets, audience="shop", pages=Pages("https://shop.example/", ("/q/*",)))
    for sharer, kept in (("eve", structs.replace(ANNS, sharer="bob", serial=0)), ("bob", None)):
        link = structs.replace(ANNS, sharer=sharer)
        read = later.read(LINKS.write(link), at=NOON)
        opening = Opening(at=NOON, visitor="v-1", member="bob")
        landing = land(read, opening, campaign="here", to="/q/sale")
        assert landing.opens == "https://shop.example/"
        assert landing.own == structs.replace(kept or link, to="/q/sale")
        assert later.address(landing.own).startswith("https://shop.example/q/sale?via=")


def test_a_home_that_is_listed_is_shared_onward() -> None:
    links = Links(LINKS.secrets, audience="shop", pages=Pages("https://shop.example/", ("/",)))
    home = structs.replace(ANNS, to="/")
    opening = Opening(at=NOON, visitor="v-1", member="bob")
    landing = land(links.read(links.write(home), at=NOON), opening, campaign="c", to="/x")
    assert landing.own == structs.replace(home, sharer="bob", serial=0)


def test_a_viewer_whose_name_is_too_long_for_all_of_it_shares_the_hosts_page() -> None:
    long = structs.replace(ANNS, topic="茶" * 200, seller="茶" * 200)
    landing = opened(long, member="茗" * 200)
    assert landing.touch is not None
    assert landing.own == Link(campaign="here", to="/p/sale", sharer="茗" * 200)
    LINKS.write(landing.own)


def test_a_scene_lands_as_a_link_does() -> None:
    scenes = Scenes(LINKS, words={"t": "/p/teapot"})
    link = Link(campaign="ride", to="/p/teapot", sharer="ann")
    read = scenes.read(scenes.write(link), at=NOON)
    landing = land(read, Opening(at=NOON, visitor="v-1", member="bob"), campaign="c", to="/p/x")
    assert landing.touch is not None
    trail = Trail.of("v-1").added(landing.touch)
    assert trail.touches[0].name == link.id
