"""Laws: what a port promises, one named check each, and how a broken one is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, Generic, NoReturn, TypeVar

T = TypeVar("T")
B = TypeVar("B")

Law = Callable[[B], None]
"""A check of one promise: it raises where the promise is broken, and is named like it."""
PATIENCE: Final = 30.0
"""Seconds after which a port that has not answered is taken to hang."""


class LawBroken(AssertionError):
    """A port breaks laws of its contract.

    Args:
        broken: the name of each law with what was seen.
    """

    def __init__(self, broken: Sequence[tuple[str, str]]) -> None:
        super().__init__("\n".join(f"{law}: {seen}" for law, seen in broken))
        self.laws = tuple(law for law, _ in broken)


def name_of(law: Law[B]) -> str:
    """What a law is called."""
    return law.__name__


def obeys(law: Law[B], bench: B) -> None:
    """Check one law.

    Raises:
        LawBroken: it does not hold; what the port raised counts too, and is the cause.
    """
    try:
        law(bench)
    except AssertionError as error:
        raise LawBroken([(name_of(law), str(error))]) from error
    except Exception as error:
        seen = f"{type(error).__name__}: {error}"
        raise LawBroken([(name_of(law), seen)]) from error


def obeys_all(laws: Sequence[Law[B]], bench: Callable[[], B]) -> None:
    """Check every law, each on a bench of its own.

    Raises:
        LawBroken: naming each that does not hold.
    """
    broken: list[tuple[str, str]] = []
    cause: LawBroken | None = None
    for law in laws:
        try:
            obeys(law, bench())
        except LawBroken as error:
            cause = cause or error
            broken.append((name_of(law), str(error).partition(": ")[2]))
    if broken:
        raise LawBroken(broken) from cause


def wrong(what: str) -> NoReturn:
    """Say that a promise is broken."""
    raise AssertionError(what)


def same(there: object, wanted: object, what: str) -> None:
    """Compare what is there with what was promised."""
    if there != wanted:
        wrong(f"{what}: expected {wanted!r:.600}, got {there!r:.600}")


class Background(Generic[T]):
    """Work in a thread of its own, which may be waited for and may be left hanging.

    Args:
        work: what to do.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._answers: list[T] = []
        self._errors: list[BaseException] = []
        self._done = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            self._answers.append(self._work())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            self._errors.append(error)
        finally:
            self._done.set()

    def within(self, seconds: float) -> bool:
        """Wait a while; whether it was done by then."""
        return self._done.wait(seconds)

    def result(self) -> T:
        """What came of it.

        Raises:
            AssertionError: it hangs.
        """
        if not self._done.wait(PATIENCE):
            wrong(f"no answer after {PATIENCE} seconds: somebody waits for ever")
        if self._errors:
            raise self._errors[0]
        return self._answers[0]
