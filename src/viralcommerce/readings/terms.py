"""Terms: what a member reads before taking part, printed from the campaign and from nothing else.

Each language is a `Voice` of its own with one method a section, so that neither says more than
the other. A game and its rewards say themselves: a new one needs no change here.

Laws:
    Every number of a campaign stands in its terms, in both languages.
    Campaigns whose terms are equal, but for the version, decide alike.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from viralcommerce.campaign import Campaign
from viralcommerce.errors import InvalidValue
from viralcommerce.readings.clauses import Voice
from viralcommerce.readings.terms_en import English
from viralcommerce.readings.terms_zh import Chinese
from viralcommerce.rules.wording import Language

_NUMERALS: Final = "一二三四五六七八"


class Section(Struct, frozen=True):
    """Clauses under one heading."""

    heading: str
    clauses: tuple[str, ...]


class Terms(Struct, frozen=True):
    """The terms of one version of a campaign in one language; ``str()`` prints them.

    Args:
        language: ``"en"`` or ``"zh"``.
        title: of the whole.
        sections: in the order of reading; those with nothing to say are left out.
        version: the content hash of the campaign.
    """

    language: Language
    title: str
    sections: tuple[Section, ...]
    version: str

    def __str__(self) -> str:
        lines = [self.title]
        for number, section in enumerate(self.sections, start=1):
            mark = f"{_NUMERALS[number - 1]}、" if self.language == "zh" else f"{number}. "
            lines += ["", f"{mark}{section.heading}"]
            for place, clause in enumerate(section.clauses, start=1):
                own = f"{place}. " if self.language == "zh" else f"{number}.{place} "
                lines.append(own + clause)
        return "\n".join([*lines, ""])


def terms(campaign: Campaign, language: Language = "en") -> Terms:
    """The terms of a campaign, to be shown to members.

    Raises:
        InvalidValue: another language than ``"en"`` or ``"zh"``.

    Example:
        >>> from viralcommerce import CNY, UNLIMITED, WHOLE, days
        >>> from viralcommerce import Campaign, Coupon, Grant, LuckySplit
        >>> from viralcommerce.mechanics import coupon_pack as pack
        >>> rain = Campaign(
        ...     "rain-pack",
        ...     pack.CouponPack(LuckySplit(CNY(60), parts=10), open_for=days(1)),
        ...     grants=(Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),),
        ...     budget=UNLIMITED,
        ... )
        >>> print(terms(rain, "zh").sections[4].clauses[0])
        券包每被领取一份时，领取人可获得面额为所领金额的优惠券（长期有效）。
    """
    voice = voice_of(campaign, language)
    spoken = {
        "game": voice.game(),
        "chances": voice.chances(),
        "who": voice.who(),
        "when": voice.when(),
        "rewards": voice.rewards(),
        "caps": voice.caps(),
        "budget": voice.budget(),
        "details": voice.details(),
    }
    sections = tuple(
        Section(voice.headings[name], clauses) for name, clauses in spoken.items() if clauses
    )
    return Terms(language, voice.title(), sections, campaign.hash)


def voice_of(campaign: Campaign, language: Language) -> Voice:
    """Who says the terms of a campaign in a language; raises as `terms`."""
    if language == "en":
        return English(campaign)
    if language == "zh":
        return Chinese(campaign)
    raise InvalidValue(f"terms: no language {language!r}; choose from: en, zh")
