"""For the tests of a host project: doubles, stories, strategies, and the contracts of the ports.

Nothing here needs pytest; only what draws (`stories`, `people`) needs Hypothesis, when it is used.
"""

from viralcommerce.testing.doubles import FakeIssuer as FakeIssuer
from viralcommerce.testing.doubles import FakeMembers as FakeMembers
from viralcommerce.testing.doubles import ScriptedClock as ScriptedClock
from viralcommerce.testing.doubles import ScriptedEntropy as ScriptedEntropy
from viralcommerce.testing.expectations import award as award
from viralcommerce.testing.expectations import matching as matching
from viralcommerce.testing.expectations import withheld as withheld
from viralcommerce.testing.story import Story as Story
from viralcommerce.testing.strategies import people as people
from viralcommerce.testing.strategies import stories as stories
