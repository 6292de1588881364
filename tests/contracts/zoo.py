"""Broken stores, one fault each, as they are met in the wild. Each must be caught by name.

An animal is our memory store, or our SQLite store, in a skin that does one thing wrong.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.skins import Store
from contracts.zoo_commits import (
    ChecksOnlyTheSum,
    CommitsHalf,
    CountsInThirtyTwoBits,
    ForgetsAPosting,
    LosesTheTailOfABatch,
    MixesCampaigns,
    OverwritesKeys,
    PassesACapByOne,
    PinsATransientRefusal,
    WritesThenChecks,
)
from contracts.zoo_locks import (
    ChecksThenWrites,
    IgnoresHeldLocks,
    IgnoresVersions,
    KeepsItsLocks,
    LetsGoWhenShort,
    LocksOnlyCells,
    LocksOnlyRowsThatExist,
    LooksUnderLock,
    ReadsAnOldSnapshot,
)
from contracts.zoo_outbox import (
    ClaimsForOthers,
    ClaimsOldAndNewTogether,
    ClaimsWhateverIsDue,
    DeliversAtMostOnce,
    ForgetsWhatItSetAside,
    IgnoresLeases,
    LeasesForEver,
    LetsPoisonHoldUp,
    LooksThenClaims,
    LosesTheOutboxInACrash,
    SettlesForAnybody,
    SettlesUpToThePosition,
    UsesPositionsAgain,
)
from contracts.zoo_races import (
    ClaimsTheKeyLast,
    CommitsInTwoSteps,
    LetsGoBeforeTheCommit,
    LocksInAnyOrder,
    SendsACommitAgain,
)
from contracts.zoo_reads import (
    AnswersWhenClosed,
    CountsMembersWithTheCampaign,
    DoublesParts,
    DropsADeadline,
    EndsOneTickLate,
    FindsOneLineAMoment,
    FindsOnlyTheFirstLine,
    FindsTheLinesOfNamesakes,
    FindsWhatIsNear,
    ForgetsEveryKey,
    ForgetsItsCounts,
    ForgetsKeysInSilence,
    HidesWhatWasTakenBack,
    KeepsOnlyTheLastLife,
    KeepsOnlyTheNewestRules,
    ListsWhoActedLast,
    NeverForgetsADeadline,
    ReordersTheJournal,
    RepeatsTheEndOfAPage,
    ReplaysTheLastLine,
    RoundsToSeconds,
    TakesEveryRowForAnAward,
)
from contracts.zoo_supposing import (
    ComparesVersionsOnly,
    HoldsOnToWhatWasNotSo,
    SupposesNobodyIsGone,
    SupposesNothingOfCounts,
    SupposesWithoutLooking,
)
from contracts.zoo_upkeep import (
    BuriesWhoNeverWas,
    DropsLinesWithoutASeal,
    ForgetsBesideALock,
    ForgetsItsTombstones,
    ForgetsOnlyTheJournal,
    ForgetsWhatIsOwed,
    ForgetsWhoeverBeginsLikeThem,
    ForgetsWithoutATombstone,
    KeepsTheKeysOfWhatItDrops,
    LetsEverybodyBack,
    LetsNobodyBack,
    SealsWhatHasChanged,
)
from viralcommerce.runtime.stores.sqlite import SqliteStore

LOCKING = ("reads_its_locks", "locks_what_is_not_there")
MEETING = ("any_order_is_some_order", "whatever_goes_wrong_the_same_key_settles")
FORGETTING = frozenset(
    {
        "forgets_beside_others",
        "forgets_nobody_who_is_owed",
        "forgetting_again_does_nothing",
        "tombstones_are_pruned_when_told",
        "turns_away_who_was_forgotten",
    }
)
RACING = frozenset(
    {
        "concurrent_threads",
        "ticks_once",
        "never_passes_a_cap",
        "relays_share",
        *MEETING,
        *FORGETTING,
    }
)
"""Laws that an animal without locks breaks too, when its threads happen to meet."""


@dataclass(frozen=True)
class Animal:
    """A broken store, and the laws it breaks.

    Args:
        kind: its class.
        breaks: the laws that must catch it, by name.
        also: laws that may catch it too, as threads happen to run.
    """

    kind: type[Store]
    breaks: frozenset[str]
    also: frozenset[str] = frozenset()

    @property
    def is_durable(self) -> bool:
        """Whether it lives on disk."""
        return hasattr(self.kind, "restarted")

    def make(self, folder: Path) -> Callable[[], Any]:
        """How to make one."""
        count = itertools.count()
        if not self.is_durable:
            return self.kind
        return lambda: self.kind(SqliteStore(folder / f"{next(count)}.db"))


def _animal(kind: type[Store], *breaks: str, also: frozenset[str] = frozenset()) -> Animal:
    return Animal(kind, frozenset(breaks), also)


ANIMALS = (
    _animal(IgnoresVersions, "guards_versions", "all_or_nothing"),
    _animal(IgnoresHeldLocks, *LOCKING, "short_writes_nothing", also=RACING),
    _animal(LocksOnlyRowsThatExist, "locks_what_is_not_there", also=RACING),
    _animal(LocksOnlyCells, "locks_what_is_not_there", also=RACING | {"reads_its_locks"}),
    _animal(ReadsAnOldSnapshot, *LOCKING, "short_writes_nothing", also=RACING),
    _animal(LooksUnderLock, "looks_without_waiting"),
    _animal(KeepsItsLocks, "closing_lets_go", "keeps_campaigns_apart", "all_or_nothing"),
    _animal(LetsGoWhenShort, "short_writes_nothing"),
    _animal(
        ChecksThenWrites,
        *LOCKING,
        "guards_versions",
        "all_or_nothing",
        "short_writes_nothing",
        "concurrent_threads",
        also=RACING,
    ),
    _animal(
        CommitsHalf,
        "guards_versions",
        "all_or_nothing",
        "short_writes_nothing",
        also=RACING | set(LOCKING),
    ),
    _animal(WritesThenChecks, "all_or_nothing", "never_passes_a_cap", "short_writes_nothing"),
    _animal(PassesACapByOne, "all_or_nothing", "never_passes_a_cap", "short_writes_nothing"),
    _animal(ChecksOnlyTheSum, "never_passes_a_cap"),
    _animal(SupposesWithoutLooking, "commits_only_as_supposed"),
    _animal(ComparesVersionsOnly, "commits_only_as_supposed"),
    _animal(SupposesNothingOfCounts, "commits_only_as_supposed"),
    _animal(SupposesNobodyIsGone, "commits_only_as_supposed"),
    _animal(HoldsOnToWhatWasNotSo, "commits_only_as_supposed"),
    _animal(CountsInThirtyTwoBits, "keeps_what_it_was_given"),
    _animal(ForgetsAPosting, "keeps_every_posting"),
    _animal(MixesCampaigns, "keeps_campaigns_apart"),
    _animal(
        PinsATransientRefusal,
        "transient_refusals_leave_the_key_free",
        "claims_a_key_once",
        "keys_are_forgotten_when_told",
    ),
    _animal(OverwritesKeys, "claims_a_key_once"),
    _animal(LosesTheTailOfABatch, "batch_equals_one_by_one"),
    _animal(DoublesParts, "parts_once", "refuses_when_closed"),
    _animal(LetsGoBeforeTheCommit, *LOCKING, also=RACING),
    _animal(
        ClaimsTheKeyLast,
        "forgets_everywhere",
        *MEETING,
        "keys_are_forgotten_when_told",
        also=RACING,
    ),
    _animal(CommitsInTwoSteps, *MEETING, also=RACING | set(LOCKING)),
    _animal(LocksInAnyOrder, *LOCKING, also=RACING | {"short_writes_nothing"}),
    _animal(SendsACommitAgain, "whatever_goes_wrong_the_same_key_settles"),
    _animal(
        ReordersTheJournal,
        "forgets_everywhere",
        "streams_in_order",
        "keeps_what_it_was_given",
        "finds_the_history_of_an_instance",
        "concurrent_threads",
        "ticks_once",
    ),
    _animal(ReplaysTheLastLine, "streams_in_order"),
    _animal(RepeatsTheEndOfAPage, "pages_by_id"),
    _animal(DropsADeadline, "deadlines_are_indexed_and_due_once"),
    _animal(NeverForgetsADeadline, "deadlines_are_indexed_and_due_once"),
    _animal(EndsOneTickLate, "deadlines_are_indexed_and_due_once", "ticks_once"),
    _animal(RoundsToSeconds, "keeps_what_it_was_given"),
    _animal(FindsOneLineAMoment, "finds_lines_by_moment"),
    _animal(FindsWhatIsNear, "finds_lines_by_moment"),
    _animal(FindsTheLinesOfNamesakes, "finds_the_history_of_an_instance"),
    _animal(FindsOnlyTheFirstLine, "forgets_everywhere", "finds_the_history_of_an_instance"),
    _animal(CountsMembersWithTheCampaign, "pages_by_id"),
    _animal(TakesEveryRowForAnAward, "keeps_every_posting"),
    _animal(HidesWhatWasTakenBack, "keeps_every_posting"),
    _animal(ForgetsEveryKey, "keys_are_forgotten_when_told"),
    _animal(ForgetsKeysInSilence, "keys_are_forgotten_when_told", "refuses_when_closed"),
    _animal(ListsWhoActedLast, "parts_once", "refuses_when_closed"),
    _animal(KeepsOnlyTheLastLife, "lives_are_kept"),
    _animal(KeepsOnlyTheNewestRules, "rules_are_kept"),
    _animal(
        DeliversAtMostOnce,
        "forgets_nobody_who_is_owed",
        "claims_in_line",
        "retries_alone",
        "leases_run_out",
        "settles_its_own",
        "sets_aside",
        "delivers_at_least_once",
        "leaves_to_others",
    ),
    _animal(
        SettlesUpToThePosition,
        "forgets_nobody_who_is_owed",
        "outbox_survives",
        "retries_alone",
        "delivers_at_least_once",
        "leaves_to_others",
    ),
    _animal(ClaimsWhateverIsDue, "claims_in_line", "retries_alone", "leaves_to_others"),
    _animal(ClaimsOldAndNewTogether, "claims_in_line", "retries_alone"),
    _animal(LeasesForEver, "leases_run_out", "settles_its_own", "retries_alone"),
    _animal(
        IgnoresLeases,
        "leases_run_out",
        "settles_its_own",
        "claims_in_line",
        "leaves_to_others",
        also=RACING,
    ),
    _animal(SettlesForAnybody, "settles_its_own"),
    _animal(ClaimsForOthers, "leaves_to_others"),
    _animal(UsesPositionsAgain, "settles_its_own"),
    _animal(ForgetsWhatItSetAside, "forgets_nobody_who_is_owed", "sets_aside", "settles_its_own"),
    _animal(LetsPoisonHoldUp, "forgets_nobody_who_is_owed", "sets_aside"),
    _animal(LooksThenClaims, "relays_share"),
    _animal(AnswersWhenClosed, "refuses_when_closed"),
    _animal(
        LosesTheOutboxInACrash,
        "outbox_survives",
        "leases_run_out",
        "sets_aside",
        "keeps_what_it_was_given",
        "reopen_sees_everything",
    ),
    _animal(
        ForgetsItsCounts, "seals_what_is_over", "keeps_what_it_was_given", "reopen_sees_everything"
    ),
    _animal(ForgetsOnlyTheJournal, "forgets_everywhere", also=FORGETTING),
    _animal(ForgetsWhoeverBeginsLikeThem, "turns_away_who_was_forgotten", "forgets_everywhere"),
    _animal(
        ForgetsWithoutATombstone,
        "turns_away_who_was_forgotten",
        "forgets_beside_others",
        "tombstones_are_pruned_when_told",
    ),
    _animal(ForgetsItsTombstones, "turns_away_who_was_forgotten"),
    _animal(BuriesWhoNeverWas, "forgetting_again_does_nothing"),
    _animal(ForgetsWhatIsOwed, "forgets_nobody_who_is_owed"),
    _animal(ForgetsBesideALock, "forgets_beside_others"),
    _animal(LetsEverybodyBack, "tombstones_are_pruned_when_told"),
    _animal(LetsNobodyBack, "tombstones_are_pruned_when_told"),
    _animal(DropsLinesWithoutASeal, "seals_what_is_over"),
    _animal(SealsWhatHasChanged, "seals_nothing_that_changed", "seals_what_is_over"),
    _animal(KeepsTheKeysOfWhatItDrops, "seals_what_is_over"),
)
"""Every animal of the zoo."""
