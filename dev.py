#!/usr/bin/env python3
"""Everything a clone needs, with nothing but Python and pip.

    python3 dev.py run       the main job, on the real group purchases in examples/
    python3 dev.py test      the tests here, then their quick part on every other Python from 3.11
    python3 dev.py lowest    the quick part with the oldest dependencies that we admit
    python3 dev.py check     linters, type checkers, import contracts, the wheel, the docs
    python3 dev.py bench     the benchmarks
    python3 dev.py mutate P  what may be changed in the files P without a test failing

What follows the command is handed on: to `viralcommerce run`, to pytest, or as the names of the
checks to make. Environments are made on first use (.venv for the Python that runs this, .venvs/
for the others), installed into again when pyproject.toml changes, and may be deleted at any time.
This file reads on older Pythons too, so that it can look for a new enough one itself.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parent
OLDEST = (3, 11)
NEWEST = (3, 20)  # how far to look on PATH
BIN = "Scripts" if os.name == "nt" else "bin"
MARK = "viralcommerce-dev.json"
MAIN_JOB = [
    "run",
    "examples/beibei/campaign.json",
    "examples/beibei/events.jsonl.gz",
    "--audit",
    "--store",
    "out/beibei.db",
    "--report",
    "out/beibei.html",
]
QUICK = ["-m", "not slow", "--hypothesis-profile=quick", "-q"]
PIP = ["-m", "pip", "-qq", "--disable-pip-version-check"]
NOT_IN_THE_WHEEL = ("src/", "tests/", "docs/", "examples/", "benchmarks/", "conftest", "dev.py")


class Failed(Exception):
    """Something this script needs did not work; the message says what, and what to do."""


def say(text: str) -> None:
    """One line of this script's own, told apart from what the tools print."""
    print(f"dev.py: {text}", flush=True)


def run(command: list[str], **environ: str) -> int:
    """Run a command from the root of the clone; what it prints goes straight through."""
    sys.stdout.flush()
    done = subprocess.run(command, cwd=str(ROOT), env={**os.environ, **environ}, check=False)
    return done.returncode


def must(command: list[str], **environ: str) -> None:
    """Run a command that nothing can go on without."""
    code = run(command, **environ)
    if code:
        raise Failed(f"exit code {code} from: {' '.join(command)}")


# -- Pythons -------------------------------------------------------------------------------------


def describe(python: str) -> tuple[int, ...] | None:
    """The version of an interpreter; None where it is none, or not a finished CPython."""
    code = (
        "import sys, sysconfig as s; fit = sys.implementation.name == 'cpython' and"
        " sys.version_info[3] == 'final' and not s.get_config_var('Py_GIL_DISABLED');"
        " print(*sys.version_info[:2]) if fit else sys.exit(1)"
    )
    try:
        told = subprocess.run(
            [python, "-c", code], capture_output=True, text=True, timeout=60, check=True
        )
        return tuple(map(int, told.stdout.split()))
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def candidates() -> list[str]:
    """Where a Python may be found: under its names on PATH, and in the folders of pyenv and uv."""
    names = [f"python3.{minor}" for minor in range(OLDEST[1], NEWEST[1])]
    found = [shutil.which(name) for name in [*names, "python3", "python"]]
    homes = [
        Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions",
        Path.home() / ".local" / "share" / "uv" / "python",
    ]
    inside = "python.exe" if os.name == "nt" else "bin/python3"
    for home in homes:
        if home.is_dir():
            found += [str(each / inside) for each in sorted(home.iterdir(), reverse=True)]
    return [each for each in found if each]


def pythons() -> dict[tuple[int, ...], str]:
    """One interpreter for every version from the oldest that we admit; this one for its own."""
    found: dict[tuple[int, ...], str] = {}
    for python in [sys.executable, *candidates()]:
        version = describe(python)
        if version is not None and version >= OLDEST:
            found.setdefault(version, python)
    return found


def become_newer() -> None:
    """Start again under a Python that is new enough, when this one is not."""
    newer = pythons()
    if not newer:
        raise Failed(
            f"Python {sys.version_info[0]}.{sys.version_info[1]} is too old: viralcommerce needs "
            f"{OLDEST[0]}.{OLDEST[1]} or newer, and PATH, pyenv and uv have none; install one"
        )
    python = newer[max(newer)]
    os.execv(python, [python, str(Path(__file__).resolve()), *sys.argv[1:]])


# -- environments --------------------------------------------------------------------------------


