"""Mailboxes: which addresses lead to the same one, for a host's fingerprints of people.

One person with ``ann@gmail.com`` is a thousand new members by ``a.nn+1@googlemail.com``, unless an
address is brought to its mailbox before it is compared. What follows a plus is a tag nearly
everywhere; dots mean nothing at Gmail and something elsewhere; and a company that changed its
domain has addresses under both. It is for comparing only: mail goes to what was typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from viralcommerce.errors import InvalidValue

SAME_DOMAINS: Final[Mapping[str, str]] = MappingProxyType({"googlemail.com": "gmail.com"})
"""Domains that are one; a shop adds the former domains of its partners."""
DOTLESS: Final = frozenset({"gmail.com"})
"""Domains at which dots before the ``@`` mean nothing."""

_LOCAL: Final = re.compile(r"[^\s@\"(),:;<>\[\]\\\x00-\x1f\x7f]{1,64}")
_DOMAIN: Final = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?(?:\.[^\W_](?:[\w-]{0,61}[^\W_])?)+")


def mailbox(
    address: str,
    *,
    same: Mapping[str, str] = SAME_DOMAINS,
    dotless: frozenset[str] = DOTLESS,
) -> str:
    """The mailbox that an address leads to, in one spelling.

    Args:
        address: as it was typed; blanks around it do not count.
        same: former or other domain to the one that stands for both, in lower case.
        dotless: domains at which dots before the ``@`` mean nothing.

    Raises:
        InvalidValue: it is no plain address; quoted names and literal hosts are none here.

    Laws:
        Idempotent: ``mailbox(mailbox(a)) == mailbox(a)``.
        Tags: what follows a plus, and the case, change nothing.

    Example:
        >>> mailbox("A.nn+promo@GoogleMail.com"), mailbox("a.nn+promo@example.org")
        ('ann@gmail.com', 'a.nn@example.org')
    """
    text = unicodedata.normalize("NFKC", address).strip().casefold()
    name, _, domain = unicodedata.normalize("NFKC", text).rpartition("@")
    domain = domain.removesuffix(".")
    if not _LOCAL.fullmatch(name) or not _DOMAIN.fullmatch(domain) or len(domain) > 253:
        raise InvalidValue(f"mailbox: {address!r:.80} is no plain address; write it like a@b.c")
    domain = same.get(domain, domain)
    plain = name.partition("+")[0] or name
    if domain in dotless:
        plain = plain.replace(".", "") or plain
    return f"{plain}@{domain}"
