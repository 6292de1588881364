"""Scenes: a share link in at most 32 visible ASCII characters, for WeChat's ``scene``.

Nothing of 32 characters holds a campaign, a page, a product and a person as they are called. So
long names that recur have short words, in a table that is given as a value and never reused for
something else. What is written has small letters, digits and ``-._~!`` only, so that it needs no
escaping, and it is read in any case: some platforms lower the case of what they pass on.

A scene, in any language: the fields campaign, sharer, page, end, product, channel, seller, topic
and serial, joined by ``~``, without what is empty at its end; then 12 letters of Crockford's
Base 32 (small), the first 60 bits of HMAC-SHA256 of what stands before. A visitor's id as sharer
has a ``!`` in front. The end is in hours since 2020, in base 36, as the serial is. The key is that
of a link, under ``viralcommerce.scene.1:``.

60 bits are few for a signature and enough for this one: each guess has to be sent to the shop, a
billion of them forge one scene with a chance of one in a billion, and what is won is credit for
an order that somebody still has to pay.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Final

from viralcommerce.errors import InvalidValue
from viralcommerce.spread.links import (
    NOTHING_REVOKED,
    Forged,
    Genuine,
    Link,
    Links,
    NoLink,
    Revocations,
    Uncredited,
)
from viralcommerce.values.codes import CROCKFORD_32

LONGEST_SCENE: Final = 32
"""The most characters WeChat lets a scene have."""

_PURPOSE: Final = b"viralcommerce.scene.1:"
_MARK: Final = 12
_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)
_HOUR: Final = timedelta(hours=1)
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_SMALL: Final = CROCKFORD_32.lower()
_WORD: Final = re.compile(r"[a-z0-9._-]+")
_SHAPE: Final = re.compile(r"[a-z0-9._~!-]{1,20}[0-9a-hjkmnp-tv-z]{12}")
_NUMBER: Final = re.compile(r"|0|[1-9a-z][0-9a-z]{0,4}")
_FIELDS: Final = 9


@dataclass(frozen=True)
class Scenes:
    """Writes and reads links as scenes.

    Args:
        links: whose secrets, audience and pages they share; a scene is no token of theirs.
        words: short word to the long name it stands for: campaigns, pages, products, people.
            Add to it; a word that means something else later misleads the scenes in print.

    Raises:
        InvalidValue: a word with other characters than small letters, digits, ``.``, ``_``, ``-``.

    Example:
        >>> from viralcommerce.spread.pages import Pages
        >>> links = Links((b"a secret of 16 bytes",), audience="shop",
        ...     pages=Pages("https://shop.example/", ("/p/*",)))
        >>> scenes = Scenes(links, words={"r": "ride-code", "t1": "/p/teapot"})
        >>> scene = scenes.write(Link(campaign="ride-code", to="/p/teapot", sharer="ann"))
        >>> scene, len(scene)
        ('r~ann~t10rdq5bz6whgg', 20)
        >>> at = datetime(2026, 11, 11, tzinfo=UTC)
        >>> scenes.read(scene.upper(), at=at).link.sharer
        'ann'
    """

    links: Links
    _: KW_ONLY
    words: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for word, long in self.words.items():
            if not _WORD.fullmatch(word) or not long:
                raise InvalidValue(
                    f"scenes: word {word!r:.60} for {long!r:.60}: give small letters and digits"
                )
        if len(set(self.words.values())) < len(self.words):
            raise InvalidValue("scenes: two words stand for one name; keep one")
        object.__setattr__(self, "words", MappingProxyType(dict(self.words)))

    def write(self, link: Link) -> str:
        """The scene of a link.

        Raises:
            InvalidValue: it is too long, has a name that needs a short word, ends within an hour,
                or is a link that must not be written.
        """
        self.links.check(link)
        row = [
            self._short(link.campaign, "campaign"),
            self._short(link.sharer, "sharer") or "!" + self._short(link.visitor, "visitor"),
            self._short(link.to, "to"),
            _hours(link.expires),
            *(
                self._short(getattr(link, name), name)
                for name in ("product", "channel", "seller", "topic")
            ),
            _counted(link.serial, "serial") if link.serial else "",
        ]
        while not row[-1]:
            row.pop()
        body = "~".join(row)
        if len(body) + _MARK > LONGEST_SCENE:
            raise InvalidValue(
                f"scene: {body!r} has {len(body)} characters and {LONGEST_SCENE - _MARK} fit;"
                " give its longest names short words"
            )
        return body + self._mark(self._keys[-1], body)

    def read(
        self, scene: str | None, *, at: datetime, revoked: Revocations = NOTHING_REVOKED
    ) -> Genuine | Uncredited:
        """What a scene says; as `Links.read` does, for any text, without asking anybody.

        Args:
            scene: what WeChat passed on; any text, in any case, and what is no text is no scene.
            at: when it was opened.
            revoked: what was taken back.
        """
        if not isinstance(scene, str):
            return Uncredited(why=NoLink(), opens=self.links.pages.home)
        text = scene.lower() if len(scene) <= LONGEST_SCENE and scene.isascii() else ""
        if not _SHAPE.fullmatch(text):
            return Uncredited(why=NoLink(), opens=self.links.pages.home)
        body, mark = text[:-_MARK], text[-_MARK:]
        link = self._link(body)
        if not any(hmac.compare_digest(self._mark(key, body), mark) for key in self._keys):
            opens = self.links.pages.address(link.to) if link else self.links.pages.home
            return Uncredited(why=Forged(), opens=opens)
        if link is None:
            return Uncredited(why=NoLink(), opens=self.links.pages.home)
        return self.links.judged(link, at=at, revoked=revoked)

    def _short(self, name: str, what: str) -> str:
        word = self._shorts.get(name)
        if word is not None:
            return word
        if name and (not _WORD.fullmatch(name) or name in self.words):
            raise InvalidValue(
                f"scene: {what} {name!r:.60} cannot stand in a scene as it is; give it a short"
                " word in `words`"
            )
        return name

    def _link(self, body: str) -> Link | None:
        row = body.split("~")
        row += [""] * (_FIELDS - len(row))
        campaign, sharer, to, end, product, channel, seller, topic, serial = (
            self.words.get(word, word) for word in row[:_FIELDS]
        )
        visitor = row[1][1:] if row[1][:1] == "!" else ""
        end, serial = row[3], row[8]
        if len(row) > _FIELDS or not (_NUMBER.fullmatch(end) and _NUMBER.fullmatch(serial)):
            return None
        return Link(
            campaign=campaign,
            to=to,
            sharer="" if visitor else sharer,
            visitor=self.words.get(visitor, visitor),
            product=product,
            channel=channel,
            expires=_EPOCH + int(end, 36) * _HOUR if end else None,
            seller=seller,
            topic=topic,
            serial=int(serial, 36) if serial else 0,
        )

    def _mark(self, key: bytes, body: str) -> str:
        number = int.from_bytes(hmac.digest(key, body.encode(), "sha256")[:8], "big") >> 4
        return "".join(_SMALL[number >> shift & 31] for shift in range(55, -1, -5))

    @cached_property
    def _keys(self) -> tuple[bytes, ...]:
        return self.links.keys(_PURPOSE)

    @cached_property
    def _shorts(self) -> dict[str, str]:
        return {long: word for word, long in self.words.items()}


def _hours(expires: datetime | None) -> str:
    if expires is None:
        return ""
    hours, rest = divmod(expires - _EPOCH, _HOUR)
    if rest or hours < 0:
        raise InvalidValue(
            f"scene: the link ends at {expires.isoformat()};"
            " a scene keeps whole hours from 2020 on"
        )
    return _counted(hours, "end")


def _counted(number: int, what: str) -> str:
    """A number in base 36, of at most five digits."""
    if number >= 36**5:
        raise InvalidValue(f"scene: {what} {number} is too large; give less than {36**5}")
    text = ""
    while True:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
        if not number:
            return text
