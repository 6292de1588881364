"""Landing: what opening a link comes to: a page, perhaps a touch, and the viewer's own link.

In WeChat the menu shares the address bar. If that still holds the link that was opened, all who
come through the viewer are credited to whoever was first, and the tree stays one level deep. So
landing answers with the *viewer's own* link, for the host to put into the address bar (by
``history.replaceState``, or by one redirect). It is made of what the link carries and of the
list of pages, never of the address that was asked for: nothing of a session rides along.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import ClassVar, Final

from msgspec import Struct, structs

from viralcommerce.messages import Refusal
from viralcommerce.spread.links import Genuine, Link, Uncredited, WhyUncredited, fits
from viralcommerce.spread.touches import Touch

CRAWLERS: Final = re.compile(
    # Those who say that they are none of us, or leave an address for complaints; of the browsers
    # only old ones call themselves compatible.
    r"(?<!cu)bots?\b|bots?[/;.]|crawl|spider|slurp|https?://"
    r"|compatible; *(?! |msie|u;|konqueror|ibrowse|amiga|netpositive)[\w.:!+-]"
    # What they do.
    r"|preview|fetcher|scrap[ey]|checker|validator|archive[r.]|monitoring|linkexpander|url2png"
    r"|imgproxy|imageproxy|headless|phantomjs|playwright|lighthouse|pagespeed"
    # Networks and messengers, for the cards they show of a link.
    r"|externalhit|externalagent|externalfetcher|facebookcatalog|google-|-google\b|googleother"
    r"|googlemessages|^whatsapp|whatsapp/|^viber|^snapchat|line-poker|vkshare|pinterest/0"
    r"|quora link|^tumblr/|cardyb|embedly|iframely|onebox|^discourse|^mattermost|steam http"
    r"|\w-user\b"
    # Libraries by their own name, which programs go by that are given no other. An app that names
    # itself first, and its library after that, may have somebody before it.
    r"|^(?:okhttp|dalvik|java|apache-httpclient|ahc|reactor|guzzlehttp|php|ruby|perl|dart)\b"
    r"|^(?:axios|got|undici|node|rest-client|http|postman\w*|scrapy|aiohttp|libwww|curl|wget)\b"
    r"|curl/|wget/|python|java/|go-http-client|node-fetch|axios/|httpclient|libwww-perl"
    # Watchdogs.
    r"|uptime|pingdom|statuscake|site24x7|synthetic|nagios|zabbix",
    re.IGNORECASE,
)
"""User agents that nobody looks through: search engines, link previews, watchdogs, scripts."""

_AHEAD: Final = frozenset({"prefetch", "preview", "prerender", "instant"})


class Opening(Struct, frozen=True, kw_only=True, gc=False):
    """One request for a page that came with a link, as the host sees it.

    Args:
        at: when.
        visitor: the browser's or app's id, which the host made and keeps in a signed cookie.
        member: who is signed in there; empty for nobody.
        agent: the ``User-Agent`` header; empty where there is none to go by, and for an app of
            your own that asks by a library's name (``okhttp/4.9``), as programs do.
        purpose: the ``Sec-Purpose``, ``Purpose`` or ``X-Moz`` header.
        method: the request's method.
    """

    at: datetime
    visitor: str
    member: str = ""
    agent: str = ""
    purpose: str = ""
    method: str = "GET"


class OpenedByMachine(Refusal, frozen=True, kw_only=True):
    """A crawler, a link preview or a prefetch: nobody has looked at it."""

    en: ClassVar[str] = "nobody has looked at this"
    zh: ClassVar[str] = "链接预览或抓取，不计入访问"


class OwnLink(Refusal, frozen=True, kw_only=True):
    """Whoever shared it opened it."""

    en: ClassVar[str] = "this is your own link"
    zh: ClassVar[str] = "这是您自己的链接"


class Landing(Struct, frozen=True, kw_only=True):
    """What opening a link comes to.

    Args:
        opens: the whole address of the page to show.
        own: the viewer's own link to that page; none for a machine.
        touch: what to add to the visitor's trail; none where nobody is credited.
        why: the reason for no touch.
    """

    opens: str
    own: Link | None = None
    touch: Touch | None = None
    why: WhyUncredited | OpenedByMachine | OwnLink | None = None


def is_machine(opening: Opening, crawlers: re.Pattern[str] = CRAWLERS) -> bool:
    """Whether nobody looks at what this request gets.

    Example:
        >>> from datetime import UTC
        >>> noon = datetime(2026, 11, 11, 12, tzinfo=UTC)
        >>> seen = Opening(at=noon, visitor="v-1", agent="Slackbot 1.0")
        >>> is_machine(seen), is_machine(structs.replace(seen, agent="Mozilla/5.0 (CUBOT X18)"))
        (True, False)
    """
    ahead = set(re.split("[^a-z]+", opening.purpose.lower())) & _AHEAD
    return bool(ahead) or opening.method != "GET" or bool(crawlers.search(opening.agent))


def land(
    read: Genuine | Uncredited,
    opening: Opening,
    *,
    campaign: str,
    to: str,
    crawlers: re.Pattern[str] = CRAWLERS,
) -> Landing:
    """What an opened link comes to, whoever opened it.

    Args:
        read: what `Links.read` or `Scenes.read` made of it.
        opening: the request.
        campaign: of the viewer's own link where what was read does not count, or would make it
            too long with the viewer's name.
        to: the page of the viewer's own link in that case, and where the one that was read is
            listed no longer; a listed one.
        crawlers: user agents that are no people.

    Laws:
        Opens the page: whatever was read and whoever looks, the page that was read opens.
        Own link: it names the viewer, and else what a genuine link has; a machine has none.
        Writes again: the viewer's own link can be written, whatever was read and whoever looks.
        Touch or why: there is a touch, or the reason why there is none.
    """
    if is_machine(opening, crawlers):
        return Landing(opens=read.opens, why=OpenedByMachine())
    sharer, visitor = opening.member, "" if opening.member else opening.visitor
    fresh = Link(campaign=campaign, to=to, sharer=sharer, visitor=visitor)
    if isinstance(read, Uncredited):
        return Landing(opens=read.opens, own=fresh, why=read.why)
    link = read.link if read.is_listed else structs.replace(read.link, to=to)
    if is_own(link, opening):
        return Landing(opens=read.opens, own=link if fits(link) else fresh, why=OwnLink())
    own = structs.replace(link, sharer=sharer, visitor=visitor, serial=0)
    return Landing(
        opens=read.opens,
        own=own if fits(own) else fresh,
        touch=touched(read.link, opening.at),
    )


def is_own(link: Link, opening: Opening) -> bool:
    """Whether whoever shared a link opens it, as far as the browser and its member tell."""
    if link.sharer:
        return link.sharer == opening.member
    return link.visitor == opening.visitor


def touched(link: Link, at: datetime) -> Touch:
    """The touch that opening a genuine link is."""
    return Touch(
        at=at,
        campaign=link.campaign,
        sharer=link.sharer,
        visitor=link.visitor,
        name=link.id,
        product=link.product,
        channel=link.channel,
        seller=link.seller,
        topic=link.topic,
    )
