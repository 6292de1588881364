"""docs/cli.md: its examples run and print what it says; every command and option stands in it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from commandline import Run
from viralcommerce.cli import exits
from viralcommerce.cli.app import app

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
FILES = re.compile(r"```\{code-block\} json\n:caption: (\S+)\n\n(.*?)```", re.DOTALL)
BLOCKS = re.compile(r"```console\n(.*?)```", re.DOTALL)

pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="the docs are not here")


def examples(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each command with the lines that it prints; ``...`` stands for any lines."""
    for block in BLOCKS.findall(text):
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *printed = example.rstrip().splitlines()
            if command.startswith("viralcommerce "):
                yield command.removeprefix("viralcommerce "), printed


def test_the_examples_print_what_the_page_says(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = PAGE.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name, content in FILES.findall(text):
        Path(name).write_text(content, encoding="utf-8")
    for command, wanted in examples(text):
        assert wanted, f"{command}: the page does not say what it prints"
        printed = [line.rstrip() for line in run(*shlex.split(command)).output.splitlines()]
        pattern = "\n".join(".*" if line == "..." else re.escape(line.rstrip()) for line in wanted)
        shown = "\n".join(line for line in printed if line)
        assert re.fullmatch(pattern, shown, re.DOTALL), f"{command}:\n{shown}"


def test_every_command_and_option_stands_in_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    commands = typer.main.get_command(app).commands
    assert set(commands) == {
        "run", "audit", "tick", "forget", "archive", "terms", "explain", "measure", "schema",
        "doctor",
    }  # fmt: skip
    for name, command in commands.items():
        assert f"## {name}\n" in text
        for parameter in command.params:
            for option in parameter.opts:
                assert not option.startswith("--") or f"`{option}" in text, f"{name} {option}"


def test_every_exit_code_stands_in_the_page() -> None:
    codes = {value for name, value in vars(exits).items() if name.isupper()}
    listed = PAGE.read_text(encoding="utf-8").partition("## Exit codes")[2]
    assert codes == {int(code) for code in re.findall(r"^\| (\d+) \|", listed, re.MULTILINE)}
