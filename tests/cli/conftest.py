"""Files for the command line to read, and the commands run in this process."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from commandline import Run, Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file: bytes or text as they are, a mapping as JSON, other things as JSON lines."""

    def put(name: str, what: bytes | str | Mapping[str, Any] | Iterable[Any]) -> str:
        path = tmp_path / name
        if isinstance(what, bytes):
            path.write_bytes(what)
        elif isinstance(what, str):
            path.write_bytes(what.encode())
        elif isinstance(what, Mapping):
            path.write_text(json.dumps(what))
        else:
            path.write_text("".join(f"{json.dumps(line)}\n" for line in what))
        return str(path)

    return put


@pytest.fixture
def run() -> Run:
    """Run a command; what it prints and its exit code."""

    def invoke(*arguments: object, given: bytes | None = None) -> Result:
        from viralcommerce.cli.app import app

        words = [str(each) for each in arguments]
        return CliRunner(env={"COLUMNS": "200"}).invoke(app, words, input=given)

    return invoke
