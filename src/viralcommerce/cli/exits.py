"""Exit codes, and how what went wrong is said: one line on stderr, never a traceback.

==== ==========================================================================================
code  means
==== ==========================================================================================
0     done
1     bad input: a campaign, an event line, a key; the message says where, what and what to do
2     usage: an option or argument that cannot be, or the extra ``cli`` is not installed
3     a store, or a file to be written, could not do its work; what was committed stands
4     problems were found: by ``audit``, by ``run --audit``, by ``doctor``, or by ``tick``
130   interrupted; what was committed stands
==== ==========================================================================================
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, NoReturn

import typer

from viralcommerce.errors import LeftOut, NotLive, StoreError, ViralCommerceError

DONE: Final = 0
BAD_INPUT: Final = 1
USAGE: Final = 2
STORE: Final = 3
PROBLEMS: Final = 4
INTERRUPTED: Final = 130


class CannotWrite(ViralCommerceError, OSError):
    """A file that a command was asked to write could not be written."""


@contextmanager
def exits() -> Generator[None]:
    """Turn what a command raises into its message and its exit code."""
    try:
        yield
    except (StoreError, NotLive, CannotWrite) as error:
        fail(STORE, error.message)
    except LeftOut as error:
        fail(PROBLEMS, error.message)
    except ViralCommerceError as error:
        fail(BAD_INPUT, error.message)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(DONE) from None
    except KeyboardInterrupt:
        fail(INTERRUPTED, "interrupted; what was committed stands")


def fail(code: int, message: str) -> NoReturn:
    """Say what is wrong, and end with a code."""
    typer.echo(f"viralcommerce: {message}", err=True)
    raise typer.Exit(code)
