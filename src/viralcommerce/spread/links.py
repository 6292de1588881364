"""Share links: what a member sends to a friend. Short, signed, read without asking anybody.

A link carries who shares what, where it lands and when it ends, as a token in the address of the
sales page itself: ``https://shop.example/p/teapot?via=lKly...``. A platform that strips the query
still opens that page; a token that was cut, forged or has expired opens it too, and credits
nobody. That is a value, `Uncredited`, never an exception: strangers write these texts.

A link says who *shared*, never who is looking, and opens nothing but a listed page. It is signed
under a name of its own, so that no session token is a link and no link is a session token.

A token, in any language: the fields of `Link` in order as a MessagePack array, without what is
empty at its end; base64url without padding; a dot; and in base64url the first 16 bytes of
HMAC-SHA256 of what stands before the dot. Its key is HMAC-SHA256, under the secret, of
``viralcommerce.link.1:`` and the audience.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Set as AbstractSet
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from functools import cached_property
from typing import ClassVar, Final, Protocol

import msgspec
from itsdangerous import BadSignature, Signer
from itsdangerous.signer import SigningAlgorithm
from msgspec import Struct, structs

from viralcommerce.errors import InvalidValue
from viralcommerce.messages import Refusal
from viralcommerce.spread.pages import Pages
from viralcommerce.spread.touches import check_shared
from viralcommerce.values.ids import check_id
from viralcommerce.values.instants import in_utc

LONGEST_TOKEN: Final = 2_000
"""The most characters a token may have; a usual one has about a hundred."""

_LEAST_SECRET: Final = 16
_SERIALS: Final = 2**64
_MARK: Final = 1 + 22
_PURPOSE: Final = b"viralcommerce.link.1:"
_SIGNED: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{21}[AQgw]")
_QUERY_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Link(Struct, frozen=True, kw_only=True, gc=False, array_like=True):
    """What a share link carries. The same content is the same link, with the same id.

    Args:
        campaign: for which.
        to: the page it opens, see `Pages`.
        sharer: the member who shares; empty where a visitor does.
        visitor: the visitor who shares before signing in; empty where a member does.
        product: what it is about, if anything.
        channel: where it is shared: WeChat, app, PC site.
        expires: the first instant at which it credits nobody; none for never. Kept in UTC.
        seller: whose page it leads to.
        topic: what it is tagged with.
        serial: raised to issue the same link anew after one was revoked.

    Raises:
        InvalidValue: it ends at no datetime, or at one that UTC has not; or a serial that is no
            whole number from 0 to 2**64 - 1.
        NaiveTime: it ends at a time without a zone.
    """

    campaign: str
    to: str
    sharer: str = ""
    visitor: str = ""
    product: str = ""
    channel: str = ""
    expires: datetime | None = None
    seller: str = ""
    topic: str = ""
    serial: int = 0

    def __post_init__(self) -> None:
        if self.expires is not None:
            structs.force_setattr(self, "expires", in_utc(self.expires, "link.expires"))
        if type(self.serial) is not int or not 0 <= self.serial < _SERIALS:
            raise InvalidValue(f"link.serial: {self.serial!r:.40}; give 0 to {_SERIALS - 1}")

    @property
    def id(self) -> str:
        """The name of this link in touches and revocations: 16 hexadecimal digits."""
        return hashlib.sha256(_packed(self)).hexdigest()[:16]


class NoLink(Refusal, frozen=True, kw_only=True):
    """The text has not the shape of a link: cut off, encoded twice, or something else."""

    en: ClassVar[str] = "this is no link of ours"
    zh: ClassVar[str] = "链接不完整或无效"


class Forged(Refusal, frozen=True, kw_only=True):
    """No key of ours has signed it, or it was changed afterwards."""

    en: ClassVar[str] = "this is no link of ours"
    zh: ClassVar[str] = "链接不完整或无效"


class Foreign(Refusal, frozen=True, kw_only=True):
    """It is ours, but for another audience."""

    en: ClassVar[str] = "this link is for {audience}"
    zh: ClassVar[str] = "该链接仅适用于{audience}"

    audience: str


class Expired(Refusal, frozen=True, kw_only=True):
    """It has gone stale."""

    en: ClassVar[str] = "this link ended at {expires}"
    zh: ClassVar[str] = "该链接已于{expires}失效"

    expires: datetime


class Revoked(Refusal, frozen=True, kw_only=True):
    """The shop has taken it back."""

    en: ClassVar[str] = "this link has been taken back"
    zh: ClassVar[str] = "该链接已被停用"


WhyUncredited = NoLink | Forged | Foreign | Expired | Revoked


class Genuine(Struct, frozen=True, kw_only=True):
    """A link that counts.

    Args:
        link: what it carries.
        opens: the whole address of its page; the home's where that page is listed no longer.
        is_listed: whether that page still is on the list, so that the link could be written anew.
    """

    link: Link
    opens: str
    is_listed: bool = True


class Uncredited(Struct, frozen=True, kw_only=True):
    """A text that credits nobody, and opens a page all the same.

    Args:
        why: the reason, for the operator and the log; a visitor need not be told.
        opens: the whole address of the page: the link's own where it is listed, else the home's.
        link: what it carries, where it is ours and only expired or revoked.
    """

    why: WhyUncredited
    opens: str
    link: Link | None = None


class Revocations(Protocol):
    """What the shop has taken back: a `RevokedLinks`, or a port of the host's."""

    def holds(self, link: Link) -> bool:
        """Whether a link is taken back."""
        ...


