"""Whole numbers as statements hold them: of one type, whatever their size.

psycopg 3 sends each number by the size that it has, and would prepare a statement anew for each;
the other drivers know one size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg.types.numeric import Int8
else:
    try:
        from psycopg.types.numeric import Int8
    except ModuleNotFoundError:  # a host on psycopg 2

        class Int8(int):
            """A whole number."""


__all__ = ["Int8"]
