"""Random share trees: forests with parents first, of every shape from a star to a chain."""

from __future__ import annotations

from hypothesis import strategies as st


@st.composite
def parents(draw: st.DrawFn, *, least: int = 0, most: int = 60) -> list[int]:
    """For each member the number of who brought it, or -1; stars, chains and all between.

    Args:
        least, most: how many members.
    """
    size = draw(st.integers(least, most))
    reach = draw(st.sampled_from([1, 2, 5, most]))  # how far back a parent may be
    found = []
    for member in range(size):
        is_root = member == 0 or draw(st.integers(0, 9)) == 0
        back = draw(st.integers(1, min(reach, member))) if not is_root else 0
        found.append(-1 if is_root else member - back)
    return found


def trees(*, least: int = 1, most: int = 30) -> st.SearchStrategy[list[int]]:
    """Forests of one tree."""
    return parents(least=least, most=most).map(
        lambda found: [-1] + [max(parent, 0) for parent in found[1:]]
    )
