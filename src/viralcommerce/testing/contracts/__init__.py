"""Contracts: what stores, issuers, members ports, clocks and chance promise, as named checks.

Each contract is a row of laws. ``check_store(make)`` runs them all and names every one that is
broken; `StoreContract` runs them as one pytest test each. Nothing here imports pytest.
"""

from viralcommerce.testing.contracts.async_store import ASYNC_STORE_LAWS as ASYNC_STORE_LAWS
from viralcommerce.testing.contracts.async_store import AsyncStoreContract as AsyncStoreContract
from viralcommerce.testing.contracts.async_store import check_async_store as check_async_store
from viralcommerce.testing.contracts.chance import CLOCK_LAWS as CLOCK_LAWS
from viralcommerce.testing.contracts.chance import ENTROPY_LAWS as ENTROPY_LAWS
from viralcommerce.testing.contracts.chance import ClockContract as ClockContract
from viralcommerce.testing.contracts.chance import EntropyContract as EntropyContract
from viralcommerce.testing.contracts.chance import check_clock as check_clock
from viralcommerce.testing.contracts.chance import check_entropy as check_entropy
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
