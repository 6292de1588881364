"""Conditions about a named role, and what they say when the host tells nonsense; for mutants."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from viralcommerce import CNY, USD, hours
from viralcommerce.errors import CurrencyMismatch, InvalidRule
from viralcommerce.rules.conditions import NewMember, PaidOrders, Spent, Velocity
from viralcommerce.rules.evaluate import evaluate
from viralcommerce.rules.facts import Ask, FactKind
from viralcommerce.rules.wording import Wording

NOON = datetime(2026, 11, 11, 4, tzinfo=UTC)
FACTS = {
    "grabber": {"paid_orders": 3, "spent": CNY(5)},
    "sharer": {"paid_orders": 0, "spent": USD(5)},
}


def met(condition: object) -> bool:
    """Whether it is met, by the plain way, about who opens a pack."""
    return evaluate(condition, "grabber", FACTS, NOON) is None  # type: ignore[arg-type]


def test_a_condition_about_a_role_is_about_nobody_else() -> None:
    assert met(NewMember(of="sharer"))
    assert not met(NewMember())
    assert met(PaidOrders(at_least=2))
    assert not met(PaidOrders(at_least=2, of="sharer"))


@pytest.mark.parametrize(("of", "who"), [("", "the member"), ("sharer", "sharer")])
def test_amounts_in_two_currencies_are_named_with_whose_they_are(of: str, who: str) -> None:
    least = USD(1) if not of else CNY(1)
    with pytest.raises(CurrencyMismatch) as raised:
        met(Spent(at_least=least, of=of))
    told = CNY(5) if not of else USD(5)
    assert raised.value.message == (
        f"members: {who}.spent: {told} cannot be compared with {least}; "
        f"tell it in {least.currency}"
    )
    assert raised.value.operands == {"left": told, "right": least}


def test_orders_are_one_or_many_by_the_last_number_said() -> None:
    assert PaidOrders(at_least=1, at_most=3).says_en(Wording()) == (
        "1 to 3 paid orders",
        "fewer than 1 or more than 3 paid orders",
    )
    assert PaidOrders(at_least=1).says_en(Wording())[0] == "at least 1 paid order"
    assert PaidOrders(at_most=1).says_en(Wording())[0] == "at most 1 paid order"


def test_a_velocity_by_a_field_of_the_hosts_own_asks_for_one_name() -> None:
    own = Velocity(at_most=1, within=hours(1), key="field:school")
    assert own.asks("grabber") == (Ask("grabber", "field:school", FactKind.NAME),)
    devices = Velocity(at_most=1, within=hours(1), key="devices")
    assert devices.asks("grabber") == (Ask("grabber", "devices", FactKind.NAMES),)
    assert Velocity(at_most=1, within=hours(1)).asks("grabber") == ()


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("field:", "Velocity: key: key: 0 characters; give 1 to 200"),
        ("field: x", "Velocity: key: key: ' x' begins or ends with a blank"),
        (
            "orders",
            (
                "Velocity: key: 'orders' cannot be counted by; choose from: devices, field:NAME, "
                "fingerprints, household, member, region"
            ),
        ),
    ],
)
def test_what_cannot_be_counted_by_is_told_with_the_choices(key: str, said: str) -> None:
    with pytest.raises(InvalidRule) as raised:
        Velocity(at_most=1, within=hours(1), key=key)
    assert raised.value.message == said
