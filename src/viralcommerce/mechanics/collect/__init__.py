"""Collect likes (集赞): a member asks friends for likes; enough of them in time redeem.

::

    Idle ──Ask/Asked──▶ Collecting ──Like/Liked──▶ Collecting ──last Like/Liked, Reached──▶ Done
                         │    ▲└──Unlike/Withdrawn──┘
                         └──Expire/Lapsed──▶ Missed

Laws:
    Goal: the goal is reached by exactly `goal` different friends whose likes stand.
    One like: a friend has one like in an ask; withdrawing it and liking again gives back the like
        and no more.
    Not own: nobody likes their own ask, unless the rule says so.
    Over: after the goal is reached, or the time is over, nothing changes.
    Remembered: an ask never remembers more than two hundred friends.
"""

from viralcommerce.mechanics.collect.messages import ALLOWED as ALLOWED
from viralcommerce.mechanics.collect.messages import ASK as ASK
from viralcommerce.mechanics.collect.messages import ASKED as ASKED
from viralcommerce.mechanics.collect.messages import COLLECTOR as COLLECTOR
from viralcommerce.mechanics.collect.messages import IDLE as IDLE
from viralcommerce.mechanics.collect.messages import LAPSED as LAPSED
from viralcommerce.mechanics.collect.messages import LIKED as LIKED
from viralcommerce.mechanics.collect.messages import LIKER as LIKER
from viralcommerce.mechanics.collect.messages import MOST_REMEMBERED as MOST_REMEMBERED
from viralcommerce.mechanics.collect.messages import REACHED as REACHED
from viralcommerce.mechanics.collect.messages import REFUSED as REFUSED
from viralcommerce.mechanics.collect.messages import WORDS as WORDS
from viralcommerce.mechanics.collect.messages import AlreadyAsked as AlreadyAsked
from viralcommerce.mechanics.collect.messages import AlreadyLiked as AlreadyLiked
from viralcommerce.mechanics.collect.messages import AlreadyReached as AlreadyReached
from viralcommerce.mechanics.collect.messages import Ask as Ask
from viralcommerce.mechanics.collect.messages import Asked as Asked
from viralcommerce.mechanics.collect.messages import AskOver as AskOver
from viralcommerce.mechanics.collect.messages import Collecting as Collecting
from viralcommerce.mechanics.collect.messages import Commands as Commands
from viralcommerce.mechanics.collect.messages import Done as Done
from viralcommerce.mechanics.collect.messages import Events as Events
from viralcommerce.mechanics.collect.messages import Expire as Expire
from viralcommerce.mechanics.collect.messages import GoalReached as GoalReached
from viralcommerce.mechanics.collect.messages import Idle as Idle
from viralcommerce.mechanics.collect.messages import Lapsed as Lapsed
from viralcommerce.mechanics.collect.messages import Like as Like
from viralcommerce.mechanics.collect.messages import Liked as Liked
from viralcommerce.mechanics.collect.messages import Missed as Missed
from viralcommerce.mechanics.collect.messages import NoSuchAsk as NoSuchAsk
from viralcommerce.mechanics.collect.messages import NotLiked as NotLiked
from viralcommerce.mechanics.collect.messages import OwnLike as OwnLike
from viralcommerce.mechanics.collect.messages import Refusals as Refusals
from viralcommerce.mechanics.collect.messages import States as States
from viralcommerce.mechanics.collect.messages import TooManyFriends as TooManyFriends
from viralcommerce.mechanics.collect.messages import Unlike as Unlike
from viralcommerce.mechanics.collect.messages import Withdrawn as Withdrawn
from viralcommerce.mechanics.collect.rule import Collect as Collect