def environment(home: Path, python: str, extras: set[str], pins: tuple[str, ...] = ()) -> Path:
    """The interpreter of an environment that has this project and its `extras` installed.

    It is made where it is missing, broken or of another Python, and installed into again only when
    pyproject.toml, the extras or the pins have changed. A folder that something else made is left
    alone.
    """
    inside = home / BIN / "python"
    mark = home / MARK
    version = describe(python)
    want = {
        "project": hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest(),
        "pins": list(pins),
        "root": str(ROOT),
    }
    if home.exists() and not mark.is_file():
        raise Failed(f"{home} was not made by dev.py; move it away, or delete it")
    have = json.loads(mark.read_text()) if mark.is_file() else {}
    installed = set(have.pop("extras", ()))
    whole = have.get("root") == want["root"] and describe(str(inside)) == version
    if whole and have == want and extras <= installed:
        return inside
    if not whole:
        installed = set()
        say(f"making {home.relative_to(ROOT)} with {python}")
        make(home, python)
    extras = extras | installed
    wanted = ",".join(sorted(extras))
    say(f"installing viralcommerce[{wanted}] into {home.relative_to(ROOT)}")
    with tempfile.TemporaryDirectory() as folder:
        pinned = Path(folder) / "pins.txt"
        pinned.write_text("\n".join(pins))
        install = [str(inside), *PIP, "install", "--constraint", str(pinned)]
        must([*install, "--editable", f"{ROOT}[{wanted}]"])
    mark.write_text(json.dumps({**want, "extras": sorted(extras)}))
    return inside


def make(home: Path, python: str) -> None:
    """A fresh environment with pip; by virtualenv where this Python cannot make one by itself."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / MARK).write_text("{}")  # ours, even if what follows is interrupted
    by_itself = [python, "-m", "venv", str(home)]
    made = subprocess.run(
        by_itself, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    if made.returncode == 0:
        return
    say("this Python cannot make environments by itself (no venv or ensurepip); using virtualenv")
    with tempfile.TemporaryDirectory() as folder:
        must([python, *PIP, "install", "--target", folder, "virtualenv"])
        must([python, "-m", "virtualenv", "--quiet", str(home)], PYTHONPATH=folder)


# -- commands ------------------------------------------------------------------------------------


def job(rest: list[str]) -> int:
    """The main job; what follows the command is added to it."""
    python = environment(ROOT / ".venv", sys.executable, {"cli"})
    (ROOT / "out").mkdir(exist_ok=True)
    return run([str(python.parent / "viralcommerce"), *MAIN_JOB, *rest])


class Counts:
    """What a run of pytest came to; one that broke before it could count has failed once."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.passed = self.failed = self.skipped = 0

    def read(self, code: int, report: Path) -> None:
        """Take the counts from a JUnit report, and the exit code's word where they disagree."""
        if report.is_file():
            for suite in ET.parse(report).getroot().iter("testsuite"):
                failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
                skipped = int(suite.get("skipped", 0))
                self.failed += failed
                self.skipped += skipped
                self.passed += int(suite.get("tests", 0)) - failed - skipped
        if code and not self.failed:
            self.failed = 1

    def __str__(self) -> str:
        text = f"{self.passed} passed, {self.failed} failed"
        return f"{text}, {self.skipped} skipped" if self.skipped else text


def pytest(label: str, python: Path, arguments: list[str]) -> Counts:
    """One run of the tests, on as many processes as the machine has cores."""
    say(f"testing on Python {label}")
    counts = Counts(label)
    command = [str(python), "-m", "pytest", "-n", str(os.cpu_count() or 1), "--dist", "loadfile"]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        code = run([*command, "--junit-xml", str(report), *arguments])
        counts.read(code, report)
    return counts


def test(rest: list[str]) -> int:
    """Everything on this Python, then the quick part on each other one; the sum at the end."""
    began = time.monotonic()
    here, *others = pythons().items()  # this one is looked at first
    runs = [pytest(dotted(here[0]), environment(ROOT / ".venv", here[1], {"test"}), rest)]
    for version, python in sorted(others):
        label = dotted(version)
        try:
            inside = environment(ROOT / ".venvs" / label, python, {"test"})
        except Failed as failure:
            say(f"Python {label}: {failure}")
            runs.append(Counts(label))
            runs[-1].failed = 1
        else:
            runs.append(pytest(f"{label}, the quick part", inside, [*QUICK, *rest]))
    return summary(runs, began)


def lowest(rest: list[str]) -> int:
    """The quick part with all that we ship on held at its lower bound, on the oldest Python."""
    import tomllib

    began = time.monotonic()
    version, python = min(pythons().items())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    shipped = [*project["dependencies"], *extras["cli"], *extras["lab"]]
    pins = tuple(each.replace(">=", "==") for each in shipped)
    inside = environment(ROOT / ".venvs" / "lowest", python, {"test"}, pins)
    label = f"{dotted(version)} with the oldest dependencies"
    return summary([pytest(label, inside, [*QUICK, *rest])], began)


