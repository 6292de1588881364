"""Promises for ever: what a release decided, every later one decides again, to the last byte.

A file that is here is never changed. If one fails, the change that made it fail would break
instances that are under way: find another way, or a kind of another name.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from shops import assert_clean, plain, shop_of
from viralcommerce import Codec
from viralcommerce.codec import encode, messages_of
from viralcommerce.runtime.chance import DerivedEntropy
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore

RECORDED = DerivedEntropy("golden")
FOLDER = Path(__file__).parent / "golden"
FILES = sorted(FOLDER.glob("[0-9]*/*.json"))
STORIES = [f"{path.parent.name}/{path.stem}" for path in FILES]


class Story:
    """What was asked, what was known and what was decided."""

    def __init__(self, name: str) -> None:
        told = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
        self.text = json.dumps(told["campaign"])
        self.campaign = Codec().read_campaign(self.text)
        self.hash = told["hash"]
        self.facts = {member: facts_of(said) for member, said in told["facts"].items()}
        self.said = told["commands"]
        self.journal = told["journal"]
        self.messages = messages_of(type(self.campaign.mechanic))
        self.commands = [self.messages.command(json.dumps(one)) for one in self.said]

    def seed(self, key: str) -> str:
        """The dice that were thrown for a key."""
        seeds = [
            one["command"].get("entropy", "")
            for one in self.journal
            if one["command"].get("key") == key
        ]
        known = seeds[0] if seeds else ""
        return known or RECORDED.seed(key)  # of what chance filled in, only the outcome is kept

    def key(self) -> str:
        raise AssertionError("every command of a golden story has its key")


def facts_of(said: dict[str, Any]) -> dict[str, Any]:
    """Facts from JSON: times are times."""
    return {
        name: datetime.fromisoformat(value) if name == "registered_at" else value
        for name, value in said.items()
    }


def test_there_are_golden_stories() -> None:
    assert len(STORIES) >= 7


@pytest.fixture(params=STORIES)
def story(request: pytest.FixtureRequest) -> Story:
    return Story(request.param)


def test_a_campaign_of_any_release_is_read_and_has_its_hash(story: Story) -> None:
    assert story.campaign.hash == story.hash
    assert json.loads(Codec().campaign_json(story.campaign)) == json.loads(story.text)


def test_a_message_of_any_release_is_read_and_written_the_same(story: Story) -> None:
    for said, command in zip(story.said, story.commands, strict=True):
        assert plain(command) == said
    for said in story.journal:
        decision = story.messages.decision(json.dumps(said).encode())
        assert json.loads(encode(decision)) == said
        assert str(decision)


@pytest.mark.parametrize("at_once", [1, 7, 100])
def test_a_story_of_any_release_is_decided_the_same(story: Story, at_once: int) -> None:
    store = MemoryStore()
    shop = shop_of(story.campaign, store=store, entropy=story, facts=story.facts)
    shop.handle_many(story.campaign, story.commands, at_once=at_once)
    journal = [plain(line.decision) for line in store.journal(story.campaign.name)]
    assert journal == story.journal
    assert_clean(store)


def test_a_story_of_any_release_goes_on_from_any_point_on_disk(
    story: Story, tmp_path: Path
) -> None:
    """Half of it, the file closed and opened again, and then all of it: retries change nothing."""
    half = len(story.commands) // 2
    for commands in (story.commands[:half], story.commands):
        store = SqliteStore(tmp_path / "viral.db")
        shop = shop_of(story.campaign, store=store, entropy=story, facts=story.facts)
        shop.handle_many(story.campaign, commands)
        journal = [plain(line.decision) for line in store.journal(story.campaign.name)]
        assert_clean(store)
        store.close()
    terminal = [one for one in journal if is_terminal(one)]
    assert terminal == [one for one in story.journal if is_terminal(one)]


TRANSIENT = {
    "not_yet_open", "paused", "not_running", "not_eligible", "fact_missing", "limit_reached",
    "out_of_budget", "out_of_stock", "nothing_to_end", "no_such_pack", "no_such_ask", "not_liked",
    "no_invitation", "no_such_order", "no_such_dispute", "not_kept_back",
}  # fmt: skip


def is_terminal(said: dict[str, Any]) -> bool:
    return said["decision"] == "yes" or said["refusal"]["code"] not in TRANSIENT
