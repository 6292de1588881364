"""Codes that members choose for themselves: what may be chosen, and how it is looked up.

A chosen code lives beside drawn ones and is found in the same canonical form, so it must not look
like one of them, or whoever chooses could sit on codes that are yet to be drawn. It is a sign in
public: it says nothing rude, nothing that sounds like the shop or an offer of its own (a rider
renamed his code to "uber$20FreeRide" and earned 50,000 dollars by it), and no brand.

A code once taken is taken for ever: given free and chosen again, it would send the old posters to
somebody else. That is the store's to keep, as is a cap on how often one code pays.
"""

from __future__ import annotations

import re
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import Final, Literal

from viralcommerce.errors import InvalidValue
from viralcommerce.values.codes import CROCKFORD_32, RUDE, CodeFormat

OFFERS: Final = frozenset({
    *("ADMIN", "BONUS", "CASHBACK", "COUPON", "DISCOUNT", "FREE", "GIFTCARD", "OFFICIAL"),
    *("PROMO", "REBATE", "SUPPORT", "VOUCHER"),
})  # fmt: skip
"""Words by which a chosen code would sound like the shop's own offer; a shop adds its brands."""

WhyNot = Literal["", "too_short", "too_long", "characters", "screened", "offer", "drawn"]
"""Why a code may not be chosen: stable words for the host's page, empty for a good one."""

_PLAIN: Final = re.compile("[A-Z0-9]+")
_PERCENT_OFF: Final = re.compile("[0-9](?:0|O)FF")


@dataclass(frozen=True)
class VanityFormat:
    """What members may choose as their code.

    Args:
        shortest: characters at least, after dashes and blanks are dropped.
        longest: characters at most.
        beside: the formats of drawn codes; nothing that is well formed in one may be chosen.
        screened: words that no code may spell, look-alikes included.
        offers: words that no code may contain, brands among them, look-alikes included.

    Raises:
        InvalidValue: lengths that cannot be, or a screened word that is not plain.

    Laws:
        Idempotent: ``canonical(canonical(t)) == canonical(t)``.
        Choosable: a code may be chosen in one spelling, not absurdly long, if and only if it may
            in its canonical one.
        Never drawn: nothing that a format beside it draws may be chosen.

    Example:
        >>> vanity = VanityFormat(beside=(CodeFormat(8),))
        >>> vanity.canonical("ann-tea"), vanity.why_not("ann-tea")
        ('ANNTEA', '')
        >>> vanity.why_not("Ann's tea"), vanity.why_not("20 dollars free")
        ('characters', 'offer')
    """

    _: KW_ONLY
    shortest: int = 4
    longest: int = 20
    beside: tuple[CodeFormat, ...] = ()
    screened: frozenset[str] = RUDE
    offers: frozenset[str] = OFFERS

    def __post_init__(self) -> None:
        if not 1 <= self.shortest <= self.longest <= 64:
            raise InvalidValue(
                f"vanity: {self.shortest} to {self.longest} characters; give 1 to 64, in order"
            )
        for words in (self.screened, self.offers):
            self._reading(words)  # a word that is not plain is told now

    def canonical(self, text: str) -> str:
        """The one form in which it is stored and looked up, as `CodeFormat.canonical` has it."""
        return self._rude.canonical(text)

    def why_not(self, text: str) -> WhyNot:
        """Why a text may not be chosen; empty where it may. Whether it is taken, the store knows.

        Args:
            text: what the member typed, in any spelling.
        """
        if len(text) > 4 * self.longest + 64:
            return "too_long"
        code = self.canonical(text)
        if not _PLAIN.fullmatch(code):
            return "characters" if code else "too_short"
        if len(code) < self.shortest:
            return "too_short"
        if len(code) > self.longest:
            return "too_long"
        if self._rude.reads_rude(code):
            return "screened"
        if self._offering.reads_rude(code) or _PERCENT_OFF.search(code):
            return "offer"
        if any(drawn.is_well_formed(code) for drawn in self.beside):
            return "drawn"
        return ""

    @cached_property
    def _rude(self) -> CodeFormat:
        return self._reading(self.screened)

    @cached_property
    def _offering(self) -> CodeFormat:
        return self._reading(self.offers)

    def _reading(self, words: frozenset[str]) -> CodeFormat:
        alphabet = self.beside[0].alphabet if self.beside else CROCKFORD_32
        return CodeFormat(self.longest, alphabet=alphabet, check=False, screened=words)
