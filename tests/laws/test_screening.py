"""The laws of screening: one loop over columns answers as each event asked plainly."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asking import (
    NOON,
    SUBJECT,
    any_facts,
    any_times,
    conditions,
    outcome,
    plainly,
    right_facts,
)
from viralcommerce.errors import MembersFailed
from viralcommerce.rules.condition_family import Condition
from viralcommerce.rules.facts import Facts
from viralcommerce.rules.screening import Screening, read

rows_of_any = st.lists(any_facts, max_size=6)


def refuses_one(facts: Facts, condition: Condition) -> bool:
    try:
        read([facts], condition, subject=SUBJECT)
    except MembersFailed:
        return True
    return False


@settings(max_examples=300)
@given(conditions, st.lists(right_facts, max_size=6), any_times)
def test_screened_is_plain(condition: Condition, events: list[Facts], at: datetime) -> None:
    rows = read(events, condition, subject=SUBJECT)
    plain = [plainly(condition, facts, at) for facts in events]
    answers = outcome(lambda: Screening(condition, SUBJECT).each(rows, at))
    if isinstance(answers, tuple):
        assert answers in plain or at.tzinfo is None
    else:
        assert answers == plain


@given(conditions, rows_of_any)
def test_read_once(condition: Condition, events: list[Facts]) -> None:
    wrong = [number for number, facts in enumerate(events) if refuses_one(facts, condition)]
    if wrong:
        with pytest.raises(MembersFailed, match=rf"^event ({'|'.join(map(str, wrong))}): "):
            read(events, condition, subject=SUBJECT)
        return
    rows = read(events, condition, subject=SUBJECT)
    for number, facts in enumerate(events):
        again = read([rows.event(number)], condition, subject=SUBJECT)
        assert again.event(0) == rows.event(number)
        assert plainly(condition, rows.event(number), NOON) == plainly(condition, facts, NOON)
