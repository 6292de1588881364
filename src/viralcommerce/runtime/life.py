"""The life of a campaign: draft, shadow, live, paused, closed, superseded; who, when and why."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, get_args

from msgspec import Struct

from viralcommerce.errors import InvalidValue
from viralcommerce.messages import UNSTAMPED, Refusal
from viralcommerce.refusals import NotRunning, NotYetOpen, Paused, WindowClosed
from viralcommerce.values.windows import Window

Stage = Literal["draft", "shadow", "live", "paused", "paused_new", "closed", "superseded"]
DRAFT: Final[Stage] = "draft"
SHADOW: Final[Stage] = "shadow"
LIVE: Final[Stage] = "live"
PAUSED: Final[Stage] = "paused"
PAUSED_NEW: Final[Stage] = "paused_new"
CLOSED: Final[Stage] = "closed"
SUPERSEDED: Final[Stage] = "superseded"


class Life(Struct, frozen=True, kw_only=True):
    """Where a campaign is in its life.

    ``draft`` refuses everything. ``shadow`` decides in a space of its own and awards nothing.
    ``live`` runs. ``paused`` refuses members for a while, ``paused_new`` only what would begin.
    ``closed`` and ``superseded`` refuse what would begin; what was begun is kept.

    Args:
        stage: where.
        by: who said so.
        why: in their words.
        at: since when.

    Raises:
        InvalidValue: a stage that there is not, or a reason that is no text.
    """

    stage: Stage = LIVE
    by: str = ""
    why: str = ""
    at: datetime = UNSTAMPED

    def __post_init__(self) -> None:
        if self.stage not in get_args(Stage):
            choices = ", ".join(sorted(get_args(Stage)))
            raise InvalidValue(f"stage: {self.stage!r:.60} is none; choose from: {choices}")
        if type(self.why) is not str:
            raise InvalidValue(f"why: expected text, not {self.why!r:.60}")
        if any("\ud800" <= letter <= "\udfff" for letter in self.why):
            raise InvalidValue(
                f"why: {self.why!a:.60} has half of a character, which nothing can keep; "
                "give the whole text"
            )

    @property
    def shadow(self) -> bool:
        """Whether results must not be mistaken for awards."""
        return self.stage == SHADOW


ALIVE: Final = Life()


def life_refusal(life: Life, *, begun: bool) -> Refusal | None:
    """Why a member's command cannot run at this stage of life, if it cannot.

    Deadlines are kept at every stage: the clock is not asked.

    Args:
        life: of the campaign.
        begun: whether the instance was begun before.
    """
    stage = life.stage
    if stage in (LIVE, SHADOW):
        return None
    if stage == PAUSED or (stage == PAUSED_NEW and not begun):
        return Paused()
    if stage == PAUSED_NEW or (stage in (CLOSED, SUPERSEDED) and begun):
        return None
    return NotRunning(life=stage)


def window_refusal(window: Window, at: datetime) -> Refusal | None:
    """Why a member's command cannot run at this moment of the campaign's window, if it cannot."""
    if window.contains(at):
        return None
    opens = window.next_open(at)
    return WindowClosed(closes=window.closes) if opens is None else NotYetOpen(opens=opens)
