"""The laws of values/mailboxes.py, by their names: one test a law."""

from hypothesis import given
from hypothesis import strategies as st

from viralcommerce.errors import InvalidValue
from viralcommerce.values.mailboxes import mailbox

names = st.text("abcXYZ.-_é茶", min_size=1, max_size=12)
domains = st.sampled_from(["gmail.com", "GoogleMail.com", "example.org", "ünï.example", "x.co"])


@given(st.builds(lambda name, domain: f"{name}@{domain}", names, domains) | st.text(max_size=30))
def test_idempotent(address: str) -> None:
    try:
        once = mailbox(address)
    except InvalidValue:
        return
    assert mailbox(once) == once


@given(names, domains, st.text("abc0.-+", max_size=9))
def test_tags(name: str, domain: str, tag: str) -> None:
    """EC-66."""
    plain = mailbox(f"{name}@{domain}")
    assert mailbox(f"{name}+{tag}@{domain}") == plain
    assert mailbox(f" {name.swapcase()}@{domain.upper()} ") == plain
