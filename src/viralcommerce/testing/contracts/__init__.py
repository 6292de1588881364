"""Contracts: what a store, an issuer and a members port promise, as checks with names.

Each contract is a row of laws. ``check_store(make)`` runs them all and names every one that is
broken; `StoreContract` runs them as one pytest test each. Nothing here imports pytest.
"""

from viralcommerce.testing.contracts.issuer import ISSUER_LAWS as ISSUER_LAWS
from viralcommerce.testing.contracts.issuer import IssuerContract as IssuerContract
from viralcommerce.testing.contracts.issuer import check_issuer as check_issuer
from viralcommerce.testing.contracts.members import MEMBERS_LAWS as MEMBERS_LAWS
from viralcommerce.testing.contracts.members import MembersContract as MembersContract
from viralcommerce.testing.contracts.members import check_members as check_members
from viralcommerce.testing.contracts.store import DURABLE_STORE_LAWS as DURABLE_STORE_LAWS
from viralcommerce.testing.contracts.store import STORE_LAWS as STORE_LAWS
from viralcommerce.testing.contracts.store import StoreContract as StoreContract
from viralcommerce.testing.contracts.store import check_store as check_store
from viralcommerce.testing.laws import LawBroken as LawBroken
