"""What a compiled condition costs, against the same rule written by hand.

    python benchmarks/conditions.py [EVENTS] [ROUNDS]

The rule: younger than 7 days, of one of 4 countries, not on one of 20 blocked devices, and with an
order or more than 50.00 in the basket. All variants get the same events in turn, in rounds of
random order within one run; each ratio is the median over the rounds. Ours returns every unmet
leaf by name, as a finished tuple of texts, for each event that it refuses; the bare lambda returns
False. Amounts are in minor units, because no condition takes a float.

"screened" asks of a log whose facts were read once (`viralcommerce.rules.screening`); what the
reading costs is a line of its own, and is paid once for any number of rules. "one by one" is what
a shop does for a command: it takes facts as the host tells them and checks the type of each.
"""

from __future__ import annotations

import gc
import random
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from viralcommerce.rules.compiled import compile_condition
from viralcommerce.rules.conditions import Condition, NumberIs, TextIs
from viralcommerce.rules.evaluate import evaluate
from viralcommerce.rules.screening import Screening, read

Fact = Any  # as the host tells it
Facts = Mapping[str, Mapping[str, Fact]]
COUNTRIES = ("TR", "DE", "US", "GB")
AT = datetime(2026, 11, 11, 12, tzinfo=UTC)
SUBJECT = "grabber"


def events(count: int, blocked: int) -> tuple[list[dict[str, Fact]], list[str]]:
    """Members as the host tells them, and the blocked devices."""
    dice = random.Random(7)
    countries = [*COUNTRIES, "FR", "JP", "BR", "IN"]
    devices = [f"dev-{number:05d}" for number in range(blocked)]
    found: list[dict[str, Fact]] = [
        {
            "field:age_days": dice.randrange(14) if dice.random() < 0.3 else dice.randrange(7),
            "field:country": dice.choice(COUNTRIES if dice.random() < 0.7 else countries),
            "field:device": f"dev-{dice.randrange(blocked * 10):05d}",
            "field:orders": dice.choice((0, 0, 1, 2)),
            "field:amount": round(dice.random() * 10_000),
            "field:user": f"u{number}",
            "field:channel": "share",
            "field:level": 3,
        }
        for number in range(count)
    ]
    return found, devices


def ours(devices: Sequence[str]) -> Condition:
    """The rule as a condition."""
    return (
        NumberIs("age_days", at_most=6)
        & TextIs("country", one_of=COUNTRIES)
        & ~TextIs("device", one_of=tuple(devices))
        & (NumberIs("orders", at_least=1) | NumberIs("amount", at_least=5_001))
    )


def by_hand(devices: Sequence[str]) -> Callable[[Mapping[str, Fact]], bool]:
    """The rule as a lambda over one member: it says yes or no, and checks no type."""
    good, bad = frozenset(COUNTRIES), frozenset(devices)
    return lambda c: (
        c["field:age_days"] < 7
        and c["field:country"] in good
        and c["field:device"] not in bad
        and (c["field:orders"] >= 1 or c["field:amount"] > 5_000)
    )


def by_hand_same_call(devices: Sequence[str]) -> Callable[[Facts, datetime], bool]:
    """The same lambda, called as ours is: facts by role, and the time."""
    good, bad = frozenset(COUNTRIES), frozenset(devices)
    return lambda facts, at: (
        facts["grabber"]["field:age_days"] < 7
        and facts["grabber"]["field:country"] in good
        and facts["grabber"]["field:device"] not in bad
        and (facts["grabber"]["field:orders"] >= 1 or facts["grabber"]["field:amount"] > 5_000)
    )


def by_hand_naming_all(devices: Sequence[str]) -> Callable[[Facts, datetime], object]:
    """What a careful programmer writes to name every unmet leaf; it checks no type either."""
    good, bad = frozenset(COUNTRIES), frozenset(devices)

    def check(facts: Facts, at: datetime) -> object:
        c = facts["grabber"]
        unmet: tuple[str, ...] = ()
        if not c["field:age_days"] < 7:
            unmet += ("age",)
        if c["field:country"] not in good:
            unmet += ("country",)
        if c["field:device"] in bad:
            unmet += ("device",)
        if not (c["field:orders"] >= 1 or c["field:amount"] > 5_000):
            unmet += ("orders", "amount")
        return unmet or None

    return check


def main(count: int, rounds: int) -> None:
    members, devices = events(count, 20)
    facts = [{SUBJECT: member} for member in members]
    rule = ours(devices)
    test = compile_condition(rule, SUBJECT).test
    bare, same_call, naming = (
        by_hand(devices),
        by_hand_same_call(devices),
        by_hand_naming_all(devices),
    )

    met = [bare(member) for member in members]
    assert met == [same_call(each, AT) for each in facts]
    assert met == [test(each, AT) is None for each in facts]
    assert met == [naming(each, AT) is None for each in facts]
    screening = Screening(rule, SUBJECT)
    rows = read(facts, rule, subject=SUBJECT)
    assert screening.each(rows, AT) == [test(each, AT) for each in facts]

    def run_bare() -> object:
        return [bare(member) for member in members]

    def run_same_call() -> object:
        return [same_call(each, AT) for each in facts]

    def run_naming() -> object:
        return [naming(each, AT) for each in facts]

    def run_ours() -> object:
        return [test(each, AT) for each in facts]

    def run_ours_reading() -> object:
        return [unmet if (unmet := test(each, AT)) is None else unmet.leaves for each in facts]

    def run_screened() -> object:
        return screening.each(rows, AT)

    def run_screened_reading() -> object:
        return [unmet if unmet is None else unmet.leaves for unmet in screening.each(rows, AT)]

    def run_read() -> object:
        return read(facts[: count // 20], rule, subject=SUBJECT)

    def run_plain() -> object:
        return [evaluate(rule, SUBJECT, each, AT) for each in facts[: count // 20]]

    variants = {
        "lambda": (run_bare, count),
        "lambda, called as ours": (run_same_call, count),
        "by hand, naming every unmet leaf": (run_naming, count),
        "ours, screened": (run_screened, count),
        "ours, screened, leaves in hand": (run_screened_reading, count),
        "ours, one by one": (run_ours, count),
        "ours, one by one, leaves in hand": (run_ours_reading, count),
        "ours, the reading": (run_read, count // 20),
        "ours, interpreted": (run_plain, count // 20),
    }
    spent: dict[str, list[float]] = {name: [] for name in variants}
    order = list(variants)
    gc.collect()
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            run, events_run = variants[name]
            began = time.perf_counter()
            run()
            spent[name].append((time.perf_counter() - began) / events_run)
    print(f"{count:,} events, {sum(met) / count:.0%} of them met, {rounds} rounds")
    print(
        f"{'variant':34}{'ns/event':>10}{'x lambda':>10}{'x called as ours':>18}{'x naming':>10}"
    )
    for name, times in spent.items():
        ratios = [
            statistics.median(a / b for a, b in zip(times, spent[base], strict=True))
            for base in list(variants)[:3]
        ]
        spans = statistics.median(times) * 1e9
        print(f"{name:34}{spans:10.0f}{ratios[0]:10.2f}{ratios[1]:18.2f}{ratios[2]:10.2f}")


if __name__ == "__main__":
    numbers = [int(each) for each in sys.argv[1:]]
    main(numbers[0] if numbers else 100_000, numbers[1] if len(numbers) > 1 else 15)
