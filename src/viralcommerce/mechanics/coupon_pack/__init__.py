"""A shared coupon pack (拼手气券包): one member shares it, the first n who open it cut it up.

::

    Idle ──Share/Opened──▶ Open ──Grab/Grabbed──▶ Open ──last Grab/Grabbed, Emptied──▶ Empty
                            └──────────Expire/Expired──▶ Over

Laws:
    Whole: shares and what is left make the total, after every event.
    Fair: no share is below the least, and none is taken twice by one member.
    Enough: at most `parts` members take a share, whatever the order and the retries.
    Not own: nobody opens their own pack, unless the rule says so.
    Back once: what is left at the deadline goes back to the budget, once.
    Luckiest: the luckiest is the first member with the greatest share.
"""

from viralcommerce.mechanics.coupon_pack.messages import ALLOWED as ALLOWED
from viralcommerce.mechanics.coupon_pack.messages import CARRIED as CARRIED
from viralcommerce.mechanics.coupon_pack.messages import EMPTIED as EMPTIED
from viralcommerce.mechanics.coupon_pack.messages import GRABBED as GRABBED
from viralcommerce.mechanics.coupon_pack.messages import GRABBER as GRABBER
from viralcommerce.mechanics.coupon_pack.messages import IDLE as IDLE
from viralcommerce.mechanics.coupon_pack.messages import LUCKIEST as LUCKIEST
from viralcommerce.mechanics.coupon_pack.messages import OPENED as OPENED
from viralcommerce.mechanics.coupon_pack.messages import PACK as PACK
from viralcommerce.mechanics.coupon_pack.messages import REFUSED as REFUSED
from viralcommerce.mechanics.coupon_pack.messages import SHARER as SHARER
from viralcommerce.mechanics.coupon_pack.messages import WORDS as WORDS
from viralcommerce.mechanics.coupon_pack.messages import AlreadyGrabbed as AlreadyGrabbed
from viralcommerce.mechanics.coupon_pack.messages import AlreadyShared as AlreadyShared
from viralcommerce.mechanics.coupon_pack.messages import Commands as Commands
from viralcommerce.mechanics.coupon_pack.messages import Emptied as Emptied
from viralcommerce.mechanics.coupon_pack.messages import Empty as Empty
from viralcommerce.mechanics.coupon_pack.messages import Events as Events
from viralcommerce.mechanics.coupon_pack.messages import Expire as Expire
from viralcommerce.mechanics.coupon_pack.messages import Expired as Expired
from viralcommerce.mechanics.coupon_pack.messages import Grab as Grab
from viralcommerce.mechanics.coupon_pack.messages import Grabbed as Grabbed
from viralcommerce.mechanics.coupon_pack.messages import Idle as Idle
from viralcommerce.mechanics.coupon_pack.messages import NoSuchPack as NoSuchPack
from viralcommerce.mechanics.coupon_pack.messages import Open as Open
from viralcommerce.mechanics.coupon_pack.messages import Opened as Opened
from viralcommerce.mechanics.coupon_pack.messages import Over as Over
from viralcommerce.mechanics.coupon_pack.messages import OwnPack as OwnPack
from viralcommerce.mechanics.coupon_pack.messages import PackEmpty as PackEmpty
from viralcommerce.mechanics.coupon_pack.messages import PackOver as PackOver
from viralcommerce.mechanics.coupon_pack.messages import Refusals as Refusals
from viralcommerce.mechanics.coupon_pack.messages import Share as Share
from viralcommerce.mechanics.coupon_pack.messages import States as States
from viralcommerce.mechanics.coupon_pack.rule import CouponPack as CouponPack
