"""The laws of forms, by their names: one test a law."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

import auction
from inviting import gifts, rides
from shops import assert_clean, at
from viralcommerce import CNY, UNLIMITED, USD, Campaign, Shop, codec
from viralcommerce.errors import CurrencyMismatch, InvalidMessage, ViralCommerceError
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.mechanics.invite.messages import Commands
from viralcommerce.messages import Command
from viralcommerce.runtime.forms import form_of
from viralcommerce.runtime.stores.memory import MemoryStore

CAMPAIGN = Campaign("rides", rides(), grants=gifts(2, 20), budget=UNLIMITED)
INVITES: tuple[type[Command], ...] = get_args(Commands)
OTHERS = (pack.Share, pack.Grab, collect.Ask, collect.Like, auction.Bid, auction.Hammer)
ABOUT = ("member", "order", "code", "payee", "by", "matter")
"""What the id of an instance is called, beside the fields."""


class Word(str):
    """A class made of text, as analysts' arrays have."""

    __slots__ = ()


TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=8)
ODD = st.one_of(
    TEXTS,
    st.sampled_from(
        ("", "ann", "\ud800", "a\udfffb", "\0", "a\0", "(clock)", "x" * 300, " a", "安娜", "a b")
    ),
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(allow_nan=False),
    st.binary(max_size=3),
    st.lists(TEXTS, max_size=2),
    st.lists(TEXTS, max_size=2).map(tuple),
    st.tuples(st.one_of(st.none(), st.integers())),
    st.dictionaries(TEXTS, TEXTS, max_size=1),
    st.sampled_from((CNY(5), USD(1), at(), {"ann"}, object, CNY, Word("ann"), (Word("ann"),))),
)


@st.composite
def commands(draw: st.DrawFn, kinds: tuple[type[Command], ...]) -> Command:
    """A command with anything at all in one or two of its own fields, and sense in the others."""
    kind = draw(st.sampled_from(kinds))
    fields: dict[str, Any] = {"by": "bob", "at": at(), "key": "k"}
    for one in msgspec.structs.fields(kind):
        if one.required:
            fields[one.name] = CNY(5) if "Money" in f"{one.type}" else "o1"
        if "datetime" in f"{one.type}" and one.required:
            fields[one.name] = at()
    own = [one for one in kind.__struct_fields__ if one not in ("by", "at", "key", "entropy")]
    for name in draw(st.lists(st.sampled_from(own), max_size=2)) if own else ():
        fields[name] = draw(ODD)
    made: Command = kind(**fields)
    return made


@settings(max_examples=600)
@given(commands((*INVITES, *OTHERS)))
def test_readable(command: Command) -> None:
    """What is kept can be read: a line of the journal that cannot would stop every audit."""
    form = form_of(type(command))
    try:
        form.check(command)
    except InvalidMessage:
        assert not form.fits(command, "o1")
        return
    text = msgspec.json.encode(command)
    assert b"\\u0000" not in text
    assert msgspec.json.decode(text, type=type(command)) == command


@settings(max_examples=400)
@given(st.lists(commands(INVITES), min_size=1, max_size=3))
def test_no_bare_error(told: list[Command]) -> None:
    """What a caller's code mixes up is said with the field; what was kept, the audit reads."""
    store = MemoryStore()
    shop = Shop(store, (CAMPAIGN,))
    for number, command in enumerate(told):
        fields = (*command.__struct_fields__, *ABOUT)
        try:
            shop.handle(CAMPAIGN, structs.replace(command, key=f"k{number}"))
        except ViralCommerceError as error:
            kind, (_, name, field, *_) = type(error), error.message.split(": ")
            assert kind in (InvalidMessage, CurrencyMismatch)
            assert (name, field in fields) == (type(command).__name__, True)
    for line in store.journal("rides"):
        text = codec.encode(line.decision)
        assert text.decode()
    assert_clean(store)