def dotted(version: tuple[int, ...]) -> str:
    """The version as people write it: 3.11."""
    return ".".join(map(str, version))


def summary(runs: list[Counts], began: float) -> int:
    """Say how each run went; the last line is the sum of all, in the form that tools look for."""
    print()
    for each in runs:
        say(f"Python {each.label}: {each}")
    say(f"{time.monotonic() - began:.0f} seconds")
    total = Counts("all")
    total.passed = sum(each.passed for each in runs)
    total.failed = sum(each.failed for each in runs)
    total.skipped = sum(each.skipped for each in runs)
    print(total, flush=True)
    return 1 if total.failed or not total.passed else 0


def check(rest: list[str]) -> int:
    """Each of the tools that read the code; all of them run, whatever the first ones say."""
    inside = environment(ROOT / ".venv", sys.executable, {"dev"})
    python = str(inside)
    tools = {
        "ruff": [python, "-m", "ruff", "check", "--quiet"],
        "format": [python, "-m", "ruff", "format", "--check", "--quiet"],
        "mypy": [python, "-m", "mypy"],
        "pyright": [python, "-m", "pyright", "--pythonpath", python],
        "imports": [str(inside.parent / "lint-imports"), "--no-logo"],
        "docs": [python, "-m", "sphinx", "-W", "--keep-going", "-qEa", "docs", "docs/_build"],
        "wheel": [],
    }
    unknown = sorted(set(rest) - set(tools))
    if unknown:
        raise Failed(f"check: no check {unknown[0]!r}; choose from: {', '.join(sorted(tools))}")
    chosen = rest or list(tools)
    bad = []
    for each in chosen:
        say(f"check {each}")
        if not (run(tools[each]) == 0 if tools[each] else wheel(python)):
            bad.append(each)
    say(f"check failed: {', '.join(bad)}" if bad else f"all good: {', '.join(chosen)}")
    return 1 if bad else 0


def wheel(python: str) -> bool:
    """Whether the wheel can be built, and holds all that it should and nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        must([python, *PIP, "wheel", "--no-deps", "--wheel-dir", folder, str(ROOT)])
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as opened:
            held = set(opened.namelist())
    source = ROOT / "src"
    wanted = [*source.rglob("*.py"), source / "viralcommerce" / "py.typed"]
    missing = sorted({each.relative_to(source).as_posix() for each in wanted} - held)
    extra = sorted(each for each in held if each.startswith(NOT_IN_THE_WHEEL))
    for each in missing:
        say(f"the wheel lacks {each}")
    for each in extra:
        say(f"the wheel should not hold {each}")
    return not missing and not extra


def bench(rest: list[str]) -> int:
    """The benchmarks, alone and one after the other: each compares within its own run."""
    scripts = {each.stem: each for each in sorted((ROOT / "benchmarks").glob("*.py"))}
    known = [name for name in scripts if not name.startswith("soak")]  # those run for hours
    unknown = sorted(set(rest) - set(known))
    if unknown:
        raise Failed(f"bench: no benchmark {unknown[0]!r}; choose from: {', '.join(known)}")
    python = environment(ROOT / ".venv", sys.executable, {"bench", "test"})
    bad = []
    for name in rest or known:
        say(f"bench {name}")
        if run([str(python), str(scripts[name])]) != 0:
            bad.append(name)
    say(f"bench failed: {', '.join(bad)}" if bad else f"all good: {', '.join(rest or known)}")
    return 1 if bad else 0


def mutate(rest: list[str]) -> int:
    """Mutation testing of some files or folders; see tests/mutation.py."""
    python = environment(ROOT / ".venv", sys.executable, {"mutate", "test"})
    return run([str(python), str(ROOT / "tests" / "mutation.py"), *rest])


def main() -> int:
    """Do what the command line asks; the exit code is 0 only if all of it went well."""
    commands = {"run": job, "test": test, "lowest": lowest, "check": check, "bench": bench}
    commands["mutate"] = mutate
    reader = argparse.ArgumentParser(
        prog="dev.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    reader.add_argument("command", choices=list(commands))
    reader.add_argument("rest", nargs=argparse.REMAINDER, help="handed on to the command")
    asked = reader.parse_args()
    try:
        if sys.version_info[:2] < OLDEST:
            become_newer()
        return commands[asked.command](asked.rest)
    except Failed as failure:
        print(f"dev.py: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
