"""The store on PostgreSQL, on psycopg 3: ``postgresql://...``."""

from viralcommerce.runtime.stores.postgres.follow import Followed as Followed
from viralcommerce.runtime.stores.postgres.migrating import migrate as migrate
from viralcommerce.runtime.stores.postgres.migrations import SCHEMA as SCHEMA
from viralcommerce.runtime.stores.postgres.migrations import SCHEMA_VERSION as SCHEMA_VERSION
from viralcommerce.runtime.stores.postgres.migrations import schema_sql as schema_sql
from viralcommerce.runtime.stores.postgres.store import PostgresStore as PostgresStore
