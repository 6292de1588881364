r"""Where a link may land: pages of the shop, listed; anything else opens the shop's home.

An open redirect is made of a target that one reader takes for a path and another for a host:
``//evil``, ``/\evil``, ``https:evil``, ``https://shop@evil``, ``%252f``, a dot or a slash that
only Unicode sees. So a target is not parsed and then judged. It is matched against a grammar in
which each of these has no way to be written, and then against the list.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import Final

from viralcommerce.errors import InvalidValue

LONGEST_TARGET: Final = 1_000
"""The most characters a target may have; old browsers and chat apps cut longer addresses."""

_REMEMBERED: Final = 1_000
_ORIGIN: Final = re.compile(
    r"(?:https://[a-z0-9-]+(?:\.[a-z0-9-]+)+|http://(?:localhost|127\.0\.0\.1))(?::[0-9]{1,5})?"
)
_SIGN: Final = r"(?:[A-Za-z0-9._~!$*+,:=-]|%20|%[89A-Fa-f][0-9A-Fa-f])"
_PATH: Final = re.compile(rf"(?:/{_SIGN}+)*/?")
_PAIR: Final = rf"([A-Za-z0-9_-]{{1,64}})=({_SIGN}*)"
_QUERY: Final = re.compile(rf"{_PAIR}(?:&{_PAIR})*")
_NAMES: Final = re.compile(r"(?:^|&)([A-Za-z0-9_-]+)=")
_ESCAPED: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_DOTS: Final = frozenset({".", ".."})


@dataclass(frozen=True)
class Pages:
    """The pages that a share link may open: an allow-list.

    A target is a path of the home's own origin (``/p/teapot``), or a whole address of an origin
    that the list names. Letters beyond ASCII are escaped as UTF-8, once. Nothing else is read:
    no user, no fragment, no empty or dotted segment, no escape of an ASCII character but a blank.

    Args:
        home: the whole address that opens where a link has no page that may be opened.
        allowed: paths or whole addresses, exact, or everything below one: ``/p/*``.
        queries: the names that may stand in a target's query; none unless said.

    Raises:
        InvalidValue: an entry that no target could match, or no entry at all.

    Laws:
        Closed: whatever the text, the address that opens begins with a listed origin and a slash.
        Listed: what is allowed matches an entry, and every exact entry is allowed.

    Example:
        >>> pages = Pages("https://shop.example/", ("/p/*", "https://m.shop.example/sale"))
        >>> pages.address("/p/teapot"), pages.address("https://m.shop.example/sale")
        ('https://shop.example/p/teapot', 'https://m.shop.example/sale')
        >>> pages.address("//evil.example/p/teapot"), pages.why_not("/cart")
        ('https://shop.example/', 'is not on the list of pages')
    """

    home: str
    allowed: tuple[str, ...]
    _: KW_ONLY
    queries: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not _ORIGIN.match(self.home) or self._parts(self.home) is None:
            raise InvalidValue(
                f"pages: home {self.home!r:.80} is no address; write it like https://shop.example/"
            )
        if not self.allowed:
            raise InvalidValue("pages: nothing is allowed; list paths like '/p/*'")
        for entry in self.allowed:
            if self._parts(entry.removesuffix("*")) is None or (
                entry.endswith("*") and not entry.endswith("/*")
            ):
                raise InvalidValue(
                    f"pages: {entry!r:.80} matches no target; write it like '/p/*',"
                    " '/sale' or 'https://m.shop.example/p/*'"
                )
        for name in sorted(self.queries):
            if not re.fullmatch("[A-Za-z0-9_-]{1,64}", name):
                raise InvalidValue(f"pages: query name {name!r:.80}: give letters and digits")

    def why_not(self, target: str) -> str:
        """Why a target may not be opened, in words; empty where it may."""
        if type(target) is not str or not 0 < len(target) <= LONGEST_TARGET:
            return f"is no text of 1 to {LONGEST_TARGET} characters"
        bare, asks, query = target.partition("?")
        parts = self._parts(bare)
        if parts is None:
            return "is no plain path or address"
        if asks:
            if not _QUERY.fullmatch(query) or not _is_plain(query):
                return "has a query that is not of plain name=value pairs"
            names = _NAMES.findall(query)
            strange = sorted(set(names) - self.queries)
            if strange:
                return f"has {strange[0]!r:.64} in its query, which may not ride along"
            if len(set(names)) < len(names):
                return "says a name twice in its query"
        origin, path = parts
        if parts in self._exact or any(
            origin == listed and path.startswith(below) and path != below
            for listed, below in self._below
        ):
            return ""
        return "is not on the list of pages"

    def address(self, target: str) -> str:
        """The whole address that a target opens: its own where it may, else the home's."""
        known = self._known.get(target)
        if known is None:
            known = self.home if self.why_not(target) else self._whole(target)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[target] = known
        return known

    def _whole(self, target: str) -> str:
        return self.origin + target if target[0] == "/" else target

    @cached_property
    def origin(self) -> str:
        """Scheme, host and port of the home."""
        found = _ORIGIN.match(self.home)
        assert found  # a home without one cannot be
        return found[0]

    def _parts(self, bare: str) -> tuple[str, str] | None:
        """Origin and path of a target without its query; None where the grammar has no such."""
        origin, path = self.origin, bare
        if bare[:1] != "/":
            found = _ORIGIN.match(bare)
            if not found:
                return None
            origin, path = found[0], bare[found.end() :]
        if path[:1] != "/" or not _PATH.fullmatch(path) or not _is_plain(path):
            return None
        if _DOTS & set(path.split("/")):
            return None
        return origin, path

    @cached_property
    def _known(self) -> dict[str, str]:
        """Addresses that were judged lately; a shop's pages are few, and each is opened often."""
        return {}

    @cached_property
    def _exact(self) -> frozenset[tuple[str, str] | None]:
        return frozenset(self._parts(each) for each in self.allowed if each[-1] != "*")

    @cached_property
    def _below(self) -> tuple[tuple[str, str], ...]:
        found = [self._parts(each[:-1]) for each in self.allowed if each[-1] == "*"]
        return tuple(parts for parts in found if parts is not None)


def _is_plain(text: str) -> bool:
    """Whether escapes are UTF-8, and none is a letter that folds into ASCII, or cannot be seen."""
    for run in _ESCAPED.findall(text):
        try:
            said = bytes.fromhex(run.replace("%", "")).decode()
        except UnicodeDecodeError:
            return False
        for letter in said:
            folded = unicodedata.normalize("NFKC", letter)
            if letter != " " and (
                any(each.isascii() for each in folded) or unicodedata.category(letter)[0] in "CZ"
            ):
                return False
    return True
