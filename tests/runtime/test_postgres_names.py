"""Schemas whose names the server keeps for itself are refused before anything is made of them."""

from __future__ import annotations

import pytest

from postgres import server_url
from viralcommerce.errors import InvalidValue

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

from viralcommerce.runtime.stores.postgres import PostgresStore, migrate  # noqa: E402
from viralcommerce.runtime.stores.postgres.names import RESERVED, checked_schema  # noqa: E402


def test_every_word_that_the_server_keeps_is_known() -> None:
    with psycopg.connect(server_url(), autocommit=True) as connection:
        kept = "select word from pg_get_keywords() where catcode in ('R', 'T')"
        assert {word for (word,) in connection.execute(kept)} <= RESERVED


@pytest.mark.parametrize("schema", ["with", "user", "pg_shop"])
def test_a_word_of_the_servers_own_is_no_name(schema: str) -> None:
    for make in (PostgresStore, migrate):
        with pytest.raises(InvalidValue, match=f"'{schema}' is a word of PostgreSQL's own"):
            make(server_url(), schema=schema)


@pytest.mark.parametrize("schema", ["viral", "_a", "values", "session", "share"])
def test_others_are(schema: str) -> None:
    assert checked_schema(schema) == schema


def test_what_is_no_reserved_word_needs_no_quotes() -> None:
    migrate(server_url(), schema="values")
    PostgresStore(server_url(), schema="values").close()
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute("drop schema values cascade")
