"""Pages: one HTML file each, which needs no network."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from msgspec import Struct

_PAGES: Final = Path(__file__).parent / "pages"


class Tile(Struct, frozen=True):
    """A number worth a place of its own, and what it is."""

    number: str
    what: str
    more: str = ""


class Row(Struct, frozen=True):
    """A line of a table; `part` of the greatest line is how long its bar is, in percent."""

    cells: tuple[str, ...]
    part: float = 0.0


def rendered(template: str, **values: object) -> str:
    """A whole page; all text in it is escaped, and plotly.js stands in it.

    Args:
        template: the name of a file among the pages.
        values: what it shows.
    """
    environment = Environment(
        loader=FileSystemLoader(_PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(plotly=_plotly(), **values)


def _plotly() -> str:
    """plotly.js, whole, harmless to the script that it stands in."""
    offline = importlib.import_module("plotly.offline")
    script: str = offline.get_plotlyjs()
    return script.replace("</script", "<\\/script")