@dataclass(frozen=True)
class RevokedLinks:
    """Links taken back: one by one, or all that someone shared, or all of a campaign.

    Args:
        ids: of links.
        sharers: members.
        campaigns: by name.
    """

    _: KW_ONLY
    ids: AbstractSet[str] = frozenset()
    sharers: AbstractSet[str] = frozenset()
    campaigns: AbstractSet[str] = frozenset()

    def holds(self, link: Link) -> bool:
        """Whether a link is taken back."""
        if link.campaign in self.campaigns or link.sharer in self.sharers:
            return True
        return bool(self.ids) and link.id in self.ids


NOTHING_REVOKED: Final = RevokedLinks()


@dataclass(frozen=True)
class Links:
    """Writes and reads the share links of one audience.

    Args:
        secrets: from the oldest to the newest, each 16 bytes or more out of a secure generator.
            The newest signs, any of them verifies: add one to rotate, and drop the oldest when
            the last link it signed has expired.
        audience: for whom: one shop, one environment, one partner. Links of another do not count.
        pages: where links may land.
        elsewhere: audiences under the same secrets, whose links are told from forged ones.
        query: the name in the page's query under which a token rides.

    Raises:
        InvalidValue: no secret, one too short, or names that cannot be.

    Laws:
        Round trip: what was written reads as itself, under any secret still kept, until it ends.
        No forgery: a token that was cut, prolonged or changed in one character credits nobody.
        Opens a listed page: whatever the text, what opens is the home or a listed page.
        One audience: what one audience writes credits nobody in another.
        Short scenes: a scene has at most 32 visible characters and reads as itself in any case.

    Example:
        >>> links = Links((b"a secret of 16 bytes",), audience="shop",
        ...     pages=Pages("https://shop.example/", ("/p/*",)))
        >>> token = links.write(Link(campaign="ride", to="/p/teapot", sharer="ann"))
        >>> read = links.read(token, at=datetime.fromisoformat("2026-11-11T00:00:00+08:00"))
        >>> read.link.sharer, read.opens
        ('ann', 'https://shop.example/p/teapot')
        >>> bad = links.read(token[:-1], at=datetime.fromisoformat("2026-11-11T00:00:00+08:00"))
        >>> str(bad.why), bad.opens
        ('no: this is no link of ours', 'https://shop.example/p/teapot')
    """

    secrets: tuple[bytes, ...] = field(repr=False)
    _: KW_ONLY
    audience: str
    pages: Pages
    elsewhere: tuple[str, ...] = ()
    query: str = "via"

    def __post_init__(self) -> None:
        if not self.secrets:
            raise InvalidValue("links: no secret; give one of 16 bytes or more")
        for place, secret in enumerate(self.secrets):
            if type(secret) is not bytes or len(secret) < _LEAST_SECRET:
                raise InvalidValue(
                    f"links: secrets[{place}] is no {_LEAST_SECRET} bytes or more;"
                    " take them from a secure generator"
                )
        for name in (self.audience, *self.elsewhere):
            check_id(name, "links.audience")
        if self.audience in self.elsewhere:
            raise InvalidValue(f"links: {self.audience!r} is the audience itself, not elsewhere")
        if not _QUERY_NAME.fullmatch(self.query) or self.query in self.pages.queries:
            raise InvalidValue(
                f"links: query {self.query!r:.80}: give letters and digits, and no name that"
                " the pages let ride along"
            )

    def write(self, link: Link) -> str:
        """The token of a link, signed with the newest secret.

        Raises:
            InvalidValue: it names nobody or two sharers, a page that is not listed, or no ids;
                or it is too long to be read again.
        """
        self.check(link)
        token = self._signer.sign(urlsafe_b64encode(_packed(link)).rstrip(b"=")).decode()
        if len(token) > LONGEST_TOKEN:
            raise InvalidValue(
                f"link: its token has {len(token):,} characters and {LONGEST_TOKEN:,} fit; give"
                " shorter ids, or a shorter page"
            )
        return token

    def address(self, link: Link) -> str:
        """The whole address to send to a friend: the sales page, and the token in its query.

        Raises:
            InvalidValue: as `write` does.
        """
        token = self.write(link)
        joint = "&" if "?" in link.to else "?"
        return f"{self.pages.address(link.to)}{joint}{self.query}={token}"

    def check(self, link: Link) -> None:
        """Refuse a link that must not be written; see `write`."""
        check_shared(link, "link")
        if why := self.pages.why_not(link.to):
            raise InvalidValue(f"link.to: {link.to!r:.200} {why}; choose a listed page")

    def read(
        self, token: str | None, *, at: datetime, revoked: Revocations = NOTHING_REVOKED
    ) -> Genuine | Uncredited:
        """What a token says; nothing but a revocation port of the host's is asked.

        Args:
            token: what came in the query; any text, and what is no text is no link.
            at: when it was opened.
            revoked: what was taken back.
        """
        if not isinstance(token, str):
            return Uncredited(why=NoLink(), opens=self.pages.home)
        if len(token) > LONGEST_TOKEN or not _SIGNED.fullmatch(token):
            return Uncredited(why=NoLink(), opens=self._open(_guessed(token)))
        try:
            body = self._signer.unsign(token)
        except BadSignature:
            why = self._foreign(token) or Forged()
            return Uncredited(why=why, opens=self._open(_guessed(token)))
        link = _unpacked(body)
        if link is None:
            return Uncredited(why=NoLink(), opens=self.pages.home)
        return self.judged(link, at=at, revoked=revoked)

    def judged(
        self, link: Link, *, at: datetime, revoked: Revocations = NOTHING_REVOKED
    ) -> Genuine | Uncredited:
        """Whether a link whose signature is right still counts.

        Raises:
            NaiveTime: a time without a zone.
        """
        at = in_utc(at, "links: at")
        opens = self.pages.address(link.to)
        if link.expires is not None and at >= link.expires:
            return Uncredited(why=Expired(expires=link.expires), opens=opens, link=link)
        if revoked is not NOTHING_REVOKED and revoked.holds(link):
            return Uncredited(why=Revoked(), opens=opens, link=link)
        is_listed = opens != self.pages.home or not self.pages.why_not(link.to)
        return Genuine(link=link, opens=opens, is_listed=is_listed)

    def keys(self, purpose: bytes = _PURPOSE) -> tuple[bytes, ...]:
        """The keys of this audience for a purpose, from the oldest secret to the newest."""
        return _keys(self.secrets, purpose, self.audience)

    def _open(self, target: str) -> str:
        return self.pages.address(target) if target else self.pages.home

    def _foreign(self, token: str) -> Foreign | None:
        for audience in self.elsewhere:
            if _signer(_keys(self.secrets, _PURPOSE, audience)).validate(token):
                return Foreign(audience=audience)
        return None

    @cached_property
    def _signer(self) -> Signer:
        return _signer(self.keys())


