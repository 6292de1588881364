"""Which fields of a game's messages hold members, which free text, and which neither."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from types import NoneType
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

from msgspec import Struct

from viralcommerce.messages import BY_CLOCK, Command
from viralcommerce.refusals import NothingToEnd
from viralcommerce.values.ids import MEMBER_FIELD, MemberField

TEXT: Final = "text"
WORD: Final = "word"
_STAMPED: Final = frozenset({"at", "key", "entropy"})


@cache
def fields_of(message: type[Struct]) -> tuple[tuple[str, Any], ...]:
    """The fields of a game's message that may hold a member or a text of theirs, with their types.

    What the campaign itself says, and what the shell stamped, is neither.
    """
    if message.__module__ == NothingToEnd.__module__:  # names of rules and facts
        return ()
    kept = _STAMPED if issubclass(message, Command) else frozenset()
    hints = get_type_hints(message, include_extras=True)
    found = [(field, hints[field]) for field in message.__struct_fields__ if field not in kept]
    if message.__module__ == Command.__module__:  # what every game says: words, and members
        found = [(field, hint) for field, hint in found if kind_of(hint) == MEMBER_FIELD]
    return tuple(found)


def kind_of(hint: Any) -> str:
    """What a text of a type is: a member, a word of the game, or free text."""
    if get_origin(hint) is Annotated:
        return MEMBER_FIELD if MEMBER_FIELD in hint.__metadata__ else kind_of(get_args(hint)[0])
    if get_origin(hint) is Literal:
        return WORD
    kinds = {kind_of(each) for each in get_args(hint) if each is not NoneType}
    return kinds.pop() if len(kinds) == 1 else MEMBER_FIELD if MEMBER_FIELD in kinds else TEXT


def members_of(command: Command) -> tuple[str, ...]:
    """Whom a command names, the one who acts first; nobody for the clock's.

    Example:
        >>> from viralcommerce.mechanics import coupon_pack as pack
        >>> members_of(pack.Grab(pack="p1", by="bob"))
        ('bob',)
    """
    if command.by == BY_CLOCK:
        return ()
    alone, together = _others(type(command))
    if alone is None:
        return (command.by,)
    named = alone(command)
    for field in together:
        value = getattr(command, field)
        named += (value,) if isinstance(value, str) else tuple(value or ())
    found: tuple[str, ...] = (command.by,)
    for one in named:
        if one and one not in found:
            found += (one,)
    return found


@cache
def _others(
    command: type[Command],
) -> tuple[Callable[[Command], tuple[str, ...]] | None, tuple[str, ...]]:
    """How to get the fields besides `by` that hold a member; the fields that hold several."""
    found = [
        (field, hint)
        for field, hint in fields_of(command)
        if field != "by" and any(kind_of(one) == MEMBER_FIELD for one in (hint, *get_args(hint)))
    ]
    alone = [field for field, hint in found if hint == MemberField]
    together = tuple(field for field, _ in found if field not in alone)
    # `by` twice, so that the getter answers with a tuple
    return (attrgetter("by", "by", *alone) if found else None), together
