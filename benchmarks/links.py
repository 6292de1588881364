"""How long a link takes to verify: ours, against HMAC and parsing by hand; in turns, in one run.

- *by hand*: one-shot HMAC-SHA256, a constant-time comparison, base64 and MessagePack into the same
  struct: what nobody can do without;
- *ours*: `Links.read`, which also checks the shape, tries every secret, looks at the end and at
  the list of pages, and answers with a value whatever came in;
- *a scene*: `Scenes.read`; *forged*, *cut*: texts that are no links.

Only the ratio of the best turns means anything. Run it alone: ``python benchmarks/links.py``.
"""

from __future__ import annotations

import hmac
import sys
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from viralcommerce.spread.links import Link, Links
from viralcommerce.spread.pages import Pages
from viralcommerce.spread.scenes import Scenes

MOST = 2.0
"""Ours against HMAC and parsing by hand, at most."""
TIMES, TURNS = 5_000, 25

NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)
LINKS = Links(
    (b"a secret of 32 bytes, or longer.",),
    audience="shop",
    pages=Pages("https://shop.example/", ("/p/*",)),
)
SCENES = Scenes(LINKS, words={"r": "ride-code", "t": "/p/teapot", "w": "wechat"})
SHORT = Link(campaign="ride-code", to="/p/teapot", sharer="u8231", channel="wechat")
LINK = Link(
    campaign="ride-code",
    to="/p/teapot",
    sharer="member-81231",
    product="teapot",
    channel="wechat",
    expires=datetime(2026, 12, 1, tzinfo=UTC),
    seller="seller-17",
    topic="38-likes",
)
TOKEN, SCENE = LINKS.write(LINK), SCENES.write(SHORT)
_, _, MARK = TOKEN.partition(".")
FORGED = f"{TOKEN.partition('.')[0]}.{'A' * len(MARK)}"

decode = msgspec.msgpack.Decoder(Link).decode
key = LINKS.keys()[-1]


def by_hand() -> Link | None:
    body, _, mark = TOKEN.encode().rpartition(b".")
    signed = urlsafe_b64decode(mark + b"=" * (-len(mark) % 4))
    if not hmac.compare_digest(hmac.digest(key, body, "sha256")[:16], signed):
        return None
    return decode(urlsafe_b64decode(body + b"=" * (-len(body) % 4)))


WAYS: dict[str, Callable[[], object]] = {
    "by hand": by_hand,
    "ours": lambda: LINKS.read(TOKEN, at=NOON),
    "a scene": lambda: SCENES.read(SCENE, at=NOON),
    "forged": lambda: LINKS.read(FORGED, at=NOON),
    "cut": lambda: LINKS.read(TOKEN[:-1], at=NOON),
    "written": lambda: LINKS.write(LINK),
}


def measure() -> dict[str, float]:
    """Microseconds a link, by way."""
    best = dict.fromkeys(WAYS, float("inf"))
    for _ in range(TURNS):
        for name, way in WAYS.items():
            begun = time.perf_counter()
            for _ in range(TIMES):
                way()
            best[name] = min(best[name], (time.perf_counter() - begun) / TIMES * 1e6)
    return best


def test_verifying_costs_little_more_than_the_hmac() -> None:
    assert by_hand() == LINK
    best = measure()
    assert best["ours"] <= MOST * best["by hand"], best


def main() -> int:
    best = measure()
    for name, spent in best.items():
        print(f"{name:10} {spent:6.2f} us  {spent / best['by hand']:5.2f} x by hand")
    return 0 if best["ours"] <= MOST * best["by hand"] else 1


if __name__ == "__main__":
    sys.exit(main())
