"""Names of people and things: distinct types, and one rule for what may be one."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Final, NewType

from viralcommerce.errors import InvalidValue
from viralcommerce.values.saying import shown

MemberId = NewType("MemberId", str)
"""A person, as the host knows them."""
CampaignName = NewType("CampaignName", str)
"""A campaign, within one shop."""
InstanceId = NewType("InstanceId", str)
"""One pack, one ask, one order: a thing that commands are about."""
GrantName = NewType("GrantName", str)
"""A line of a campaign's terms."""
AwardId = NewType("AwardId", str)
"""One thing given; also the idempotency key when it is handed out."""
CommandKey = NewType("CommandKey", str)
"""What makes a command the same command when it is sent again."""

MEMBER_FIELD: Final = "member"
MemberField = Annotated[str, MEMBER_FIELD]
"""The type of a message's field that holds a member's id, alone, in a tuple or as a dict's keys.

Who is forgotten is replaced there where the whole text is the id; in other text wherever the id
stands by itself.
"""

LONGEST: Final = 200
"""The most characters an id may have."""

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})
_FILLERS: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


def check_id(text: str, what: str) -> str:
    r"""The id itself, if nobody can mistake it for another: 1 to 200 visible characters, in NFC.

    A plain blank may stand inside, never at an end. Case matters. What cannot be seen (controls,
    zero-width and direction marks, fillers, odd blanks) is refused rather than cleaned: two ids
    that look alike would be two people to the store.

    Args:
        text: the id.
        what: its field, for the message: ``grab.by``.

    Raises:
        InvalidValue: anything else.

    Laws:
        As it is: what passes comes back unchanged, and is what Unicode normalizes it to.
        All visible: what passes holds no control, format or filler character.

    Example:
        >>> check_id("ann", "grab.by")
        'ann'
        >>> check_id("ann\u200b", "grab.by")
        Traceback (most recent call last):
        ...
        viralcommerce.errors.InvalidValue: grab.by: 'ann\u200b' has the unseen character U+200B
    """
    if type(text) is not str:
        raise InvalidValue(f"{what}: expected text, not {shown(text)} ({type(text).__name__})")
    if not 0 < len(text) <= LONGEST:
        raise InvalidValue(
            f"{what}: {len(text)} characters; give 1 to {LONGEST}", what=what, value=text
        )
    if text[0] == " " or text[-1] == " ":
        raise InvalidValue(f"{what}: {text!r:.60} begins or ends with a blank", what=what)
    if text.isascii() and text.isprintable():
        return text
    for character in text:
        unseen = unicodedata.category(character) in _UNSEEN and character != " "
        if unseen or character in _FILLERS or _selects_a_variant(character):
            raise InvalidValue(
                f"{what}: {ascii(text)[:60]} has the unseen character U+{ord(character):04X}",
                what=what,
            )
    if not unicodedata.is_normalized("NFC", text):
        raise InvalidValue(
            f"{what}: {ascii(text)[:60]} is not in Unicode's composed form; normalize it to NFC",
            what=what,
        )
    return text


def _selects_a_variant(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
