"""A Django project, as tests have it: on SQLite, or on PostgreSQL by psycopg 3 or 2."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from postgres import server_url

PROJECT = Path(__file__).parent / "hosts" / "project"
SOURCE = Path(__file__).parents[1] / "src"


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
