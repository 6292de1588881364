"""The laws of campaign.py, by their names: one test a law."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import campaigns
from viralcommerce import Codec, Money
from viralcommerce.campaign import Campaign
from viralcommerce.rules.base import Rule


def inside(value: object) -> list[object]:
    """Every value inside a rule, the rule itself first."""
    if isinstance(value, tuple):
        return [each for part in value for each in inside(part)]
    if isinstance(value, Rule):
        fields = dataclasses.fields(value)  # type: ignore[arg-type]
        return [value, *inside(tuple(getattr(value, field.name) for field in fields))]
    return [value]


@settings(max_examples=50)
@given(campaigns())
def test_can_pay(campaign: Campaign) -> None:
    milestones = campaign.mechanic.milestones
    amounts: list[Money] = []
    for _, grant in campaign.every_grant():
        assert grant.to in milestones[grant.on].roles
        for gift in (grant.give, grant.instead):
            amounts += [one for one in inside(gift) if isinstance(one, Money)]
            if gift is not None and isinstance(campaign.budget, Money) and gift.price:
                assert gift.price <= campaign.budget
    total = campaign.mechanic.total()
    if total is not None:
        amounts.append(total)
        if isinstance(campaign.budget, Money):
            assert total <= campaign.budget
    if isinstance(campaign.budget, Money):
        assert campaign.budget
        amounts.append(campaign.budget)
    assert {amount.currency for amount in amounts} <= {campaign.currency}


@settings(max_examples=50)
@given(campaigns(), campaigns())
def test_one_hash(one: Campaign, other: Campaign) -> None:
    """RQ-21: what a member was promised is pinned by a hash that nothing else has."""
    assert (one == other) == (one.hash == other.hash)
    codec = Codec()
    again = codec.read_campaign(codec.campaign_json(one))
    assert again == one
    assert again.hash == one.hash
    assert hash(again) == hash(one)


@settings(max_examples=50)
@given(campaigns(), st.data())
def test_unchanged(campaign: Campaign, data: st.DataObject) -> None:
    before = Codec().campaign_json(campaign)
    digest = campaign.hash
    name = data.draw(st.sampled_from([field.name for field in dataclasses.fields(campaign)]))  # type: ignore[arg-type]
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(campaign, name, None)
    other = campaign.replace(name="another-name-altogether")
    assert other != campaign
    assert other.hash != digest
    assert other.replace(name=campaign.name) == campaign
    assert (Codec().campaign_json(campaign), campaign.hash) == (before, digest)
