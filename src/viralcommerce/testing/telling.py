"""Telling a story that was played: every step, every answer as a sentence, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import assert_never

from msgspec import structs

from viralcommerce.campaign import Campaign
from viralcommerce.messages import BY_CLOCK, Accepted, Command, shown_award
from viralcommerce.runtime.ports import Decision
from viralcommerce.testing.playing import (
    Act,
    After,
    At,
    Dice,
    Due,
    Edited,
    Knowing,
    Played,
    Scene,
    Staged,
)
from viralcommerce.values.spans import write_span

_WIDE = 9


def told(
    campaign: Campaign,
    played: Played,
    expected: Sequence[str] = (),
    problems: Sequence[str] = (),
) -> str:
    """The whole story in words.

    Args:
        campaign: the first version of it.
        played: the story.
        expected: what was expected of its end.
        problems: what is wrong with it.
    """
    lines = [f"a story of {campaign.name} (rules {campaign.hash[:8]})", ""]
    at: datetime | None = None
    for scene in played.scenes:
        if scene.at != at:
            at = scene.at
            lines.append(f"  {at.isoformat(sep=' ', timespec='auto')}")
        lines += _lines(scene)
    if expected:
        lines += _headed("then", expected)
    if problems:
        lines += ["", "but:", *(f"  {line}" for text in problems for line in text.splitlines())]
    return "\n".join(lines)


def _headed(head: str, texts: Sequence[str]) -> list[str]:
    return [
        f"    {head if index == 0 else '':<{_WIDE}} {text}" for index, text in enumerate(texts)
    ]


def _lines(scene: Scene) -> list[str]:
    lines = list(_step_lines(scene))
    if scene.error is not None:
        lines += _headed("", [f"{type(scene.error).__name__}: {scene.error}"])
    return lines


def _step_lines(scene: Scene) -> Iterator[str]:
    match scene.step:
        case Act(verb=verb, command=command):
            yield from _headed(verb, [_shown(command)])
            for decision in scene.before:
                yield from _headed("", [f"(first the clock: {_shown(decision.command)})"])
                yield from _answers(decision)
            for decision in scene.decisions:
                yield from _answers(decision, again=scene.again)
        case Due():
            yield from _headed("when", ["the clock acts on what is due"])
            for decision in scene.decisions:
                yield from _headed("", [_shown(decision.command)])
                yield from _answers(decision)
        case Knowing(known=known):
            yield from _headed("knowing", [_facts(member, facts) for member, facts in known])
        case Dice(values=values):
            yield from _headed("dice", [", ".join(map(str, values))])
        case Staged(stage=stage):
            yield from _headed("operator", [f"the campaign is {stage}"])
        case Edited(campaign=campaign):
            yield from _headed("operator", [f"the rules are {campaign.hash[:8]} from here on"])
        case After(span=span):
            yield from _headed("after", [write_span(span)])
        case At():
            pass
        case _:
            assert_never(scene.step)


def _facts(member: str, facts: Sequence[tuple[str, object]]) -> str:
    return f"{member}: " + ", ".join(f"{name}={value!r}" for name, value in facts)


def _shown(command: Command) -> str:
    """A command as it was written: what a shop stamps is left out."""
    fields = structs.asdict(command)
    hidden = {"by", "at", "entropy"}
    if command.key.startswith("("):
        hidden.add("key")
    said = [
        f"{name}={value!r}" for name, value in fields.items() if value != "" and name not in hidden
    ]
    who = "the clock" if command.by == BY_CLOCK else command.by
    return f"{who}: {type(command).__name__}({', '.join(said)})"


def _answers(decision: Decision, *, again: bool = False) -> Iterator[str]:
    known = " (the answer recorded under its key)" if again else ""
    if not isinstance(decision, Accepted):
        yield from _headed("", [f"{decision} [{decision.refusal.code}]{known}"])
        return
    yield from _headed("", [f"yes: {decision}{known}"])
    for award in decision.awards:
        yield from _headed(
            "", [f"  award     {award.to}, {award.role}: {shown_award(award)} ({award.grant})"]
        )
    for kept in decision.withheld:
        why = f" {', '.join(kept.why)}" if kept.why else ""
        yield from _headed("", [f"  withheld  {kept.to}: {kept.code}{why} ({kept.grant})"])