class _HalfOfSha256(SigningAlgorithm):
    """The first 128 bits of HMAC-SHA256, in one call."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return hmac.digest(key, value, "sha256")[:16]


def _signer(keys: tuple[bytes, ...]) -> Signer:
    return Signer(keys, key_derivation="none", algorithm=_HalfOfSha256())


def _keys(secrets: tuple[bytes, ...], purpose: bytes, audience: str) -> tuple[bytes, ...]:
    said = purpose + audience.encode()
    return tuple(hmac.digest(secret, said, "sha256") for secret in secrets)


_decoder = msgspec.msgpack.Decoder(Link)
_fields = Link.__struct_fields__
_empty = (*("",) * 6, None, "", "", 0)


def fits(link: Link) -> bool:
    """Whether the token of a link is short enough to be written, by whomever it is signed."""
    return -(-len(_packed(link)) * 4 // 3) + _MARK <= LONGEST_TOKEN


def _packed(link: Link) -> bytes:
    """The fields in order, without those that are empty at the end."""
    row = [getattr(link, name) for name in _fields]
    while row[-1] == _empty[len(row) - 1]:
        row.pop()
    return msgspec.msgpack.encode(row)


def _unpacked(body: bytes) -> Link | None:
    try:
        return _decoder.decode(urlsafe_b64decode(body + b"=" * (-len(body) % 4)))
    except (ValueError, msgspec.MsgspecError, RecursionError):  # strangers nest arrays, too
        return None


def _guessed(token: str) -> str:
    """The page that a text names which nobody has signed; it is checked like any other target."""
    body = token[:LONGEST_TOKEN].partition(".")[0]
    if not body.isascii():
        return ""
    link = _unpacked(body.encode())
    return link.to if link else ""
