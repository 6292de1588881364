"""Viral-commerce mechanics for a shop that exists already: campaigns as values.

The public core on one screen. Mechanics are modules of their own::

    from viralcommerce.mechanics import collect
    from viralcommerce.mechanics import coupon_pack as pack
"""

from viralcommerce.campaign import Campaign as Campaign
from viralcommerce.codec import Codec as Codec
from viralcommerce.errors import ViralCommerceError as ViralCommerceError
from viralcommerce.kinds import KINDS as KINDS
from viralcommerce.messages import Accepted as Accepted
from viralcommerce.messages import Award as Award
from viralcommerce.messages import Refused as Refused
from viralcommerce.rules.conditions import AccountAge as AccountAge
from viralcommerce.rules.conditions import DistinctFingerprints as DistinctFingerprints
from viralcommerce.rules.conditions import During as During
from viralcommerce.rules.conditions import DuringRecurring as DuringRecurring
from viralcommerce.rules.conditions import FlagIs as FlagIs
from viralcommerce.rules.conditions import HasTag as HasTag
from viralcommerce.rules.conditions import MomentIs as MomentIs
from viralcommerce.rules.conditions import NewMember as NewMember
from viralcommerce.rules.conditions import NumberIs as NumberIs
from viralcommerce.rules.conditions import PaidOrders as PaidOrders
from viralcommerce.rules.conditions import Region as Region
from viralcommerce.rules.conditions import SameDevice as SameDevice
from viralcommerce.rules.conditions import SameHousehold as SameHousehold
from viralcommerce.rules.conditions import Spent as Spent
from viralcommerce.rules.conditions import TextIs as TextIs
from viralcommerce.rules.conditions import Velocity as Velocity
from viralcommerce.rules.grants import BestOf as BestOf
from viralcommerce.rules.grants import Grant as Grant
from viralcommerce.rules.limits import CAMPAIGN as CAMPAIGN
from viralcommerce.rules.limits import MEMBER as MEMBER
from viralcommerce.rules.limits import PAIR as PAIR
from viralcommerce.rules.limits import UNLIMITED as UNLIMITED
from viralcommerce.rules.limits import Cap as Cap
from viralcommerce.rules.limits import Limit as Limit
from viralcommerce.rules.rewards import Cash as Cash
from viralcommerce.rules.rewards import Coupon as Coupon
from viralcommerce.rules.rewards import Credit as Credit
from viralcommerce.rules.rewards import Entry as Entry
from viralcommerce.rules.rewards import Points as Points
from viralcommerce.rules.rewards import Product as Product
from viralcommerce.rules.rewards import Right as Right
from viralcommerce.rules.rewards import Title as Title
from viralcommerce.rules.splits import EqualSplit as EqualSplit
from viralcommerce.rules.splits import LadderSplit as LadderSplit
from viralcommerce.rules.splits import LuckySplit as LuckySplit
from viralcommerce.rules.splits import WeightedSplit as WeightedSplit
from viralcommerce.runtime.shop import Shop as Shop
from viralcommerce.values.money import CNY as CNY
from viralcommerce.values.money import EUR as EUR
from viralcommerce.values.money import JPY as JPY
from viralcommerce.values.money import USD as USD
from viralcommerce.values.money import Money as Money
from viralcommerce.values.money import currency as currency
from viralcommerce.values.percent import WHOLE as WHOLE
from viralcommerce.values.percent import Percent as Percent
from viralcommerce.values.percent import percent as percent
from viralcommerce.values.spans import days as days
from viralcommerce.values.spans import hours as hours
from viralcommerce.values.spans import minutes as minutes
from viralcommerce.values.windows import ALWAYS as ALWAYS
from viralcommerce.values.windows import Window as Window
from viralcommerce.values.zones import DAY as DAY
from viralcommerce.values.zones import MONTH as MONTH
from viralcommerce.values.zones import WEEK as WEEK
