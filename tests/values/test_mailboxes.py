"""Mailboxes: one person, one fingerprint."""

from __future__ import annotations

import pytest

from viralcommerce.errors import InvalidValue
from viralcommerce.values.mailboxes import SAME_DOMAINS, mailbox


@pytest.mark.parametrize(
    ("address", "leads_to"),
    [
        ("ann@example.org", "ann@example.org"),
        ("Ann@Example.ORG.", "ann@example.org"),
        ("ann+1@example.org", "ann@example.org"),
        ("ann+1+2@example.org", "ann@example.org"),
        ("a.n.n+1@gmail.com", "ann@gmail.com"),
        ("a.n.n@googlemail.com", "ann@gmail.com"),
        ("a.n.n@example.org", "a.n.n@example.org"),
        ("+tag@example.org", "+tag@example.org"),
        ("\uff41nn@\uff45xample.org", "ann@example.org"),
        ("  ann@example.org\n", "ann@example.org"),
        ("茶@例え.example", "茶@例え.example"),
    ],
)
def test_an_address_leads_to_its_mailbox(address: str, leads_to: str) -> None:
    """EC-66: plus for all, dots for Gmail only."""
    assert mailbox(address) == leads_to


def test_a_partner_that_changed_its_name() -> None:
    """EC-66: historical domains."""
    same = {**SAME_DOMAINS, "old-name.example": "new-name.example"}
    assert mailbox("ann@old-name.example", same=same) == "ann@new-name.example"
    assert mailbox("a.n@old-name.example", same=same, dotless=frozenset({"new-name.example"})) == (
        "an@new-name.example"
    )


@pytest.mark.parametrize(
    "address",
    ["", "ann", "@example.org", "ann@", "ann@example", "ann@@example.org", "a nn@example.org",
     '"a b"@example.org', "ann@[127.0.0.1]", "ann@-x.org", "ann@x..org", "a" * 65 + "@x.org",
     "ann@" + "x." * 130 + "org", "ann\x00@example.org", "ann@exa_mple.org_"],
)  # fmt: skip
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(InvalidValue, match=r"mailbox: .* is no plain address"):
        mailbox(address)
