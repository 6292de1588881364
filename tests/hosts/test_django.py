"""A real Django project, on SQLite and on PostgreSQL by psycopg 3 and 2; its tests are its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from hosts_on_django import Project, on_postgres


@pytest.fixture(params=["sqlite", "psycopg", "psycopg pool", "psycopg2"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    if request.param == "sqlite":
        return Project({"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "x.db")})
    if request.param == "psycopg2":
        return Project(on_postgres("psycopg2"), WITHOUT_PSYCOPG_3="yes")
    if request.param == "psycopg pool":
        return Project(on_postgres("pool", OPTIONS={"pool": True, "server_side_binding": True}))
    return Project(on_postgres("psycopg"))


def test_its_own_tests_pass_without_ceremony(project: Project) -> None:
    done = project.manage("test", "--noinput")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "OK" in done.stderr


def test_makemigrations_proposes_nothing(tmp_path: Path) -> None:
    project = Project({"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "x.db")})
    done = project.manage("makemigrations", "--check", "--dry-run")
    assert (done.returncode, done.stdout) == (0, "No changes detected\n"), done.stderr


def test_migrate_makes_the_tables_and_drops_them(tmp_path: Path) -> None:
    project = Project({"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "x.db")})
    tick = ("viral_tick", "orders.viral.shop")
    assert "manage.py migrate" in project.manage(*tick).stderr
    assert project.manage("migrate", "viral").returncode == 0
    assert project.manage(*tick).stdout == "0 acted on\n"
    assert project.manage("migrate", "viral", "zero").returncode == 0
    shown = project.manage("sqlmigrate", "viral", "0001").stdout
    assert "create table if not exists viral_cells" in shown


def test_there_is_a_migration_for_every_version() -> None:
    from viralcommerce.hosts import django
    from viralcommerce.runtime.stores.postgres.migrations import SCHEMA_VERSION

    folder = Path(str(django.__file__)).parent / "migrations"
    assert len(list(folder.glob("0*.py"))) == SCHEMA_VERSION


@pytest.mark.parametrize("kind", ["sqlite", "psycopg"])
def test_a_database_that_cannot_be_reached_is_said_to_be(kind: str, tmp_path: Path) -> None:
    if kind == "sqlite":
        nowhere = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "no" / "x.db")}
    else:
        nowhere = on_postgres("nowhere", HOST="127.0.0.1", PORT="1")
    told = Project(nowhere).manage("viral_tick", "orders.viral.shop").stderr
    assert "Django cannot connect" in told
    assert "DATABASES" in told
