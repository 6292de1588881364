"""Forms: whether the fields of a command hold what their types say, before anything is made of it.

Nothing checks what Python code puts into a message, and what is decided is kept: as JSON that must
be read again, in a database that holds no half characters. So a shop looks first.

Laws:
    Readable: a command that passes is read back from its JSON as it was.
    No bare error: a command either passes, or is an `InvalidMessage` that names the field.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec

from viralcommerce.errors import InvalidMessage, InvalidValue
from viralcommerce.messages import BY_CLOCK, Command
from viralcommerce.runtime.message_fields import kind_of
from viralcommerce.values.ids import LONGEST, MEMBER_FIELD, MemberField, check_id
from viralcommerce.values.money import Money
from viralcommerce.values.saying import shown

_SAID: Final = {str: "text", Money: "an amount of money", int: "a whole number"}


class Form:
    """The fields of a kind of command.

    Args:
        kind: of command.

    Attributes:
        amounts: the fields that hold money.
    """

    __slots__ = ("_hints", "_rest", "_texts", "amounts")

    def __init__(self, kind: type[Command]) -> None:
        hints = get_type_hints(kind, include_extras=True)
        # what every command has is checked where it is stamped
        own = [field for field in kind.__struct_fields__ if field not in Command.__struct_fields__]
        self._hints = {field: hints[field] for field in own}
        texts = [field for field, hint in self._hints.items() if hint in (str, MemberField)]
        self._texts = attrgetter("by", "key", *texts)
        defaults = {one.name: one.default for one in msgspec.structs.fields(kind)}
        self._rest = tuple(
            (field, defaults[field], _kinds(hint))
            for field, hint in self._hints.items()
            if field not in texts
        )
        self.amounts = tuple(
            field for field, hint in self._hints.items() if Money in (hint, *get_args(hint))
        )

    def fits(self, command: Command, instance: str) -> bool:
        """Whether all is fine at a glance, ids too: short, visible ASCII without blanks or "(".

        What is not may still be fine: `check` says, and `check_id`.

        Args:
            command: of the kind.
            instance: what it is about.
        """
        texts = self._texts(command)
        for text in texts:
            if type(text) is not str:  # nor a class made of it: nothing would write that
                return False
        together = "".join(texts) + instance
        if not (
            together.isascii()
            and together.isprintable()
            and " " not in together
            and "(" not in together
            and len(together) <= LONGEST
            and texts[0] != ""
            and instance != ""
        ):
            return False
        for field, default, kinds in self._rest:
            value = getattr(command, field)
            if value is not default and type(value) not in kinds:
                return False
        return True

    def check(self, command: Command) -> None:
        """Check the fields that its kind has of its own.

        Raises:
            InvalidMessage: one holds what its type does not allow, or what cannot be kept.
        """
        for field, hint in self._hints.items():
            value = getattr(command, field)
            if not _is_a(value, hint):
                what = f"{shown(value)} ({type(value).__name__})"
                raise InvalidMessage(f"{field}: expected {_wanted(hint)}, not {what}")
            for text in (value,) if isinstance(value, str) else _texts_in(value):
                _check_text(field, text, hint)


form_of: Final = cache(Form)
"""The form of a kind of command."""


def _check_text(field: str, text: str, hint: Any) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = ord(text[error.start])
        raise InvalidMessage(
            f"{field}: {ascii(text)[:60]} has half of a character (U+{half:04X}), which nothing "
            "can keep; give the whole text"
        ) from None
    if "\0" in text:
        raise InvalidMessage(
            f"{field}: {ascii(text)[:60]} has the character U+0000, which databases refuse; "
            "leave it out"
        )
    if text and kind_of(hint) == MEMBER_FIELD:
        try:
            check_id(text, field)
        except InvalidValue as error:
            raise InvalidMessage(error.message) from None
        if text == BY_CLOCK:
            raise InvalidMessage(f"{field}: {BY_CLOCK!r} is no member")


def _is_a(value: object, hint: Any) -> bool:
    try:
        again = msgspec.convert(value, hint)
        if type(value) not in (str, Money):  # text is looked at more closely
            msgspec.json.encode(value)
    except (msgspec.ValidationError, InvalidValue, TypeError, UnicodeEncodeError):
        return False
    return type(again) is type(value) and bool(again == value)


def _texts_in(value: object) -> list[str]:
    """The texts of a collection."""
    if isinstance(value, dict):
        return [one for one in (*value, *value.values()) if isinstance(one, str)]
    if isinstance(value, (tuple, list, set, frozenset)):
        return [one for one in value if isinstance(one, str)]
    return []


def _kinds(hint: Any) -> frozenset[type]:
    """The classes of which any value will do."""
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return frozenset(kind for kind in kinds if kind in (*_SAID, datetime, NoneType))


def _wanted(hint: Any) -> str:
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    kinds = [_SAID.get(kind, f"{kind}") for kind in get_args(hint) or (hint,)]
    return " or ".join(kind for kind in kinds if kind != f"{NoneType}")
