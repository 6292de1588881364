"""A real Django project, on SQLite and on PostgreSQL by psycopg 3 and 2; its tests are its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from postgres import server_url

PROJECT = Path(__file__).parent / "project"
SOURCE = Path(__file__).parents[2] / "src"


class Project:
    """A project on one database."""

    def __init__(self, database: dict[str, object], **environ: str) -> None:
        self.environ = {
            **os.environ,
            "DATABASE": json.dumps(database),
            "PYTHONPATH": str(SOURCE),
            "PYTHONWARNINGS": "error",
            **environ,
        }

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )


def on_postgres(name: str, **options: object) -> dict[str, object]:
    """A database that is not there yet, as Django names it; its tests make one of their own."""
    from psycopg.conninfo import conninfo_to_dict

    parts = {key: str(value) for key, value in conninfo_to_dict(server_url()).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("dbname", "postgres"),
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts.get("host", ""),
        "PORT": parts.get("port", ""),
        "TEST": {"NAME": f"test_{name}_{os.getpid()}"},
        **options,
    }


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
