"""Pages: an allow-list that no spelling of another place gets through."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from viralcommerce.errors import InvalidValue
from viralcommerce.spread.pages import LONGEST_TARGET, Pages

PAGES = Pages(
    "https://shop.example/",
    ("/p/*", "/sale", "https://m.shop.example:8443/p/*"),
    queries=frozenset({"sku"}),
)


@pytest.mark.parametrize(
    ("target", "opens"),
    [
        ("/p/teapot", "https://shop.example/p/teapot"),
        ("/p/tea/pot/", "https://shop.example/p/tea/pot/"),
        ("/p/teapot?sku=12", "https://shop.example/p/teapot?sku=12"),
        ("/p/%E8%8C%B6%20x", "https://shop.example/p/%E8%8C%B6%20x"),
        ("/sale", "https://shop.example/sale"),
        ("https://shop.example/sale", "https://shop.example/sale"),
        ("https://m.shop.example:8443/p/cup", "https://m.shop.example:8443/p/cup"),
    ],
)
def test_a_listed_page_opens(target: str, opens: str) -> None:
    assert PAGES.why_not(target) == ""
    assert PAGES.address(target) == opens


@pytest.mark.parametrize(
    "target",
    [
        # somewhere else
        "https://evil.example/p/x", "http://shop.example/p/x", "//evil.example/p/x",
        "///evil.example", "/\\evil.example/p/x", "\\\\evil.example", "\\/\\/evil.example/",
        "https:evil.example", "https:/evil.example/p/x", "https:///evil.example/p/x",
        "/p//evil.example", "/p/\\evil.example", "javascript:alert(1)", "data:text/html,x",
        # a user, a longer name, another spelling of the host
        "https://shop.example@evil.example/p/x", "https://evil.example#@shop.example/p/x",
        "https://shop.example:x@evil.example/p/x", "https://shop.example.evil.example/p/x",
        "https://shop.example\\.evil.example/p/x", "https://shop.example%2eevil.example/p/x",
        "https://shop.example./p/x", "https://SHOP.example/p/x", "HTTPS://shop.example/p/x",
        "https://shop\u3002example/p/x", "https://\uff53hop.example/p/x",
        "https://sh\u043ep.example/p/x", "https://xn--shp-8cd.example/p/x",
        "https://shop.example:443/p/x", "https://m.shop.example/p/x",
        # encoded once, twice, or folded by Unicode
        "%2f%2fevil.example", "/p/%2f%2fevil.example", "/p/%252f", "/p/%2e%2e/cart",
        "/p/%252e%252e/cart", "/p/%5cevil", "/p/%EF%BC%8F%EF%BC%8Fevil", "/p/%EF%BC%8E/x",
        "/p/%00", "/p/%0d%0aset-cookie", "/p/%C0%AF", "/p/%e2%80%8bx", "/p/%", "/p/%4",
        "https%3A%2F%2Fshop.example%2Fp%2Fx",
        # elsewhere in the shop
        "/p/../cart", "/p/./x", "/p/..", "/cart", "/p", "/p/", "/P/x", "/sale/", "/sale/x",
        # what browsers drop, and what rides along
        "/p/x\n", "\t/p/x", " /p/x", "/p/x\r", "/\t/evil.example", "/p/x#top", "/p/x;a=b",
        "/p/x?next=1", "/p/x?sku=1&next=1", "/p/x?sku=//evil", "/p/x?sku=1&sku=2", "/p/x?sku",
        "/p/x?", "/p/x?sku=1?sku=2", "/p/x?sku=%2541",
        "", "p/x", "*", "/*",
    ],
)  # fmt: skip
def test_anything_else_opens_the_home(target: str) -> None:
    """EC-74: no open redirect, however the target is spelled."""
    assert PAGES.why_not(target)
    assert PAGES.address(target) == "https://shop.example/"


def test_a_target_is_a_text_of_some_length() -> None:
    long = "/p/" + "x" * (LONGEST_TARGET - 3)
    assert PAGES.why_not(long) == ""
    assert PAGES.why_not(long + "x") == "is no text of 1 to 1000 characters"
    odd: Any = None
    assert PAGES.why_not(odd)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"home": "/"}, "home '/' is no address"),
        ({"home": "http://shop.example/"}, "is no address"),
        ({"home": "https://shop.example"}, "is no address"),
        ({"home": "https://ann@shop.example/"}, "is no address"),
        ({"allowed": ()}, "nothing is allowed"),
        ({"allowed": ("/p*",)}, r"'/p\*' matches no target"),
        ({"allowed": ("*",)}, "matches no target"),
        ({"allowed": ("",)}, "matches no target"),
        ({"allowed": ("//x/*",)}, "matches no target"),
        ({"queries": frozenset({"a b"})}, "query name 'a b'"),
    ],
)
def test_a_list_that_cannot_be_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidValue, match=f"pages: .*{said}"):
        Pages(**{"home": "https://shop.example/", "allowed": ("/p/*",), **wrong})


def test_a_shop_on_a_developers_machine() -> None:
    pages = Pages("http://localhost:8000/", ("/p/*",))
    assert pages.address("/p/teapot") == "http://localhost:8000/p/teapot"


def test_what_it_remembers_is_bounded_and_travels() -> None:
    pages = Pages("https://shop.example/", ("/p/*",))
    for number in range(2_500):
        assert pages.address(f"/p/{number}").endswith(f"/p/{number}")
    assert len(pages._known) <= 1_000
    assert pickle.loads(pickle.dumps(pages)) == pages
