"""Reward schemes of the literature, each with its published properties and how certain they are.

They are here to be compared and attacked (`viralcommerce.lab.falsify`), with exact fractions; a
shop pays by `viralcommerce.spread.levels`. Names of properties, after Lv and Moscibroda (PODC
2013), as the table in `viralcommerce.lab.properties` has them:

==== ==========================================================================================
BC   budget: rewards never exceed the scheme's share of all contributions
CCI  continuing contribution: who contributes more is rewarded more
CSI  continuing solicitation: a newcomer anywhere below raises the reward
SL   subtree locality: nothing outside one's subtree changes one's reward
USB  no solicitor bypassing: where a newcomer joins does not change the newcomer's reward
USA  no split: dividing one's contribution among fake accounts does not pay
UGSA no split with more money: neither does contributing more through them
PO   profit: a reward of one's contribution or more can be reached
URO  unbounded: a reward grows without end with those below
==== ==========================================================================================

No scheme has all of them: PO, SL and CSI together rule out UGSA (take a member who gains, and put
a fake copy above).

Certainty: *high* is recomputed and read in the source, or pure mathematics; *medium* is a formula
from memory of a paper whose claims were confirmed by running it.
"""
