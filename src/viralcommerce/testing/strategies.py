"""Hypothesis strategies that tell stories, not noise.

A story is a row of commands as a shop might see them on a busy evening: a few people, a few packs,
times that gather round the deadlines, retries with the same key, and now and then a crowd. It is
told by any mechanic, ours or a third party's: the commands are made from the mechanic's own
command types, and its decider, played along without a store, says which of them are likely and
when the next deadline is.

Hypothesis is imported when a strategy is made, and not before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from viralcommerce.campaign import Campaign
from viralcommerce.messages import Command
from viralcommerce.rules.base import dump
from viralcommerce.rules.facts import FactKind
from viralcommerce.rules.needs import kinds_asked, velocities
from viralcommerce.testing.doubles import FIRST_MOMENT, moment
from viralcommerce.values.money import Money
from viralcommerce.values.spans import read_span

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

PEOPLE: Final = ("ann", "bob", "cat", "dan", "eve")
_WORDS: Final = ("x", "y", "z")
_TICK: Final = timedelta(microseconds=1)


def stories(
    campaign: Campaign,
    *,
    people: Sequence[str] = PEOPLE,
    instances: int = 2,
    most: int = 25,
    fields: Mapping[str, SearchStrategy[Any]] | None = None,
) -> SearchStrategy[tuple[Command, ...]]:
    """Rows of commands for a campaign, in order of time, each with its time and key.

    Args:
        campaign: what they are about.
        people: who acts; crowds of strangers come besides.
        instances: how many packs (asks, orders, ...) they are about.
        most: how many things happen at most; a crowd is one of them.
        fields: how to draw fields of the mechanic's commands, by name, where names and small
            numbers would not do.

    Example:
        A test of a host's own campaign::

            @given(stories(rain_pack))
            def test_nothing_is_given_twice(commands):
                with Shop.open("memory:", rain_pack) as shop:
                    shop.handle_many(rain_pack, commands)
                    assert audit(shop.store).is_clean
    """
    from hypothesis import strategies as st

    from viralcommerce.testing.telling_stories import Teller

    def tell(draw: DrawFn) -> tuple[Command, ...]:
        teller = Teller(campaign, tuple(people), instances, dict(fields or {}), draw)
        for _ in range(draw(st.integers(1, most))):
            teller.go_on()
        return tuple(teller.told)

    return st.composite(tell)()


def people(
    campaign: Campaign, names: Sequence[str] = PEOPLE, *, at: datetime | str = FIRST_MOMENT
) -> SearchStrategy[dict[str, dict[str, object]]]:
    """What a members port knows of people, for the conditions of a campaign.

    Facts lie on both sides of the conditions' bounds, clash between people (one device, one
    household), and are missing now and then.

    Args:
        campaign: whose conditions ask.
        names: of whom.
        at: about when.
    """
    from hypothesis import strategies as st

    conditions = [] if campaign.given is None else [campaign.given]
    conditions += [grant.given for _, grant in campaign.every_grant() if grant.given is not None]
    kinds: dict[str, FactKind] = {}
    for condition in conditions:
        for asked in kinds_asked(condition, "").values():
            kinds.update(asked)
        for velocity in velocities(condition):
            if velocity.key != "member":
                kinds.setdefault(velocity.key, FactKind.TEXT)
    said = [value for condition in conditions for value in _said(dump(condition))]
    facts = {
        fact: st.sampled_from([*_values(kind, said, campaign.currency, moment(at)), None])
        for fact, kind in sorted(kinds.items())
    }
    one = st.fixed_dictionaries(facts).map(
        lambda known: {fact: value for fact, value in known.items() if value is not None}
    )
    return st.fixed_dictionaries(dict.fromkeys(names, one))


def _said(data: object) -> list[str | int]:
    """Every text and number in plain data."""
    if isinstance(data, Mapping):
        return [one for key, value in data.items() if key != "kind" for one in _said(value)]
    if isinstance(data, list | tuple):
        return [one for value in data for one in _said(value)]
    return [data] if isinstance(data, str | int) and not isinstance(data, bool) else []


def _values(
    kind: FactKind, said: Sequence[str | int], currency: str, at: datetime
) -> list[object]:
    """Values of a fact, on and beside the bounds that conditions speak of."""
    words = [one for one in said if isinstance(one, str) and one]
    numbers = {one + by for one in said if isinstance(one, int) for by in (-1, 0, 1)}
    match kind:
        case FactKind.MOMENT:
            spans = [timedelta(0), timedelta(days=400), *filter(None, map(_span, words))]
            return [at - span + by for span in spans for by in (-_TICK, timedelta(0), _TICK)]
        case FactKind.COUNT:
            return [*sorted(number for number in numbers | {0, 1, 9} if number >= 0)]
        case FactKind.NUMBER:
            return [*sorted(numbers | {0, 1, 9})]
        case FactKind.FLAG:
            return [False, True]
        case FactKind.MONEY:
            amounts = [*filter(None, map(_money, words)), Money(0, currency or "CNY")]
            return [*amounts, *(one + Money(1, one.currency) for one in amounts)]
        case FactKind.NAMES:
            names = [*_WORDS, *words]
            return [frozenset[str](), *(frozenset({one}) for one in names), frozenset(names)]
        case _:
            return [*_WORDS, *words]


def _span(text: str) -> timedelta | None:
    try:
        return read_span(text)
    except ValueError:
        return None


def _money(text: str) -> Money | None:
    try:
        return Money.parse(text)
    except ValueError:
        return None
