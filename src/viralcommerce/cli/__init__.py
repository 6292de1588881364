"""The command line: ``viralcommerce run``, ``audit``, ``tick``, ``terms``, ``explain`` and so on.

It needs the extra ``cli`` (``pip install viralcommerce[cli]``); nothing else in the library does.
"""

from __future__ import annotations

import sys
from typing import Final

NEEDED: Final = frozenset({"typer", "click", "rich", "jinja2", "plotly"})
"""What the extra installs; anything else that is missing is a broken installation."""


def main() -> None:
    """The entry point; without the extra it says in one line what to install."""
    try:
        from viralcommerce.cli.app import main as run
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] not in NEEDED:
            raise
        sys.exit(f"viralcommerce: {wanting(missing.name)}")
    sys.exit(run())


def wanting(module: str) -> str:
    """What to do about a module of the extra that is not there."""
    return f"the command line needs {module}; pip install viralcommerce[cli]"
