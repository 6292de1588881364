"""Arrays as PostgreSQL reads them in binary: of texts, and of whole numbers of eight bytes.

psycopg finds out for each list what is in it, element by element; here the statement says so. A
batch on a server spent a seventh of the client's time on that (`benchmarks/gathering.py`).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import chain, repeat
from typing import Final

TEXTS: Final = b"text"
NUMBERS: Final = b"bigint"
_ELEMENT: Final = {TEXTS: 25, NUMBERS: 20}
ARRAY: Final = {TEXTS: 1009, NUMBERS: 1016}
"""The types of arrays, by what is in them."""
_HEADER: Final = struct.Struct("!iiIii")
_LENGTH: Final = struct.Struct("!i").pack
_NULL: Final = _LENGTH(-1)
_EIGHT: Final = 8


def array(values: Sequence[object], of: bytes) -> bytes:
    r"""The values as an array of one dimension; None is null.

    Args:
        values: texts or whole numbers.
        of: `TEXTS` or `NUMBERS`.

    Raises:
        struct.error: a number that eight bytes cannot hold, or none at all.

    Example:
        >>> array(["a", None], TEXTS).hex(" ", -4)
        '00000001 00000001 00000019 00000002 00000001 00000001 61ffffff ff'
    """
    if not values:
        return _HEADER.pack(0, 0, _ELEMENT[of], 0, 0)[:12]
    has_null = None in values
    header = _HEADER.pack(1, has_null, _ELEMENT[of], len(values), 1)
    if of == NUMBERS:
        if not has_null:
            pairs = chain.from_iterable(zip(repeat(_EIGHT), values))
            return header + struct.pack(f"!{'iq' * len(values)}", *pairs)
        number = struct.Struct("!iq").pack
        return header + b"".join([_NULL if one is None else number(_EIGHT, one) for one in values])
    first, count = values[0], len(values)
    if first is not None and values.count(first) == count:  # most columns: campaign, asset
        text = str(first).encode()
        return header + (_LENGTH(len(text)) + text) * count
    pieces = [header]
    for one in values:
        if one is None:
            pieces.append(_NULL)
        else:
            text = str(one).encode()
            pieces += (_LENGTH(len(text)), text)
    return b"".join(pieces)
