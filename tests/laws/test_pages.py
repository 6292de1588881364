"""The laws of spread/pages.py, by their names: one test a law."""

from urllib.parse import unquote, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from viralcommerce.spread.pages import Pages

PAGES = Pages(
    "https://shop.example/",
    ("/p/*", "/sale", "https://m.shop.example/p/*", "https://m.shop.example/card"),
    queries=frozenset({"sku", "size"}),
)
pieces = st.sampled_from([
    "/", "//", "\\", "p", "sale", "..", ".", "%2e", "%2f", "%5c", "%252f", "%09", "\t", "\n", "@",
    ":", "https:", "http://", "https://", "javascript:", "evil.example", "shop.example",
    "m.shop.example", "shop.example@evil.example", "?", "?sku=1", "&", "next=", "#", "%E8%8C%B6",
    "%EF%BC%8F", "\uff0f", "\u3002", "evil\u3002example", "xn--80ak6aa92e.com", " ", "\x00", "*",
])  # fmt: skip
targets = st.lists(pieces, max_size=7).map("".join) | st.text(max_size=40)


@given(targets)
def test_closed(target: str) -> None:
    """EC-74: as a browser reads it, backslashes and controls included."""
    opened = PAGES.address(target)
    assert opened.startswith(("https://shop.example/", "https://m.shop.example/"))
    as_browsers_read = opened.replace("\\", "/").translate(dict.fromkeys([9, 10, 13]))
    assert as_browsers_read == opened
    split = urlsplit(opened)
    assert split.hostname in ("shop.example", "m.shop.example")
    assert split.username is split.password is split.port is None
    assert "//" not in split.path
    assert not {"..", "."} & set(unquote(unquote(split.path)).split("/"))


@given(targets, st.sampled_from(["/p/", "/sale", "https://m.shop.example/p/"]))
def test_listed(rest: str, begin: str) -> None:
    for target in (rest, begin + rest):
        if not PAGES.why_not(target):
            bare = target.partition("?")[0]
            exact = {"/sale", "https://shop.example/sale", "https://m.shop.example/card"}
            below = ("/p/", "https://shop.example/p/", "https://m.shop.example/p/")
            assert bare in exact or (bare.startswith(below) and not bare.endswith("/p/"))
    assert not PAGES.why_not("/sale")
    assert not PAGES.why_not("https://m.shop.example/card")
