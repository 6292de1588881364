"""Touches: which links and codes brought a visitor, kept for good and merged at sign-in.

A visitor is a browser or an app before anybody has signed in: the host gives it an id of its own
and keeps it in a cookie. What it touched is a `Trail`, which is only ever added to. When the
visitor signs in, its trail is merged into the member's, so that neither the first touch nor a
later code is lost on the way through the login, and it does not matter which answer comes last.
After somebody signs out, the host gives the browser a new visitor id.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal, NewType, Protocol

from msgspec import Struct, structs

from viralcommerce.errors import InvalidValue
from viralcommerce.messages import Refusal
from viralcommerce.values.ids import MemberId, check_id
from viralcommerce.values.instants import in_utc

VisitorId = NewType("VisitorId", str)
"""A browser or an app that nobody has signed in on yet; no member's id, and no session's."""

How = Literal["link", "code"]


class Shared(Protocol):
    """What links and touches have in common: who shares what, and how it is counted."""

    @property
    def campaign(self) -> str:
        """For which campaign."""
        ...

    @property
    def sharer(self) -> str:
        """The member who shares; empty where a visitor does."""
        ...

    @property
    def visitor(self) -> str:
        """The visitor who shares before signing in; empty where a member does."""
        ...

    @property
    def product(self) -> str:
        """What it is about, if anything."""
        ...

    @property
    def channel(self) -> str:
        """Where it is shared: WeChat, app, PC site."""
        ...

    @property
    def seller(self) -> str:
        """Whose page it leads to."""
        ...

    @property
    def topic(self) -> str:
        """What it is tagged with."""
        ...


def check_shared(shared: Shared, what: str) -> None:
    """Refuse what names nobody or two, or has a field that is no id.

    Raises:
        InvalidValue: says which field, and of what.
    """
    if bool(shared.sharer) == bool(shared.visitor):
        raise InvalidValue(
            f"{what}: sharer {shared.sharer!r:.60} and visitor {shared.visitor!r:.60};"
            " name one of them"
        )
    check_id(shared.campaign, f"{what}.campaign")
    for name in ("sharer", "visitor", "product", "channel", "seller", "topic"):
        if text := getattr(shared, name):
            check_id(text, f"{what}.{name}")


class Touch(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One time that somebody's link was opened, or their code was typed.

    Args:
        at: when; aware, and kept in UTC.
        campaign: for which.
        sharer: the member whose link or code it was; empty where a visitor shared it.
        visitor: the visitor who shared it before signing in; empty where a member did.
        how: a link opened, or a code typed.
        name: the link's id, or the code in canonical form.
        product: what it was about, if anything.
        channel: where it was shared.
        seller: whose page it led to.
        topic: what it was tagged with.

    Raises:
        InvalidValue: neither or both of a sharer and a visitor, a field that is no id, or a time
            that UTC has not.
        NaiveTime: a time without a zone.
    """

    at: datetime
    campaign: str
    sharer: str = ""
    visitor: str = ""
    how: How = "link"
    name: str = ""
    product: str = ""
    channel: str = ""
    seller: str = ""
    topic: str = ""

    def __post_init__(self) -> None:
        structs.force_setattr(self, "at", in_utc(self.at, "touch.at"))
        check_shared(self, "touch")


class TrailOfAnother(Refusal, frozen=True, kw_only=True):
    """Two members' trails are never one: somebody else had signed in on this browser."""

    en: ClassVar[str] = "these visits belong to another account"
    zh: ClassVar[str] = "这些访问记录属于其他账号"


class Trail(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that a person touched, as far as is known, in order of time.

    Args:
        visitors: the browsers and apps it was seen on, in the order of the alphabet.
        member: who signed in on them; empty while nobody has.
        touches: in order of time; of one instant, by their other fields.

    Laws:
        Append only: what was touched stays, whatever is added or merged.
        Any order: additions and merges in any order, once or twice, come to the same trail.
        Any zone: a touch is the instant it was, in whatever zone its time is written.
        One member: trails of two members are never merged.

    Example:
        >>> from datetime import UTC
        >>> monday = datetime(2026, 11, 9, tzinfo=UTC)
        >>> browser = Trail.of("v-1").added(Touch(at=monday, campaign="ride", sharer="ann"))
        >>> phone = Trail.of("v-2").added(Touch(at=monday, campaign="ride", sharer="cat"))
        >>> both = phone.signed_in("bob", browser.signed_in("bob"))
        >>> both.member, both.visitors, [touch.sharer for touch in both.touches]
        ('bob', ('v-1', 'v-2'), ['ann', 'cat'])
    """

    visitors: tuple[str, ...] = ()
    member: str = ""
    touches: tuple[Touch, ...] = ()

    @staticmethod
    def of(visitor: VisitorId | str) -> Trail:
        """The trail of a visitor who has touched nothing yet.

        Raises:
            InvalidValue: it is no id.
        """
        return Trail(visitors=(check_id(visitor, "trail.visitor"),))

    def added(self, touch: Touch) -> Trail:
        """This trail and one touch more; the same touch again changes nothing."""
        return structs.replace(self, touches=_in_order(self.touches, (touch,)))

    def merged(self, other: Trail) -> Trail:
        """Both trails as one.

        Raises:
            InvalidValue: they are of two members; `signed_in` tells a member so, as a value.
        """
        if self.member and other.member and self.member != other.member:
            raise InvalidValue(
                f"trail: {self.member!r} and {other.member!r} are two members; merge the trails"
                " of one, and give a browser a new visitor id when somebody signs out"
            )
        return Trail(
            visitors=tuple(sorted({*self.visitors, *other.visitors})),
            member=self.member or other.member,
            touches=_in_order(self.touches, other.touches),
        )

    def signed_in(
        self, member: MemberId | str, theirs: Trail | None = None
    ) -> Trail | TrailOfAnother:
        """This visitor's trail merged into the member's who signs in.

        Args:
            member: who.
            theirs: what that member is known to have touched so far.

        Raises:
            InvalidValue: it is no id, or `theirs` is of another member.
        """
        check_id(member, "trail.member")
        if self.member not in ("", member):
            return TrailOfAnother()
        known = Trail(member=member) if theirs is None else theirs
        return structs.replace(self, member=member).merged(known)


def _in_order(first: tuple[Touch, ...], then: tuple[Touch, ...]) -> tuple[Touch, ...]:
    return tuple(sorted({*first, *then}, key=_place))


def _place(touch: Touch) -> tuple[datetime, tuple[object, ...]]:
    at, *rest = structs.astuple(touch)
    return at, tuple(rest)
